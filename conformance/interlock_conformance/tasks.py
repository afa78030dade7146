"""Tasks that pass control to one another directly: what the machine runs its threads on.

There are two kinds behind one protocol.  Greenlets, here, switch in under a microsecond from inside ordinary calls;
generators would force candidates to be written with `yield`.  Threads of the operating system, in `pooled_threads`,
take a hundred times as long, and are there to check the other kind by: the same schedules have the same outcomes.

This is the only importer of greenlet, which has no types.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FrameType
from typing import Any, Protocol

import greenlet  # type: ignore[import-untyped,unused-ignore]  # pyright: ignore[reportMissingTypeStubs]


class Task(Protocol):
    """Something that runs on a stack of its own until it switches to another task."""

    def switch(self) -> None:
        """Continue this task; returns when somebody switches back to the caller."""
        ...

    def throw(self, error: BaseException) -> None:
        """Raise `error` where the task stands, and run it until it ends; nothing if it has not begun or has ended."""
        ...


class Home(Task, Protocol):
    """The caller's own stack, as something to switch back to; tasks that it begins end there."""

    def task(self, body: Callable[[], None]) -> Task:
        """A task that runs `body` from when it is first switched to; when that ends, home goes on."""
        ...

    def running(self, interrupted: FrameType | None) -> FrameType | None:
        """What the running task is doing, asked by a signal handler that has interrupted this."""
        ...

    def interrupt(self, error: type[BaseException]) -> bool:
        """Raise `error` in the running task, from a signal handler.

        True if the task has been told so; false if that was in vain too often, and it is left behind: then the caller,
        who runs on the stack of home, raises.
        """
        ...


class GreenTask:
    """A greenlet."""

    __slots__ = ("_task",)

    def __init__(self, task: Any) -> None:  # noqa: ANN401 -- a greenlet has no type
        self._task: Any = task

    def switch(self) -> None:
        """Continue this task; returns when somebody switches back to the caller."""
        self._task.switch()

    def throw(self, error: BaseException) -> None:
        """Raise `error` where the task stands, and run it until it ends."""
        if self._task:  # true while it has begun and not ended
            self._task.throw(error)


class GreenHome(GreenTask):
    """The greenlet that runs now, whatever it is."""

    __slots__ = ()

    def __init__(self) -> None:
        module: Any = greenlet
        super().__init__(module.getcurrent())

    def task(self, body: Callable[[], None]) -> GreenTask:
        """A greenlet that runs `body` and ends here, even if it is made inside another."""
        kind: Any = greenlet.greenlet
        return GreenTask(kind(body, self._task))

    def running(self, interrupted: FrameType | None) -> FrameType | None:
        """What has been interrupted: greenlets share a thread."""
        return interrupted

    def interrupt(self, error: type[BaseException]) -> bool:
        """Raise `error`: the handler of a signal runs on top of what it has interrupted."""
        raise error
