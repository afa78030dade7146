"""Splitting what is indexed by a process by kinds of process (ruling 16).

`held(p: Process)` becomes `held_init(l)` and `held_activate(m)`; `forall p: Process` a conjunction over the kinds.  A
module without processes keeps an abstract sort `Process`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from interlock.core.term import (
    FALSE,
    App,
    Arith,
    Count,
    Eq,
    Quant,
    Symbol,
    Term,
    Var,
    conj,
    disj,
    equal,
)
from interlock.lang import typed


@dataclass(frozen=True)
class Kind:
    """One kind of process, and the formulas over `params` that say where it is."""

    name: str
    params: tuple[Var, ...]
    constructor: Symbol
    done: Term
    started: Term


@dataclass
class Split:
    """Knows the kinds of process and the symbols that indexed symbols were split into."""

    kinds: tuple[Kind, ...]
    symbols: dict[tuple[Symbol, tuple[str, ...]], Symbol] = field(
        default_factory=dict[tuple[Symbol, tuple[str, ...]], Symbol]
    )

    def kind(self, term: Term) -> tuple[Kind, tuple[Term, ...]]:
        """The kind and arguments of a term of sort Process."""
        assert isinstance(term, App), term
        return next(k for k in self.kinds if k.constructor == term.symbol), term.args

    def fresh(self, var: Var, kind: Kind, taken: frozenset[str] = frozenset()) -> tuple[tuple[Var, ...], Term]:
        """Variables for the parameters of a bound process, and the process that they make."""
        names: list[Var] = []
        for param in kind.params:
            name = f"{var.name}_{param.name}"
            while name in taken:
                name += "'"
            names.append(Var(name, param.type))
        return tuple(names), App(kind.constructor, tuple(names))

    def assignments(self, variables: tuple[Var, ...]) -> Iterator[tuple[tuple[Var, ...], dict[Var, Term]]]:
        """Every choice of kinds for the process variables among these: the variables then bound, and their values."""
        own = [v for v in variables if v.type == typed.PROCESS and self.kinds]
        if not own:
            yield variables, {}
            return
        for chosen in product(self.kinds, repeat=len(own)):
            values: dict[Var, Term] = {}
            bound: list[Var] = []
            for var in variables:
                if var in own:
                    new, values[var] = self.fresh(var, chosen[own.index(var)])
                    bound.extend(new)
                else:
                    bound.append(var)
            yield tuple(bound), values

    def split_symbol(self, symbol: Symbol, kinds: tuple[Kind, ...]) -> Symbol:
        """The symbol for these kinds at its process parameters."""
        key = (symbol, tuple(k.name for k in kinds))
        if key not in self.symbols:
            rest = iter(kinds)
            params = tuple(
                p for t in symbol.params for p in ((v.type for v in next(rest).params) if t == typed.PROCESS else (t,))
            )
            name = "_".join((symbol.name, *(k.name for k in kinds)))
            self.symbols[key] = Symbol(name, params, symbol.result, symbol.rigid, symbol.ghost)
        return self.symbols[key]

    def versions(self, symbol: Symbol) -> Iterator[tuple[Symbol, tuple[Kind, ...]]]:
        """All symbols that one indexed by processes is split into; a plain one is its own."""
        count = sum(t == typed.PROCESS for t in symbol.params)
        if not count or not self.kinds:
            yield symbol, ()
            return
        for kinds in product(self.kinds, repeat=count):
            yield self.split_symbol(symbol, kinds), kinds

    def apply(self, symbol: Symbol, args: tuple[Term, ...], *, primed: bool = False) -> Term:
        """Apply a symbol to arguments in which processes are constructor terms."""
        if not self.kinds or typed.PROCESS not in symbol.params:
            return App(symbol, args, primed)
        kinds: list[Kind] = []
        flat: list[Term] = []
        for type_, arg in zip(symbol.params, args, strict=True):
            if type_ == typed.PROCESS:
                kind, own = self.kind(arg)
                kinds.append(kind)
                flat.extend(own)
            else:
                flat.append(arg)
        return App(self.split_symbol(symbol, tuple(kinds)), tuple(flat), primed)


@dataclass(frozen=True)
class Places:
    """What `at` and `inside` mean: for each built-in symbol, the formals and the formula."""

    formulas: Mapping[Symbol, tuple[tuple[Var, ...], Term]]


def same_process(split: Split, left: Term, right: Term) -> Term:
    """Equality of two processes."""
    if not split.kinds:
        return equal(left, right)
    (a, xs), (b, ys) = split.kind(left), split.kind(right)
    if a is not b:
        return FALSE
    return conj(equal(x, y) for x, y in zip(xs, ys, strict=True))


def is_process_equation(term: Term) -> bool:
    """Whether the term equates processes."""
    from interlock.core.term import type_of

    return isinstance(term, Eq) and type_of(term.left) == typed.PROCESS


def join(term: Quant | Count, parts: list[Term]) -> Term:
    """Put the versions of a quantified or counted formula together."""
    if isinstance(term, Quant):
        return conj(parts) if term.kind == "forall" else disj(parts)
    total = parts[0]
    for part in parts[1:]:
        total = Arith("+", total, part)
    return total
