"""Rumur, a successor of Murphi: the model becomes a C program, which searches breadth first."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from peers.case import Case
from peers.measure import Command
from peers.peer import MODELS, Outcome, number

BYTES_PER_STATE = 16
"""Two slots of the hash table, which grows when three of four are taken."""


class Rumur:
    """Its models use ranges and not scalarsets, so that there is no symmetry that it could reduce."""

    name = "Rumur"

    def missing(self) -> str | None:
        """What is not installed, or None."""
        lacking = [tool for tool in ("rumur", "gcc") if shutil.which(tool) is None]
        return f"no {' and no '.join(lacking)} on the path" if lacking else None

    def commands(self, case: Case, folder: Path, threads: int) -> tuple[Command, ...]:
        """Put the sizes into the model, generate the C program, compile it, run it."""
        text = (MODELS / f"{case.model}.m").read_text()
        for name, value in case.constants:
            text = re.sub(rf"^  {name}: \d+;$", f"  {name}: {value};", text, flags=re.MULTILINE)
        (folder / "sized.m").write_text(text)
        options = ["--deadlock-detection", "off", "--symmetry-reduction", "off"]
        options += ["--output-format", "machine-readable", "--threads", str(threads)]
        if case.states is not None:
            options += ["--set-capacity", str(BYTES_PER_STATE * case.states)]
        compiler = ("gcc", "-O3", "-march=native", "-mcx16", "-std=gnu11", "-o", "sized", "sized.c")
        return (
            Command(("rumur", *options, "--output", "sized.c", "sized.m"), folder),
            Command((*compiler, "-lpthread", "-latomic"), folder),
            Command(("./sized",), folder),
        )

    def read(self, output: str) -> Outcome | None:
        """The trace of an error begins with the initial state, as a transition of its own."""
        summary = re.search(r'<summary states="(\d+)" rules_fired="(\d+)" errors="(\d+)"', output)
        if summary is None:
            return None
        length = output.count("<transition>") - 1 if number(summary[3]) else None
        return Outcome(number(summary[1]), number(summary[2]), None, length)
