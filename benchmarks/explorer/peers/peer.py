"""What the harness asks of each tool."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from peers.case import Case
from peers.measure import Command

ROOT = Path(__file__).parents[3]
"""The project's folder."""

MODELS = Path(__file__).parents[1] / "models"
"""The models in the peers' languages, and those of Interlock's that are no part of the gallery."""


@dataclass(frozen=True)
class Outcome:
    """What a tool said.  `transitions` and `depth` are None where it tells no such number that could be compared."""

    states: int
    transitions: int | None = None
    depth: int | None = None
    counterexample: int | None = None


class Peer(Protocol):
    """A tool that can be measured.

    `missing` says what is not installed, or None.  `commands` writes what it needs into an empty folder, and gives what
    is to be run there, compilers included.  `read` understands what the last command printed, and gives None where that
    is no finished run.
    """

    @property
    def name(self) -> str: ...

    def missing(self) -> str | None: ...

    def commands(self, case: Case, folder: Path, threads: int) -> tuple[Command, ...]: ...

    def read(self, output: str) -> Outcome | None: ...


def number(text: str) -> int:
    """A number as tools print it, perhaps with commas."""
    return int(text.replace(",", ""))
