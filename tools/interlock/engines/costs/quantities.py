"""What is measured of a design: numbers that its state has, each with the largest value that any run gives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal as OneOf
from typing import TypeAlias

from interlock.core.system import Property
from interlock.core.term import TRUE, Compare, Literal, Symbol, Term, implies
from interlock.core.types import INT

Kind = OneOf["steps", "allocations", "grace periods", "sleeps", "waiting", "at rest", "at most"]
"""`waiting` are steps that others take in a holding while a thread stands before the lock and cannot enter; `at rest`
and `at most` are blocks of a heap that live once nothing goes on, and at any time."""

OF_HOLDINGS: tuple[Kind, ...] = ("steps", "allocations", "grace periods", "sleeps")
Key: TypeAlias = tuple[str, str, Kind]
"""A process, a section of it, and what is measured in it, whatever the scope."""

WHOLE = ""
"""The section of what is counted over the whole of an operation."""


@dataclass(frozen=True)
class Quantity:
    """A number that is measured: `term`, wherever `when` holds.

    `process` and `section` say in whose holding of what it is counted; for blocks, `section` is the heap.  `counter`
    is the symbol that was added for it, if any.
    """

    process: str
    section: str
    kind: Kind
    term: Term
    when: Term = TRUE
    counter: Symbol | None = None

    @property
    def key(self) -> Key:
        """What is measured."""
        return self.process, self.section, self.kind

    def at_most(self, most: int) -> Property:
        """The claim that it never exceeds a number."""
        name = f"cost.{self.process}.{self.section}.{self.kind} <= {most}"
        return Property(name, "invariant", implies(self.when, Compare("<=", self.term, Literal(most, INT))))


@dataclass(frozen=True)
class Possible:
    """Something that may or may not happen: `section` is held, or (`WHOLE`) the operation runs, twice at one time."""

    process: str
    section: str
    formula: Term

    @property
    def claim(self) -> Property:
        """The claim that it can happen."""
        return Property(f"cost.{self.process}.{self.section}.parallel", "reachable", self.formula)
