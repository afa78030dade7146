"""The per-memcg list_lru as posted in v13 of the series: everything slow happens under one mutex.

An lru keeps one list for each memory cgroup that is active, in an array indexed by the cgroup's id.  Two scans must not
miss each other: `init` makes a list for every active cgroup in a new lru, `activate` makes one for a new cgroup in
every registered lru.  Here neither can: both run, whole, under `create_mutex`.

Readers take no mutex.  They load the array and then a slot inside a read-side section, so an array that growth has
replaced is freed only after a grace period.  One grace period serves all lrus: `memcg_old` keeps the replaced arrays
until then.  If memory runs out half-way, the arrays that have grown stay as they are: a larger one does no harm.

The price, and the reason why the series was not merged in this form: `create_mutex` is held for one allocation per
active cgroup in `init` and for one per lru, copies and a grace period in `activate`, so mounts wait for one another.
"""

from __future__ import annotations

from enum import Enum

from interlock_conformance.runtime import Cell, Cells, Memory, Runtime


class Error(Enum):
    """Why an operation failed."""

    ENOMEM = "out of memory"


class ItemList:
    """The items of one cgroup on one lru, under a lock of their own."""

    def __init__(self, memory: Memory) -> None:
        self.items: Cell[tuple[object, ...]] = memory.cell("items", ())
        self.count: Cell[int] = memory.cell("count", 0)


class ListArray:
    """`lru->memcg`: a list, or nothing yet, for each id below the size."""

    def __init__(self, memory: Memory, size: int) -> None:
        self.slot: Cells[ItemList | None] = memory.cells("slot", size, None)


class Lru:
    """One list_lru, made by a mount.  Readers use it from when `init` has returned until `destroy` is called."""

    def __init__(self, runtime: Runtime, name: str) -> None:
        memory = runtime.memory(name)
        self.name = name
        self.lock = runtime.spinlock(f"{name}.lock")
        self.root = ItemList(runtime.memory(f"{name}.root"))
        self.memcg: Cell[ListArray | None] = memory.cell("memcg", None)
        self.memcg_old: Cell[ListArray | None] = memory.cell("memcg_old", None)

    def __str__(self) -> str:
        return self.name


class Memcg:
    """A memory cgroup.  `index` is its id once it has one."""

    def __init__(self, runtime: Runtime, name: str) -> None:
        self.name = name
        self.index: Cell[int | None] = runtime.memory(name).cell("index", None)

    def __str__(self) -> str:
        return self.name


