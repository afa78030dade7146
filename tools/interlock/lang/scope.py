"""What names can mean, and where they are looked up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal as OneOf
from typing import TypeAlias, assert_never

from interlock.core.diagnostic import Diagnostic, Label, diagnose
from interlock.core.source import Span
from interlock.core.term import Symbol, Term, Var
from interlock.core.types import EnumType, Type
from interlock.lang import syntax, typed


@dataclass(frozen=True)
class SortEntity:
    """A sort, or the sort or type that a module's sort parameter was given."""

    type: Type


@dataclass(frozen=True)
class EnumEntity:
    """An enum."""

    type: EnumType


@dataclass(frozen=True)
class MemberEntity:
    """A member of an enum."""

    type: EnumType
    member: str


@dataclass(frozen=True)
class SymbolEntity:
    """A const, var or ghost.  `index` counts leading parameters that come from the instance."""

    symbol: Symbol
    index: int
    kind: OneOf["const", "var", "ghost"]
    is_set: bool
    span: Span


@dataclass(frozen=True)
class ApplicationEntity:
    """A module parameter bound to a predicate, function or value: `body` over `formals`.

    A writable one is a var of its owner: `body` is its symbol, applied to index arguments and then the formals.
    """

    formals: tuple[Var, ...]
    body: Term
    writable: bool


@dataclass(eq=False)
class DefineEntity:
    """A define; `body` is checked when first used, `state` guards against a define that uses itself."""

    decl: syntax.Define
    instance: Instance
    formals: tuple[Var, ...]
    result: Type | None
    state: OneOf["new", "busy", "ready", "wrong"] = "new"
    body: Term | None = None


@dataclass(frozen=True)
class ValueEntity:
    """A bound variable, a parameter, or a `let`."""

    var: Var
    span: Span


@dataclass(frozen=True)
class LocalEntity:
    """A process-local variable; terms apply its symbol to the process's parameters."""

    local: typed.Local
    process: ProcessEntity
    is_set: bool
    span: Span


@dataclass(frozen=True)
class WalkEntity:
    """A cursor declared with `local c: walk R`."""

    name: str
    process: ProcessEntity
    span: Span


@dataclass(frozen=True)
class OperationEntity:
    """An operation."""

    operation: typed.Operation
    instance: Instance


@dataclass(frozen=True)
class SectionEntity:
    """A lock."""

    section: typed.Section
    instance: Instance


@dataclass(eq=False)
class WalkSignature:
    """What is known of a walk before bodies are checked: its symbols and element type."""

    name: str
    element: Type
    owed: Symbol
    visited: Symbol


@dataclass(eq=False)
class ProcessEntity:
    """A process, its labels and regions, and its locals and walks by name."""

    process: typed.Process
    decl: syntax.ProcessDecl
    instance: Instance
    result_type: Type | None
    labels: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    locals: dict[str, LocalEntity] = field(default_factory=dict[str, LocalEntity])
    loop_locals: dict[str, LocalEntity] = field(default_factory=dict[str, LocalEntity])
    walks: dict[str, WalkSignature] = field(default_factory=dict[str, WalkSignature])
    cursors: dict[str, typed.Walk] = field(default_factory=dict[str, typed.Walk])


@dataclass(frozen=True)
class ActionEntity:
    """An action, which nothing can call."""

    name: str
    params: tuple[Var, ...]


@dataclass(frozen=True)
class InstanceEntity:
    """A named instance; `outer` counts index arguments that come from the instance in which it is named."""

    instance: Instance
    outer: int


Entity: TypeAlias = (
    SortEntity
    | EnumEntity
    | MemberEntity
    | SymbolEntity
    | ApplicationEntity
    | DefineEntity
    | ValueEntity
    | LocalEntity
    | WalkEntity
    | OperationEntity
    | SectionEntity
    | ProcessEntity
    | ActionEntity
    | InstanceEntity
)

BUILTINS = frozenset({"Bool", "Int", "Process", "at", "inside", "started", "done", "result", "visited", "owed", "next"})
"""Names that every module has and none may declare."""


