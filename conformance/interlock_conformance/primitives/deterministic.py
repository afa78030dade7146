"""The deterministic back end: the primitives of `runtime` over the machine, with everything an observer may ask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from interlock_conformance.primitives.deferred import Callbacks, OrderedQueue
from interlock_conformance.primitives.locks import Barrier, HeldLock, References, SharedLock
from interlock_conformance.primitives.memory import (
    FailureInjector,
    QuarantineHeap,
    Region,
    RegionMemory,
    Space,
    StoredCell,
)
from interlock_conformance.runtime import Cell, Lock, Memory
from interlock_conformance.scheduling.footprint import Mode
from interlock_conformance.scheduling.machine import Machine, Thread
from interlock_conformance.scheduling.observation import Watched
from interlock_conformance.scheduling.spinning import Spinning

T = TypeVar("T")
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Section:
    """One stay of a thread in a read-side section; `number` counts the stays of this thread."""

    thread: int
    number: int


_NOBODY: frozenset[int] = frozenset()


class EpochRcu:
    """Read-copy-update with exact grace periods; see `runtime.Rcu`."""

    def __init__(self, space: Space, name: str, rule: str, *, sleepable: bool = False) -> None:
        self._space, self.machine, self.name, self._rule, self._sleepable = space, space.machine, name, rule, sleepable
        self._callbacks = Callbacks(space.machine, name)
        self._sections: dict[Thread, Section] = {}
        self._entered: Counter[int] = Counter()
        self._seen_by: dict[Region, frozenset[Section]] = {}
        self._inside: dict[str, Watched] = {}

    def read(self) -> AbstractContextManager[None]:
        """A read-side section."""
        return _ReadSide(self)

    def dereference(self, cell: Cell[T]) -> T:
        """Load a protected pointer."""
        if self.machine.current is not None and self.machine.current not in self._sections:
            raise self.machine.breach(
                f"{self._rule}.inside",
                f"{self.machine.doing} dereferences a pointer outside any section of {self.name}",
            )
        value = cell.load()
        if isinstance(cell, StoredCell) and cell.plain and self._space.region_of(value) is not None:
            raise self.machine.breach(
                f"{self._rule}.published",
                f"{self.machine.doing} dereferences {cell.name}, which a plain store has made point to "
                f"{self._space.show(value)}: nothing keeps a reader from what was there before",
            )
        return value

    def assign(self, cell: Cell[T], value: T) -> None:
        """Publish a value and retire the block that the cell pointed to, in one step."""
        if not isinstance(cell, StoredCell):
            raise TypeError("a cell of another runtime")
        self._space.access(cell.region, "publish", cell.name)
        old = self._space.region_of(cell.peek())
        if old is not None and cell.peek() is not value:
            self._look_at_sections()
            self._seen_by[old] = frozenset(self._sections.values())
            old.standing.changed()
        cell.put(value)
        cell.plain = False

    def synchronize(self) -> None:
        """Wait until every section that is open now has been left."""
        machine = self.machine
        machine.declare("synchronize", self.name, sleeps=True)
        machine.take(self.name)
        machine.drop(self.name)
        self._look_at_sections()
        owed = frozenset(self._sections.values())
        over = None if not owed else lambda: owed.isdisjoint(self._sections.values())
        machine.act("grace period", self.name, over, False)
        for section in owed:
            machine.touch(self._stay(section), Mode.AWAIT)

    def call(self, callback: Callable[[], None]) -> None:
        """Run `callback` once every section that is open now has been left."""
        self.machine.declare("call", self.name)
        self._look_at_sections()
        owed = frozenset(self._sections.values())
        self._callbacks.give(
            callback, lambda: owed.isdisjoint(self._sections.values()), [self._stay(section) for section in owed]
        )

    def barrier(self) -> None:
        """Wait until every callback that has been given before has run."""
        self._callbacks.barrier()

    def enter(self) -> None:
        """Begin a section of the running thread."""
        machine = self.machine
        if machine.current in self._sections:
            raise machine.breach(f"{self._rule}.not_nested", f"{machine.doing} nests sections of {self.name}")
        machine.act("read lock", self.name, None, False)
        if machine.current is not None:
            index = machine.current.index
            self._entered[index] += 1
            self._sections[machine.current] = Section(index, self._entered[index])
            self._change(index)
            machine.take(self.name, shared=True)
            if not self._sleepable:
                machine.current.atomic.append(self.name)

    def leave(self) -> None:
        """End the section of the running thread."""
        machine = self.machine
        machine.act("read unlock", self.name, None, False)
        if machine.current is not None:
            section = self._sections.pop(machine.current)
            machine.drop(self.name)
            self._change(section.thread)
            if machine.tracing:
                machine.touch(self._stay(section), Mode.RELEASE)
            if not self._sleepable:
                machine.current.atomic.remove(self.name)

    def _change(self, thread: int) -> None:
        """A thread has entered a section, or left one."""
        if self.machine.tracing:
            self.machine.touch(self._of_thread(thread), Mode.WRITE)
        if self._inside and (watched := self._inside.get(self._of_thread(thread))):
            watched.changed()

    def _see(self, thread: int) -> None:
        """Somebody looks whether a thread is inside."""
        name = self._of_thread(thread)
        if name not in self._inside:
            self._inside[name] = Watched(self.machine, name)
        self._inside[name].seen()

    def _look_at_sections(self) -> None:
        """Readers do not disturb one another, but who looks at their sections must know about each of them."""
        if self.machine.tracing:
            for index in range(self.machine.threads + 1):
                self.machine.touch(self._of_thread(index), Mode.READ)

    def _of_thread(self, index: int) -> str:
        """What stands for a thread's sections; all that serve others have one, since who looks may come before them."""
        return f"{self.name} of {min(index, self.machine.threads)}"

    def _stay(self, section: Section) -> str:
        return f"{self.name} of {section.thread} for the {section.number}th time"

    def readers(self) -> frozenset[int]:
        """Threads inside a section."""
        for index in range(self.machine.threads + 1):
            self._see(index)
        return frozenset([section.thread for section in self._sections.values()]) if self._sections else _NOBODY

    def is_retired(self, block: object) -> bool:
        """Whether the block has been unpublished at some time."""
        region = self._space.blocks.get(id(block))
        if region is None:
            return False
        region.standing.seen()
        return region in self._seen_by

    def still_seen_by(self, block: object) -> frozenset[int]:
        """Threads that were inside when the block was last unpublished and have not left since."""
        region = self._space.blocks.get(id(block))
        if region is None:
            return _NOBODY
        region.standing.seen()
        seen = self._seen_by.get(region)
        if not seen:
            return _NOBODY
        for section in seen:
            self._see(section.thread)
        return frozenset(section.thread for section in seen & frozenset(self._sections.values()))


