"""`handshake_cursor`, but a failed activation sweeps its slot without waiting for the mounts that saw its mark.

Such a mount installs its list after the sweep, at an index that nobody has.
"""

from __future__ import annotations

from list_lru import handshake_cursor
from list_lru.v13 import Memcg

BREAKS = "no_stray"


class ListLrus(handshake_cursor.ListLrus):
    """`handshake_cursor`, but for `give_up`."""

    def give_up(self, memcg: Memcg, index: int) -> None:
        """Clear the mark, sweep the slot, release the id."""
        self.marked[index] = False
        self.sweep(index)
        memcg.index.store(None)
        self.ids.give(index)
