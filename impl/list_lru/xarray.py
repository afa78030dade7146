"""Lists that come with the first object that may need them, as upstream since 5.18.

A mount looks for no cgroup and an activation for no lru: both take as long as they take for one.  An lru has its lists
in an xarray, indexed by cgroup id, most of which stays empty.  Before an object is allocated for an lru, charged to a
cgroup, its allocator sees to a list for that cgroup and for every ancestor: when a cgroup goes offline, its items go to
its parent's list, which must be there.

Lists are allocated without a lock and installed under the lru's.  Each goes into an empty slot only, and only if the
cgroup, looked at again under the lock, is not offline: if it goes offline later, its slot is drained later, under the
same lock.  A look-up comes to the cgroup's list until it is drained, and to the parent's from then on.

Upstream has two locks for an lru, of the xarray and of the lists; here they are one.
"""

from __future__ import annotations

from collections.abc import Iterator

from interlock_conformance.runtime import Cell, Cells, Memory, Runtime
from list_lru.v13 import Error, ItemList

KIND = "at_allocation"
EXEMPT = {
    "refinement.list_lru.abstract_at_allocation": "a cgroup goes offline without the locks of lrus, so a list that is "
    "just being installed may come after that, to be drained; the specification installs in one step",
}

IDS = 4
"""How many ids there can be: the slots have a fixed number, where a kernel has an xarray."""


class Lru:
    """One list_lru, made by a mount."""

    def __init__(self, runtime: Runtime, name: str) -> None:
        self.name = name
        self.lock = runtime.spinlock(f"{name}.lock")
        self.root = ItemList(runtime.memory(f"{name}.root"))
        self.slot: Cells[ItemList | None] = runtime.memory(name).cells("slot", IDS, None)

    def __str__(self) -> str:
        return self.name


class Memcg:
    """A memory cgroup; the one without a parent is the root, which has no id and never goes offline."""

    def __init__(self, runtime: Runtime, name: str, parent: Memcg | None) -> None:
        self.name, self.parent = name, parent
        self.index: Cell[int] = runtime.memory(name).cell("index", -1)
        self.offline = runtime.memory(name).cell("offline", value=False)

    def __str__(self) -> str:
        return self.name


class Object:
    """What an allocator hands out for an lru, charged to a cgroup."""

    def __init__(self, _memory: Memory, lru: Lru, memcg: Memcg) -> None:
        self.lru, self.memcg = lru, memcg


