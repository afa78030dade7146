"""Judged executions in a CPU second, and executions to exhaustion, of the mutex design under each strategy.

    python benchmarks/conformance.py [--executions 1000]

Every execution has the full check on: each state and step is judged by all properties of spec/list_lru/base.ilk.  The
first executions of a workload are dearer, since verdicts on states are not yet remembered: few executions, low rates.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from time import process_time

from interlock_conformance.bindings.list_lru import ListLruBinding
from interlock_conformance.conform import conform
from interlock_conformance.kinds import LIST_LRU
from interlock_conformance.schedule import parse_workload
from interlock_conformance.specification import load_specification
from interlock_conformance.strategies import Strategy
from interlock_conformance.strategies.exhaustive import Exhaustive
from interlock_conformance.strategies.reduced import Reduced
from interlock_conformance.strategies.uniform import Uniform
from interlock_conformance.verdict import Conforms, report
from list_lru.v13 import ListLrus


def main() -> int:
    """Run each workload under each strategy and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--executions", type=int, default=1_000, help="at most so many for each line")
    executions = parser.parse_args().executions
    base = Path(__file__).parent.parent / "spec/list_lru/base.ilk"
    system, _ = load_specification(str(base), lambda path: Path(path).read_bytes())
    assert system is not None
    binding = ListLruBinding("v13", ListLrus)
    strategies: dict[str, Strategy] = {
        "reduced": Reduced(executions),
        "two preemptions": Exhaustive(2, executions),
        "uniform": Uniform(1, executions),
    }
    print(f"{'workload':50} {'strategy':16} {'executions':>10} {'a second':>9}")
    for workload in LIST_LRU.workloads:
        for name, strategy in strategies.items():
            began = process_time()
            verdict = conform(binding, system, parse_workload(workload), strategy)
            seconds = process_time() - began
            if not isinstance(verdict, Conforms):
                print(report(verdict))
                return 1
            end = "  exhausted" if verdict.exhausted else ""
            print(f"{workload:50} {name:16} {verdict.executions:10} {verdict.executions / seconds:9.0f}{end}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
