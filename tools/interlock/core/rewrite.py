"""Substitution in terms, what occurs in them, and what they may be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from interlock.core.term import (
    FALSE,
    App,
    Count,
    Eq,
    Ite,
    Literal,
    Quant,
    Symbol,
    Term,
    Value,
    Var,
    children,
    rebuild,
)


def subterms(term: Term) -> Iterator[Term]:
    """The term and everything below it, outermost first."""
    yield term
    for child in children(term):
        yield from subterms(child)


def symbols_of(term: Term) -> frozenset[Symbol]:
    """Symbols that occur in the term, primed or not."""
    return frozenset(t.symbol for t in subterms(term) if isinstance(t, App))


def free_vars(term: Term) -> frozenset[Var]:
    """Variables that occur and are not bound in the term."""
    match term:
        case Var():
            return frozenset((term,))
        case Quant() | Count():
            return free_vars(term.body) - frozenset(term.vars)
        case _:
            found: frozenset[Var] = frozenset()
            for child in children(term):
                found |= free_vars(child)
            return found


def substitute(term: Term, values: Mapping[Var, Term]) -> Term:
    """Replace free variables; bound variables that would capture are renamed."""
    if not values:
        return term
    match term:
        case Var():
            return values.get(term, term)
        case Quant() | Count():
            inner = {v: t for v, t in values.items() if v not in term.vars}
            if not inner:
                return term
            taken = frozenset(v.name for t in inner.values() for v in free_vars(t))
            renamed = tuple(_fresh(v, taken) for v in term.vars)
            inner.update({old: new for old, new in zip(term.vars, renamed, strict=True) if old != new})
            return rebuild(replace(term, vars=renamed), (substitute(term.body, inner),))
        case _:
            parts = children(term)
            new = tuple(substitute(part, values) for part in parts)
            return term if all(a is b for a, b in zip(new, parts, strict=True)) else rebuild(term, new)


def map_apps(term: Term, change: Callable[[App], Term]) -> Term:
    """Rebuild the term bottom-up with every application replaced by `change(application)`.

    `change` sees arguments that are already rewritten; variables bound around the application may occur in
    them, so what it returns must not bind or free those names.
    """
    parts = children(term)
    new = tuple(map_apps(part, change) for part in parts)
    same = all(a is b for a, b in zip(new, parts, strict=True))
    if isinstance(term, App):
        return change(term if same else App(term.symbol, new, term.primed))
    return term if same else rebuild(term, new)


def leaves(term: Term) -> tuple[Value, ...]:
    """Literals that a conditional may give."""
    match term:
        case Literal():
            return (term.value,)
        case Ite():
            return (*leaves(term.yes), *leaves(term.no))
        case _:
            return ()


def elsewhere(value: Term, formal: Var, param: Var) -> Term:
    """The value of an update where one argument is not the thread's own."""

    def decide(term: Term) -> Term:
        if isinstance(term, Eq) and {term.left, term.right} == {formal, param}:
            return FALSE
        parts = children(term)
        return rebuild(term, tuple(decide(p) for p in parts)) if parts else term

    return decide(value)


def _fresh(var: Var, taken: frozenset[str]) -> Var:
    name = var.name
    while name in taken:
        name += "'"
    return Var(name, var.type)
