"""The rows of an observer: values of the abstraction function, of which only those are computed that can be others.

A row has the value that it had unless something that it has read has changed: so it is exact, if it reads nothing but
what is `Watched`.  A watch that audits computes every row from scratch after every step, and says where that is not so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from interlock.core.term import Value
from interlock_conformance.binding import AbstractionError, Symbols
from interlock_conformance.scheduling.machine import Machine
from interlock_conformance.scheduling.places import described

Row = tuple[str, tuple[Value, ...]]
"""A symbol, and the element numbers that it is asked for."""


class Rows:
    """The rows of an observer, the same in every execution; a set of them is a number with a bit for each."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = tuple(rows)
        self._sets: dict[int, tuple[tuple[int, int, Row], ...]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def of(self, bits: int) -> tuple[tuple[int, int, Row], ...]:
        """The rows of a set, each with its number and its bit."""
        found = self._sets.get(bits)
        if found is None:
            found = tuple((number, 1 << number, row) for number, row in enumerate(self._rows) if bits >> number & 1)
            self._sets[bits] = found
        return found


class Watch:
    """The values of an observer's rows in one execution."""

    def __init__(self, machine: Machine, symbols: Symbols, rows: Rows, *, audit: bool = False) -> None:
        self._machine, self._symbols, self._rows, self._audit = machine, symbols, rows, audit
        self._all = (1 << len(rows)) - 1
        self._first = machine.rows(len(rows))
        self._values: list[Value] = [None] * len(rows)
        self._observed: tuple[Value, ...] = tuple(self._values)

    def now(self) -> tuple[Value, ...]:
        """The values now; the same tuple as before if none is another.  AbstractionError where there is no value."""
        machine, first = self._machine, self._first
        stale = machine.stale >> first & self._all
        if stale:
            machine.stale ^= stale << first
            if self._compute(stale):
                self._observed = tuple(self._values)
        if self._audit:
            self._compare()
        return self._observed

    def _compute(self, rows: int) -> bool:
        """Compute these rows; whether one has another value than before."""
        machine, symbols, values, first = self._machine, self._symbols, self._values, self._first
        reading = machine.reading
        differs, at = False, 0
        try:
            for at, bit, (name, args) in self._rows.of(rows):
                machine.reading = bit << first
                value = symbols[name](*args)
                if value != values[at]:
                    values[at] = value
                    differs = True
        except AbstractionError:
            raise
        except Exception as error:
            raise AbstractionError(f"{self._name(at)} cannot be had: {described(error)}") from error
        finally:
            machine.reading = reading
        return differs

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
        ((_, _, (name, args)),) = self._rows.of(1 << at)
        return f"{name}({', '.join(map(str, args))})"
