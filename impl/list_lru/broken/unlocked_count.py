"""`slots_owned`, but a count takes no lock, as upstream since 4.17, and old arrays are freed at once, as before.

The lock under which an array is replaced keeps nobody out who does not take it.  4.17 frees the old array after a grace
period.
"""

from __future__ import annotations

from list_lru import slots_owned
from list_lru.v13 import Lru

BREAKS = "arrays.no_use_after_free"
EXEMPT = slots_owned.EXEMPT


class ListLrus(slots_owned.ListLrus):
    """`slots_owned`, but for `count`."""

    def count(self, lru: Lru, index: int | None) -> int:
        """How many items a cgroup has, without taking the lock."""
        with self.rcu.read():
            return self.list_of(lru, index).count.load()
