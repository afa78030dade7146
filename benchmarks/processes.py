"""Events of the C list_lru that are judged in a CPU second, and what logging costs it.

`python benchmarks/processes.py [EVENTS]` builds impl/c (so it needs a C compiler, make and liburcu), has it work with
some numbers of threads until there are about so many events, and judges each log in a process of its own.  An operation
logs about 1.5 events on the average, and is short: this is a program that does little else but log.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
SPEC = ROOT / "spec/list_lru/logged.ilk"
THREADS = (1, 4, 16)
EVENTS_OF_AN_OPERATION = 1.6


def judge(program: str, threads: int, events: int) -> None:
    """One run and its judgement, and what they took."""
    from interlock_cli.main import main

    operations = int(events / EVENTS_OF_AN_OPERATION / threads)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "run.jsonl"
        before = os.times().children_user + os.times().children_system
        code = main(
            ["run", str(SPEC), program, "--threads", str(threads), "--operations", str(operations), "--log", str(log)]
        )
        assert code == 0
        seconds = time.process_time()
        candidate = os.times().children_user + os.times().children_system - before
        with log.open(encoding="utf-8") as lines:
            count = sum(1 for _ in lines) - 1
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    memory = next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM"))
    print(
        f"  {threads} threads, {count:,} events: {seconds:.1f} s of CPU, {count / seconds:,.0f} events/s, {memory} MB; "
        f"the candidate {candidate / count * 1e6:.2f} us/event"
    )


def main() -> None:
    """Print a row for each number of threads."""
    if sys.argv[1:2] == ["--judge"]:
        judge(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
        return
    events = sys.argv[1] if sys.argv[1:] else "100000"
    with tempfile.TemporaryDirectory() as folder:
        program = f"{folder}/list_lru"
        subprocess.run(["make", "-s", "-C", ROOT / "impl/c", f"BUILD={folder}", program], check=True)
        for threads in THREADS:
            subprocess.run([sys.executable, __file__, "--judge", program, str(threads), events], check=True)


if __name__ == "__main__":
    main()
