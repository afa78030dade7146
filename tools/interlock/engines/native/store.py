"""The memory of a search: states, predecessors, levels and the table, within a budget.

The arrays only grow and the table can be made again from the states, so what has to be kept of a search is the arrays
and a few numbers.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from interlock.engines.native.jit import Library
from interlock.engines.native.kernel import BATCH, MOST_STATES, Shared
from interlock.engines.native.memory import WORD, OutOfMemory, Words, available, format_size

FIRST_SLOTS = 1 << 16
"""Slots of the first table, which fits the processor's own memory."""

_LOAD = 0.6
_CROWDED = 0.85
_SMALL = 1 << 22
_FLOOR = 1 << 27
_PREDECESSOR = 4


class Store:
    """What a search has found, in memory that machine code reads and writes."""

    def __init__(
        self, library: Library, words: int, *, keyed: bool, threads: int, budget: int, spill: Path | None, slots: int
    ) -> None:
        self.words = words
        self.threads = threads
        self.budget = budget
        self.spill = spill
        self._keyed = keyed
        self._load = _LOAD
        self._slack = threads * BATCH
        self._per_state = words * WORD + _PREDECESSOR
        room = budget if spill is None else _disk(spill)
        self.capacity = min(MOST_STATES, max(room // self._per_state, 4 * self._slack) + 2 * self._slack)
        self.shared = Words(Shared.SIZE * WORD)
        self.levels = Words((self.capacity + 2) * WORD)
        self.states = self._array("states", self.capacity * words * WORD)
        self.predecessors = self._array("predecessors", self.capacity * _PREDECESSOR)
        self.slots = max(slots, 1 << (4 * self._slack).bit_length())
        self.table = Words(self.slots * WORD)
        self.head = self.shared.words()
        self._levels = self.levels.words()
        self._states = self.states.words()
        self._predecessors = self.predecessors.shorts()
        self.head[Shared.STATES] = self.states.address
        self.head[Shared.PREDECESSORS] = self.predecessors.address
        self.head[Shared.LEVELS] = self.levels.address
        pointer, number = ctypes.c_void_p, ctypes.c_int64
        self._rebuild = library.function("rebuild", None, [pointer, number, number])
        self._rehash = library.function("rehash", None, [pointer, pointer, number, number]) if keyed else None
        self._point_to_table()
        self.most = self.capacity
        self.set_limit()

    def _array(self, name: str, size: int) -> Words:
        return Words(size, None if self.spill is None else self.spill / name)

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
        arrays = 0 if self.spill is not None else self.count * self._per_state
        return arrays + (self.slots * WORD if self.table.path is None else 0) + self.level * WORD

    # Room

    def set_limit(self) -> None:
        """Tell the machine code how many states there may be before it has to ask."""
        limit = min(int(self.slots * self._load), self.most + self._slack, self.capacity - self._slack)
        if self.spill is None:
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
        """Grow what is too small, or say what is exhausted."""
        if self.spill is not None:
            self._make_room_on_disk()
        if self.count + self._slack > int(self.slots * self._load):
            self._grow_table()
        self.set_limit()
        if self.tight:
            if self.capacity == MOST_STATES:
                raise OutOfMemory(f"there are more than {MOST_STATES} states")
            raise OutOfMemory(f"{format_size(self.budget)} of memory are used up")

    def check(self) -> None:
        """Say so if the system itself is about to run out of memory, whatever the budget."""
        if available() < _FLOOR:
            raise OutOfMemory(f"the system has less than {format_size(_FLOOR)} of memory left")

    def _make_room_on_disk(self) -> None:
        wanted = min(self.capacity, self.count + 2 * self._slack + max(1 << 16, self.count // 4))
        self.states.ensure(wanted * self.words * WORD)
        self.predecessors.ensure(wanted * _PREDECESSOR)

    def _grow_table(self) -> None:
        """Put a larger table in the place of this one, in the way that the budget allows."""
        slots = self.slots * (4 if self.slots < _SMALL else 2)
        rest = self.used - (self.slots * WORD if self.table.path is None else 0)
        margin = self.count * self._per_state // 4 if self.spill is None else 0
        room = min(self.budget, self.used + available() - _FLOOR) - rest - margin
        if room >= (slots + self.slots) * WORD:
            self._replace(Words(slots * WORD), slots, keep=True)
        elif room >= slots * WORD:
            self.table.release()
            self._replace(Words(slots * WORD), slots, keep=False)
        elif self._load < _CROWDED:
            self._load = _CROWDED
        elif self.spill is not None:
            path = self.spill / f"table{slots.bit_length()}"
            path.unlink(missing_ok=True)
            table = Words(slots * WORD, path)
            table.ensure(slots * WORD)
            self._replace(table, slots, keep=True)
        else:
            raise OutOfMemory(
                f"{self.count} states are found, and a larger table does not fit in {format_size(self.budget)}"
            )

    def _replace(self, table: Words, slots: int, *, keep: bool) -> None:
        """Fill a table with the states and use it; the old one is read and released if it has been kept."""
        old, old_slots = self.table, self.slots
        self.table, self.slots, self._load = table, slots, _LOAD
        self._point_to_table()
        shared, rehash, rebuild = self.shared.address, self._rehash, self._rebuild
        if keep and rehash is not None:
            self._in_parts(old_slots, lambda first, last: rehash(shared, old.address, first, last))
        else:
            self._in_parts(self.count, lambda first, last: rebuild(shared, first, last))
        if keep:
            old.release()
            if old.path is not None:
                old.path.unlink()

    def _in_parts(self, total: int, work: Callable[[int, int], object]) -> None:
        """Do work on a range, each thread on its part."""
        if self.threads == 1 or total < 1 << 18:
            work(0, total)
            return
        bounds = [total * n // self.threads for n in range(self.threads + 1)]
        with ThreadPoolExecutor(self.threads) as pool:
            list(pool.map(work, bounds, bounds[1:]))

    def _point_to_table(self) -> None:
        self.head[Shared.TABLE] = self.table.address
        self.head[Shared.SHIFT] = 64 - (self.slots.bit_length() - 1)

    def release(self) -> None:
        """Give all memory back."""
        for view in (self.head, self._levels, self._states, self._predecessors):
            view.release()
        for array in (self.shared, self.levels, self.states, self.predecessors, self.table):
            array.release()


def _disk(folder: Path) -> int:
    """Bytes that files in a folder may take."""
    folder.mkdir(parents=True, exist_ok=True)
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize * 9 // 10
