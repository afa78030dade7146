"""Simulation: random runs of a finite instance that may be far too large to exhaust.

It can refute and it can witness, and it never passes anything: what no run settles is `NoneUpTo` the runs that were
made.  A run is made by machine code where the instance can be packed, and by the evaluator where it cannot.  Whoever
made it, the evaluator follows it step by step before it is shown, and shortens it.

The result of a number of runs under a seed depends on nothing else, not on the time nor on how many threads there are.
Once all properties are settled no more runs are made.

Only the first `MOST_STARTS` initial states are used; the statistics say so where there are more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from itertools import islice

from interlock.core.system import Property, PropertyKind, TransitionSystem
from interlock.core.verdict import NoneUpTo, Verdict, WalkStats
from interlock.engines.checks import Checks, checks_of
from interlock.engines.conclusions import Conclusions, scope_text
from interlock.engines.evaluate import Model, Packed, Successor, Unsupported, instantiate
from interlock.engines.graph import Clock, OutOfTime, Threads, make_trace
from interlock.engines.judge import INTERNAL
from interlock.engines.protocol import Found, Limits, Walks, processors
from interlock.engines.shorten import retrace, shorten
from interlock.engines.walks import ReferenceWalker, Sighting, Tally, Walker

METHOD = "simulate"
"""The engine's name in verdicts."""

MOST_STARTS = 10_000
"""Initial states that runs start from."""

_SHORTENING, _NO_TIME = 3.0, -1.0
_PATIENCE = 0.1
_FEW = 4
_RUN_LIMIT = 1 << 40
_UNJUDGED: frozenset[PropertyKind] = frozenset(("liveness", "scenario"))


