"""CPU seconds from each shipped specification's transition system to machine code that explores it.

    python benchmarks/explorer/compiling.py [--goal 1.0] [FILE ...]

Written and compiled is what `interlock explore` compiles: the steps and all properties of the file's own scope, with
the reductions that are sound.  Each file is measured in a process of its own, start-up not counted.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from time import process_time

ROOT = Path(__file__).parents[2]


def measure(path: str) -> dict[str, float | str]:
    """CPU seconds for one file, and the characters of what is compiled."""
    from interlock.engines.evaluate import Unsupported
    from interlock.engines.judge import finite_scope
    from interlock.engines.native import driver
    from interlock.engines.native.explorer import NativeExploration
    from interlock.engines.native.jit import Library
    from interlock.engines.protocol import Limits
    from interlock.pipeline import lower_file, read_bytes

    system, _ = lower_file(path, read_bytes)
    if system is None:
        return {"reason": "has errors"}
    Library.compile("")  # start LLVM up
    size = 0
    text_of = driver.text_of

    def noted(module: object) -> str:
        nonlocal size
        text = text_of(module)
        size += len(text)
        return text

    driver.text_of = noted
    limits = Limits(sizes=finite_scope(system), states=1, threads=1)
    names = [p.name for p in system.properties if p.kind not in ("scenario", "inferred")]
    began = process_time()
    try:
        for _ in NativeExploration(system, names, limits).judge():
            pass
    except Unsupported as reason:
        return {"reason": str(reason)}
    return {"seconds": process_time() - began, "size": size}


def main() -> int:
    """Measure each file and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", help="specifications (default: all of spec/)")
    parser.add_argument("--goal", type=float, default=1.0, help="seconds")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one)))
        return 0
    files = options.files or [str(p.relative_to(ROOT)) for p in sorted((ROOT / "spec").rglob("*.ilk"))]
    over = 0
    for name in files:
        done = subprocess.run(
            [sys.executable, __file__, "--one", name], capture_output=True, text=True, check=False, cwd=ROOT
        )
        found = json.loads(done.stdout) if done.returncode == 0 else {"reason": done.stderr.strip().splitlines()[-1]}
        if "reason" in found:
            print(f"{name:45}  {found['reason']}")
            continue
        late = found["seconds"] > options.goal
        over += late
        print(f"{name:45}{found['seconds']:8.2f} s {found['size'] / 1000:8.0f} kB{'  over the goal' if late else ''}")
    print(f"{over} of {len(files)} files over the goal of {options.goal} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
