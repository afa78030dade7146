"""The state graph of a small instance, to be looked at: every state, every step that changes one, and what is wrong.

It is built by the reference meaning, apart from any judging: a picture shows all states that break a property, not only
the one that is met first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from interlock.core.system import TransitionSystem
from interlock.core.trace import State, Step
from interlock.engines.checks import checks_of
from interlock.engines.evaluate import Packed, Successor, Unsupported, instantiate
from interlock.engines.graph import Clock, Graph, OutOfTime, Threads

MOST_DRAWN = 2000
"""States that anybody may want to look at; a picture of more is of no use."""


@dataclass(frozen=True)
class Node:
    """A state: how many steps it takes to get there, the edge by which it was found, and what it breaks.

    `parent` is the index of that edge, None for an initial state.
    """

    state: State
    depth: int
    parent: int | None
    breaks: tuple[str, ...]


@dataclass(frozen=True)
class Arrow:
    """A step from one state to another, by their indices; `breaks` are properties of steps."""

    source: int
    target: int
    step: Step
    breaks: tuple[str, ...]


@dataclass(frozen=True)
class StateGraph:
    """States in the order of their distance, and the steps between them; steps that change nothing are left out."""

    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]


def state_graph(
    system: TransitionSystem,
    names: Sequence[str],
    sizes: Mapping[str, int],
    seconds: float,
    most: int = MOST_DRAWN,
) -> StateGraph | str:
    """The graph of all reachable states, with what breaks the named properties; or why there is none."""
    try:
        return _Drawing(system, names, sizes, Clock(seconds)).draw(most)
    except Unsupported as reason:
        return str(reason)
    except OutOfTime:
        return f"no more time after {seconds:g} s"


class _Drawing:
    """Builds one graph."""

    def __init__(self, system: TransitionSystem, names: Sequence[str], sizes: Mapping[str, int], clock: Clock) -> None:
        props = [system.property(name) for name in names]
        self._model = instantiate(system, sizes)
        self._clock = clock
        self._checks = checks_of(self._model, [p for p in props if p.kind != "reachable"])
        self._deadlocks = tuple(p.name for p in props if p.kind == "deadlock")
        self._threads = Threads(self._model)

    def draw(self, most: int) -> StateGraph | str:
        """All states and steps, unless there are more states than that."""
        graph = Graph(self._model)
        arrows: list[Arrow] = []
        parents: list[int | None] = []
        stuck: set[int] = set()
        for state in self._model.initial_states(self._clock.tick):
            if graph.add(state):
                parents.append(None)
            if len(graph.states) > most:
                break
        number = 0
        while number < len(graph.states) <= most:
            self._clock.tick()
            state = graph.states[number]
            moves = {(s.transition, s.args, s.after): s for s in self._model.successors(state) if s.after != state}
            for step in moves.values():
                if graph.add(step.after, (number, step)):
                    parents.append(len(arrows))
                arrows.append(self._arrow(graph, number, step))
            if not moves:
                stuck.add(number)
            number += 1
        if len(graph.states) > most:
            return f"there are more than {most} states"
        if not graph.states:
            return "no state satisfies the axioms and the initial condition in this scope"
        nodes = tuple(
            Node(self._model.to_state(state), graph.depth[n], parents[n], self._breaks(state, graph, n, stuck))
            for n, state in enumerate(graph.states)
        )
        return StateGraph(nodes, tuple(arrows))

    def _arrow(self, graph: Graph, number: int, step: Successor) -> Arrow:
        before = graph.states[number]
        breaks = tuple(name for name, check in self._checks.steps.items() if check(before, step) is not None)
        return Arrow(number, graph.number[step.after], self._model.to_step(step), breaks)

    def _breaks(self, state: Packed, graph: Graph, number: int, stuck: set[int]) -> tuple[str, ...]:
        starts = self._checks.starts if graph.depth[number] == 0 else {}
        broken = [name for name, check in (*starts.items(), *self._checks.states.items()) if check(state) is not None]
        if number in stuck and next(self._threads.waiting(state), None) is not None:
            broken += self._deadlocks
        return tuple(dict.fromkeys(broken))
