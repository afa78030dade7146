"""A machine that schedules nothing: threads of the operating system run as they like, and what they do is judged.

What a thread does between two primitives really runs at the same time as the others do.  A primitive takes place under
one lock, as an atomic step of the hardware would: there it may wait for its condition, there its step gets its place in
the log, and there the state that it leaves is judged.  So the log is in the order in which things happened, and no step
is judged later or in another order.  Before each primitive its thread pauses, at random by a seed: not at all, for a
moment, or long enough for others to come far.

Since each wait goes through the machine, a deadlock is seen when it comes about, and not by a clock.  A thread that
comes to no primitive any more is told to end by the watchdog, and left behind if it does not.
"""

from __future__ import annotations

import ctypes
import random
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from types import FrameType

from interlock_conformance.scheduling.machine import (
    Aborted,
    Breach,
    Chooser,
    Event,
    Execution,
    Finished,
    Machine,
    Observer,
    OutOfSteps,
    Point,
    Thread,
    Worker,
    standstill,
)
from interlock_conformance.scheduling.places import calling_place, place_of
from interlock_conformance.scheduling.pooled_threads import Pool

_RARELY, _OFTEN = 0.03, 0.3
"""How likely a pause is long, or any."""

_MOMENT, _LONG = 0.000_1, 0.002
"""Seconds."""

_CHANCES = 3
"""How often threads are told to end before they are left behind."""


