"""The native explorer as an engine: exhausts a scope with machine code and tells what it found as the reference does.

Machine code only says which state or step settles a property.  The run to it is taken again in the reference meaning,
which must agree and gives the reason in words; so every counterexample has been judged twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import cpu_count, sched_getaffinity

from interlock.core.system import Property, TransitionSystem
from interlock.core.trace import Trace
from interlock.core.verdict import ExploreStats, Verdict
from interlock.engines.checks import Checks, checks_of
from interlock.engines.conclusions import METHOD, Conclusions, scope_text
from interlock.engines.evaluate import Model, Packed, Successor, Unsupported, instantiate
from interlock.engines.graph import Clock, OutOfTime, Threads, make_trace
from interlock.engines.native.driver import Bounds, Driver, Finding, Outcome, Progress, Reason, Until
from interlock.engines.native.generator import SystemGenerator
from interlock.engines.native.judging import Judging
from interlock.engines.native.liveness import FairRuns
from interlock.engines.native.memory import OutOfMemory
from interlock.engines.native.packing import Packing, pack_layout
from interlock.engines.native.replay import Disagreement, Replay
from interlock.engines.native.steps import Steps
from interlock.engines.protocol import Limits
from interlock.engines.scenario import play

Found = tuple[str, Verdict]

MOST_INITIAL = 2_000_000
"""Initial states that are enumerated; they come from the reference meaning, which takes its time."""

PLAYED = 200_000
"""States that are kept while a schedule is followed."""


@dataclass(frozen=True)
class NativeExplorer:
    """The explorer as an engine; it stops once every property is settled."""

    name: str = METHOD

    def judge(self, system: TransitionSystem, properties: Sequence[str], limits: Limits) -> Iterator[Found]:
        """Yield each property's verdict, those that a state settles as soon as its level is complete."""
        yield from NativeExploration(system, properties, limits).judge()


class NativeExploration:
    """One run over one system.  `judge` may be abandoned at any time; `stats` then tells how far it came.

    It ends once every property is settled, with `measure` only when the scope is exhausted.
    `judge` raises Unsupported before it has yielded anything for a system that has no packed states.
    """

    def __init__(
        self, system: TransitionSystem, names: Sequence[str], limits: Limits, *, measure: bool = False
    ) -> None:
        self._system = system
        self._limits = limits
        self._measure = measure
        self._clock = Clock(limits.total_seconds)
        self._open = {name: system.property(name) for name in dict.fromkeys(names)}
        self._conclude = Conclusions("", self._clock)
        self._checks = Checks()
        self._outcome: Outcome | None = None
        self._depth = 0

    def judge(self) -> Iterator[Found]:
        """Yield (property, verdict) for every named property, once each."""
        model = instantiate(self._system, self._limits.sizes)
        self._conclude = Conclusions(scope_text(model.layout, self._limits.sizes), self._clock)
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
        yield from self._search(model, initial)
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
            self._clock.spent,
            tuple(actions.items()),
        )

    # The search

    def _initial(self, model: Model) -> list[Packed]:
        initial: list[Packed] = []
        for state in model.initial_states(self._clock.tick):
            initial.append(state)
            if len(initial) > MOST_INITIAL:
                raise Unsupported(f"there are more than {MOST_INITIAL} initial states")
        return initial

    def _starts(self, model: Model, initial: Sequence[Packed]) -> Iterator[Found]:
        """What is asked of initial states alone."""
        for name, check in tuple(self._checks.starts.items()):
            for state in initial:
                reason = check(state)
                if reason is not None:
                    yield self._settle(name, make_trace(model, state, [], reason=reason))
                    break

    def _search(self, model: Model, initial: Sequence[Packed]) -> Iterator[Found]:
        packing = pack_layout(model, initial)
        of_states = tuple(p for p in self._open.values() if p.name in self._checks.states)
        of_steps = tuple(p for p in self._open.values() if p.name in self._checks.steps)
        deadlock = [p for p in self._open.values() if p.kind == "deadlock"]
        if not (of_states or of_steps or deadlock or self._measure or self._lasting()):
            return
        steps = Steps(self._system, packing)
        generator = SystemGenerator(steps, Judging(self._system, packing), packing, of_states, of_steps, bool(deadlock))
        keyed = packing.bits < 64 and packing.words == 1 and not self._lasting()
        with Driver(generator, keyed=keyed, threads=self._threads(), memory=self._limits.memory or None) as driver:
            told = _Told(self, model, packing, initial, driver, of_states, of_steps, deadlock)
            words = [packing.pack(state) for state in initial]
            while True:
                self._outcome = outcome = driver.run(
                    words, until=Until.LEVEL, bounds=self._bounds(), progress=self._progress
                )
                self._depth = max(0, len(outcome.levels) - 1)
                yield from told.news(outcome)
                if outcome.reason is not Reason.FOUND or not (self._measure or self._wanted()):
                    break
            if outcome.reason is Reason.COMPLETE:
                yield from self._liveness(driver, steps, model, packing, initial)
        if outcome.error is not None:
            raise Unsupported(steps.faults[outcome.error[0] - 1])

    def _bounds(self) -> Bounds:
        seconds = max(0.0, self._clock.seconds - self._clock.spent)
        return Bounds(seconds=seconds) if self._limits.states is None else Bounds(self._limits.states, seconds=seconds)

    def _threads(self) -> int:
        if self._limits.threads:
            return self._limits.threads
        return len(sched_getaffinity(0)) if "sched_getaffinity" in globals() else cpu_count() or 1

    def _progress(self, at: Progress) -> None:
        self._limits.progress(f"{at.states} states, {at.frontier} to expand, depth {at.depth}, {at.rate:.0f}/s")

    def _wanted(self) -> bool:
        return any(p.kind != "scenario" for p in self._open.values())

    def _lasting(self) -> list[Property]:
        return [p for p in self._open.values() if p.kind == "liveness"]

    # Verdicts

    def settle(self, prop: Property, trace: Trace) -> Found:
        """The verdict on a property for which a state or step was found."""
        return self._settle(prop.name, trace)

    def is_open(self, prop: Property) -> bool:
        """Whether a property has no verdict yet."""
        return prop.name in self._open

    @property
    def checks(self) -> Checks:
        """What settles the open properties."""
        return self._checks

    def _settle(self, name: str, trace: Trace) -> Found:
        self._checks.drop(name)
        return name, self._conclude.settled(self._open.pop(name), trace)

    def _give_up(self, reason: str) -> Iterator[Found]:
        for name in tuple(self._open):
            del self._open[name]
            yield name, self._conclude.unknown(reason)

    def _scenarios(self, model: Model) -> Iterator[Found]:
        for prop in [p for p in self._open.values() if p.kind == "scenario"]:
            del self._open[prop.name]
            most = self._limits.states or PLAYED
            try:
                played = play(model, prop, most, self._clock.tick)
            except OutOfTime:
                yield prop.name, self._conclude.unknown("no more time to play the schedule")
            else:
                yield prop.name, self._conclude.scenario(prop, played, most)

    def _liveness(
        self, driver: Driver, steps: Steps, model: Model, packing: Packing, initial: Sequence[Packed]
    ) -> Iterator[Found]:
        props = self._lasting()
        if not props:
            return
        assert self._outcome is not None
        runs = FairRuns(driver, steps, model, packing, initial, transitions=sum(self._outcome.transitions))
        try:
            for prop, trace in runs.judge(props, self._clock.tick):
                del self._open[prop.name]
                yield prop.name, self._conclude.lasso(trace, self._outcome.states)
        except OutOfTime:
            for prop in self._lasting():
                del self._open[prop.name]
                yield prop.name, self._conclude.unknown("no more time to search for a fair run")
        except OutOfMemory as reason:
            for prop in self._lasting():
                del self._open[prop.name]
                yield prop.name, self._conclude.unknown(f"no memory to search for a fair run: {reason}")
        finally:
            runs.close()

    def _rest(self) -> Iterator[Found]:
        """What no state refuted, or for `reachable`, showed."""
        outcome = self._outcome
        assert outcome is not None or not self._open
        for prop in tuple(self._open.values()):
            del self._open[prop.name]
            assert outcome is not None
            if prop.kind == "liveness":
                why = f"liveness needs all reachable states, but there are {self._why(outcome)}"
                yield prop.name, self._conclude.unknown(why)
            elif outcome.reason is Reason.COMPLETE:
                yield prop.name, self._conclude.exhausted(prop, outcome.states)
            else:
                yield prop.name, self._conclude.cut_short(self._depth, self._why(outcome))

    def _why(self, outcome: Outcome) -> str:
        """Why the search ended early, in words."""
        match outcome.reason:
            case Reason.TIME:
                return f"no more time after {self._limits.total_seconds:g} s"
            case Reason.STATES:
                return f"more than {self._limits.states} states"
            case _:
                return outcome.detail


