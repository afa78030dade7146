"""The typed program: names resolved, types checked, modules instantiated; what `model/` lowers.

Expressions are terms of `core.term` in which `Process` is still a sort (`PROCESS`): `self` is a variable, `init(l)` an
application of the process's constructor symbol, `at(init(l), publish)` a built-in predicate.  `model/split.py` removes
that sort.  `!` in code is still an `Unwrap`; defines are already expanded.  Statements and process items have their own
types here, smaller in number than the syntax: sets, `in`, `let` of calls and cursors are gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal as OneOf
from typing import TypeAlias

from interlock.core.source import Span
from interlock.core.system import Expect, Fairness, Named, Property, Scope
from interlock.core.term import TRUE, Symbol, Term, Var
from interlock.core.types import BOOL, EnumType, SortType, Type

PROCESS = SortType("Process")
SELF = Var("self", PROCESS)
STARTED = Symbol("started", (PROCESS,), BOOL)
DONE = Symbol("done", (PROCESS,), BOOL)
"""Built-in predicates over any process; `at` and `inside` are resolved to `Place` symbols."""


@dataclass(frozen=True)
class Place:
    """The built-in predicate `at(p(..), label)` or `inside(p(..), region)`: `symbol` stands for it in terms."""

    symbol: Symbol
    process: str
    kind: OneOf["at", "inside"]
    label: str


@dataclass(frozen=True)
class SetOf:
    """`{var | body}`; what a walk goes over."""

    var: Var
    body: Term


# ---------------------------------------------------------------- statements


@dataclass(frozen=True)
class Bound:
    """An argument of a bulk assignment that ranges over its whole type."""

    var: Var


@dataclass(frozen=True)
class Assign:
    """`symbol(args) := value where where`; the value and `where` may mention the bound arguments."""

    symbol: Symbol
    args: tuple[Term | Bound, ...]
    value: Term
    span: Span
    where: Term = TRUE


@dataclass(frozen=True)
class Let:
    """Name a value until the end of the step."""

    var: Var
    value: Term
    span: Span


@dataclass(frozen=True)
class Invoke:
    """Run an operation's body here with its parameters (instance index first) bound; `result` names what it returns."""

    operation: Operation
    args: tuple[Term, ...]
    result: Var | None
    span: Span


@dataclass(frozen=True)
class Pick:
    """Choose any value that satisfies `where`."""

    var: Var
    where: Term
    span: Span


@dataclass(frozen=True)
class Havoc:
    """Give `symbol(args)` any value such that the formula (in which primed is the new value) holds.

    Without `args` for a symbol that has parameters, the whole symbol is chosen anew.
    """

    symbol: Symbol
    args: tuple[Term, ...]
    whole: bool
    such_that: Term
    span: Span


@dataclass(frozen=True)
class Await:
    """Disable this path unless the condition holds."""

    condition: Term
    span: Span


@dataclass(frozen=True)
class Assert:
    """The condition must hold here; `property` is the full name it is judged under."""

    property: str
    condition: Term
    span: Span


@dataclass(frozen=True)
class Jump:
    """`goto`, `break` or `return`; `label` for goto, `value` for return (None without)."""

    kind: OneOf["goto", "break", "return"]
    span: Span
    label: str = ""
    value: Term | None = None


@dataclass(frozen=True)
class If:
    """Two paths."""

    condition: Term
    yes: tuple[Statement, ...]
    no: tuple[Statement, ...]
    span: Span


@dataclass(frozen=True)
class Either:
    """Any of the branches that is enabled."""

    branches: tuple[tuple[Statement, ...], ...]
    span: Span


@dataclass(frozen=True)
class WalkStart:
    """Start a walk: what is in the set now is owed, nothing is visited."""

    walk: Walk
    span: Span


@dataclass(frozen=True)
class WalkNext:
    """Advance a walk: `result` is an element, or none where nothing is owed and the walk ends."""

    walk: Walk
    result: Var
    span: Span


Statement: TypeAlias = Assign | Let | Invoke | Pick | Havoc | Await | Assert | Jump | If | Either | WalkStart | WalkNext
Block: TypeAlias = tuple[Statement, ...]


@dataclass
class Operation:
    """Atomic code that steps call, or one part of a section.

    `params` begin with the instance's index.  The body is filled in after all signatures are known.
    """

    name: str
    params: tuple[Var, ...]
    result: Type | None
    span: Span
    body: Block = ()


