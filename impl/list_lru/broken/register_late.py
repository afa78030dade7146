"""`rw_semaphore`, but the lru is registered after up_read: the unlocked init of design (d) again.

An activation between the two sees no such lru, and the mount has seen no such cgroup.
"""

from __future__ import annotations

from list_lru import rw_semaphore
from list_lru.v13 import Error, Lru

BREAKS = "coverage"


class ListLrus(rw_semaphore.ListLrus):
    """`rw_semaphore`, but for `init`."""

    def init(self, lru: Lru) -> Error | None:
        """Make the lru's lists while nothing becomes active, and register it when that may happen again."""
        with self.create_sem.read():
            array = self.new_array()
            if array is None:
                return Error.ENOMEM
            self.rcu.assign(lru.memcg, array)
        self.register(lru)
        return None
