"""`handshake_cursor`, but the spare list is allocated inside the read-side section: the thread's objection (P9).

An allocation sleeps, and who sleeps in a section lets nobody tell when it is over.
"""

from __future__ import annotations

from list_lru import handshake_cursor
from list_lru.handshake_cursor import Above
from list_lru.v13 import Error

BREAKS = "no_sleep_in_atomic"


class ListLrus(handshake_cursor.ListLrus):
    """`handshake_cursor`, but for `fill`."""

    def fill(self, above: Above) -> Error | None:
        """Put a list into each slot, all in one section."""
        with self.rcu.read():
            place = above(-1)
            while place is not None:
                new = self.lists.alloc()
                if new is None:
                    return Error.ENOMEM
                if place.array.slot.cmpxchg(place.slot, None, new) is not None:
                    self.lists.free(new)
                place = above(place.number)
        return None
