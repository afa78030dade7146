"""Where the threads of a system hold what, and which of its steps allocate or wait for a grace period.

Nothing here knows a design.  A section is a region that a step `NAME.exit` leaves, which is what `with` becomes.  A
heap is what keeps its blocks as `std.heap` or `std.heap_reuse` do.  A step that waits for a grace period is one whose
guard reads whom `std.rcu` still owes.  All this goes by the names in these modules, under any instance's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from interlock.core.rewrite import subterms, symbols_of
from interlock.core.system import ProcessInfo, Transition, TransitionSystem
from interlock.core.term import TRUE, App, Count, Eq, Literal, Or, Symbol, Term, Var, conjuncts, disj
from interlock.core.types import BOOL, EnumType, SortType


@dataclass(frozen=True)
class Section:
    """A lock, or a read-side section, that a kind of process holds: `places` are where it is held.

    It is entered from `enters` and left from `exits`, of which there may be several: each way out has its own.
    `requests` is where it is asked for, if that is a step of its own.  If it is `taken` without `with`, the step that
    lets it go may do more than that.
    """

    process: ProcessInfo
    name: str
    places: frozenset[str]
    enters: frozenset[str]
    exits: frozenset[str]
    requests: frozenset[str]
    taken: bool = False


@dataclass(frozen=True)
class Heap:
    """Blocks that are handed out: `life` says of each whether it lives."""

    name: str
    block: SortType
    life: Symbol

    def lives(self, block: Term) -> Term:
        """That a block lives."""
        app = App(self.life, (block,))
        return app if self.life.result == BOOL else Eq(app, Literal("LIVE", self.life.result))

    def live(self) -> Term:
        """How many blocks live."""
        var = Var("block", self.block)
        return Count((var,), self.lives(var))

    def allocates(self, transition: Transition) -> bool:
        """Whether a step makes a block live."""
        update = transition.update_of(self.life)
        if update is None:
            return False
        if self.life.result == BOOL:
            return isinstance(update.value, Or) or update.value == TRUE
        return any(isinstance(t, Literal) and t.value == "LIVE" for t in subterms(update.value))


def sections_of(process: ProcessInfo) -> tuple[Section, ...]:
    """What threads of a kind hold, in the order of the text."""
    labels = {label: frozenset(places) for label, places in process.labels}

    def at(name: str, part: str) -> frozenset[str]:
        return labels.get(f"{name}.{part}", frozenset())

    return tuple(
        Section(process, name, frozenset(places), at(name, "enter"), at(name, "exit"), at(name, "request"))
        for name, places in process.regions
        if at(name, "exit").intersection(places)
    )


def heaps_of(system: TransitionSystem) -> tuple[Heap, ...]:
    """The heaps of a system."""
    names = {symbol.name for symbol in system.symbols}
    return tuple(heap for symbol in system.symbols if (heap := _heap(symbol, names)) is not None)


def _heap(symbol: Symbol, names: set[str]) -> Heap | None:
    instance, _, last = symbol.name.rpartition(".")
    match symbol.params, symbol.result:
        case (SortType() as block,), EnumType() as life if last == "life" and {"LIVE", "FREED"} <= set(life.members):
            return Heap(instance, block, symbol)
        case (SortType() as block,), result if last == "live" and result == BOOL and f"{instance}.freed" in names:
            return Heap(instance, block, symbol)
        case _:
            return None


def waits_for_readers(transition: Transition) -> bool:
    """Whether the step is taken only after a grace period."""
    return any(
        symbol.name.rpartition(".")[2].startswith(("owes_", "delays_")) for symbol in symbols_of(transition.guard)
    )


def place_of(transition: Transition, process: ProcessInfo) -> str:
    """The place from which a process takes a step."""
    for part in conjuncts(transition.guard):
        match part:
            case Eq(left=App(symbol=symbol), right=Literal(value=str(place))) if symbol == process.pc:
                return place
            case _:
                pass
    raise AssertionError(f"{transition.action} can be taken from anywhere")


def places_to(transition: Transition, process: ProcessInfo) -> Iterator[str]:
    """Places that a process may be at after its step."""
    update = transition.update_of(process.pc)
    for term in () if update is None else subterms(update.value):
        if isinstance(term, Literal) and isinstance(term.value, str):
            yield term.value


def ends(system: TransitionSystem, process: ProcessInfo) -> bool:
    """Whether a thread of the kind can be done at all."""
    return any(
        process.done in places_to(transition, process)
        for transition in system.transitions
        if transition.process == process.name
    )


def first_places(system: TransitionSystem, process: ProcessInfo) -> frozenset[str]:
    """Where a thread of the kind begins."""
    return frozenset(
        str(term.value)
        for value in system.initial_values
        if value.symbol == process.pc
        for term in subterms(value.value)
        if isinstance(term, Literal) and isinstance(term.value, str)
    )


def among(process: ProcessInfo, args: tuple[Term, ...], places: frozenset[str]) -> Term:
    """That a thread is at one of the places."""
    pc = App(process.pc, args)
    members = process.pc.result.members if isinstance(process.pc.result, EnumType) else ()
    return disj(Eq(pc, Literal(place, process.pc.result)) for place in members if place in places)
