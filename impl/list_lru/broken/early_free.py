"""`destroy` frees the lists before it takes the lru off the registry.

An activation that comes between walks a registry with an lru whose array is gone.
"""

from __future__ import annotations

from list_lru import v13
from list_lru.v13 import Lru

BREAKS = "coverage"


class ListLrus(v13.ListLrus):
    """v13, but for the order of two steps in `destroy`."""

    def destroy(self, lru: Lru) -> None:
        """Free first, unregister afterwards."""
        array = self.array_of(lru)
        self.rcu.assign(lru.memcg, None)
        self.rcu.synchronize()
        self.free_array(array)
        with self.create_mutex:
            self.registered.remove(lru)