class FreeMachine(Machine):
    """Runs workers on threads of the pool, all at once; `seed` says how they pause.  A step is a `with` block of it."""

    def __init__(self, pool: Pool, seed: str, *, budget: int) -> None:
        self._own = threading.local()
        super().__init__(budget=budget, record=True)
        self._pool, self._seed = pool, seed
        lock = threading.RLock()
        self._step, self._ended = threading.Condition(lock), threading.Condition(lock)
        self._running = 0
        self._pauses: dict[Thread, random.Random] = {}
        self._idents: dict[Thread, int] = {}
        self._blocked: dict[Thread, Callable[[], bool]] = {}
        self._lost: set[Thread] = set()
        self._over = False
        self._last: int | None = None
        self._told = 0

    @property
    def current(self) -> Thread | None:  # pyright: ignore[reportIncompatibleVariableOverride] -- as one sees it
        """The thread that asks."""
        found: Thread | None = getattr(self._own, "thread", None)
        return found

    @current.setter
    def current(self, thread: Thread | None) -> None:  # pyright: ignore[reportIncompatibleVariableOverride] -- seen so
        self._own.thread, self._own.depth, self._own.acted = thread, 0, False

    def __enter__(self) -> None:
        thread = self.current
        if thread is not None and not self._own.depth:
            self._own.acted = False
            _pause(self._pauses[thread])
        self._step.acquire()
        self._own.depth += 1

    def __exit__(self, *exception: object) -> None:
        self._own.depth -= 1
        try:
            if self.current is not None and not self._own.depth:
                self._leave()
        finally:
            self._step.release()

    def run(
        self, workers: Sequence[Worker], choose: Chooser, observe: Observer, given: Sequence[Point] = ()
    ) -> Execution:
        """Run all workers to their ends, or to the first breach; nobody chooses, and every state is judged."""
        del choose, given
        self._observe, self._workers = observe, len(workers)
        self._threads = [Thread(index) for index in range(self._workers)]
        self._alive = list(self._threads)
        with suppress(Aborted), self._step:  # raised here by `give_up`
            self._look()
            for thread, worker in zip(self._threads, workers, strict=True):
                self._launch(thread, worker)
            while self._running:
                self._ended.wait()
        if self._running and self._step.acquire(timeout=1.0):  # those that wait can still end
            self._step.notify_all()
            self._step.release()
        return Execution(tuple(self._points), self._end or Finished(), tuple(self._events))

    def act(self, kind: str, thing: str, ready: Callable[[], bool] | None, private: bool) -> None:
        """Take a step now, or when `ready` holds; what the thread has done before in this step is judged first."""
        thread = self.current
        if thread is None:
            return
        if not self._own.depth:  # a step of the runtime's own, as between two pieces of work
            with self:
                self._step.notify_all()  # what the thread did since its last step is none, and somebody may wait for it
                self.act(kind, thing, ready, private)
            return
        if self.reading:
            raise RuntimeError(f"an observer takes the step `{kind} {thing}`; it may only peek")
        if self._own.acted:  # as in a grace period, which begins and ends: let others in
            self._leave()
            self._step.wait(self._pauses[thread].random() * _MOMENT)
        self._own.acted = True
        if private:
            self._refuse_after_the_end()
        else:
            thread.kind, thread.object = kind, thing
            self._come(thread, ready)
        self._events.append(Event(thread.doing, kind, thing, "", calling_place()))
        self.look_at_guard(kind, thing)

    def begun(self, kind: str, thing: str) -> None:
        """Log the step that a spawned thread began with."""
        with self._step:
            super().begun(kind, thing)

    def breach(self, property_: str, message: str) -> Aborted:
        """End the execution with a breach; the caller raises what this returns."""
        with self._step:
            aborted = super().breach(property_, message)
            self._step.notify_all()
        return aborted

    def spawn(self, worker: Worker, doing: str, ready: Callable[[], bool]) -> Thread:
        """A thread that serves others: it begins when `ready` holds."""
        thread = Thread(len(self._threads), doing, "begin", doing)
        self._threads.append(thread)
        self._alive.append(thread)

        def serves(thread: Thread) -> None:
            with self:
                self._come(thread, ready)
            worker(thread)

        self._launch(thread, serves)
        return thread

    def give_up(self, interrupted: FrameType | None) -> None:
        """End the execution, in which nobody comes to a step any more; called by a signal handler, so without locks."""
        running = [thread for thread in self._alive if thread not in self._blocked]
        if not running:  # then it is the caller that loops
            self._end = self._end or Breach("silent_loop", f"{self.doing} goes on and on, at {place_of(interrupted)}")
            raise Aborted
        if self._end is None:
            frames = sys._current_frames()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] -- public in all but name
            where = "; ".join(f"{t.doing} at {place_of(frames.get(self._idents[t]))}" for t in running)
            self._end = Breach("silent_loop", f"nobody comes to a primitive any more: {where}")
        self._told += 1
        for thread in running:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._idents[thread]), ctypes.py_object(Aborted))
        if self._told > _CHANCES:
            if isinstance(self._end, Breach):
                told = f"{self._end.message}; told to end, they do not, and are left behind"
                self._end = replace(self._end, message=told)
            raise Aborted

    def _launch(self, thread: Thread, worker: Worker) -> None:
        self._pauses[thread] = random.Random(f"{self._seed} {thread.index}")
        body, place = self._body(thread, worker), self._pool.take()
        self._idents[thread] = place.thread.ident or 0

        def runs() -> None:
            self.current = thread
            body()
            if self._told:  # an exception may still arrive in it
                place.end_soon()
            else:
                self._pool.give(place)
            with self._step:
                self._see_who_waits()
                self._step.notify_all()
                self._running -= 1
                self._ended.notify_all()

        self._running += 1
        place.run(runs)

    def _come(self, thread: Thread, ready: Callable[[], bool] | None) -> None:
        """Wait until the thread can take its step; then the step has its place in the order of all."""
        self._refuse_after_the_end()
        while ready is not None and not ready():
            self._blocked[thread] = ready
            self._see_who_waits()
            if self._end is None and not self._over:
                self._step.wait()
            del self._blocked[thread]
            self._refuse_after_the_end()
        if len(self._points) >= self._budget:
            self._end = OutOfSteps(self._budget)
            self._step.notify_all()
            raise Aborted
        self._points.append(Point(self._last, (thread.index,), thread.index))
        self._last = thread.index

    def _leave(self) -> None:
        """Judge the state that this step has left, and let those look who wait for one."""
        if self.stale and self._end is None:
            self._look()
        self._step.notify_all()

    def _refuse_after_the_end(self) -> None:
        if self._end is not None or self._over:
            raise Aborted

    def _see_who_waits(self) -> None:
        """End the execution if all that are left wait, and none for what has come about."""
        if self._end is not None or len(self._blocked) < len(self._alive):
            return
        if any(ready() for ready in self._blocked.values()):
            self._step.notify_all()
            return
        self._end = standstill(self._alive)
        self._over = True
        self._step.notify_all()


def _pause(draw: random.Random) -> None:
    """Mostly not at all, often for a moment, sometimes long enough for others to come far."""
    chance = draw.random()
    if chance < _RARELY:
        time.sleep(draw.random() * _LONG)
    elif chance < _OFTEN:
        time.sleep(draw.random() * _MOMENT)
