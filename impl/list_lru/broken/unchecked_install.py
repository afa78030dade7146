"""`xarray`, but whether the cgroup is offline is looked at before the lock is taken, and not under it again.

The cgroup goes offline in between, and its slots are drained.  The list that is installed then stays, until another
cgroup has the id and takes it for its own (P16).
"""

from __future__ import annotations

from list_lru import xarray
from list_lru.v13 import Error, ItemList
from list_lru.xarray import Lru, Memcg

KIND, EXEMPT = xarray.KIND, xarray.EXEMPT
BREAKS = "swept_clean"


class ListLrus(xarray.ListLrus):
    """`xarray`, but for what `prepare` looks at under the lock."""

    def prepare(self, lru: Lru, memcg: Memcg) -> Error | None:
        """See to a list wherever there was none a moment ago."""
        hand: list[tuple[int, ItemList]] = []
        for above in self.path(memcg):
            index = self.empty_slot(lru, above)
            if index is None:
                continue
            new = self.lists.alloc()
            if new is None:
                for _, unused in hand:
                    self.lists.free(unused)
                return Error.ENOMEM
            hand.append((index, new))
        with lru.lock:
            surplus = [new for index, new in hand if lru.slot.cmpxchg(index, None, new) is not None]
        for new in surplus:
            self.lists.free(new)
        return None
