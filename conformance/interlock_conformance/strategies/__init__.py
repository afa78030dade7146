"""How schedules are chosen: one small file each, behind one protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from interlock_conformance.scheduling.footprint import Footprint
from interlock_conformance.scheduling.machine import (
    Breach,
    Chooser,
    Diverged,
    Execution,
    Finished,
    OutOfSteps,
    Point,
    Pruned,
)


class Run(Protocol):
    """Runs the workload once, from the start, under a chooser."""

    def __call__(
        self, choose: Chooser, *, given: Sequence[Point] = (), trail: list[Footprint] | None = None
    ) -> Execution:
        """Run; the `given` points are those of an execution that began alike, where what comes of them was judged.

        `trail` gets the footprint of each step after those; when the chooser is asked, all before are complete.
        """
        ...


@dataclass(frozen=True, slots=True)
class Explored:
    """What a strategy has done.  `bound` says in words what was covered; `exhausted` that nothing was left out of it.

    `cut_off` counts executions that ran out of steps: about those nothing is known.  `round` says who
    went round in one of them.
    """

    executions: int
    cut_off: int
    exhausted: bool
    bound: str
    failing: Execution | None = None
    diverged: Diverged | None = None
    round: str = ""

    def then(self, more: Explored) -> Explored:
        """This and what was done after it, of a workload that is about the same."""
        return replace(
            more,
            executions=self.executions + more.executions,
            cut_off=self.cut_off + more.cut_off,
            round=self.round or more.round,
            exhausted=self.exhausted and more.exhausted,
            bound=more.bound if self.exhausted else self.bound,
        )


class Strategy(Protocol):
    """Runs executions until one fails or there is no more to run."""

    def explore(self, run: Run) -> Explored:
        """Run executions; stops at the first that ends in a breach."""
        ...


@dataclass(slots=True)
class Tally:
    """Counts executions as they end; those that were cut short as repetitions do not count."""

    executions: int = 0
    cut_off: int = 0
    failing: Execution | None = None
    diverged: Diverged | None = None
    round: str = ""

    def add(self, execution: Execution) -> bool:
        """Count an execution; whether to stop."""
        self.executions += not isinstance(execution.end, Pruned)
        match execution.end:
            case Breach():
                self.failing = execution
            case Diverged():
                self.diverged = execution.end
            case OutOfSteps():
                self.cut_off += 1
                self.round = self.round or execution.end.round
            case Finished() | Pruned():
                pass
        return self.failing is not None or self.diverged is not None

    def explored(self, bound: str, *, exhausted: bool) -> Explored:
        """The result; nothing is exhausted while an execution failed or was cut off."""
        whole = exhausted and self.failing is None and self.diverged is None and not self.cut_off
        return Explored(self.executions, self.cut_off, whole, bound, self.failing, self.diverged, self.round)
