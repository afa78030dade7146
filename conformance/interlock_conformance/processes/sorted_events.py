"""The events of a run in the order in which they began, however many there are.

Threads hand over their events in batches, each when its buffer is full, so lines of different threads come in no order.
They are sorted as tapes were: portions in memory, written one by one to files, which are merged in the end.  Memory is
that of a portion.  Lines without `begin` stay in the order in which they came.
"""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from operator import itemgetter
from typing import BinaryIO, Self, TypeAlias

PORTION = 50_000
"""Events that are sorted in memory."""

_Stamped: TypeAlias = tuple[float, bytes]


@dataclass
class SortedEvents:
    """Collects lines, each with the time at which its event began; `write` writes all of them."""

    portion: int = PORTION
    count: int = 0
    _recent: list[_Stamped] = field(default_factory=list[_Stamped])
    _written: list[BinaryIO] = field(default_factory=list[BinaryIO])
    _open: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def add(self, begin: float, line: bytes) -> None:
        """Take one event; the line has no line break."""
        self.count += 1
        self._recent.append((begin, line))
        if len(self._recent) >= self.portion:
            self._put_aside()

    def _put_aside(self) -> None:
        self._open.enter_context(file := tempfile.TemporaryFile())  # noqa: SIM115 - closed with all others
        self._recent.sort(key=itemgetter(0))
        file.writelines(b"%b\t%b\n" % (repr(begin).encode(), line) for begin, line in self._recent)
        self._recent.clear()
        self._written.append(file)

    def write(self, out: BinaryIO) -> None:
        """Write the lines, in order."""
        self._recent.sort(key=itemgetter(0))
        for _, line in heapq.merge(*map(_read, self._written), iter(self._recent), key=itemgetter(0)):
            out.write(line)
            out.write(b"\n")


def _read(file: BinaryIO) -> Iterator[_Stamped]:
    file.seek(0)
    for row in file:
        begin, _, line = row.rstrip(b"\n").partition(b"\t")
        yield int(begin) if begin.removeprefix(b"-").isdigit() else float(begin), line


__all__ = ["PORTION", "SortedEvents"]
