"""`publish_first`, but the lru is published without the mutex.

An activation that has gone past the end of the registry, and has not marked its cgroup yet, misses the lru; and the
mount, which looks who is active right then, misses the cgroup.
"""

from __future__ import annotations

from list_lru import publish_first
from list_lru.v13 import Lru

BREAKS = "coverage"


class ListLrus(publish_first.ListLrus):
    """`publish_first`, but for `publish`."""

    def publish(self, lru: Lru) -> None:
        """Have activations find the lru, whether one is at work or not."""
        self.published.add(lru)
