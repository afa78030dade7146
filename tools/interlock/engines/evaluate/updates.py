"""Updates of symbols, compiled.

The meaning is one new value for every tuple of arguments.  Most updates are point writes, which lowering states as a
conditional over the formals that ends in the symbol itself; those are recognised and write single cells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

from interlock.core.rewrite import free_vars
from interlock.core.system import Update
from interlock.core.term import FALSE, TRUE, And, App, Eq, Ite, Not, Or, Term, Var, conj, conjuncts
from interlock.engines.evaluate.compile import Compiler, Env, Eval, Scope, Undefined
from interlock.engines.evaluate.layout import Block, Cell, Cells, Unsupported

Apply: TypeAlias = Callable[[Cells, list[Cell], Env], None]
"""Write an update's new values: (state before, cells of the state after, values of variables)."""

Check: TypeAlias = Callable[[Cell, Cells], Cell]
"""Pass a value on that may be stored in a state, or raise Unsupported."""


@dataclass(frozen=True, slots=True)
class PointWrite:
    """`value` is written at `point` (one term for each formal) if `condition` holds there."""

    point: tuple[Term, ...]
    condition: Term
    value: Term


def point_writes(update: Update) -> list[PointWrite] | None:
    """The update as writes to single points, the last one winning; None where it is no such update."""
    if not update.formals:
        return None
    return _writes(update.value, update)


def _writes(value: Term, update: Update) -> list[PointWrite] | None:
    match value:
        case App(symbol=symbol, args=args, primed=False) if symbol == update.symbol and args == update.formals:
            return []
        case Ite():
            return _before(_point(value.condition, value.yes, update), _writes(value.no, update))
        case Or(args=(*front, last)):
            writes = _writes(last, update)
            for part in reversed(front):
                writes = _before(_point(part, TRUE, update), writes)
            return writes
        case And(args=(*front, last)):
            writes = _writes(last, update)
            for part in reversed(front):
                point = _point(part.arg, FALSE, update) if isinstance(part, Not) else None
                writes = _before(point, writes)
            return writes
        case _:
            return None


def _before(write: PointWrite | None, others: list[PointWrite] | None) -> list[PointWrite] | None:
    """The write on top of others: it comes last."""
    return None if write is None or others is None else [*others, write]


def _point(condition: Term, value: Term, update: Update) -> PointWrite | None:
    """Read a condition as "the formals are these terms, and more"; None where it leaves a formal open."""
    formals = frozenset(update.formals)
    point: dict[Var, Term] = {}
    rest: list[Term] = []
    for part in conjuncts(condition):
        solved = _solved(part, formals, point)
        if solved is None:
            rest.append(part)
        else:
            point[solved[0]] = solved[1]
    if point.keys() != formals:
        return None
    return PointWrite(tuple(point[formal] for formal in update.formals), conj(rest), value)


def _solved(part: Term, formals: frozenset[Var], known: Mapping[Var, Term]) -> tuple[Var, Term] | None:
    if isinstance(part, Eq):
        for side, other in ((part.left, part.right), (part.right, part.left)):
            if isinstance(side, Var) and side in formals - known.keys() and not free_vars(other) & formals:
                return side, other
    return None


def compile_update(compiler: Compiler, update: Update, scope: Scope, check: Check, *, points: bool = True) -> Apply:
    """Compile an update; `points=False` keeps to the plain meaning, for tests to compare with."""
    block = compiler.layout.blocks[update.symbol]
    inner = compiler.bind(scope, update.formals)
    writes = point_writes(update) if points else None
    if writes is None:
        return _everywhere(block, update, inner, compiler.term(update.value, inner), check)
    return _in_turn([_write(compiler, update, write, inner, check) for write in writes])


def _in_turn(parts: list[Apply]) -> Apply:
    if len(parts) == 1:
        return parts[0]

    def apply(before: Cells, after: list[Cell], env: Env) -> None:
        for part in parts:
            part(before, after, env)

    return apply


def _stored(value: Eval, update: Update, check: Check) -> Callable[[Cells, Env], Cell]:
    def stored(before: Cells, env: Env) -> Cell:
        try:
            return check(value(before, before, env), before)
        except Undefined:
            raise Unsupported(f"a step writes a value to {update.symbol.name} that does not exist") from None

    return stored


def _everywhere(block: Block, update: Update, scope: Scope, value: Eval, check: Check) -> Apply:
    slots = [scope[formal] for formal in update.formals]
    stored = _stored(value, update, check)
    strides, offset, domains = block.strides, block.offset, block.domains

    def apply(before: Cells, after: list[Cell], env: Env) -> None:
        for args in product(*(domain.at(before) for domain in domains)):
            cell = offset
            for slot, arg, domain, stride in zip(slots, args, domains, strides, strict=True):
                env[slot] = arg
                cell += domain.positions[arg] * stride
            after[cell] = stored(before, env)

    return apply


def _write(compiler: Compiler, update: Update, write: PointWrite, scope: Scope, check: Check) -> Apply:
    block = compiler.layout.blocks[update.symbol]
    slots = [scope[formal] for formal in update.formals]
    point = [compiler.term(term, scope) for term in write.point]
    condition = None if write.condition == TRUE else compiler.term(write.condition, scope)
    stored = _stored(compiler.term(write.value, scope), update, check)
    places = list(zip(slots, point, block.domains, block.strides, strict=True))
    offset = block.offset

    def apply(before: Cells, after: list[Cell], env: Env) -> None:
        cell = offset
        for slot, term, domain, stride in places:
            try:
                arg = term(before, before, env)
            except Undefined:
                return
            if not domain.admits(arg, before):
                return
            env[slot] = arg
            cell += domain.positions[arg] * stride
        if condition is None or condition(before, before, env):
            after[cell] = stored(before, env)

    return apply
