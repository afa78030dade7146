"""The deterministic scheduler under the primitives: threads, the one hook that each step declares itself to, the log.

Every primitive calls `declare` with what it is about to do before it does it.  There control may pass to another
thread; that is the only place, so an execution is a function of the choices made there.  The same hook tells who can
run, finds deadlocks, keeps the log and shows each new state to the observer.

A step on memory that only its allocator can reach yet is no point of choice: it commutes with every step of the other
threads.  The observer still sees it.

A loop that calls no primitive never declares anything; `watchdog` ends it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import groupby
from operator import attrgetter
from types import FrameType

from interlock_conformance.scheduling.execution import (
    Breach,
    Diverged,
    End,
    Event,
    Execution,
    Finished,
    OutOfSteps,
    Point,
    Pruned,
)
from interlock_conformance.scheduling.footprint import READ, Footprint, Mode, Touch
from interlock_conformance.scheduling.lock_order import Holding, LockOrder
from interlock_conformance.scheduling.places import calling_place, described, place_of
from interlock_conformance.scheduling.spinning import going_round
from interlock_conformance.scheduling.tasks import GreenHome, Home, Task

Chooser = Callable[[int | None, tuple[int, ...]], int]
"""Picks the next thread from the enabled ones; the first argument ran last, None if it has ended or at the start."""

STOP = -1
"""What a chooser returns to end the execution as `Pruned`."""


Observer = Callable[[], Breach | None]
"""Judges the state that the last step left; a breach ends the execution."""

_OBSERVER, _ROWS = 1, ~1
"""The row of what the observer reads by itself, and all others."""


class Aborted(BaseException):
    """Raised inside threads when the execution is over; no `except Exception` of a candidate stops it."""


@dataclass(slots=True, eq=False)
class Thread:
    """A thread of the execution; `doing` names its current operation, for messages."""

    index: int
    doing: str = ""
    kind: str = "start"
    object: str = ""
    ready: Callable[[], bool] | None = None
    atomic: list[str] = field(default_factory=list[str])
    """The spinlocks and read-side sections that it is in."""
    held: list[Holding] = field(default_factory=list[Holding])
    """The locks that it holds, in the order in which it has taken them."""
    idle: bool = False
    """Whether it serves others and has nothing to do."""
    place: str = ""
    """Where it goes round, if it does; see `spinning`."""
    task: Task = field(init=False)
    switch: Callable[[], None] = field(init=False)
    """Goes on with the task; kept here, since almost each step does it."""


Worker = Callable[[Thread], None]
"""What a thread does; it keeps `Thread.doing` up to date."""


class Machine:
    """Runs workers one step at a time, on the tasks of `home`.  Good for one execution."""

    def __init__(
        self,
        *,
        budget: int,
        record: bool = False,
        trail: list[Footprint] | None = None,
        home: Callable[[], Home] = GreenHome,
    ) -> None:
        self.current: Thread | None = None
        self.order = LockOrder()
        self.reading = 0
        self.stale = _OBSERVER
        self.counts = trail is not None
        self.peeked: list[str] = []
        self.recording = record
        self.tracing = False
        self._rows = _OBSERVER
        self._trail = trail
        self._touched: Footprint = []
        self._budget = budget
        self._log_from = max(0, budget - _LAST)
        self._logged = record
        self._guards: dict[str, Callable[[str], None]] = {}
        self._listener: Callable[[Thread, str, Mode], None] | None = None
        self._points: list[Point] = []
        self._events: list[Event] = []
        self._threads: list[Thread] = []
        self._workers = 0
        self._alive: list[Thread] = []
        self._everyone: tuple[int, ...] = ()
        self._end: End | None = None
        self._observe: Observer = _nothing
        self._given: Iterator[tuple[int, Iterator[Point]]] = iter(())
        self._known = 0
        self._ahead = 0
        self._choose: Chooser = default_choice
        self._main = home()
        self._priming: Thread | None = None

    @property
    def step(self) -> int:
        """Number of choices so far."""
        return len(self._points)

    @property
    def end(self) -> End | None:
        """How it has ended, None while it has not or if all threads have come to their ends."""
        return self._end

    @property
    def threads(self) -> int:
        """Number of threads that the execution began with; those that serve others are numbered from here."""
        return self._workers

    def rows(self, count: int) -> int:
        """Make room for so many rows of an observer, all of them stale; the bit of the first (see `observation`)."""
        first = self._rows.bit_length()
        self._rows |= (1 << count) - 1 << first
        self.stale |= self._rows
        return first

    @property
    def doing(self) -> str:
        """The running thread's operation, for messages."""
        return self.current.doing if self.current else "set-up"

    def run(
        self, workers: Sequence[Worker], choose: Chooser, observe: Observer, given: Sequence[Point] = ()
    ) -> Execution:
        """Run all workers to their end, or to the first breach, or until the budget of steps is spent.

        An execution that begins like an earlier one is `given` the points of that: there nobody is asked who comes
        next, and the states before the first choice are not shown to the observer, who has seen them then.  `trail`
        gets the footprint of each step that is chosen; when the chooser is asked, those of all before are complete.
        """
        self._choose, self._observe, self._known = choose, observe, len(given)
        self._given = groupby(given, _chosen)
        self.recording |= self._known > self._log_from
        self._workers = len(workers)
        self._threads = [Thread(index) for index in range(self._workers)]
        with suppress(Aborted):  # raised here only by `give_up`
            for thread, worker in zip(self._threads, workers, strict=True):
                self._begin(thread, worker)
                self._priming = self.current = thread
                thread.switch()
            self._priming = None
            while self._end is None and (chosen := self._next(None)) is not None:
                self.current = chosen
                chosen.switch()
        self.current = None
        if self._ahead:
            del self._points[-self._ahead :]
        for thread in list(self._alive):
            thread.task.throw(Aborted())
        self._threads, self._observe = [], _nothing  # leave no cycles behind: collecting them takes a tenth of the time
        events = tuple(self._events) if self._logged else ()
        return Execution(tuple(self._points), self._end or Finished(), events)

    def declare(
        self,
        kind: str,
        thing: str,
        ready: Callable[[], bool] | None = None,
        *,
        private: bool = False,
        sleeps: bool = False,
    ) -> None:
        """Say what comes next; returns when this thread is chosen and `ready` holds.  The caller then acts at once.

        Nobody else can reach what a `private` step is about; one that `sleeps` may not be taken while inside something.
        """
        thread = self.current
        if sleeps and thread is not None and thread.atomic and self._end is None:
            inside = " and ".join(thread.atomic)
            raise self.breach(
                "no_sleep_in_atomic", f"{thread.doing} may sleep in `{kind} {thing}` while inside {inside}"
            )
        self.act(kind, thing, ready, private)

    def act(self, kind: str, thing: str, ready: Callable[[], bool] | None, private: bool) -> None:
        """As `declare`, for what cannot sleep; by position, since that is the faster call."""
        thread = self.current
        if thread is None:
            return
        if self._end is not None:
            raise Aborted
        if self.reading:
            raise RuntimeError(f"an observer takes the step `{kind} {thing}`; it may only peek")
        if private:
            self.settle()
        elif self._ahead and (ready is None or ready()):
            self._ahead -= 1
        else:
            thread.ready = ready
            if ready is not None:
                thread.kind, thread.object = kind, thing
            if self._priming is thread:
                self._main.switch()
            elif (chosen := self._next(thread.index)) is not thread:
                if chosen is None:
                    raise Aborted
                self.current = chosen
                chosen.switch()
            if self._end is not None:
                raise Aborted
        if self.recording:
            self._events.append(Event(thread.doing, kind, thing, "", calling_place()))
        if self._guards:
            self.look_at_guard(kind, thing)

    def guard(self, thing: str, check: Callable[[str], None]) -> None:
        """From now on, `check` each step on `thing`, by its kind, as soon as it is chosen."""
        self._guards[thing] = check

    def look_at_guard(self, kind: str, thing: str) -> None:
        """Check a step that has just been chosen, if somebody asked for that."""
        check = self._guards.get(thing)
        if check is not None:
            check(kind)

    def touch(self, thing: str, mode: Mode) -> None:
        """Say what the running step touches; for strategies that leave out what only repeats."""
        if self._trail is not None:
            self._touched.append((thing, mode))
        if self._listener is not None and self.current is not None:
            self._listener(self.current, thing, mode)

    def charge(self, footprint: Iterable[Touch]) -> None:
        """Count what an observer has done as part of the step that it looks at; of that no listener is told."""
        if self.counts:
            self._touched += footprint

    def listen(self, listener: Callable[[Thread, str, Mode], None]) -> None:
        """From now on, tell who touches what to `listener`, too."""
        self.tracing = True
        self._listener = listener

    def note(self, detail: str) -> None:
        """Add what came of the step just declared to the log."""
        if self.recording and self._events:
            last = self._events[-1]
            self._events[-1] = Event(last.thread, last.kind, last.object, detail, last.line)

    def breach(self, property_: str, message: str) -> Aborted:
        """End the execution with a breach; the caller raises what this returns."""
        if self._end is None:
            self._end = Breach(property_, message)
        return Aborted()

    def take(self, lock: str, *, shared: bool = False) -> None:
        """The running thread now holds a lock."""
        thread = self.current
        if thread is not None:
            place = calling_place() if self.recording else ""
            holding = _holding(Holding, (lock, shared, thread.doing, place))
            if thread.held:
                self.order.take(thread.index, thread.held, holding)
            thread.held.append(holding)

    def drop(self, lock: str) -> None:
        """The running thread no longer holds a lock."""
        if self.current is not None:
            held = self.current.held
            if held and held[-1].lock == lock:
                held.pop()
            else:
                self.current.held = [holding for holding in held if holding.lock != lock]

    def settle(self) -> None:
        """Show the observer what the last step left, before something changes that is no step of its own."""
        shown = self.current is not None and not self._ahead and len(self._points) >= self._known
        if self.stale and shown and not self._look():
            raise Aborted

    def give_up(self, interrupted: FrameType | None) -> None:
        """End the execution, in which nobody comes to a step any more; called by a signal handler."""
        place = place_of(self._main.running(interrupted))
        self.breach("silent_loop", f"{self.doing} goes on and on and calls no primitive, at {place}")
        if not self._main.interrupt(Aborted):
            assert isinstance(self._end, Breach)
            told = f"{self._end.message}; told to end, it does not, and its thread is left behind"
            self._end = replace(self._end, message=told)
            raise Aborted

    def spawn(self, worker: Worker, doing: str, ready: Callable[[], bool]) -> Thread:
        """A thread that serves others: it begins when `ready` holds.

        It keeps no execution from ending while it is `idle`, and it is made by a step, so its number, too, is a
        function of the schedule.
        """
        thread = Thread(len(self._threads), doing, "begin", doing, ready)
        self._begin(thread, worker)
        self._threads.append(thread)
        return thread

    def begun(self, kind: str, thing: str) -> None:
        """Log the step that a spawned thread began with: it was chosen before it could declare anything."""
        if self.recording and self.current is not None:
            self._events.append(Event(self.current.doing, kind, thing, "", ""))

    def _begin(self, thread: Thread, worker: Worker) -> None:
        thread.task = self._main.task(self._body(thread, worker))
        thread.switch = thread.task.switch
        self._alive.append(thread)
        self._everyone = (*self._everyone, thread.index)

    def _body(self, thread: Thread, worker: Worker) -> Callable[[], None]:
        def body() -> None:
            try:
                worker(thread)
                if thread.held:
                    self.breach("held_at_end", f"{thread.doing} ends and holds {', '.join(map(str, thread.held))}")
            except Aborted:
                pass
            except (Exception, SystemExit) as error:  # noqa: BLE001 -- whatever a candidate raises is its report, not ours
                self.breach("raised", f"{thread.doing} raised {described(error)}")
            self._alive.remove(thread)
            thread.ready = _never
            if self._ahead:
                self._lose()
            self._everyone = tuple(thread.index for thread in self._alive)

        return body

    def _look(self) -> bool:
        """Show the observer the state that the last step left; false to end."""
        if self.peeked:
            self._count_peeked()
        self.stale &= _ROWS
        self.reading = _OBSERVER
        try:
            found = self._observe()
        finally:
            self.reading = 0
            if self.peeked:
                self.peeked = []
        if found is not None:
            self._end = self._end or found
        return found is None

    def _count_peeked(self) -> None:
        """What is peeked at in the middle of a step, as by a binding, is read by it."""
        self.charge([(thing, READ) for thing in self.peeked])
        self.peeked = []

    def _next(self, last: int | None) -> Thread | None:
        """The thread to run now, after `last`, or None when the execution is over."""
        points = self._points
        at = len(points)
        if at < self._known or self._ahead:
            return self._follow()
        if self.peeked:
            self._count_peeked()
        if self.stale and not self._look():
            return None
        enabled = self._everyone
        for thread in self._alive:
            ready = thread.ready
            if ready is not None and not ready():
                enabled = _without(enabled, thread.index)
        if not enabled:
            self._end = standstill(self._alive)
            return None
        if at >= self._log_from and self._is_spent():
            return None
        index = self._choose(last, enabled)
        if index not in enabled:
            self._end = Pruned() if index == STOP else Diverged(at, index, enabled)
            return None
        points.append(_point(Point, (last, enabled, index)))
        if self._trail is not None:
            self.tracing = True
            self._touched = []
            self._trail.append(self._touched)
        return self._threads[index]

    def _follow(self) -> Thread | None:
        """The thread that comes next in what is given, for all the steps that it has there in a row.

        Of these `_ahead` are still to come, though their points are put down.
        """
        if self._ahead:  # it could not go on
            self._lose()
            return None
        at = len(self._points)
        index, run = next(self._given)
        self._points += run
        self._ahead = len(self._points) - at
        thread = self._threads[index]
        if thread.ready is not None and not thread.ready():
            self._lose()
            return None
        self._ahead -= 1
        return thread

    def _lose(self) -> None:
        """End the execution: the thread that was chosen in an earlier one cannot run this time."""
        if self._end is None:
            at = len(self._points) - self._ahead
            enabled = tuple(thread.index for thread in self._alive if thread.ready is None or thread.ready())
            self._end = Diverged(at, self._points[at].chosen, enabled)

    def _is_spent(self) -> bool:
        """Whether the budget is spent.  The last steps are logged in any case, to see whether they repeat."""
        self.recording = True
        if len(self._points) < self._budget:
            return False
        self._end = OutOfSteps(self._budget, going_round(self._events[-_LAST:]))
        return True


