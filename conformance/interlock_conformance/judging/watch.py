"""The rows of an observer: values of the abstraction function, of which only those are computed that can be others.

A row has the value that it had unless something that it has read has changed: so it is exact, if it reads nothing but
what is `Watched`.  A watch that audits computes every row from scratch after every step, and says where that is not so.

The step that makes a row stale writes it, whether or not its value is another then.  And it reads what the row looks at
from now on and did not before, and the other way round: a step of another thread that changes such a thing is seen by
the observer in one order of the two and not in the other.  What the row looks at before and after needs no footprint,
since whoever changes that makes the row stale as well; and where that is one thing, it is itself the footprint.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from interlock.core.term import Value
from interlock_conformance.binding import AbstractionError, Symbols
from interlock_conformance.scheduling.footprint import READ, WRITE, Footprint
from interlock_conformance.scheduling.machine import Machine
from interlock_conformance.scheduling.places import described

Row = tuple[str, tuple[Value, ...]]
"""A symbol, and the element numbers that it is asked for."""

_Set: TypeAlias = tuple[tuple[int, int, str, tuple[Value, ...]], ...]

Changes: TypeAlias = tuple[object, ...]
"""The numbers of rows and their new values, in turn: what tells one state from the one before it."""


class Rows:
    """The rows of an observer, the same in every execution; a set of them is a number with a bit for each."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = tuple(rows)
        self._sets: dict[int, _Set] = {}
        self._touched: dict[int, Footprint] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def of(self, bits: int) -> _Set:
        """The rows of a set, each with its number and its bit."""
        found = self._sets.get(bits)
        if found is None:
            rows = enumerate(self._rows)
            found = self._sets[bits] = tuple((number, 1 << number, *row) for number, row in rows if bits >> number & 1)
        return found

    def touched(self, bits: int) -> Footprint:
        """What a step touches that makes all of a set stale."""
        found = self._touched.get(bits)
        if found is None:
            found = self._touched[bits] = [(f"{name}{args} as observed", WRITE) for _, _, name, args in self.of(bits)]
        return found


class Watch:
    """The values of an observer's rows in one execution."""

    def __init__(self, machine: Machine, symbols: Symbols, rows: Rows, *, audit: bool = False) -> None:
        self._machine, self._symbols, self._rows, self._audit = machine, symbols, rows, audit
        self._all = (1 << len(rows)) - 1
        self._first = machine.rows(len(rows))
        self._values: list[Value] = [None] * len(rows)
        self._read: list[list[str]] = [[]] * len(rows)
        """By row, what was peeked at when it was computed last."""
        self._mixed = 0
        """The rows that have peeked at more than one thing then."""

    @property
    def values(self) -> tuple[Value, ...]:
        """The values when it was last asked for changes."""
        return tuple(self._values)

    def changes(self) -> Changes:
        """The rows with another value than when last asked, at first than None; AbstractionError where one has none."""
        stale = self._machine.stale >> self._first & self._all
        found: Changes = ()
        if stale:
            found = self._compute(stale)
            if stale & self._mixed:
                self._machine.charge(self._rows.touched(stale & self._mixed))
        if self._audit:
            self._compare()
        return found

    def _compute(self, rows: int) -> Changes:
        """Compute these rows; those that have another value than before."""
        machine, symbols, values, read = self._machine, self._symbols, self._values, self._read
        first, counts = self._first, machine.counts
        machine.stale ^= machine.stale & rows << first
        reading = machine.reading
        changed: Changes = ()
        at = 0
        try:
            for at, bit, name, args in self._rows.of(rows):
                machine.reading = bit << first
                value = symbols[name](*args)
                if counts:
                    peeked, machine.peeked = machine.peeked, []
                    if peeked != read[at]:
                        self._look_elsewhere(at, bit, peeked)
                if value != values[at]:
                    values[at] = value
                    changed += (at, value)
        except AbstractionError:
            raise
        except Exception as error:
            raise AbstractionError(f"{self._name(at)} cannot be had: {described(error)}") from error
        finally:
            machine.reading = reading
        return changed

    def _look_elsewhere(self, at: int, bit: int, peeked: list[str]) -> None:
        """Put down that a row has peeked at other things than before."""
        before, now = set(self._read[at]), set(peeked)
        self._read[at] = peeked
        self._mixed = self._mixed | bit if len(now) > 1 else self._mixed & ~bit
        self._machine.charge(self._rows.touched(bit))
        self._machine.charge([(thing, READ) for thing in before ^ now])

    def _compare(self) -> None:
        """Compute all from scratch; a row that differs has read what is not watched."""
        before = list(self._values)
        self._compute(self._all)
        for at, (then, now) in enumerate(zip(before, self._values, strict=True)):
            if then != now:
                raise AbstractionError(
                    f"{self._name(at)} went from {then!r} to {now!r}, though nothing that it peeks at has changed: "
                    "it reads something that is no primitive of the runtime"
                )
        self._machine.stale |= 1  # look again after the next step, whatever it does

    def _name(self, at: int) -> str:
        ((_, _, name, args),) = self._rows.of(1 << at)
        return f"{name}({', '.join(map(str, args))})"
