"""`handshake`, but an activation does not pin the lrus that it works on.

The lru is unmounted while the activation allocates, and its array is freed: no grace period waits for who may sleep.
"""

from __future__ import annotations

from list_lru import handshake
from list_lru.v13 import Error

BREAKS = "arrays.no_use_after_free"


class ListLrus(handshake.ListLrus):
    """`handshake`, but for `add_lists`."""

    def add_lists(self, index: int) -> Error | None:
        """Put a list into the slot `index` of every published lru, whatever becomes of it meanwhile."""
        for lru in self.published:
            array = lru.memcg.load()
            if array is not None and not self.install(array, index):
                return Error.ENOMEM
        return None
