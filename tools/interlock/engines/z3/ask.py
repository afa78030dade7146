"""Questions to z3 with a limit on each: the answer is yes, no or unknown, never an exception and never a wait."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Literal as OneOf

from interlock.engines.protocol import Limits
from interlock.engines.z3.terms import Context, Expr, Solver, z3

Answer = OneOf["sat", "unsat", "unknown"]


@dataclass(frozen=True)
class Budget:
    """How long one query may take, and until when there is time for any."""

    query_seconds: float
    deadline: float
    clock: Callable[[], float] = field(default=monotonic)

    @staticmethod
    def of(limits: Limits) -> Budget:
        """The budget that begins now."""
        return Budget(limits.query_seconds, monotonic() + limits.total_seconds)

    def left(self) -> float:
        """Seconds that the next query may take: 0 where time is over."""
        return max(0.0, min(self.query_seconds, self.deadline - self.clock()))

    def share(self, part: float) -> Budget:
        """The same with that part of the time for each query."""
        return Budget(self.query_seconds * part, self.deadline, self.clock)


def solver(context: Context, facts: Iterable[Expr]) -> Solver:
    """A solver that assumes the facts."""
    made = z3.SimpleSolver(ctx=context)
    made.add(*facts)
    return made


def ground_solver(context: Context, facts: Iterable[Expr], *, numbers: bool) -> Solver:
    """A solver for formulas without quantifiers: a plain SAT solver, unless integers without bounds occur."""
    made = z3.SimpleSolver(ctx=context) if numbers else z3.SolverFor("QF_FD", ctx=context)
    made.add(*facts)
    return made


def ask(asked: Solver, budget: Budget, assumptions: Sequence[Expr] = ()) -> Answer:
    """Whether what the solver assumes, and the assumptions, can hold together."""
    seconds = budget.left()
    if seconds <= 0:
        return "unknown"
    asked.set("timeout", max(1, int(seconds * 1000)))
    try:
        found = asked.check(*assumptions)
    except z3.Z3Exception:
        return "unknown"
    if found == z3.sat:
        return "sat"
    return "unsat" if found == z3.unsat else "unknown"
