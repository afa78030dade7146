"""The subjects in the primitives of Interlock's runtime, with the specification of each and the binding to it.

Besides what must hold when all threads have ended, which is all that the other tools are asked to judge, an invariant
of the specification is judged after each step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from interlock_conformance.primitives.deterministic import DeterministicRuntime
from interlock_conformance.runtime import Runtime
from interlock_conformance.schedule import Operation, Workload
from interlock_conformance.scheduling.machine import Breach

CAPACITY, TIMES = 1, 3


class Counter:
    """As `plain.Counter`."""

    SPECIFICATION = "module counter\nvar value: 0..6 = 0\naction add { await value < 6; value := value + 1 }\n"
    SPECIFICATION += "invariant few: value <= 6\n"

    def __init__(self, runtime: Runtime) -> None:
        self.value = runtime.memory("counter").cell("value", 0)

    def add(self) -> None:
        """Read, then write."""
        before = self.value.load()
        self.value.store(before + 1)

    def add_often(self) -> None:
        """Read and write, time and again."""
        for _ in range(TIMES):
            self.add()

    def symbols(self) -> dict[str, Callable[[], Any]]:
        """What the specification sees."""
        return {"value": self.value.peek}


class Buffer:
    """As `plain.Buffer`."""

    SPECIFICATION = "module buffer\nvar filled: 0..3 = 0\naction put { await filled < 3; filled := filled + 1 }\n"
    SPECIFICATION += "invariant few: filled <= 2\n"

    def __init__(self, runtime: Runtime) -> None:
        self.count = runtime.memory("buffer").cell("count", 0)

    def put(self) -> None:
        """Put an item, if there is room."""
        count = self.count.load()
        if count < CAPACITY:
            count = self.count.load()
            self.count.store(count + 1)

    def take(self) -> None:
        """Take an item, if there is one."""
        count = self.count.load()
        if count > 0:
            count = self.count.load()
            self.count.store(count - 1)

    def symbols(self) -> dict[str, Callable[[], Any]]:
        """What the specification sees."""
        return {"filled": self.count.peek}


class Lru:
    """Something to be found."""


class Registry:
    """As `plain.Registry`: the dictionary is a registry, and the test for membership one step."""

    SPECIFICATION = "module registry\nvar lists: Bool = false\nvar found: Bool = false\n"
    SPECIFICATION += "action make { lists := true }\naction publish { found := true }\n"
    SPECIFICATION += "step invariant kept: lists implies lists'\n"

    def __init__(self, runtime: Runtime) -> None:
        self.found = runtime.registry("found", Lru)
        self.lru = Lru()
        self.lists = runtime.memory("lru").cell("lists", 0)
        self.seen = -1

    def publish(self) -> None:
        """Publish, then make what should have been there."""
        self.found.add(self.lru)
        self.lists.store(1)

    def look(self) -> None:
        """Use the lists of an lru that is found."""
        if self.lru in self.found:
            self.seen = self.lists.load()

    def symbols(self) -> dict[str, Callable[[], Any]]:
        """What the specification sees."""
        return {"lists": lambda: bool(self.lists.peek()), "found": lambda: bool(self.found.peek())}


class Guarded:
    """As `plain.Guarded`."""

    SPECIFICATION = Counter.SPECIFICATION

    def __init__(self, runtime: Runtime) -> None:
        self.lock = runtime.mutex("lock")
        self.value = runtime.memory("counter").cell("value", 0)

    def add(self) -> None:
        """Read and write under the lock, time and again."""
        for _ in range(TIMES):
            with self.lock:
                before = self.value.load()
                self.value.store(before + 1)

    def symbols(self) -> dict[str, Callable[[], Any]]:
        """What the specification sees."""
        return {"value": self.value.peek}


@dataclass(frozen=True)
class Primitives:
    """A subject: how to make it, the workload, and what must hold when all threads have ended."""

    make: Callable[[Runtime], Any]
    workload: str
    holds: Callable[[Any], bool]


SUBJECTS: dict[str, Primitives] = {
    "lost update": Primitives(Counter, "add() | add()", lambda s: s.value.peek() == 2),
    "lost updates, three each": Primitives(Counter, "add_often() | add_often()", lambda s: s.value.peek() == 2 * TIMES),
    "bounded buffer": Primitives(Buffer, "put() | put() | take()", lambda s: 0 <= s.count.peek() <= CAPACITY),
    "publish before init": Primitives(Registry, "publish() | look()", lambda s: s.seen != 0),
    "publish before init, reader first": Primitives(Registry, "look() | publish()", lambda s: s.seen != 0),
    "two threads and a lock": Primitives(Guarded, "add() | add()", lambda s: s.value.peek() == 2 * TIMES),
}


@dataclass(frozen=True)
class Bound:
    """A subject in one execution."""

    made: Any
    holds: Callable[[Any], bool]

    def call(self, operation: Operation) -> object:
        """Do what the operation is called after."""
        return getattr(self.made, operation.name)()

    def symbols(self) -> Mapping[str, Callable[..., Any]]:
        """What the specification sees."""
        return self.made.symbols()

    def at_rest(self) -> Breach | None:
        """Judge what came of it."""
        return None if self.holds(self.made) else Breach("outcome", "this is not what should come of it")


@dataclass(frozen=True)
class Binding:
    """Binds a subject; where it is not `judged`, whatever comes of it is right, so that all of it is explored."""

    name: str
    subject: Primitives
    judged: bool

    def misuse(self, _workload: Workload) -> str | None:
        """None."""
        return None

    def sizes(self, _workload: Workload) -> Mapping[str, int]:
        """There are no sorts."""
        return {}

    def start(self, runtime: DeterministicRuntime, _workload: Workload) -> Bound:
        """Make the subject."""
        return Bound(self.subject.make(runtime), self.subject.holds if self.judged else lambda _: True)