class Simulation:
    """Random runs of one system.  `judge` may be abandoned at any time; `stats` then tells how far it came."""

    def __init__(self, system: TransitionSystem, names: Sequence[str], limits: Limits, walks: Walks) -> None:
        self._system = system
        self._limits = limits
        self._walks = walks
        self._clock = Clock(min(limits.total_seconds, walks.seconds))
        self._open = {name: system.property(name) for name in dict.fromkeys(names)}
        self._conclude = Conclusions("", self._clock, METHOD)
        self._tally = Tally.nothing(len(system.transitions))
        self._spent = 0.0
        self._interpreted = ""
        self._starts: int | None = None
        self._told = 0.0

    def judge(self) -> Iterator[Found]:
        """Yield (property, verdict) for every named property.

        One that a run settles is told at once, so that nothing is lost with a run that is broken off; and again at the
        end, with the shortest run that was found by then.
        """
        try:
            model = instantiate(self._system, self._limits.sizes)
            self._conclude = Conclusions(scope_text(model.layout), self._clock, METHOD)
            checks = checks_of(model, self._open.values())
            yield from self._unjudged(checks)
            initial = self._initial(model)
            yield from self._judge_starts(model, checks, initial)
            walker = self._walker(model, initial, checks)
            for tally in self._make_runs(walker):
                news = {name: sighting for name, sighting in tally.found.items() if name not in self._tally.found}
                self._tally = tally
                for name, sighting in news.items():
                    yield name, self._confirmed(model, checks, walker, self._open[name], sighting, _NO_TIME)
            yield from self._settled(model, checks, walker)
            yield from self._rest()
        except Unsupported as reason:
            yield from self._give_up(str(reason))
        except OutOfTime:
            yield from self._give_up(f"no time left for a run after {self._clock.seconds:g} s")

    def stats(self) -> WalkStats:
        """What was covered so far."""
        tally = self._tally
        actions = Counter(dict.fromkeys((t.action for t in self._system.transitions), 0))
        for transition, count in zip(self._system.transitions, tally.taken, strict=True):
            actions[transition.action] += count
        return WalkStats(
            runs=tally.runs,
            steps=tally.steps,
            longest=tally.longest,
            depth=self._limits.depth,
            distinct=tally.distinct,
            seed=self._walks.seed,
            seconds=self._spent,
            actions=tuple(actions.items()),
            interpreted=self._interpreted,
            starts=self._starts,
        )

    # Before the first run

    def _unjudged(self, checks: Checks) -> Iterator[Found]:
        for name, reason in checks.unsayable.items():
            del self._open[name]
            yield name, self._conclude.unknown(reason)
        for prop in [p for p in self._open.values() if p.kind in _UNJUDGED]:
            del self._open[prop.name]
            yield prop.name, self._conclude.unknown(f"no random run can settle a property of kind {prop.kind}")

    def _initial(self, model: Model) -> list[Packed]:
        found = list(islice(model.initial_states(self._clock.tick), MOST_STARTS + 1))
        if not found:
            raise Unsupported("no state satisfies the axioms and the initial condition in this scope")
        if len(found) > MOST_STARTS:
            self._starts = MOST_STARTS
        return found[:MOST_STARTS]

    def _judge_starts(self, model: Model, checks: Checks, initial: Sequence[Packed]) -> Iterator[Found]:
        """What a refinement demands of initial states."""
        for name, trace in checks.of_starts(model, initial):
            yield name, self._conclude.settled(self._open.pop(name), trace)

    def _walker(self, model: Model, initial: Sequence[Packed], checks: Checks) -> Walker:
        given = dict(self._walks.weights)
        weights = [given.get(t.action, given.get(t.process or "", 1)) for t in self._system.transitions]
        seed, depth = self._walks.seed, self._limits.depth
        try:
            from interlock.engines.native.walk import NativeWalker

            threads = self._limits.threads or processors()
            return NativeWalker(model, initial, weights, seed, depth, tuple(self._open.values()), threads)
        except Unsupported as reason:
            self._interpreted = str(reason)
        except ImportError as reason:
            self._interpreted = f"{reason.name or 'llvmlite'} is not installed"
        return ReferenceWalker(model, initial, weights, seed, depth, checks)

    # Runs

    def _make_runs(self, walker: Walker) -> Iterator[Tally]:
        """Make runs, a portion to each call, and yield what all portions so far add up to, in the order of runs.

        A portion counts only if those before it have left something to look for; so the outcome is the same however
        many are made at a time.
        """
        begun = self._clock.spent
        whole = self._tally
        portions = self._portions(*walker.portions)
        wanted = dict.fromkeys(self._open, self._limits.depth)
        with ThreadPoolExecutor(walker.threads) as pool:
            waiting: list[Future[Tally]] = []
            try:
                while not self._over(whole):
                    for first, count in islice(portions, walker.threads * 2 - len(waiting)):
                        waiting.append(pool.submit(walker.walk, first, count, wanted))
                    if not waiting:
                        break
                    wait(waiting[:1], _PATIENCE, FIRST_COMPLETED)
                    if waiting[0].done():
                        whole += waiting.pop(0).result()
                        self._spent = self._clock.spent - begun
                        yield whole
                        self._tell(whole)
            finally:
                walker.stop()
            if not self._all_settled(whole) and not whole.fault:
                for rest in waiting:
                    whole += rest.result()
                self._spent = self._clock.spent - begun
                yield whole

    def _portions(self, size: int, most: int) -> Iterator[tuple[int, int]]:
        """The runs to be made: number of the first, and how many, for each call; twice as many after every few."""
        first = self._walks.first
        end = first + (_RUN_LIMIT if self._walks.runs is None else self._walks.runs)
        number = 0
        while first < end:
            yield first, min(size, end - first)
            first += size
            number += 1
            size = min(most, size * 2) if number % _FEW == 0 else size

    def _over(self, whole: Tally) -> bool:
        return bool(whole.fault) or self._all_settled(whole) or self._clock.spent > self._clock.seconds

    def _all_settled(self, whole: Tally) -> bool:
        """Whether nothing is left to look for; with nothing to judge, runs are made for what they cover."""
        return bool(self._open) and whole.found.keys() >= self._open.keys()

    def _tell(self, whole: Tally) -> None:
        if self._clock.spent - self._told < _PATIENCE:
            return
        self._told = self._clock.spent
        rate = whole.steps / self._spent if self._spent else 0.0
        self._limits.progress(f"{whole.runs:,} runs, {whole.steps:,} steps, {rate:,.0f} steps/s")

    # Verdicts

    def _settled(self, model: Model, checks: Checks, walker: Walker) -> Iterator[Found]:
        for name, sighting in sorted(self._tally.found.items(), key=lambda item: item[1]):
            yield name, self._confirmed(model, checks, walker, self._open.pop(name), sighting, _SHORTENING)

    def _confirmed(
        self, model: Model, checks: Checks, walker: Walker, prop: Property, sighting: Sighting, seconds: float
    ) -> Verdict:
        """The verdict if the evaluator agrees; otherwise one of the two is wrong, and that is said."""
        settles = Settling(model, checks, prop)
        run = retrace(model, *walker.path(sighting.run, sighting.steps), settles)
        if run is None:
            return self._conclude.unknown(f"{INTERNAL}: the evaluator does not confirm run {sighting.run}")
        shortest = shorten(model, run, settles, Clock(seconds).tick)
        trace = make_trace(model, shortest.initial, shortest.steps, reason=shortest.reason)
        return replace(self._conclude, scope=_joined(self._conclude.scope, f"run {sighting.run}")).settled(prop, trace)

    def _rest(self) -> Iterator[Found]:
        """What no run settled."""
        tally = self._tally
        if tally.fault:
            yield from self._give_up(tally.fault)
        elif not tally.runs:
            raise OutOfTime
        runs = f"{tally.runs:,} run{'s' * (tally.runs != 1)} of up to {self._limits.depth} steps"
        bound = _joined(self._conclude.scope, f"{runs}, {tally.steps:,} steps in all")
        for name in tuple(self._open):
            del self._open[name]
            yield name, NoneUpTo(METHOD, bound, self._clock.spent)

    def _give_up(self, reason: str) -> Iterator[Found]:
        for name in tuple(self._open):
            del self._open[name]
            yield name, self._conclude.unknown(reason)


class Settling:
    """Why a state or the step to it settles a property, by the evaluator."""

    def __init__(self, model: Model, checks: Checks, prop: Property) -> None:
        self._model = model
        self._state = checks.states.get(prop.name)
        self._step = checks.steps.get(prop.name)
        self._threads = Threads(model) if prop.kind == "deadlock" else None

    def __call__(self, before: Packed, step: Successor | None, state: Packed) -> str | None:
        """The reason, or None where the property is not settled."""
        if self._threads is not None:
            return self._stuck(self._threads, state)
        if self._step is not None:
            return None if step is None else self._step(before, step)
        return None if self._state is None else self._state(state)

    def _stuck(self, threads: Threads, state: Packed) -> str | None:
        if any(step.after != state for step in self._model.successors(state)):
            return None
        return threads.stuck(state)


def _joined(scope: str, text: str) -> str:
    return f"{scope}; {text}" if scope else text
