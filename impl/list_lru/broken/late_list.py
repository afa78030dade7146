"""`xarray`, but the object is allocated first, and its lists afterwards.

Whoever finds the object in between, by a look-up of an inode say, puts it on a list that is not there.
"""

from __future__ import annotations

from list_lru import xarray
from list_lru.v13 import Error
from list_lru.xarray import Lru, Memcg, Object

KIND, EXEMPT = xarray.KIND, xarray.EXEMPT
BREAKS = "coverage"


class ListLrus(xarray.ListLrus):
    """`xarray`, but for `allocate`."""

    def allocate(self, lru: Lru, memcg: Memcg) -> Object | Error:
        """An object, and then its lists."""
        thing = self.objects.alloc(lru, memcg)
        if thing is None:
            return Error.ENOMEM
        self.allocated.add(thing)
        error = self.prepare(lru, memcg)
        if error is not None:
            self.free(thing)
            return error
        return thing
