"""`list_locks`, but a drained list is not marked dead.

Who has found it in its slot before that was cleared adds an object to it, where nobody finds it any more, and which is
freed (P7).
"""

from __future__ import annotations

from list_lru import list_locks, xarray
from list_lru.list_locks import ItemList
from list_lru.xarray import Memcg

KIND, EXEMPT = xarray.KIND, xarray.EXEMPT
BREAKS = "items_kept"


class ListLrus(list_locks.ListLrus):
    """`list_locks`, but for the mark."""

    def splice(self, there: ItemList, lru: xarray.Lru, parent: Memcg) -> None:
        """Move the items to the parent's list."""
        with there.lock, self.locked(lru, parent) as to:
            to.items.store((*to.items.load(), *there.items.load()))
            to.count.store(to.count.load() + there.count.load())
