"""An unwinding of `init` that is off by one: it frees a list too few when memory runs out.

The loop runs down to index 1 and not to 0, a slip that C makes easy.  The list for the lowest id stays allocated, and
nobody can reach it any more.
"""

from __future__ import annotations

from list_lru import v13
from list_lru.v13 import ListArray

BREAKS = "no_leak"


class ListLrus(v13.ListLrus):
    """v13, but for the bound of one loop."""

    def free_array(self, array: ListArray) -> None:
        """Free an array and its lists, but for the first."""
        for index in range(len(array.slot) - 1, 0, -1):
            there = array.slot[index]
            if there is not None:
                self.lists.free(there)
        self.arrays.free(array)
