"""What the search asks of the code that it calls, and how the memory that both use is laid out.

Machine code sees words at numbers; this module gives the numbers their names.  A `Generator` is all that the search
knows about a model: it writes functions that enumerate successors and judge states into the search's own module, so
that the compiler makes one piece of machine code of both.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from llvmlite import ir

BATCH = 64
"""Successors that are collected before the table is probed: enough for their cache lines to have arrived."""

RECENT = 1 << 14
"""Words that a thread keeps of states it has met of late: what the processor holds close, beside all else."""

ROOT = 2**32 - 1
"""The predecessor of an initial state."""

MOST_STATES = 2**32 - 2
"""States that a 32-bit index can tell apart."""

MASK_BITS = 64
"""Properties in one word of a mask."""


class Generator(Protocol):
    """A model as the search sees it: it writes the model's functions in LLVM's language.

    `env` is the thread's memory.  A function may set the word `Env.ERROR` to a number of its own when the model cannot
    be continued; the search stops and reports the number.  It may read the words behind the pointer `Env.OPEN`: the
    mask of the properties that are still open (then, behind them, of the step properties), to leave out the others.
    """

    @property
    def words(self) -> int:
        """Words of a state."""
        ...

    @property
    def transitions(self) -> int:
        """Number of transitions: steps are counted for each."""
        ...

    @property
    def properties(self) -> int:
        """Number of properties of states: bit i % 64 of word i // 64 of a mask."""
        ...

    @property
    def step_properties(self) -> int:
        """Number of properties of steps, in masks of their own."""
        ...

    def successors(self, module: ir.Module, emit: ir.Function) -> ir.Function:
        """Define `void successors(ptr env, ptr state)`.

        It calls `void emit(ptr env, ptr after, i64 transition)` for every step, also for those that change nothing.
        `emit` copies what it needs, so that the memory behind `after` can be used again.
        """
        ...

    def judge(self, module: ir.Module) -> ir.Function | None:
        """Define `void judge(ptr env, ptr state, ptr mask)`: sets the bits of violated properties in a zeroed mask."""
        ...

    def judge_step(self, module: ir.Module) -> ir.Function | None:
        """Define `void judge_step(ptr env, ptr before, ptr after, i64 transition, ptr mask)`; called if they differ."""
        ...

    def stuck(self, module: ir.Module) -> ir.Function | None:
        """Define `i1 stuck(ptr env, ptr state)`: whether a state that no step changes is a deadlock."""
        ...

    def representative(self, module: ir.Module) -> ir.Function | None:
        """Define `void representative(ptr env, ptr state)`: puts the state that stands for its kind in its place."""
        ...


class Status(IntEnum):
    """Why machine code has returned to Python."""

    LEVEL = 0
    """No state of the level is left to this thread."""
    FULL = 1
    """There may be no room for another batch of states, in the table or in the store."""
    SLICE = 2
    """As many states as were asked for have been expanded."""
    STOP = 3
    """All that was looked for has been found."""
    ERROR = 4
    """The model's own code has reported an error."""


class Shared(IntEnum):
    """Words that all threads use, by index; those that are written often have a cache line of their own."""

    STATES = 0
    """Address of the states, in the order in which they were found: the queue of the search too."""
    PREDECESSORS = 1
    """Address of the 32-bit indices of predecessors."""
    TABLE = 2
    """Address of the table's slots."""
    SHIFT = 3
    """64 minus the logarithm of the number of slots: the highest bits of a hash are the slot."""
    LEVELS = 4
    """Address of the levels' first indices; one more than there are levels."""
    LEVEL = 5
    """The index of the level that is being expanded."""
    LAST = 6
    """The end of that level: the index of the first state behind it."""
    DEEPEST = 7
    """The last level that may be expanded."""
    LIMIT = 8
    """The number of states for which there is room."""
    SLICE = 9
    """States that a call expands at most."""
    ALONE = 10
    """Size up to which a level is expanded without asking: 0 if other threads run too."""
    CHUNK = 11
    """States that a thread takes from the level at a time."""
    NEWS = 12
    """Whether a violation has been found: the next level waits."""
    STOP = 13
    """Whether to stop at once."""
    CURSOR = 16
    """The first state of the level that no thread has taken."""
    COUNT = 24
    """The number of states."""
    SIZE = 32
    """Words in all."""