@dataclass(eq=False)
class Instance:
    """One instance of a module: its names, the modules it opens, the prefix of its symbols and its index."""

    module: syntax.Module
    prefix: str
    index: tuple[Var, ...]
    names: dict[str, tuple[Entity, Span]] = field(default_factory=dict[str, tuple["Entity", Span]])
    opened: list[tuple[Instance, Span]] = field(default_factory=list[tuple["Instance", Span]])

    def visible(self, name: str) -> tuple[Entity, Span] | None:
        """Look a name up here, then in what is opened, transitively."""
        found = self.names.get(name)
        if found is not None:
            return found
        for other, _ in self.opened:
            found = other.visible(name)
            if found is not None:
                return found
        return None

    def all_names(self) -> dict[str, tuple[Entity, Span]]:
        """Every visible name, for suggestions and for the search for clashes."""
        names: dict[str, tuple[Entity, Span]] = {}
        for other, _ in self.opened:
            names.update(other.all_names())
        names.update(self.names)
        return names

    def was_refused(self, name: str) -> bool:
        """Whether a declaration of that name was wrong, which was reported there."""
        declared = {text for decl in self.module.declarations for text in names_of(decl)}
        return name in declared or any(other.was_refused(name) for other, _ in self.opened)

    def module_parts(self) -> frozenset[str]:
        """Last components of the modules it uses: a likely slip is to take them for names."""
        uses = (d for d in self.module.declarations if isinstance(d, syntax.Use))
        return frozenset(use.module.text.rsplit(".", 1)[-1] for use in uses)


def names_of(decl: syntax.Declaration) -> tuple[str, ...]:
    """Names that a declaration gives a meaning to."""
    match decl:
        case syntax.Use():
            return () if decl.alias is None else (decl.alias.text,)
        case syntax.EnumDecl():
            return (decl.name.text, *(m.text for m in decl.members))
        case (
            syntax.SortDecl()
            | syntax.SymbolDecl()
            | syntax.Define()
            | syntax.OperationDecl()
            | syntax.SectionDecl()
            | syntax.ProcessDecl()
            | syntax.ActionDecl()
        ):
            return (decl.name.text,)
        case (
            syntax.Condition()
            | syntax.PropertyDecl()
            | syntax.Liveness()
            | syntax.DeadlockFree()
            | syntax.Refines()
            | syntax.ScopeDecl()
            | syntax.ExpectDecl()
            | syntax.ScenarioDecl()
        ):
            return ()
        case _:
            assert_never(decl)


@dataclass
class Report:
    """Collects diagnostics; the same one from two instances of a module is kept once."""

    diagnostics: list[Diagnostic] = field(default_factory=list[Diagnostic])
    seen: set[tuple[str, str, int, str]] = field(default_factory=set[tuple[str, str, int, str]])

    def add(self, code: str, message: str, span: Span, *, fix: str = "", labels: tuple[Label, ...] = ()) -> None:
        """Record a diagnostic once."""
        key = (code, span.source.path, span.start, message)
        if key not in self.seen:
            self.seen.add(key)
            self.diagnostics.append(diagnose(code, message, span, fix=fix, labels=labels))

    @property
    def failed(self) -> bool:
        """Whether an error is among them."""
        return any(d.is_error for d in self.diagnostics)


def describe(entity: Entity) -> str:
    """What an entity is, for messages."""
    match entity:
        case SortEntity():
            return "a sort"
        case EnumEntity():
            return "an enum"
        case MemberEntity():
            return f"a member of enum {entity.type.name}"
        case SymbolEntity():
            return f"a {entity.kind}"
        case ApplicationEntity():
            return "a module parameter"
        case DefineEntity():
            return "a define"
        case ValueEntity():
            return "a variable"
        case LocalEntity():
            return "a local"
        case WalkEntity():
            return "a walk"
        case OperationEntity():
            return "an operation"
        case SectionEntity():
            return "a section"
        case ProcessEntity():
            return "a process"
        case ActionEntity():
            return "an action"
        case InstanceEntity():
            return "an instance"
