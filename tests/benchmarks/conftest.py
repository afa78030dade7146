"""The benchmark of the explorer is a folder of scripts, not a package: its modules are found from its own folder."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "explorer"))
