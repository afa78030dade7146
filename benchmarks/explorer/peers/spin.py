"""Spin: the model becomes a C program, which searches depth first."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from peers.case import Case
from peers.measure import Command
from peers.peer import MODELS, Outcome, number

COMPILER = ("gcc", "-O2", "-DSAFETY", "-DNOREDUCE", "-DNOBOUNDCHECK", "-DMEMLIM=100000", "-o", "pan", "pan.c")
"""Safety alone, no reduction, every state kept in full, as much memory as there is."""

DEEPEST = 100_000
"""Steps on the stack of a search.  The filter lock for 5 threads needs 61,950."""

USUAL_STATES = 1 << 20
"""Room in the hash table where nobody knows how many states there will be."""


class Spin:
    """On one thread: depth first search has no other exact form that keeps states in full.

    A broken model is searched breadth first, for only so is the counterexample a shortest one.
    """

    name = "Spin"

    def missing(self) -> str | None:
        """What is not installed, or None."""
        lacking = [tool for tool in ("spin", "gcc") if shutil.which(tool) is None]
        return f"no {' and no '.join(lacking)} on the path" if lacking else None

    def commands(self, case: Case, folder: Path, threads: int) -> tuple[Command, ...]:
        """Generate the C program, compile it, run it."""
        del threads
        for name in (f"{case.model}.pml", "each.h"):
            shutil.copy(MODELS / name, folder)
        constants = tuple(f"-D{name}={value}" for name, value in case.constants)
        bits = (case.states or USUAL_STATES).bit_length()
        breadth_first = () if case.counterexample is None else ("-DBFS",)
        return (
            Command(("spin", *constants, "-a", f"{case.model}.pml"), folder),
            Command((*COMPILER, *breadth_first), folder),
            Command(("./pan", f"-m{DEEPEST}", f"-w{bits}"), folder),
        )

    def read(self, output: str) -> Outcome | None:
        """Spin counts the initial state as a transition, and rounds what is too long for a column.

        The depth of a depth first search is compared with nothing.
        """
        stored = re.search(r"^ *(\d+) states, stored", output, re.MULTILINE)
        if stored is None or "max search depth too small" in output or "out of memory" in output:
            return None
        passed = re.search(r"^ *(\d+) transitions", output, re.MULTILINE)
        transitions = None if passed is None else number(passed[1]) - 1
        found = re.search(r"assertion violated .*\(at depth (\d+)\)", output)
        length = None if found is None else number(found[1]) + 1
        return Outcome(number(stored[1]), transitions, None, length)
