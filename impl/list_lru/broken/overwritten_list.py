"""`xarray`, but the new list is stored whatever is in the slot.

Of two that allocate an object at the same time, the second throws away the list of the first, with what is on it
(P4, P5).
"""

from __future__ import annotations

from list_lru import xarray
from list_lru.v13 import ItemList
from list_lru.xarray import Lru, Memcg

KIND, EXEMPT = xarray.KIND, xarray.EXEMPT
BREAKS = "install_once"


class ListLrus(xarray.ListLrus):
    """`xarray`, but for `install`."""

    def install(self, lru: Lru, memcg: Memcg, new: ItemList) -> bool:
        """Give the cgroup its list, if it is not offline."""
        index = memcg.index.load()
        if index < 0 or memcg.offline.load():
            return False
        lru.slot[index] = new
        return True
