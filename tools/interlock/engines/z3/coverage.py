"""Which steps and conditions the proved invariants rule out, for sorts of any size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from interlock.core.rewrite import subterms
from interlock.core.system import TransitionSystem
from interlock.core.term import App, Term
from interlock.engines.protocol import Limits
from interlock.engines.z3.ask import Budget, ask, solver
from interlock.engines.z3.background import Instance, Theory
from interlock.engines.z3.terms import Expr, UnsupportedError, z3

_PATIENCE = 2.0
"""Seconds for a question: it is about a warning, and most that take longer are never answered."""


def rules_out(
    system: TransitionSystem,
    invariants: Sequence[str],
    actions: Sequence[str],
    conditions: Sequence[Term],
    limits: Limits,
) -> tuple[frozenset[str], frozenset[Term]]:
    """The actions that no state enables, and the conditions that no state or step meets, where the invariants hold.

    Nothing is proved anew: the invariants must have been.  What cannot be said to z3, or not in time, is not ruled out.
    """
    theory = Theory(system)
    budget = Budget.of(replace(limits, query_seconds=min(limits.query_seconds, _PATIENCE)))
    try:
        facts = [*theory.background(), *(theory.formula(system.property(name).formula) for name in invariants)]
    except UnsupportedError:
        return frozenset(), frozenset()
    asking = _Asking(theory, budget, facts)
    dead = frozenset(action for action in actions if asking.dead(action))
    return dead, frozenset(condition for condition in conditions if asking.never(condition))


class _Asking:
    """Questions about all states that satisfy the invariants."""

    def __init__(self, theory: Theory, budget: Budget, facts: Iterable[Expr]) -> None:
        self._theory = theory
        self._budget = budget
        self._asked = solver(theory.vocabulary.context, facts)
        self._instances: dict[int, Instance | None] = {}

    def dead(self, action: str) -> bool:
        """Whether no alternative of the action is ever enabled."""
        return all(
            self._impossible(instance.assumptions) if (instance := self._instance(index)) else False
            for index, transition in enumerate(self._theory.system.transitions)
            if transition.action == action
        )

    def never(self, condition: Term) -> bool:
        """Whether a condition holds in no state, or of no step where it has primed parts."""
        try:
            formula = self._theory.formula(condition)
        except UnsupportedError:
            return False
        if not any(isinstance(part, App) and part.primed for part in subterms(condition)):
            return self._impossible([formula])
        for index in range(len(self._theory.system.transitions)):
            instance = self._instance(index)
            if instance is None:
                return False
            after = z3.substitute_funs(formula, *instance.primes)
            if not self._impossible([*instance.assumptions, instance.moves, after]):
                return False
        return True

    def _instance(self, index: int) -> Instance | None:
        if index not in self._instances:
            try:
                self._instances[index] = self._theory.instance(self._theory.system.transitions[index])
            except UnsupportedError:
                self._instances[index] = None
        return self._instances[index]

    def _impossible(self, facts: Iterable[Expr]) -> bool:
        self._asked.push()
        self._asked.add(*facts)
        answer = ask(self._asked, self._budget)
        self._asked.pop()
        return answer == "unsat"
