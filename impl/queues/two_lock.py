"""A queue with a lock at each end (Michael and Scott, 1996): who puts and who takes never wait for one another.

The list always has a node more than items: `head` is the node that was taken last, and what it links to is the next.
So an empty queue has no special case in `put`, and the two ends meet in one word only, the link of the last node.
"""

from __future__ import annotations

from enum import Enum

from interlock_conformance.runtime import Cell, Memory, Runtime


class Error(Enum):
    """Why an operation failed."""

    ENOMEM = "out of memory"


class Node:
    """An item, and what was put in after it."""

    def __init__(self, memory: Memory, item: int | None) -> None:
        self.item: Cell[int | None] = memory.cell("item", item)
        self.next: Cell[Node | None] = memory.cell("next", None)


class Queue:
    """A queue of items, without a bound."""

    def __init__(self, runtime: Runtime) -> None:
        self.nodes = runtime.heap("nodes", Node)
        self.put_lock = runtime.mutex("put_lock")
        self.take_lock = runtime.mutex("take_lock")
        memory = runtime.memory("queue")
        first = self.nodes.alloc(None)
        assert first is not None
        self.head: Cell[Node] = memory.cell("head", first)
        self.tail: Cell[Node] = memory.cell("tail", first)

    def put(self, item: int) -> Error | None:
        """Put an item in at the end."""
        node = self.nodes.alloc(item)
        if node is None:
            return Error.ENOMEM
        with self.put_lock:
            self.tail.load().next.store(node)
            self.tail.store(node)
        return None

    def take(self) -> int | None:
        """Take the first item out, if there is one."""
        with self.take_lock:
            taken = self.head.load()
            first = taken.next.load()
            if first is None:
                return None
            item = first.item.load()  # equivalent: whoever frees it must take the lock first
            self.head.store(first)
        self.nodes.free(taken)
        return item
