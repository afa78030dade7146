"""`handshake_segments`, but a segment is added by a test and a plain store.

A mount and an activation both find it missing.  The second store drops the segment of the first, with the list that has
been installed there.
"""

from __future__ import annotations

from list_lru import handshake_segments
from list_lru.handshake_segments import Directory
from list_lru.v13 import ListArray

BREAKS = "no_leak"


class ListLrus(handshake_segments.ListLrus):
    """`handshake_segments`, but for `add_segment`."""

    def add_segment(self, array: ListArray, part: int) -> bool:
        """Add a segment that was missing a moment ago."""
        assert isinstance(array, Directory)
        if array.segment[part] is not None:
            return True
        new = self.segments.alloc()
        if new is None:
            return False
        array.segment[part] = new
        return True
