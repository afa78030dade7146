"""The rows of an observer: values of the abstraction function, of which only those are computed that can be others.

A row has the value that it had unless something that it has read has changed: so it is exact, if it reads nothing but
what is `Watched`.  A watch that audits computes every row from scratch after every step, and says where that is not so.
"""

from __future__ import annotations

from collections.abc import Sequence

from interlock.core.term import Value
from interlock_conformance.binding import AbstractionError, Symbols
from interlock_conformance.machine import Machine

Row = tuple[str, tuple[Value, ...]]
"""A symbol, and the element numbers that it is asked for."""


class Watch:
    """The rows of one observer in one execution."""

    def __init__(self, machine: Machine, symbols: Symbols, rows: Sequence[Row], *, audit: bool = False) -> None:
        self._machine, self._rows, self._audit = machine, rows, audit
        self._functions = [symbols[name] for name, _ in rows]
        self._first = machine.rows(len(rows))
        self._mask = (1 << len(rows)) - 1 << self._first
        self._values: list[Value] = [None] * len(rows)
        self._observed: tuple[Value, ...] = tuple(self._values)

    def now(self) -> tuple[Value, ...]:
        """The values now; the same tuple as before if none is another.  AbstractionError where there is no value."""
        machine = self._machine
        stale = machine.stale & self._mask
        if stale:
            machine.stale ^= stale
            if self._compute(stale):
                self._observed = tuple(self._values)
        if self._audit:
            self._compare()
        return self._observed

    def _compute(self, stale: int) -> bool:
        """Compute these rows again; whether one has another value than before."""
        machine, values, first = self._machine, self._values, self._first
        differs = False
        reading, row = machine.reading, 0
        try:
            while stale:
                lowest = stale & -stale
                stale ^= lowest
                machine.reading = lowest
                row = lowest.bit_length() - 1 - first
                value = self._functions[row](*self._rows[row][1])
                if value != values[row]:
                    values[row] = value
                    differs = True
        except AbstractionError:
            raise
        except Exception as error:
            raise AbstractionError(f"{self._name(row)} cannot be had: {type(error).__name__}: {error}") from error
        finally:
            machine.reading = reading
        return differs

    def _compare(self) -> None:
        """Compute all from scratch; a row that differs has read what is not watched."""
        before = list(self._values)
        self._compute(self._mask)
        for row, (then, now) in enumerate(zip(before, self._values, strict=True)):
            if then != now:
                raise AbstractionError(
                    f"{self._name(row)} went from {then!r} to {now!r}, though nothing that it peeks at has changed: "
                    "it reads something that is no primitive of the runtime"
                )
        self._machine.stale |= 1  # look again after the next step, whatever it does

    def _name(self, row: int) -> str:
        name, args = self._rows[row]
        return f"{name}({', '.join(map(str, args))})"
