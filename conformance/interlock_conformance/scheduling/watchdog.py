"""Ending executions in which nothing happens: loops that call no primitive, and waiting past the runtime.

The machine counts steps, so a thread that never comes to the next one would run for ever.  A timer of the process looks
every second whether a step has been taken since; ten times without one end the execution as `silent_loop`, at the line
where the candidate is.  Ticks are counted and no clock is read, so a computer that sleeps accuses nobody.
What the specification's own evaluator takes is not held against a candidate.

The timer is a signal, which Python handles in the main thread alone: elsewhere, or where somebody else uses the timer
already, nothing is watched.  Nor can a loop be ended on greenlets that catches every `BaseException`
(`test_known_gap_a_loop_that_swallows_everything`); threads are left behind then, see `pooled_threads`.
"""

from __future__ import annotations

import gc
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Protocol, Self

_TICKS = 10
"""So many in a row without a step between them end an execution."""

_TOLD_OF_DEATHS = ("weakref", "_weakrefset")
"""Modules whose callbacks the collector calls for what weak references refer to."""


class Watched(Protocol):
    """An execution, as the watchdog sees it."""

    @property
    def step(self) -> int:
        """Number of steps so far."""
        ...

    def give_up(self, interrupted: FrameType | None) -> None:
        """End it; called again at each tick until it has ended."""
        ...


class Watchdog:
    """Watches one execution at a time while its block is open."""

    def __init__(self, patience: float = 10.0) -> None:
        self._interval = patience / _TICKS
        self._watched: Watched | None = None
        self._seen = -1
        self._silent = 0
        self._elsewhere = False
        """Whether some tick of this silence has met the candidate and not what observes it."""
        self._before: object = None
        self._on = False

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread() and signal.getitimer(signal.ITIMER_REAL) == (0, 0):
            self._on = True
            self._before = signal.signal(signal.SIGALRM, self._tick)
            signal.setitimer(signal.ITIMER_REAL, self._interval, self._interval)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._on:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._before)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] -- what was there
            self._on = False

    def watch(self, watched: Watched | None) -> None:
        """Look at this execution from now on, or at none."""
        self._seen = -1
        self._watched = watched

    def _tick(self, _number: int, interrupted: FrameType | None) -> None:
        watched = self._watched
        if watched is None or _is_evaluating(interrupted):
            return
        if watched.step != self._seen:
            self._seen, self._silent, self._elsewhere = watched.step, 0, False
            return
        self._silent += 1
        observing = _is_observing(interrupted)
        self._elsewhere |= not observing
        if self._silent < _TICKS or _is_collecting(interrupted):
            return
        if not observing or not self._elsewhere:  # a loop of the candidate's is not where its state is looked at
            watched.give_up(interrupted)


def _stack(innermost: FrameType | None) -> Iterator[FrameType]:
    """The frames of a thread, from the innermost outwards."""
    frame = innermost
    while frame is not None:
        yield frame
        frame = frame.f_back


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _is_observing(interrupted: FrameType | None) -> bool:
    """Whether the state of the candidate is being looked at, so that the innermost lines are the binding's."""
    return any(_module(frame).startswith("interlock_conformance.judging") for frame in _stack(interrupted))


def _is_collecting(interrupted: FrameType | None) -> bool:
    """Whether somebody is told of garbage just now: what is raised there reaches nobody, so the next tick has to do."""
    told = [getattr(callback, "__code__", None) for callback in gc.callbacks]
    return any(frame.f_code in told or _module(frame) in _TOLD_OF_DEATHS for frame in _stack(interrupted))


def _is_evaluating(interrupted: FrameType | None) -> bool:
    """Whether it is Interlock that takes its time: its engines stand on the stack above the machine."""
    for frame in _stack(interrupted):
        if _module(frame).startswith("interlock."):
            return True
        if _module(frame) == "interlock_conformance.scheduling.machine":
            return False
    return False
