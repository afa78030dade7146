"""Tasks as threads of the operating system that pass a baton: a thread runs only while it holds the baton.

This is the second implementation of `tasks`, and shares nothing with greenlets, so a difference between the two is a
mistake in one of them: `tests/conformance/test_backends.py` runs the same schedules on both.  A switch takes two locks
of the operating system, some ten microseconds; threads are kept for the next execution, since to begin one takes more.

A thread that does not end when it is told to cannot be stopped.  It is left behind, which the report says; it is a
daemon, so the process ends without it.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from threading import Lock, Thread
from types import FrameType
from typing import Self

_CHANCES = 3
"""How often a thread is told to end before it is left behind."""


class Pool:
    """Threads that wait for something to do.  `home` is what a machine is given; leaving the block ends the threads."""

    def __init__(self) -> None:
        self._idle: list[_Worker] = []
        self._made = 0
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._closed = True
        while self._idle:
            self._idle.pop().end()

    def home(self) -> ThreadHome:
        """The calling thread, holding the baton of one execution."""
        return ThreadHome(self)

    def take(self) -> _Worker:
        """A thread that has nothing to do."""
        if self._idle:
            return self._idle.pop()
        self._made += 1
        return _Worker(f"interlock-{self._made}")

    def give(self, worker: _Worker) -> None:
        """Take back a thread that has done its work."""
        if self._closed:
            worker.end_soon()
        else:
            self._idle.append(worker)


class PoolThread(Thread):
    """A thread of a pool, to be told from others."""


class _Worker:
    """A thread that runs one body after the other."""

    def __init__(self, name: str) -> None:
        self._wake = _taken()
        self._body: Callable[[], None] | None = None
        self.thread = PoolThread(target=self._loop, name=name, daemon=True)
        self.thread.start()

    def run(self, body: Callable[[], None]) -> None:
        """Begin a body in this thread."""
        self._body = body
        self._wake.release()

    def end(self) -> None:
        """End the thread, which has nothing to do."""
        self.end_soon()
        self.thread.join()

    def end_soon(self) -> None:
        """Let the body that runs now be the last."""
        self._body = None
        self._wake.release()

    def _loop(self) -> None:
        while True:
            self._wake.acquire()
            if self._body is None:
                return
            self._body()


class _Stand:
    """Somebody who waits for the baton."""

    def __init__(self) -> None:
        self.turn = _taken()
        self.error: BaseException | None = None

    def wait(self) -> None:
        """Wait for the baton; raises what comes with it."""
        self.turn.acquire()
        error, self.error = self.error, None
        if error is not None:
            raise error


class ThreadHome(_Stand):
    """The thread that runs a machine; it knows who holds the baton."""

    def __init__(self, pool: Pool) -> None:
        super().__init__()
        self.pool = pool
        self.holder: _Stand = self
        self._told = 0

    def task(self, body: Callable[[], None]) -> ThreadTask:
        """A task that runs `body` in a thread of the pool, from when it first gets the baton."""
        return ThreadTask(self, body)

    def switch(self) -> None:
        """Pass the baton back to this thread."""
        before, self.holder = self.holder, self
        self.turn.release()
        before.wait()

    def throw(self, error: BaseException) -> None:
        """Raise `error` in this thread, which then holds the baton."""
        self.error = error
        self.switch()

    def running(self, interrupted: FrameType | None) -> FrameType | None:
        """What the thread that holds the baton is doing."""
        match self.holder:
            case ThreadTask(ident=int(ident)):
                return sys._current_frames().get(ident)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] -- public in all but name
            case _:
                return interrupted

    def interrupt(self, error: type[BaseException]) -> bool:
        """Raise `error` in the thread that holds the baton as soon as it runs Python; false to leave it behind."""
        holder = self.holder
        if not isinstance(holder, ThreadTask) or holder.ident is None:
            raise error
        self._told += 1
        if self._told > _CHANCES:
            holder.ended = True
            self.holder = self
            return False
        holder.spoilt = True
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(holder.ident), ctypes.py_object(error))
        return True


class ThreadTask(_Stand):
    """A body, and the thread of the pool that runs it once it has begun."""

    def __init__(self, home: ThreadHome, body: Callable[[], None]) -> None:
        super().__init__()
        self._home, self._body = home, body
        self._worker: _Worker | None = None
        self.ended = False
        """Whether the body has returned or raised, or nobody waits for it any more."""
        self.spoilt = False
        """Whether an exception may still arrive in its thread, which is then not used again."""

    @property
    def ident(self) -> int | None:
        """The number of its thread while it has one."""
        return None if self._worker is None else self._worker.thread.ident

    def switch(self) -> None:
        """Pass the baton to this task; returns when somebody passes it back."""
        home = self._home
        before, home.holder = home.holder, self
        if self._worker is None:
            self._worker = home.pool.take()
            self._worker.run(self._run)
        else:
            self.turn.release()
        before.wait()

    def throw(self, error: BaseException) -> None:
        """Raise `error` where the task waits, and run it until it ends."""
        if self._worker is not None and not self.ended:
            self.error = error
            self.switch()

    def _run(self) -> None:
        home, worker = self._home, self._worker
        assert worker is not None
        try:
            self._body()
        except BaseException as error:  # noqa: BLE001 -- it goes on in the thread that runs the machine, as with greenlets
            home.error = error
        if self.spoilt:
            worker.end_soon()
        else:
            home.pool.give(worker)
        if not self.ended:
            self.ended = True
            home.holder = home
            home.turn.release()


def _taken() -> Lock:
    lock = Lock()
    lock.acquire()
    return lock
