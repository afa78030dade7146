"""The subjects cut into steps by hand, for a state machine whose rules advance one thread each.

Hypothesis does not interleave code: who wants to try schedules with it writes each place where a thread may be
interrupted as a `yield`.  What was written as a lock is a flag, and a thread that waits for it is not enabled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from subjects.plain import CAPACITY, TIMES, Buffer, Counter, Guarded, Registry

Ready = Callable[[], bool]
"""Whether the thread can take its next step."""


def always() -> bool:
    """Nothing to wait for."""
    return True


def add(counter: Counter) -> Iterator[Ready]:
    """As `Counter.add`."""
    yield always
    before = counter.value
    yield always
    counter.value = before + 1


def add_often(counter: Counter) -> Iterator[Ready]:
    """As `Counter.add_often`."""
    for _ in range(TIMES):
        yield from add(counter)


def put(buffer: Buffer) -> Iterator[Ready]:
    """As `Buffer.put`."""
    yield always
    if buffer.count < CAPACITY:
        yield always
        count = buffer.count
        yield always
        buffer.count = count + 1


def take(buffer: Buffer) -> Iterator[Ready]:
    """As `Buffer.take`."""
    yield always
    if buffer.count > 0:
        yield always
        count = buffer.count
        yield always
        buffer.count = count - 1


def publish(registry: Registry) -> Iterator[Ready]:
    """As `Registry.publish`."""
    yield always
    registry.found["lru"] = True
    yield always
    registry.lists = 1


def look(registry: Registry) -> Iterator[Ready]:
    """As `Registry.look`."""
    yield always
    if "lru" in registry.found:
        yield always
        registry.seen = registry.lists


class Flagged(Guarded):
    """`Guarded` with a flag for the lock."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = False

    def free(self) -> bool:
        """Whether nobody holds it."""
        return not self.taken


def add_guarded(guarded: Flagged) -> Iterator[Ready]:
    """As `Guarded.add`."""
    for _ in range(TIMES):
        yield guarded.free
        guarded.taken = True
        yield always
        before = guarded.value
        yield always
        guarded.value = before + 1
        yield always
        guarded.taken = False


@dataclass(frozen=True)
class Steps:
    """A subject: how to make it, the steps of its threads, and what must hold when all have ended."""

    make: Callable[[], Any]
    threads: tuple[Callable[[Any], Iterator[Ready]], ...]
    holds: Callable[[Any], bool]


SUBJECTS: dict[str, Steps] = {
    "lost update": Steps(Counter, (add, add), lambda s: s.value == 2),
    "lost updates, three each": Steps(Counter, (add_often, add_often), lambda s: s.value == 2 * TIMES),
    "bounded buffer": Steps(Buffer, (put, put, take), lambda s: 0 <= s.count <= CAPACITY),
    "publish before init": Steps(Registry, (publish, look), lambda s: s.seen != 0),
    "publish before init, reader first": Steps(Registry, (look, publish), lambda s: s.seen != 0),
    "two threads and a lock": Steps(Flagged, (add_guarded, add_guarded), lambda s: s.value == 2 * TIMES),
}
