"""What each transition reads and writes, and which transitions therefore cannot disturb each other.

Two steps of different threads are independent if neither writes what the other reads or writes: then neither enables,
disables or changes the other, and both orders end in the same state.  What is read and written is found in the text:
a symbol, what is known of its arguments, and, where only one value matters, that value.  Two things make this precise
enough to be of use.  A thread's own rows, `init.pc(l)` or `held_init(l)` in a step of `init(l)`, are not another
thread's; and a step that moves a thread from `fill` to `publish` does not disturb a formula that asks whether the
thread is at `alloc_list`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from interlock.core.rewrite import elsewhere, leaves, substitute
from interlock.core.system import Transition, TransitionSystem, Update
from interlock.core.term import (
    FALSE,
    TRUE,
    And,
    App,
    Count,
    Eq,
    Ite,
    Literal,
    Not,
    Or,
    Quant,
    Symbol,
    Term,
    Value,
    Var,
    children,
    conjuncts,
)
from interlock.core.types import BOOL
from interlock.engines.evaluate.updates import point_writes

Place: TypeAlias = int | Literal | None
"""What is known of an argument: the number of the thread's parameter that it is, a constant, or nothing."""


@dataclass(frozen=True, slots=True)
class Access:
    """Cells of a symbol that are read or written.

    `values`: of a read, the values of which it is asked whether the cell has one; of a write, the values that a cell
    may have had or be given; None for any.  `stored` is the one value that a write gives, where it gives only one, and
    `needed` the one that the cells must have for the transition to be enabled.
    """

    symbol: Symbol
    places: tuple[Place, ...]
    values: frozenset[Value] | None = None
    stored: Literal | None = None
    needed: Literal | None = None


@dataclass(frozen=True, slots=True)
class Footprint:
    """All that a transition reads and writes; `process` is its thread's, which has so many parameters."""

    process: str | None
    arity: int
    reads: tuple[Access, ...]
    writes: tuple[Access, ...]


def footprints(system: TransitionSystem) -> tuple[Footprint, ...]:
    """The footprint of each transition, in order."""
    arity = {process.name: len(process.params) for process in system.processes}
    return tuple(_footprint(t, arity.get(t.process or "", 0)) for t in system.transitions)


def disturbs(one: Footprint, other: Footprint, met: Collection[Access] = ()) -> bool:
    """Whether the order may matter in which a thread takes a transition and another thread (or action) takes the other.

    `met` are reads of the first one, of cells that have what it needs whenever it matters: then to write the same into
    them is no change.  To write what the other one needs does not matter either: it cannot have gone first without it.
    """
    kin = one.arity if one.process is not None and one.process == other.process else None
    return (
        any(meets(w, r, kin) and not _gives(w, r) for w in one.writes for r in other.reads)
        or any(meets(w, r, kin) and not (r in met and _gives(w, r)) for w in other.writes for r in one.reads)
        or any(clashes(w, v, kin) for w in one.writes for v in other.writes)
    )


def _gives(write: Access, read: Access) -> bool:
    """Whether a transition needs a cell to have the very value that is written."""
    return read.needed is not None and read.needed == write.stored


def meets(write: Access, read: Access, kin: int | None = None) -> bool:
    """Whether a write may change what a read finds; `kin` is the arity of a process if both are its threads'."""
    if not _same_cell(write, read, kin):
        return False
    return write.values is None or read.values is None or bool(write.values & read.values)


def clashes(one: Access, other: Access, kin: int | None = None) -> bool:
    """Whether it may matter which of two writes comes last."""
    return _same_cell(one, other, kin) and (one.stored is None or one.stored != other.stored)


def reads_of(term: Term, params: Sequence[Var | None] = ()) -> Iterator[Access]:
    """What a term reads of the state, primed or not, in a step of the thread with these parameters."""
    match term:
        case Eq(left=App() as read, right=Literal() as asked) | Eq(left=Literal() as asked, right=App() as read):
            yield from (replace(access, values=frozenset((asked.value,))) for access in _cell(read, params))
            for arg in read.args:
                yield from reads_of(arg, params)
        case Quant() | Count():
            yield from reads_of(term.body, [None if param in term.vars else param for param in params])
        case _:
            if isinstance(term, App):
                yield from _cell(term, params)
            for child in children(term):
                yield from reads_of(child, params)


def _cell(read: App, params: Sequence[Var | None]) -> Iterator[Access]:
    if not read.symbol.rigid:
        yield Access(read.symbol, tuple(_place(arg, params) for arg in read.args))


