"""Whether there is anything to prove: contradictory axioms or initial conditions make every proof vacuous."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from interlock.core.system import Named, TransitionSystem
from interlock.engines.z3.ask import Budget, ask, solver
from interlock.engines.z3.background import Theory
from interlock.engines.z3.terms import z3


def contradiction(theory: Theory, budget: Budget) -> str | None:
    """Why nothing can be proved of the system, or None where no contradiction was found.

    Which part is to blame only its author knows; named is the one with which, in the order of the file, those before it
    cannot be true.  It is looked for in systems with fewer parts, since there is a contradiction in few files.
    """
    system = theory.system
    if _no_structure(theory, budget):
        fewer = [replace(system, axioms=system.axioms[: n + 1]) for n in range(len(system.axioms))]
        last = next((s.axioms[-1] for s in fewer if _no_structure(Theory(s), budget)), None)
        return f"axioms are contradictory{_named(last)}: nothing can be proved"
    if _no_start(theory, budget):
        parts = _until_contradictory(system, budget)
        return f"the initial condition is contradictory{_named(parts[-1] if parts else None)}: nothing can be proved"
    return None


def _until_contradictory(system: TransitionSystem, budget: Budget) -> Sequence[Named]:
    """The first `initially` formulas that contradict the initial values; none if these contradict themselves."""
    for count in range(len(system.initially)):
        parts = system.initially[:count]
        if _no_start(Theory(replace(system, initially=parts)), budget):
            return parts
    return system.initially


def _named(part: Named | None) -> str:
    """Which part it is, in the words of the file."""
    if part is None:
        return ""
    text = part.name if part.span is None else " ".join(part.span.text.split())
    return f" from `{text}` on"


def _no_structure(theory: Theory, budget: Budget) -> bool:
    """Whether the axioms contradict each other."""
    return ask(solver(theory.vocabulary.context, theory.background()), budget) == "unsat"


def _no_start(theory: Theory, budget: Budget) -> bool:
    """Whether there is no initial state.

    The definitions stand for themselves but for what types promise of the values that they give.
    """
    asked = solver(theory.vocabulary.context, theory.background())
    facts, bodies = theory.initial()
    asked.add(*facts)
    asked.add(*(z3.substitute_funs(f, *bodies) for f in theory.type_facts(theory.system.symbols)))
    return ask(asked, budget) == "unsat"
