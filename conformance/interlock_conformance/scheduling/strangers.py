"""Threads that a candidate starts by itself, past the runtime: no schedule sees them, so nothing could be said of it.

One that lives on is seen by looking; one that has ended before anybody looks is seen by a hook that Python calls in
each new thread.  The hook takes itself out at once, and the threads that run the candidate never have it: greenlets
must not be switched under one.
"""

from __future__ import annotations

import sys
import threading
from types import FrameType
from typing import Self

from interlock_conformance.scheduling.pooled_threads import PoolThread


class Strangers:
    """Threads that have appeared while the block is open and are not ours."""

    def __init__(self) -> None:
        self._known = set(threading.enumerate())
        self._count = len(self._known)
        self._started: list[str] = []
        self._profile = threading.getprofile()
        self._complain = threading.excepthook

    def __enter__(self) -> Self:
        threading.setprofile(self._begins)
        threading.excepthook = self._fails
        return self

    def __exit__(self, *exception: object) -> None:
        threading.setprofile(self._profile)  # pyright: ignore[reportArgumentType] -- None is what it was
        threading.excepthook = self._complain

    def seen(self) -> tuple[str, ...]:
        """Names of those that have come since the last time; empty is the rule, and quick."""
        if self._started or threading.active_count() > self._count:
            new = [thread for thread in threading.enumerate() if thread not in self._known]
            self._known.update(new)
            self._count = threading.active_count()
            strange = (thread.name for thread in new if not isinstance(thread, PoolThread))
            names = tuple(dict.fromkeys((*self._started, *strange)))
            self._started.clear()
            return names
        return ()

    def _begins(self, _frame: FrameType, _event: str, _argument: object) -> None:
        sys.setprofile(None)
        thread = threading.current_thread()
        if thread not in self._known and not isinstance(thread, PoolThread):
            self._known.add(thread)
            self._started.append(thread.name)

    def _fails(self, _arguments: threading.ExceptHookArgs) -> None:
        """What such a thread raises is no news: it should not be there."""
