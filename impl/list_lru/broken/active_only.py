"""`handshake`, but a mount looks at those cgroups only that are active, as in design (f).

A mount that comes and goes between an activation's scan and its end misses the cgroup: it is not active yet, and the
lru was not published yet when the activation looked.
"""

from __future__ import annotations

from list_lru import handshake
from list_lru.v13 import ListArray

BREAKS = "coverage"


class ListLrus(handshake.ListLrus):
    """`handshake`, but for `serve`."""

    def serve(self, array: ListArray) -> bool:
        """Put a list into the array for every cgroup that is active."""
        return all(self.install(array, self.index_of(memcg)) for memcg in self.active)
