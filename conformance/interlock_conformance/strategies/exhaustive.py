"""Every schedule with at most so many preemptions, by depth-first search that starts each execution afresh.

Bounds are tried in rising order, so the first failing execution has as few preemptions as any.  Nothing is left
out but orders of steps on memory that nobody else can reach: many executions differ in nothing that matters.
"""

from __future__ import annotations

from dataclasses import dataclass

from interlock_conformance.scheduling.machine import Point
from interlock_conformance.strategies import Explored, Run, Tally
from interlock_conformance.strategies.replay import exactly


@dataclass(frozen=True, slots=True)
class Exhaustive:
    """At most `preemptions` preemptions (None: any number), and at most `executions` executions in all."""

    preemptions: int | None = 2
    executions: int = 100_000

    def explore(self, run: Run) -> Explored:
        """Search; `exhausted` only if no schedule within the bound was left out."""
        tally = Tally()
        within = (
            "all schedules"
            if self.preemptions is None
            else f"all schedules with at most {self.preemptions} preemption{'' if self.preemptions == 1 else 's'}"
        )
        bounds = [None] if self.preemptions is None else range(self.preemptions + 1)
        for bound in bounds:
            search = _Search(bound)
            while search.next():
                if tally.executions >= self.executions:
                    return tally.explored(f"the first {tally.executions} of {within}", exhausted=False)
                execution = run(exactly(search.choice), given=search.given)
                if tally.add(execution):
                    return tally.explored(within, exhausted=False)
                search.learn(execution.points)
        return tally.explored(within, exhausted=True)


class _Search:
    """Depth-first search within a bound: an execution takes other points than the one before from some point on."""

    def __init__(self, bound: int | None) -> None:
        self.given: tuple[Point, ...] = ()
        """The points that the next execution has in common with the last."""
        self.choice: tuple[int, ...] = ()
        """The choice by which it differs; none in the first."""
        self._bound = bound
        self._begun = False
        self._points: tuple[Point, ...] = ()
        self._open: list[tuple[int, int]] = []
        """What is still to be chosen, and at which point of the last execution; the next one at the end."""
        self._spent = [0]
        """At each point of the last execution, the preemptions before it."""

    def next(self) -> bool:
        """Turn to the next execution; whether there is one."""
        if not self._begun:
            self._begun = True
            return True
        if not self._open:
            return False
        at, choice = self._open.pop()
        self.given, self.choice = self._points[:at], (choice,)
        return True

    def learn(self, points: tuple[Point, ...]) -> None:
        """Put down what else could have been chosen in an execution, where it differs from the one before."""
        self._points = points
        bound, first, known = self._bound, len(self.given), bool(self.choice)
        spent = self._spent = self._spent[: first + 1]
        for at in range(first, len(points)):
            last, enabled, chosen = points[at]
            could_go_on = last in enabled
            if len(enabled) > 1 and not known and (not could_go_on or bound is None or spent[at] < bound):
                self._open += [(at, index) for index in reversed(enabled) if index != chosen]
            spent.append(spent[at] + (could_go_on and chosen != last))
            known = False
