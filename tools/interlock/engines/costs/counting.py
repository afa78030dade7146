"""Adds counters to a system: what one thread does in a holding, and how long it waits for others.

One thread of a kind is watched, an arbitrary one that rigid symbols name; so counters cost no more states than they
must, and the greatest value over all reachable states is that over all threads.  A counter stops at its ceiling, so
that the states stay finite: what reaches it has to be measured again with a higher one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from interlock.core.rewrite import substitute, subterms, symbols_of
from interlock.core.system import ProcessInfo, Transition, TransitionSystem, Update
from interlock.core.term import FALSE, App, Arith, Compare, Eq, Literal, Symbol, Term, conj, disj, exists, ite, negate
from interlock.core.types import INT, RangeType
from interlock.engines.costs.quantities import OF_HOLDINGS, WHOLE, Key, Kind, Quantity
from interlock.engines.costs.sections import (
    Section,
    among,
    ends,
    heaps_of,
    place_of,
    waits_for_readers,
)
from interlock.engines.costs.taking import holdings_of


@dataclass(frozen=True)
class Counted:
    """A system with counters, what they count, and the symbols that name the thread which is watched."""

    system: TransitionSystem
    quantities: tuple[Quantity, ...]
    who: tuple[Symbol, ...]

    @property
    def counters(self) -> tuple[Symbol, ...]:
        """The counters that were added."""
        return tuple(q.counter for q in self.quantities if q.counter is not None)


def keys_of(system: TransitionSystem, process: ProcessInfo, sleeping: Collection[str]) -> tuple[Key, ...]:
    """What can be counted of a kind of process; what no step of it ever does is left out."""
    return tuple(_keys(system, process, _Watch(system, process, sleeping)))


def _keys(system: TransitionSystem, process: ProcessInfo, watch: _Watch) -> Iterator[Key]:
    for section in (*holdings_of(system, process), None):
        name = WHOLE if section is None else section.name
        if section is None and not ends(system, process):
            continue  # a thread that goes on for ever has no whole to count
        for kind in OF_HOLDINGS:
            if any(watch.doing(section, kind)):
                yield process.name, name, kind
        if section is not None and watch.is_lock(section):
            yield process.name, name, "waiting"


def counted(
    system: TransitionSystem, process: ProcessInfo, sleeping: Collection[str], ceilings: Mapping[Key, int]
) -> Counted:
    """The system with a counter for each key, which stops at its ceiling; `sleeping` are actions that may sleep."""
    watch = _Watch(system, process, sleeping)
    sections = {section.name: section for section in holdings_of(system, process)}
    extra: dict[int, list[Update]] = {}
    quantities: list[Quantity] = []
    for key, ceiling in ceilings.items():
        _, name, kind = key
        text = f"cost.{process.name}.{name or 'whole'}.{kind}".replace(" ", "_")
        symbol = Symbol(text, (), RangeType(0, ceiling))
        for number, value in watch.updates(symbol, sections.get(name), kind, ceiling):
            extra.setdefault(number, []).append(Update(symbol, (), value))
        quantities.append(Quantity(process.name, name, kind, App(symbol), counter=symbol))
    symbols = tuple(q.counter for q in quantities if q.counter is not None)
    zeros = tuple(Update(symbol, (), Literal(0, symbol.result)) for symbol in symbols)
    transitions = tuple(
        replace(transition, updates=(*transition.updates, *extra.get(number, ())))
        for number, transition in enumerate(system.transitions)
    )
    bigger = replace(
        system,
        symbols=(*system.symbols, *watch.symbols, *symbols),
        initial_values=(*system.initial_values, *zeros),
        transitions=transitions,
    )
    return Counted(bigger, tuple(quantities), watch.symbols)


class _Watch:
    """One arbitrary thread of a kind, and the steps that count for it."""

    def __init__(self, system: TransitionSystem, process: ProcessInfo, sleeping: Collection[str]) -> None:
        self._system = system
        self._process = process
        self.symbols = tuple(Symbol(f"cost.{process.name}.{p.name}", (), p.type, rigid=True) for p in process.params)
        self._who: tuple[Term, ...] = tuple(App(symbol) for symbol in self.symbols)
        self._sleeping = sleeping
        self._heaps = heaps_of(system)

    def doing(self, section: Section | None, kind: Kind) -> Iterator[tuple[int, Transition]]:
        """The steps of the kind of process that count in a holding; entering is none, nor is leaving by `with`."""
        for number, transition in enumerate(self._system.transitions):
            if transition.process != self._process.name or not self._is(transition, kind):
                continue
            place = place_of(transition, self._process)
            if section is None or place in (section.places if section.taken else section.places - section.exits):
                yield number, transition

    def updates(self, symbol: Symbol, section: Section | None, kind: Kind, ceiling: int) -> Iterator[tuple[int, Term]]:
        """What becomes of a counter in each of the steps that change it."""
        counter = App(symbol)
        more = ite(Compare("<", counter, Literal(ceiling, INT)), Arith("+", counter, Literal(1, INT)), counter)
        zero = Literal(0, symbol.result)
        if kind == "waiting":
            assert section is not None
            blocked = self.blocked(section)
            assert blocked is not None
            for number, transition in dict(self._holding(section)).items():
                yield number, ite(conj((blocked, negate(self._mine(transition)))), more, counter)
        else:
            for number, transition in self.doing(section, kind):
                yield number, ite(self._mine(transition), more, counter)
        if section is None:
            return
        over = section.enters if section.taken or kind == "waiting" else section.exits
        for number, transition in self._at(self._process, over):
            yield number, ite(self._mine(transition), zero, counter)

    def is_lock(self, section: Section) -> bool:
        """Whether it hangs on others, and not on the thread alone, that a section can be entered."""
        return any(
            isinstance(term, App) and term.symbol != self._process.pc and not self._own(term, transition)
            for _, transition in self._at(self._process, section.enters)
            for term in subterms(transition.guard)
        )

    def _own(self, term: App, transition: Transition) -> bool:
        """Whether a term is the thread's own state, which nobody else changes."""
        return term.args == transition.params and all(
            t.process == self._process.name for t in self._system.transitions if t.update_of(term.symbol) is not None
        )

    def blocked(self, section: Section) -> Term | None:
        """That the thread stands before the section and cannot enter; None where it always can."""
        here = among(self._process, self._who, section.enters)
        ways: list[Term] = []
        for _, transition in self._at(self._process, section.enters):
            own = dict(zip(transition.params, self._who, strict=True))
            ways.append(exists(transition.witnesses, substitute(transition.guard, own)))
        return conj((here, negate(disj(ways)))) if ways else None

    def _holding(self, section: Section) -> Iterator[tuple[int, Transition]]:
        """Steps that somebody takes while he holds a section of the same lock.

        It is the same lock if leaving the one changes what entering the other depends on, whatever the names.
        """
        asked: frozenset[Symbol] = frozenset()
        for _, transition in self._at(self._process, section.enters):
            asked |= symbols_of(transition.guard)
        asked -= {self._process.pc}
        for process in self._system.processes:
            for other in holdings_of(self._system, process):
                if any(u.symbol in asked for _, t in self._at(process, other.exits) for u in t.updates):
                    yield from self._at(process, other.places)

    def _at(self, process: ProcessInfo, places: Collection[str]) -> Iterator[tuple[int, Transition]]:
        """The steps that a kind of process takes from some places."""
        for number, transition in enumerate(self._system.transitions):
            if transition.process == process.name and place_of(transition, process) in places:
                yield number, transition

    def _mine(self, transition: Transition) -> Term:
        """That it is the watched thread which takes the step."""
        if transition.process != self._process.name:
            return FALSE
        return conj(Eq(p, who) for p, who in zip(transition.params, self._who, strict=True))

    def _is(self, transition: Transition, kind: Kind) -> bool:
        match kind:
            case "steps":
                return True
            case "allocations":
                return any(heap.allocates(transition) for heap in self._heaps)
            case "grace periods":
                return waits_for_readers(transition)
            case "sleeps":
                return transition.action in self._sleeping
            case "waiting" | "at rest" | "at most":
                return False
