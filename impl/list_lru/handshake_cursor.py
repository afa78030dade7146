"""The handshake with a cursor: a scan remembers how far it has come by a number, and holds nothing while it allocates.

Everything that can be found has a number: an lru its key in a table, a cgroup its id.  A scan allocates a spare list,
enters a read-side section, finds the first whose number is above its cursor, installs the spare there, leaves, and goes
on from that number.  So nobody is pinned.  Whoever ends an lru or a cgroup takes it out of its table and waits for a
grace period: after that no scan is at it.

Numbers are used again, and need not rise with time.  What appears behind a scan's cursor, or under the number that the
cursor stands on, was published after the scan began, so its own scan finds the other side.

The size of arrays is frozen here; see `handshake_segments` for growth.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from interlock_conformance.runtime import Cells, Runtime
from list_lru import v13
from list_lru.publish_first import CAPACITY
from list_lru.v13 import Error, ItemList, ListArray, Memcg

LRUS = 4
"""How many lrus there can be: the table has a fixed size, where a kernel has an xarray."""


class Lru(v13.Lru):
    """A list_lru; `key` is its place in the table, once it has one."""

    def __init__(self, runtime: Runtime, name: str) -> None:
        super().__init__(runtime, name)
        self.key = runtime.memory(name).cell("key", -1)


class Place(NamedTuple):
    """A slot that a scan has come to, and the number to go on from."""

    number: int
    array: ListArray
    slot: int


Above: TypeAlias = Callable[[int], Place | None]
"""What a scan goes through: the first place whose number is above the cursor, found inside a read-side section."""


class ListLrus(v13.ListLrus):
    """All lrus and cgroups of one kernel.

    `table` has the lrus that activations fill, by key; `marked` says of each id whether mounts are to make a list for
    it, because its cgroup is active or becoming so.
    """

    capacity = CAPACITY

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self.size = runtime.memory("memcg").cell("limited_groups_array_size", CAPACITY)
        self.marked = runtime.memory("memcg").cells("marked", CAPACITY, value=False)
        self.keys = runtime.ids("keys")
        self.table: Cells[Lru | None] = runtime.memory("list_lrus").cells("table", LRUS, None)

    def lru(self, name: str) -> Lru:
        """A new lru, not yet initialised."""
        return Lru(self.runtime, name)

    # -- scans

    def fill(self, above: Above) -> Error | None:
        """Put a list into each slot that a scan comes to, unless there is one."""
        cursor = -1  # equivalent: nobody else sees it
        spare: ItemList | None = None
        while True:
            spare = spare or self.lists.alloc()
            if spare is None:
                return Error.ENOMEM
            with self.rcu.read():
                place = above(cursor)
                if place is None:
                    break
                cursor = place.number  # equivalent: nobody else sees it
                if place.array.slot.cmpxchg(place.slot, None, spare) is None:
                    spare = None
        self.lists.free(spare)
        return None

    def cgroup_above(self, array: ListArray, cursor: int) -> Place | None:
        """The slot in the array of the next cgroup that is marked."""
        for index in range(cursor + 1, CAPACITY):
            if self.marked[index]:
                return Place(index, array, index)
        return None

    def lru_above(self, index: int, cursor: int) -> Place | None:
        """The slot `index` of the next lru in the table."""
        for key in range(cursor + 1, LRUS):
            lru = self.table[key]
            array = self.rcu.dereference(lru.memcg) if lru else None  # equivalent: memory is sequentially consistent
            if array is not None:
                return Place(key, array, index)
        return None

    # -- mounting and unmounting

    def init(self, lru: v13.Lru) -> Error | None:
        """Publish the lru, then give it a list for every cgroup that is marked.  On failure it is as before."""
        assert isinstance(lru, Lru)
        array = self.arrays.alloc(CAPACITY)
        if array is None:
            return Error.ENOMEM
        self.rcu.assign(lru.memcg, array)  # equivalent: what counts is that it comes before the scan
        self.publish(lru)  # equivalent: as it comes before the scan
        self.runtime.fence()  # equivalent: memory is sequentially consistent here
        error = self.fill(lambda cursor: self.cgroup_above(array, cursor))
        if error is None:
            self.registered.add(lru)
        else:
            self.withdraw(lru)
        return error

    def publish(self, lru: Lru) -> None:
        """Have activations find the lru."""
        key = self.keys.take()
        lru.key.store(key)  # equivalent: only its owner asks for it
        self.table[key] = lru

    def destroy(self, lru: v13.Lru) -> None:
        """Undo `init`.  The caller makes sure that nobody uses the lru any more."""
        self.registered.remove(lru)
        self.withdraw(lru)

    def withdraw(self, lru: v13.Lru) -> None:
        """Take away the array and the place in the table, wait until no scan is at them, and free what is there."""
        assert isinstance(lru, Lru)
        array, key = self.array_of(lru), lru.key.load()
        self.rcu.assign(lru.memcg, None)
        self.table[key] = None  # equivalent: no lru is freed here, and one without an array is passed by
        self.keys.give(key)  # equivalent: it may be given later as well
        self.rcu.synchronize()
        self.free_array(array)

    # -- cgroups

    def activate(self, memcg: Memcg) -> Error | None:
        """Mark the cgroup, then give every lru in the table a list for it.  On failure it has neither list nor id."""
        index = self.ids.take()
        if index >= CAPACITY:
            self.ids.give(index)
            return Error.ENOMEM
        memcg.index.store(index)
        self.marked[index] = True
        self.runtime.fence()  # equivalent: memory is sequentially consistent here
        error = self.fill(lambda cursor: self.lru_above(index, cursor))
        if error is None:
            self.active.add(memcg)
        else:
            self.give_up(memcg, index)
        return error

    def give_up(self, memcg: Memcg, index: int) -> None:
        """Clear the mark, wait out the mounts that saw it, and only then sweep the slot and release the id."""
        self.marked[index] = False
        self.rcu.synchronize()
        self.sweep(index)
        memcg.index.store(None)
        self.ids.give(index)

    def sweep(self, index: int) -> None:
        """Empty the slot `index` of every lru in the table, for which nobody installs any more."""
        with self.rcu.read():
            place = self.lru_above(index, -1)
            while place is not None:
                self.clear_slot(place.array, index)
                place = self.lru_above(index, place.number)
