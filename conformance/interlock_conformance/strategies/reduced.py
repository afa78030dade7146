"""All interleavings, by dynamic partial-order reduction: of executions that differ in nothing, one is run.

Two executions are equivalent if one becomes the other by exchanging neighbouring steps that do not race.  Each
execution is searched for races; where the later of two racing steps could have come first, a thread that leads there is
put down at the point before the earlier one, to be tried from there (source sets).  A thread that has been tried at a
point sleeps until a step races with its own: to run it before would repeat what was seen (sleep sets).

Locks and grace periods order steps without a race: what a lock races with is the locking before it, not the release.

Steps that change the observed state race with one another, so each sequence of observed states is kept.  Whether a step
changes it may depend on what the abstraction function looks at, so to compute that is part of the step (`watch`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from interlock_conformance.scheduling.footprint import READ, RELEASE, WRITE, Footprint, races
from interlock_conformance.scheduling.machine import STOP, Point, default_choice
from interlock_conformance.strategies import Explored, Run, Tally


@dataclass(frozen=True, slots=True)
class Reduced:
    """At least one of every class of equivalent executions, unless there are more than `executions` of them."""

    executions: int = 100_000

    def explore(self, run: Run) -> Explored:
        """Search; `exhausted` only if every interleaving is equivalent to one that was run."""
        tally = Tally()
        search = _Search()
        while search.next():
            if tally.executions >= self.executions:
                bound = f"the first {tally.executions} executions of a search through all interleavings"
                return tally.explored(bound, exhausted=False)
            execution = run(search.choose, given=search.given, trail=search.trail)
            if tally.add(execution):
                return tally.explored("all interleavings", exhausted=False)
            search.learn(execution.points)
        return tally.explored("all interleavings", exhausted=True)


_UNKNOWN: Footprint = []
"""What a step has touched that has not been taken yet."""


@dataclass(slots=True)
class _Node:
    """A point of choice of the current execution; sets of threads are numbers with a bit for each."""

    enabled: tuple[int, ...]
    asleep: dict[int, Footprint]
    """Threads whose next step needs no trying here, with that step."""
    chosen: int
    wanted: int
    """Threads that have been tried or must be."""
    tried: int
    """Threads that have been tried, the chosen one among them, or that sleep."""
    footprint: Footprint
    """What the chosen thread's step touched."""


class _Search:
    """Depth-first search; the nodes are the current execution."""

    def __init__(self) -> None:
        self.given: tuple[Point, ...] = ()
        """The points that the next execution has in common with the last."""
        self.trail: list[Footprint] = []
        self._nodes: list[_Node] = []
        self._points: tuple[Point, ...] = ()
        self._history = _History()
        self._turns = False
        self._begun = False

    def next(self) -> bool:
        """Turn to the deepest thread that is still to be tried; whether there is one."""
        self.trail = []
        if not self._begun:
            self._begun = True
            return True
        nodes = self._nodes
        while nodes:
            node = nodes[-1]
            rest = node.wanted & ~node.tried
            if rest:
                node.asleep[node.chosen] = node.footprint
                node.chosen = (rest & -rest).bit_length() - 1
                node.tried |= 1 << node.chosen
                self.given = self._points[: len(nodes) - 1]
                self._turns = True
                return True
            nodes.pop()
        return False

    def choose(self, last: int | None, enabled: tuple[int, ...]) -> int:
        """Take the turn, then go on without preemption, but never with a thread that sleeps."""
        if self._turns:
            self._turns = False
            return self._nodes[-1].chosen
        asleep: dict[int, Footprint] = {}
        tried = 0
        awake = enabled
        if self._nodes:
            before = self._nodes[-1]
            before.footprint = self.trail[-1]
            if before.asleep:
                asleep = {
                    thread: step
                    for thread, step in before.asleep.items()
                    if thread != before.chosen and not races(step, before.footprint)
                }
                if asleep:
                    awake = tuple([thread for thread in enabled if thread not in asleep])
                    tried = _set_of(asleep)
        if not awake:
            return STOP
        chosen = default_choice(last, awake)
        self._nodes.append(_Node(enabled, asleep, chosen, 1 << chosen, tried | 1 << chosen, _UNKNOWN))
        return chosen

    def learn(self, points: tuple[Point, ...]) -> None:
        """Put down what the races of the execution ask to be tried; those among its given steps are known."""
        nodes, history = self._nodes, self._history
        self._points = points
        if self.trail:
            nodes[-1].footprint = self.trail[-1]
        first = len(self.given)
        history.keep(first)
        for at, node in enumerate(nodes[first:], first):
            for rival in history.add(node.chosen, node.footprint):
                self._reverse(rival, at)

    def _reverse(self, earlier: int, later: int) -> None:
        """See to it that an execution is run in which the later of two racing steps comes first."""
        node = self._nodes[earlier]
        initials = 0
        for at in self._history.initials(earlier, later):
            thread = 1 << self._nodes[at].chosen
            if thread & node.wanted:
                return
            initials |= thread
        enabled = _set_of(node.enabled)
        possible = initials & enabled
        own = possible & 1 << self._nodes[later].chosen
        node.wanted |= own or possible & -possible or enabled


