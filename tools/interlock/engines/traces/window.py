"""The part of a log that is being looked at: which events may come next once some have happened.

Some events of a log may have happened in another order than that of their lines.  What has happened is an `Ideal`: all
events before `base`, and some behind it.  Next may come each event that has not happened and that none before it must
precede.  Events are read as they are needed and dropped once they lie before every ideal.

Only events fewer than `width` lines behind the base are let happen ahead of it, which bounds the ideals that there are.
Where the width kept an event from being considered, `cut` says so: what was found then is not the whole truth.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from interlock.engines.traces.order import Clock, Interval, Stamp, before
from interlock.engines.traces.vocabulary import Event

FARTHEST = 4_096
"""Lines behind the base that are looked at to find that none of them can come next."""


class Ideal(NamedTuple):
    """Which events have happened: those before `base`, and `ahead` of it (whose numbers are greater)."""

    base: int = 0
    ahead: frozenset[int] = frozenset()

    def with_(self, number: int) -> Ideal:
        """The ideal once one more event has happened."""
        if not self.ahead and number == self.base:
            return Ideal(number + 1)
        ahead = self.ahead | {number}
        base = self.base
        while base in ahead:
            ahead -= {base}
            base += 1
        return Ideal(base, ahead)


class Window:
    """Events from the first that some ideal lacks; numbers count from 0.

    `last` are the numbers of the last events of threads that have clocks.
    """

    def __init__(self, events: Iterator[Event], width: int, last: Mapping[str, int]) -> None:
        self._events = events
        self._width = width
        self._last = last
        self._held: deque[Event] = deque()
        self.first = 0
        self._ended = False
        self.cut = False

    @property
    def held(self) -> Event | None:
        """The first event that is held, if any."""
        return self._held[0] if self._held else None

    def event(self, number: int) -> Event | None:
        """The event of a number, or None where the log ends before it; it must not have been dropped."""
        while number >= self.first + len(self._held) and not self._ended:
            event = next(self._events, None)
            if event is None:
                self._ended = True
            else:
                self._held.append(event)
        place = number - self.first
        return self._held[place] if place < len(self._held) else None

    def next(self, ideal: Ideal) -> list[tuple[int, Event]]:
        """The events that may come next."""
        found: list[tuple[int, Event]] = []
        waiting: dict[str | int, Stamp] = {}
        for number in range(ideal.base, ideal.base + FARTHEST):
            if number in ideal.ahead:
                continue
            event = self.event(number)
            if event is None or self._all_wait(waiting, event, number):
                return found
            own: str | int = event.stamp.thread if isinstance(event.stamp, Clock) else number
            if own in waiting:
                continue
            if not any(before(other, event.stamp) for other in waiting.values()):
                if number >= ideal.base + self._width:
                    self.cut = True
                    return found
                found.append((number, event))
            waiting[own] = event.stamp
        self.cut = True
        return found

    def _all_wait(self, waiting: Mapping[str | int, Stamp], event: Event, number: int) -> bool:
        """Whether an event and all behind it must wait for one of those that have not happened."""
        match event.stamp:
            case None:
                return bool(waiting)
            case Interval(begin=begin):
                return any(isinstance(other, Interval) and other.end < begin for other in waiting.values())
            case Clock():
                return all(thread in waiting or last < number for thread, last in self._last.items())

    def drop(self, base: int) -> None:
        """Forget the events before a number."""
        while self.first < base and self._held:
            self._held.popleft()
            self.first += 1
