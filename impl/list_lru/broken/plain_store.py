"""`handshake`, but a list is installed by a test and a plain store.

A mount and an activation both find the slot empty, and the second store drops the list of the first (P4), which nobody
can reach any more.
"""

from __future__ import annotations

from list_lru import handshake
from list_lru.v13 import ListArray

BREAKS = "no_leak"


class ListLrus(handshake.ListLrus):
    """`handshake`, but for `install`."""

    def install(self, array: ListArray, index: int) -> bool:
        """Put a list into a slot that was empty a moment ago."""
        if array.slot[index] is None:
            new = self.lists.alloc()
            if new is None:
                return False
            array.slot[index] = new
        return True