class ListLrus:
    """All lrus, cgroups and objects of one kernel."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.list_lrus_mutex = runtime.mutex("list_lrus_mutex")
        self.rcu = runtime.rcu("rcu")
        self.lists = runtime.heap("lists", ItemList)
        self.objects = runtime.heap("objects", Object)
        self.ids = runtime.ids("ids")
        self.registered = runtime.registry("list_lrus", Lru, self.list_lrus_mutex)
        self.allocated = runtime.registry("allocated", Object)

    def lru(self, name: str) -> Lru:
        """A new lru, not yet initialised."""
        return Lru(self.runtime, name)

    def memcg(self, name: str, parent: Memcg | None) -> Memcg:
        """A new cgroup, not yet online."""
        return Memcg(self.runtime, name, parent)

    # -- lrus and cgroups

    def init(self, lru: Lru) -> None:
        """Have cgroups that go offline find the lru."""
        with self.list_lrus_mutex:
            self.registered.add(lru)

    def destroy(self, lru: Lru) -> None:
        """Undo `init`, and free the lists.  The caller makes sure that nobody uses the lru any more."""
        with self.list_lrus_mutex:
            self.registered.remove(lru)
        for index in range(IDS):
            there = lru.slot.xchg(index, None)  # equivalent: nobody else is at it
            if there is not None:
                self.lists.free(there)

    def online(self, memcg: Memcg) -> None:
        """Give the cgroup an id."""
        memcg.index.store(self.ids.take())

    def offline(self, memcg: Memcg) -> None:
        """Have no list installed for the cgroup, move its items to its parent, and give its id back.

        Its children are offline already.
        """
        index = memcg.index.load()  # equivalent: it does not change meanwhile
        memcg.offline.store(value=True)
        with self.list_lrus_mutex:
            drained = [self.drain(lru, memcg, index) for lru in self.registered]
        memcg.index.store(-1)
        self.rcu.synchronize()
        for there in drained:  # equivalent: the id has nothing to do with lists that have left their slots
            if there is not None:
                self.lists.free(there)
        self.ids.give(index)

    def drain(self, lru: Lru, memcg: Memcg, index: int) -> ItemList | None:
        """Move the items of a cgroup to its parent's list, and take its own away, if it has one."""
        assert memcg.parent is not None
        with lru.lock:
            there = lru.slot[index]
            if there is not None:
                to = self.list_of(lru, memcg.parent)
                to.items.store((*to.items.load(), *there.items.load()))  # equivalent: nobody looks at one of both
                to.count.store(to.count.load() + there.count.load())
                lru.slot[index] = None
            return there

    # -- allocation

    def allocate(self, lru: Lru, memcg: Memcg) -> Object | Error:
        """An object for the lru, charged to the cgroup, whose items have a list wherever they may come to be."""
        error = self.prepare(lru, memcg)
        if error is not None:
            return error
        thing = self.objects.alloc(lru, memcg)
        if thing is None:
            return Error.ENOMEM
        self.allocated.add(thing)
        return thing

    def free(self, thing: Object) -> None:
        """Give an object back, which is on no list any more."""
        self.allocated.remove(thing)
        self.objects.free(thing)

    def prepare(self, lru: Lru, memcg: Memcg) -> Error | None:
        """See to a list for the cgroup and for every ancestor; on failure nothing is installed."""
        hand: list[tuple[Memcg, ItemList]] = []
        for above in self.path(memcg):
            if self.empty_slot(lru, above) is None:  # equivalent: it saves an allocation, no more
                continue
            new = self.lists.alloc()
            if new is None:
                for _, unused in hand:
                    self.lists.free(unused)
                return Error.ENOMEM
            hand.append((above, new))
        with lru.lock:
            surplus = [new for above, new in hand if not self.install(lru, above, new)]
        for new in surplus:
            self.lists.free(new)
        return None

    def path(self, memcg: Memcg) -> Iterator[Memcg]:
        """The cgroup and its ancestors, but for the root."""
        while memcg.parent is not None:
            yield memcg
            memcg = memcg.parent

    def empty_slot(self, lru: Lru, memcg: Memcg) -> int | None:
        """Where a list of the cgroup is to go; None if it has one, or is to have none any more."""
        index = memcg.index.load()
        return index if index >= 0 and not memcg.offline.load() and lru.slot[index] is None else None

    def install(self, lru: Lru, memcg: Memcg, new: ItemList) -> bool:
        """Give the cgroup its list, if it still needs one; called with the lru's lock."""
        index = self.empty_slot(lru, memcg)
        if index is None:
            return False
        lru.slot[index] = new
        return True

    # -- readers

    def add(self, thing: Object) -> None:
        """Put an object on the list of its cgroup."""
        with thing.lru.lock:
            there = self.list_of(thing.lru, thing.memcg)
            there.items.store((*there.items.load(), thing))  # equivalent: nobody looks at one of both
            there.count.store(there.count.load() + 1)

    def delete(self, thing: Object) -> bool:
        """Take an object off the list of its cgroup; whether it was there."""
        with thing.lru.lock:
            there = self.list_of(thing.lru, thing.memcg)
            items = there.items.load()
            if thing not in items:
                return False
            there.items.store(tuple(other for other in items if other is not thing))  # equivalent: as in `add`
            there.count.store(there.count.load() - 1)
            return True

    def walk(self, lru: Lru, memcg: Memcg) -> tuple[object, ...]:
        """The items of one cgroup, as they are at one moment."""
        with lru.lock:
            return self.list_of(lru, memcg).items.load()

    def count(self, lru: Lru, memcg: Memcg) -> int:
        """How many items a cgroup has, without taking the lock."""
        with self.rcu.read():
            return self.list_of(lru, memcg).count.load()

    def list_of(self, lru: Lru, memcg: Memcg) -> ItemList:
        """The nearest list upwards from a cgroup; called with the lru's lock or in a read-side section."""
        for above in self.path(memcg):
            index = above.index.load()
            there = lru.slot[index] if index >= 0 else None
            if there is not None:
                return there
        return lru.root
