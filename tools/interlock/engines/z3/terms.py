"""z3 as seen from typed Python: the one place where its untyped library is imported.

z3's Python library has no types, so its values are `Expr`, `Sort` and `Decl` here: names for a reader, `Any` for the
type checker.  Every system gets a context of its own, so that names of one never meet those of another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any, TypeAlias

z3: Any = import_module("z3")

Context: TypeAlias = Any
Expr: TypeAlias = Any
Sort: TypeAlias = Any
Decl: TypeAlias = Any
Model: TypeAlias = Any
Solver: TypeAlias = Any


class UnsupportedError(Exception):
    """A term that the solver cannot be asked about; its text is the reason that the verdict gives."""


def conjunction(parts: Iterable[Expr], context: Context) -> Expr:
    """Conjunction of any number of z3 formulas."""
    found = list(parts)
    match len(found):
        case 0:
            return z3.BoolVal(True, context)
        case 1:
            return found[0]
        case _:
            return z3.And(*found)


def disjunction(parts: Iterable[Expr], context: Context) -> Expr:
    """Disjunction of any number of z3 formulas."""
    found = list(parts)
    match len(found):
        case 0:
            return z3.BoolVal(False, context)
        case 1:
            return found[0]
        case _:
            return z3.Or(*found)


def universal(variables: Sequence[Expr], body: Expr) -> Expr:
    """`forall variables. body`; the body itself where there are none."""
    return z3.ForAll(list(variables), body) if variables else body


def existential(variables: Sequence[Expr], body: Expr) -> Expr:
    """`exists variables. body`; the body itself where there are none."""
    return z3.Exists(list(variables), body) if variables else body
