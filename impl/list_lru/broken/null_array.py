"""v13 as it was posted: where nobody is active, an lru is registered without an array (P2).

That is made good by the growth of arrays; but the size may have grown before.  An activation that ran out of memory has
left it grown, so the id of the next cgroup fits, nothing grows, and its list is stored through NULL.
"""

from __future__ import annotations

from list_lru import v13
from list_lru.v13 import Error, Lru

BREAKS = "raised"


class ListLrus(v13.ListLrus):
    """v13, but for lrus without an array, in `init` and in `grow`."""

    def init(self, lru: Lru) -> Error | None:
        """Make the lru's lists, if anybody is active, and register it."""
        with self.create_mutex:
            if next(iter(self.active), None) is not None:
                array = self.new_array()
                if array is None:
                    return Error.ENOMEM
                self.rcu.assign(lru.memcg, array)
            self.registered.add(lru)
            return None

    def grow(self, size: int) -> Error | None:
        """Give every lru an array, or replace the one that it has by a larger copy."""
        for lru in self.registered:
            larger = self.arrays.alloc(size)
            if larger is None:
                return Error.ENOMEM
            old = lru.memcg.load()
            if old is not None:
                self.copy(old, larger)
            lru.memcg_old.store(old)
            self.rcu.assign(lru.memcg, larger)
        return None
