"""`xarray`, but a list is in its slot before it is initialised, as a barrier on the wrong side lets it be (P13).

In C memory comes as it is, and a list is initialised by stores.  Somebody else who allocates an object meanwhile finds
the slot taken, takes it that there is a list, and follows pointers that are not there yet.
"""

from __future__ import annotations

from typing import cast

from interlock_conformance.runtime import Memory, Runtime
from list_lru import xarray
from list_lru.v13 import Error, ItemList
from list_lru.xarray import Lru, Memcg

KIND, EXEMPT = xarray.KIND, xarray.EXEMPT
BREAKS = "raised"


class RawList(ItemList):
    """An `ItemList` that has to be initialised."""

    def __init__(self, memory: Memory) -> None:
        self.items = memory.cell("items", cast("tuple[object, ...]", None))
        self.count = memory.cell("count", cast("int", None))

    def initialise(self) -> None:
        """Make it an empty list."""
        self.items.store(())
        self.count.store(0)


class ListLrus(xarray.ListLrus):
    """`xarray`, but for when `prepare` initialises lists."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self.lists = runtime.heap("lists", RawList)

    def prepare(self, lru: Lru, memcg: Memcg) -> Error | None:
        """See to a list for the cgroup and for every ancestor; initialise what is installed."""
        error = super().prepare(lru, memcg)
        for above in self.path(memcg):
            there = lru.slot[above.index.load()]
            if isinstance(there, RawList) and cast("object", there.items.load()) is None:
                there.initialise()
        return error
