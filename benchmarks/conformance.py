"""Judged executions in a CPU second: two threads of twenty primitives, and the workloads of the mutex design.

    python benchmarks/conformance.py [--executions 50] [--only-twenty]

Every execution has the full check on: each state and step is judged by all properties.  Each line is run over and over;
the first time is dearer, since no verdict on a state is remembered yet.  A machine with other work to do has bad
moments, so there are two rates: of the best round, and of the median.

The first table has the same schedules with nothing judged beside it, and what is below both: a greenlet that is
switched to and back, as often as there are steps.

What an execution is made of, counted in bytecodes: of the 15,000 of a random one, a third declares steps and finds who
comes next, a quarter judges, the rest are the primitives and the candidate itself.  `Reduced` stays below 5,000
executions in a second: of its 18,000 bytecodes a third are footprints, races and sleeping threads, though only of steps
that the execution before did not have.  In `init(0); init(1); activate(0) | activate(1) ! 3` more than half is the
abstraction function: a block that is allocated makes each value be computed again that has looked at its heap.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from time import process_time

from interlock_conformance.binding import Symbols
from interlock_conformance.conform import conform
from interlock_conformance.kinds import kinds_of
from interlock_conformance.primitives.deterministic import DeterministicRuntime
from interlock_conformance.schedule import Operation, Workload, parse_workload
from interlock_conformance.scheduling.footprint import Footprint
from interlock_conformance.scheduling.machine import Breach, Chooser, Execution, Machine, Point, Thread
from interlock_conformance.scheduling.tasks import Greenlets
from interlock_conformance.specification import load_specification
from interlock_conformance.strategies import Explored, Run, Strategy
from interlock_conformance.strategies.exhaustive import Exhaustive
from interlock_conformance.strategies.priorities import Priorities
from interlock_conformance.strategies.reduced import Reduced
from interlock_conformance.strategies.uniform import Uniform
from interlock_conformance.verdict import Conforms, report
from list_lru.bindings.base import ListLruBinding
from list_lru.v13 import ListLrus

COUNTED = 4
"""How often each thread counts, with five primitives: lock, load, store, store, unlock."""

TALLY = b"""
--- Threads count together, each keeps its own share, and no share is above the whole.
module benchmark.tally
sort Thread
var total: 0..8 = 0
var share(t: Thread): 0..4 = 0
action add(t: Thread) { await total < 8; total := total + 1 }
action keep(t: Thread) { await share(t) < 4 and share(t) < total; share(t) := share(t) + 1 }
invariant within: forall t: Thread :: share(t) <= total
step invariant by_one: total' = total or total' = total + 1
step invariant kept: forall t: Thread :: share(t)' >= share(t)
"""

WORKLOAD = parse_workload("add(0) | add(1)")


class Tally:
    """Twenty primitives for each thread, as candidates are written."""

    def __init__(self, runtime: DeterministicRuntime) -> None:
        self._lock = runtime.mutex("lock")
        self._total = runtime.memory("tally").cell("total", 0)
        self._shares = runtime.memory("tally").cells("share", 2, 0)

    def call(self, operation: Operation) -> None:
        """Count."""
        (thread,) = operation.args
        for number in range(COUNTED):
            with self._lock:
                self._total.store(self._total.load() + 1)
                self._shares[thread] = number + 1

    def symbols(self) -> Symbols:
        """The abstraction function."""
        return {"total": self._total.peek, "share": self._shares.peek}

    def at_rest(self) -> Breach | None:
        """Nothing has been lost."""
        lost = self._total.peek() != 2 * COUNTED
        return Breach("lost", "at rest the total is not what was counted") if lost else None


class TallyBinding:
    """Binds it."""

    name = "tally"

    def misuse(self, workload: Workload) -> str | None:
        """Nothing is misuse."""
        return None if workload == WORKLOAD else "another workload"

    def sizes(self, workload: Workload) -> Mapping[str, int]:
        """The threads."""
        return {"Thread": len(workload.threads)}

    def start(self, runtime: DeterministicRuntime, workload: Workload) -> Tally:
        """Set it up."""
        assert workload == WORKLOAD
        return Tally(runtime)


@dataclass(slots=True)
class Rounds:
    """Runs a strategy over and over, and looks at the clock of the processor."""

    strategy: Strategy
    rounds: int
    executions: int = 0
    seconds: list[float] = field(default_factory=list[float])

    def explore(self, run: Run) -> Explored:
        """What came of the last round."""
        while True:
            began = process_time()
            explored = self.strategy.explore(run)
            self.seconds.append(process_time() - began)
            self.executions = explored.executions
            if len(self.seconds) == self.rounds or explored.failing is not None:
                return explored

    def rates(self) -> tuple[float, float, float]:
        """Executions in a second of the first round, of the best, and of the median."""
        first, best, usual = self.seconds[0], min(self.seconds), median(self.seconds)
        return self.executions / first, self.executions / best, self.executions / usual


def twenty() -> None:
    """Two threads of twenty primitives: judged, not judged, and nothing but switches."""
    system, problems = load_specification("tally.ilk", lambda _: TALLY)
    assert system is not None, problems
    print("two threads of twenty primitives: schedules in a CPU second, best and median")
    print(f"{'strategy':18} {'judged':>15} {'nothing judged':>15} {'ratio':>6}")
    strategies: dict[str, Strategy] = {
        "uniform": Uniform(1, 20),
        "priorities": Priorities(1, 20),
        "seven preemptions": Exhaustive(7, 20),
        "reduced": Reduced(20),
    }
    for name, strategy in strategies.items():
        judged, bare = Rounds(strategy, 200), Rounds(strategy, 200)
        verdict = conform(TallyBinding(), system, WORKLOAD, judged)
        assert isinstance(verdict, Conforms), report(verdict)
        with Greenlets() as greenlets:
            bare.explore(partial(_bare, greenlets))
        (_, best, usual), (_, best_bare, usual_bare) = judged.rates(), bare.rates()
        print(f"{name:18} {best:8.0f}{usual:7.0f} {best_bare:8.0f}{usual_bare:7.0f} {best / best_bare:6.2f}")
    best, usual = _switches()
    print(f"{'forty switches':18} {'':15} {best:8.0f}{usual:7.0f}\n")


def _bare(
    greenlets: Greenlets, choose: Chooser, *, given: Sequence[Point] = (), trail: list[Footprint] | None = None
) -> Execution:
    machine = Machine(budget=5_000, trail=trail, home=greenlets.home)
    tally = Tally(DeterministicRuntime(machine))

    def work(thread: Thread) -> None:
        tally.call(WORKLOAD.operations[thread.index])

    return machine.run([work, work], choose, lambda: None, given)


def _switches() -> tuple[float, float]:
    """To a greenlet and back, as many switches as there are steps: how often in a second, best and median."""
    seconds: list[float] = []
    with Greenlets() as greenlets:
        home = greenlets.home()

        def serve() -> None:
            while True:
                home.switch()

        task = home.task(serve)
        for _ in range(200):
            began = process_time()
            for _ in range(20 * 5 * COUNTED):
                task.switch()
            seconds.append(process_time() - began)
        task.end()
    return 20 / min(seconds), 20 / median(seconds)


def _read(path: str) -> bytes:
    return Path(path).read_bytes()


def list_lru(executions: int) -> int:
    """The workloads of the mutex design, each under three strategies."""
    base = Path(__file__).parent.parent / "spec/list_lru/base.ilk"
    system, _ = load_specification(str(base), _read)
    kinds = kinds_of(base, _read)
    assert system is not None
    assert kinds is not None
    binding = ListLruBinding("v13", ListLrus)
    strategies: dict[str, Strategy] = {
        "reduced": Reduced(executions),
        "two preemptions": Exhaustive(2, executions),
        "uniform": Uniform(1, executions),
    }
    print(f"{'workload':62} {'strategy':16} {'executions':>10} {'first':>7} {'best':>7} {'median':>7}")
    for workload in kinds.kinds[0].workloads:
        for name, strategy in strategies.items():
            rounds = Rounds(strategy, 20)
            verdict = conform(binding, system, parse_workload(workload), rounds)
            if not isinstance(verdict, Conforms):
                print(report(verdict))
                return 1
            end = "  exhausted" if verdict.exhausted else ""
            first, best, usual = rounds.rates()
            print(f"{workload:62} {name:16} {verdict.executions:10} {first:7.0f} {best:7.0f} {usual:7.0f}{end}")
    return 0


def main() -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--executions", type=int, default=50, help="at most so many for each line")
    parser.add_argument("--only-twenty", action="store_true", help="leave the workloads of the mutex design out")
    arguments = parser.parse_args()
    twenty()
    return 0 if arguments.only_twenty else list_lru(arguments.executions)


if __name__ == "__main__":
    sys.exit(main())
