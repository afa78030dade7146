"""Syntax of declarations, and of the module that they make up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal as OneOf
from typing import TypeAlias

from interlock.core.source import Source, Span
from interlock.lang.syntax.expressions import Binder, Expr, Name, TypeExpr
from interlock.lang.syntax.processes import ProcessItem
from interlock.lang.syntax.statements import Statement

FairnessWord: TypeAlias = OneOf["", "fair", "strongly fair"]


@dataclass(frozen=True, slots=True)
class Use:
    """`use M`, `use M(args) as n`, `use M as n(l: Lru)`."""

    module: Name
    args: tuple[Expr, ...]
    alias: Name | None
    binders: tuple[Binder, ...]
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class SortDecl:
    """`sort S` or `ordered sort S`; `sort A, B` gives two."""

    name: Name
    ordered: bool
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class EnumDecl:
    """`enum E { A, B }`."""

    name: Name
    members: tuple[Name, ...]
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class SymbolDecl:
    """`const`, `var`, `ghost` or `local`, with an optional initial value (for a const: its value)."""

    kind: OneOf["const", "var", "ghost", "local"]
    name: Name
    binders: tuple[Binder, ...]
    type: TypeExpr
    value: Expr | None
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Define:
    """`define n(x: S): T = e`; as a module parameter without `= e`."""

    name: Name
    binders: tuple[Binder, ...]
    type: TypeExpr | None
    body: Expr | None
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """`axiom [n]: e` or `initially [n]: e`."""

    kind: OneOf["axiom", "initially"]
    name: Name | None
    body: Expr
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class PropertyDecl:
    """`invariant`, `lemma`, `reachable`, `step invariant`."""

    kind: OneOf["invariant", "lemma", "reachable", "step invariant"]
    name: Name
    body: Expr
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Liveness:
    """`liveness n: P leads to Q`; a `forall` in front ranges over both sides."""

    name: Name
    left: Expr
    right: Expr
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class DeadlockFree:
    """`deadlock free`."""

    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class ActionDecl:
    """`action a(x: S) {..}`."""

    name: Name
    binders: tuple[Binder, ...]
    body: tuple[Statement, ...]
    fairness: FairnessWord
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class OperationDecl:
    """`operation o(x: S): T {..}`."""

    name: Name
    binders: tuple[Binder, ...]
    type: TypeExpr | None
    body: tuple[Statement, ...]
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class SectionDecl:
    """`section s { request {..} enter {..} exit {..} }`."""

    name: Name
    request: tuple[Statement, ...] | None
    enter: tuple[Statement, ...]
    exit: tuple[Statement, ...]
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class ProcessDecl:
    """`process p(x: S): R {..}`."""

    name: Name
    binders: tuple[Binder, ...]
    type: TypeExpr | None
    locals: tuple[SymbolDecl, ...]
    body: tuple[ProcessItem, ...]
    fairness: FairnessWord
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class RefinementEntry:
    """`v(x) = expr` (variable mapping) or `init.publish => publish(l)` (step mapping)."""

    kind: OneOf["=", "=>"]
    target: Expr
    value: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Refines:
    """`refines M { entries }`."""

    module: Name
    entries: tuple[RefinementEntry, ...]
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class ScopeDecl:
    """`scope small { Lru = 2, Memcg = 2 }`."""

    name: Name
    bounds: tuple[tuple[Name, int], ...]
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class ExpectDecl:
    """`expect coverage proved`; `expect p, q proved` gives two."""

    property: Name
    verdict: OneOf["proved", "holds", "violated", "unknown"]
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class ScheduleItem:
    """What a scenario's process does: `label`, `region...`, or `...` alone (label None) to its end."""

    label: Name | None
    to_end: bool
    span: Span


@dataclass(frozen=True, slots=True)
class ScheduleLine:
    """`init(l): alloc_array, scan...`."""

    process: Expr
    items: tuple[ScheduleItem, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class ScenarioDecl:
    """`scenario n(x: S) possible { lines  then P }`; several `then` are a conjunction."""

    name: Name
    binders: tuple[Binder, ...]
    possible: bool
    lines: tuple[ScheduleLine, ...]
    then: tuple[Expr, ...]
    span: Span
    doc: str = ""


ModuleParam: TypeAlias = SortDecl | SymbolDecl | Define

Declaration: TypeAlias = (
    Use
    | SortDecl
    | EnumDecl
    | SymbolDecl
    | Define
    | Condition
    | PropertyDecl
    | Liveness
    | DeadlockFree
    | ActionDecl
    | OperationDecl
    | SectionDecl
    | ProcessDecl
    | Refines
    | ScopeDecl
    | ExpectDecl
    | ScenarioDecl
)


@dataclass(frozen=True)
class Module:
    """One file: header, then declarations in source order.

    `comments` are all comments with their spans (`--` and `---`), for the formatter; doc comments are also in the
    `doc` of the item they stand before, without the dashes.
    """

    source: Source
    name: Name
    params: tuple[ModuleParam, ...]
    declarations: tuple[Declaration, ...]
    doc: str = ""
    comments: tuple[Name, ...] = field(default=(), repr=False)
