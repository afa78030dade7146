"""Syntax of the statements inside one step, operation, section or action."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from interlock.core.source import Span
from interlock.lang.syntax.expressions import Binder, Expr, Name


@dataclass(frozen=True, slots=True)
class Assign:
    """`lv := rhs`, with `where` for the bulk form `home(x: Item) := parent where home(x) = child`."""

    target: Expr
    value: Expr
    where: Expr | None
    span: Span


@dataclass(frozen=True, slots=True)
class CallStatement:
    """A call for its effect: `pins(l).init()`."""

    call: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Let:
    """`let n = e` (the name lives to the end of the step)."""

    name: Name
    value: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Pick:
    """`pick x: S where P`."""

    binder: Binder
    where: Expr | None
    span: Span


@dataclass(frozen=True, slots=True)
class Havoc:
    """`havoc v such that P`."""

    target: Expr
    such_that: Expr | None
    span: Span


@dataclass(frozen=True, slots=True)
class Await:
    """`await P`."""

    condition: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Assert:
    """`assert name: P`."""

    name: Name
    condition: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Goto:
    """`goto label`, in a step or between steps."""

    label: Name
    span: Span


@dataclass(frozen=True, slots=True)
class Break:
    """`break`, in a step or between steps."""

    span: Span


@dataclass(frozen=True, slots=True)
class Return:
    """`return` or `return e`, in a step, an operation, or between steps."""

    value: Expr | None
    span: Span


@dataclass(frozen=True, slots=True)
class Acquire:
    """`acquire m`: the lock's enter as part of this step."""

    section: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Release:
    """`release m`."""

    section: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class IfStatement:
    """`if c {..} else {..}`; `else if` is an else block of one `if`."""

    condition: Expr
    yes: tuple[Statement, ...]
    no: tuple[Statement, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class EitherStatement:
    """`either {..} or {..}`."""

    branches: tuple[tuple[Statement, ...], ...]
    span: Span


Statement: TypeAlias = (
    Assign
    | CallStatement
    | Let
    | Pick
    | Havoc
    | Await
    | Assert
    | Goto
    | Break
    | Return
    | Acquire
    | Release
    | IfStatement
    | EitherStatement
)
