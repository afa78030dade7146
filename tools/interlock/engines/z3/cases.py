"""Values in a finite instance, by cases: each value that a term may have, with the condition under which it has it.

Conditions are Python's True and False as long as they are known and z3 formulas otherwise, so that whatever the
instance decides by itself costs the solver nothing.  The conditions of one term exclude one another; where none of them
holds the term is undefined, which makes every atom over it false without any further rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal as OneOf
from typing import TypeAlias

from interlock.core.term import Value
from interlock.engines.z3.terms import Expr, z3

Truth: TypeAlias = "bool | Expr"
"""A condition: decided, or a formula."""


def both(parts: Iterable[Truth]) -> Truth:
    """Conjunction."""
    open_: list[Expr] = []
    for part in parts:
        if part is False:
            return False
        if part is not True:
            open_.append(part)
    if not open_:
        return True
    return open_[0] if len(open_) == 1 else z3.And(*open_)


def either(parts: Iterable[Truth]) -> Truth:
    """Disjunction."""
    open_: list[Expr] = []
    for part in parts:
        if part is True:
            return True
        if part is not False:
            open_.append(part)
    if not open_:
        return False
    return open_[0] if len(open_) == 1 else z3.Or(*open_)


def opposite(part: Truth) -> Truth:
    """Negation."""
    return (not part) if isinstance(part, bool) else z3.Not(part)


def same_truth(left: Truth, right: Truth) -> Truth:
    """Equivalence."""
    if isinstance(left, bool):
        return right if left else opposite(right)
    if isinstance(right, bool):
        return left if right else opposite(left)
    return left == right


@dataclass(frozen=True)
class Cases:
    """A term's value: by cases, or an integer without bounds.

    `of` maps values (None for none) to conditions; `number` is the condition under which the value is an integer that
    the solver knows, with its expression.
    """

    of: Mapping[Value, Truth] = field(default_factory=dict[Value, Truth])
    number: tuple[Truth, Expr] | None = None

    def is_(self, value: Value) -> Truth:
        """That the term has this value."""
        parts = [self.of.get(value, False)]
        if self.number is not None and isinstance(value, int):
            parts.append(both((self.number[0], self.number[1] == value)))
        return either(parts)

    def defined(self) -> Truth:
        """That the term has a value."""
        return either([*self.of.values(), *([] if self.number is None else [self.number[0]])])

    def without_none(self) -> Cases:
        """What an unwrap gives: undefined at none."""
        return Cases({v: c for v, c in self.of.items() if v is not None}, self.number)

    def as_number(self, context: Expr) -> tuple[Truth, Expr]:
        """The integer that the term is, and when it is one."""
        value = z3.IntVal(0, context) if self.number is None else self.number[1]
        for case, condition in self.of.items():
            if isinstance(case, int):
                number = z3.IntVal(case, context)
                value = number if condition is True else z3.If(condition, number, value)
        return self.defined(), value


def known(value: Value) -> Cases:
    """A value that is decided."""
    return Cases({value: True})


def choose(options: Iterable[tuple[Truth, Cases]], context: Expr) -> Cases:
    """The value of the option whose condition holds; conditions exclude one another."""
    found: dict[Value, list[Truth]] = {}
    number: tuple[list[Truth], Expr] | None = None
    for condition, cases in options:
        if condition is False:
            continue
        for value, when in cases.of.items():
            found.setdefault(value, []).append(both((condition, when)))
        if cases.number is not None:
            when, expression = cases.number
            here = both((condition, when))
            if number is None:
                number = ([here], expression)
            else:
                guard = z3.BoolVal(here, context) if isinstance(here, bool) else here
                number = ([*number[0], here], z3.If(guard, expression, number[1]))
    of = {value: either(conditions) for value, conditions in found.items()}
    return Cases(
        {v: c for v, c in of.items() if c is not False}, None if number is None else (either(number[0]), number[1])
    )


def equal(left: Cases, right: Cases) -> Truth:
    """That both are defined and the same."""
    parts = [both((c, right.of[v])) for v, c in left.of.items() if v in right.of]
    for this, other in ((left, right), (right, left)):
        if this.number is not None:
            when, number = this.number
            parts += [both((when, c, number == v)) for v, c in other.of.items() if isinstance(v, int)]
    if left.number is not None and right.number is not None:
        parts.append(both((left.number[0], right.number[0], left.number[1] == right.number[1])))
    return either(parts)


def compare(op: OneOf["<", "<="], left: Cases, right: Cases, context: Expr) -> Truth:
    """That both are defined integers (or elements of an ordered sort, which are integers here) in that order."""
    if left.number is not None or right.number is not None:
        (when, this), (then, other) = left.as_number(context), right.as_number(context)
        return both((when, then, this <= other if op == "<=" else this < other))
    return either(
        both((c, d))
        for v, c in left.of.items()
        for w, d in right.of.items()
        if isinstance(v, int) and isinstance(w, int) and (v <= w if op == "<=" else v < w)
    )


def calculate(op: OneOf["+", "-", "*"], left: Cases, right: Cases, context: Expr) -> Cases:
    """Integer arithmetic; undefined where an operand is."""
    if left.number is not None or right.number is not None:
        (when, this), (then, other) = left.as_number(context), right.as_number(context)
        return Cases({}, (both((when, then)), _arithmetic(op, this, other)))
    found: dict[Value, list[Truth]] = {}
    for v, c in left.of.items():
        for w, d in right.of.items():
            if isinstance(v, int) and isinstance(w, int):
                found.setdefault(_arithmetic(op, v, w), []).append(both((c, d)))
    return Cases({value: either(conditions) for value, conditions in found.items()})


def _arithmetic(op: OneOf["+", "-", "*"], left: Expr, right: Expr) -> Expr:
    match op:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
