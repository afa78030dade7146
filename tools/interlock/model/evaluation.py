"""Evaluating typed terms at a point inside a step: as a term over the state before the step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from interlock.core.rewrite import substitute
from interlock.core.system import Update
from interlock.core.term import App, Count, Eq, Quant, Symbol, Term, Var, children, quantify, rebuild
from interlock.lang import typed
from interlock.model.split import Places, Split, is_process_equation, join, same_process

Store = Mapping[Symbol, Update]
Env = Mapping[Var, Term]


@dataclass(frozen=True)
class Evaluation:
    """Reads a term where the symbols in `store` have been written and the variables in `env` have values.

    Values in `env` and `store` are terms over the state before and are never rewritten again.  `after`, if given, is
    what primed applications read.  `taken` are names that bound variables must not capture.
    """

    split: Split
    places: Places
    store: Store = field(default_factory=dict[Symbol, Update])
    after: Store | None = None
    taken: frozenset[str] = frozenset()

    def term(self, term: Term, env: Env) -> Term:
        """Evaluate."""
        match term:
            case Var():
                return env.get(term, term)
            case App():
                return self._application(term, env)
            case Quant() | Count():
                return self._quantified(term, env)
            case Eq() if is_process_equation(term):
                return same_process(self.split, self.term(term.left, env), self.term(term.right, env))
            case _:
                parts = children(term)
                return rebuild(term, tuple(self.term(part, env) for part in parts)) if parts else term

    def _application(self, term: App, env: Env) -> Term:
        args = tuple(self.term(arg, env) for arg in term.args)
        if term.symbol in (typed.DONE, typed.STARTED) and self.split.kinds:
            kind, own = self.split.kind(args[0])
            formula = kind.done if term.symbol == typed.DONE else kind.started
            return self._expanded(formula, kind.params, own, primed=term.primed)
        place = self.places.formulas.get(term.symbol)
        if place is not None:
            return self._expanded(place[1], place[0], args, primed=term.primed)
        applied = self.split.apply(term.symbol, args, primed=term.primed)
        if not isinstance(applied, App):
            return applied
        return self._read(applied)

    def _expanded(self, formula: Term, formals: tuple[Var, ...], args: tuple[Term, ...], *, primed: bool) -> Term:
        from interlock.core.rewrite import map_apps

        if primed:
            formula = map_apps(formula, lambda a: a if a.symbol.rigid else App(a.symbol, a.args, primed=True))
        return self.term(formula, dict(zip(formals, args, strict=True)))

    def _read(self, app: App) -> Term:
        if app.primed:
            if self.after is None:
                return app
            update = self.after.get(app.symbol)
            app = App(app.symbol, app.args)
        else:
            update = self.store.get(app.symbol)
        if update is None:
            return app
        return substitute(update.value, dict(zip(update.formals, app.args, strict=True)))

    def _quantified(self, term: Quant | Count, env: Env) -> Term:
        parts: list[Term] = []
        for bound, values in self.split.assignments(term.vars):
            inner = {**env, **values}
            renamed: list[Var] = []
            for var in bound:
                new = var
                while new.name in self.taken:
                    new = Var(new.name + "'", new.type)
                renamed.append(new)
                inner[var] = new
            if any(new is not old for new, old in zip(renamed, bound, strict=True)):
                swap: dict[Var, Term] = dict(zip(bound, renamed, strict=True))
                inner = {k: substitute(v, swap) if k in values else v for k, v in inner.items()}
            body = self.term(term.body, inner)
            if isinstance(term, Quant):
                parts.append(quantify(term.kind, renamed, body))
            else:
                parts.append(Count(tuple(renamed), body))
        return join(term, parts)
