"""The order in which values of variables are tried and conditions tested: how every finite engine searches.

A condition is tested as soon as its variables have values; a variable that must equal a term over those before it is
computed; only for what is left are all values tried, first for the variable that lets most conditions be tested.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from interlock.core.rewrite import free_vars
from interlock.core.term import Eq, Some, Term, Var


@dataclass(frozen=True, slots=True)
class Test:
    """Go on only where the conditions hold."""

    __test__ = False  # no test case, whatever pytest thinks of the name
    conditions: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Assign:
    """Go on with the variable at the term's value, if that exists and is one of the variable's type."""

    var: Var
    value: Term


@dataclass(frozen=True, slots=True)
class Pick:
    """Go on with each value of the variable's type in turn."""

    var: Var


Action: TypeAlias = Test | Assign | Pick


def plan(variables: Sequence[Var], conditions: Sequence[Term]) -> tuple[Action, ...]:
    """How to find the values of variables that satisfy all conditions."""
    unbound = list(variables)
    pending = [(condition, free_vars(condition)) for condition in conditions]
    found: list[Action] = []
    while unbound or pending:
        left = frozenset(unbound)
        ready = [condition for condition, names in pending if not names & left]
        if ready:
            pending = [(condition, names) for condition, names in pending if names & left]
            found.append(Test(tuple(ready)))
            continue
        for number, (condition, _) in enumerate(pending):
            solved = _solve(condition, left)
            if solved is not None:
                unbound.remove(solved.var)
                del pending[number]
                found.append(solved)
                break
        else:
            var = _most_useful(unbound, [names & left for _, names in pending])
            unbound.remove(var)
            found.append(Pick(var))
    return tuple(found)


def _solve(condition: Term, unbound: frozenset[Var]) -> Assign | None:
    """An unbound variable and the term over bound ones that it must equal, if the condition says so."""
    if not isinstance(condition, Eq):
        return None
    for side, other in ((condition.left, condition.right), (condition.right, condition.left)):
        var = side.arg if isinstance(side, Some) else side
        if isinstance(var, Var) and var in unbound and not free_vars(other) & unbound:
            return Assign(var, other)
    return None


def _most_useful(unbound: Sequence[Var], wanted: Sequence[frozenset[Var]]) -> Var:
    """The variable with which most conditions can be tested, of which each wants some."""
    return max(unbound, key=lambda var: sum(names == frozenset((var,)) for names in wanted))
