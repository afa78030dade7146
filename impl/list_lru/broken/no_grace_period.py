"""Growth that frees the replaced arrays without waiting for the readers that still hold them."""

from __future__ import annotations

from list_lru import v13
from list_lru.v13 import Error

BREAKS = "grace"


class ListLrus(v13.ListLrus):
    """v13, but for the grace period."""

    def make_room(self, index: int) -> Error | None:
        """Make `index` fit, and free the old arrays at once."""
        if index < self.size.load():
            return None
        error = self.grow(index + 1)
        if error is None:
            self.size.store(index + 1)
        self.free_old_arrays()
        return error
