"""Shorter runs to the same end: a random run makes detours, and a reader should not have to follow them.

Steps are left out, in halves, quarters and so on down to single ones, and the others are taken again where they can be;
between states that a run visits, the shortest way among its own states is taken.  What remains is a run of the system
from the same initial state, for every step of it is found by the reference meaning; it need not be a shortest one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from interlock.engines.evaluate import Model, Packed, Successor
from interlock.engines.graph import Graph, OutOfTime

Settles: TypeAlias = Callable[[Packed, Successor | None, Packed], str | None]
"""Why a state settles a property: the state before, the step that led to it (None where the run starts), the state."""


@dataclass(frozen=True)
class Run:
    """A run that settles a property with its last step or state, and why."""

    initial: Packed
    steps: tuple[Successor, ...]
    reason: str

    @property
    def states(self) -> tuple[Packed, ...]:
        """All states in order; one more than there are steps."""
        return (self.initial, *(step.after for step in self.steps))


def retrace(model: Model, initial: Packed, path: Sequence[tuple[int, Packed]], settles: Settles) -> Run | None:
    """The run by the reference meaning, up to where it settles the property; None if it is no run or never does."""
    reason = settles(initial, None, initial)
    state, steps = initial, list[Successor]()
    for transition, after in path:
        if reason is not None:
            break
        alike = [step for step in model.steps(state, transition) if step.after == after]
        if not alike:
            return None
        reasons = [settles(state, step, after) for step in alike]  # what a refinement says depends on arguments too
        number = next((n for n, why in enumerate(reasons) if why is not None), 0)
        steps.append(alike[number])
        reason, state = reasons[number], after
    return None if reason is None else Run(initial, tuple(steps), reason)


def shorten(model: Model, run: Run, settles: Settles, tick: Callable[[], None]) -> Run:
    """The shortest such run that is found before `tick` raises OutOfTime; at worst the run itself."""
    best = run
    try:
        for shorter in _ever_shorter(model, run, settles, tick):
            best = shorter
    except OutOfTime:
        pass
    return best


def _ever_shorter(model: Model, run: Run, settles: Settles, tick: Callable[[], None]) -> Iterator[Run]:
    """Each shorter run that is found, until neither way finds any."""
    best = run
    while True:
        length = len(best.steps)
        for shorter in _without(model, best, settles, tick):
            best = shorter
            yield best
        direct = _direct(model, best, settles, tick)
        if len(direct.steps) < len(best.steps):
            best = direct
            yield best
        if len(best.steps) == length:
            return


def _without(model: Model, run: Run, settles: Settles, tick: Callable[[], None]) -> Iterator[Run]:
    """Leave out steps that nothing depends on, as many at a time as possible."""
    best = run
    width = (len(best.steps) + 1) // 2
    while width > 0:
        at = len(best.steps)
        while at > 0:
            tick()
            shorter = _again(model, best.initial, (*best.steps[: max(0, at - width)], *best.steps[at:]), settles)
            if shorter is not None and len(shorter.steps) < len(best.steps):
                best = shorter
                yield best
            at = min(at - width, len(best.steps))
        width //= 2


def _again(model: Model, initial: Packed, steps: Sequence[Successor], settles: Settles) -> Run | None:
    """Take those of the steps that can be taken and change something, until the property is settled."""
    reason = settles(initial, None, initial)
    state, taken = initial, list[Successor]()
    for step in steps:
        if reason is not None:
            break
        found = _alike(model.steps(state, step.transition), step)
        if found is None or found.after == state:
            continue
        taken.append(found)
        reason = settles(state, found, found.after)
        state = found.after
    return None if reason is None else Run(initial, tuple(taken), reason)


def _alike(found: Sequence[Successor], step: Successor) -> Successor | None:
    """The step with the same arguments: one that picks the same, or else any."""
    same = [s for s in found if s.args == step.args]
    return next((s for s in same if s.witnesses == step.witnesses), same[0] if same else None)


def _direct(model: Model, run: Run, settles: Settles, tick: Callable[[], None]) -> Run:
    """A shortest run among the states of a run."""
    states = set(run.states)
    graph = Graph(model)
    graph.add(run.initial)
    if (reason := settles(run.initial, None, run.initial)) is not None:
        return Run(run.initial, (), reason)
    number = 0
    while number < len(graph.states):
        tick()
        state = graph.states[number]
        for step in model.successors(state):
            if step.after not in states or step.after == state:
                continue
            if (reason := settles(state, step, step.after)) is not None:
                initial, steps = graph.steps_to(number)
                return Run(initial, (*steps, step), reason)
            graph.add(step.after, (number, step))
        number += 1
    return run
