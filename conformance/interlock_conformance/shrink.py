"""Shrinking a failing schedule: fewest preemptions first, then fewest steps.

A schedule is a list of segments, each a thread and a number of steps.  A variant drops a segment, lets one run on to
where its thread stops by itself, joins one to the thread's next or previous segment, cuts one short, or swaps two.  It
is followed as far as it can be, and kept if the execution breaks the same property and is smaller.  What is kept is the
schedule that was really run, so every step of the search can be replayed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from interlock_conformance.schedule import Schedule
from interlock_conformance.scheduling.footprint import Footprint
from interlock_conformance.scheduling.machine import Breach, Chooser, Execution, Finished, Point
from interlock_conformance.strategies import Run
from interlock_conformance.strategies.exhaustive import Exhaustive
from interlock_conformance.strategies.replay import roughly

Segments = list[tuple[int, int]]
_FOREVER = 1_000_000_000


def shrink(failing: Execution, run: Run, executions: int = 2_000) -> Execution:
    """The smallest execution found that breaks the same property as `failing`; about so many are tried at most.

    Variants of one schedule get stuck where a thread would have to be stopped in a quite different place, so what is
    left of the budget goes into a search through all schedules with fewer preemptions.
    """
    best, tried = _descend(failing, run, executions)
    if tried < executions and best.preemptions:
        same = _breaks(failing)

        def only_this(
            choose: Chooser, *, given: Sequence[Point] = (), trail: list[Footprint] | None = None
        ) -> Execution:
            execution = run(choose, given=given, trail=trail)
            return execution if _breaks(execution) == same else Execution(execution.points, Finished())

        found = Exhaustive(best.preemptions - 1, executions - tried).explore(only_this).failing
        if found is not None:
            best, _ = _descend(found, run, executions)
    return best


def _descend(failing: Execution, run: Run, executions: int) -> tuple[Execution, int]:
    """Take smaller variants until there is none; also the number of variants tried."""
    best = failing
    tried = 0
    improved = True
    while improved:
        improved = False
        for variant in _variants(_segments(best.schedule)):
            if tried >= executions:
                return best, tried
            tried += 1
            execution = run(roughly(variant))
            if _breaks(execution) == _breaks(failing) and _size(execution) < _size(best):
                best, improved = execution, True
                break
    return best, tried


def _breaks(execution: Execution) -> str | None:
    return execution.end.property if isinstance(execution.end, Breach) else None


def _size(execution: Execution) -> tuple[int, int, Schedule]:
    return execution.preemptions, len(execution.points), execution.schedule


def _segments(schedule: Schedule) -> Segments:
    return [(thread, len(list(run))) for thread, run in groupby(schedule)]


def _variants(segments: Segments) -> Iterator[Segments]:
    for at, (thread, steps) in enumerate(segments):
        before, after = segments[:at], segments[at + 1 :]
        yield before + after
        yield [*before, (thread, _FOREVER), *after]
        yield from _joined(before, (thread, steps), after)
        if after:
            yield [*before, after[0], (thread, steps), *after[1:]]
        for fewer in sorted({0, steps // 2, steps - 1} - {0, steps}):
            yield [*before, (thread, fewer), *after]


def _joined(before: Segments, segment: tuple[int, int], after: Segments) -> Iterator[Segments]:
    """The segment's steps taken later, with the thread's next segment, or earlier, with its previous one."""
    thread, steps = segment
    later = next((at for at, (other, _) in enumerate(after) if other == thread), None)
    if later is not None:
        yield [*before, *after[:later], (thread, steps + after[later][1]), *after[later + 1 :]]
    earlier = next((at for at in reversed(range(len(before))) if before[at][0] == thread), None)
    if earlier is not None:
        yield [*before[:earlier], (thread, steps + before[earlier][1]), *before[earlier + 1 :], *after]
