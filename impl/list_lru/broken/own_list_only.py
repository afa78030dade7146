"""`xarray`, but a list is made for the object's cgroup alone, not for its ancestors.

When the cgroup goes offline, its parent has no list that the objects could go to (P1, P7).
"""

from __future__ import annotations

from list_lru import xarray
from list_lru.v13 import Error
from list_lru.xarray import Lru, Memcg

KIND, EXEMPT = xarray.KIND, xarray.EXEMPT
BREAKS = "coverage"


class ListLrus(xarray.ListLrus):
    """`xarray`, but for `prepare`."""

    def prepare(self, lru: Lru, memcg: Memcg) -> Error | None:
        """See to a list for the cgroup."""
        if memcg.parent is None or self.empty_slot(lru, memcg) is None:
            return None
        new = self.lists.alloc()
        if new is None:
            return Error.ENOMEM
        with lru.lock:
            installed = self.install(lru, memcg, new)
        if not installed:
            self.lists.free(new)
        return None
