"""Syntax of what a process consists of: steps, and control between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from interlock.core.source import Span
from interlock.lang.syntax.expressions import Expr, Name, TypeExpr
from interlock.lang.syntax.statements import Break, Goto, Return, Statement


@dataclass(frozen=True, slots=True)
class StepItem:
    """`step label: s; s` or `step label {..}`, atomic."""

    label: Name
    body: tuple[Statement, ...]
    rest: bool
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class With:
    """`with a, b as region {..}`."""

    sections: tuple[Expr, ...]
    region: Name | None
    body: tuple[ProcessItem, ...]
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class For:
    """`for x in R`, `for x: S where P`, each with `snapshot` and `as region`.

    With `in`, `over` is the set and `sort` None; with `where`, `over` is the condition, which may mention x.
    """

    var: Name
    sort: TypeExpr | None
    over: Expr
    snapshot: bool
    region: Name | None
    body: tuple[ProcessItem, ...]
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class While:
    """`while c {..}`; `loop {..}` has no condition."""

    condition: Expr | None
    body: tuple[ProcessItem, ...]
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class IfItem:
    """`if c {..} else {..}` between steps."""

    condition: Expr
    yes: tuple[ProcessItem, ...]
    no: tuple[ProcessItem, ...]
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class EitherItem:
    """`either {..} or {..}` between steps."""

    branches: tuple[tuple[ProcessItem, ...], ...]
    span: Span
    doc: str = ""


ProcessItem: TypeAlias = StepItem | With | For | While | IfItem | EitherItem | Goto | Break | Return
