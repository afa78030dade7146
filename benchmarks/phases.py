"""CPU seconds for each specification, split into start-up, front end, encoding and solving.

    python benchmarks/phases.py [--goal 0.6] [FILE ...]

Each file is proved by induction in a process of its own.  Start-up is the interpreter with the imports that a proof
needs; the front end reads, checks and lowers the file with all that it uses; solving is what z3 spends in checks;
encoding is the rest of the proof.  The goal is for everything but solving; files over it are marked, not failed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

PHASES = ("startup", "frontend", "encoding", "solving")


def measure(path: str) -> dict[str, float]:
    """CPU seconds of this process for one file, by phase."""
    from time import process_time

    import z3

    from interlock.engines.protocol import Limits
    from interlock.engines.z3.prove import Induction
    from interlock.pipeline import lower_file

    solving = 0.0
    check = z3.Solver.check

    def timed(solver: z3.Solver, *assumptions: object) -> object:
        nonlocal solving
        began = process_time()
        try:
            return check(solver, *assumptions)
        finally:
            solving += process_time() - began

    z3.Solver.check = timed
    startup = process_time()
    system, _ = lower_file(path, lambda name: Path(name).read_bytes())
    frontend = process_time() - startup
    if system is not None:
        for _ in Induction().judge(system, [p.name for p in system.properties], Limits()):
            pass
    rest = process_time() - startup - frontend - solving
    return {"startup": startup, "frontend": frontend, "encoding": rest, "solving": solving}


def front_ends(paths: list[str]) -> dict[str, float]:
    """CPU seconds of this process, start-up included, for parsing and type-checking all the files."""
    from time import process_time

    from interlock.lang.check import check
    from interlock.lang.loader import Parsed, load

    parsed: Parsed = {}
    for path in paths:
        program, _ = load(path, lambda name: Path(name).read_bytes(), parsed=parsed)
        if program is not None:
            check(program)
    return {"all": process_time()}


def in_its_own_process(*arguments: str) -> dict[str, float] | None:
    """What this script prints when it is run with the arguments; None, with the reason on screen, where it failed."""
    done = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{arguments[-1]:40}  failed: {done.stderr.strip().splitlines()[-1]}")
        return None
    return json.loads(done.stdout)


def main() -> int:
    """Measure each file in a fresh process and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", help="specifications (default: all of spec/)")
    parser.add_argument("--goal", type=float, default=0.6, help="seconds for everything but solving")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--front", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one)))
        return 0
    if options.front:
        print(json.dumps(front_ends(options.files)))
        return 0
    root = Path(__file__).parent.parent
    files = options.files or [str(p.relative_to(root)) for p in sorted((root / "spec").rglob("*.ilk"))]
    print(f"{'CPU seconds':40}" + "".join(f"{phase:>10}" for phase in PHASES) + f"{'but solving':>14}")
    over = 0
    for name in files:
        spent = in_its_own_process("--one", name)
        if spent is None:
            continue
        own = sum(spent[phase] for phase in PHASES[:3])
        over += own > options.goal
        mark = "  over the goal" if own > options.goal else ""
        print(f"{name:40}" + "".join(f"{spent[phase]:10.2f}" for phase in PHASES) + f"{own:14.2f}{mark}")
    together = in_its_own_process("--front", *files)
    if together is not None:
        print(f"parsing and type-checking all {len(files)} files in one process: {together['all']:.2f} s (goal: 1.5 s)")
    print(f"{over} of {len(files)} files over the goal of {options.goal} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
