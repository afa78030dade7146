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
    """A tool that can be measured."""

    @property
    def name(self) -> str:
        """As the table calls it."""
        ...

    def missing(self) -> str | None:
        """What is not installed, or None."""
        ...

    def commands(self, case: Case, folder: Path, threads: int) -> tuple[Command, ...]:
        """Write what is needed into the empty folder; give what is to be run there, compilers included."""
        ...

    def read(self, output: str) -> Outcome | None:
        """Understand what the last command printed; None where that is no finished search."""
        ...


def number(text: str) -> int:
    """A number as tools print it, perhaps with commas."""
    return int(text.replace(",", ""))
