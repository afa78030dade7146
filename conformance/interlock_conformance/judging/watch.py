"""The rows of an observer: values of the abstraction function, of which only those are computed that can be others.

A row has the value that it had unless something that it has read has changed: so it is exact, if it reads nothing but
what is `Watched`.  A watch that audits computes every row from scratch after every step, and says where that is not so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from interlock.core.term import Value
from interlock_conformance.binding import AbstractionError, Symbols
from interlock_conformance.scheduling.machine import Machine
from interlock_conformance.scheduling.places import described

Row = tuple[str, tuple[Value, ...]]
"""A symbol, and the element numbers that it is asked for."""

Changes: TypeAlias = tuple[object, ...]
"""The numbers of rows and their new values, in turn: what tells one state from the one before it."""


class Rows:
    """The rows of an observer, the same in every execution; a set of them is a number with a bit for each."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = tuple(rows)
        self._sets: dict[int, tuple[tuple[int, int, str, tuple[Value, ...]], ...]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def of(self, bits: int) -> tuple[tuple[int, int, str, tuple[Value, ...]], ...]:
        """The rows of a set, each with its number and its bit."""
        found = self._sets.get(bits)
        if found is None:
            rows = enumerate(self._rows)
            found = tuple((number, 1 << number, *row) for number, row in rows if bits >> number & 1)
            self._sets[bits] = found
        return found


class Watch:
    """The values of an observer's rows in one execution."""

    def __init__(self, machine: Machine, symbols: Symbols, rows: Rows, *, audit: bool = False) -> None:
        self._machine, self._symbols, self._rows, self._audit = machine, symbols, rows, audit
        self._all = (1 << len(rows)) - 1
        self._first = machine.rows(len(rows))
        self._values: list[Value] = [None] * len(rows)

    @property
    def values(self) -> tuple[Value, ...]:
        """The values when it was last asked for changes."""
        return tuple(self._values)

    def changes(self) -> Changes:
        """The rows with another value than when last asked, at first than None; AbstractionError where one has none."""
        stale = self._machine.stale >> self._first & self._all
        found = self._compute(stale) if stale else ()
        if self._audit:
            self._compare()
        return found

    def _compute(self, rows: int) -> Changes:
        """Compute these rows; those that have another value than before."""
        machine, symbols, values, first = self._machine, self._symbols, self._values, self._first
        machine.stale ^= machine.stale & rows << first
        reading = machine.reading
        changed: Changes = ()
        at = 0
        try:
            for at, bit, name, args in self._rows.of(rows):
                machine.reading = bit << first
                value = symbols[name](*args)
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