@dataclass(frozen=True)
class _Told:
    """Turns what the search found into verdicts."""

    run: NativeExploration
    model: Model
    packing: Packing
    initial: Sequence[Packed]
    driver: Driver
    of_states: Sequence[Property]
    of_steps: Sequence[Property]
    deadlock: Sequence[Property]

    def news(self, outcome: Outcome) -> Iterator[Found]:
        """Verdicts on the open properties that were settled."""
        for number, finding in outcome.found.items():
            if self.run.is_open(self.of_states[number]):
                yield self._state(self.of_states[number], finding)
        for number, finding in outcome.step_found.items():
            if self.run.is_open(self.of_steps[number]):
                yield self._step(self.of_steps[number], finding)
        for prop in self.deadlock if outcome.deadlock is not None else ():
            if self.run.is_open(prop):
                assert outcome.deadlock is not None
                yield self._stuck(prop, outcome.deadlock)

    def _follow(self, finding: Finding) -> tuple[Packed, list[Successor]]:
        path = [self.driver.state(index) for index in self.driver.path(finding.index)]
        return Replay(self.model, self.packing, lambda words: words).run(self.initial, path)

    def _state(self, prop: Property, finding: Finding) -> Found:
        start, steps = self._follow(finding)
        reason = self.run.checks.states[prop.name](steps[-1].after if steps else start)
        if reason is None:
            raise Disagreement(f"the reference meaning does not find {prop.name} settled")
        return self.run.settle(prop, make_trace(self.model, start, steps, reason=reason))

    def _step(self, prop: Property, finding: Finding) -> Found:
        start, steps = self._follow(finding)
        here = steps[-1].after if steps else start
        check = self.run.checks.steps[prop.name]
        for step in self.model.successors(here):
            reason = None if step.after == here else check(here, step)
            if reason is not None:
                return self.run.settle(prop, make_trace(self.model, start, [*steps, step], reason=reason))
        raise Disagreement(f"the reference meaning has no step that breaks {prop.name}")

    def _stuck(self, prop: Property, finding: Finding) -> Found:
        start, steps = self._follow(finding)
        waiting = Threads(self.model).waiting(steps[-1].after if steps else start)
        who = ", ".join(f"{thread} waits to take {label}" for thread, label in waiting)
        return self.run.settle(prop, make_trace(self.model, start, steps, reason=f"no step is enabled: {who}"))