class _ReadSide(AbstractContextManager[None]):
    def __init__(self, rcu: EpochRcu) -> None:
        self._rcu = rcu

    def __enter__(self) -> None:
        self._rcu.enter()

    def __exit__(self, *exception: object) -> None:
        self._rcu.leave()


class LowestIds(Watched):
    """An allocator of numbers; see `runtime.Ids`."""

    def __init__(self, machine: Machine, name: str, rule: str) -> None:
        super().__init__(machine, name)
        self._rule = rule
        self._taken: set[int] = set()

    def take(self) -> int:
        """The lowest free number."""
        self.machine.declare("take", self.name)
        self.machine.touch(self.name, Mode.WRITE)
        number = next(n for n in range(len(self._taken) + 1) if n not in self._taken)
        self._taken.add(number)
        self.changed()
        self.machine.note(f"= {number}")
        return number

    def give(self, number: int) -> None:
        """Free a number."""
        self.machine.declare("give", self.name)
        self.machine.touch(self.name, Mode.WRITE)
        self.machine.note(str(number))
        if number not in self._taken:
            raise self.machine.breach(f"{self._rule}.taken", f"{self.machine.doing} gives back {number}, which is free")
        self._taken.remove(number)
        self.changed()

    def peek(self) -> frozenset[int]:
        """The numbers that are taken, without a step."""
        self.seen()
        return frozenset(self._taken)


