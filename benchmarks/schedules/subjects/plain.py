"""The subjects as anybody would write them, for tools that interleave Python itself.

Each access to what is shared stands in a line of its own, so that tools which switch between lines see every race, too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

CAPACITY = 1
TIMES = 3


class Counter:
    """Two threads count without a lock: one of their updates may be lost."""

    def __init__(self) -> None:
        self.value = 0

    def add(self) -> None:
        """Read, then write."""
        before = self.value
        self.value = before + 1

    def add_often(self) -> None:
        """Read and write, time and again."""
        for _ in range(TIMES):
            before = self.value
            self.value = before + 1


class Buffer:
    """A bounded buffer that looks whether there is room before it puts something there."""

    def __init__(self) -> None:
        self.count = 0

    def put(self) -> None:
        """Put an item, if there is room."""
        count = self.count
        if count < CAPACITY:
            count = self.count
            self.count = count + 1

    def take(self) -> None:
        """Take an item, if there is one."""
        count = self.count
        if count > 0:
            count = self.count
            self.count = count - 1


class Registry:
    """An lru that is found in a dictionary before its lists are there."""

    def __init__(self) -> None:
        self.found: dict[str, bool] = {}
        self.lists = 0
        self.seen = -1

    def publish(self) -> None:
        """Publish, then make what should have been there."""
        self.found["lru"] = True
        self.lists = 1

    def look(self) -> None:
        """Use the lists of an lru that is found."""
        if "lru" in self.found:
            self.seen = self.lists


class Guarded:
    """Two threads count under a lock: nothing is wrong."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.value = 0

    def add(self) -> None:
        """Read and write under the lock, time and again."""
        for _ in range(TIMES):
            with self.lock:
                before = self.value
                self.value = before + 1


@dataclass(frozen=True)
class Plain:
    """A subject: how to make it, what each thread does with it, and what must hold when all have ended."""

    make: Callable[[], Any]
    threads: tuple[Callable[[Any], None], ...]
    holds: Callable[[Any], bool]


SUBJECTS: dict[str, Plain] = {
    "lost update": Plain(Counter, (Counter.add, Counter.add), lambda s: s.value == 2),
    "lost updates, three each": Plain(Counter, (Counter.add_often, Counter.add_often), lambda s: s.value == 2 * TIMES),
    "bounded buffer": Plain(Buffer, (Buffer.put, Buffer.put, Buffer.take), lambda s: 0 <= s.count <= CAPACITY),
    "publish before init": Plain(Registry, (Registry.publish, Registry.look), lambda s: s.seen != 0),
    "publish before init, reader first": Plain(Registry, (Registry.look, Registry.publish), lambda s: s.seen != 0),
    "two threads and a lock": Plain(Guarded, (Guarded.add, Guarded.add), lambda s: s.value == 2 * TIMES),
}

RIGHT = ("two threads and a lock",)
"""Subjects with which nothing is wrong."""
