"""The states of a specification that explain what has been seen so far.

A specification may do one of many things where a log says little, so a set of states is kept: all those to which some
run leads whose events are those of the log.  Between two events the hidden steps may be taken, any number of them.  A
state that breaks an invariant or an assertion explains nothing, and neither does a step that breaks a step invariant.

Everything that is asked of a state is remembered, up to a number of answers; logs come back to the same states all the
time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Generic, TypeAlias, TypeVar

from interlock.core.system import Named, Property, TransitionSystem
from interlock.core.term import App, Literal, conj, equal
from interlock.core.trace import Trace
from interlock.engines.checks import StateCheck, StepCheck, checks_of
from interlock.engines.evaluate import Model, Packed, Successor, Unsupported, instantiate
from interlock.engines.evaluate.assign import Tick
from interlock.engines.evaluate.layout import Cell
from interlock.engines.evaluate.states import no_tick
from interlock.engines.graph import make_trace
from interlock.engines.traces.anonymous import Anonymous, Names
from interlock.engines.traces.vocabulary import Claim, Seen

JUDGED = ("invariant", "step_invariant", "assertion", "unwrap", "range")
"""Kinds of properties that a state or a step can break by itself.  Lemmas are there for proofs, and follow."""

MOST_CELLS = 10_000_000
"""Cells of states that are kept to be remembered, in each memory."""

_T = TypeVar("_T")
_K = TypeVar("_K")


class TooMany(Exception):  # noqa: N818 - a limit, not a mistake
    """More states explain a log than may be kept."""


@dataclass(frozen=True, slots=True)
class Path:
    """How a state was reached: the step to it and the path before (None: it is initial)."""

    state: Packed
    step: Successor | None = None
    before: Path | None = None


States: TypeAlias = dict[Packed, "Path | None"]
"""States, each with a path to it where paths are kept."""


class Memory(Generic[_K, _T]):
    """Remembers the answers of a function, and forgets all of them when there are too many."""

    def __init__(self, ask: Callable[[_K], _T], most: int) -> None:
        self._ask = ask
        self._most = most
        self._known: dict[_K, _T] = {}

    def __call__(self, question: _K) -> _T:
        """The answer."""
        if question in self._known:
            return self._known[question]
        if len(self._known) >= self._most:
            self._known.clear()
        answer = self._known[question] = self._ask(question)
        return answer

    def __len__(self) -> int:
        return len(self._known)


class Explainer:
    """One instance of a specification, asked what may come next.

    `hidden` are transitions that need no event.  `named` are the elements that claims may speak of, by sort; where it
    is given, states that differ in others only are one.  `paths` keeps the way to each state, and with it all of the
    run; states are then kept as they are.
    """

    def __init__(
        self,
        system: TransitionSystem,
        sizes: Mapping[str, int],
        hidden: Iterable[int] = (),
        *,
        properties: Iterable[Property] | None = None,
        named: Names | None = None,
        most: int = 100_000,
        paths: bool = False,
        tick: Tick = no_tick,
    ) -> None:
        self.model: Model = instantiate(system, sizes)
        self._sizes = dict(sizes)
        self._same: Callable[[Packed], Packed] = _itself
        if named is not None and not paths:
            self._same = Anonymous(self.model, named)
        self.hidden = tuple(sorted(set(hidden)))
        self._most = most
        self._paths = paths
        self._tick = tick
        judged = [p for p in system.properties if p.kind in JUDGED] if properties is None else list(properties)
        checks = checks_of(self.model, judged)
        self._of_states: tuple[tuple[str, StateCheck], ...] = tuple(checks.states.items())
        self._of_steps: tuple[tuple[str, StepCheck], ...] = tuple(checks.steps.items())
        room = max(1_000, MOST_CELLS // max(1, self.model.layout.length))
        self._broken: Memory[Packed, tuple[str, str] | None] = Memory(self.break_of_state, room)
        self._claimed: Memory[tuple[Packed, Claim], tuple[Successor, ...]] = Memory(self._moves, room)
        self._unseen: Memory[Packed, tuple[Successor, ...]] = Memory(self._hidden_moves, room)

    def start(self, seen: Seen = ()) -> States:
        """The initial states in which things are as they were seen."""
        found: States = {}
        model = self.model if not seen else self._seeing(seen)
        for start in model.initial_states(self._tick):
            state = self._same(start)
            if state not in found and self._broken(state) is None:
                found[state] = Path(state) if self._paths else None
                self._count(found)
        return found

    def _seeing(self, seen: Seen) -> Model:
        """The model with what was seen as a part of its initial condition, so that nothing else is tried."""
        terms = [
            equal(App(s, tuple(Literal(a, t) for a, t in zip(args, s.params, strict=True))), Literal(value, s.result))
            for s, args, value in seen
        ]
        system = self.model.system
        named = Named("the log", conj(terms))
        return instantiate(replace(system, initially=(*system.initially, named)), self._sizes)

    def closed(self, states: States) -> States:
        """The states and those to which hidden steps lead from them."""
        if not self.hidden:
            return states
        found = dict(states)
        waiting = list(found)
        while waiting:
            state = waiting.pop()
            for step in self._unseen(state):
                if step.after not in found:
                    self._add(found, step, states=found, before=state)
                    waiting.append(step.after)
        return found

    def after(self, states: States, claim: Claim) -> States:
        """The states to which a claim leads from any of some states; hidden steps are not taken here."""
        found: States = {}
        for state in states:
            if claim.moves is None:
                if self.agrees(state, claim.seen):
                    found.setdefault(state, states[state])
                continue
            for step in self._claimed((state, claim)):
                if step.after not in found:
                    self._add(found, step, states=states, before=state)
        return found

    def _add(self, found: States, step: Successor, *, states: States, before: Packed) -> None:
        found[step.after] = Path(step.after, step, states[before]) if self._paths else None
        self._count(found)

    def _count(self, states: States) -> None:
        self._tick()
        if len(states) > self._most:
            raise TooMany

    # One state

    def agrees(self, state: Packed, seen: Seen) -> bool:
        """Whether a state is as it was seen."""
        return next(self.disagreements(state, seen), None) is None

    def disagreements(self, state: Packed, seen: Seen) -> Iterator[int]:
        """Places of what was seen at which the state is different."""
        for place, (symbol, args, value) in enumerate(seen):
            block = self.model.layout.blocks[symbol]
            known = all(d.admits(arg, state) for d, arg in zip(block.domains, args, strict=True))
            if not known or state[block.index(args)] != value:
                yield place

    def steps(self, state: Packed, claim: Claim) -> Iterator[Successor]:
        """Every step that a claim may be, whatever was seen after it and whatever it breaks."""
        for move in claim.moves or ():
            yield from self.model.steps_with(state, move.transition, dict(move.given), self._tick)

    def steps_to(self, state: Packed, claim: Claim) -> Iterator[Successor]:
        """Every step that a claim may be after which things are as they were seen, whatever it breaks."""
        seen = self._cells(claim.seen)
        for move in claim.moves or ():
            for step in self.model.steps_with(state, move.transition, dict(move.given), self._tick, seen=seen):
                if self.agrees(step.after, claim.seen):
                    yield step

    def _cells(self, seen: Seen) -> dict[int, Cell]:
        """The cells of what was seen, but for places that there are in some states only."""
        found: dict[int, Cell] = {}
        for symbol, args, value in seen:
            block = self.model.layout.blocks[symbol]
            if all(d.bound is None and arg in d.positions for arg, d in zip(args, block.domains, strict=True)):
                found[block.index(args)] = value
        return found

    def _moves(self, question: tuple[Packed, Claim]) -> tuple[Successor, ...]:
        state, claim = question
        return self._sound(state, self.steps_to(state, claim))

    def _hidden_moves(self, state: Packed) -> tuple[Successor, ...]:
        steps = (step for index in self.hidden for step in self.model.steps(state, index, self._tick))
        return self._sound(state, (step for step in steps if step.after != state))

    def _sound(self, state: Packed, steps: Iterable[Successor]) -> tuple[Successor, ...]:
        """The steps that break nothing, one to each state."""
        found: dict[Packed, Successor] = {}
        for step in steps:
            after = self._same(step.after)
            if after not in found and self._break_of_step(state, step) is None and self._broken(after) is None:
                found[after] = step._replace(after=after)
        return tuple(found.values())

    def break_of(self, state: Packed, step: Successor) -> tuple[str, str] | None:
        """The first property that a step or the state after it breaks, and why."""
        return self._break_of_step(state, step) or self._broken(step.after)

    def _break_of_step(self, state: Packed, step: Successor) -> tuple[str, str] | None:
        if step.after == state:
            return None
        for name, check in self._of_steps:
            why = check(state, step)
            if why is not None:
                return name, why
        return None

    def break_of_state(self, state: Packed) -> tuple[str, str] | None:
        """The first property that a state breaks, and why."""
        for name, check in self._of_states:
            why = check(state)
            if why is not None:
                return name, why
        return None

    def trace(self, path: Path) -> Trace:
        """The run that leads along a path."""
        steps: list[Successor] = []
        at = path
        while at.before is not None and at.step is not None:
            steps.append(at.step)
            at = at.before
        return make_trace(self.model, at.state, steps[::-1])


def _itself(state: Packed) -> Packed:
    return state


__all__ = ["JUDGED", "Explainer", "Memory", "Path", "States", "TooMany", "Unsupported"]
