"""Work that is left to another thread: work queues, and what runs after a grace period.

The thread is one of the machine's, so it is scheduled like any other; it is made when it is first given something to
do.  The execution goes on until it has done all of it.  Who gives work and the work are ordered, and so are the work
and who waits for it, without a race (see `footprint`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from interlock_conformance.scheduling.footprint import Mode
from interlock_conformance.scheduling.machine import Machine, Thread

Work = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Item:
    """Something to do: when it can begin, and what it has waited for then."""

    number: int
    work: Work
    ready: Callable[[], bool]
    awaits: Sequence[str]


class Server:
    """A thread that does what others leave to it, one after the other, in the order in which they came."""

    def __init__(self, machine: Machine, name: str, doing: str, *, atomic: bool) -> None:
        self.machine, self.name, self._doing, self._atomic = machine, name, doing, atomic
        self._pending: deque[Item] = deque()
        self._thread: Thread | None = None
        self.given = 0
        self.done = 0

    def give(self, work: Work, ready: Callable[[], bool], awaits: Sequence[str] = ()) -> None:
        """Leave something to do, in a step that is already declared."""
        machine = self.machine
        if machine.current is None:
            raise ValueError(f"nothing is left to {self._doing} during set-up: no thread runs yet")
        machine.touch(self.name, Mode.WRITE)
        machine.touch(self._work(self.given), Mode.RELEASE)
        self._pending.append(Item(self.given, work, ready, awaits))
        self.given += 1
        if self._thread is None:
            self._thread = machine.spawn(self._serve, self._doing, self._can)
        self._thread.idle = False

    def await_done(self, count: int) -> None:
        """Say that the running step has waited for the first `count` things to be done."""
        for number in range(count):
            self.machine.touch(self._end_of(number), Mode.AWAIT)

    def _serve(self, thread: Thread) -> None:
        """Each round is one choice; the first is what the thread began with."""
        if self._atomic:
            thread.atomic.append(self._doing)
        self.machine.begun("run", self.name)
        while True:
            item = self._pending.popleft()
            for thing in (self._work(item.number), *item.awaits):
                self.machine.touch(thing, Mode.AWAIT)
            item.work()
            self.machine.touch(self._end_of(item.number), Mode.RELEASE)
            self.done += 1
            thread.idle = not self._pending
            self.machine.declare("run", self.name, self._can)

    def _can(self) -> bool:
        return bool(self._pending) and self._pending[0].ready()

    def _work(self, number: int) -> str:
        return f"{self.name}: {number}th work"

    def _end_of(self, number: int) -> str:
        return f"{self.name}: end of {number}th work"


class OrderedQueue:
    """A work queue with one worker; see `runtime.WorkQueue`."""

    def __init__(self, machine: Machine, name: str) -> None:
        self.machine, self.name = machine, name
        self._server = Server(machine, name, f"worker of {name}", atomic=False)

    def queue(self, work: Work) -> None:
        """Leave something to the worker."""
        self.machine.declare("queue", self.name)
        self._server.give(work, _at_once)

    def flush(self) -> None:
        """Wait until all that has been queued before is done.  Sleeps."""
        machine, server = self.machine, self._server
        machine.declare("flush", self.name, sleeps=True)
        machine.touch(self.name, Mode.READ)
        count = server.given
        machine.declare("flushed", self.name, lambda: server.done >= count)
        server.await_done(count)


class Callbacks:
    """What runs after grace periods of one domain: in the order of the calls of one thread, as on one processor.

    Threads that serve others count as one.
    """

    def __init__(self, machine: Machine, name: str) -> None:
        self.machine, self.name = machine, name
        self._servers: dict[int, Server] = {}

    def give(self, callback: Work, ready: Callable[[], bool], awaits: Sequence[str]) -> None:
        """Leave a callback until `ready`, in a step that is already declared."""
        machine = self.machine
        index = -1 if machine.current is None else min(machine.current.index, machine.threads)
        if index not in self._servers:
            name = f"{self.name} callbacks of {index}"
            self._servers[index] = Server(self.machine, name, f"callbacks of {self.name}", atomic=True)
        self._servers[index].give(callback, ready, awaits)

    def barrier(self) -> None:
        """Wait until all callbacks that have been left before have run.  Sleeps."""
        machine = self.machine
        machine.declare("barrier", self.name, sleeps=True)
        for index in range(machine.threads + 1):
            machine.touch(f"{self.name} callbacks of {index}", Mode.READ)
        owed = [(server, server.given) for server in self._servers.values()]
        machine.declare("callbacks done", self.name, lambda: all(server.done >= count for server, count in owed))
        for server, count in owed:
            server.await_done(count)


def _at_once() -> bool:
    return True
