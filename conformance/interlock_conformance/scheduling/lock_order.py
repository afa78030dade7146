"""The order in which locks are taken while others are held: an order that goes round in a circle can deadlock.

No deadlock needs to have happened.  Of each lock that a thread takes it is remembered which it held then.  A circle of
such steps is a *deadlock that waits for its schedule* if each is of another thread, no two were made under a common
lock, which would keep them apart, and nowhere readers share what they wait for.  This is what kernels call lockdep,
with the locks themselves in the place of their classes, and with the two conditions that keep what cannot happen from
being reported.

A circle that does not meet them, within a thread or over several executions, only says that there is no one order.

Known limit: that two threads never run at the same time for another reason, such as a completion, is not seen
(`test_known_gap_order_by_a_completion`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Holding(NamedTuple):
    """A lock that a thread holds or takes: by what operation, and, while steps are recorded, from which line."""

    lock: str
    shared: bool
    doing: str
    place: str

    def __str__(self) -> str:
        return f"{self.lock} ({self.doing}{f', {self.place}' if self.place else ''})"


class Nesting(NamedTuple):
    """A thread took `inner` while it held `outer`, and the locks `under` besides."""

    thread: int
    outer: Holding
    inner: Holding
    under: frozenset[str]

    def __str__(self) -> str:
        return f"thread {self.thread} takes {self.inner} inside {self.outer}"


@dataclass(frozen=True, slots=True)
class Circle:
    """Nestings of which each takes what the next holds; `deadlocks` says whether a schedule would deadlock there."""

    nestings: tuple[Nesting, ...]
    deadlocks: bool

    def __str__(self) -> str:
        return "; ".join(map(str, self.nestings))


class LockOrder:
    """What was nested in what, in one execution or in several."""

    def __init__(self) -> None:
        self._by_outer: dict[str, dict[tuple[object, ...], Nesting]] = {}

    def __bool__(self) -> bool:
        return bool(self._by_outer)

    @property
    def key(self) -> frozenset[tuple[object, ...]]:
        """What says whether there are circles: two orders with the same key have the same."""
        return frozenset(key for nestings in self._by_outer.values() for key in nestings)

    def take(self, thread: int, held: Sequence[Holding], inner: Holding) -> None:
        """Remember that a thread takes `inner` while it holds others."""
        under = frozenset(holding.lock for holding in held)
        for outer in held:
            if outer.lock != inner.lock:
                rest = under - {outer.lock}
                key = (thread, outer.lock, outer.shared, inner.lock, inner.shared, rest)
                self._by_outer.setdefault(outer.lock, {}).setdefault(key, Nesting(thread, outer, inner, rest))

    def add(self, other: LockOrder) -> None:
        """Remember what another execution has shown."""
        for outer, nestings in other._by_outer.items():
            mine = self._by_outer.setdefault(outer, {})
            for key, nesting in nestings.items():
                mine.setdefault(key, nesting)

    def circle(self) -> Circle | None:
        """A circle that deadlocks, else any, else None; of each kind one of the shortest."""
        found = sorted(self._circles(), key=lambda circle: (not circle.deadlocks, len(circle.nestings)))
        return found[0] if found else None

    def _circles(self) -> Iterator[Circle]:
        """Each circle once, beginning with the lock whose name comes first."""
        for first in sorted(self._by_outer):
            for nesting in self._by_outer[first].values():
                yield from self._onward(first, (nesting,))

    def _onward(self, first: str, path: tuple[Nesting, ...]) -> Iterator[Circle]:
        at = path[-1].inner
        if at.lock == first:
            yield Circle(path, _deadlocks(path))
        elif at.lock > first and at.lock not in {nesting.outer.lock for nesting in path}:
            for nesting in self._by_outer.get(at.lock, {}).values():
                yield from self._onward(first, (*path, nesting))


def _deadlocks(path: Sequence[Nesting]) -> bool:
    threads = {nesting.thread for nesting in path}
    apart = all(not one.under & two.under for at, one in enumerate(path) for two in path[:at])
    waits = all(
        not (one.inner.shared and two.outer.shared) for one, two in zip(path, (*path[1:], path[0]), strict=True)
    )
    return len(threads) == len(path) and apart and waits


class OrderBook:
    """What the executions of one workload have shown."""

    def __init__(self) -> None:
        self._all = LockOrder()
        self._seen: dict[frozenset[tuple[object, ...]], Circle | None] = {}

    def add(self, order: LockOrder) -> Circle | None:
        """Put down what one execution has shown; the circle in it, if there is one."""
        key = order.key
        if key not in self._seen:
            self._seen[key] = order.circle()
            self._all.add(order)
        return self._seen[key]

    @property
    def warnings(self) -> tuple[str, ...]:
        """That there is no one order, with the places, if that is so."""
        circle = self._all.circle()
        return () if circle is None else (f"locks are taken in no one order: {circle}",)
