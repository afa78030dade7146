"""All interleavings, by dynamic partial-order reduction: of executions that differ in nothing, one is run.

Two executions are equivalent if one becomes the other by exchanging neighbouring steps that do not race.  Each
execution is searched for races; where the later of two racing steps could have come first, a thread that leads there is
put down at the point before the earlier one, to be tried from there (source sets).  A thread that has been tried at a
point sleeps until a step races with its own: to run it before would repeat what was seen (sleep sets).

Locks and grace periods order steps without a race: what a lock races with is the locking before it, not the release.

Steps that change the observed state race with one another, so each sequence of observed states is kept.  Known limit:
whether a step changes the observed state must not depend on steps that it does not race with; an abstraction function
of which each value comes from one object keeps to that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from interlock_conformance.scheduling.footprint import AWAIT, READ, RELEASE, WRITE, Footprint, races
from interlock_conformance.scheduling.machine import STOP, default_choice
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
            execution = run(search.choose, known=max(0, search.given - 1), trail=search.trail)
            if tally.add(execution):
                return tally.explored("all interleavings", exhausted=False)
            search.learn()
        return tally.explored("all interleavings", exhausted=True)


@dataclass(slots=True)
class _Node:
    """A point of choice of the current execution."""

    enabled: tuple[int, ...]
    asleep: dict[int, Footprint]
    """Threads whose next step needs no trying here, with that step."""
    chosen: int
    wanted: set[int]
    """Threads that have been tried or must be."""
    footprint: Footprint
    """What the chosen thread's step touched."""


class _Search:
    """Depth-first search; the nodes are the current execution, of which the first `given` are to be followed."""

    def __init__(self) -> None:
        self.given = 0
        self.trail: list[Footprint] = []
        self._nodes: list[_Node] = []
        self._history = _History()
        self._at = 0
        self._begun = False

    def next(self) -> bool:
        """Turn to the deepest thread that is still to be tried; whether there is one."""
        self._at = 0
        self.trail = []
        if not self._begun:
            self._begun = True
            return True
        while self._nodes:
            node = self._nodes[-1]
            node.asleep[node.chosen] = node.footprint
            rest = sorted(node.wanted - node.asleep.keys())
            if rest:
                node.chosen = rest[0]
                self.given = len(self._nodes)
                return True
            self._nodes.pop()
        return False

    def choose(self, last: int | None, enabled: tuple[int, ...]) -> int:
        """Follow the given choices, then go on without preemption, but never with a thread that sleeps."""
        at = self._at
        self._at = at + 1
        if at < self.given:
            return self._nodes[at].chosen
        asleep: dict[int, Footprint] = {}
        awake = enabled
        if at:
            before = self._nodes[-1]
            before.footprint = self.trail[-1]
            if before.asleep:
                asleep = {
                    thread: step
                    for thread, step in before.asleep.items()
                    if thread != before.chosen and not races(step, before.footprint)
                }
                awake = tuple([thread for thread in enabled if thread not in asleep])
        if not awake:
            return STOP
        chosen = default_choice(last, awake)
        self._nodes.append(_Node(enabled, asleep, chosen, {chosen}, []))
        return chosen

    def learn(self) -> None:
        """Put down what the races of the execution ask to be tried; those among its given steps are known."""
        nodes, history = self._nodes, self._history
        if nodes:
            nodes[-1].footprint = self.trail[-1]
        history.keep(max(0, self.given - 1))
        for at in range(len(history), len(nodes)):
            for rival in history.add(nodes[at].chosen, nodes[at].footprint):
                self._reverse(rival, at)

    def _reverse(self, earlier: int, later: int) -> None:
        """See to it that an execution is run in which the later of two racing steps comes first."""
        node = self._nodes[earlier]
        initials: list[int] = []
        for at in self._history.initials(earlier, later):
            thread = self._nodes[at].chosen
            if thread in node.wanted:
                return
            initials.append(thread)
        possible = sorted(set(initials) & set(node.enabled))
        own = self._nodes[later].chosen
        if possible:
            node.wanted.add(own if own in possible else possible[0])
        else:
            node.wanted.update(node.enabled)


class _History:
    """Which steps of an execution happen before which; a set of steps is a number with a bit for each.

    An execution begins as the one before it did, so steps are taken back from the end: each keeps what it replaced.
    """

    def __init__(self) -> None:
        self._before: list[int] = []
        """By step, those that happen before it, and itself."""
        self._by_thread: dict[object, int] = {}
        """By thread, its latest step and those that happen before that."""
        self._written: dict[object, int] = {}
        """By object, the step that has written it last."""
        self._read: dict[object, int] = {}
        """By object, the steps that have read it since."""
        self._released: dict[object, int] = {}
        """By object, the step that has released it last."""
        self._replaced: list[list[tuple[dict[object, int], object, int]]] = []

    def __len__(self) -> int:
        return len(self._before)

    def keep(self, steps: int) -> None:
        """Take back all but the first `steps`."""
        del self._before[steps:]
        while len(self._replaced) > steps:
            for table, key, value in reversed(self._replaced.pop()):
                table[key] = value

    def add(self, thread: int, footprint: Footprint) -> list[int]:
        """Append a step; the earlier steps that it races with directly."""
        before = self._by_thread.get(thread, 0)
        rivals = waits = 0
        for thing, mode in footprint:
            if mode is AWAIT:
                waits |= self._released.get(thing, 0)
            elif mode is WRITE:
                rivals |= self._written.get(thing, 0) | self._read.get(thing, 0)
            elif mode is READ:
                rivals |= self._written.get(thing, 0)
        found = list(_steps(rivals & ~before))
        for other in (*found, *_steps(waits & ~before)):
            before |= self._before[other]
        self._remember(thread, before, footprint)
        return [one for one in found if not any(self._before[other] >> one & 1 for other in found if other != one)]

    def _remember(self, thread: int, before: int, footprint: Footprint) -> None:
        step = 1 << len(self._before)
        self._before.append(before | step)
        changes: list[tuple[dict[object, int], object, int]] = [(self._by_thread, thread, before | step)]
        for thing, mode in footprint:
            if mode is READ:
                changes.append((self._read, thing, self._read.get(thing, 0) | step))
            elif mode is WRITE:
                changes.append((self._written, thing, step))
                changes.append((self._read, thing, 0))
            elif mode is RELEASE:
                changes.append((self._released, thing, step))
        replaced: list[tuple[dict[object, int], object, int]] = []
        for table, key, value in changes:
            replaced.append((table, key, table.get(key, 0)))
            table[key] = value
        self._replaced.append(replaced)

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


def _steps(steps: int) -> Iterator[int]:
    """The numbers of a set of steps, the lowest first."""
    while steps:
        lowest = steps & -steps
        yield lowest.bit_length() - 1
        steps ^= lowest