class LinkedRegistry(Watched, Generic[T]):
    """A linked list; see `runtime.Registry`.  Elements are kept under ever increasing positions, for walks."""

    def __init__(self, space: Space, name: str, rule: str, kind: type[T], lock: Lock | None = None) -> None:
        super().__init__(space.machine, name)
        self._rule = rule
        if lock is not None and not isinstance(lock, HeldLock):
            raise TypeError("a lock of another runtime")
        self._space, self.kind, self._lock = space, kind, lock
        self._items: dict[int, T] = {}
        self._next = 0

    def add(self, item: T) -> None:
        """Append an element."""
        self._step("add", Mode.WRITE)
        self._note(item)
        self._check_lock()
        if any(there is item for there in self._items.values()):
            raise self.machine.breach(
                f"{self._rule}.no_double_add",
                f"{self.machine.doing} adds {self._space.show(item)}, which is in {self.name} already",
            )
        self._items[self._next] = item
        self._next += 1
        self.changed()
        self._space.escape(item)

    def remove(self, item: T) -> None:
        """Take an element out."""
        self._step("remove", Mode.WRITE)
        self._note(item)
        self._check_lock()
        position = next((position for position, there in self._items.items() if there is item), None)
        if position is None:
            raise self.machine.breach(
                f"{self._rule}.member",
                f"{self.machine.doing} removes {self._space.show(item)}, which is not in {self.name}",
            )
        del self._items[position]
        self.changed()

    def _check_lock(self) -> None:
        if self._lock is not None and self._lock.holder is not self.machine.current:
            raise self.machine.breach(
                f"{self._rule}.locked",
                f"{self.machine.doing} changes {self.name} without {self._lock.name}, which is to be held for that",
            )

    def __contains__(self, item: object) -> bool:
        self._step("look up", Mode.READ)
        found = any(there is item for there in self._items.values())
        self._note(item, "{}: yes" if found else "{}: no")
        return found

    def __iter__(self) -> Iterator[T]:
        position = -1
        while True:
            self._step("next", Mode.READ)
            for there in self._items:  # in order of position
                if there > position:
                    position = there
                    break
            else:
                self.machine.note("= end")
                return
            item = self._items[position]
            self._note(item, "= {}")
            yield item

    def peek(self) -> tuple[T, ...]:
        """The elements, without a step."""
        self.seen()
        return tuple(self._items.values())

    def _step(self, kind: str, mode: Mode) -> None:
        machine = self.machine
        machine.act(kind, self.name, None, False)
        if machine.tracing:
            machine.touch(self.name, mode)

    def _note(self, item: object, text: str = "{}") -> None:
        if self.machine.recording:
            self.machine.note(text.format(self._space.show(item)))


