"""Walks inside a step: what is owed and what has been visited (ruling 11)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from interlock.core.rewrite import substitute
from interlock.core.source import Span
from interlock.core.term import (
    FALSE,
    TRUE,
    App,
    Symbol,
    Term,
    Var,
    conj,
    forall,
    negate,
)
from interlock.lang import typed
from interlock.model.path import Path, write
from interlock.model.reading import Reader


@dataclass
class Walker(Reader):
    """Starts, advances, ends and forgets walks."""

    def members(self, walk: typed.Walk, path: Path, element: Term) -> Term:
        """Whether the element is in the walk's set now."""
        own: dict[Var, Term] = {p: path.env.get(p, p) for p in walk.params}
        reading = replace(path, env={**path.env, **own, walk.over.var: element})
        return self.read(walk.over.body, reading)

    def walk_start(self, walk: typed.Walk, path: Path, span: Span) -> list[Path]:
        """Owe what is in the set now; nothing is visited."""
        var = Var("_e", walk.over.var.type)
        found = self._hoist(self.members(walk, path, var), path, (), frozenset((var,)), span)
        if found is None:
            return []
        own = tuple(path.env.get(p, p) for p in walk.params)
        scope = frozenset((var,))
        after = write(found[1], walk.owed, (*own, var), found[0], TRUE, scope)
        return [write(after, walk.visited, (*own, var), FALSE, TRUE, scope)]

    def walk_next(self, walk: typed.Walk, path: Path) -> list[tuple[Var, Path]]:
        """Visit an element: one that is in the set now and not visited; of a snapshot, one that is owed."""
        own = tuple(path.env.get(p, p) for p in walk.params)
        stem = walk.over.var.name if walk.over.var.name != "x" else "element"
        element, now = self.witness(stem, walk.over.var.type, path)
        if walk.snapshot:
            guard = self._at(now, walk.owed, own, element)
        else:
            guard = conj((self.members(walk, now, element), negate(self._at(now, walk.visited, own, element))))
        guarded = now.guarded(guard)
        if guarded is None:
            return []
        after = write(guarded, walk.visited, (*own, element), TRUE, TRUE, frozenset())
        return [(element, write(after, walk.owed, (*own, element), FALSE, TRUE, frozenset()))]

    def walk_end(self, walk: typed.Walk, path: Path) -> list[Path]:
        """End the walk: possible when nothing is owed; its bookkeeping is forgotten."""
        own = tuple(path.env.get(p, p) for p in walk.params)
        var = Var("_e", walk.over.var.type)
        guarded = path.guarded(forall((var,), negate(self._at(path, walk.owed, own, var))))
        return [] if guarded is None else [self.walk_forget(walk, guarded)]

    def walk_forget(self, walk: typed.Walk, path: Path) -> Path:
        """Nothing is owed or visited any more."""
        own = tuple(path.env.get(p, p) for p in walk.params)
        var = Var("_e", walk.over.var.type)
        scope = frozenset((var,))
        after = write(path, walk.owed, (*own, var), FALSE, TRUE, scope)
        return write(after, walk.visited, (*own, var), FALSE, TRUE, scope)

    def _at(self, path: Path, symbol: Symbol, own: tuple[Term, ...], element: Term) -> Term:
        args = (*own, element)
        update = path.store.get(symbol)
        return (
            App(symbol, args)
            if update is None
            else substitute(update.value, dict(zip(update.formals, args, strict=True)))
        )
