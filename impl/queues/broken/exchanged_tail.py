"""`put` without a lock: it exchanges the tail, and then links the node (Vyukov's queue of many producers).

Between the two, the list is cut.  Who has put an item in behind the cut, and come back, does not find it: `take` says
that there is nothing.  Nothing is lost, and it is good enough where a consumer is woken again; a queue it is not.
"""

from __future__ import annotations

from queues import two_lock
from queues.two_lock import Error

__all__ = ["BREAKS", "Queue"]

BREAKS = "linearizable"


class Queue(two_lock.Queue):
    """The queue with two locks, but for `put`."""

    def put(self, item: int) -> Error | None:
        """Put an item in at the end."""
        node = self.nodes.alloc(item)
        if node is None:
            return Error.ENOMEM
        self.tail.xchg(node).next.store(node)
        return None
