"""The handshake with arrays that grow by segments, which never move.

An lru has a directory of segments, all of them missing at first.  Whoever is to install a list in a segment that is not
there allocates it and adds it by cmpxchg.  Nothing is ever copied, so no install is lost in a copy, and no reader holds
something that growth has replaced: growth needs neither a lock nor a grace period.

The price is one more load in each look-up, and a bound on ids, which is the size of the directory.
"""

from __future__ import annotations

from collections.abc import Sequence

from interlock_conformance.runtime import Cells, Memory, Runtime
from list_lru import handshake, v13
from list_lru.v13 import ItemList, ListArray

SLOTS = 2
"""Slots of a segment."""


class Segment:
    """A list, or nothing yet, for each of some ids in a row."""

    def __init__(self, memory: Memory) -> None:
        self.slot: Cells[ItemList | None] = memory.cells("slot", SLOTS, None)


class Slots:
    """The slots of all segments, as if they were in one array.  A slot in a segment that is missing is empty."""

    def __init__(self, segments: Cells[Segment | None]) -> None:
        self._segments = segments

    def __len__(self) -> int:
        return len(self._segments) * SLOTS

    def __getitem__(self, index: int) -> ItemList | None:
        segment = self._segments[index // SLOTS]
        return segment.slot[index % SLOTS] if segment else None

    def __setitem__(self, index: int, value: ItemList | None) -> None:
        self._there(index).slot[index % SLOTS] = value

    def xchg(self, index: int, value: ItemList | None) -> ItemList | None:
        """As `Cells.xchg`, in a segment that is there."""
        return self._there(index).slot.xchg(index % SLOTS, value)  # equivalent: nobody here calls it

    def cmpxchg(self, index: int, expected: ItemList | None, value: ItemList | None) -> ItemList | None:
        """As `Cells.cmpxchg`, in a segment that is there."""
        return self._there(index).slot.cmpxchg(index % SLOTS, expected, value)

    def peek(self, index: int) -> ItemList | None:
        """The list at `index`, without a step: for abstraction functions and tests, never for candidates."""
        segment = self._segments.peek(index // SLOTS)
        return segment.slot.peek(index % SLOTS) if segment else None

    def _there(self, index: int) -> Segment:
        segment = self._segments[index // SLOTS]
        assert segment is not None, f"there is no segment for id {index}"
        return segment


class Directory(v13.ListArray):
    """`lru->memcg`: a segment, or nothing yet, for so many ids each."""

    def __init__(self, memory: Memory, size: int) -> None:
        self.segment: Cells[Segment | None] = memory.cells("segment", size // SLOTS, None)
        self.slot = Slots(self.segment)


class ListLrus(handshake.ListLrus):
    """`handshake`, but for what an array is."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self.arrays = runtime.heap("arrays", Directory)
        self.segments = runtime.heap("segments", Segment)

    def install(self, array: ListArray, index: int) -> bool:
        """Put a list into a slot, unless there is one; false if memory has run out."""
        return self.add_segment(array, index // SLOTS) and super().install(array, index)

    def add_segment(self, array: ListArray, part: int) -> bool:
        """See to it that the segment is there; false if memory has run out."""
        assert isinstance(array, Directory)
        if array.segment[part] is not None:  # equivalent: it saves an allocation, no more
            return True
        new = self.segments.alloc()
        if new is None:
            return False
        if array.segment.cmpxchg(part, None, new) is not None:
            self.segments.free(new)
        return True

    def segments_of(self, arrays: Sequence[object]) -> Sequence[object]:
        """The segments of some directories, without a step: for those who look for what is lost."""
        rows = [array.segment for array in arrays if isinstance(array, Directory)]
        return [there for row in rows for part in range(len(row)) if (there := row.peek(part)) is not None]

    def free_array(self, array: ListArray) -> None:
        """Free a directory that nobody can reach any more, its lists and its segments."""
        assert isinstance(array, Directory)
        segments = [array.segment[part] for part in range(len(array.segment))]
        super().free_array(array)
        for segment in segments:
            if segment is not None:
                self.segments.free(segment)
