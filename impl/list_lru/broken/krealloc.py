"""Growth by krealloc, which frees the old array before anybody can point the lru at the new one.

What the reviewer of v13 asked for ("Um, krealloc()?").  A reader that has loaded the old array, or loads it before the
new one is stored, reads freed memory.
"""

from __future__ import annotations

from list_lru import v13
from list_lru.v13 import Error, ListArray

BREAKS = "grace"


class ListLrus(v13.ListLrus):
    """v13, but for `grow`."""

    def grow(self, size: int) -> Error | None:
        """Reallocate every array; nothing is left for a grace period."""
        for lru in self.registered:
            larger = self.krealloc(self.array_of(lru), size)
            if larger is None:
                return Error.ENOMEM
            self.rcu.assign(lru.memcg, larger)
        return None

    def krealloc(self, old: ListArray, size: int) -> ListArray | None:
        """A larger array with the contents of the old one, which is freed; or None, and the old one is kept."""
        larger = self.arrays.alloc(size)
        if larger is not None:
            self.copy(old, larger)
            self.arrays.free(old)
        return larger
