"""What is left of an execution: the choices that were made, how it ended, and each step as a reader sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from interlock_conformance.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Breach:
    """Something that must not happen did.

    `property` is the name of the specification's property where it has one (`coverage`, `arrays.no_use_after_free`),
    else of a rule of the runtime (`deadlock`, `raised`, `no_sleep_in_atomic`); `clause` is the broken formula.
    """

    property: str
    message: str
    clause: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """Every thread came to its end and nothing was broken."""


@dataclass(frozen=True, slots=True)
class OutOfSteps:
    """The step budget ran out first: nothing is known about the rest of this execution.

    `round` says who goes round and where, if the last steps repeat; see `spinning`.
    """

    budget: int
    round: str = ""


@dataclass(frozen=True, slots=True)
class Diverged:
    """A replay that could not be followed: at `step` the schedule names a thread that cannot run."""

    step: int
    thread: int
    enabled: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pruned:
    """The chooser ended it: however it goes on, it only repeats what another execution has shown."""


End: TypeAlias = Breach | Finished | OutOfSteps | Diverged | Pruned


@dataclass(frozen=True, slots=True)
class Event:
    """One step as a reader sees it: who, what kind of step on what, what came of it, and from which line."""

    thread: str
    kind: str
    object: str
    detail: str
    line: str


class Point(NamedTuple):
    """One point of choice: who ran last, who could run, who was chosen.  A tuple, since each step makes one."""

    last: int | None
    enabled: tuple[int, ...]
    chosen: int

    @property
    def preempts(self) -> bool:
        """Whether a thread that could have gone on had to wait."""
        return self.last is not None and self.chosen != self.last and self.last in self.enabled


@dataclass(frozen=True, slots=True)
class Execution:
    """A finished run: the choices made, how it ended, and (when asked for) every step."""

    points: tuple[Point, ...]
    end: End
    events: tuple[Event, ...] = ()

    @property
    def schedule(self) -> Schedule:
        """The thread chosen at each point."""
        return tuple(point.chosen for point in self.points)

    @property
    def preemptions(self) -> int:
        """How often a thread that could have gone on had to wait."""
        return sum(point.preempts for point in self.points)
