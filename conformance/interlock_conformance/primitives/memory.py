"""Shared memory of the deterministic back end: regions, cells, and heaps that poison what is freed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import contextmanager
from enum import Enum
from functools import partial
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from interlock_conformance.scheduling.footprint import Mode
from interlock_conformance.scheduling.machine import Aborted, Machine, Thread
from interlock_conformance.scheduling.observation import Watched

T = TypeVar("T")
P = ParamSpec("P")


_REPLACING = frozenset({"store", "publish"})
"""Accesses that replace the value whatever it was."""


class Region:
    """A piece of memory: static, or one block of a heap.

    `owner` is the thread that allocated it, until a reference to it is stored where others can find it; from then on
    (and always for static memory) it is None and every access is a point of choice.  `cells` are those of a block that
    has an owner: where the block is published, so is what they hold.  `standing` is what observers see of it as a
    whole: whether it is private, retired, freed.
    """

    __slots__ = ("cells", "freed_by", "heap", "name", "number", "owner", "standing")

    def __init__(
        self, machine: Machine, name: str, heap: str = "", number: int = 0, owner: Thread | None = None
    ) -> None:
        self.name, self.heap, self.number, self.owner = name, heap, number, owner
        self.standing = Watched(machine, f"standing of {name}")
        self.freed_by = ""
        self.cells: list[StoredCell[object] | StoredCells[object]] = []


class Space:
    """All regions of one execution, and which objects they are."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.blocks: dict[int, Region] = {}
        """By identity of the block, where it lives."""
        self._building: dict[Thread | None, Region] = {}
        """By thread, the block whose constructor it is in."""
        self._named: Counter[str] = Counter()

    @contextmanager
    def building(self, region: Region) -> Generator[None, None, None]:
        """While a thread builds this block: what it makes is part of it."""
        thread = self.machine.current
        outer = self._building.get(thread)
        self._building[thread] = region
        try:
            yield
        finally:
            if outer is None:
                del self._building[thread]
            else:
                self._building[thread] = outer

    def own_name(self, name: str) -> str:
        """What a primitive of that name is called in footprints and logs: as no other is.

        Footprints of two that had one name would be taken for those of one, and what one waits for would order the
        other as well.  One that is made in a block is called after it, and is gone when the block is freed.
        """
        machine = self.machine
        region = self._building.get(machine.current)
        full = name if region is None else f"{region.name}.{name}"
        if region is None and machine.current is not None:
            machine.touch(f"what is called {name}", Mode.WRITE)  # its number depends on who makes one first
        self._named[full] += 1
        own = full if self._named[full] == 1 else f"{full} ({self._named[full]})"
        if region is not None:
            machine.guard(own, partial(self._check, region, own))
        return own

    def _check(self, region: Region, name: str, kind: str) -> None:
        """Report a step on what is part of a block that has been freed by then."""
        machine = self.machine
        if machine.tracing:
            machine.touch(region.name, Mode.READ)
        if region.freed_by:
            raise self._after_free(region, kind, name)

    def _after_free(self, region: Region, kind: str, name: str) -> Aborted:
        """End the execution, since a step uses what has been freed."""
        return self.machine.breach(
            f"{region.heap}.no_use_after_free",
            f"{self.machine.doing}: {kind} of {name}, which {region.freed_by} has freed",
        )

    def region_of(self, value: object) -> Region | None:
        """The region of a block; None for any other value."""
        return self.blocks.get(id(value))

    def register(self, block: object, region: Region) -> None:
        """Remember that `block` lives in `region`.  The heap keeps the block, so its identity is never reused."""
        self.blocks[id(block)] = region

    def access(self, region: Region, kind: str, name: str) -> None:
        """Declare an access to memory, and report it if the memory has been freed by the time it happens.

        One that replaces the value only in some cases has read it, and says with `wrote` where it did.  So those whose
        compare-and-swap fails do not race with one another, and who waits in a loop is not woken by others that do.
        """
        machine = self.machine
        if region.owner is not None and region.owner is not machine.current:
            self._publish(region)
        if region.owner is not None:
            machine.act(kind, name, None, True)
            if machine.tracing and kind != "load":
                machine.touch(name, Mode.WRITE)  # only observers can see it
        else:
            machine.act(kind, name, None, False)
            if machine.tracing:
                machine.touch(name, Mode.WRITE if kind in _REPLACING else Mode.READ)
                if region.heap:
                    machine.touch(region.name, Mode.READ)  # whether it has been freed
        if region.freed_by:
            raise self._after_free(region, kind, name)

    def wrote(self, name: str) -> None:
        """Say that the running step has replaced a value."""
        if self.machine.tracing:
            self.machine.touch(name, Mode.WRITE)

    def escape(self, value: object) -> None:
        """A reference to `value` is stored where others find it: they can find the block from now on."""
        region = self.blocks.get(id(value))
        if region is not None and region.owner is not None:
            self._publish(region)

    def _publish(self, region: Region) -> None:
        region.owner = None
        region.standing.changed()
        cells, region.cells = region.cells, []
        for cell in cells:
            for value in cell.hold():
                self.escape(value)

    def is_private(self, value: object) -> bool:
        """Whether only the thread that allocated the block can reach it."""
        region = self.blocks.get(id(value))
        if region is None:
            return False
        region.standing.seen()
        return region.owner is not None

    def is_live(self, value: object) -> bool:
        """Whether a block is allocated and not freed."""
        region = self.blocks.get(id(value))
        if region is None:
            return False
        region.standing.seen()
        return not region.freed_by

    def show(self, value: object) -> str:
        """A value as it stands in the log: blocks by name, small values as they are."""
        region = self.region_of(value)
        if region is not None:
            return region.name
        return "none" if value is None else str(value)


