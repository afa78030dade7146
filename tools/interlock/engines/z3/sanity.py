"""Whether there is anything to prove: contradictory axioms or initial conditions make every proof vacuous."""

from __future__ import annotations

from interlock.engines.z3.ask import Budget, ask, solver
from interlock.engines.z3.background import Theory
from interlock.engines.z3.terms import z3


def contradiction(theory: Theory, budget: Budget) -> str | None:
    """Why nothing can be proved of the system, or None where no contradiction was found."""
    asked = solver(theory.vocabulary.context, theory.background())
    if ask(asked, budget) == "unsat":
        return "axioms are contradictory: nothing can be proved"
    facts, bodies = theory.initial()
    asked.add(*facts)
    # The definitions stand for themselves but for what types promise of the values that they give.
    asked.add(*(z3.substitute_funs(f, *bodies) for f in theory.type_facts(theory.system.symbols)))
    if ask(asked, budget) == "unsat":
        return "the initial condition is contradictory: nothing can be proved"
    return None
