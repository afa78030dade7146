"""The lru is registered before its `init` may fail, and the error returns without taking it off (P5a).

The mount fails and its owner frees the lru, which is still on the registry; the next activation works on it.
"""

from __future__ import annotations

from list_lru import v13
from list_lru.v13 import Error, Lru

BREAKS = "result"


class ListLrus(v13.ListLrus):
    """v13, but for the order of two steps in `init`."""

    def init(self, lru: Lru) -> Error | None:
        """Register the lru, then make its lists."""
        with self.create_mutex:
            self.registered.add(lru)
            array = self.new_array()
            if array is None:
                return Error.ENOMEM
            self.rcu.assign(lru.memcg, array)
            return None
