"""What ties a candidate to a specification: which calls a workload makes, and what the specification's symbols are.

The abstraction function is a table from the names of the specification's symbols to functions of element numbers.  It
reads the candidate's state between steps, by peeking.  A symbol that it leaves out is not observed, and a property
that speaks of it is reported as not judged, never as holding.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from interlock.core.term import Value
from interlock_conformance.primitives.deterministic import DeterministicRuntime
from interlock_conformance.schedule import Operation, Workload
from interlock_conformance.scheduling.machine import Breach

Symbols = Mapping[str, Callable[..., Value]]
"""Name of a symbol to its value for element numbers, such as `"registered": lambda lru: ...`."""

Look = Callable[..., Value]
"""The value of an observed symbol of the specification that judges: `look("slot", array, index)`."""

Tables = Mapping[str, Mapping[tuple[Value, ...], Value]]
"""By symbol, its value by its arguments.  Arguments that are not there have the least value: false, none, 0."""


class AbstractionError(Exception):
    """The abstraction function met a concrete state that it cannot express; the message says what."""


class Subject(Protocol):
    """One candidate, set up for one execution."""

    def call(self, operation: Operation) -> object:
        """Do one operation of the workload, inside a thread; what came of it is counted by its text."""
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


@dataclass(frozen=True, slots=True)
class Abstraction:
    """How a specification that is refined sees a candidate; see `refinement`.

    `tables` gives the symbols that it observes, from the symbols `needs` of the specification that judges and from the
    subject's history.  It reads nothing else, so that what it says of a state is remembered.  `names` are elements
    that have another name in the workload: `{"Lru": ("lru0", "lru0, mounted again")}`.
    """

    sizes: Mapping[str, int]
    needs: frozenset[str]
    tables: Callable[[Look, Hashable], Tables]
    names: Mapping[str, tuple[str, ...]]


@runtime_checkable
class Refining(Protocol):
    """A binding that says how a more abstract specification sees its candidates."""

    def abstraction(self, workload: Workload) -> Abstraction:
        """How it sees those that run the workload."""
        ...


@runtime_checkable
class Foreseeing(Protocol):
    """A binding that knows what may come of operations, so that what never did can be told."""

    def outcomes(self, workload: Workload) -> tuple[tuple[str, str], ...]:
        """Operations of the workload, each with the text of an outcome that it may have."""
        ...


@runtime_checkable
class Ruling(Protocol):
    """A binding that judges more than the specification's properties."""

    def rules(self, workload: Workload) -> tuple[str, ...]:
        """Names of what it judges on each execution that comes to its end."""
        ...


@runtime_checkable
class Abstaining(Protocol):
    """A binding that knows what it cannot judge of a workload."""

    def abstains(self, workload: Workload) -> Mapping[str, str]:
        """The rules that are not judged, each with the reason."""
        ...


@runtime_checkable
class Remembering(Protocol):
    """A subject that remembers what no state of the candidate tells, such as how often something was set up."""

    def history(self) -> Hashable:
        """What it remembers now: something `Watched`, which is seen here, and changes after `Machine.settle`."""
        ...
