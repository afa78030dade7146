"""Measures one tool on one subject, in a process of its own, and prints what it found as JSON.

    python benchmarks/schedules/measure.py first "Interlock, reduced" "lost update" --repeat 5
    python benchmarks/schedules/measure.py whole "Interlock, reduced" "two threads and a lock" --right

`run.py` calls it.  Times are CPU seconds of the process, all its threads included.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

_ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(_ROOT / "tools"), str(_ROOT / "conformance")]

from contenders.contender import Contender, Found  # noqa: E402
from contenders.everyone import contenders  # noqa: E402

MOST = 100_000
"""Executions at most, for the first counterexample."""

STEP = 1_000
"""Executions of the first attempt to run them all; each attempt after it has four times as many."""

SAMPLE = 300
"""Executions by which the rate of a tool that never comes to an end is measured."""

LEAST = 1.0
"""Seconds for which a short search is repeated, so that its rate can be told."""


def timed(tool: Contender, subject: str, most: int, seed: int, *, judged: bool, bounded: bool) -> tuple[Found, float]:
    """One search and its CPU seconds."""
    start = time.process_time()
    found = tool.search(subject, most, seed, judged=judged, bounded=bounded)
    return found, time.process_time() - start


def first(tool: Contender, subject: str, repeat: int) -> dict[str, Any]:
    """How long the first counterexample takes: the median over seeds, and with how many of them there was one."""
    runs = [timed(tool, subject, MOST, seed, judged=True, bounded=True) for seed in range(repeat)]
    found = [(result.executions, seconds) for result, seconds in runs if result.broken]
    told: dict[str, Any] = {"tried": repeat, "found": len(found)}
    if found:
        told |= {"executions": median(e for e, _ in found), "seconds": median(s for _, s in found)}
    else:
        told |= {"ended": all(result.exhausted for result, _ in runs), "tries": runs[0][0].executions}
    return told


def whole(tool: Contender, subject: str, limit: float, *, judged: bool) -> dict[str, Any]:
    """All executions of a subject, or as many as there is time for, without stopping at what is wrong."""
    most = STEP if tool.systematic else SAMPLE
    found, seconds = timed(tool, subject, most, 0, judged=judged, bounded=False)
    while tool.systematic and not found.exhausted and not found.broken and seconds * 4 < limit:
        most *= 4
        found, seconds = timed(tool, subject, most, 0, judged=judged, bounded=False)
    executions, spent = found.executions, seconds
    while spent < LEAST:
        again, more = timed(tool, subject, most, 0, judged=judged, bounded=False)
        executions, spent = executions + again.executions, spent + more
    return {
        "executions": found.executions,
        "seconds": seconds,
        "rate": executions / spent,
        "exhausted": found.exhausted,
        "broken": found.broken,
    }


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("goal", choices=("first", "whole"))
    parser.add_argument("tool")
    parser.add_argument("subject")
    parser.add_argument("--right", action="store_true", help="nothing is wrong with the subject")
    parser.add_argument("--limit", type=float, default=10.0, metavar="S", help="seconds for one search")
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="seeds, for the first counterexample")
    options = parser.parse_args()
    tool = contenders()[0][options.tool]
    tool.search(options.subject, 2, 0, judged=False, bounded=True)  # what is compiled once is not measured
    if options.goal == "first":
        told = first(tool, options.subject, options.repeat)
    else:
        told = whole(tool, options.subject, options.limit, judged=options.right)
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
