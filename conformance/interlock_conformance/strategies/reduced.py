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
from dataclasses import dataclass, field

from interlock_conformance.footprint import AWAIT, READ, RELEASE, WRITE, Footprint, Touch, races
from interlock_conformance.machine import STOP, default_choice
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
    footprint: Footprint = field(default_factory=list[Touch])
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
        self._at += 1
        if at < self.given:
            return self._nodes[at].chosen
        asleep: dict[int, Footprint] = {}
        if at:
            before = self._nodes[at - 1]
            before.footprint = self.trail[at - 1]
            asleep = {
                thread: step
                for thread, step in before.asleep.items()
                if thread != before.chosen and not races(step, before.footprint)
            }
        awake = tuple(thread for thread in enabled if thread not in asleep)
        if not awake:
            return STOP
        chosen = default_choice(last, awake)
        self._nodes.append(_Node(enabled, asleep, chosen, {chosen}))
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
        initials = {self._nodes[at].chosen for at in self._history.initials(earlier, later)}
        if initials & node.wanted:
            return
        possible = sorted(initials & set(node.enabled))
        own = self._nodes[later].chosen
        if possible:
            node.wanted.add(own if own in possible else possible[0])
        else:
            node.wanted.update(node.enabled)


class _History:
    """Which steps of an execution happen before which, as bit sets of their numbers.

    An execution begins as the one before it did, so steps are taken back from the end: each keeps what it replaced.
    """

    def __init__(self) -> None:
        self._before: list[int] = []
        self._latest: dict[object, int] = {}
        """By thread, its latest step."""
        self._written: dict[object, int] = {}
        self._read: dict[object, int] = {}
        """By object, the steps that have read it since it was written last, as a bit set."""
        self._released: dict[object, int] = {}
        self._replaced: list[list[tuple[dict[object, int], object, int | None]]] = []

    def __len__(self) -> int:
        return len(self._before)

    def keep(self, steps: int) -> None:
        """Take back all but the first `steps`."""
        del self._before[steps:]
        while len(self._replaced) > steps:
            for table, key, value in reversed(self._replaced.pop()):
                if value is None:
                    del table[key]
                else:
                    table[key] = value

    def add(self, thread: int, footprint: Footprint) -> list[int]:
        """Append a step; the earlier steps that it races with directly."""
        own = self._latest.get(thread)
        before = 0 if own is None else self._before[own] | 1 << own
        rivals, waits = 0, 0
        for thing, mode in footprint:
            if mode is AWAIT:
                waits |= _bit(self._released.get(thing))
            elif mode is not RELEASE:
                rivals |= _bit(self._written.get(thing))
                if mode is WRITE:
                    rivals |= self._read.get(thing, 0)
        rivals &= ~before
        numbers = list(_numbers(rivals))
        for other in (*numbers, *_numbers(waits & ~before)):
            before |= self._before[other] | 1 << other
        self._remember(thread, footprint)
        self._before.append(before)
        return [rival for rival in numbers if not any(self._before[other] >> rival & 1 for other in numbers)]

    def _remember(self, thread: int, footprint: Footprint) -> None:
        at = len(self._before)
        replaced: list[tuple[dict[object, int], object, int | None]] = []
        self._replaced.append(replaced)

        def put(table: dict[object, int], key: object, value: int) -> None:
            replaced.append((table, key, table.get(key)))
            table[key] = value

        put(self._latest, thread, at)
        for thing, mode in footprint:
            if mode is READ:
                put(self._read, thing, self._read.get(thing, 0) | 1 << at)
            elif mode is WRITE:
                put(self._written, thing, at)
                put(self._read, thing, 0)
            elif mode is RELEASE:
                put(self._released, thing, at)

    def initials(self, earlier: int, later: int) -> list[int]:
        """Of the steps after `earlier` that need not wait for it, and `later`: those that can come first."""
        free = [at for at in range(earlier + 1, later) if not self._before[at] >> earlier & 1]
        mask = sum(1 << at for at in free)
        return [at for at in (*free, later) if not self._before[at] & mask]


def _bit(number: int | None) -> int:
    return 0 if number is None else 1 << number


def _numbers(bits: int) -> Iterator[int]:
    """The numbers of the bits that are set, the lowest first."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