class StoredCell(Watched, Generic[T]):
    """A word; see `runtime.Cell`."""

    __slots__ = ("plain", "region", "space", "value")

    def __init__(self, space: Space, region: Region, name: str, value: T) -> None:
        super().__init__(space.machine, f"{region.name}.{name}")
        self.space, self.region = space, region
        self.value = value
        self.plain = False  # whether a plain store came last, where others could see it: that publishes nothing

    def load(self) -> T:
        """The value now."""
        self.space.access(self.region, "load", self.name)
        if self.machine.recording:
            self.machine.note(f"= {self.space.show(self.value)}")
        return self.value

    def store(self, value: T) -> None:
        """Replace the value."""
        self.space.access(self.region, "store", self.name)
        self.put(value)
        self.plain = self.region.owner is None

    def load_acquire(self) -> T:
        """As `load`: memory is sequentially consistent here."""
        return self.load()

    def store_release(self, value: T) -> None:
        """As `store`: memory is sequentially consistent here."""
        self.store(value)

    def xchg(self, value: T) -> T:
        """Replace the value; the one before."""
        self.space.access(self.region, "xchg", self.name)
        before = self.value
        if self.plain or not _no_other(before, value):
            self.space.wrote(self.name)
        self.put(value)
        self.plain = False
        return before

    def cmpxchg(self, expected: T, value: T) -> T:
        """Replace the value if it is the expected one; what was there."""
        self.space.access(self.region, "cmpxchg", self.name)
        before = self.value
        if same(before, expected):
            self.space.wrote(self.name)
            self.put(value)
            self.plain = False
        else:
            self.machine.note(f"finds {self.space.show(before)}")
        return before

    def put(self, value: T) -> None:
        """Replace the value, in a step that is already declared."""
        machine = self.machine
        if machine.recording:
            machine.note(f":= {self.space.show(value)}")
        self.value = value
        machine.stale |= self.readers
        if self.region.owner is None:
            self.space.escape(value)

    def peek(self) -> T:
        """The value, without a step."""
        machine = self.machine
        self.readers |= machine.reading
        if machine.counts:
            machine.peeked.append(self.name)
        return self.value

    def hold(self) -> Collection[T]:
        """Every value in it, for the runtime's own use."""
        return (self.value,)


class StoredCells(Generic[T]):
    """Words in a row; see `runtime.Cells`.  Each is watched by itself, as a `Watched` would be."""

    __slots__ = ("machine", "name", "readers", "region", "space", "values")

    def __init__(self, space: Space, region: Region, name: str, size: int, value: T) -> None:
        self.machine = space.machine
        self.space, self.region, self.name = space, region, f"{region.name}.{name}"
        self.values = [value] * size
        self.readers = [0] * size

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int) -> T:
        self._access("load", index)
        if self.machine.recording:
            self.machine.note(f"= {self.space.show(self.values[index])}")
        return self.values[index]

    def __setitem__(self, index: int, value: T) -> None:
        self._access("store", index)
        self._put(index, value)

    def xchg(self, index: int, value: T) -> T:
        """Replace a value; the one before."""
        self._access("xchg", index)
        before = self.values[index]
        if not _no_other(before, value):
            self.space.wrote(f"{self.name}[{index}]")
        self._put(index, value)
        return before

    def cmpxchg(self, index: int, expected: T, value: T) -> T:
        """Replace a value if it is the expected one; what was there."""
        self._access("cmpxchg", index)
        before = self.values[index]
        if same(before, expected):
            self.space.wrote(f"{self.name}[{index}]")
            self._put(index, value)
        else:
            self.machine.note(f"finds {self.space.show(before)}")
        return before

    def _put(self, index: int, value: T) -> None:
        machine = self.machine
        if machine.recording:
            machine.note(f":= {self.space.show(value)}")
        self.values[index] = value
        machine.stale |= self.readers[index]
        if self.region.owner is None:
            self.space.escape(value)

    def peek(self, index: int) -> T:
        """The value at `index`, without a step."""
        machine = self.machine
        self.readers[index] |= machine.reading
        if machine.counts:
            machine.peeked.append(f"{self.name}[{index}]")
        return self.values[index]

    def hold(self) -> Collection[T]:
        """Every value in them, for the runtime's own use."""
        return self.values

    def _access(self, kind: str, index: int) -> None:
        name = f"{self.name}[{index}]"
        self.space.access(self.region, kind, name)
        if not 0 <= index < len(self.values):
            machine = self.machine
            prefix = f"{self.region.heap}." if self.region.heap else ""
            raise machine.breach(
                f"{prefix}in_bounds", f"{machine.doing}: {kind} of {name}, which has {len(self.values)} elements"
            )


