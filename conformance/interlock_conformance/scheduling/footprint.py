"""What a step touches, and how: from this alone follows which steps can be exchanged without anybody noticing.

Two steps of different threads that *race* may come out differently in the other order: one of them writes what the
other reads or writes.  A step may also have to *wait* for another, as a lock for its release: such a pair is ordered,
but there is nothing to be exchanged.  What a binding observes is one object: steps that change it keep their order, so
that the states which properties are judged in are the same in each execution that stands for many.
"""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias


class Mode(Enum):
    """How a step touches an object."""

    READ = "read"
    WRITE = "write"
    RELEASE = "release"
    AWAIT = "await"


READ, WRITE, RELEASE, AWAIT = Mode


Touch: TypeAlias = tuple[str, Mode]
Footprint: TypeAlias = list[Touch]
"""Everything that one step touched, in order; an object may stand in it more than once."""

OBSERVED = "the observed state"
"""The object that each step writes which changes a symbol of the specification."""


def races(first: Footprint, second: Footprint) -> bool:
    """Whether two steps touch one object, and at least one of them writes it."""
    for there, how in first:
        if how is READ or how is WRITE:
            for here, mode in second:
                if there == here and (mode is WRITE or (how is WRITE and mode is READ)):
                    return True
    return False
