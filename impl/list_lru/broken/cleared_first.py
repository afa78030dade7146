"""`xarray`, but the slot is cleared before the list is drained, as upstream had it until 2026 (P14).

In between, a look-up goes on to the parent's list, while the items are still on the cgroup's own.
"""

from __future__ import annotations

from list_lru import xarray
from list_lru.v13 import ItemList
from list_lru.xarray import Lru, Memcg

KIND, EXEMPT = xarray.KIND, xarray.EXEMPT
BREAKS = "items_kept"


class ListLrus(xarray.ListLrus):
    """`xarray`, but for the order of two steps in `drain`."""

    def drain(self, lru: Lru, memcg: Memcg, index: int) -> ItemList | None:
        """Take the list of a cgroup away, if it has one; then move its items to its parent's list."""
        assert memcg.parent is not None
        with lru.lock:
            there = lru.slot[index]
            if there is None:
                return None
            lru.slot[index] = None
        with lru.lock:
            to = self.list_of(lru, memcg.parent)
            to.items.store((*to.items.load(), *there.items.load()))
            to.count.store(to.count.load() + there.count.load())
            return there
