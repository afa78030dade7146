"""The judgement of a log: explained, not explained, or unknown.

All orders in which the events could have happened are followed at once, one event further at a time.  What is kept is
what has happened in them and the states that explain it: one level of the search, not the log.  A narrow window is
tried first, since lines are mostly in the order of what happened; what a window explains is explained, and what it
does not is tried in a wider one if the window may be the reason.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from interlock.core.system import TransitionSystem
from interlock.core.trace import State, Trace
from interlock.engines.evaluate import Unsupported
from interlock.engines.graph import Clock, OutOfTime
from interlock.engines.traces.anonymous import Names
from interlock.engines.traces.explaining import Explainer, States, TooMany
from interlock.engines.traces.nearest import Refusal, possible, refusals, refused_start
from interlock.engines.traces.vocabulary import Event, Seen
from interlock.engines.traces.window import Ideal, Window

WIDTHS = (1, 4, 16, 64, 256, 1_024)
"""Windows that are tried in turn, up to the widest that is allowed.

A thread that is put to sleep in the middle of an event lets the others log as many as they can meanwhile: a time slice
of a busy computer is hundreds of events long.
"""

_RECENT = 8
_PORTION = 256


@dataclass(frozen=True)
class Budget:
    """How much may be spent: states that explain one moment, seconds, and the widest window."""

    states: int = 100_000
    seconds: float = 300.0
    width: int = WIDTHS[-1]


@dataclass(frozen=True)
class Case:
    """What is judged: a system in a scope, which steps are hidden, what is known of the first state.

    `named` are the elements that the log names, by sort; it may be empty, and is None where nothing is known of that.
    `invariants` is False where states are not judged by the properties of the specification.
    """

    system: TransitionSystem
    sizes: Mapping[str, int]
    hidden: frozenset[int] = frozenset()
    initial: Seen = ()
    named: Names | None = None
    invariants: bool = True


@dataclass(frozen=True)
class Explained:
    """Some run has all the events; `states` explain the end, and `most` at once any moment of it."""

    events: int
    states: int
    most: int
    trace: Trace | None = None


@dataclass(frozen=True)
class NotExplained:
    """No run has all the events.

    `explained` of them are in some run, and none of `stuck` can be the next; before them come `recent`.  `states` is
    how many explain as much, `state` one of them, and `nearest` the steps that come nearest to an event, each with what
    forbids it.  `possible` are steps that could be taken there.
    """

    explained: int
    stuck: tuple[Event, ...]
    recent: tuple[Event, ...]
    states: int
    state: State | None
    nearest: tuple[Refusal, ...]
    possible: tuple[str, ...]


@dataclass(frozen=True)
class Undecided:
    """A limit was reached before anything was settled; `explained` events are in some run."""

    explained: int
    reason: str
    line: int = 0


Outcome: TypeAlias = Explained | NotExplained | Undecided

Level: TypeAlias = dict[Ideal, States]
"""What may have happened after a number of events, each with the states that explain it."""


@dataclass
class _Run:
    """One reading of a log in one window."""

    explainer: Explainer
    window: Window
    budget: Budget
    clock: Clock
    progress: Callable[[int], None]
    most: int = 0
    done: int = 0
    recent: deque[Event] = field(default_factory=lambda: deque[Event](maxlen=_RECENT))

    def run(self, initial: Seen) -> Outcome:
        """Follow the log to its end, or as far as it is explained."""
        start = self.explainer.start(initial)
        if not start:
            return NotExplained(0, (), (), 0, None, refused_start(self.explainer, initial), ())
        level: Level = {Ideal(): start}
        while True:
            closed, moves = self._ahead(level)
            if not any(moves.values()):
                states = {state: path for found in level.values() for state, path in found.items()}
                return self._explained(states)
            following = self._following(closed, moves)
            if not following:
                return self._stuck(closed, moves)
            level = following
            self.done += 1
            if self.done % _PORTION == 0:
                self.progress(self.done)
            self._note(level)

    def _ahead(self, level: Level) -> tuple[Level, dict[Ideal, list[tuple[int, Event]]]]:
        """The level with hidden steps taken, and the events that may come next."""
        self.clock.tick()
        moves = {ideal: self.window.next(ideal) for ideal in level}
        closed = {ideal: self.explainer.closed(states) if moves[ideal] else states for ideal, states in level.items()}
        total = sum(map(len, closed.values()))
        if total > self.budget.states:
            raise TooMany
        self.most = max(self.most, total)
        return closed, moves

    def _following(self, closed: Level, moves: Mapping[Ideal, list[tuple[int, Event]]]) -> Level:
        found: Level = {}
        for ideal, states in closed.items():
            for number, event in moves[ideal]:
                after = self.explainer.after(states, event.claim)
                if after:
                    found.setdefault(ideal.with_(number), {}).update(after)
        return found

    def _note(self, level: Level) -> None:
        """Remember the events that lie behind all of the level, and forget what is not needed any more."""
        base = min(ideal.base for ideal in level)
        for number in range(self.window.first, base):
            event = self.window.event(number)
            if event is not None:
                self.recent.append(event)
        self.window.drop(base)

    def _explained(self, states: States) -> Explained:
        path = next(iter(states.values()), None)
        trace = None if path is None else self.explainer.trace(path)
        return Explained(self.done, len(states), self.most, trace)

    def _stuck(self, closed: Level, moves: Mapping[Ideal, list[tuple[int, Event]]]) -> NotExplained:
        events = {number: event for found in moves.values() for number, event in found}
        stuck = tuple(event for _, event in sorted(events.items(), key=lambda item: item[0]))
        pool = {state: None for states in closed.values() for state in states}
        tried = [(states, event.claim) for ideal, states in closed.items() for _, event in moves[ideal]]
        nearest = refusals(self.explainer, tried)
        state = nearest[0].state if nearest else next(iter(pool))
        shown = self.explainer.model.to_state(state)
        return NotExplained(
            self.done, stuck, tuple(self.recent), len(pool), shown, nearest, possible(self.explainer, state)
        )


def judge_log(
    case: Case,
    events: Callable[[], Iterable[Event]],
    budget: Budget | None = None,
    *,
    last: Mapping[str, int] | None = None,
    paths: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Outcome:
    """Judge a log; `events` begins a reading of it, and may be called again.

    `last` are the numbers of the last events of its threads, where it has clocks (see `Stamps`).

    With `paths` the run that explains the log is kept and given, and memory grows with it.  `progress` is told now
    and then how many events are explained.
    """
    limits = budget or Budget()
    clock = Clock(limits.seconds)
    widths = [width for width in WIDTHS if width < limits.width] + [limits.width]
    best = 0
    run: _Run | None = None
    try:
        explainer = _explainer(case, limits, clock, paths=paths)
        for width in widths:
            run = _Run(explainer, Window(iter(events()), width, last or {}), limits, clock, progress)
            outcome = run.run(case.initial)
            best = max(best, run.done)
            if isinstance(outcome, Explained) or not run.window.cut:
                return outcome
    except Unsupported as reason:
        return _undecided(run, best, str(reason))
    except TooMany:
        return _undecided(run, best, f"more than {limits.states:,} state{'s' * (limits.states > 1)} may explain it")
    except OutOfTime:
        return _undecided(run, best, f"no more time after {limits.seconds:g} s")
    return _undecided(run, best, f"events more than {limits.width} lines apart may have happened in another order")


def _explainer(case: Case, budget: Budget, clock: Clock, *, paths: bool) -> Explainer:
    properties = None if case.invariants else ()
    return Explainer(
        case.system,
        case.sizes,
        case.hidden,
        properties=properties,
        named=case.named,
        most=budget.states,
        paths=paths,
        tick=clock.tick,
    )


def _undecided(run: _Run | None, best: int, reason: str) -> Undecided:
    done = 0 if run is None else run.done
    event = None if run is None else run.window.held
    return Undecided(max(best, done), reason, 0 if event is None else event.line)


__all__ = ["Budget", "Case", "Explained", "NotExplained", "Outcome", "Undecided", "judge_log"]
