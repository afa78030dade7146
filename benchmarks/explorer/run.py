"""Interlock's explorer against its peers: the same models, the same states, each tool from source to verdict.

    python benchmarks/explorer/run.py [--quick] [--repeat 3] [--only TOOL] [--case WORDS]

Each tool runs as whole processes, its compilers included, one tool at a time.  Which are installed is found out; those
that are not are named.  It fails where a tool does not finish, or where two of them disagree.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from peers.case import CASES, Case
from peers.interlock import Interlock
from peers.measure import Run, run_all
from peers.peer import Peer
from peers.rumur import Rumur
from peers.spin import Spin
from peers.table import Row, complaint, quarrels, render
from peers.tlc import Tlc

PEERS: tuple[Peer, ...] = (Interlock(), Spin(), Rumur(), Tlc())


def measure(peer: Peer, case: Case, repeat: int, threads: int, limit: float) -> Row:
    """Run one tool on one case so many times, or until it fails."""
    runs: list[Run] = []
    outcome = None
    if case.counterexample is not None and not isinstance(peer, Interlock):
        threads = 1
    for _ in range(repeat):
        with tempfile.TemporaryDirectory() as name:
            runs.append(run_all(peer.commands(case, Path(name), threads), limit))
        outcome = None if runs[-1].late else peer.read(runs[-1].output)
        if outcome is None:
            break
    return Row(case, peer.name, tuple(runs), outcome, "" if outcome else _why(runs[-1], limit))


def _why(run: Run, limit: float) -> str:
    if run.late:
        return f"not done in {limit:g} s"
    lines = run.output.strip().splitlines() or ["no output"]
    telling = next((line for line in lines if "error" in line.lower()), lines[-1])
    return f"failed with code {run.code}: {telling.strip()[:80]}"


def rows(peers: Sequence[Peer], cases: Sequence[Case], options: argparse.Namespace) -> Iterator[Row]:
    """Measure every tool on every case, saying what is going on."""
    for case in cases:
        for peer in peers:
            print(f"{case.title}: {peer.name} ...", file=sys.stderr, flush=True)
            row = measure(peer, case, options.repeat, options.threads, options.limit)
            yield row


def main() -> int:
    """Measure, print the table, and fail where there is something to complain of."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the small sizes alone")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="runs of each; times are their median")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, metavar="N", help="for tools that can")
    parser.add_argument("--limit", type=float, default=1800.0, metavar="S", help="seconds for each run")
    parser.add_argument("--only", action="append", default=[], metavar="TOOL", help="these tools alone")
    parser.add_argument("--case", default="", metavar="WORDS", help="the models whose title has these words")
    options = parser.parse_args()
    wanted = {name.lower() for name in options.only}
    present: list[Peer] = []
    for peer in PEERS:
        lacking = peer.missing()
        if wanted and peer.name.lower() not in wanted:
            continue
        if lacking is None:
            present.append(peer)
        else:
            print(f"{peer.name} is left out: {lacking}")
    cases = [case for case in CASES if options.case in case.title and (case.quick or not options.quick)]
    measured = list(rows(present, cases, options))
    print(f"Threads for tools that can use several: {options.threads}.  Runs of each: {options.repeat}.\n")
    print(render(measured))
    faults = [f"{row.case.title}: {row.tool} {fault}" for row in measured if (fault := complaint(row))]
    faults += quarrels(measured)
    print("\n" + ("\n".join(faults) if faults else "All tools agree."))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
