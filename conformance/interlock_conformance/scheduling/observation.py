"""What can be peeked at between steps, and how those who have peeked learn that it has changed.

An abstraction function is a table of many values, of which one step changes few.  So each value is a *row*, and
everything that can be peeked at remembers which rows have read it: where it changes, those rows are stale, and they
alone are computed again (`watch`).  Rows are bits of one number, since a step marks them all at once.

To compute a row is part of the step that made it stale, so what it reads is part of what that step touches; hence the
names.
"""

from __future__ import annotations

from interlock_conformance.scheduling.footprint import WRITE
from interlock_conformance.scheduling.machine import Machine


class Watched:
    """Something that can be peeked at: a peek calls `seen`, and whoever changes it calls `changed`.

    `name` is what each step that changes it writes (`footprint`).  Cells, which almost every step goes through, do the
    same in place.
    """

    __slots__ = ("machine", "name", "readers")

    def __init__(self, machine: Machine, name: str) -> None:
        self.machine = machine
        self.name = name
        self.readers: int = 0

    def seen(self) -> None:
        """The row that is being computed, if one is, depends on this."""
        machine = self.machine
        self.readers |= machine.reading
        if machine.counts:
            machine.peeked.append(self.name)

    def changed(self) -> None:
        """The running step writes it, and whoever has read it must read it again."""
        machine = self.machine
        machine.stale |= self.readers
        if machine.counts:
            machine.charge([(self.name, WRITE)])