def _place(term: Term, params: Sequence[Var | None]) -> Place:
    match term:
        case Literal():
            return term
        case Var():
            return params.index(term) if term in params else None
        case _:
            return None


def _same_cell(one: Access, other: Access, kin: int | None) -> bool:
    """Whether two accesses, of two threads, may be to one cell."""
    if one.symbol != other.symbol:
        return False
    pairs = list(zip(one.places, other.places, strict=True))
    if any(isinstance(a, Literal) and isinstance(b, Literal) and a.value != b.value for a, b in pairs):
        return False
    # two threads of one process differ in some parameter, so their rows are disjoint where all parameters are told
    return kin is None or not {a for a, b in pairs if isinstance(a, int) and a == b} >= set(range(kin))


@dataclass(frozen=True, slots=True)
class _Write:
    """A write of `value` to the cell at `args` (None where it is to many) if what is `asked` says so."""

    symbol: Symbol
    args: tuple[Term | None, ...]
    value: Term
    asked: tuple[Term, ...] = ()


def _footprint(transition: Transition, arity: int) -> Footprint:
    params = transition.params[:arity]
    reads = [read for part in conjuncts(transition.guard) for read in _asked(part, params)]
    told = _told(transition.guard)
    writes: list[Access] = []
    for write in (write for update in transition.updates for write in _writes(update, params)):
        reads += [access for term in (write.value, *write.asked) for access in reads_of(term, params)]
        places = tuple(None if arg is None else _place(arg, params) for arg in write.args)
        before = told.get((write.symbol, write.args))
        known = before is not None and is_choice(write.value)
        values = frozenset((before.value, *leaves(write.value))) if before is not None and known else None
        stored = write.value if isinstance(write.value, Literal) else None
        writes.append(Access(write.symbol, places, values, stored))
    return Footprint(transition.process, arity, tuple(dict.fromkeys(reads)), tuple(dict.fromkeys(writes)))


def _asked(part: Term, params: Sequence[Var]) -> Iterator[Access]:
    """What one conjunct of a guard reads."""
    needed = _need(part)
    for read in reads_of(part, params):
        yield replace(read, needed=needed)


def _need(part: Term) -> Literal | None:
    """The value that a conjunct asks of a cell, or of each of some cells, if it asks that and nothing else."""
    match part:
        case Quant(kind="forall", body=Quant()):
            return None
        case Quant(kind="forall"):
            return _need(part.body)
        case App(symbol=symbol) if symbol.result == BOOL and _is_plain(part):
            return TRUE
        case Not(arg=App() as cell) if _is_plain(cell):
            return FALSE
        case Eq(left=App() as cell, right=Literal() as value) | Eq(left=Literal() as value, right=App() as cell):
            return value if _is_plain(cell) else None
        case _:
            return None


def _is_plain(cell: App) -> bool:
    return all(isinstance(arg, Var | Literal) for arg in cell.args)


def _told(guard: Term) -> dict[tuple[Symbol, tuple[Term | None, ...]], Literal]:
    """Cells of which the guard says what is in them before the step."""
    found: dict[tuple[Symbol, tuple[Term | None, ...]], Literal] = {}
    for part in conjuncts(guard):
        match part:
            case Eq(left=App() as read, right=Literal() as value) | Eq(left=Literal() as value, right=App() as read):
                found[read.symbol, read.args] = value
            case _:
                pass
    return found


def is_choice(value: Term) -> bool:
    """Whether a term is one of some constants: those that `leaves` gives."""
    return isinstance(value, Literal) or (isinstance(value, Ite) and is_choice(value.yes) and is_choice(value.no))


def _writes(update: Update, params: Sequence[Var]) -> Iterator[_Write]:
    """An update as writes to single cells, or to all cells that agree with the thread's parameters in some places."""
    points = point_writes(update)
    if points is not None:
        for write in points:
            given = dict(zip(update.formals, write.point, strict=True))
            value, condition = (substitute(term, given) for term in (write.value, write.condition))
            yield _Write(update.symbol, write.point, value, (condition, *write.point))
        return
    unchanged = App(update.symbol, update.formals)
    own = {f: p for f in update.formals for p in params if elsewhere(update.value, f, p) == unchanged}
    value = substitute(update.value, own)
    kept = substitute(unchanged, own)
    args = tuple(own.get(formal) for formal in update.formals)
    if value == kept:
        return
    if isinstance(value, And | Or) and kept in value.args:  # it only takes away, or only adds
        rest = tuple(part for part in value.args if part != kept)
        yield _Write(update.symbol, args, FALSE if isinstance(value, And) else TRUE, rest)
    else:
        yield _Write(update.symbol, args, value)