_chosen = attrgetter("chosen")

_LAST = 100
"""So many steps before the budget is spent are looked at."""

_point = _holding = tuple.__new__  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] -- generic
"""Makes a `Point`, or a `Holding`, without the call of a function: each step makes one."""


def standstill(alive: Sequence[Thread]) -> Breach | None:
    """What it is that none of these threads can go on; None if those that are left have nothing to do."""
    stuck = [thread for thread in alive if not thread.idle]
    if not stuck:
        return None
    name = "livelock" if any(thread.kind == "relax" for thread in stuck) else "deadlock"
    return Breach(name, f"nobody can go on: {'; '.join(map(_waits, stuck))}")


def _waits(thread: Thread) -> str:
    if thread.kind == "relax":
        return f"{thread.doing} goes round at {thread.place}, and nobody changes {thread.object or 'anything'}"
    return f"{thread.doing} waits in `{thread.kind} {thread.object}`"


def _nothing() -> Breach | None:
    return None


@cache
def _without(threads: tuple[int, ...], one: int) -> tuple[int, ...]:
    """The threads but for one; asked at each step at which one has to wait."""
    return tuple(thread for thread in threads if thread != one)


def _never() -> bool:
    """When a thread that has ended can run."""
    return False


def default_choice(last: int | None, enabled: tuple[int, ...]) -> int:
    """Go on with the thread that ran last where it can, else with the lowest: the choice without preemption."""
    return enabled[0] if last is None or last not in enabled else last


__all__ = [
    "STOP",
    "Aborted",
    "Breach",
    "Chooser",
    "Diverged",
    "End",
    "Event",
    "Execution",
    "Finished",
    "Machine",
    "Observer",
    "OutOfSteps",
    "Point",
    "Pruned",
    "Thread",
    "Worker",
    "default_choice",
    "standstill",
]
