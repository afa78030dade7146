"""What a tool must do to be measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Found:
    """What came of one search: executions of the subject, whether one broke it, whether there are no more."""

    executions: int
    broken: bool
    exhausted: bool


class Contender(Protocol):
    """A tool in one of its ways.

    `systematic` says that it can come to an end; `note` what its executions are.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def systematic(self) -> bool: ...  # noqa: D102
    @property
    def note(self) -> str: ...  # noqa: D102

    def search(self, subject: str, most: int, seed: int, *, judged: bool, bounded: bool) -> Found:
        """Run up to `most` executions; where it is `judged`, up to the first that breaks the subject.

        Where it is `bounded`, a tool that bounds preemptions by default does so.
        """
        ...
