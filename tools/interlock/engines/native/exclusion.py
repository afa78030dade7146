"""Where control of a thread may go, and which locations of two threads no state has together, since a lock is between.

A lock is told from its use: a relation such as `held_init(l)` of which a thread sets only its own row, and never sets
it without testing that no other thread's row is set.  Two such relations that test each other are never set for two
threads at once, by induction over the steps; and where the row is set at a location follows from the control graph.
So `v13`'s two scans, which hold one mutex, are known not to meet before a single state has been computed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from interlock.core.rewrite import leaves, substitute
from interlock.core.system import ProcessInfo, Transition, TransitionSystem
from interlock.core.term import (
    FALSE,
    TRUE,
    App,
    Eq,
    Literal,
    Not,
    Quant,
    Symbol,
    Term,
    Var,
    children,
    conjuncts,
    rebuild,
    type_of,
)
from interlock.core.types import BOOL, EnumType
from interlock.engines.native.independence import Footprint, is_choice


@dataclass(frozen=True, slots=True)
class Move:
    """A transition (by number) from a location of a thread to another; `sure` if it cannot lead anywhere else."""

    number: int
    source: str
    target: str


@dataclass(frozen=True)
class Flow:
    """The control graph of a kind of process; `entries` are the locations at which a thread may begin."""

    process: ProcessInfo
    moves: tuple[Move, ...]
    entries: frozenset[str]

    @property
    def locations(self) -> tuple[str, ...]:
        """All locations, in the order of the program counter's type."""
        return members_of(self.process)

    def numbers(self, location: str) -> tuple[int, ...]:
        """The transitions that a thread may take at a location."""
        return tuple(dict.fromkeys(move.number for move in self.moves if move.source == location))


def members_of(process: ProcessInfo) -> tuple[str, ...]:
    """The locations of a process."""
    assert isinstance(process.pc.result, EnumType)
    return process.pc.result.members


def flow_of(system: TransitionSystem, process: ProcessInfo) -> Flow:
    """Read the control graph off guards and updates of the program counter; where they do not tell, it is anywhere."""
    moves = tuple(
        Move(number, source, target)
        for number, transition in enumerate(system.transitions)
        if transition.process == process.name
        for source in _sources(process, transition)
        for target in _targets(process, transition, source)
    )
    first = next((u.value for u in system.initial_values if u.symbol == process.pc), None)
    entries = members_of(process) if first is None or not is_choice(first) else tuple(str(v) for v in leaves(first))
    return Flow(process, moves, frozenset(entries))


def _sources(process: ProcessInfo, transition: Transition) -> Iterator[str]:
    for location in members_of(process):
        if _at(transition.guard, App(process.pc, transition.params[: len(process.params)]), location) != FALSE:
            yield location


def _at(term: Term, pc: App, location: str) -> Term:
    """A formula for a thread at a location: what it asks of its program counter is decided."""
    match term:
        case Eq(left=read, right=Literal() as asked) | Eq(left=Literal() as asked, right=read) if read == pc:
            return TRUE if asked.value == location else FALSE
        case Quant():
            return term  # a bound variable may have the parameter's name
        case _:
            return rebuild(term, tuple(_at(part, pc, location) for part in children(term)))


def _targets(process: ProcessInfo, transition: Transition, source: str) -> tuple[str, ...]:
    update = transition.update_of(process.pc)
    if update is None:
        return (source,)
    value = substitute(update.value, dict(zip(update.formals, transition.params, strict=False)))
    return tuple(dict.fromkeys(str(v) for v in leaves(value))) if is_choice(value) else members_of(process)


@dataclass(frozen=True, slots=True)
class Lock:
    """A relation that a thread of a process sets for itself; `tested` are those that all its setters find empty."""

    process: str
    held: Symbol
    tested: frozenset[Symbol]
    locations: frozenset[str]
    """Locations at which it is set for certain."""


