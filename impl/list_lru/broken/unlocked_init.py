"""Design (d): `init` makes the lists outside the mutex and takes it only to register the lru.

What the reviewer of v13 proposed.  An activation that runs whole between the scan and the registration sees no such
lru, and the scan has seen no such cgroup: the lru ends up without a list for it, even though the whole activation
holds the mutex.
"""

from __future__ import annotations

from list_lru import v13
from list_lru.v13 import Error, Lru

BREAKS = "coverage"


class ListLrus(v13.ListLrus):
    """v13, but for `init`."""

    def init(self, lru: Lru) -> Error | None:
        """Make the lru's lists, then register it."""
        array = self.new_array()
        if array is None:
            return Error.ENOMEM
        with self.create_mutex:
            self.rcu.assign(lru.memcg, array)
            self.registered.add(lru)
            return None
