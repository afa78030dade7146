"""Operator precedence: turns a flat run of operands and operators into a tree.

    not  >  and  >  or  >  implies (right)  >  iff        and, tighter than all of them: comparisons, + -, *, unary -

Comparisons do not chain (`a < b < c`), nor does `iff`.  A quantifier reaches as far to the right as it can, so it can
only be the last operand of and, or, implies, iff and not.  The run is read by precedence climbing instead of by
grammar rules: eleven levels of rules cost a reduction each for every operand, and a rule that fails cannot say why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal as OneOf
from typing import TypeAlias, cast

from interlock.core.diagnostic import Diagnostic, diagnose
from interlock.core.source import Span
from interlock.lang.syntax import Binary, Binder, Expr, Quantified, Unary

BinaryOperator: TypeAlias = OneOf[
    "and", "or", "implies", "iff", "=", "!=", "<", "<=", ">", ">=", "+", "-", "*", "in", "not in"
]


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator as read: `word` is what the text says."""

    word: str
    span: Span


@dataclass(frozen=True, slots=True)
class Quantifier:
    """`forall x: S ::`, which binds what follows."""

    kind: OneOf["forall", "exists"]
    binders: tuple[Binder, ...]
    span: Span


Part: TypeAlias = Expr | Operator | Quantifier

COMPARISON = 5
LEVEL: dict[str, int] = {
    "iff": 1,
    "implies": 2,
    "or": 3,
    "and": 4,
    **dict.fromkeys(("=", "!=", "<", "<=", ">", ">=", "in", "not in"), COMPARISON),
    "+": 6,
    "-": 6,
    "*": 7,
}
"""How tightly each binary operator binds; `not` stands between `and` and the comparisons, unary `-` above `*`."""

NEGATION = 8


class Resolver:
    """One run of parts, read from left to right.

    A rule broken is reported and the tree is made nonetheless, so that the rest of the file is still read.
    """

    def __init__(self, parts: Sequence[Part], report: Callable[[Diagnostic], None]) -> None:
        self._parts = parts
        self._at = 0
        self._report = report

    def resolve(self) -> Expr:
        """Return the tree of the whole run."""
        return self._climb(1)

    def _climb(self, floor: int) -> Expr:
        left = self._operand(floor)
        while self._at < len(self._parts):
            operator = self._parts[self._at]
            assert isinstance(operator, Operator)
            level = LEVEL[operator.word]
            if level < floor:
                break
            self._at += 1
            right = self._climb(level if operator.word == "implies" else level + 1)
            left = Binary(cast("BinaryOperator", operator.word), left, right, left.span.to(right.span))
            self._refuse_chain(operator, level)
        return left

    def _refuse_chain(self, operator: Operator, level: int) -> None:
        """Report `a < b < c` and `a iff b iff c` at their second operator."""
        if level not in (COMPARISON, LEVEL["iff"]) or self._at >= len(self._parts):
            return
        following = self._parts[self._at]
        assert isinstance(following, Operator)
        if LEVEL[following.word] != level:
            return
        if level == COMPARISON:
            message = f"`{operator.word}` and `{following.word}` do not chain"
            fix = "write `a < b and b < c` for two comparisons, or parentheses"
            self._report(diagnose("E0107", message, following.span, fix=fix))
        else:
            fix = "write `(a iff b) iff c`, or `(a iff b) and (b iff c)` for all three alike"
            self._report(diagnose("E0107", "`iff` does not chain", following.span, fix=fix))

    def _operand(self, floor: int) -> Expr:
        part = self._parts[self._at]
        self._at += 1
        match part:
            case Quantifier(kind, binders, span):
                if floor > COMPARISON:
                    self._report_loose(kind, span)
                body = self._climb(1)
                return Quantified(kind, binders, body, span.to(body.span))
            case Operator("not", span):
                if floor > COMPARISON:
                    self._report_loose("not", span)
                arg = self._climb(COMPARISON)
                return Unary("not", arg, span.to(arg.span))
            case Operator(_, span):
                arg = self._climb(NEGATION)
                return Unary("-", arg, span.to(arg.span))
            case _:
                return part

    def _report_loose(self, word: str, span: Span) -> None:
        message = f"`{word}` cannot be an operand here"
        self._report(diagnose("E0110", message, span, fix=f"put parentheses around what `{word}` governs"))


__all__ = ["LEVEL", "BinaryOperator", "Operator", "Part", "Quantifier", "Resolver"]
