"""The native explorer as an engine: exhausts a scope with machine code and tells what it found as the reference does.

Machine code only says which state or step settles a property.  The run to it is taken again in the reference meaning,
which must agree and gives the reason in words; so every counterexample has been judged twice.

What partial-order reduction finds first need not be nearest.  So where it has found something, the states up to that
distance are searched once more without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

from interlock.core.system import Property, TransitionSystem
from interlock.core.trace import Trace
from interlock.core.verdict import ExploreStats
from interlock.engines.checks import Checks, checks_of
from interlock.engines.conclusions import FIRST, MOST_PLAYED, Conclusions, scope_text
from interlock.engines.evaluate import Model, Packed, Unsupported, instantiate
from interlock.engines.forecast import remaining
from interlock.engines.graph import Clock, OutOfTime
from interlock.engines.native.ample import Ample, ample_of
from interlock.engines.native.hunt import Hit, Hunt, Resources, Subject
from interlock.engines.native.kernel import MOST_STATES
from interlock.engines.native.liveness import FairRuns
from interlock.engines.native.memory import OutOfMemory
from interlock.engines.native.outcome import Bounds, Outcome, Progress, Reason
from interlock.engines.native.packing import pack_layout
from interlock.engines.native.symmetry import Symmetry
from interlock.engines.protocol import Found, Limits, processors

MOST_INITIAL = 2_000_000
"""Initial states that are enumerated; they come from the reference meaning, which takes its time."""

_RECENT = 8
"""Levels from which the rest is estimated."""


class NativeExploration:
    """One run over one system.  `judge` may be abandoned at any time; `stats` then tells how far it came.

    It ends once every property is settled, with `measure` only when the scope is exhausted, and with `first` as soon as
    one is violated.  `judge` raises Unsupported for a system that has no packed states, or whose steps go wrong.
    """

    def __init__(
        self,
        system: TransitionSystem,
        names: Sequence[str],
        limits: Limits,
        *,
        measure: bool = False,
        first: bool = False,
    ) -> None:
        self._system = system
        self._limits = limits
        self._measure = measure
        self._first = first
        self._clock = Clock(limits.total_seconds)
        self._open = {name: system.property(name) for name in dict.fromkeys(names)}
        self._conclude = Conclusions("", self._clock)
        self._checks = Checks()
        self._outcome: Outcome | None = None
        self._reductions: tuple[str, ...] = ()
        self._memory = 0
        self._before = 0.0
        self._stopped = ""

    def judge(self) -> Iterator[Found]:
        """Yield (property, verdict) for every named property, once each."""
        model = instantiate(self._system, self._limits.sizes)
        self._conclude = Conclusions(scope_text(model.layout), self._clock)
        self._checks = checks_of(model, self._open.values())
        for name, reason in self._checks.unsayable.items():
            del self._open[name]
            yield name, self._conclude.unknown(reason)
        try:
            initial = self._initial(model)
        except OutOfTime:
            yield from self._give_up(f"no more time after {self._limits.total_seconds:g} s")
            return
        if not initial:
            yield from self._give_up("no state satisfies the axioms and the initial condition in this scope")
            return
        yield from self._starts(model, initial)
        if self._measure or any(p.kind != "scenario" for p in self._open.values()):
            try:
                packing = pack_layout(model, initial, integers=True)
                yield from self._search(Subject(model, packing, initial, self._checks))
            except OutOfMemory as reason:
                yield from self._give_up(str(reason))
                return
        yield from self._scenarios(model)
        yield from self._rest()

    def stats(self) -> ExploreStats:
        """What was explored so far."""
        outcome = self._outcome
        actions = dict.fromkeys((t.action for t in self._system.transitions), 0)
        if outcome is None:
            return ExploreStats(0, 0, 0, complete=False, seconds=self._clock.spent, actions=tuple(actions.items()))
        for transition, count in zip(self._system.transitions, outcome.transitions, strict=True):
            actions[transition.action] += count
        return ExploreStats(
            outcome.states,
            sum(outcome.transitions),
            outcome.depth,
            outcome.reason is Reason.COMPLETE,
            self._clock.spent + self._before,
            tuple(actions.items()),
            self._reductions,
            self._memory,
        )

    # Initial states

    def _initial(self, model: Model) -> list[Packed]:
        initial: list[Packed] = []
        for state in model.initial_states(self._clock.tick):
            initial.append(state)
            if len(initial) > MOST_INITIAL:
                raise Unsupported(f"there are more than {MOST_INITIAL} initial states")
        return initial

    def _starts(self, model: Model, initial: Sequence[Packed]) -> Iterator[Found]:
        """What is asked of initial states alone."""
        for name, trace in self._checks.of_starts(model, initial):
            yield self._settle(name, trace)

    # The search

    def _search(self, subject: Subject) -> Iterator[Found]:
        props = [p for p in self._open.values() if p.kind != "scenario"]
        lasting = [p for p in props if p.kind == "liveness"]
        symmetry, ample = self._reduce(subject, props)
        found: list[Hit] = []
        resources = self._resources(checkpoint=True)
        with Hunt(subject, props, resources, ample=ample, symmetry=symmetry, indexed=bool(lasting)) as hunt:
            for outcome, hits in hunt.run(
                self._bounds, partial(self._progress, hunt), all_states=self._measure or bool(lasting)
            ):
                self._outcome, self._memory, self._before = outcome, hunt.driver.store.used, hunt.driver.before
                if ample:
                    found += hits
                else:
                    yield from (self._settle(hit.prop.name, hit.trace) for hit in hits)
                if self._first and any(hit.prop.kind != "reachable" for hit in hits):
                    self._stopped = FIRST
                    break
            if lasting and not self._stopped and self._outcome is not None and self._outcome.reason is Reason.COMPLETE:
                yield from self._liveness(hunt, lasting, sum(self._outcome.transitions))
        if found:
            yield from self._nearest(subject, symmetry, found)

    def _reduce(self, subject: Subject, props: Sequence[Property]) -> tuple[Symmetry | None, Ample | None]:
        """The reductions that are allowed and sound for these properties; fairness needs all that may happen."""
        if any(p.kind == "liveness" for p in props):
            return None, None
        symmetry = Symmetry.of(self._system, subject.packing) if self._limits.symmetry else None
        ample = ample_of(self._system, props) if self._limits.partial_order else None
        self._reductions = (
            *((f"symmetry: {symmetry}",) if symmetry else ()),
            *((str(ample),) if ample else ()),
        )
        self._conclude = replace(self._conclude, reduced=bool(self._reductions))
        return symmetry, ample or None

    def _nearest(self, subject: Subject, symmetry: Symmetry | None, found: Sequence[Hit]) -> Iterator[Found]:
        """What partial-order reduction has found, as near to the start as it can be."""
        farthest = max(len(hit.trace.steps) for hit in found)
        nearest: dict[str, Trace] = {}
        with Hunt(subject, [hit.prop for hit in found], self._resources(), symmetry=symmetry) as hunt:
            for _, hits in hunt.run(
                lambda: replace(self._bounds(), depth=farthest), partial(self._progress, hunt), all_states=False
            ):
                nearest |= {hit.prop.name: hit.trace for hit in hits}
        yield from (self._settle(hit.prop.name, nearest.get(hit.prop.name, hit.trace)) for hit in found)

    def _liveness(self, hunt: Hunt, props: Sequence[Property], transitions: int) -> Iterator[Found]:
        runs = FairRuns(hunt, transitions=transitions)
        assert self._outcome is not None
        try:
            for prop, trace in runs.judge(props, self._clock.tick):
                del self._open[prop.name]
                yield prop.name, self._conclude.lasso(trace, self._outcome.states)
        except OutOfTime:
            yield from self._unsettled(props, "no more time to search for a fair run")
        except OutOfMemory as reason:
            yield from self._unsettled(props, f"no memory to search for a fair run: {reason}")
        finally:
            runs.close()

    def _bounds(self) -> Bounds:
        seconds = max(0.0, self._clock.seconds - self._clock.spent)
        return Bounds(seconds=seconds) if self._limits.states is None else Bounds(self._limits.states, seconds=seconds)

    def _resources(self, *, checkpoint: bool = False) -> Resources:
        limits = self._limits
        threads = limits.threads or processors()
        spill = Path(limits.spill) if limits.spill else None
        kept = Path(limits.checkpoint) if limits.checkpoint and checkpoint else None
        return Resources(threads, limits.memory or None, spill, kept, limits.checkpoint_seconds)

    def _progress(self, hunt: Hunt, at: Progress) -> None:
        store = hunt.driver.store
        starts = [store.start(level) for level in range(max(0, at.depth - _RECENT), at.depth + 2)]
        rest = remaining([end - start for start, end in pairwise(starts)])
        estimate = "" if rest is None else f", estimate: {max(0, rest - (at.states - starts[-1])):,} more"
        checkpoint = hunt.driver.checkpoint
        saved = None if checkpoint is None else checkpoint.saved
        kept = f", {saved.count:,} saved" if saved else ", states on disk" if store.folder is not None else ""
        kept += ", table on disk" if store.table.path is not None else ""
        self._limits.progress(
            f"{at.states:,} states, {at.frontier:,} to expand, depth {at.depth}, {at.rate:,.0f}/s{estimate}{kept}"
        )

    # Verdicts

    def _settle(self, name: str, trace: Trace) -> Found:
        self._checks.drop(name)
        return name, self._conclude.settled(self._open.pop(name), trace)

    def _unsettled(self, props: Sequence[Property], reason: str) -> Iterator[Found]:
        for prop in props:
            if self._open.pop(prop.name, None) is not None:
                yield prop.name, self._conclude.unknown(reason)

    def _give_up(self, reason: str) -> Iterator[Found]:
        yield from self._unsettled(tuple(self._open.values()), reason)

    def _scenarios(self, model: Model) -> Iterator[Found]:
        for prop in [p for p in self._open.values() if p.kind == "scenario"]:
            del self._open[prop.name]
            yield prop.name, self._conclude.scenario(model, prop, self._limits.states or MOST_PLAYED)

    def _rest(self) -> Iterator[Found]:
        """What no state refuted, or for `reachable`, showed."""
        outcome = self._outcome
        for prop in tuple(self._open.values()):
            del self._open[prop.name]
            assert outcome is not None
            if prop.kind == "liveness":
                why = f"liveness needs all reachable states, but there are {self._why(outcome)}"
                yield prop.name, self._conclude.unknown(why)
            elif outcome.reason is Reason.COMPLETE:
                yield prop.name, self._conclude.exhausted(prop, outcome.states)
            else:
                yield prop.name, self._conclude.cut_short(max(0, outcome.depth - 1), self._why(outcome))

    def _why(self, outcome: Outcome) -> str:
        """Why the search ended early, in words."""
        if self._stopped:
            return self._stopped
        match outcome.reason:
            case Reason.TIME:
                return f"no more time after {self._limits.total_seconds:g} s"
            case Reason.STATES:
                return f"more than {self._limits.states} states"
            case Reason.MEMORY if outcome.states < MOST_STATES // 2:
                return f"{outcome.detail}; {self._more_memory()}"
            case _:
                return outcome.detail

    def _more_memory(self) -> str:
        """What to do about a want of memory."""
        if self._limits.spill:
            return "give more --memory, or --spill with a folder on a disk that has more room"
        return "give --spill DIR or more --memory"
