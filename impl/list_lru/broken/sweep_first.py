"""`handshake`, but a failed activation sweeps its slot before it clears its mark.

A mount that sees the mark after the sweep leaves a list at an index that nobody has, and that the next holder of the id
will take for its own.
"""

from __future__ import annotations

from list_lru import handshake
from list_lru.handshake import Memcg

BREAKS = "no_stray"


class ListLrus(handshake.ListLrus):
    """`handshake`, but for `give_up`."""

    def give_up(self, memcg: Memcg, index: int) -> None:
        """Sweep the slot, then clear the mark and wait out the mounts that saw it."""
        self.remove_lists(index)
        self.marked.remove(memcg)
        memcg.users.put()
        memcg.users.wait_for_last()
        memcg.index.store(None)
        self.ids.give(index)
