"""What ties a candidate to a specification: which calls a workload makes, and what the specification's symbols are.

The abstraction function is a table from the names of the specification's symbols to functions of element numbers.  It
reads the candidate's state between steps, by peeking.  A symbol that it leaves out is not observed, and a property
that speaks of it is reported as not judged, never as holding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from interlock.core.term import Value
from interlock_conformance.deterministic import DeterministicRuntime
from interlock_conformance.machine import Breach
from interlock_conformance.schedule import Operation, Workload

Symbols = Mapping[str, Callable[..., Value]]
"""Name of a symbol to its value for element numbers, such as `"registered": lambda lru: ...`."""


class AbstractionError(Exception):
    """The abstraction function met a concrete state that it cannot express; the message says what."""


class Subject(Protocol):
    """One candidate, set up for one execution."""

    def call(self, operation: Operation) -> None:
        """Do one operation of the workload, inside a thread."""
        ...

    def symbols(self) -> Symbols:
        """The abstraction function."""
        ...

    def at_rest(self) -> Breach | None:
        """Judge what must hold when all threads have ended: leaks, counts, items kept."""
        ...


class Binding(Protocol):
    """A kind of candidate, bound to a specification."""

    @property
    def name(self) -> str:
        """Name of the candidate, for reports."""
        ...

    def misuse(self, workload: Workload) -> str | None:
        """Why the workload breaks the candidate's contract, such as use during destruction, if it does."""
        ...

    def sizes(self, workload: Workload) -> Mapping[str, int]:
        """Number of elements of each sort of the specification: at least as many as the workload can bring about."""
        ...

    def start(self, runtime: DeterministicRuntime, workload: Workload) -> Subject:
        """Set a candidate up."""
        ...
