"""Leaves out of a system what no step of it depends on: ghosts, above all, which double the states of a count."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from interlock.core.rewrite import symbols_of
from interlock.core.system import TransitionSystem
from interlock.core.term import TRUE, Symbol


def sliced(system: TransitionSystem, wanted: Collection[Symbol] = ()) -> TransitionSystem:
    """The system without claims, and without state on which neither a guard nor a place nor what is wanted depends.

    It takes the same steps, as far as what is left can tell: nothing that is left out is ever read by what is kept.
    """
    kept = {*wanted, *(process.pc for process in system.processes)}
    for transition in system.transitions:
        kept |= symbols_of(transition.guard)
    for axiom in system.axioms:
        kept |= symbols_of(axiom.formula)
    kept = _closed(system, kept)
    return replace(
        system,
        symbols=tuple(s for s in system.symbols if s in kept),
        initial_values=tuple(u for u in system.initial_values if u.symbol in kept),
        initially=tuple(i for i in system.initially if symbols_of(i.formula) <= kept),
        transitions=tuple(
            replace(
                t,
                updates=tuple(u for u in t.updates if u.symbol in kept),
                choices=tuple(c for c in t.choices if c in kept),
            )
            for t in system.transitions
        ),
        processes=tuple(p if symbols_of(p.started) <= kept else replace(p, started=TRUE) for p in system.processes),
        obligations=(),
        properties=(),
        expects=(),
        refinements=(),
        action_fairness=(),
    )


def _closed(system: TransitionSystem, seeds: set[Symbol]) -> set[Symbol]:
    """The seeds, and all that decides what becomes of them."""
    updates = [u for t in system.transitions for u in t.updates] + list(system.initial_values)
    kept, before = set(seeds), -1
    while len(kept) != before:
        before = len(kept)
        for update in updates:
            if update.symbol in kept:
                kept |= symbols_of(update.value)
        for start in system.initially:
            if symbols_of(start.formula) & kept:
                kept |= symbols_of(start.formula)
    return kept
