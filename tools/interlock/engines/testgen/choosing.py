"""A small set of runs that take every step and every pair of adjacent steps.

Greedy: a run goes the shortest way to the nearest pair that no run has yet, then on to the next one that is near, as
long as a case may be.  In the end runs are left out whose pairs others have too.  A smallest set would be a Chinese
postman's tour, but nobody reads a case of a thousand steps.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from interlock.engines.testgen.space import Edge, Pair, Space

_NEAR = 4_000
"""Places that are looked at for something new to go on to; further away a new run is begun."""


@dataclass(frozen=True)
class Run:
    """A way through the space: an initial state and edges; `goal` is the pair, or the one step, that it is for."""

    start: int
    edges: tuple[Edge, ...]
    goal: tuple[int, ...]

    def pairs(self) -> Iterable[Pair]:
        """The pairs of adjacent steps, in order."""
        return pairwise(transition for transition, _ in self.edges)


@dataclass(frozen=True)
class Goals:
    """What can be covered: each step and each pair, with the nearest state and edges from there that show it."""

    steps: dict[int, tuple[int, tuple[Edge, ...]]]
    pairs: dict[Pair, tuple[int, tuple[Edge, ...]]]


def goals_of(space: Space) -> Goals:
    """Every step and every pair of the space, the nearest first."""
    steps: dict[int, tuple[int, tuple[Edge, ...]]] = {}
    pairs: dict[Pair, tuple[int, tuple[Edge, ...]]] = {}
    firsts = [_first_of_each(edges) for edges in space.edges]
    seen: set[Edge] = set()
    for number, edges in enumerate(space.edges):
        for edge in edges:
            transition, after = edge
            steps.setdefault(transition, (number, (edge,)))
            if edge in seen:
                continue
            seen.add(edge)
            for second in firsts[after]:
                pairs.setdefault((transition, second[0]), (number, (edge, second)))
    return Goals(steps, pairs)


def choose_runs(space: Space, goals: Goals, length: int) -> list[Run]:
    """Runs that cover all goals, the nearest goals first."""
    left: dict[int, set[int]] = {}
    for first, second in goals.pairs:
        left.setdefault(first, set()).add(second)
    follow = _Following(space, left)
    runs: list[Run] = []
    for goal, (number, edges) in goals.pairs.items():
        if goal[1] in left[goal[0]]:
            start, path = space.path(number)
            path += edges
            follow.cover(path)
            follow.extend(path, length)
            runs.append(Run(start, tuple(path), goal))
    taken = {transition for run in runs for transition, _ in run.edges}
    for transition, (number, edges) in goals.steps.items():
        if transition not in taken:
            start, path = space.path(number)
            runs.append(Run(start, (*path, *edges), (transition,)))
            taken.update(step for step, _ in runs[-1].edges)
    return _without_superfluous(runs)


class _Following:
    """What is not covered yet, and the way to it."""

    def __init__(self, space: Space, left: dict[int, set[int]]) -> None:
        self._space, self._left = space, left

    def cover(self, path: Sequence[Edge]) -> None:
        """Strike out the pairs of a path."""
        for (first, _), (second, _) in pairwise(path):
            self._left[first].discard(second)

    def extend(self, path: list[Edge], length: int) -> None:
        """Go on from the end of a path to what is new and near, while there is room for it."""
        while len(path) < length:
            more = self._nearest(path[-1], length - len(path))
            if more is None:
                return
            path += more
            self.cover(path[-len(more) - 1 :])

    def _nearest(self, last: Edge, most: int) -> list[Edge] | None:
        """The shortest way from the end of an edge whose last two steps are a new pair."""
        came: dict[Edge, Edge | None] = {last: None}
        queue = deque([(last, 0)])
        while queue and len(came) < _NEAR:
            place, far = queue.popleft()
            transition, number = place
            new = [edge for edge in self._space.edges[number] if edge[0] in self._left.get(transition, ())]
            if new:
                return [*_back(came, place), max(new, key=self._promise)]
            for edge in self._space.edges[number] if far + 1 < most else ():
                if edge not in came:
                    came[edge] = place
                    queue.append((edge, far + 1))
        return None

    def _promise(self, edge: Edge) -> int:
        """How much that is new may follow at once; of several new pairs the most promising is taken."""
        transition, number = edge
        following = self._left.get(transition, set[int]())
        return len({second for second, _ in self._space.edges[number] if second in following})


def _back(came: dict[Edge, Edge | None], place: Edge) -> list[Edge]:
    """The edges that led to a place, without the one at which the search began."""
    found: list[Edge] = []
    before = came[place]
    while before is not None:
        found.append(place)
        place, before = before, came[before]
    return found[::-1]


def _first_of_each(edges: tuple[Edge, ...]) -> tuple[Edge, ...]:
    """One edge for each transition."""
    first: dict[int, Edge] = {}
    for edge in edges:
        first.setdefault(edge[0], edge)
    return tuple(first.values())


def _without_superfluous(runs: list[Run]) -> list[Run]:
    """Leave out runs whose steps and pairs are all in others, the longest first."""
    counts: Counter[tuple[int, ...]] = Counter()
    contents: dict[Run, set[tuple[int, ...]]] = {
        run: {*run.pairs(), *((transition,) for transition, _ in run.edges)} for run in runs
    }
    for content in contents.values():
        counts.update(content)
    dropped: set[Run] = set()
    for run in sorted(runs, key=lambda run: -len(run.edges)):
        if all(counts[goal] > 1 for goal in contents[run]):
            counts.subtract(contents[run])
            dropped.add(run)
    return [run for run in runs if run not in dropped]
