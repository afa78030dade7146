"""An activation that marks the cgroup active before it has made its lists.

The mutex is held all the time, so no other scan can interfere; but readers take no mutex.
"""

from __future__ import annotations

from list_lru import v13
from list_lru.v13 import Error, Memcg

BREAKS = "coverage"


class ListLrus(v13.ListLrus):
    """v13, but for the order of two steps."""

    def activate(self, memcg: Memcg) -> Error | None:
        """Mark first, then make room and lists."""
        with self.create_mutex:
            index = self.ids.take()
            memcg.index.store(index)
            self.active.add(memcg)
            error = self.make_room(index) or self.add_lists(index)
            if error is not None:
                self.active.remove(memcg)
                memcg.index.store(None)
                self.ids.give(index)
            return error
