"""Calls and returns of an execution, in the order in which they happened, and how they are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

_NAME = 2
"""Dashes around the text of a call."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call: when it began and when it ended, as places in the order of all calls and returns.

    A call that has not returned (`ended` is None) may or may not have happened.
    """

    thread: int
    name: str
    args: tuple[int, ...]
    begun: int
    ended: int | None = None
    result: object = None

    def __str__(self) -> str:
        text = f"{self.name}({', '.join(map(str, self.args))})"
        if self.ended is None:
            return f"{text} .."
        return text if self.result is None else f"{text} = {self.result}"


History: TypeAlias = tuple[Call, ...]


@dataclass(slots=True)
class Recorder:
    """Puts calls and returns down as they happen."""

    _calls: list[Call]
    _places: int = 0

    @classmethod
    def empty(cls) -> Recorder:
        """Nothing has been called yet."""
        return cls([])

    def call(self, thread: int, name: str, args: tuple[int, ...]) -> int:
        """A call begins; its number, for when it returns."""
        self._calls.append(Call(thread, name, args, self._places))
        self._places += 1
        return len(self._calls) - 1

    def returned(self, number: int, result: object) -> None:
        """The call of that number returns."""
        call = self._calls[number]
        self._calls[number] = Call(call.thread, call.name, call.args, call.begun, self._places, result)
        self._places += 1

    @property
    def history(self) -> History:
        """What was put down, in the order of calls."""
        return tuple(self._calls)


def lines_of_history(history: Sequence[Call]) -> list[str]:
    """A line for each thread, with its calls as bars; what stands further left happened before."""
    ends = sorted({place for call in history for place in (call.begun, _end(call, history))})
    column = _columns(history, ends)
    lines: list[str] = []
    for thread in sorted({call.thread for call in history}):
        line = ""
        for call in (c for c in history if c.thread == thread):
            begun, ended = column[call.begun], column[_end(call, history)]
            line = line.ljust(begun) + f"|-{call}-".ljust(ended - begun, "-") + ("|" if call.ended is not None else ">")
        lines.append(f"thread {thread}  {line}")
    return lines


def _end(call: Call, history: Sequence[Call]) -> int:
    """Where the bar of a call ends; one that does not return goes on to the end."""
    return 2 * len(history) if call.ended is None else call.ended


def _columns(history: Sequence[Call], ends: Sequence[int]) -> dict[int, int]:
    """A column for each place, such that every call has room for its text."""
    column: dict[int, int] = {}
    at = 0
    for place in ends:
        closing = [call for call in history if _end(call, history) == place]
        at = max([at, *(column[call.begun] + len(str(call)) + _NAME + 1 for call in closing)])
        column[place] = at
        at += 1 + (1 if closing else 0)
    return column
