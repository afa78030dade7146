"""Syntax of names, types and expressions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal as OneOf
from typing import TypeAlias

from interlock.core.source import Span


@dataclass(frozen=True, slots=True)
class Name:
    """An identifier, possibly dotted (`std.mutex`), as written."""

    text: str
    span: Span


# ---------------------------------------------------------------- types


@dataclass(frozen=True, slots=True)
class NamedType:
    """`Lru`, `Bool`, `Int`, `Process`, or `n.Item` of an instance."""

    name: Name
    span: Span


@dataclass(frozen=True, slots=True)
class OptionalType:
    """`T?`."""

    of: TypeExpr
    span: Span


@dataclass(frozen=True, slots=True)
class SetType:
    """`{T}`: a set of elements, sugar for a unary relation."""

    element: Name
    span: Span


@dataclass(frozen=True, slots=True)
class RangeTypeExpr:
    """`0..N`; `high` is a number or the name of a constant."""

    low: int
    high: int | Name
    span: Span


@dataclass(frozen=True, slots=True)
class WalkType:
    """`walk R` or `walk snapshot R`: a cursor over a set."""

    over: Expr
    snapshot: bool
    span: Span


TypeExpr: TypeAlias = NamedType | OptionalType | SetType | RangeTypeExpr | WalkType


@dataclass(frozen=True, slots=True)
class Binder:
    """One bound variable `x: T`; `x, y: T` gives two."""

    name: Name
    type: TypeExpr


# ---------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True)
class Ident:
    """A plain name used as an expression."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Number:
    """A non-negative integer."""

    value: int
    span: Span


@dataclass(frozen=True, slots=True)
class Constant:
    """`true`, `false`, `none` or `self`."""

    word: OneOf["true", "false", "none", "self"]
    span: Span


@dataclass(frozen=True, slots=True)
class Call:
    """`f(args)`: application, call, or selection by arguments; an argument may be a binder (bulk forms)."""

    target: Expr
    args: tuple[Expr | Binder, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Member:
    """`x.name`."""

    target: Expr
    name: Name
    span: Span


@dataclass(frozen=True, slots=True)
class Bang:
    """`x!`."""

    target: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Prime:
    """`t'`."""

    target: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Unary:
    """`not x` or `-x`."""

    op: OneOf["not", "-"]
    arg: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands; `in` and `not in` have a set on the right."""

    op: OneOf["and", "or", "implies", "iff", "=", "!=", "<", "<=", ">", ">=", "+", "-", "*", "in", "not in"]
    left: Expr
    right: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Conditional:
    """`if c then x else y`."""

    condition: Expr
    yes: Expr
    no: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Quantified:
    """`forall x: S :: P` or `exists ...`."""

    kind: OneOf["forall", "exists"]
    binders: tuple[Binder, ...]
    body: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Counted:
    """`count(x: S where P)`; without `where`, the size of the sort."""

    binders: tuple[Binder, ...]
    where: Expr | None
    span: Span


@dataclass(frozen=True, slots=True)
class SetLiteral:
    """`{}` or `{a, b}`."""

    items: tuple[Expr, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Comprehension:
    """`{x: S where P}`."""

    binder: Binder
    where: Expr
    span: Span


Expr: TypeAlias = (
    Ident
    | Number
    | Constant
    | Call
    | Member
    | Bang
    | Prime
    | Unary
    | Binary
    | Conditional
    | Quantified
    | Counted
    | SetLiteral
    | Comprehension
)
