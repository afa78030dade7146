"""`list_locks`, but the slot is cleared before the list is drained, as upstream had it from 6.13 until 2026 (P14).

A deletion finds the slot empty, goes on, and locks the parent's list, while its object is still on the child's.
"""

from __future__ import annotations

from list_lru import list_locks, v13, xarray
from list_lru.list_locks import ItemList
from list_lru.xarray import Memcg

KIND, EXEMPT = xarray.KIND, xarray.EXEMPT
BREAKS = "items_kept"


class ListLrus(list_locks.ListLrus):
    """`list_locks`, but for the order of two steps in `drain`."""

    def drain(self, lru: xarray.Lru, memcg: Memcg, index: int) -> v13.ItemList | None:
        """Take the list of a cgroup away, if it has one; then move its items to its parent's list."""
        with lru.lock:
            there = lru.slot.xchg(index, None)
        if there is None:
            return None
        assert isinstance(there, ItemList)
        assert memcg.parent is not None
        self.splice(there, lru, memcg.parent)
        return there
