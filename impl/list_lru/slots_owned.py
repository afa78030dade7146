"""Lists owned by the lru, as upstream since 4.0: one waits at every index that there can be, whoever has it.

A mount makes as many lists as there are ids.  So an activation mostly has nothing to do but take an id: its lists are
there, in every lru.  Only when the ids run out does it let all arrays grow, to twice the size, and keeps mounts out for
as many allocations as that takes.  Lists move to the larger array as they are, and no slot ever changes.

All readers have the lru's lock, from the load of the array to the last use of a list.  Under that lock the array is
replaced, so the old one is freed at once, without a grace period.

The price is memory: lrus times ids, most of it never used.
"""

from __future__ import annotations

from list_lru import rw_semaphore
from list_lru.v13 import Error, ItemList, ListArray, Lru

EXEMPT = {
    "no_stray": "a list waits at each index, whether somebody has it or not",
    "retirement": "whoever reads an array has the lock under which it is replaced, so no grace period is needed",
}


class ListLrus(rw_semaphore.ListLrus):
    """All lrus and cgroups of one kernel.  Mounts hold the semaphore together, an activation holds it alone."""

    # -- mounting and unmounting

    def new_array(self) -> ListArray | None:
        """An array with a list for every id that there can be, or nothing at all."""
        return self.array_with_lists(0, self.size.load())

    def array_with_lists(self, first: int, size: int) -> ListArray | None:
        """An array of that size with a list in every slot from `first` on, or nothing at all."""
        array = self.arrays.alloc(size)
        if array is None:
            return None
        for index in range(first, size):
            new = self.lists.alloc()
            if new is None:
                self.free_array(array)
                return None
            array.slot[index] = new
        return array

    def destroy(self, lru: Lru) -> None:
        """Undo `init`, while no activation looks at the registry."""
        with self.create_sem.read(), self.registry_lock:
            self.registered.remove(lru)
        array = self.array_of(lru)
        lru.memcg.store(None)
        self.free_array(array)

    # -- cgroups

    def make_room(self, index: int) -> Error | None:
        """Make `index` fit into the array of every registered lru; an array that has grown stays so, come what may."""
        size = self.size.load()
        if index < size:  # equivalent: to grow too early costs memory, and no promise
            return None
        larger = max(1, 2 * size)
        for lru in self.registered:
            if not self.enlarge(lru, larger):
                return Error.ENOMEM
        self.size.store(larger)
        return None

    def enlarge(self, lru: Lru, size: int) -> bool:
        """Replace the array by a larger one with the same lists and some more; false if memory has run out."""
        old = self.array_of(lru)
        if len(old.slot) == size:  # equivalent: to replace it by one like it costs time, and no promise
            return True  # by an activation that ran out of memory at another lru
        larger = self.array_with_lists(len(old.slot), size)
        if larger is None:
            return False
        self.copy(old, larger)
        with lru.lock:
            lru.memcg.store(larger)
        self.arrays.free(old)
        return True

    def add_lists(self, index: int) -> Error | None:  # noqa: ARG002 -- whatever the id
        """There is a list for it in every lru already."""
        return None

    # -- readers

    def add(self, lru: Lru, item: object, index: int | None) -> None:
        """Put an item on the list of the cgroup that is charged for it."""
        with lru.lock:
            there = self.list_of(lru, index)
            there.items.store((*there.items.load(), item))  # equivalent: who looks at items or count has the lock
            there.count.store(there.count.load() + 1)

    def delete(self, lru: Lru, item: object, index: int | None) -> bool:
        """Take an item off the list of the cgroup that is charged for it; whether it was there."""
        with lru.lock:
            there = self.list_of(lru, index)
            items = there.items.load()
            if item not in items:
                return False
            there.items.store(tuple(other for other in items if other is not item))  # equivalent: as in `add`
            there.count.store(there.count.load() - 1)
            return True

    def walk(self, lru: Lru, index: int | None) -> tuple[object, ...]:
        """The items of one cgroup, as they are at one moment."""
        with lru.lock:
            return self.list_of(lru, index).items.load()

    def count(self, lru: Lru, index: int | None) -> int:
        """How many items a cgroup has."""
        with lru.lock:
            return self.list_of(lru, index).count.load()

    def list_of(self, lru: Lru, index: int | None) -> ItemList:
        """The list of the cgroup with that id, the root's list for None.  Called with the lru's lock."""
        if index is None:
            return lru.root
        there = self.array_of(lru).slot[index]
        assert there is not None, f"{lru} has no list for id {index}"
        return there
