"""`publish_first`, but the cgroup becomes active when the mutex has been released.

In between, a mount publishes its lru, which the activation has not seen, and finds the cgroup not active.
"""

from __future__ import annotations

from list_lru import publish_first
from list_lru.v13 import Error, Memcg

BREAKS = "coverage"


class ListLrus(publish_first.ListLrus):
    """`publish_first`, but for `activate`."""

    def activate(self, memcg: Memcg) -> Error | None:
        """Install under the mutex, and mark without it."""
        with self.create_mutex:
            error = self.prepare(memcg)
        if error is None:
            self.active.add(memcg)
        return error
