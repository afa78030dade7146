"""One way through an atomic step: its guards, what it has written so far, and what it has picked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from interlock.core.rewrite import substitute
from interlock.core.system import Update
from interlock.core.term import (
    FALSE,
    TRUE,
    App,
    Literal,
    Symbol,
    Term,
    Var,
    conj,
    conjuncts,
    equal,
    ite,
    negate,
    type_of,
)
from interlock.lang import typed


@dataclass(frozen=True)
class Path:
    """One way through a step so far."""

    guards: tuple[Term, ...] = ()
    store: Mapping[Symbol, Update] = field(default_factory=dict[Symbol, Update])
    env: Mapping[Var, Term] = field(default_factory=dict[Var, Term])
    witnesses: tuple[Var, ...] = ()
    choices: tuple[Symbol, ...] = ()
    unwrapped: tuple[tuple[Term, Var], ...] = ()
    jump: typed.Jump | None = None
    value: Term | None = None
    """What a jump that returns gives back."""

    def guarded(self, guard: Term) -> Path | None:
        """The path under one more guard; None where that can never hold."""
        if guard == TRUE or guard in self.guards:
            return self
        if guard == FALSE or any(negate(guard) == g for g in self.guards):
            return None
        return replace(self, guards=(*self.guards, *conjuncts(guard)))

    def bind(self, var: Var, value: Term) -> Path:
        """The path with a variable's value known."""
        return replace(self, env={**self.env, var: value})


def write(path: Path, symbol: Symbol, args: tuple[Term, ...], value: Term, where: Term, scope: frozenset[Var]) -> Path:
    """The path after `symbol(args) := value where where`, in which variables of `scope` range over their types."""
    formals = formals_of(symbol)
    swap: dict[Var, Term] = {}
    conditions: list[Term] = []
    for formal, arg in zip(formals, args, strict=True):
        if isinstance(arg, Var) and arg in scope and arg not in swap:
            swap[arg] = formal
        else:
            conditions.append(equal(formal, arg))
    condition = substitute(conj((*conditions, where)), swap)
    update = path.store.get(symbol)
    old: Term = App(symbol, formals) if update is None else update.value
    new = ite(condition, substitute(value, swap), old)
    return replace(path, store={**path.store, symbol: Update(symbol, formals, new)})


def formals_of(symbol: Symbol) -> tuple[Var, ...]:
    """The variables in which the updates of a symbol are written."""
    return tuple(Var(f"_{number}", type_) for number, type_ in enumerate(symbol.params, 1))


def none_of(term: Term) -> Term:
    """`none` of the option type of a term."""
    return Literal(None, type_of(term))


def present(path: Path | None) -> list[Path]:
    """The path, if there is one."""
    return [] if path is None else [path]