class Env(IntEnum):
    """Words of one thread, by index; `Layout` says what follows them."""

    ERROR = 0
    """Set by the model's code: the search stops."""
    OPEN = 1
    """Address of the mask of open properties, followed by that of open step properties."""
    SHARED = 2
    """Address of the shared words."""
    SOURCE = 3
    """Index of the state that is being expanded."""
    BEFORE = 4
    """Address of that state."""
    MOVES = 5
    """Whether a step has changed it."""
    ORDINAL = 6
    """Steps of it that have been taken note of."""
    SKIP = 7
    """Steps of it that had been taken note of when there was no room for more."""
    REFUSED = 8
    """Whether there was no room for all its steps."""
    RESUME = 9
    """Whether it has to be expanded again, from step SKIP on."""
    FILL = 10
    """Successors in the batch."""
    NEXT = 11
    """The next state of the thread's chunk."""
    END = 12
    """The end of the chunk."""
    SPARE = 13
    """The next index that this thread may give to a new state."""
    SPARE_END = 14
    """The end of the indices that it has reserved."""
    REMAINING = 15
    """Violations to be found before all threads stop."""
    CULPRIT = 16
    """Index of the state at which ERROR was set."""
    NOTE = 17
    """For the model's own code: what it knows about the step that it tells `emit` of."""
    SIZE = 24
    """Words before those that `Layout` places."""


@dataclass(frozen=True)
class Layout:
    """Where a thread's variable part is: masks, what it found, its tallies and its batch."""

    words: int
    transitions: int
    properties: int
    step_properties: int

    @classmethod
    def of(cls, generator: Generator) -> Layout:
        """The layout for a model."""
        return cls(generator.words, generator.transitions, generator.properties, generator.step_properties)

    @property
    def deadlock(self) -> int:
        """The number of the property that no state is stuck; it comes behind the model's own."""
        return self.properties

    @property
    def mask_words(self) -> int:
        """Words of a mask of properties, deadlock included."""
        return self.properties // MASK_BITS + 1

    @property
    def step_mask_words(self) -> int:
        """Words of a mask of step properties."""
        return self.step_properties // MASK_BITS + 1

    @property
    def open(self) -> int:
        """Mask of open properties."""
        return Env.SIZE

    @property
    def step_open(self) -> int:
        """Mask of open step properties."""
        return self.open + self.mask_words

    @property
    def found(self) -> int:
        """For each property 1 + the index of a state that violates it; 0 if there is none."""
        return self.step_open + self.step_mask_words

    @property
    def step_found(self) -> int:
        """For each step property 1 + the index of the state before a step that violates it; 0 if there is none."""
        return self.found + self.properties + 1

    @property
    def step_after(self) -> int:
        """For each step property the state after that step."""
        return self.step_found + self.step_properties

    @property
    def taken(self) -> int:
        """For each transition the number of its steps."""
        return self.step_after + self.step_properties * self.words

    @property
    def batch(self) -> int:
        """The states of the batch."""
        return (self.taken + self.transitions + 7) // 8 * 8

    @property
    def hashes(self) -> int:
        """Their hashes."""
        return self.batch + BATCH * self.words

    @property
    def origins(self) -> int:
        """The indices of their predecessors."""
        return self.hashes + BATCH

    @property
    def recent(self) -> int:
        """States that were put into a batch of late, each at a place that its hash tells; all zeros where none is."""
        return (self.origins + BATCH + 7) // 8 * 8

    @property
    def recent_places(self) -> int:
        """How many of them there are: a power of two."""
        return 1 << max(0, (RECENT // self.words).bit_length() - 1)

    @property
    def size(self) -> int:
        """Words in all."""
        return self.recent + self.recent_places * self.words
