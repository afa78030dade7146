"""Workloads, schedules and the token that names one execution, as text that round-trips.

    init(0) | activate(0); use(0, 0) ! 2 @ 0*5 1*12 0*3

is a workload of two threads whose third allocation fails (allocations count from 0), run under the schedule in which
the first thread takes five steps, then the second twelve, then the first three.

    init(0) | activate(0) ! *

stands for many workloads: one for each allocation, which fails and is the only one that does, and one where none does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

Schedule = tuple[int, ...]
"""The thread chosen at each step."""

EACH = "*"
"""Written for the numbers of the allocations that fail: each in its turn."""

_OPERATION = re.compile(r"\s*([A-Za-z_]\w*)\s*\(([\d\s,]*)\)\s*\Z")
_SEGMENT = re.compile(r"(\d+)\*(\d+)\Z")


class TokenError(ValueError):
    """A token that cannot be read; the message says which part and what was expected."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A call that a thread makes: a name that the binding knows, and the numbers of the objects it is about."""

    name: str
    args: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.args))})"


@dataclass(frozen=True, slots=True)
class Workload:
    """What the threads do, each its operations in order, and which allocations (counted over all threads) fail.

    `each` says that each allocation fails in its turn, and stands for a workload for each of them.
    """

    threads: tuple[tuple[Operation, ...], ...]
    failing: frozenset[int] = field(default=frozenset[int]())
    each: bool = False

    def __str__(self) -> str:
        text = " | ".join("; ".join(map(str, thread)) for thread in self.threads)
        failing = EACH if self.each else " ".join(map(str, sorted(self.failing)))
        return f"{text} ! {failing}" if failing else text

    @property
    def operations(self) -> tuple[Operation, ...]:
        """All operations, thread by thread."""
        return tuple(operation for thread in self.threads for operation in thread)


def parse_workload(text: str) -> Workload:
    """Read what `str(workload)` wrote; TokenError where it is not one."""
    body, _, failing = text.partition("!")
    threads = tuple(tuple(_operation(part) for part in thread.split(";")) for thread in body.split("|"))
    if failing.strip() == EACH:
        return Workload(threads, each=True)
    if not all(number.isdecimal() for number in failing.split()):
        raise TokenError(f"after `!` come the numbers of failing allocations, or `*`, not `{failing.strip()}`")
    return Workload(threads, frozenset(int(number) for number in failing.split()))


def token(workload: Workload, schedule: Sequence[int]) -> str:
    """The text that names one execution."""
    return f"{workload} @ {' '.join(f'{thread}*{len(list(run))}' for thread, run in groupby(schedule))}".rstrip()


def parse_token(text: str) -> tuple[Workload, Schedule]:
    """Read what `token` wrote; TokenError where it is not one."""
    body, at, segments = text.partition("@")
    if not at:
        raise TokenError("a token is `WORKLOAD @ SCHEDULE`; there is no `@`")
    workload = parse_workload(body)
    if workload.each:
        raise TokenError("a token is one execution, and `! *` stands for many: name the allocation that fails")
    schedule: list[int] = []
    for segment in segments.split():
        match = _SEGMENT.match(segment)
        if match is None or len(segment) > 12:
            raise TokenError(f"`{segment}` is not THREAD*STEPS, such as `0*5`")
        thread, steps = int(match[1]), int(match[2])
        if len(schedule) + steps > 1_000_000:
            raise TokenError("a schedule of more than a million steps")
        schedule += [thread] * steps
    return workload, tuple(schedule)


def _operation(text: str) -> Operation:
    match = _OPERATION.match(text)
    if match is None:
        raise TokenError(f"`{text.strip()}` is not an operation, such as `init(0)`")
    numbers = [part.strip() for part in match[2].split(",")] if match[2].strip() else []
    if not all(number.isdecimal() for number in numbers):
        raise TokenError(f"the arguments of `{text.strip()}` are not numbers")
    return Operation(match[1], tuple(int(number) for number in numbers))
