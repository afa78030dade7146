"""The runtime that candidate implementations are written against: a small set of typed primitives.

A candidate is made of plain functions and classes.  All memory that threads share is reached through a `Cell`, `Cells`
or `Registry`, all waiting goes through a lock or `Rcu`, and all allocation through a `Heap`; in return every primitive
can be scheduled, watched and made to fail.  State that only one thread sees may be ordinary Python.

    class Array:
        def __init__(self, memory: Memory, size: int) -> None:
            self.slot: Cells[MemcgList | None] = memory.cells("slot", size, None)

    arrays = runtime.heap("arrays", Array)
    array = arrays.alloc(4)             # None when memory runs out
    if array is not None:
        array.slot[2] = some_list       # reported if the array has been freed meanwhile

These are protocols: a candidate imports this module and nothing else, so that the same file runs on every back end.
Names matter: `heap("arrays", ...)` reports `arrays.no_use_after_free`, the name of the obligation in a specification
that says `use std.heap(Array) as arrays`.

What a block's constructor makes, a lock or a count, is part of the block, and nobody may use it when that is freed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Concatenate, ParamSpec, Protocol, TypeVar

T = TypeVar("T")
P = ParamSpec("P")

__all__ = [
    "Cell",
    "Cells",
    "Completion",
    "Heap",
    "Ids",
    "Lock",
    "Memory",
    "Rcu",
    "Refcount",
    "Registry",
    "Runtime",
    "SharedLock",
    "WorkQueue",
]


class Cell(Protocol[T]):
    """One word of shared memory; each access is one atomic step.

    `load_acquire` and `store_release` say what an access is for.  Memory of all back ends is sequentially consistent,
    so nothing is tested by leaving them out: what is right here may need a fence elsewhere.
    """

    def load(self) -> T:
        """The value now."""
        ...

    def store(self, value: T) -> None:
        """Replace the value."""
        ...

    def load_acquire(self) -> T:
        """The value now; what comes later in this thread comes after it."""
        ...

    def store_release(self, value: T) -> None:
        """Replace the value; what came earlier in this thread comes before it."""
        ...

    def xchg(self, value: T) -> T:
        """Replace the value and return the one before, in one step."""
        ...

    def cmpxchg(self, expected: T, value: T) -> T:
        """Replace the value if it is `expected`, and return what was there, in one step.

        Numbers, texts and enum members are compared by value, other objects by identity, as pointers are.
        """
        ...

    def peek(self) -> T:
        """The value, without a step: for abstraction functions and tests, never for candidates."""
        ...


class Cells(Protocol[T]):
    """A fixed number of words in a row; `cells[i]` and `cells[i] = v` are atomic steps, with bounds checked."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> T: ...

    def __setitem__(self, index: int, value: T) -> None: ...

    def xchg(self, index: int, value: T) -> T:
        """As `Cell.xchg`, at `index`."""
        ...

    def cmpxchg(self, index: int, expected: T, value: T) -> T:
        """As `Cell.cmpxchg`, at `index`."""
        ...

    def peek(self, index: int) -> T:
        """The value at `index`, without a step: for abstraction functions and tests, never for candidates."""
        ...


class Memory(Protocol):
    """A piece of memory in which cells are laid out: static, or one allocated block."""

    def cell(self, name: str, value: T) -> Cell[T]:
        """Lay out a word."""
        ...

    def cells(self, name: str, size: int, value: T) -> Cells[T]:
        """Lay out `size` words."""
        ...


