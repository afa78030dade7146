"""Tasks that pass control to one another directly: the only importer of greenlet, which has no types.

Threads of the operating system would need a lock hand-off of some ten microseconds for each step, and generators would
force candidates to be written with `yield`.  A greenlet switches in under a microsecond from inside ordinary calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import greenlet  # type: ignore[import-untyped,unused-ignore]  # pyright: ignore[reportMissingTypeStubs]


class Task:
    """A function that runs on a stack of its own until it switches to another task."""

    __slots__ = ("_task",)

    def __init__(self, body: Callable[[], None]) -> None:
        kind: Any = greenlet.greenlet
        self._task: Any = kind(body)

    def switch(self) -> None:
        """Continue this task; returns when somebody switches back to the caller."""
        self._task.switch()

    def throw(self, error: BaseException) -> None:
        """Raise `error` where the task stands (or at its start), and run it until it ends."""
        self._task.throw(error)

    @property
    def ended(self) -> bool:
        """Whether the body has returned or raised."""
        return bool(self._task.dead)


class MainTask:
    """The caller's own stack, as something to switch back to."""

    __slots__ = ("_task",)

    def __init__(self) -> None:
        module: Any = greenlet
        self._task: Any = module.getcurrent()

    def switch(self) -> None:
        """Continue the caller."""
        self._task.switch()
