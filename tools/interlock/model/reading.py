"""Reading terms at a point inside a step: every `!` becomes a witness or stays, after its obligation.

`slot(a!, i)` adds the guard `a = Some(w)` and goes on with `w`, after the obligation that `a` is not none.  Under a
condition (`l != none and alive(l!)`) it stays in place, and its obligation is guarded by that condition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from interlock.core.rewrite import free_vars
from interlock.core.source import Span
from interlock.core.system import Obligation, Update
from interlock.core.term import (
    FALSE,
    TRUE,
    And,
    App,
    Compare,
    Count,
    Implies,
    Ite,
    Literal,
    Or,
    Quant,
    Some,
    Symbol,
    Term,
    Unwrap,
    Var,
    children,
    conj,
    equal,
    forall,
    implies,
    ite,
    negate,
    rebuild,
    type_of,
    unwrap,
)
from interlock.core.types import INT, OptionType, RangeType, Type
from interlock.model.evaluation import Evaluation
from interlock.model.path import Path, none_of
from interlock.model.split import Places, Split


@dataclass
class Reader:
    """Reads terms at a point of a step of one process or action; obligations collect here."""

    split: Split
    places: Places
    action: str
    owner: str
    params: tuple[Var, ...]
    implicit: frozenset[Symbol]
    assume_only: bool = False
    obligations: list[Obligation] = field(default_factory=list[Obligation])

    def _taken(self, path: Path) -> frozenset[str]:
        return frozenset(v.name for v in (*self.params, *path.witnesses))

    def read(self, term: Term, path: Path, after: Mapping[Symbol, Update] | None = None) -> Term:
        """The term at this point of the path, over the state before the step."""
        return Evaluation(self.split, self.places, path.store, after, self._taken(path)).term(term, path.env)

    def value(self, term: Term, path: Path, span: Span) -> tuple[Term, Path] | None:
        """Evaluate code: every `!` is obliged and hoisted; None where the path ends here."""
        return self._hoist(self.read(term, path), path, (), frozenset(), span)

    def _hoist(
        self, term: Term, path: Path, under: tuple[Term, ...], bound: frozenset[Var], span: Span
    ) -> tuple[Term, Path] | None:
        match term:
            case Unwrap():
                return self._unwrap(term, path, under, bound, span)
            case And():
                return self._hoist_connective(term, path, under, bound, span, lambda t: t)
            case Or():
                return self._hoist_connective(term, path, under, bound, span, negate)
            case Implies():
                return self._hoist_connective(term, path, under, bound, span, lambda t: t)
            case Ite():
                first = self._hoist(term.condition, path, under, bound, span)
                if first is None:
                    return None
                condition, path = first
                yes = self._hoist(term.yes, path, (*under, condition), bound, span)
                if yes is None:
                    return None
                no = self._hoist(term.no, yes[1], (*under, negate(condition)), bound, span)
                return None if no is None else (ite(condition, yes[0], no[0]), no[1])
            case Quant() | Count():
                body = self._hoist(term.body, path, under, bound | frozenset(term.vars), span)
                return None if body is None else (rebuild(term, (body[0],)), body[1])
            case _:
                parts: list[Term] = []
                for part in children(term):
                    found = self._hoist(part, path, under, bound, span)
                    if found is None:
                        return None
                    parts.append(found[0])
                    path = found[1]
                indexed = self._indexed(term, parts, path, under, bound, span) if isinstance(term, App) else path
                return None if indexed is None else ((rebuild(term, tuple(parts)) if parts else term), indexed)

    def _indexed(
        self, app: App, args: list[Term], path: Path, under: tuple[Term, ...], bound: frozenset[Var], span: Span
    ) -> Path | None:
        """Every index lies in the range over which the symbol is declared."""
        now: Path | None = path
        for type_, arg in zip(app.symbol.params, args, strict=True):
            now = None if now is None else self.in_range(type_, arg, now, span, conj(under), bound)
        return now

    def _hoist_connective(
        self,
        term: Term,
        path: Path,
        under: tuple[Term, ...],
        bound: frozenset[Var],
        span: Span,
        assume: Callable[[Term], Term],
    ) -> tuple[Term, Path] | None:
        """Left to right: what comes later is read only where what came earlier has not decided."""
        parts: list[Term] = []
        for part in children(term):
            found = self._hoist(part, path, (*under, *(assume(p) for p in parts)), bound, span)
            if found is None:
                return None
            parts.append(found[0])
            path = found[1]
        return rebuild(term, tuple(parts)), path

    def _unwrap(
        self, term: Unwrap, path: Path, under: tuple[Term, ...], bound: frozenset[Var], span: Span
    ) -> tuple[Term, Path] | None:
        found = self._hoist(term.arg, path, under, bound, span)
        if found is None:
            return None
        inner, path = found
        if isinstance(inner, Some):
            return inner.arg, path
        for known, var in path.unwrapped:
            if known == inner:
                return var, path
        is_there = negate(equal(inner, none_of(inner)))
        implicit = isinstance(inner, App) and inner.symbol in self.implicit
        if not implicit:
            condition = implies(conj(under), is_there)
            condition = forall(sorted(free_vars(condition) & bound, key=lambda v: v.name), condition)
            self.oblige(f"{self.owner}.unwrap", condition, path, span)
            narrowed = path.guarded(condition)
            if narrowed is None:
                return None
            path = narrowed
        if free_vars(inner) & bound or (under and not implicit):
            return unwrap(inner), path
        type_ = type_of(inner)
        assert isinstance(type_, OptionType)
        stem = inner.symbol.name.rsplit(".", 1)[-1] if isinstance(inner, App) else "value"
        var, path = self.witness(stem, type_.of, path)
        guarded = path.guarded(equal(inner, Some(var)))
        if guarded is None:
            return None
        return var, replace(guarded, unwrapped=(*guarded.unwrapped, (inner, var)))

    def witness(self, stem: str, type_: Type, path: Path) -> tuple[Var, Path]:
        """A new witness of the transition, named after what it stands for."""
        name, number, taken = stem, 2, self._taken(path)
        while name in taken:
            name, number = f"{stem}{number}", number + 1
        var = Var(name, type_)
        return var, replace(path, witnesses=(*path.witnesses, var))

    def oblige(self, name: str, condition: Term, path: Path, span: Span) -> None:
        """The condition must hold whenever this point of the path is reached."""
        if self.assume_only or condition == TRUE or condition in path.guards:
            return
        if isinstance(condition, And):
            for part in condition.args:
                self.oblige(name, part, path, span)
            return
        self.obligations.append(
            Obligation(name, self.action, self.params, path.witnesses, conj(path.guards), condition, path.choices, span)
        )

    def in_range(
        self, type_: Type, value: Term, path: Path, span: Span, where: Term = TRUE, scope: frozenset[Var] = frozenset()
    ) -> Path | None:
        """A value that becomes one of a range (written, passed, returned, or an index) must lie in it.

        An obligation, then an assumption.  What is read from a symbol that the step has written is already unfolded,
        so its index is not seen here.
        """
        wanted = type_.of if isinstance(type_, OptionType) else type_
        plain = value.arg if isinstance(value, Some) else value
        if isinstance(type_of(plain), OptionType):
            where = conj((where, negate(equal(plain, none_of(plain)))))
            plain = unwrap(plain)
        if not isinstance(wanted, RangeType) or type_of(plain) == wanted or where == FALSE:
            return path
        match plain, wanted.high:
            case Literal(value=int(number)), int(high_end) if wanted.low <= number <= high_end:
                return path
            case _:
                pass
        high: Term = (
            Literal(wanted.high, INT) if isinstance(wanted.high, int) else App(Symbol(wanted.high, (), INT, rigid=True))
        )
        inside = conj((Compare("<=", Literal(wanted.low, INT), plain), Compare("<=", plain, high)))
        free = sorted((free_vars(plain) | free_vars(where)) & scope, key=lambda v: v.name)
        condition = forall(free, implies(where, inside))
        self.oblige(f"{self.owner}.range", condition, path, span)
        return path.guarded(condition)