def same(one: object, two: object) -> bool:
    """Whether two words are equal: numbers, texts and the like by value, objects by their identity."""
    if isinstance(one, int | str | Enum) and isinstance(two, int | str | Enum):
        return one == two
    return one is two


def _no_other(one: object, two: object) -> bool:
    """Whether nobody can tell two words apart, observers included, to whom True is not 1."""
    return type(one) is type(two) and same(one, two)


class RegionMemory:
    """Lays out cells in a region; see `runtime.Memory`."""

    word: type[StoredCell[Any]] = StoredCell
    words: type[StoredCells[Any]] = StoredCells

    def __init__(self, space: Space, region: Region) -> None:
        self._space, self._region = space, region

    def cell(self, name: str, value: T) -> StoredCell[T]:
        """Lay out a word."""
        cell: StoredCell[T] = self.word(self._space, self._region, name, value)
        if self._region.owner is not None:
            self._region.cells.append(cell)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] -- only read
        return cell

    def cells(self, name: str, size: int, value: T) -> StoredCells[T]:
        """Lay out `size` words."""
        cells: StoredCells[T] = self.words(self._space, self._region, name, size, value)
        if self._region.owner is not None:
            self._region.cells.append(cells)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] -- only read
        return cells


class FailureInjector(Watched):
    """Decides which allocations fail, counted over all heaps of an execution."""

    def __init__(self, machine: Machine, failing: Collection[int]) -> None:
        super().__init__(machine, "number of allocations")
        self._failing = failing
        self._count = 0
        self._failed: list[Thread | None] = []
        """Whose allocations have failed.  A list may grow while free threads look at it."""

    @property
    def has_failed(self) -> bool:
        """Whether any has."""
        return bool(self._failed)

    def failed(self) -> int:
        """How many have failed so far of the running thread, or of threads that serve others."""
        current, threads = self.machine.current, self.machine.threads
        return sum(there is current or (there is not None and there.index >= threads) for there in self._failed)

    def fails(self) -> bool:
        """Whether the next allocation fails.  Where none does, it does not matter in which order they come."""
        if self._failing:
            self.machine.touch(self.name, Mode.WRITE)
        self._count += 1
        fails = self._count - 1 in self._failing
        if fails:
            self._failed.append(self.machine.current)
            self.changed()
        return fails


class QuarantineHeap(Watched, Generic[P, T]):
    """A heap that keeps every block it ever made, so that a freed one can be told from a live one."""

    memory = RegionMemory
    """What lays out the cells of a block."""

    def __init__(
        self, space: Space, failures: FailureInjector, name: str, make: Callable[Concatenate[RegionMemory, P], T]
    ) -> None:
        super().__init__(space.machine, name)
        self._space, self._failures, self._make = space, failures, make
        self.blocks: list[T] = []
        self._awaited: dict[int, int] = {}
        """By number of a block that is not there yet, the rows that have looked for it."""

    def alloc(self, *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Make a block, or return None when this allocation is one of the failing."""
        machine = self.machine
        machine.declare("alloc", self.name, sleeps=True)
        machine.touch(self.name, Mode.WRITE)
        if self._failures.fails():
            machine.note("= none (out of memory)")
            return None
        number = len(self.blocks)
        region = Region(machine, f"{self.name}[{number}]", self.name, number, machine.current)
        with self._space.building(region):
            block = self._make(self.memory(self._space, region), *args, **kwargs)
        self.blocks.append(block)
        self._space.register(block, region)
        if machine.recording:
            machine.note(f"= {region.name}")
        self.changed()
        machine.stale |= self._awaited.pop(number, 0)
        return block

    def peek(self) -> Sequence[T]:
        """Every block handed out so far, oldest first."""
        self.seen()
        return self.blocks

    def at(self, number: int) -> T | None:
        """The block of that number, if there is one yet.  It stays the same, so nobody need look again."""
        machine = self.machine
        if machine.counts:
            machine.peeked.append(self.name)
        if number < len(self.blocks):
            return self.blocks[number]
        self._awaited[number] = self._awaited.get(number, 0) | machine.reading
        return None

    def free(self, block: T) -> None:
        """Poison a block."""
        machine = self.machine
        region = self._space.region_of(block)
        name = region.name if region else self._space.show(block)
        machine.declare("free", name)
        machine.touch(name, Mode.WRITE)
        if region is None or region.heap != self.name:
            raise machine.breach(
                f"{self.name}.free", f"{machine.doing}: free of {name}, which is no block of {self.name}"
            )
        if region.freed_by:
            raise machine.breach(
                f"{self.name}.no_double_free",
                f"{machine.doing}: free of {name}, which {region.freed_by} has freed already",
            )
        region.freed_by = machine.doing
        region.standing.changed()