class DeterministicRuntime:
    """Makes primitives whose steps the machine schedules; see `runtime.Runtime`.

    A back end that carries primitives out in another way names its own classes of them.
    """

    memory_class: type[RegionMemory] = RegionMemory
    lock_class: type[HeldLock] = HeldLock
    shared_lock_class: type[SharedLock] = SharedLock
    rcu_class: type[EpochRcu] = EpochRcu
    references_class: type[References] = References
    barrier_class: type[Barrier] = Barrier
    queue_class: type[OrderedQueue] = OrderedQueue
    ids_class: type[LowestIds] = LowestIds
    registry_class: type[LinkedRegistry[Any]] = LinkedRegistry

    def __init__(self, machine: Machine, failing: Collection[int] = ()) -> None:
        self.machine = machine
        self.space = Space(machine)
        self._spinning = Spinning(machine)
        self._failures = FailureInjector(machine, failing)
        self._rcu: dict[str, EpochRcu] = {}
        self._ids: dict[str, LowestIds] = {}

    def is_live(self, block: object) -> bool:
        """Whether a block is allocated and not freed; for observers."""
        return self.space.is_live(block)

    @property
    def has_failed(self) -> bool:
        """Whether an allocation has failed; for observers."""
        self._failures.seen()
        return self._failures.has_failed

    @property
    def failures(self) -> int:
        """How many allocations have failed of the running thread and of those that serve others; for observers.

        If it is what it was when an operation began, no allocation made for that operation has failed.
        """
        return self._failures.failed()

    def number(self, block: object) -> int | None:
        """The number of a block in its heap, None for anything else; for observers."""
        region = self.space.blocks.get(id(block))
        return None if region is None else region.number

    def rcu_domain(self, name: str) -> EpochRcu:
        """The domain of that name; for observers."""
        return self._rcu[name]

    def taken(self, name: str) -> frozenset[int]:
        """The numbers that are taken of the ids of that name, if there are such; for observers, at rest."""
        return self._ids[name].peek() if name in self._ids else frozenset()

    def leaks(self, blocks: Sequence[object], reachable: Collection[object]) -> tuple[str, ...]:
        """Names of the live blocks that are not among the reachable ones; for observers, at rest."""
        known = {id(block) for block in reachable}
        lost = (block for block in blocks if id(block) not in known and self.is_live(block))
        return tuple(self.space.show(block) for block in lost)

    def memory(self, name: str) -> Memory:
        """Static memory for an object of that name."""
        return self.memory_class(self.space, Region(self.machine, name))

    def heap(self, name: str, make: Callable[Concatenate[Memory, P], T]) -> QuarantineHeap[P, T]:
        """A heap whose blocks are built by `make(memory, ...)`."""
        return QuarantineHeap(self.space, self._failures, name, make)

    def mutex(self, name: str) -> HeldLock:
        """A sleeping lock."""
        return self.lock_class(self.machine, self.space.own_name(name), name, spins=False)

    def spinlock(self, name: str) -> HeldLock:
        """A lock whose holder may not sleep."""
        return self.lock_class(self.machine, self.space.own_name(name), name, spins=True)

    def rcu(self, name: str) -> EpochRcu:
        """A read-copy-update domain."""
        self._rcu[name] = self.rcu_class(self.space, self.space.own_name(name), name)
        return self._rcu[name]

    def srcu(self, name: str) -> EpochRcu:
        """A domain whose readers may sleep."""
        self._rcu[name] = self.rcu_class(self.space, self.space.own_name(name), name, sleepable=True)
        return self._rcu[name]

    def rwsem(self, name: str) -> SharedLock:
        """A sleeping lock that readers share."""
        return self.shared_lock_class(self.machine, self.space.own_name(name), name)

    def refcount(self, name: str, count: int = 1) -> References:
        """A counter of references."""
        return self.references_class(self.machine, self.space.own_name(name), name, count)

    def completion(self, name: str) -> Barrier:
        """Something that comes about once."""
        return self.barrier_class(self.machine, self.space.own_name(name))

    def workqueue(self, name: str) -> OrderedQueue:
        """A queue of work for a thread of its own."""
        return self.queue_class(self.machine, self.space.own_name(name))

    def fence(self) -> None:
        """Nothing: memory is sequentially consistent here."""

    def relax(self) -> None:
        """Wait until somebody else has touched what was read since the last time."""
        self._spinning.relax()

    def ids(self, name: str) -> LowestIds:
        """An allocator of numbers."""
        self._ids[name] = self.ids_class(self.machine, self.space.own_name(name), name)
        return self._ids[name]

    def registry(self, name: str, kind: type[T], lock: Lock | None = None) -> LinkedRegistry[T]:
        """An empty linked list of objects of that class."""
        return self.registry_class(self.space, self.space.own_name(name), name, kind, lock)
