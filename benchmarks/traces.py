"""Events of a log that are judged in a CPU second, and the memory it takes, by how the events are ordered.

The log is a random run of the lock server with eight clients; `python benchmarks/traces.py [EVENTS]` makes it, and
judges it in a process of its own for each order.  Intervals overlap with those of some neighbours.  With clocks, one
client in four shares a thread, and threads hear of one another in four of five events.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

SPEC = Path(__file__).parents[1] / "spec/gallery/lock_server.ilk"
SCOPE = "Client=8"
THREADS = 4


def run(count: int) -> Iterator[dict[str, object]]:
    """Events of a random run, in their order."""
    from interlock.engines.evaluate import instantiate
    from interlock.pipeline import lower_file, read_bytes

    system, _ = lower_file(str(SPEC), read_bytes)
    assert system is not None
    model, chance = instantiate(system, {"Client": 8}), random.Random(0)
    state = next(model.initial_states())
    for _ in range(count):
        step = chance.choice([step for step in model.successors(state) if step.after != state])
        yield {"action": system.transitions[step.transition].action, "args": [f"client{step.args[0]}"]}
        state = step.after


def stamped(events: list[dict[str, object]], order: str) -> list[dict[str, object]]:
    """The events with what tells their order."""
    chance = random.Random(1)
    if order == "lines":
        return events
    if order == "intervals":
        timed = [
            {**event, "begin": moment - 1.5 * chance.random(), "end": moment + 1.5 * chance.random()}
            for moment, event in enumerate(events)
        ]
        return sorted(timed, key=lambda event: event["begin"])
    clocks: dict[str, dict[str, int]] = {}
    before, found = "", list[dict[str, object]]()
    for event in events:
        thread = str(int(str(event["args"])[8:-2]) % THREADS)
        clock = clocks.setdefault(thread, {})
        if before and chance.random() < 0.8:
            clock.update({name: max(count, clock.get(name, 0)) for name, count in clocks[before].items()})
        clock[thread] = clock.get(thread, 0) + 1
        found.append({**event, "thread": thread, "clock": dict(clock)})
        before = thread
    return found


def judge(path: str) -> None:
    """Judge one log and print what it took; in a process of its own, whose memory is that of nothing else."""
    from interlock_cli.main import main

    code = main(["trace", "check", str(SPEC), path, "--scope", SCOPE])
    assert code == 0
    seconds = time.process_time()
    with Path(path).open(encoding="utf-8") as log:
        count = sum(1 for _ in log)
    status = Path("/proc/self/status").read_text(encoding="utf-8")  # getrusage would tell the parent's, if it is more
    memory = next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM"))
    print(f"  {Path(path).stem}: {seconds:.1f} s of CPU, {count / seconds:,.0f} events/s, {memory} MB")


def main() -> None:
    """Print the table."""
    if sys.argv[1:2] == ["--judge"]:
        judge(sys.argv[2])
        return
    events = list(run(int(sys.argv[1]) if sys.argv[1:] else 100_000))
    with tempfile.TemporaryDirectory() as folder:
        for order in ("lines", "clocks", "intervals"):
            path = Path(folder) / f"{order}.jsonl"
            path.write_text("".join(f"{json.dumps(event)}\n" for event in stamped(events, order)), encoding="utf-8")
            subprocess.run([sys.executable, __file__, "--judge", str(path)], check=True)


if __name__ == "__main__":
    main()
