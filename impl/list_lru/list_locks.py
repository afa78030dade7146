"""A lock for each list, as upstream since 6.13: cgroups on one lru no longer wait for one another.

Who looks for the list of an object locks what it finds, and if that list is dead, or there is none, goes on to the
parent's.  All is well as long as the lock is that of the list that the object is on.  So a cgroup that goes offline has
its list drained and marked dead under both locks, its own and the parent's, and only then is the slot cleared: in the
other order a deletion would find the slot empty, and lock the parent's list while the object is on the child's.

The lru's lock is the xarray's now: it is for the slots alone.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import count

from interlock_conformance.runtime import Memory, Runtime
from list_lru import v13, xarray
from list_lru.xarray import Memcg, Object

KIND, EXEMPT = xarray.KIND, xarray.EXEMPT


class ItemList(v13.ItemList):
    """The items of one cgroup on one lru, under a lock of their own, until it is dead."""

    def __init__(self, runtime: Runtime, name: str, memory: Memory) -> None:
        super().__init__(memory)
        self.lock = runtime.spinlock(f"{name}.lock")
        self.dead = memory.cell("dead", value=False)


class Lru(xarray.Lru):
    """One list_lru, made by a mount."""

    def __init__(self, runtime: Runtime, name: str) -> None:
        super().__init__(runtime, name)
        self.root = ItemList(runtime, f"{name}.root", runtime.memory(f"{name}.root"))


class ListLrus(xarray.ListLrus):
    """All lrus, cgroups and objects of one kernel."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        numbers = count()
        self.lists = runtime.heap("lists", lambda memory: ItemList(runtime, f"list{next(numbers)}", memory))

    def lru(self, name: str) -> Lru:
        """A new lru, not yet initialised."""
        return Lru(self.runtime, name)

    # -- cgroups

    def drain(self, lru: xarray.Lru, memcg: Memcg, index: int) -> v13.ItemList | None:
        """Move the items of a cgroup to its parent's list, and take its own away, if it has one."""
        with lru.lock:  # whoever installs a list has done so, or will see that the cgroup is offline
            there = lru.slot[index]
        if there is None:
            return None
        assert isinstance(there, ItemList)
        assert memcg.parent is not None
        self.splice(there, lru, memcg.parent)
        with lru.lock:  # equivalent: a slot is one word here, and part of an xarray in C
            lru.slot[index] = None
        return there

    def splice(self, there: ItemList, lru: xarray.Lru, parent: Memcg) -> None:
        """Move the items to the parent's list, and mark the list dead, so that nobody adds to it any more."""
        with there.lock, self.locked(lru, parent) as to:
            to.items.store((*to.items.load(), *there.items.load()))  # equivalent: `count` comes before or after
            to.count.store(to.count.load() + there.count.load())
            there.dead.store(value=True)

    # -- readers

    @contextmanager
    def locked(self, lru: xarray.Lru, memcg: Memcg) -> Generator[ItemList, None, None]:
        """The nearest list upwards from a cgroup that is not dead, with its lock, inside a read-side section."""
        with self.rcu.read():
            for there in self.lists_above(lru, memcg):
                with there.lock:
                    if not there.dead.load():
                        yield there
                        return

    def lists_above(self, lru: xarray.Lru, memcg: Memcg) -> Iterator[ItemList]:
        """The lists of a cgroup and of its ancestors, dead ones included; the root's is never dead."""
        for above in self.path(memcg):
            index = above.index.load()
            there = lru.slot[index] if index >= 0 else None
            if there is not None:
                assert isinstance(there, ItemList)
                yield there
        assert isinstance(lru.root, ItemList)
        yield lru.root

    def add(self, thing: Object) -> None:
        """Put an object on the list of its cgroup."""
        with self.locked(thing.lru, thing.memcg) as there:
            there.items.store((*there.items.load(), thing))  # equivalent: as in `splice`
            there.count.store(there.count.load() + 1)

    def delete(self, thing: Object) -> bool:
        """Take an object off the list of its cgroup; whether it was there."""
        with self.locked(thing.lru, thing.memcg) as there:
            items = there.items.load()
            if thing not in items:
                return False
            there.items.store(tuple(other for other in items if other is not thing))  # equivalent: as in `splice`
            there.count.store(there.count.load() - 1)
            return True

    def walk(self, lru: xarray.Lru, memcg: Memcg) -> tuple[object, ...]:
        """The items of one cgroup, as they are at one moment."""
        with self.locked(lru, memcg) as there:
            return there.items.load()

    def count(self, lru: xarray.Lru, memcg: Memcg) -> int:
        """How many items a cgroup has, without taking a lock."""
        with self.rcu.read():
            there = next(there for there in self.lists_above(lru, memcg) if not there.dead.load())
            return there.count.load()
