"""Whether a step invariant holds of a step that changes nothing of what the invariant speaks of.

Most do, by their form: `p(x) and not p(x)' implies ...` and `f(x) = y and f(x)' = z implies y = z` say nothing of such
a step.  A search that leaves steps out must know it: it keeps every step that changes what a property speaks of, but
not each of those that do not.  The proof is a small search over the form; what it does not see is taken to fail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from interlock.core.rewrite import free_vars, map_apps
from interlock.core.term import FALSE, TRUE, And, Eq, Implies, Literal, Not, Or, Quant, Some, Term, conjuncts, negate


def holds_when_still(formula: Term) -> bool:
    """Whether a formula over a step is seen to hold where the state after is the state before."""
    return _follows((), map_apps(formula, lambda app: replace(app, primed=False)))


def _follows(facts: tuple[Term, ...], goal: Term) -> bool:
    match goal:
        case _ if goal in facts or goal == TRUE:
            return True
        case And():
            return all(_follows(facts, part) for part in goal.args)
        case Implies():
            return _follows((*facts, *conjuncts(goal.left)), goal.right)
        case Quant(kind="forall") if not any(free_vars(fact) & set(goal.vars) for fact in facts):
            return _follows(facts, goal.body)
        case Or():
            others = tuple(negate(part) for part in goal.args)
            return any(
                _follows((*facts, *others[:number], *others[number + 1 :]), part)
                for number, part in enumerate(goal.args)
            )
        case Not(arg=Or(args=parts)):
            return all(_follows(facts, negate(part)) for part in parts)
        case Not():
            return _contradict((*facts, *conjuncts(goal.arg)))
        case Eq() if any({goal.left, goal.right} <= group for group in _equal(facts)):
            return True
        case _:
            return _contradict(facts)


def _contradict(facts: Sequence[Term]) -> bool:
    known = set(facts)
    return (
        FALSE in known
        or any(negate(fact) in known for fact in known)
        or any(len({term.value for term in group if isinstance(term, Literal)}) > 1 for group in _equal(facts))
    )


def _equal(facts: Sequence[Term]) -> list[set[Term]]:
    """Terms that are equal by the facts, in groups, and then what is in options that are equal."""
    groups: list[set[Term]] = []
    for fact in facts:
        if isinstance(fact, Eq):
            new = {fact.left, fact.right}
            touched = [group for group in groups if group & new]
            groups = [group for group in groups if not group & new] + [new.union(*touched)]
    return groups + [{term.arg for term in group if isinstance(term, Some)} for group in groups]
