"""Every schedule with at most so many preemptions, by depth-first search that starts each execution afresh.

Bounds are tried in rising order, so the first failing execution has as few preemptions as any.  Nothing is left
out but orders of steps on memory that nobody else can reach: many executions differ in nothing that matters.
"""

from __future__ import annotations

from dataclasses import dataclass

from interlock_conformance.scheduling.machine import Chooser, Point, default_choice
from interlock_conformance.strategies import Explored, Run, Tally


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
            else f"all schedules with at most {self.preemptions} preemptions"
        )
        bounds = [None] if self.preemptions is None else range(self.preemptions + 1)
        for bound in bounds:
            prefix: list[int] | None = []
            while prefix is not None:
                if tally.executions >= self.executions:
                    return tally.explored(f"the first {tally.executions} of {within}", exhausted=False)
                execution = run(_follow(prefix), known=max(0, len(prefix) - 1))
                if tally.add(execution):
                    return tally.explored(within, exhausted=False)
                prefix = _next_prefix(execution.points, bound)
        return tally.explored(within, exhausted=True)


def _follow(prefix: list[int]) -> Chooser:
    """Choose along the prefix, then without preemption."""
    given = iter(prefix)

    def choose(last: int | None, enabled: tuple[int, ...]) -> int:
        wanted = next(given, None)
        return default_choice(last, enabled) if wanted is None else wanted

    return choose


def _next_prefix(points: tuple[Point, ...], bound: int | None) -> list[int] | None:
    """The next schedule in depth-first order, up to the point at which it differs; None when there is none."""
    spent = [0]
    for point in points:
        spent.append(spent[-1] + point.preempts)
    for at in range(len(points) - 1, -1, -1):
        point = points[at]
        if len(point.enabled) == 1:
            continue
        order = _order(point)
        for choice in order[order.index(point.chosen) + 1 :]:
            cost = spent[at] + Point(point.last, point.enabled, choice).preempts
            if bound is None or cost <= bound:
                return [*(p.chosen for p in points[:at]), choice]
    return None


def _order(point: Point) -> list[int]:
    """The choices at a point: first the one without preemption, which is what an execution takes by itself."""
    first = default_choice(point.last, point.enabled)
    return [first, *(index for index in point.enabled if index != first)]
