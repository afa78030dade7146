"""Types of the transition system's terms.

Sorts are unbounded for the prover and finite under a scope.  A process constructor is not a type here:
lowering splits everything that is indexed by a process into one symbol for each kind of process.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class BoolType:
    """Truth values; Python `bool` in states."""

    def __str__(self) -> str:
        return "Bool"


@dataclass(frozen=True, slots=True)
class IntType:
    """Unbounded integers; Python `int` in states."""

    def __str__(self) -> str:
        return "Int"


@dataclass(frozen=True, slots=True)
class RangeType:
    """Integers from `low` to `high` inclusive; `high` may name a rigid symbol without parameters."""

    low: int
    high: int | str

    def __str__(self) -> str:
        return f"{self.low}..{self.high}"

    def may_hold(self, number: int) -> bool:
        """Whether the number is in the range, as far as can be told where the end is a constant."""
        return self.low <= number and (isinstance(self.high, str) or number <= self.high)


@dataclass(frozen=True, slots=True)
class EnumType:
    """A finite set of named members; a member is its name, a Python `str`, in states."""

    name: str
    members: tuple[str, ...]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class SortType:
    """A sort: never empty, of any size for the prover; elements are `0 .. n-1` (Python `int`) under a scope.

    An ordered sort is totally ordered; under a scope the order is that of the integers.
    """

    name: str
    ordered: bool = False

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class OptionType:
    """A value of `of`, or none (Python `None` in states).  Never nested."""

    of: PlainType

    def __str__(self) -> str:
        return f"{self.of}?"


PlainType: TypeAlias = BoolType | IntType | RangeType | EnumType | SortType
Type: TypeAlias = PlainType | OptionType

BOOL = BoolType()
INT = IntType()
