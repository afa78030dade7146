"""How many states a breadth-first search has still to find: an estimate, where there is one.

Levels grow and shrink like a bell in most systems: the ratio of one level to the one before falls, steadily enough for
its own fall to be carried on.  It is worth no more than that, and is always shown as an estimate.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import exp, log

_ENOUGH = 6
"""Levels from which a trend may be read."""

_WINDOW = 6
"""Latest ratios that make the trend."""

_FAST = log(1.2)
"""While levels grow faster than this, their trend tells nothing."""

_FARTHEST = 100_000
"""Levels that are looked ahead."""


def remaining(levels: Sequence[int]) -> int | None:
    """About how many states are not found yet, given the sizes of all complete levels; None if nobody can tell.

    The logarithms of the ratios of the latest levels are fitted by a line, and the levels of the line are added up.
    """
    if len(levels) < _ENOUGH or min(levels) <= 0:
        return None
    latest = levels[-_WINDOW - 1 :]
    ratios = [log(after / before) for before, after in pairwise(latest)]
    count = len(ratios)
    middle = (count - 1) / 2
    mean = sum(ratios) / count
    slope = sum((n - middle) * (r - mean) for n, r in enumerate(ratios)) / sum((n - middle) ** 2 for n in range(count))
    if ratios[-1] > _FAST or (slope >= 0 and mean >= 0):
        return None
    size, ratio, total = float(levels[-1]), mean + slope * (count - 1 - middle), 0.0
    for _ in range(_FARTHEST):
        ratio += min(slope, 0.0)
        size *= exp(ratio)
        if size < 1:
            return round(total)
        total += size
        if ratio > 0 and total > 1e15:
            return None
    return None
