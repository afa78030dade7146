"""The benchmarks are folders of scripts, not packages: their modules are found from their own folders."""

import sys
from pathlib import Path

for folder in ("explorer", "schedules"):
    sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / folder))
