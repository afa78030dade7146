"""Interlock's schedules against its peers: the same racy subjects, each tool in its best ways, all in one run.

    python -m venv bench && bench/bin/pip install -r benchmarks/schedules/requirements.txt
    bench/bin/python benchmarks/schedules/run.py [--quick] [--repeat 5] [--only TOOL] [--subject WORDS]

Each measurement is a process of its own, one at a time.  Tools that are not installed are named.  It fails where
Interlock misses something, or where a tool finds something wrong with the subject that is right.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

_HERE = Path(__file__).parent
sys.path[:0] = [str(_HERE.parents[1] / "tools"), str(_HERE.parents[1] / "conformance")]

from contenders.everyone import contenders  # noqa: E402
from contenders.table import Row, faults, first_table, whole_table  # noqa: E402
from subjects.plain import RIGHT, SUBJECTS  # noqa: E402


def measure(goal: Literal["first", "whole"], tool: str, subject: str, options: argparse.Namespace) -> Row:
    """One measurement, in a process that is ended when it takes too long."""
    # frontrun replaces locks before anything else is imported, so its own command starts the process.
    launcher = [str(Path(sys.executable).with_name("frontrun"))] if tool.startswith("frontrun") else []
    command = [*launcher, sys.executable, str(_HERE / "measure.py"), goal, tool, subject]
    command += [
        "--limit",
        str(options.limit),
        "--repeat",
        str(options.repeat),
        *(["--right"] if subject in RIGHT else []),
    ]
    patience = 15 * options.limit  # a search may take longer than foreseen, and a busy machine longer than its CPU time
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=patience, check=False)
    except subprocess.TimeoutExpired:
        return Row(subject, tool, None, f"not done in {patience:g} s")
    lines = done.stdout.strip().splitlines()
    try:
        told: dict[str, Any] = json.loads(lines[-1]) if lines else {}
    except ValueError:
        told = {}
    if not told:
        why = (done.stderr.strip().splitlines() or [f"code {done.returncode}"])[-1]
        return Row(subject, tool, None, f"failed: {why[:80]}")
    return Row(subject, tool, told)


def rows(goal: Literal["first", "whole"], tools: Sequence[str], options: argparse.Namespace) -> Iterator[Row]:
    """Measure every tool on every subject, saying what is going on."""
    for subject in SUBJECTS:
        if options.subject not in subject or (goal == "first" and subject in RIGHT):
            continue
        for tool in tools:
            print(f"{goal}: {subject}: {tool} ...", file=sys.stderr, flush=True)
            yield measure(goal, tool, subject, options)


def main() -> int:
    """Measure, print the tables, and fail where there is something to complain of."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one seed, and two seconds for a search")
    parser.add_argument(
        "--limit", type=float, default=20.0, metavar="S", help="CPU seconds for one search (default: 20)"
    )
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="seeds for the first counterexample")
    parser.add_argument("--only", action="append", default=[], metavar="TOOL", help="tools whose name begins like this")
    parser.add_argument("--goal", choices=("first", "whole"), help="only the first counterexample, or only everything")
    parser.add_argument("--subject", default="", metavar="WORDS", help="subjects whose name has these words")
    options = parser.parse_args()
    if options.quick:
        options.limit, options.repeat = 2.0, 1
    present, missing = contenders()
    for tool, why in missing.items():
        print(f"{tool} is left out: {why}")
    tools = [name for name in present if not options.only or any(name.startswith(only) for only in options.only)]
    first = list(rows("first", tools, options)) if options.goal != "whole" else []
    whole = list(rows("whole", tools, options)) if options.goal != "first" else []
    print(f"Python {sys.version.split()[0]}.  Seeds: {options.repeat}.  Limit of a search: {options.limit:g} s.\n")
    if first:
        print(f"{first_table(first)}\n")
    if whole:
        print(f"{whole_table(whole)}\n")
    wrong = faults(first, whole)
    print(
        "\n".join(wrong) or "Interlock misses nothing and exhausts all; nobody finds anything where nothing is wrong."
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
