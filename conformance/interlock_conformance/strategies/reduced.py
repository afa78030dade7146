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

from collections import defaultdict
from dataclasses import dataclass, field

from interlock_conformance.footprint import Footprint, Mode, races
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
    footprint: Footprint = field(default_factory=list[tuple[str, Mode]])
    """What the chosen thread's step touched."""


class _Search:
    """Depth-first search; the nodes are the current execution, of which the first `given` are to be followed."""

    def __init__(self) -> None:
        self.given = 0
        self.trail: list[Footprint] = []
        self._nodes: list[_Node] = []
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
        if self._nodes:
            self._nodes[-1].footprint = self.trail[-1]
        history = _History()
        for at, node in enumerate(self._nodes):
            rivals = history.add(node.chosen, node.footprint)
            if at >= self.given - 1:
                for rival in rivals:
                    self._reverse(history, rival, at)

    def _reverse(self, history: _History, earlier: int, later: int) -> None:
        """See to it that an execution is run in which the later of two racing steps comes first."""
        node = self._nodes[earlier]
        initials = {self._nodes[at].chosen for at in history.initials(earlier, later)}
        if initials & node.wanted:
            return
        possible = sorted(initials & set(node.enabled))
        own = self._nodes[later].chosen
        if possible:
            node.wanted.add(own if own in possible else possible[0])
        else:
            node.wanted.update(node.enabled)


class _History:
    """Which steps of an execution happen before which, as bit sets of their numbers."""

    def __init__(self) -> None:
        self._before: list[int] = []
        self._latest: dict[int, int] = {}
        """By thread, its latest step."""
        self._written: dict[str, int] = {}
        self._read: defaultdict[str, list[int]] = defaultdict(list)
        """By object, the steps that have read it since it was written last."""
        self._released: dict[str, int] = {}

    def add(self, thread: int, footprint: Footprint) -> list[int]:
        """Append a step; the earlier steps that it races with directly."""
        at = len(self._before)
        own = self._latest.get(thread)
        before = 0 if own is None else self._before[own] | 1 << own
        rivals: set[int] = set()
        waits: set[int] = set()
        for thing, mode in footprint:
            match mode:
                case Mode.READ:
                    rivals.update(self._writer(thing))
                case Mode.WRITE:
                    rivals.update(self._writer(thing))
                    rivals.update(self._read.get(thing, ()))
                case Mode.AWAIT:
                    waits.update({self._released[thing]} if thing in self._released else ())
                case Mode.RELEASE:
                    pass
        rivals = {rival for rival in rivals if not before >> rival & 1}
        for other in rivals | waits:
            before |= self._before[other] | 1 << other
        self._before.append(before)
        self._latest[thread] = at
        self._remember(at, footprint)
        return [rival for rival in rivals if not any(self._before[other] >> rival & 1 for other in rivals)]

    def _writer(self, thing: str) -> tuple[int, ...]:
        return (self._written[thing],) if thing in self._written else ()

    def _remember(self, at: int, footprint: Footprint) -> None:
        for thing, mode in footprint:
            match mode:
                case Mode.READ:
                    self._read[thing].append(at)
                case Mode.WRITE:
                    self._written[thing] = at
                    self._read.pop(thing, None)
                case Mode.RELEASE:
                    self._released[thing] = at
                case Mode.AWAIT:
                    pass

    def initials(self, earlier: int, later: int) -> list[int]:
        """Of the steps after `earlier` that need not wait for it, and `later`: those that can come first."""
        free = [at for at in range(earlier + 1, later) if not self._before[at] >> earlier & 1]
        mask = sum(1 << at for at in free)
        return [at for at in (*free, later) if not self._before[at] & mask]
