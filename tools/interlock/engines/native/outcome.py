"""What a search is asked for and what it has come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

ENDLESS = 2**62
"""More than there is of anything."""


class Until(Enum):
    """How long a search goes on."""

    FIRST = "first"
    """Until a violation is found, anywhere."""
    LEVEL = "level"
    """To the end of the first level with a new violation: what is found does not depend on the number of threads."""
    ALL = "all"
    """Until all states are known."""


class Reason(Enum):
    """Why a search has ended."""

    COMPLETE = "all states are found"
    FOUND = "what was looked for is found"
    DEPTH = "no deeper level was asked for"
    STATES = "there are more states than were asked for"
    TIME = "there is no time left"
    MEMORY = "there is no memory left"
    ERROR = "the model's code reported an error"


@dataclass(frozen=True)
class Bounds:
    """Where a search ends, if not before."""

    states: int = ENDLESS
    depth: int = ENDLESS
    seconds: float = float("inf")


UNBOUNDED = Bounds()
"""No bound: a search for all states."""


@dataclass(frozen=True)
class Progress:
    """Where a search stands."""

    states: int
    frontier: int
    """States that have been found and not expanded."""
    depth: int
    rate: float
    """States found in a second, since the last report."""
    seconds: float


@dataclass(frozen=True)
class Finding:
    """A state that violates a property, or from which a step does."""

    index: int
    depth: int
    after: tuple[int, ...] | None = None
    """The state after the step, which may not be in the store."""


@dataclass(frozen=True)
class Outcome:
    """What a search has come to."""

    reason: Reason
    detail: str
    states: int
    transitions: tuple[int, ...]
    """Steps of each transition, also those that change nothing."""
    levels: tuple[int, ...]
    """States in each level that was reached; the last one may not be complete unless the reason is COMPLETE."""
    expanded: int
    """States whose steps have all been taken, at least."""
    found: Mapping[int, Finding]
    step_found: Mapping[int, Finding]
    deadlock: Finding | None
    error: tuple[int, int] | None
    """The error that the model's code reported, and the index of the state."""
    seconds: float

    @property
    def depth(self) -> int:
        """Steps to the farthest state."""
        return len(self.levels) - 1
