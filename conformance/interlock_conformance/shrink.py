"""Shrinking a failing schedule: fewest preemptions first, then fewest steps.

A schedule is a list of segments, each a thread and a number of steps.  A variant drops a segment, lets one run on to
where its thread stops by itself, cuts one short, or swaps two; it is followed as far as it can be, and kept if the
execution breaks the same property and is smaller.  What is kept is the schedule that was really run, so every step of
the search can be replayed.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from interlock_conformance.machine import Breach, Execution
from interlock_conformance.schedule import Schedule
from interlock_conformance.strategies import Run
from interlock_conformance.strategies.replay import roughly

Segments = list[tuple[int, int]]
_FOREVER = 1_000_000_000


def shrink(failing: Execution, run: Run, executions: int = 2_000) -> Execution:
    """The smallest execution found that breaks the same property as `failing`; at most so many are tried."""
    best = failing
    tried = 0
    improved = True
    while improved:
        improved = False
        for variant in _variants(_segments(best.schedule)):
            if tried >= executions:
                return best
            tried += 1
            execution = run(roughly(variant))
            if _breaks(execution) == _breaks(failing) and _size(execution) < _size(best):
                best, improved = execution, True
                break
    return best


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
        if after:
            yield [*before, after[0], (thread, steps), *after[1:]]
        for fewer in sorted({0, steps // 2, steps - 1} - {0, steps}):
            yield [*before, (thread, fewer), *after]
