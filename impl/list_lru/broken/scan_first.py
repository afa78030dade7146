"""`handshake`, but a mount looks at the cgroups first and publishes the lru afterwards.

An activation that runs whole in between sees no such lru, and the mount has seen no such cgroup.
"""

from __future__ import annotations

from list_lru import handshake, v13
from list_lru.handshake import Lru
from list_lru.publish_first import CAPACITY
from list_lru.v13 import Error

BREAKS = "coverage"


class ListLrus(handshake.ListLrus):
    """`handshake`, but for `init`."""

    def init(self, lru: v13.Lru) -> Error | None:
        """Give the lru its lists, then publish it."""
        assert isinstance(lru, Lru)
        array = self.arrays.alloc(CAPACITY)
        if array is None:
            return Error.ENOMEM
        self.rcu.assign(lru.memcg, array)
        lru.users.set(1)
        served = self.serve(array)
        self.published.add(lru)
        if not served:
            self.withdraw(lru)
            return Error.ENOMEM
        self.registered.add(lru)
        return None