_Touched: TypeAlias = tuple[int, int, int]
"""The step that has written an object last, those that have read it since, the step that has released it last."""

_UNTOUCHED: _Touched = (0, 0, 0)


class _History:
    """Which steps of an execution happen before which; a set of steps is a number with a bit for each.

    An execution begins as the one before it did, so steps are taken back from the end: each keeps what it replaced.
    """

    def __init__(self) -> None:
        self._before: list[int] = []
        """By step, those that happen before it, and itself."""
        self._by_thread: dict[int, int] = {}
        """By thread, its latest step and those that happen before that."""
        self._touched: dict[str, _Touched] = {}
        """By object."""
        self._replaced: list[tuple[int, int, list[tuple[str, _Touched]]]] = []
        """By step, its thread, what was there for that, and for each object that it has touched."""

    def keep(self, steps: int) -> None:
        """Take back all but the first `steps`."""
        del self._before[steps:]
        while len(self._replaced) > steps:
            thread, before, touched = self._replaced.pop()
            self._by_thread[thread] = before
            self._touched.update(reversed(touched))

    def add(self, thread: int, footprint: Footprint) -> list[int]:
        """Append a step; the earlier steps that it races with directly."""
        happened, touched = self._before, self._touched
        step = 1 << len(happened)
        last = self._by_thread.get(thread, 0)
        replaced: list[tuple[str, _Touched]] = []
        rivals = waits = 0
        for thing, mode in footprint:
            then = touched.get(thing, _UNTOUCHED)
            written, read, released = then
            if mode is WRITE:
                rivals |= written | read
                touched[thing] = (step, 0, released)
            elif mode is READ:
                rivals |= written
                touched[thing] = (written, read | step, released)
            elif mode is RELEASE:
                touched[thing] = (written, read, step)
            else:
                waits |= released
                continue
            replaced.append((thing, then))
        before = last | step
        found: list[int] = []
        rivals &= ~before
        while rivals:  # the latest first: of those that happen before it, none is a direct one
            at = rivals.bit_length() - 1
            found.append(at)
            rivals &= ~happened[at]
            before |= happened[at]
        waits &= ~before
        while waits:
            before |= happened[waits.bit_length() - 1]
            waits &= ~before
        happened.append(before)
        self._by_thread[thread] = before
        self._replaced.append((thread, last, replaced))
        return found

    def initials(self, earlier: int, later: int) -> Iterator[int]:
        """Of the steps after `earlier` that need not wait for it, and `later`: those that can come first."""
        free = 0
        for at in range(earlier + 1, later):
            before = self._before[at]
            if not before >> earlier & 1:
                if not before & free:
                    yield at
                free |= 1 << at
        if not self._before[later] & free:
            yield later


def _set_of(numbers: Iterable[int]) -> int:
    """A set of numbers, as a number with a bit for each."""
    found = 0
    for number in numbers:
        found |= 1 << number
    return found
