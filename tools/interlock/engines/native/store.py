"""The memory of a search: states, predecessors, levels and the table, within a budget.

The arrays only grow and the table can be made again from the states, so what has to be kept of a search is the arrays
and a few numbers.

Arrays that are files are memory too while they are mapped.  They are read from one end to the other, so their pages are
given back to the system whenever the process holds more than its budget.
"""

from __future__ import annotations

import ctypes
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import mkstemp

from interlock.engines.native.checkpoint import PREDECESSORS, STATES, make_folder
from interlock.engines.native.jit import Library
from interlock.engines.native.kernel import BATCH, MOST_STATES, Shared
from interlock.engines.native.memory import WORD, OutOfMemory, Words, available, disk_left, format_size, resident

FIRST_SLOTS = 1 << 16
"""Slots of the first table, which fits the processor's own memory."""

_LOAD = 0.7
_CROWDED = 0.85
_SMALL = 1 << 22
_FLOOR = 1 << 27
_PREDECESSOR = 4
_PIECE = 1 << 22
"""States that are put into a table before it is seen what memory that takes."""


class Store:
    """What a search has found, in memory that machine code reads and writes.

    With `spill` what does not fit into memory is in files of that folder, which have no names, so that they are gone
    with the process.  With `kept` the states and predecessors are files of that folder that stay, and the first
    `known` of them are there already.
    """

    def __init__(
        self,
        library: Library,
        words: int,
        *,
        keyed: bool,
        threads: int,
        budget: int,
        slots: int,
        spill: Path | None = None,
        kept: Path | None = None,
        known: int = 0,
    ) -> None:
        self.words = words
        self.threads = threads
        self.budget = budget
        self.spill = spill
        self.folder = folder = kept or spill
        self._load = _LOAD
        self._base = resident()
        if spill is not None:
            make_folder(spill)
        self._slack = threads * BATCH
        self._per_state = words * WORD + _PREDECESSOR
        room = budget if folder is None else known * self._per_state + disk_left(folder)
        self.capacity = min(MOST_STATES, max(room // self._per_state, 4 * self._slack) + 2 * self._slack)
        self.shared = Words(Shared.SIZE * WORD)
        self.levels = Words((self.capacity + 2) * WORD)
        if kept is not None and not known:
            (kept / STATES).unlink(missing_ok=True)
            (kept / PREDECESSORS).unlink(missing_ok=True)
        self.states = self._array(kept and kept / STATES, self.capacity * words * WORD)
        self.predecessors = self._array(kept and kept / PREDECESSORS, self.capacity * _PREDECESSOR)
        self.slots = max(slots, 1 << (4 * self._slack).bit_length())
        self.table = Words(max(self.slots, 1 << (budget // WORD).bit_length() - 1) * WORD)
        self.head = self.shared.words()
        self._levels = self.levels.words()
        self._states = self.states.words()
        self._predecessors = self.predecessors.shorts()
        self.head[Shared.STATES] = self.states.address
        self.head[Shared.PREDECESSORS] = self.predecessors.address
        self.head[Shared.LEVELS] = self.levels.address
        pointer, number = ctypes.c_void_p, ctypes.c_int64
        self._rebuild = library.function("rebuild", None, [pointer, number, number])
        self._grow = library.function("grow", number, [pointer, number]) if keyed else None
        self._point_to_table()
        self.most = self.capacity
        self.set_limit()

    def _array(self, path: Path | None, size: int) -> Words:
        return Words(size, path) if path is not None or self.spill is None else _spilled(self.spill, size)

    def restore(self, count: int) -> None:
        """Take that many states for found, and fill the table with them."""
        try:
            while count + 2 * self._slack > int(self.slots * self._load):
                self._grow_table()
        except OutOfMemory as error:
            why = f"a table for the {count} states of the checkpoint does not fit in {format_size(self.budget)}"
            raise OutOfMemory(f"{why}; give --spill DIR or more --memory") from error
        self.head[Shared.COUNT] = count
        self._fill()
        self.set_limit()

    def written(self) -> tuple[memoryview, memoryview]:
        """The bytes of states and predecessors, all of which are on disk now if they are files."""
        self.states.flush()
        self.predecessors.flush()
        return self._states.cast("B"), self._predecessors.cast("B")

    # What there is

    @property
    def count(self) -> int:
        """The number of states."""
        return self.head[Shared.COUNT]

    @property
    def level(self) -> int:
        """The level that is being expanded."""
        return self.head[Shared.LEVEL]

    def start(self, level: int) -> int:
        """The index of a level's first state."""
        return self._levels[level]

    def set_start(self, level: int, index: int) -> None:
        """Set the index of a level's first state."""
        self._levels[level] = index

    def state(self, index: int) -> tuple[int, ...]:
        """The words of a state."""
        return tuple(self._states[index * self.words : (index + 1) * self.words])

    def predecessor(self, index: int) -> int:
        """The index of the state from which a state was found first, or ROOT."""
        return self._predecessors[index]

    @property
    def used(self) -> int:
        """Bytes of memory that the search uses now."""
        arrays = 0 if self.folder is not None else self.count * self._per_state
        return arrays + (self.slots * WORD if self.table.path is None else 0) + self.level * WORD

    # Room

    def set_limit(self) -> None:
        """Tell the machine code how many states there may be before it has to ask."""
        limit = min(int(self.slots * self._load), self.most + self._slack, self.capacity - self._slack)
        if self.folder is None:
            arrays = self.budget - (self.slots * WORD if self.table.path is None else 0)
            limit = min(limit, max(arrays, 0) // self._per_state)
        else:
            limit = min(
                limit,
                self.states.ensured // (self.words * WORD) - self._slack,
                self.predecessors.ensured // _PREDECESSOR - self._slack,
            )
        self.head[Shared.LIMIT] = max(limit, 0)

    @property
    def tight(self) -> bool:
        """Whether a batch for every thread does not fit."""
        return self.count + self._slack > self.head[Shared.LIMIT]

    def make_room(self) -> None:
        """Grow what is too small, or say what is exhausted; there may be no gaps between the states."""
        if self.folder is not None:
            self._make_room_on_disk()
        if self.count + 2 * self._slack > int(self.slots * self._load):
            self._grow_table()
        self.set_limit()
        if self.tight:
            if self.capacity == MOST_STATES:
                raise OutOfMemory(f"there are more than {MOST_STATES} states")
            raise OutOfMemory(f"{format_size(self.budget)} of memory are used up")

    def check(self) -> None:
        """Keep to the budget, and say so if the system itself is about to run out of memory, whatever the budget."""
        self._drop_pages()
        if available() < _FLOOR:
            raise OutOfMemory(f"the system has less than {format_size(_FLOOR)} of memory left")

    def _drop_pages(self, more: int = 0) -> None:
        """Give pages of files back if the budget does not allow for them, and for more bytes than there are now."""
        if self.folder is not None and resident() - self._base + more > self.budget:
            for array in (self.states, self.predecessors, self.table):
                array.drop()

    def _make_room_on_disk(self) -> None:
        wanted = min(self.capacity, self.count + 2 * self._slack + max(1 << 16, self.count // 4))
        self.states.ensure(wanted * self.words * WORD)
        self.predecessors.ensure(wanted * _PREDECESSOR)

    def _grow_table(self) -> None:
        """Make the table larger, or use it to a higher degree if that leaves room for more states."""
        small = self.slots < _SMALL and self.slots * 32 * WORD < self.budget
        slots = self.slots * (4 if small else 2)
        table = self.slots * WORD if self.table.path is None else 0
        memory = min(self.budget, self.used + available() - _FLOOR) - self.level * WORD
        if self.folder is not None:
            fits = slots * WORD <= memory
        else:
            fits = (memory - slots * WORD) // self._per_state > int(self.slots * _CROWDED)
        if self.table.path is None and fits and slots * WORD <= self.table.size:
            self._spread(slots)
        elif self._load < _CROWDED:
            self._load = _CROWDED
        elif self.spill is not None:
            self._move_table(slots, self.spill)
        else:
            raise OutOfMemory(
                f"{self.count} states are found, and a larger table does not fit in {format_size(memory)}"
                f" beside the {format_size(table)} of this one"
            )

    def _spread(self, slots: int) -> None:
        """Use more of the table's memory, which has been reserved for it."""
        old, self.slots, self._load = self.slots, slots, _LOAD
        self._drop_pages((slots - old) * WORD)
        self._point_to_table()
        if self._grow is None or not self._grow(self.shared.address, old):
            ctypes.memset(self.table.address, 0, slots * WORD)
            self._fill()

    def _move_table(self, slots: int, folder: Path) -> None:
        """Put the table into a file: slow, but there is no end to it before the disk's."""
        table = _spilled(folder, slots * WORD)
        table.ensure(slots * WORD)
        self.table.release()
        self.table, self.slots, self._load = table, slots, _LOAD
        self._point_to_table()
        self._fill()

    def _fill(self) -> None:
        """Insert all states into the table, each thread a part of them."""
        shared = [self.shared.address] * self.threads
        with ThreadPoolExecutor(self.threads) as pool:
            for first in range(0, self.count, _PIECE):
                size = min(_PIECE, self.count - first)
                bounds = [first + size * n // self.threads for n in range(self.threads + 1)]
                list(pool.map(self._rebuild, shared, bounds, bounds[1:]))
                self._drop_pages()

    def _point_to_table(self) -> None:
        self.head[Shared.TABLE] = self.table.address
        self.head[Shared.SHIFT] = 64 - (self.slots.bit_length() - 1)

    def release(self) -> None:
        """Give all memory back."""
        count = self.count
        for view in (self.head, self._levels, self._states, self._predecessors):
            view.release()
        self.states.release(count * self.words * WORD)
        self.predecessors.release(count * _PREDECESSOR)
        for array in (self.shared, self.levels, self.table):
            array.release()


def _spilled(folder: Path, size: int) -> Words:
    """An array in a file without a name, which is gone once nobody has it open, however that comes."""
    descriptor, name = mkstemp(prefix="interlock-", dir=folder)
    os.close(descriptor)
    try:
        return Words(size, Path(name))
    finally:
        Path(name).unlink()
