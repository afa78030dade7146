"""Measures one system: every cost in scopes of growing size, for as long as there is time, and how it grows.

First come bounds, which cost little in any scope: from above what a thread does by itself (`alone`), from below what
random runs attain (`runs`).  Where they meet, the cost is known.  What is left over is measured by exhausting scopes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic, process_time
from typing import TypeAlias

from interlock.core.system import ProcessInfo, TransitionSystem
from interlock.engines.costs.alone import alone, private
from interlock.engines.costs.counting import counted, keys_of
from interlock.engines.costs.fitting import fit
from interlock.engines.costs.hidden import hidden_in
from interlock.engines.costs.measuring import Build, Measured, Search, goes_round, maxima, possible, reading
from interlock.engines.costs.parallel import memory_of, pairs_of
from interlock.engines.costs.quantities import Key, Quantity
from interlock.engines.costs.results import Cost, Sample, Study
from interlock.engines.costs.runs import attained
from interlock.engines.costs.sizing import Plan, plan_of
from interlock.engines.costs.slicing import sliced
from interlock.engines.costs.taking import holdings_of
from interlock.engines.evaluate import Unsupported

Point: TypeAlias = tuple[tuple[str, int], ...]

_MOST_FACTOR = 3
_SHARE_OF_WAITING = 0.2
"""Of the time that is left, what one search for waiting may take."""

_SHARE_OF_BOUNDS = 0.6
"""Of all the time, what finding bounds from above and below may take."""

_BUSY = 4.0
"""How much longer than on the processor a search may take by the clock."""

_HIGH = 100
"""Where bounds from above are given up."""

_LONG = 2.0
"""Seconds after which machine code was needed, and will be in all scopes that follow."""


def study(
    system: TransitionSystem,
    seconds: float,
    *,
    sleeping: Collection[str] = frozenset(),
    native: bool = True,
    exhausting: bool = True,
    progress: Callable[[str], None] = lambda _: None,
) -> Study:
    """Measure everything there is to measure, in as many scopes as the time allows; `sleeping` are steps that sleep.

    Without `exhausting` there are only bounds.  With time enough for them, the same ones are found each time.
    """
    run = _Run(system, seconds, sleeping, native=native, progress=progress)
    return run.study(exhausting=exhausting)


@dataclass(frozen=True)
class _Job:
    """One search of a scope: what is counted in it, and the share of the time that is left which it may take."""

    name: str
    build: Build
    keys: tuple[Key, ...]
    share: float = 0.6


class _Run:
    """One system on its way through the scopes."""

    def __init__(
        self,
        system: TransitionSystem,
        seconds: float,
        sleeping: Collection[str],
        *,
        native: bool,
        progress: Callable[[str], None],
    ) -> None:
        self._system = system
        self._sleeping = sleeping
        self._sliced = sliced(system)
        self._plan: Plan = plan_of(system)
        self._seconds = seconds
        self._until = monotonic() + seconds
        self._native = native
        self._progress = progress
        self._keys = {p.name: keys_of(self._sliced, p, sleeping) for p in self._sliced.processes}
        self._samples: dict[Key, dict[Point, Sample]] = {}
        self._large: set[str] = set()
        self._endless: set[Key] = set()
        self._cut: list[tuple[str, Mapping[str, int]]] = []

    def study(self, *, exhausting: bool) -> Study:
        """Measure in ever larger scopes; a search that was cut short is not tried in a scope that includes its own."""
        trouble = ""
        parallel: dict[tuple[str, str], bool | None] = {}
        try:
            self._bound()
            if exhausting:
                parallel = self._exhaust()
        except Unsupported as reason:
            trouble = str(reason)
        sections = tuple((p.name, s.name) for p in self._sliced.processes for s in holdings_of(self._sliced, p))
        countable = frozenset(key for job in self._jobs() for key in job.keys)
        costs = tuple(self._cost(key) for job in self._jobs() for key in job.keys if key in self._samples)
        points = [point for point in self._plan.points() if self._at(point)]
        done = tuple(point for point in points if all(sample.measured.exact for sample in self._at(point)))
        hidden = hidden_in(self._system)
        return Study(self._plan.varied, costs, parallel, sections, self._sliced, countable, done, hidden, trouble)

    def _cost(self, key: Key) -> Cost:
        return Cost(key, tuple(self._samples.get(key, {}).values()))

    def _at(self, point: Mapping[str, int]) -> list[Sample]:
        return [found[_frozen(point)] for found in self._samples.values() if _frozen(point) in found]

    def _note(self, point: Mapping[str, int], sizes: Mapping[str, int], found: Mapping[Key, Measured]) -> None:
        for key, measured in found.items():
            samples = self._samples.setdefault(key, {})
            known = samples.get(_frozen(point))
            both = measured if known is None else known.measured.with_(measured)
            samples[_frozen(point)] = Sample(point, sizes, both)

    # Bounds

    def _bound(self) -> None:
        """Bound every cost in every scope from above and from below."""
        end = process_time() + _SHARE_OF_BOUNDS * self._seconds  # of the processor, whatever else the machine does
        points = list(self._plan.points())
        factor = 2 if self._plan.blocks else 1
        for number, point in enumerate(points):
            begun = process_time()
            share = (end - begun) / (len(points) - number)
            if share <= 0:
                break
            sizes = self._plan.sizes(point, factor)
            self._progress(f"bounds for {_told(sizes)}")
            high = self._from_above(sizes, share / 2)
            low = self._from_below(sizes, high, max(0.0, begun + share - process_time()))
            self._note(
                point, sizes, {key: m.with_(Measured(0, exact=False, most=high.get(key))) for key, m in low.items()}
            )

    def _from_above(self, sizes: Mapping[str, int], seconds: float) -> dict[Key, int]:
        """What each thread does at most, whatever others do."""
        found: dict[Key, int] = {}
        until = monotonic() + _BUSY * seconds
        for process in self._sliced.processes:
            if process.pc not in private(self._sliced, process, ()):
                continue
            for key in self._keys[process.name]:  # one at a time: counters that never end multiply
                if key[2] != "waiting" and key not in self._endless:
                    search = Search(sizes, until, native=False, most=_HIGH)
                    measured = maxima(self._counting_alone(process), {key: 0}, search)
                    found |= {key: m.value for key, m in measured.items() if m.exact and not m.unbounded}
                    self._endless |= {key for key, m in measured.items() if m.unbounded}
        return found

    def _from_below(self, sizes: Mapping[str, int], high: Mapping[Key, int], seconds: float) -> dict[Key, Measured]:
        """What random runs attain at least."""
        system, quantities = self._sliced, list(memory_of(self._sliced))
        for process in self._sliced.processes:
            ceilings = {key: high.get(key, _HIGH) for key in self._keys[process.name]}
            more = counted(system, process, self._sleeping, ceilings)
            system, quantities = more.system, [*quantities, *more.quantities]
        found = attained(system, quantities, sizes, high, seconds)
        counters = {quantity.key: quantity.counter for quantity in quantities}
        return {
            key: Measured(value, round_, round_, run)
            for key, (value, run) in found.items()
            for round_ in [value >= _HIGH and run is not None and goes_round(run, counters[key])]
        }

    # Exhausting scopes

    def _exhaust(self) -> dict[tuple[str, str], bool | None]:
        """Measure what is not known yet in ever larger scopes; what can go on twice at a time."""
        self._until = monotonic() + (1 - _SHARE_OF_BOUNDS) * self._seconds
        factor, first = self._factor()
        parallel = dict(self._parallel(factor))
        for number, point in enumerate(self._plan.points()):
            if number and monotonic() > self._until:
                break
            found = self._measure(point, factor) if number else first
            self._note(point, self._plan.sizes(point, factor), found)
        return parallel

    def _factor(self) -> tuple[int, dict[Key, Measured]]:
        """How many blocks there are for each that is needed: enough that more of them change nothing."""
        point = dict.fromkeys(self._plan.varied, 1)
        half = monotonic() + (self._until - monotonic()) / 2
        found = self._measure(point, 1)
        factor = 1
        while self._plan.blocks and factor < _MOST_FACTOR and monotonic() < half:
            more = self._measure(point, factor + 1)
            if not any(key in found and _costs_more(m, found[key]) for key, m in more.items()):
                break
            factor, found = factor + 1, more
        return factor, found

    def _measure(self, point: Mapping[str, int], factor: int) -> dict[Key, Measured]:
        """All costs in one scope that are not known yet."""
        sizes = self._plan.sizes(point, factor)
        self._progress(_told(sizes))
        found: dict[Key, Measured] = {}
        for job in self._jobs():
            if any(name == job.name and all(point[s] >= cut[s] for s in point) for name, cut in self._cut):
                continue
            keys = [key for key in job.keys if not self._settled(key, point)]
            until = min(self._until, monotonic() + job.share * max(0.0, self._until - monotonic()))
            search = Search(sizes, until, self._native, glance=job.name not in self._large)
            begun = monotonic()
            measured = maxima(job.build, {key: self._guess(key, point) for key in keys}, search)
            found |= measured
            if monotonic() - begun > _LONG:
                self._large.add(job.name)
            if not all(m.exact for m in measured.values()):
                self._cut.append((job.name, point))
        return found

    def _settled(self, key: Key, point: Mapping[str, int]) -> bool:
        """Whether a cost is known in a scope, or else in so many that its growth is."""
        known = self._samples.get(key, {}).get(_frozen(point))
        return known is not None and (known.measured.most == known.measured.value or self._cost(key).fit is not None)

    def _jobs(self) -> Iterator[_Job]:
        """Searches of one scope; waiting comes last, for it takes the most states by far."""
        for process in self._sliced.processes:
            keys = self._keys[process.name]
            yield _Job(process.name, self._counting(process), tuple(k for k in keys if k[2] != "waiting"))
        memory = memory_of(self._sliced)
        yield _Job("memory", reading(self._sliced, memory), tuple(quantity.key for quantity in memory))
        for process in self._sliced.processes:
            waiting = tuple(key for key in self._keys[process.name] if key[2] == "waiting")
            yield _Job(f"{process.name} waiting", self._counting(process), waiting, share=_SHARE_OF_WAITING)

    def _counting(self, process: ProcessInfo) -> Build:
        def build(ceilings: Mapping[Key, int]) -> tuple[TransitionSystem, Sequence[Quantity]]:
            bigger = counted(self._sliced, process, self._sleeping, ceilings)
            return bigger.system, bigger.quantities

        return build

    def _counting_alone(self, process: ProcessInfo) -> Build:
        def build(ceilings: Mapping[Key, int]) -> tuple[TransitionSystem, Sequence[Quantity]]:
            bigger = counted(self._sliced, process, self._sleeping, ceilings)
            return alone(bigger.system, process, bigger.who, bigger.counters), bigger.quantities

        return build

    def _guess(self, key: Key, point: Mapping[str, int]) -> int:
        """What smaller scopes let expect."""
        samples = self._samples.get(key, {}).values()
        best = fit([(s.point, s.measured.value) for s in samples if s.measured.exact])
        most = max((s.measured.value for s in samples if s.point == point), default=0)
        return most if best is None else max(best.at(point), 0)

    def _parallel(self, factor: int) -> Iterator[tuple[tuple[str, str], bool | None]]:
        """What can be done by two threads of a kind at once, in a scope with two of them."""
        for process in self._sliced.processes:
            wanted = list(pairs_of(self._sliced, process))
            own = {str(p.type) for p in process.params}
            point = {sort: 2 if sort in own else 1 for sort in self._plan.varied}
            sizes = self._plan.sizes(point, factor) | {sort: 2 for sort in self._plan.single if sort in own}
            yield from possible(self._sliced, wanted, Search(sizes, self._until, self._native)).items()


def _costs_more(one: Measured, two: Measured) -> bool:
    return (one.unbounded, one.value) > (two.unbounded, two.value)


def _frozen(point: Mapping[str, int]) -> Point:
    return tuple(point.items())


def _told(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{sort}={size}" for sort, size in sizes.items())
