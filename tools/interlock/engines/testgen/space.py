"""All reachable states of a scope with the steps between them, and which steps follow one another in it.

Explored by the reference meaning and without any reduction: a reduction keeps verdicts, but not which steps are ever
adjacent.  Of an edge only the transition and the state after it are kept; its arguments are computed again for the few
edges that get into a case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from interlock.core.system import TransitionSystem
from interlock.engines.evaluate import Model, Packed, Unsupported, instantiate
from interlock.engines.graph import Clock, OutOfTime

Edge: TypeAlias = tuple[int, int]
"""A transition, and the number of the state after it."""

Pair: TypeAlias = tuple[int, int]
"""Two transitions of which the second is taken right after the first."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is explored, and how many steps a case should have at most.

    A case is longer where the pair that it is for takes longer to get to.
    """

    states: int = 50_000
    seconds: float = 120.0
    length: int = 16


@dataclass(frozen=True)
class Space:
    """States by number, in the order of their distance from an initial state.

    `parents` tells for each the edge by which it was found: the state before, and the transition; None for initial
    ones.  `edges` are in the order in which they were found, each once.  `cut` says why there may be more states, and
    is empty where there are no more.
    """

    model: Model
    states: tuple[Packed, ...]
    parents: tuple[tuple[int, int] | None, ...]
    edges: tuple[tuple[Edge, ...], ...]
    cut: str = ""

    def path(self, number: int) -> tuple[int, list[Edge]]:
        """An initial state and the edges of a shortest way from it."""
        found: list[Edge] = []
        parent = self.parents[number]
        while parent is not None:
            before, transition = parent
            found.append((transition, number))
            number, parent = before, self.parents[before]
        return number, found[::-1]


def explore(system: TransitionSystem, sizes: Mapping[str, int], bounds: Bounds) -> Space:
    """The reachable states of a scope; Unsupported where there are none, and where time runs out."""
    return _Search(instantiate(system, sizes), bounds).run()


@dataclass
class _Search:
    """Breadth first, so that ways are shortest."""

    model: Model
    bounds: Bounds
    states: list[Packed] = field(default_factory=list[Packed])
    number: dict[Packed, int] = field(default_factory=dict[Packed, int])
    parents: list[tuple[int, int] | None] = field(default_factory=list[tuple[int, int] | None])
    edges: list[tuple[Edge, ...]] = field(default_factory=list[tuple[Edge, ...]])
    cut: str = ""

    def run(self) -> Space:
        clock = Clock(self.bounds.seconds)
        try:
            for state in self.model.initial_states(clock.tick):
                self._add(state, None)
                if self.cut:
                    break
            while len(self.edges) < len(self.states):
                clock.tick()
                self._expand(len(self.edges))
        except OutOfTime:  # what was met by then differs from run to run, and cases must not
            raise Unsupported(f"more than can be explored in {self.bounds.seconds:g} s") from None
        if not self.states:
            raise Unsupported("no state satisfies the axioms and the initial condition in this scope")
        return Space(self.model, tuple(self.states), tuple(self.parents), tuple(self.edges), self.cut)

    def _expand(self, number: int) -> None:
        found: dict[Edge, None] = {}
        for step in self.model.successors(self.states[number]):
            after = self._add(step.after, (number, step.transition))
            if after is not None:
                found[step.transition, after] = None
        self.edges.append(tuple(found))

    def _add(self, state: Packed, parent: tuple[int, int] | None) -> int | None:
        """The state's number; None for a new one where there is no more room."""
        known = self.number.get(state)
        if known is not None:
            return known
        if len(self.states) >= self.bounds.states:
            self.cut = f"more than {self.bounds.states:,} states"
            return None
        self.number[state] = len(self.states)
        self.states.append(state)
        self.parents.append(parent)
        return self.number[state]