@dataclass(frozen=True)
class Section:
    """A lock: three operations that take the instance's index; `request` may be absent."""

    name: str
    request: Operation | None
    enter: Operation
    exit: Operation


# ---------------------------------------------------------------- processes


@dataclass(frozen=True)
class Walk:
    """A weakly consistent (or snapshot) walk of one process: its set and its two bookkeeping symbols.

    `params` are the process's; `owed` and `visited` take them and then the element.
    """

    name: str
    params: tuple[Var, ...]
    owed: Symbol
    visited: Symbol
    over: SetOf
    snapshot: bool


@dataclass(frozen=True)
class Local:
    """A process-local variable; `implicit` ones are options that code reads as if they were always set."""

    symbol: Symbol
    formals: tuple[Var, ...]
    initial: Term
    implicit: bool
    span: Span


@dataclass(frozen=True)
class StepItem:
    """One atomic step."""

    label: str
    body: Block
    rest: bool
    span: Span


@dataclass(frozen=True)
class HeldSection:
    """One lock of a `with`: the section, its index arguments and the region's name."""

    section: Section
    args: tuple[Term, ...]
    region: str


@dataclass(frozen=True)
class WithItem:
    """Hold sections around a body; `alias` names the region in which several of them are held."""

    sections: tuple[HeldSection, ...]
    body: tuple[Item, ...]
    span: Span
    alias: str = ""


@dataclass(frozen=True)
class ForItem:
    """A loop over a walk; `var` is the loop's implicit local."""

    walk: Walk
    var: Local
    region: str
    body: tuple[Item, ...]
    span: Span


@dataclass(frozen=True)
class WhileItem:
    """Loop while the condition (over parameters and locals) holds; `loop` has `true`."""

    condition: Term
    body: tuple[Item, ...]
    span: Span


@dataclass(frozen=True)
class IfItem:
    """Choice by parameters and locals."""

    condition: Term
    yes: tuple[Item, ...]
    no: tuple[Item, ...]
    span: Span


@dataclass(frozen=True)
class EitherItem:
    """Choice by whichever first step is taken."""

    branches: tuple[tuple[Item, ...], ...]
    span: Span


Item: TypeAlias = StepItem | WithItem | ForItem | WhileItem | IfItem | EitherItem | Jump


@dataclass
class Process:
    """A kind of process.  `constructor` makes a PROCESS from the parameters; `result` is what it returned, if ever."""

    name: str
    params: tuple[Var, ...]
    constructor: Symbol
    fairness: Fairness
    span: Span
    doc: str = ""
    result: Symbol | None = None
    locals: tuple[Local, ...] = ()
    walks: tuple[Walk, ...] = ()
    body: tuple[Item, ...] = ()


@dataclass(frozen=True)
class Action:
    """Something that happens by itself, atomically."""

    name: str
    params: tuple[Var, ...]
    body: Block
    fairness: Fairness
    span: Span


@dataclass(frozen=True)
class InitialValue:
    """`symbol(formals)` starts as `value`."""

    symbol: Symbol
    formals: tuple[Var, ...]
    value: Term


@dataclass(frozen=True)
class RefinementMap:
    """A checked `refines`: the abstract program, and what its variables and its actions are here.

    `variables` are complete: one that is not listed is the variable of that name.  So are `steps` as to actions.
    """

    property: str
    target: TypedProgram
    variables: tuple[tuple[Symbol, tuple[Var, ...], Term], ...]
    steps: tuple[tuple[str, str, tuple[Term, ...]], ...]
    """(`process.label` or action, abstract action, arguments over the parameters of the process or action)."""
    doc: str = ""
    span: Span | None = None


@dataclass(frozen=True)
class TypedProgram:
    """A whole checked program: the root module with every instance that it uses."""

    name: str
    doc: str
    sorts: tuple[SortType, ...]
    enums: tuple[EnumType, ...]
    symbols: tuple[Symbol, ...]
    initial_values: tuple[InitialValue, ...]
    axioms: tuple[Named, ...]
    initially: tuple[Named, ...]
    processes: tuple[Process, ...]
    actions: tuple[Action, ...]
    operations: tuple[Operation, ...]
    places: tuple[Place, ...]
    properties: tuple[Property, ...]
    scopes: tuple[Scope, ...]
    expects: tuple[Expect, ...]
    refinements: tuple[RefinementMap, ...] = field(default=())
