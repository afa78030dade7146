"""The greatest value of each quantity in one scope, and whether something can happen there, found by exhausting it.

The explorers share the work as they do elsewhere: the reference looks at the first states one by one and reads the
numbers off them.  Where there are more, machine code judges bounds, all in one search: the highest that fails is one
less than the maximum, the lowest that holds is the maximum.  Where all of them fail higher ones are tried, until a run
goes round: the same state twice in one holding with a higher count means that there is no bound at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from time import monotonic

from interlock.core.system import TransitionSystem
from interlock.core.term import Symbol
from interlock.core.trace import Table, Trace
from interlock.core.types import RangeType
from interlock.core.verdict import Proved
from interlock.engines.checks import checks_of
from interlock.engines.costs.quantities import Key, Possible, Quantity
from interlock.engines.evaluate import Unsupported, instantiate
from interlock.engines.exploring import Explorations
from interlock.engines.graph import Graph, make_trace
from interlock.engines.protocol import Limits

WINDOW = 8
"""Bounds above the guess that are judged at a time."""

MOST = 60
"""Where counting is given up."""

_GLANCE_STATES = 5000
_GLANCE_SECONDS = 1.5


@dataclass(frozen=True)
class Measured:
    """The greatest value that was found; `run` attains it (None for 0).

    `exact` says that the scope was exhausted; otherwise there may be more.  `unbounded` says that the run can go round
    for ever, each time with more.  `most` is a bound from above, where one is known.
    """

    value: int
    exact: bool
    unbounded: bool = False
    run: Trace | None = field(default=None, compare=False)
    most: int | None = None

    def with_(self, other: Measured) -> Measured:
        """What both together tell of one cost in one scope."""
        greater = max((self, other), key=lambda m: (m.unbounded, m.value, m.exact, m.run is not None))
        bounds = [m.most for m in (self, other) if m.most is not None]
        most = min(bounds, default=None)
        return replace(greater, most=most, exact=greater.exact or greater.value == most)


@dataclass(frozen=True)
class Search:
    """One scope: its sizes, and the clock's reading at which the search for it ends."""

    sizes: Mapping[str, int]
    until: float
    native: bool = True
    glance: bool = True
    """Whether the reference looks first; it does not where it is known that there are too many states for it."""
    most: int = MOST

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return max(0.0, self.until - monotonic())


Build = Callable[[Mapping[Key, int]], tuple[TransitionSystem, Sequence[Quantity]]]
"""A system in which quantities are counted up to the ceilings that are given for them, and those quantities."""


def reading(system: TransitionSystem, quantities: Sequence[Quantity]) -> Build:
    """For quantities that the states of a system tell by themselves, which need no counters."""
    return lambda asked: (system, [quantity for quantity in quantities if quantity.key in asked])


def maxima(build: Build, guesses: Mapping[Key, int], search: Search) -> dict[Key, Measured]:
    """The maximum of each quantity; a good guess, from a smaller scope, saves a search.

    Nothing is told of a scope in which the axioms and the initial condition leave no state.
    """
    if not guesses:
        return {}
    known = _glance(build, guesses, search) if search.glance else {key: Measured(0, exact=False) for key in guesses}
    found = {key: m for key, m in known.items() if m.exact}
    if not search.native:
        return known
    best = {key: m for key, m in known.items() if not m.exact}
    high = {key: min(MOST, max(m.value, guesses[key]) + WINDOW) for key, m in best.items()}
    while high:
        system, quantities = build(high)
        searched = _exhaust(system, quantities, {key: best[key].value for key in high}, search)
        for quantity in quantities:
            key = quantity.key
            reached = searched.get(key)
            if reached is None:  # there was no time to begin, or no machine code
                found[key] = best[key]
            elif reached.value < high[key]:
                run = reached.run if reached.value > best[key].value else best[key].run
                found[key] = replace(reached, run=run)
            elif reached.run is not None and goes_round(reached.run, quantity.counter):
                found[key] = replace(reached, exact=True, unbounded=True)
            elif high[key] >= MOST:
                found[key] = replace(reached, exact=False)
            else:
                best[key] = replace(reached, exact=False)
                high[key] = min(MOST, high[key] + 2 * WINDOW)
                continue
            del high[key]
    return found


def possible(
    system: TransitionSystem, wanted: Sequence[Possible], search: Search
) -> dict[tuple[str, str], bool | None]:
    """Whether each can happen in the scope; None where that is not known."""
    claims = {(one.process, one.section): one.claim for one in wanted}
    if not claims:
        return {}
    asked = replace(system, properties=tuple(claims.values()))
    limits = Limits(sizes=search.sizes, total_seconds=max(0.01, search.left))
    names = [claim.name for claim in claims.values()]
    run = Explorations(asked, names, limits, which="auto" if search.native else "reference")
    verdicts = dict(run.judge())
    complete = run.stats().complete
    return {
        key: True if isinstance(verdicts[claim.name], Proved) else False if complete else None
        for key, claim in claims.items()
    }


