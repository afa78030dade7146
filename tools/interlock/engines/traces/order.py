"""Which of two events happened first: by their lines, by vector clocks, or by intervals of time.

Lines of a log without stamps are in the order of what happened.  With stamps, lines must be in an order in which the
events could have happened (intervals: by `begin`), so that a reader need not keep the whole log to know what an event
had to wait for; `Stamps` refuses a log that is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never


@dataclass(frozen=True, slots=True)
class Clock:
    """A vector clock: of each thread, how far it was when it was last heard of; of one's own, how far it is now."""

    thread: str
    counts: Mapping[str, int]

    @property
    def own(self) -> int:
        """How far the event's own thread is."""
        return self.counts[self.thread]


@dataclass(frozen=True, slots=True)
class Interval:
    """Some moment between two readings of one clock, which all threads share; `thread` is None where it is not told."""

    begin: float
    end: float
    thread: str | None = None


Stamp: TypeAlias = Clock | Interval | None
"""What an event says of its place in the order; None where lines are in order."""


def before(first: Stamp, second: Stamp) -> bool:
    """Whether an event with the first stamp happened before one with the second, which stands on a later line.

    Intervals that touch may be in either order; events of one thread are in the order of their lines.
    """
    match first, second:
        case Clock(), Clock():
            return second.counts.get(first.thread, 0) >= first.own
        case Interval(), Interval():
            return first.end < second.begin or (first.thread is not None and first.thread == second.thread)
        case _:
            return True


@dataclass(slots=True)
class Stamps:
    """Looks at the stamps of a log, line after line; `last` are the numbers of the last events of threads with clocks.

    A line that must come before one above it is refused, for nobody would wait for it.
    """

    kind: str | None = None
    count: int = 0
    last: dict[str, int] = field(default_factory=dict[str, int])
    _heard: dict[str, int] = field(default_factory=dict[str, int])
    _begin: float = float("-inf")

    def add(self, stamp: Stamp) -> str | None:
        """Why the next line cannot have this stamp, or None where it can."""
        kind = _kind(stamp)
        self.count += 1
        if self.kind is None:
            self.kind = kind
        if kind != self.kind:
            return f"events were in order by {self.kind} so far, and this one by {kind}"
        match stamp:
            case Interval():
                late = stamp.begin < self._begin
                self._begin = max(self._begin, stamp.begin)
                return "an event on a line above began later: lines are sorted by `begin`" if late else None
            case Clock():
                self.last[stamp.thread] = self.count - 1
                known = self._heard.get(stamp.thread, -1) >= stamp.own
                for thread, count in stamp.counts.items():
                    self._heard[thread] = max(self._heard.get(thread, -1), count)
                return (
                    f"a line above has heard of this event: its clock has {stamp.thread} at {stamp.own} or later"
                    if known
                    else None
                )
            case None:
                return None
            case _:
                assert_never(stamp)


def _kind(stamp: Stamp) -> str:
    match stamp:
        case None:
            return "lines"
        case Clock():
            return "`clock`"
        case Interval():
            return "`begin` and `end`"
        case _:
            assert_never(stamp)
