"""An rw-semaphore in place of v13's mutex: mounts hold it together, an activation holds it alone.

Two mounts no longer wait for one another, whatever they allocate.  So they may add to the registry at the same time,
which takes a spinlock of its own.  An activation still keeps all of them out, for as many allocations as there are
lrus, and for a grace period when the arrays have to grow.
"""

from __future__ import annotations

from interlock_conformance.runtime import Runtime
from list_lru import v13
from list_lru.v13 import Error, Lru, Memcg


class ListLrus(v13.ListLrus):
    """v13, but for its mutex."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self.create_sem = runtime.rwsem("create_sem")
        self.registry_lock = runtime.spinlock("registry_lock")
        self.registered = runtime.registry("all_memcg_lrus", Lru, self.registry_lock)

    def init(self, lru: Lru) -> Error | None:
        """Make the lru's lists and register it, while nothing becomes active."""
        with self.create_sem.read():
            array = self.new_array()
            if array is None:
                return Error.ENOMEM
            self.rcu.assign(lru.memcg, array)
            self.register(lru)
            return None

    def register(self, lru: Lru) -> None:
        """Add to the registry, which other mounts may do at the same time."""
        with self.registry_lock:
            self.registered.add(lru)

    def destroy(self, lru: Lru) -> None:
        """Undo `init`, while no activation looks at the registry."""
        with self.create_sem.read(), self.registry_lock:
            self.registered.remove(lru)
        array = self.array_of(lru)
        self.rcu.assign(lru.memcg, None)
        self.rcu.synchronize()
        self.free_array(array)

    def activate(self, memcg: Memcg) -> Error | None:
        """Give the cgroup an id and a list in every registered lru, while nobody mounts."""
        with self.create_sem.write():
            return self.make_active(memcg)