@dataclass(frozen=True)
class Exclusion:
    """The locks of a system, and what each transition finds empty before it is taken."""

    locks: tuple[Lock, ...]
    tests: tuple[frozenset[Symbol], ...]

    def apart(self, process: str, location: str, other: str | None, place: str, number: int) -> bool:
        """Whether, while a thread is at a location, no other thread can take a transition at a place of its own."""
        held = [lock for lock in self.locks if lock.process == process and location in lock.locations]
        if any(lock.held in self.tests[number] for lock in held):
            return True
        there = [lock for lock in self.locks if lock.process == other and place in lock.locations]
        return any(a.held in b.tested and b.held in a.tested for a in held for b in there)


def exclusion_of(system: TransitionSystem, flows: Sequence[Flow], prints: Sequence[Footprint]) -> Exclusion:
    """Find the locks of a system."""
    tests = tuple(_found_empty(t.guard) for t in system.transitions)
    starts = {u.symbol: u.value for u in system.initial_values}
    locks = [
        lock
        for flow in flows
        if is_own(flow.process.pc, flow.process, prints)
        for symbol in system.symbols
        if symbol.result == BOOL and len(symbol.params) == len(flow.process.params) and not symbol.rigid
        if starts.get(symbol) == FALSE and is_own(symbol, flow.process, prints)
        for lock in _lock(system, flow, symbol, tests)
    ]
    return Exclusion(tuple(locks), tests)


def is_own(symbol: Symbol, process: ProcessInfo, prints: Sequence[Footprint]) -> bool:
    """Whether only a process's threads write a symbol, each in its own row only."""
    row = tuple(range(len(process.params)))
    return len(symbol.params) >= len(row) and all(
        print_.process == process.name and write.places[: len(row)] == row
        for print_ in prints
        for write in print_.writes
        if write.symbol == symbol
    )


def _found_empty(guard: Term) -> frozenset[Symbol]:
    """Relations that a guard requires to be empty."""
    found: set[Symbol] = set()
    for part in conjuncts(guard):
        bound, body = (part.vars, part.body) if isinstance(part, Quant) and part.kind == "forall" else ((), part)
        for piece in conjuncts(body):
            match piece:
                case Not(arg=App(symbol=symbol, args=args)) if _is_everywhere(args, symbol, bound):
                    found.add(symbol)
                case _:
                    pass
    return frozenset(found)


def _is_everywhere(args: Sequence[Term], symbol: Symbol, bound: Sequence[Var]) -> bool:
    """Whether the arguments are distinct bound variables that run over all of the symbol's cells."""
    runs = all(isinstance(arg, Var) and arg in bound for arg in args) and len(set(args)) == len(args)
    return runs and tuple(type_of(arg) for arg in args) == symbol.params


def _lock(system: TransitionSystem, flow: Flow, symbol: Symbol, tests: Sequence[frozenset[Symbol]]) -> Iterator[Lock]:
    """The relation as a lock, if its setters test something."""
    effects = {move.number: _effect(system.transitions[move.number], flow.process, symbol) for move in flow.moves}
    setters = [number for number, effect in effects.items() if effect not in ("cleared", "kept")]
    tested = frozenset[Symbol].intersection(*(tests[number] for number in setters)) if setters else frozenset[Symbol]()
    if tested:
        yield Lock(flow.process.name, symbol, tested, _where_set(flow, effects))


def _effect(transition: Transition, process: ProcessInfo, symbol: Symbol) -> str:
    """What a step does to the thread's own row: `set`, `cleared`, `kept`, or `unknown`."""
    update = transition.update_of(symbol)
    if update is None:
        return "kept"
    value = substitute(update.value, dict(zip(update.formals, transition.params[: len(process.params)], strict=True)))
    if value == TRUE:
        return "set"
    return "cleared" if value == FALSE else "unknown"


def _where_set(flow: Flow, effects: Mapping[int, str]) -> frozenset[str]:
    """Locations at which the row is set whatever way led there: the greatest solution."""
    places = set(flow.locations) - flow.entries
    while True:
        lost = {
            move.target
            for move in flow.moves
            if move.target in places
            and not (effects[move.number] == "set" or (effects[move.number] == "kept" and move.source in places))
        }
        if not lost:
            return frozenset(places)
        places -= lost