class ListLrus:
    """All lrus and cgroups of one kernel, and what keeps them in step.

    `capacity` is how many cgroups can be active, None for as many as there is memory for.
    """

    capacity: int | None = None

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.create_mutex = runtime.mutex("create_mutex")
        self.rcu = runtime.rcu("rcu")
        self.arrays = runtime.heap("arrays", ListArray)
        self.lists = runtime.heap("lists", ItemList)
        self.ids = runtime.ids("ids")
        self.size = runtime.memory("memcg").cell("limited_groups_array_size", 0)
        self.registered = runtime.registry("all_memcg_lrus", Lru)
        self.active = runtime.registry("active_memcgs", Memcg)

    def lru(self, name: str) -> Lru:
        """A new lru, not yet initialised."""
        return Lru(self.runtime, name)

    def memcg(self, name: str) -> Memcg:
        """A new cgroup, not yet active."""
        return Memcg(self.runtime, name)

    # -- mounting and unmounting

    def init(self, lru: Lru) -> Error | None:
        """Make the lru's lists and register it.  On failure the lru is as before, and nothing is left allocated."""
        with self.create_mutex:
            array = self.new_array()
            if array is None:
                return Error.ENOMEM
            self.rcu.assign(lru.memcg, array)
            self.registered.add(lru)
            return None

    def new_array(self) -> ListArray | None:
        """An array with a list for every active cgroup, or nothing at all."""
        array = self.arrays.alloc(self.size.load())
        if array is None:
            return None
        for memcg in self.active:
            new = self.lists.alloc()
            if new is None:
                self.free_array(array)
                return None
            array.slot[self.index_of(memcg)] = new
        return array

    def free_array(self, array: ListArray) -> None:
        """Free an array that nobody can reach any more, and its lists."""
        for index in range(len(array.slot)):
            there = array.slot[index]
            if there is not None:
                self.lists.free(there)
        self.arrays.free(array)

    def destroy(self, lru: Lru) -> None:
        """Undo `init`.  The caller makes sure that the lru is registered and that nobody uses it any more."""
        with self.create_mutex:
            self.registered.remove(lru)
        array = self.array_of(lru)
        self.rcu.assign(lru.memcg, None)
        self.rcu.synchronize()
        self.free_array(array)

    # -- cgroups

    def activate(self, memcg: Memcg) -> Error | None:
        """Give the cgroup an id and a list in every registered lru.  On failure it has neither, and its id is free."""
        with self.create_mutex:
            return self.make_active(memcg)

    def make_active(self, memcg: Memcg) -> Error | None:
        """What an activation does while nobody else is there."""
        error = self.prepare(memcg)
        if error is None:
            self.active.add(memcg)
        return error

    def prepare(self, memcg: Memcg) -> Error | None:
        """Give the cgroup an id and its lists, or neither."""
        index = self.ids.take()
        memcg.index.store(index)
        error = self.make_room(index) or self.add_lists(index)
        if error is not None:
            memcg.index.store(None)  # equivalent: ids are taken under the mutex
            self.ids.give(index)
        return error

    def add_lists(self, index: int) -> Error | None:
        """Put a new list into the slot `index` of every registered lru, or leave all as it was."""
        for lru in self.registered:
            new = self.lists.alloc()
            if new is None:
                self.remove_lists(index)
                return Error.ENOMEM
            self.array_of(lru).slot[index] = new
        return None

    def remove_lists(self, index: int) -> None:
        """Take back what `add_lists` has put in.  No reader can hold these lists: no cgroup with that id was active."""
        for lru in self.registered:
            self.clear_slot(self.array_of(lru), index)

    def clear_slot(self, array: ListArray, index: int) -> None:
        """Free the list in a slot at which nobody looks."""
        there = array.slot[index]
        if there is not None:
            self.lists.free(there)
            array.slot[index] = None

    # -- growth

    def make_room(self, index: int) -> Error | None:
        """Make `index` fit into the array of every registered lru."""
        if index < self.size.load():  # equivalent: an id that came back finds room; to copy the arrays again is no harm
            return None
        error = self.grow(index + 1)
        if error is None:  # equivalent: only holders of the mutex ask for the size
            self.size.store(index + 1)
        self.rcu.synchronize()
        self.free_old_arrays()
        return error

    def grow(self, size: int) -> Error | None:
        """Replace every array by a larger copy.  What is to be freed after a grace period is left in `memcg_old`."""
        for lru in self.registered:
            larger = self.arrays.alloc(size)
            if larger is None:
                return Error.ENOMEM
            old = self.array_of(lru)
            self.copy(old, larger)
            lru.memcg_old.store(old)  # equivalent: only holders of the mutex look at it
            self.rcu.assign(lru.memcg, larger)
        return None

    def free_old_arrays(self) -> None:
        """Free what `memcg_old` keeps; the lists in it live on in the array that replaced it."""
        for lru in self.registered:
            old = lru.memcg_old.load()
            if old is not None:
                lru.memcg_old.store(None)  # equivalent: as above
                self.arrays.free(old)

    def copy(self, old: ListArray, larger: ListArray) -> None:
        """Fill the larger array from the old one."""
        for index in range(len(old.slot)):
            larger.slot[index] = old.slot[index]

    # -- readers

    def add(self, lru: Lru, item: object, index: int | None) -> None:
        """Put an item on the list of the cgroup that is charged for it."""
        with self.rcu.read():
            there = self.list_of(lru, index)
            with lru.lock:  # equivalent: the section is for the array; lists live as long as their lru is used
                there.items.store((*there.items.load(), item))
                there.count.store(there.count.load() + 1)  # equivalent: `count` comes before or after

    def delete(self, lru: Lru, item: object, index: int | None) -> bool:
        """Take an item off the list of the cgroup that is charged for it; whether it was there."""
        with self.rcu.read():
            there = self.list_of(lru, index)
            with lru.lock:  # equivalent: as in `add`
                items = there.items.load()
                if item not in items:
                    return False
                there.items.store(tuple(other for other in items if other is not item))
                there.count.store(there.count.load() - 1)  # equivalent: as in `add`
                return True

    def walk(self, lru: Lru, index: int | None) -> tuple[object, ...]:
        """The items of one cgroup, as they are at one moment."""
        with self.rcu.read():
            there = self.list_of(lru, index)
            with lru.lock:  # equivalent: the items are one word here, and a linked list in C
                return there.items.load()

    def count(self, lru: Lru, index: int | None) -> int:
        """How many items a cgroup has, without taking the lock."""
        with self.rcu.read():
            return self.list_of(lru, index).count.load()

    def list_of(self, lru: Lru, index: int | None) -> ItemList:
        """The list of the cgroup with that id, the root's list for None.  Called inside a read-side section."""
        if index is None:
            return lru.root
        array = self.rcu.dereference(lru.memcg)  # equivalent: memory is sequentially consistent here
        assert array is not None, f"{lru} has no array"
        there = array.slot[index]
        assert there is not None, f"{lru} has no list for id {index}"
        return there

    # -- for the holder of the mutex

    def array_of(self, lru: Lru) -> ListArray:
        """The array of a registered lru."""
        array = lru.memcg.load()
        assert array is not None
        return array

    def index_of(self, memcg: Memcg) -> int:
        """The id of an active cgroup."""
        index = memcg.index.load()
        assert index is not None
        return index
