"""What a name, call or member expression stands for before it is known how it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from interlock.core.term import Term, Var
from interlock.core.types import Type
from interlock.lang import typed
from interlock.lang.scope import Entity, Instance, ProcessEntity


@dataclass(frozen=True)
class Value:
    """A finished term."""

    term: Term


@dataclass(frozen=True)
class Function:
    """A predicate or function that still lacks arguments; with one missing it is a set if its result is Bool."""

    name: str
    params: tuple[Type, ...]
    result: Type
    apply: Callable[[tuple[Term, ...]], Term]


@dataclass(frozen=True)
class TypeName:
    """A sort or enum."""

    type: Type


@dataclass(frozen=True)
class InstanceRef:
    """An instance with the index arguments given so far."""

    instance: Instance
    args: tuple[Term, ...]

    @property
    def complete(self) -> bool:
        """Whether all index arguments are there."""
        return len(self.args) == len(self.instance.index)


@dataclass(frozen=True)
class ProcessRef:
    """A process constructor, or one process where `args` are given."""

    entity: ProcessEntity
    args: tuple[Term, ...] | None


@dataclass(frozen=True)
class OperationRef:
    """An operation (with the instance's index arguments), not yet called."""

    operation: typed.Operation
    index: tuple[Term, ...]


@dataclass(frozen=True)
class OperationCall:
    """A call of an operation: a statement, or all of a right-hand side."""

    operation: typed.Operation
    args: tuple[Term, ...]


@dataclass(frozen=True)
class SectionRef:
    """A lock with the instance's index arguments."""

    section: typed.Section
    index: tuple[Term, ...]


@dataclass(frozen=True)
class WalkRef:
    """A cursor of the process."""

    name: str
    process: ProcessEntity


@dataclass(frozen=True)
class WalkMethod:
    """`c.start` or `c.next`, and whether it is called."""

    walk: WalkRef
    method: str
    called: bool


Designator: TypeAlias = (
    Value
    | Function
    | TypeName
    | InstanceRef
    | ProcessRef
    | OperationRef
    | OperationCall
    | SectionRef
    | WalkRef
    | WalkMethod
)


@dataclass(frozen=True)
class Context:
    """Where an expression stands: what is bound there and what is allowed."""

    instance: Instance
    bindings: Mapping[str, Entity] = field(default_factory=dict[str, Entity])
    process: ProcessEntity | None = None
    code: bool = False
    """`!` and bare locals may be used."""
    primes: bool = False
    has_self: bool = False
    quantified: frozenset[Var] = frozenset()
    """Variables that stand for many values at once, so that `!` cannot oblige one of them."""
    refused: frozenset[str] = frozenset()
    """Names that were to be bound here and were not, which was reported."""

    def bind(self, **names: Entity) -> Context:
        """The same context with more names bound."""
        return replace(self, bindings={**self.bindings, **names})

    def bind_vars(self, bound: tuple[tuple[str, Entity], ...]) -> Context:
        """The same context with more names bound."""
        return replace(self, bindings={**self.bindings, **dict(bound)})

    def without(self, name: str) -> Context:
        """The same context after a declaration of that name that was wrong."""
        return replace(self, refused=self.refused | {name})

    def over(self, variables: tuple[Var, ...]) -> Context:
        """The same context under a quantifier over these variables."""
        return replace(self, quantified=self.quantified | frozenset(variables))


def describe_designator(designator: Designator) -> str:
    """What it is, for messages."""
    match designator:
        case Value():
            return "a value"
        case Function():
            missing = len(designator.params)
            return f"`{designator.name}`, which still needs {missing} argument{'s' if missing > 1 else ''}"
        case TypeName():
            return f"the type `{designator.type}`"
        case InstanceRef():
            return f"an instance of module `{designator.instance.module.name.text}`"
        case ProcessRef():
            return f"the process `{designator.entity.process.name}`"
        case OperationRef() | OperationCall():
            return f"the operation `{designator.operation.name}`"
        case SectionRef():
            return f"the section `{designator.section.name}`"
        case WalkRef() | WalkMethod():
            return "a walk"


Formals: TypeAlias = tuple[Var, ...]
