"""Dropping state that never changes: relations that are false (or options that are none) from the start on.

Splitting by kinds of process makes many of them: `owes_init_lookup` where no init ever waits.  The set of dropped
symbols is the greatest one for which every update still gives the constant, so dropping is an inductive invariant.
"""

from __future__ import annotations

from dataclasses import replace

from interlock.core.rewrite import map_apps, symbols_of
from interlock.core.system import Obligation, Property, Transition, TransitionSystem
from interlock.core.term import FALSE, TRUE, App, Literal, Symbol, Term


def drop_constant_symbols(system: TransitionSystem) -> TransitionSystem:
    """The system without symbols that keep the constant that they start as."""
    constants: dict[Symbol, Literal] = {}
    for update in system.initial_values:
        if not update.symbol.rigid and isinstance(update.value, Literal) and update.value.value in (False, None):
            constants[update.symbol] = update.value
    while True:
        leaving = {
            update.symbol
            for transition in system.transitions
            if reduced(transition.guard, constants) != FALSE
            for update in transition.updates
            if update.symbol in constants and reduced(update.value, constants) != constants[update.symbol]
        }
        if not leaving:
            break
        constants = {s: v for s, v in constants.items() if s not in leaving}
    return without(system, constants) if constants else system


def reduced(term: Term, constants: dict[Symbol, Literal]) -> Term:
    """The term with constant symbols replaced."""

    def value(app: App) -> Term:
        return constants.get(app.symbol, app)

    return map_apps(term, value)


def without(system: TransitionSystem, constants: dict[Symbol, Literal]) -> TransitionSystem:
    """Replace the symbols everywhere.

    A step that thereby can never be taken stays, as a dead step, where its label would vanish.
    """
    transitions: list[Transition] = []
    dead: list[Transition] = []
    for transition in system.transitions:
        updates = tuple(
            replace(u, value=reduced(u.value, constants)) for u in transition.updates if u.symbol not in constants
        )
        changed = replace(
            transition,
            guard=reduced(transition.guard, constants),
            updates=tuple(u for u in updates if u.value != App(u.symbol, u.formals)),
        )
        (dead if changed.guard == FALSE else transitions).append(changed)
    alive = {t.action for t in transitions}
    for transition in dead:
        if transition.action not in alive:
            alive.add(transition.action)
            transitions.append(replace(transition, updates=()))
    obligations: list[Obligation] = []
    for obligation in system.obligations:
        reach = reduced(obligation.reach, constants)
        condition = reduced(obligation.condition, constants)
        if reach != FALSE and condition != TRUE:
            obligations.append(replace(obligation, reach=reach, condition=condition))
    return replace(
        system,
        symbols=tuple(s for s in system.symbols if s not in constants),
        initial_values=tuple(
            replace(u, value=reduced(u.value, constants)) for u in system.initial_values if u.symbol not in constants
        ),
        initially=tuple(replace(n, formula=reduced(n.formula, constants)) for n in system.initially),
        transitions=tuple(transitions),
        obligations=tuple(obligations),
        properties=tuple(_property(p, constants) for p in system.properties),
        processes=tuple(replace(p, started=reduced(p.started, constants)) for p in system.processes),
        refinements=tuple(
            replace(
                r,
                variables=tuple(replace(v, value=reduced(v.value, constants)) for v in r.variables),
                steps=tuple(
                    (step, action, tuple(reduced(a, constants) for a in args)) for step, action, args in r.steps
                ),
            )
            for r in system.refinements
        ),
    )


def _property(prop: Property, constants: dict[Symbol, Literal]) -> Property:
    return replace(
        prop,
        formula=reduced(prop.formula, constants),
        unchanging=tuple(sorted(s.name for s in symbols_of(prop.formula) if s in constants)),
        leads_to=reduced(prop.leads_to, constants),
        schedule=tuple(replace(s, args=tuple(reduced(a, constants) for a in s.args)) for s in prop.schedule),
    )
