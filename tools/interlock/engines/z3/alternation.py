"""Which formulas bring new elements into a proof: those with an existential that depends on a universal.

Assumed, `forall x :: exists y :: ..` gives a y to every x, and each y may in turn be an x of another formula: it is
what lets z3 instantiate without end.  `x != none` is such a claim too, but asks for one element that an option names,
and is not counted: nearly every design needs it nearly everywhere.
"""

from __future__ import annotations

from interlock.core.term import Eq, Implies, Not, Quant, Term, children, type_of
from interlock.core.types import BOOL


def alternates(formula: Term, *, positive: bool = True, below: bool = False) -> bool:
    """Whether an existential stands below a universal, as the formula reads when it is assumed.

    `positive` is false where it is denied, and `below` true under a universal.
    """
    match formula:
        case Quant():
            if (formula.kind == "forall") == positive:
                return alternates(formula.body, positive=positive, below=True)
            return below or alternates(formula.body, positive=positive, below=below)
        case Not():
            return alternates(formula.arg, positive=not positive, below=below)
        case Implies():
            left = alternates(formula.left, positive=not positive, below=below)
            return left or alternates(formula.right, positive=positive, below=below)
        case Eq() if type_of(formula.left) == BOOL:
            parts = (formula.left, formula.right)
            return any(alternates(p, positive=sign, below=below) for p in parts for sign in (True, False))
        case _:
            return any(alternates(part, positive=positive, below=below) for part in children(formula))
