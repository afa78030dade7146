"""The untyped syntax tree: what the text says, before names mean anything.

Each node has a span.  The typed form is `lang/typed.py`; the two share no types.  One class for each form of the
grammar; sugar is still visible here, so the formatter prints from this tree.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal as OneOf
from typing import TypeAlias

from interlock.core.source import Source, Span


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

# ---------------------------------------------------------------- statements (inside one step)


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

# ---------------------------------------------------------------- process items (between steps)


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

# ---------------------------------------------------------------- declarations

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
    """`expect coverage proved`."""

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
