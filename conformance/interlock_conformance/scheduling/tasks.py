"""Tasks that pass control to one another directly: what the machine runs its threads on.

There are two kinds behind one protocol.  Greenlets, here, switch in under a microsecond from inside ordinary calls;
generators would force candidates to be written with `yield`.  Threads of the operating system, in `pooled_threads`,
take a hundred times as long, and are there to check the other kind by: the same schedules have the same outcomes.

This is the only importer of greenlet, which has no types.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FrameType
from typing import Any, Protocol, Self

import greenlet  # type: ignore[import-untyped,unused-ignore]  # pyright: ignore[reportMissingTypeStubs]


class Task(Protocol):
    """Something that runs on a stack of its own until it switches to another task."""

    @property
    def switch(self) -> Callable[[], None]:
        """Continues this task; the call returns when somebody switches back to the caller."""
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


class Greenlets:
    """Greenlets that wait for something to do, as those of an execution do when it is over: the next need not make any.

    To make one takes as long as ten steps.  `home` is what a machine is given; leaving the block ends the greenlets.
    """

    def __init__(self) -> None:
        self._idle: list[GreenTask] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        while self._idle:
            self._idle.pop().end()

    def home(self) -> GreenHome:
        """The greenlet that runs now, for one execution."""
        return GreenHome(self)

    def take(self) -> GreenTask | None:
        """One that has nothing to do."""
        return self._idle.pop() if self._idle else None

    def give(self, task: GreenTask) -> None:
        """Take back one that has done its work."""
        self._idle.append(task)


class GreenTask:
    """A greenlet that runs a body; after that it ends, or waits for another where it came from."""

    __slots__ = ("_begun", "_body", "_green", "_home")

    def __init__(self, home: GreenHome, body: Callable[[], None]) -> None:
        kind: Any = greenlet.greenlet
        self._green: Any = kind(self._run)
        self.begin(home, body)

    def begin(self, home: GreenHome, body: Callable[[], None]) -> None:
        """Run `body` when next switched to, even if it is made inside another greenlet."""
        self._home, self._body, self._begun = home, body, False
        self._green.parent = home.green

    @property
    def switch(self) -> Callable[[], None]:
        """Goes on with the body: the greenlet's own, since almost each step calls it."""
        switch: Callable[[], None] = self._green.switch
        return switch

    def throw(self, error: BaseException) -> None:
        """Raise `error` where the body stands, and run it until it ends."""
        if self._begun and self._green:  # true while it has not ended
            self._green.throw(error)

    def end(self) -> None:
        """End the greenlet, which has nothing to do."""
        self._green.throw()

    def _run(self) -> None:
        while True:
            self._begun = True
            self._body()
            home, self._begun, self._body = self._home, False, _nothing
            if home.greenlets is None:
                return
            home.greenlets.give(self)
            home.switch()


class GreenHome:
    """The greenlet that runs now, whatever it is; its tasks are new ones or those of `greenlets`."""

    __slots__ = ("green", "greenlets")

    def __init__(self, greenlets: Greenlets | None = None) -> None:
        module: Any = greenlet
        self.greenlets = greenlets
        self.green: Any = module.getcurrent()

    def task(self, body: Callable[[], None]) -> GreenTask:
        """A greenlet that runs `body`; when that ends, this one goes on."""
        task = None if self.greenlets is None else self.greenlets.take()
        if task is None:
            return GreenTask(self, body)
        task.begin(self, body)
        return task

    @property
    def switch(self) -> Callable[[], None]:
        """Goes on here."""
        switch: Callable[[], None] = self.green.switch
        return switch

    def throw(self, error: BaseException) -> None:
        """Raise `error` here."""
        self.green.throw(error)

    def running(self, interrupted: FrameType | None) -> FrameType | None:
        """What has been interrupted: greenlets share a thread."""
        return interrupted

    def interrupt(self, error: type[BaseException]) -> bool:
        """Raise `error`: the handler of a signal runs on top of what it has interrupted."""
        raise error


def _nothing() -> None:
    """What a greenlet does that has nothing to do."""
