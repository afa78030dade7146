"""States, traces and counterexamples as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from interlock.core.term import Symbol, Value
from interlock.core.types import BoolType, EnumType, IntType, OptionType, RangeType, SortType, Type

Table = Mapping[tuple[Value, ...], Value]
"""Interpretation of one symbol: every tuple of arguments to a value."""


@dataclass(frozen=True)
class State:
    """A full interpretation of every symbol (rigid ones included) over finite sorts.

    `sizes` maps sort names to numbers of elements.
    """

    sizes: Mapping[str, int]
    tables: Mapping[Symbol, Table]


@dataclass(frozen=True)
class Step:
    """One taken transition: its index in the system, its name and arguments, and the state after it."""

    transition: int
    action: str
    args: tuple[tuple[str, Value, Type], ...]
    witnesses: tuple[tuple[str, Value, Type], ...]
    after: State


@dataclass(frozen=True)
class Trace:
    """A run: an initial state and steps; `loop` is the index of the state to which a lasso returns.

    `reason` tells in words why the last state or step breaks the property (the failing conjunct and witnesses).
    """

    initial: State
    steps: tuple[Step, ...]
    reason: str = ""
    loop: int | None = None

    @property
    def states(self) -> tuple[State, ...]:
        """All states in order; one more than there are steps."""
        return (self.initial, *(step.after for step in self.steps))


def show_value(value: Value, type_: Type) -> str:
    """A value as a reader sees it: `lru0`, `ENOMEM`, `none`, `true`, `3`."""
    if value is None:
        return "none"
    match type_:
        case OptionType():
            return show_value(value, type_.of)
        case SortType():
            return f"{element_prefix(type_.name)}{value}"
        case BoolType():
            return "true" if value else "false"
        case EnumType() | IntType() | RangeType():
            return str(value)


def element_prefix(sort: str) -> str:
    """Stem of the names of a sort's elements: the sort's own name with a small first letter."""
    base = sort.rsplit(".", 1)[-1]
    return (base[0].lower() + base[1:]) + ("_" if base[-1].isdigit() else "")