def goes_round(run: Trace, counter: Symbol | None) -> bool:
    """Whether a run comes back to a state with a higher count, and so could for ever."""
    if counter is None:
        return False
    counts = [int(state.tables[counter][()] or 0) for state in run.states]
    last = max((i for i, (a, b) in enumerate(pairwise(counts), 1) if b < a), default=0)  # where the holding began
    seen: dict[tuple[object, ...], int] = {}
    return any(
        seen.setdefault(_rest(state.tables), count) < count
        for state, count in zip(run.states[last:], counts[last:], strict=True)
    )


def _rest(tables: Mapping[Symbol, Table]) -> tuple[object, ...]:
    """What a state is but for the counters that were added."""
    return tuple(
        (symbol.name, tuple(table.items()))
        for symbol, table in tables.items()
        if symbol.rigid or not symbol.name.startswith("cost.")
    )


# The first states, one by one


def _glance(build: Build, keys: Mapping[Key, int], search: Search) -> dict[Key, Measured]:
    """What the reference meaning says of the first states; exact where there are no more."""
    system, quantities = build(dict.fromkeys(keys, search.most))
    end = search.until if not search.native else min(search.until, monotonic() + _GLANCE_SECONDS)
    most = _GLANCE_STATES if search.native else 10**9
    graph = Graph(instantiate(system, search.sizes))
    complete = _fill(graph, most, end)
    found: dict[Key, Measured] = {}
    if complete and not graph.states:
        return {}
    for quantity in quantities:
        when, term = graph.model.formula(quantity.when), graph.model.formula(quantity.term)
        values = [(int(term(state) or 0), -number) for number, state in enumerate(graph.states) if when(state)]
        value, number = max(values, default=(0, 0))
        run = graph.trace_to(-number) if value else None
        if value >= search.most:
            round_ = run is not None and goes_round(run, quantity.counter)
            found[quantity.key] = Measured(value, round_, round_, run)
        else:
            found[quantity.key] = Measured(value, complete, run=run)
    return found


def _fill(graph: Graph, most: int, end: float) -> bool:
    """Find states breadth first; whether they are all."""
    for state in graph.model.initial_states():
        graph.add(state)
        if len(graph.states) > most or monotonic() > end:
            return False
    number = 0
    while number < len(graph.states):
        for step in graph.model.successors(graph.states[number]):
            graph.add(step.after, (number, step))
        number += 1
        if len(graph.states) > most or monotonic() > end:
            return number == len(graph.states)
    return True


# All states, by machine code


def _exhaust(
    system: TransitionSystem, quantities: Sequence[Quantity], low: Mapping[Key, int], search: Search
) -> dict[Key, Measured]:
    """Judge every bound from the known values up to the ceilings; nothing where there is no time or no machine code."""
    if not search.left:
        return {}
    try:
        return _natively(system, quantities, low, search)
    except Unsupported:
        return {}


def _natively(
    system: TransitionSystem, quantities: Sequence[Quantity], low: Mapping[Key, int], search: Search
) -> dict[Key, Measured]:
    from interlock.engines.native.hunt import Hunt, Resources, Subject
    from interlock.engines.native.outcome import Bounds, Reason, Until
    from interlock.engines.native.packing import pack_layout
    from interlock.engines.native.replay import Replay
    from interlock.engines.native.symmetry import Symmetry

    bounds = [(q.key, n, q.at_most(n)) for q in quantities for n in range(low[q.key], _ceiling(q))]
    claims = [claim for _, _, claim in bounds]
    asked = replace(system, properties=tuple(claims))
    model = instantiate(asked, search.sizes)
    initial = list(model.initial_states())
    if not initial:
        return {}
    packing = pack_layout(model, initial)
    symmetry = Symmetry.of(asked, packing)
    subject = Subject(model, packing, initial, checks_of(model, claims))
    resources = Resources(1, None)
    with Hunt(subject, claims, resources, symmetry=symmetry) as hunt:  # every order of steps: a nearest run is found
        words = [packing.pack(state) for state in initial]
        outcome = hunt.driver.run(words, until=Until.ALL, bounds=Bounds(seconds=search.left))
        if outcome.error is not None:
            raise Unsupported(hunt.steps.faults[outcome.error[0] - 1])
        replay = Replay(model, packing, symmetry.alike) if symmetry else Replay(model, packing)
        found: dict[Key, Measured] = {}
        for quantity in quantities:
            key = quantity.key
            failed = [number for number in outcome.found if bounds[number][0] == key]
            value, run = low[key], None
            if failed:
                last = max(failed, key=lambda number: bounds[number][1])
                value = bounds[last][1] + 1
                path = [hunt.driver.state(index) for index in hunt.driver.path(outcome.found[last].index)]
                run = make_trace(model, *replay.run(initial, path))
            found[key] = Measured(value, outcome.reason is Reason.COMPLETE, run=run)
        return found


def _ceiling(quantity: Quantity) -> int:
    """Where the counter stops, or for what needs none, where counting is given up."""
    kind = None if quantity.counter is None else quantity.counter.result
    return kind.high if isinstance(kind, RangeType) and isinstance(kind.high, int) else MOST
