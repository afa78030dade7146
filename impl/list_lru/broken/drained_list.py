"""`xarray`, but a drained list is freed at once, while somebody may count what is on it.

A count takes no lock; upstream frees drained lists by kfree_rcu.
"""

from __future__ import annotations

from list_lru import xarray
from list_lru.xarray import Memcg

KIND, EXEMPT = xarray.KIND, xarray.EXEMPT
BREAKS = "lists.no_use_after_free"


class ListLrus(xarray.ListLrus):
    """`xarray`, but for the grace period of `offline`."""

    def offline(self, memcg: Memcg) -> None:
        """Have no list installed for the cgroup, move its items to its parent, and give its id back."""
        index = memcg.index.load()
        memcg.offline.store(value=True)
        with self.list_lrus_mutex:
            drained = [self.drain(lru, memcg, index) for lru in self.registered]
        memcg.index.store(-1)
        for there in drained:
            if there is not None:
                self.lists.free(there)
        self.ids.give(index)
