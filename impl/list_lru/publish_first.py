"""Publish first, then install with cmpxchg, where the arrays never grow: a mount allocates without the mutex.

`init` publishes the lru, and only then looks who is active; an activation holds the mutex from its first step to its
last.  So an activation that was over when the lru was published is found active by the mount, and one that was not
finds the lru.  Both may meet in a slot: whoever comes second frees its list.

It rests on three conditions: the lru is published under the mutex, the cgroup becomes active before the mutex is
released, and the size is frozen.
"""

from __future__ import annotations

from interlock_conformance.runtime import Runtime
from list_lru import v13
from list_lru.v13 import Error, ListArray, Lru

CAPACITY = 4
"""Slots of every array: the size is frozen."""


class ListLrus(v13.ListLrus):
    """All lrus and cgroups of one kernel.

    `published` are the lrus that activations fill, `registered` those of them whose `init` has returned.
    """

    capacity = CAPACITY

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self.size = runtime.memory("memcg").cell("limited_groups_array_size", CAPACITY)
        self.published = runtime.registry("published_lrus", Lru)

    # -- mounting and unmounting

    def init(self, lru: Lru) -> Error | None:
        """Publish the lru, then give it a list for every active cgroup.  On failure it is as before."""
        array = self.arrays.alloc(CAPACITY)
        if array is None:
            return Error.ENOMEM
        self.rcu.assign(lru.memcg, array)
        self.publish(lru)
        for memcg in self.active:
            if not self.install(array, self.index_of(memcg)):
                self.withdraw(lru)
                return Error.ENOMEM
        self.registered.add(lru)
        return None

    def publish(self, lru: Lru) -> None:
        """Have activations find the lru, from the next one on."""
        with self.create_mutex:
            self.published.add(lru)

    def install(self, array: ListArray, index: int) -> bool:
        """Put a list into a slot, unless there is one; false if memory has run out."""
        new = self.lists.alloc()
        if new is None:
            return False
        if array.slot.cmpxchg(index, None, new) is not None:
            self.lists.free(new)
        return True

    def withdraw(self, lru: Lru) -> None:
        """Have no activation find the lru any more, and free what it has."""
        with self.create_mutex:
            self.published.remove(lru)
        array = self.array_of(lru)  # equivalent: nobody else gives the lru another array
        self.rcu.assign(lru.memcg, None)
        self.rcu.synchronize()
        self.free_array(array)

    def destroy(self, lru: Lru) -> None:
        """Undo `init`.  The caller makes sure that nobody uses the lru any more."""
        self.registered.remove(lru)
        self.withdraw(lru)

    # -- cgroups

    def make_room(self, index: int) -> Error | None:
        """The arrays do not grow: there are so many ids and no more."""
        return None if index < CAPACITY else Error.ENOMEM

    def add_lists(self, index: int) -> Error | None:
        """Put a new list into the slot `index` of every published lru, or leave all as it was."""
        for lru in self.published:
            if not self.install(self.array_of(lru), index):
                self.remove_lists(index)
                return Error.ENOMEM
        return None

    def remove_lists(self, index: int) -> None:
        """Take back what `add_lists` has put in.  No mount knows of the cgroup: it has not been active."""
        for lru in self.published:
            self.clear_slot(self.array_of(lru), index)
