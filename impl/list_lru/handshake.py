"""The answer to the thread's question: no mutex is held across either scan.

Both sides publish themselves first and look at the other side afterwards.  Of a mount and an activation that meet, the
one that publishes later finds the other, because there is a full fence between publishing and looking; if both find
each other, cmpxchg decides whose list it is.

What the author of v13 saw in the way: an allocation sleeps, so it cannot be made inside the RCU section in which the
other side was found.  So who works on an lru or a cgroup pins it, and whoever ends one takes it out of sight, drops its
own pin and waits for the others.  New walkers do not find it, so it waits for those that are at it and for no others.

The size of arrays is frozen here; see `spec/list_lru/handshake_segments.ilk` for growth.
"""

from __future__ import annotations

from interlock_conformance.runtime import Runtime
from list_lru import publish_first, v13
from list_lru.publish_first import CAPACITY
from list_lru.v13 import Error, ListArray


class Lru(v13.Lru):
    """A list_lru; `users` counts who works on its array."""

    def __init__(self, runtime: Runtime, name: str) -> None:
        super().__init__(runtime, name)
        self.users = runtime.refcount(f"{name}.users", 0)


class Memcg(v13.Memcg):
    """A memory cgroup; `users` counts who installs lists for it."""

    def __init__(self, runtime: Runtime, name: str) -> None:
        super().__init__(runtime, name)
        self.users = runtime.refcount(f"{name}.users", 0)


class ListLrus(publish_first.ListLrus):
    """All lrus and cgroups of one kernel.  `marked` are the cgroups that are active or becoming so."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self.marked = runtime.registry("marked_memcgs", Memcg)

    def lru(self, name: str) -> Lru:
        """A new lru, not yet initialised."""
        return Lru(self.runtime, name)

    def memcg(self, name: str) -> Memcg:
        """A new cgroup, not yet active."""
        return Memcg(self.runtime, name)

    # -- mounting and unmounting

    def init(self, lru: v13.Lru) -> Error | None:
        """Publish the lru, then give it a list for every cgroup that is marked.  On failure it is as before."""
        assert isinstance(lru, Lru)
        array = self.arrays.alloc(CAPACITY)
        if array is None:
            return Error.ENOMEM
        self.rcu.assign(lru.memcg, array)
        lru.users.set(1)  # equivalent: an activation that comes too early has marked its cgroup, which is found below
        self.published.add(lru)
        self.runtime.fence()  # equivalent: memory is sequentially consistent here
        if not self.serve(array):
            self.withdraw(lru)
            return Error.ENOMEM
        self.registered.add(lru)
        return None

    def serve(self, array: ListArray) -> bool:
        """Put a list into the array for every cgroup that is marked; false if memory has run out."""
        for memcg in self.marked:
            if not memcg.users.try_get():
                continue  # its activation has failed
            done = self.install(array, self.index_of(memcg))
            memcg.users.put()
            if not done:
                return False
        return True

    def withdraw(self, lru: v13.Lru) -> None:
        """Take the lru out of sight, wait for those who work on it, and free what it has, whoever has put it there."""
        assert isinstance(lru, Lru)
        array = self.array_of(lru)
        self.rcu.assign(lru.memcg, None)
        self.published.remove(lru)  # equivalent: what counts is that it comes before the wait
        lru.users.put()
        lru.users.wait_for_last()
        self.rcu.synchronize()  # equivalent: both waits are over before anything is freed
        self.free_array(array)

    # -- cgroups

    def activate(self, memcg: v13.Memcg) -> Error | None:
        """Mark the cgroup, then give every published lru a list for it.  On failure it has neither list nor id."""
        assert isinstance(memcg, Memcg)
        index = self.ids.take()
        if self.make_room(index) is not None:
            self.ids.give(index)
            return Error.ENOMEM
        memcg.index.store(index)
        memcg.users.set(1)  # equivalent: a mount that comes too early has published its lru, which is found below
        self.marked.add(memcg)
        self.runtime.fence()  # equivalent: memory is sequentially consistent here
        if self.add_lists(index) is not None:
            self.give_up(memcg, index)
            return Error.ENOMEM
        self.active.add(memcg)
        return None

    def add_lists(self, index: int) -> Error | None:
        """Put a list into the slot `index` of every published lru, unless its mount has done so."""
        for lru in self.published:
            assert isinstance(lru, Lru)
            if not lru.users.try_get():
                continue  # it is being withdrawn
            array = lru.memcg.load()
            done = array is None or self.install(array, index)
            lru.users.put()
            if not done:
                return Error.ENOMEM
        return None

    def give_up(self, memcg: Memcg, index: int) -> None:
        """Clear the mark, wait out the mounts that saw it, and only then sweep the slot and release the id."""
        self.marked.remove(memcg)  # equivalent: what counts is that it comes before the wait
        memcg.users.put()
        memcg.users.wait_for_last()
        self.remove_lists(index)
        memcg.index.store(None)
        self.ids.give(index)

    def remove_lists(self, index: int) -> None:
        """Empty the slot `index` of every published lru, for which nobody installs any more."""
        for lru in self.published:
            assert isinstance(lru, Lru)
            if not lru.users.try_get():
                continue  # it is being withdrawn, and frees its lists
            array = lru.memcg.load()
            if array is not None:
                self.clear_slot(array, index)
            lru.users.put()