class Heap(Protocol[P, T]):
    """Allocates blocks of one kind.  A freed block is poisoned and never handed out again."""

    def alloc(self, *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Make a block, or return None when memory has run out.  May sleep."""
        ...

    def free(self, block: T) -> None:
        """Give a block back; doing so twice is reported, as is every later access to its cells."""
        ...

    def peek(self) -> Sequence[T]:
        """Every block handed out so far, oldest first: for abstraction functions and tests, never for candidates."""
        ...

    def at(self, number: int) -> T | None:
        """The block of that number, None before it is handed out; for the same.

        An abstraction function that asks for one block is not computed again where another is allocated.
        """
        ...


class Lock(Protocol):
    """A lock with one holder, used in a `with` statement; taking it twice in one thread is reported."""

    def __enter__(self) -> None: ...

    def __exit__(self, *exception: object) -> None: ...


class SharedLock(Protocol):
    """A sleeping lock that readers hold together and a writer alone; no thread may take it twice."""

    def read(self) -> AbstractContextManager[None]:
        """Hold it together with other readers."""
        ...

    def write(self) -> AbstractContextManager[None]:
        """Hold it alone."""
        ...


class Refcount(Protocol):
    """A counter of references to something, which lives as long as there is one."""

    def get(self) -> None:
        """Take one more; reported where none is left."""
        ...

    def try_get(self) -> bool:
        """Take one more, unless none is left; whether it was taken."""
        ...

    def set(self, count: int) -> None:
        """Begin anew with so many; reported while there are references left."""
        ...

    def put(self) -> bool:
        """Drop one; whether it was the last.  Dropping what is not there is reported."""
        ...

    def wait_for_last(self) -> None:
        """Wait until none is left.  Sleeps."""
        ...

    def peek(self) -> int:
        """How many there are, without a step: for abstraction functions and tests, never for candidates."""
        ...


class Completion(Protocol):
    """Something that comes about once."""

    def complete(self) -> None:
        """It has come about, for all who wait and all who will."""
        ...

    def wait(self) -> None:
        """Wait until it has come about.  Sleeps."""
        ...

    def peek(self) -> bool:
        """Whether it has come about, without a step: for abstraction functions and tests, never for candidates."""
        ...


class Rcu(Protocol):
    """Read-copy-update: readers never wait; `synchronize` waits for the readers that were inside when it began."""

    def read(self) -> AbstractContextManager[None]:
        """A read-side section; may not sleep inside it."""
        ...

    def dereference(self, cell: Cell[T]) -> T:
        """Load a protected pointer; reported outside a read-side section, and where a plain `store` has published it.

        `assign`, `xchg` and `cmpxchg` publish: who finds the pointer finds what was written before.
        """
        ...

    def assign(self, cell: Cell[T], value: T) -> None:
        """Publish `value`.  The block that the cell pointed to is from now on *retired*: only old readers see it."""
        ...

    def synchronize(self) -> None:
        """Wait for a grace period.  Sleeps."""
        ...

    def call(self, callback: Callable[[], None]) -> None:
        """Run `callback` after a grace period, in another thread, where it may not sleep; does not wait.

        Callbacks of one thread run in the order of its calls, those of several in any order, as on processors.
        """
        ...

    def barrier(self) -> None:
        """Wait until all callbacks that have been left by `call` so far have run.  Sleeps."""
        ...


class WorkQueue(Protocol):
    """Work for a thread of its own, which does one thing at a time, in the order in which they came."""

    def queue(self, work: Callable[[], None]) -> None:
        """Leave something to do; does not wait.  The work may sleep."""
        ...

    def flush(self) -> None:
        """Wait until all that has been queued so far is done.  Sleeps."""
        ...


class Ids(Protocol):
    """Hands out small numbers, the lowest free one first, so that reuse happens early."""

    def take(self) -> int:
        """The lowest free number, now taken."""
        ...

    def give(self, number: int) -> None:
        """Free a number; reported if it was not taken."""
        ...


class Registry(Protocol[T]):
    """A linked list of objects.  A walk is not atomic: it is one step for each element that it comes to.

    An element added behind the walk's position is met, one removed before the walk reaches it is not.
    """

    def add(self, item: T) -> None:
        """Append an element; reported if it is in already."""
        ...

    def remove(self, item: T) -> None:
        """Take an element out; reported if it is not in."""
        ...

    def __contains__(self, item: object) -> bool: ...

    def __iter__(self) -> Iterator[T]: ...

    def peek(self) -> tuple[T, ...]:
        """The elements, without a step: for abstraction functions and tests, never for candidates."""
        ...


class Runtime(Protocol):
    """Makes the primitives.  All are made during set-up or inside a block's constructor."""

    def memory(self, name: str) -> Memory:
        """Static memory for an object of that name."""
        ...

    def heap(self, name: str, make: Callable[Concatenate[Memory, P], T]) -> Heap[P, T]:
        """A heap whose blocks are built by `make(memory, ...)`."""
        ...

    def mutex(self, name: str) -> Lock:
        """A sleeping lock."""
        ...

    def spinlock(self, name: str) -> Lock:
        """A lock whose holder may not sleep."""
        ...

    def rcu(self, name: str) -> Rcu:
        """A read-copy-update domain."""
        ...

    def srcu(self, name: str) -> Rcu:
        """A domain whose readers may sleep."""
        ...

    def rwsem(self, name: str) -> SharedLock:
        """A sleeping lock that readers share."""
        ...

    def refcount(self, name: str, count: int = 1) -> Refcount:
        """A counter of references, `count` of which are there at the start."""
        ...

    def completion(self, name: str) -> Completion:
        """Something that has not come about yet."""
        ...

    def workqueue(self, name: str) -> WorkQueue:
        """A queue of work with one worker."""
        ...

    def fence(self) -> None:
        """What comes before it in this thread is seen by others before what comes after; no step.

        Memory of the deterministic back end is sequentially consistent, so nothing is tested by leaving one out.
        """
        ...

    def relax(self) -> None:
        """Called in each round of a loop that looks at memory until somebody else changes it.

        Says that what was read since the last call alone decides whether the loop goes on, so it may wait until that is
        touched.  A loop that gives up after some rounds must not call it.
        """
        ...

    def ids(self, name: str) -> Ids:
        """An allocator of numbers."""
        ...

    def registry(self, name: str, kind: type[T], lock: Lock | None = None) -> Registry[T]:
        """An empty linked list of objects of that class; if a lock is given, changing the list without it is reported.

        Without one, elements may be added and removed by several threads at a time, as in a lock-free list.
        """
        ...
