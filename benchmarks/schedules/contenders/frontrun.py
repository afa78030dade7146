"""frontrun: Python under `sys.settrace` or `sys.monitoring`, by dynamic partial-order reduction or at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import frontrun
from subjects.plain import SUBJECTS

from contenders.contender import Found

BOUND = 2
"""Preemptions, which is what it has by default."""


@dataclass(frozen=True)
class Dpor:
    """Its default: reduced by partial order."""

    name = "frontrun, dpor"
    systematic = True
    note = "steps are bytecodes that access objects"

    def search(self, subject: str, most: int, seed: int, *, judged: bool, bounded: bool) -> Found:  # noqa: ARG002
        """Explore; a counterexample is not run again, for others do not either."""
        case = SUBJECTS[subject]
        result: Any = frontrun.explore(
            setup=case.make,
            workers=list(case.threads),
            invariant=case.holds if judged else lambda _: True,
            strategy="dpor",
            preemption_bound=BOUND if bounded else None,
            max_executions=most,
            stop_on_first=judged,
            reproduce_on_failure=0,
            detect_io=False,
        )
        broken = result.property_holds is False
        return Found(result.num_explored, broken=broken, exhausted=not broken and result.num_explored < most)


@dataclass(frozen=True)
class Random:
    """Random schedules of bytecodes."""

    name = "frontrun, random"
    systematic = False
    note = "steps are bytecodes"

    def search(self, subject: str, most: int, seed: int, *, judged: bool, bounded: bool) -> Found:  # noqa: ARG002
        """Sample schedules."""
        case = SUBJECTS[subject]
        result: Any = frontrun.explore(
            setup=case.make,
            workers=list(case.threads),
            invariant=case.holds if judged else lambda _: True,
            strategy="random",
            max_attempts=most,
            seed=seed,
            reproduce_on_failure=0,
            detect_io=False,
        )
        return Found(result.num_explored, broken=result.property_holds is False, exhausted=False)
