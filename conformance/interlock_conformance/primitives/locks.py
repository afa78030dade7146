"""Locks of the deterministic back end, and what else threads wait for.

Each has a name that no other has, and the name that it was given, after which its rules are called (`Space.own_name`).
The footprints say what can be exchanged (`footprint`): to take a lock races with taking it elsewhere, and comes after
the release that it waited for, with which it can never be exchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from interlock_conformance.scheduling.footprint import Mode
from interlock_conformance.scheduling.machine import Machine, Thread
from interlock_conformance.scheduling.observation import Watched


class HeldLock:
    """A mutex or spinlock; see `runtime.Lock`."""

    def __init__(self, machine: Machine, name: str, rule: str, *, spins: bool) -> None:
        self.machine, self.name, self._rule, self._spins = machine, name, rule, spins
        self.holder: Thread | None = None

    def __enter__(self) -> None:
        machine = self.machine
        if machine.current is not None and self.holder is machine.current:
            raise machine.breach(
                f"{self._rule}.no_relock", f"{machine.doing} takes {self.name}, which it holds already"
            )
        machine.declare("lock", self.name, self._is_free, sleeps=not self._spins)
        if machine.tracing:
            machine.touch(self.name, Mode.WRITE)
            machine.touch(self.name, Mode.AWAIT)
        self.holder = machine.current
        machine.take(self.name)
        if self._spins and machine.current is not None:
            machine.current.atomic.append(self.name)

    def __exit__(self, *exception: object) -> None:
        machine = self.machine
        machine.act("unlock", self.name, None, False)
        if machine.tracing:
            machine.touch(self.name, Mode.RELEASE)
        if self.holder is not machine.current:
            raise machine.breach(
                f"{self._rule}.holder", f"{machine.doing} releases {self.name}, which it does not hold"
            )
        self.holder = None
        machine.drop(self.name)
        if self._spins and machine.current is not None:
            machine.current.atomic.remove(self.name)

    def _is_free(self) -> bool:
        return self.holder is None


class SharedLock:
    """A lock that readers share; see `runtime.SharedLock`.  Whoever comes is let in as soon as that can be."""

    def __init__(self, machine: Machine, name: str, rule: str) -> None:
        self.machine, self.name, self._rule = machine, name, rule
        self.writer: Thread | None = None
        self._readers: list[Thread] = []

    def read(self) -> AbstractContextManager[None]:
        """Hold it together with other readers."""
        return _Held(self.enter_reading, self.leave_reading)

    def write(self) -> AbstractContextManager[None]:
        """Hold it alone."""
        return _Held(self.enter_writing, self.leave_writing)

    def enter_reading(self) -> None:
        """Begin to hold it with other readers."""
        machine = self.machine
        self._refuse_again()
        machine.declare("read lock", self.name, lambda: self.writer is None, sleeps=True)
        machine.touch(self.name, Mode.READ)
        machine.touch(self.name, Mode.AWAIT)
        if machine.current is not None:
            self._readers.append(machine.current)
            machine.take(self.name, shared=True)

    def leave_reading(self) -> None:
        """Stop."""
        machine = self.machine
        machine.declare("read unlock", self.name)
        machine.touch(self._of_readers, Mode.RELEASE)
        if machine.current is not None:
            self._readers.remove(machine.current)
            machine.drop(self.name)

    def enter_writing(self) -> None:
        """Begin to hold it alone."""
        machine = self.machine
        self._refuse_again()
        machine.declare("write lock", self.name, lambda: self.writer is None and not self._readers, sleeps=True)
        machine.touch(self.name, Mode.WRITE)
        machine.touch(self.name, Mode.AWAIT)
        machine.touch(self._of_readers, Mode.AWAIT)
        self.writer = machine.current
        machine.take(self.name)

    def leave_writing(self) -> None:
        """Stop."""
        machine = self.machine
        machine.declare("write unlock", self.name)
        machine.touch(self.name, Mode.RELEASE)
        self.writer = None
        machine.drop(self.name)

    def _refuse_again(self) -> None:
        machine = self.machine
        if machine.current is not None and (machine.current is self.writer or machine.current in self._readers):
            raise machine.breach(
                f"{self._rule}.no_relock", f"{machine.doing} takes {self.name}, which it holds already"
            )

    @property
    def _of_readers(self) -> str:
        return f"readers of {self.name}"


class _Held(AbstractContextManager[None]):
    def __init__(self, enter: Callable[[], None], leave: Callable[[], None]) -> None:
        self._enter, self._leave = enter, leave

    def __enter__(self) -> None:
        self._enter()

    def __exit__(self, *exception: object) -> None:
        self._leave()


class References(Watched):
    """A counter of references; see `runtime.Refcount`."""

    def __init__(self, machine: Machine, name: str, rule: str, count: int) -> None:
        super().__init__(machine, name)
        self._rule, self._count = rule, count

    def get(self) -> None:
        """Take one more; reported where none is left."""
        self._step("get")
        if self._count == 0:
            doing = self.machine.doing
            raise self.machine.breach(f"{self._rule}.no_resurrection", f"{doing} takes a reference where none is left")
        self._set(self._count + 1)

    def try_get(self) -> bool:
        """Take one more, unless none is left: whether it was taken."""
        self._step("try get")
        if self._count == 0:
            self.machine.note("= no")
            return False
        self._set(self._count + 1)
        return True

    def set(self, count: int) -> None:
        """Begin anew with so many; reported while there are references left."""
        self._step("set")
        if self._count:
            doing = self.machine.doing
            raise self.machine.breach(f"{self._rule}.no_reset", f"{doing} begins anew while {self._count} are held")
        self._set(count)

    def put(self) -> bool:
        """Drop one: whether it was the last."""
        self._step("put")
        if self._count == 0:
            raise self.machine.breach(f"{self._rule}.no_underflow", f"{self.machine.doing} drops one too many")
        self.machine.touch(self.name, Mode.RELEASE)
        self._set(self._count - 1)
        return self._count == 0

    def wait_for_last(self) -> None:
        """Wait until none is left.  Sleeps."""
        self.machine.declare("wait for last", self.name, lambda: self._count == 0, sleeps=True)
        self.machine.touch(self.name, Mode.AWAIT)

    def peek(self) -> int:
        """How many there are, without a step."""
        self.seen()
        return self._count

    def _step(self, kind: str) -> None:
        self.machine.declare(kind, self.name)
        self.machine.touch(self.name, Mode.WRITE)

    def _set(self, count: int) -> None:
        self._count = count
        self.machine.note(f"= {count}")
        self.changed()


class Barrier(Watched):
    """Something that comes about once; see `runtime.Completion`."""

    def __init__(self, machine: Machine, name: str) -> None:
        super().__init__(machine, name)
        self._done = False

    def complete(self) -> None:
        """It has come about, for all who wait and all who will."""
        self.machine.declare("complete", self.name)
        self.machine.touch(self.name, Mode.RELEASE)
        self._done = True
        self.changed()

    def wait(self) -> None:
        """Wait until it has come about.  Sleeps."""
        self.machine.declare("wait", self.name, lambda: self._done, sleeps=True)
        self.machine.touch(self.name, Mode.AWAIT)

    def peek(self) -> bool:
        """Whether it has come about, without a step."""
        self.seen()
        return self._done
