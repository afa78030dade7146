"""Loops that wait by looking again: told from progress, and made to wait where they say that they do.

A loop that looks at memory until somebody changes it would be run round after round by every strategy, and no
execution need ever end.  So it calls `relax` in each round, as a processor asks for it anyway, and thereby says: what I
have read since the last round decides alone whether I go on.  Then to go round again before somebody has touched that
shows nothing new, and the thread waits.  Where nobody is left to touch it, that is a livelock.

A loop that gives up by itself after some rounds must not call it: rounds would be left out.  One that should call it
and does not is seen when the budget of steps is spent, by the last steps, which repeat; that is a hint and no finding,
as the loop may count in a way that no step shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from interlock_conformance.scheduling.footprint import OBSERVED, READ, RELEASE, WRITE, Mode
from interlock_conformance.scheduling.places import calling_place

if TYPE_CHECKING:
    from interlock_conformance.scheduling.machine import Event, Machine, Thread


class Spinning:
    """Who goes round in an execution, what each has read since the last round, and whether that has been touched."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._read: dict[Thread, set[str]] = {}
        self._touched: set[Thread] = set()

    def relax(self) -> None:
        """End a round: wait until somebody else has touched what was read in it.

        What the first round has read is not known, as nobody listened, so a second one always follows.
        """
        machine = self._machine
        thread = machine.current
        if thread is None:
            return
        thread.place = calling_place()
        read = self._read.get(thread)
        if read is None:
            machine.listen(self._hear)
            machine.act("relax", thread.place, None, False)
        else:
            machine.act("relax", ", ".join(sorted(read)), lambda: thread in self._touched, False)
            for thing in sorted(read):
                machine.touch(thing, READ)
        self._read[thread] = set()
        self._touched.discard(thread)

    def _hear(self, thread: Thread, thing: str, mode: Mode) -> None:
        if thing == OBSERVED:
            return
        if thread in self._read:
            self._read[thread].add(thing)
        if mode is WRITE or mode is RELEASE:
            self._touched.update(other for other, read in self._read.items() if other is not thread and thing in read)


def going_round(events: Sequence[Event]) -> str:
    """That the last steps repeat, where, and in how many; empty if they do not."""
    for length in range(1, len(events) // 3 + 1):
        if all(event == before for event, before in zip(events[length:], events, strict=False)):
            who = {event.thread: event.line for event in reversed(events[-length:])}
            where = "; ".join(f"{thread} goes round at {line}" for thread, line in sorted(who.items()))
            steps = "one step repeats" if length == 1 else f"{length} steps repeat"
            return f"{where}: at the end the same {steps}, with the same values"
    return ""
