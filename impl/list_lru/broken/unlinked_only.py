"""`handshake_cursor`, but an lru is freed as soon as it is out of the table, without a grace period.

An activation that has found it still is in its read-side section, and installs into an array that has been freed.
"""

from __future__ import annotations

from list_lru import handshake_cursor, v13
from list_lru.handshake_cursor import Lru

BREAKS = "grace"


class ListLrus(handshake_cursor.ListLrus):
    """`handshake_cursor`, but for `withdraw`."""

    def withdraw(self, lru: v13.Lru) -> None:
        """Take the lru out of the table and free what it has."""
        assert isinstance(lru, Lru)
        array, key = self.array_of(lru), lru.key.load()
        self.rcu.assign(lru.memcg, None)
        self.table[key] = None
        self.keys.give(key)
        self.free_array(array)
