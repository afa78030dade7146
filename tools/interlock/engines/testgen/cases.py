"""Runs as test cases: what is done, what must be seen after each step, and what must be refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from interlock.core.system import ProcessInfo, Transition, TransitionSystem
from interlock.core.term import Value
from interlock.core.trace import State
from interlock.engines.evaluate import Packed, Successor
from interlock.engines.testgen.choosing import Run, choose_runs, goals_of
from interlock.engines.testgen.space import Bounds, Pair, Space, explore

Arguments = tuple[tuple[str, Value], ...]
"""Parameters by name, and after them what the step picks."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A step that cannot be taken where it is listed."""

    name: str
    args: Arguments


@dataclass(frozen=True, slots=True)
class Taken:
    """A step of a case and the state after it.

    `others` are the states to which the same step with the same arguments may lead as well: the specification leaves
    open which.  `refused` are steps that must be refused in the state after it.
    """

    transition: int
    name: str
    args: Arguments
    after: State
    others: tuple[State, ...] = ()
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """A run, and the pair of steps (or the step) that it was made for.

    `first` lists the pairs that no case before it has.
    """

    start: State
    steps: tuple[Taken, ...]
    goal: tuple[int, ...]
    first: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Cases:
    """Cases that cover all steps and pairs that a scope has.

    `starts` tells how many initial states there are.  `cut` says why the scope was not exhausted; then what is missing
    in `steps` or `pairs` has not been met, while otherwise it cannot be.
    """

    system: TransitionSystem
    sizes: tuple[tuple[str, int], ...]
    states: int
    starts: int
    steps: frozenset[int]
    pairs: frozenset[Pair]
    cases: tuple[Case, ...]
    cut: str = ""


def cover(system: TransitionSystem, sizes: Mapping[str, int], bounds: Bounds, *, refusals: bool = False) -> Cases:
    """Explore a scope and choose cases; Unsupported says in words why there are none."""
    space = explore(system, sizes, bounds)
    goals = goals_of(space)
    runs = choose_runs(space, goals, bounds.length)
    writer = _Writer(space, refusals=refusals)
    cases = tuple(writer.case(run) for run in runs)
    scope = tuple((sort.name, space.model.layout.sizes[sort.name]) for sort in system.sorts)
    constants = tuple(space.model.layout.given.items())
    starts = space.parents.count(None)
    steps, pairs = frozenset(goals.steps), frozenset(goals.pairs)
    return Cases(system, (*scope, *constants), len(space.states), starts, steps, pairs, cases, space.cut)


class _Writer:
    """Makes cases of runs, in order; remembers what earlier ones have."""

    def __init__(self, space: Space, *, refusals: bool) -> None:
        self._space, self._model, self._refusals = space, space.model, refusals
        self._processes = {process.name: process for process in space.model.system.processes}
        self._pairs: set[Pair] = set()
        self._refused: set[tuple[int, str]] = set()

    def case(self, run: Run) -> Case:
        """The run with arguments and states."""
        before = self._space.states[run.start]
        steps: list[Taken] = []
        for transition, number in run.edges:
            after = self._space.states[number]
            steps.append(self._taken(before, transition, after))
            before = after
        first = [pair for pair in dict.fromkeys(run.pairs()) if pair not in self._pairs]
        self._pairs.update(first)
        return Case(self._model.to_state(self._space.states[run.start]), tuple(steps), run.goal, tuple(first))

    def _taken(self, before: Packed, transition: int, after: Packed) -> Taken:
        system = self._model.system
        name = system.transitions[transition].action
        step = next(step for step in self._model.steps(before, transition) if step.after == after)
        args = self._arguments(step)
        rivals = [index for index, other in enumerate(system.transitions) if other.action == name]
        ends = {
            other.after: None
            for index in rivals
            for other in self._model.steps(before, index)
            if self._arguments(other) == args and other.after != after
        }
        others = tuple(self._model.to_state(end) for end in ends)
        refused = tuple(self._refusals_after(transition, after)) if self._refusals else ()
        return Taken(transition, name, args, self._model.to_state(after), others, refused)

    def _arguments(self, step: Successor) -> Arguments:
        transition = self._model.system.transitions[step.transition]
        names = (v.name for v in (*transition.params, *transition.witnesses))
        return tuple(zip(names, (*step.args, *step.witnesses), strict=True))

    def _refusals_after(self, last: int, state: Packed) -> Iterator[Refusal]:
        """For each name that has not been refused after this step yet, the first arguments that are."""
        enabled = {(self._name(step), step.args) for step in self._model.successors(state)}
        for transition in self._model.system.transitions:
            name = transition.action
            if (last, name) in self._refused:
                continue
            for args in self._model.assignments_to(transition.params, state):
                if (name, args) not in enabled and self._is_there(transition, args, state):
                    self._refused.add((last, name))
                    yield Refusal(name, tuple(zip((p.name for p in transition.params), args, strict=True)))
                    break

    def _name(self, step: Successor) -> str:
        return self._model.system.transitions[step.transition].action

    def _is_there(self, transition: Transition, args: tuple[Value, ...], state: Packed) -> bool:
        """Whether the thread stands before the step, so that it waits; an action may be asked for at any time.

        That a thread does not take a step to which it has not come is not worth a line.
        """
        if transition.process is None:
            return True
        process: ProcessInfo = self._processes[transition.process]
        block = self._model.layout.blocks[process.pc]
        place = state[block.index(args[: len(process.params)])]
        plain = transition.label.rpartition("/")[2]
        return any(label in (plain, transition.label) and place in places for label, places in process.labels)
