"""`xarray`, but look-ups go on to the parent as soon as the cgroup is marked offline, drained or not.

An object is added to the list of its cgroup, which goes offline; who looks for it then goes to the parent's list, where
it is not yet.  Upstream does that: a deletion unlinks the object from the list that it is on, whichever that is, and
only counts it off another, which comes right when the lists are spliced.
"""

from __future__ import annotations

from list_lru import xarray
from list_lru.v13 import ItemList
from list_lru.xarray import Lru, Memcg

KIND, EXEMPT = xarray.KIND, xarray.EXEMPT
BREAKS = "items_kept"


class ListLrus(xarray.ListLrus):
    """`xarray`, but for `list_of`."""

    def list_of(self, lru: Lru, memcg: Memcg) -> ItemList:
        """The list of the nearest cgroup that is not offline."""
        for above in self.path(memcg):
            if not above.offline.load():
                there = lru.slot[above.index.load()]
                assert there is not None, f"{lru} has no list for {above}"
                return there
        return lru.root
