"""Liveness over an exhausted state space: the search for a fair run on which P happens and Q never follows.

A run may stay in a state for ever, unless fairness forbids it.  A *unit* of fairness is one thread with its whole next
step, or one instance of an action; only steps that change the state count.  Weak fairness: a unit that is enabled from
some point on always moves again.  Strong fairness: one that is enabled infinitely often moves infinitely often.
A run that breaks `P leads to Q` ends in a strongly connected part of the states without Q; the search looks at the
maximal such parts and, for strong fairness, at what is left of one without the states that would oblige a unit that
cannot move.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from interlock.core.control import Control
from interlock.core.show import show_term
from interlock.core.system import Fairness, Property
from interlock.core.term import TRUE, Value
from interlock.core.trace import Trace
from interlock.engines.evaluate import Model, Packed, Successor
from interlock.engines.evaluate.assign import Tick
from interlock.engines.graph import Edge, Graph, make_trace

Move: TypeAlias = tuple[int, Edge]
"""A step between numbered states: where it starts, and the rest."""

Unit: TypeAlias = tuple[str, tuple[Value, ...]]
"""What is treated fairly: the name of a process or action, and its arguments."""


class Explored(Protocol):
    """What is known of the explored states: a `Graph`, or what another explorer keeps."""

    @property
    def model(self) -> Model:
        """The finite instance."""
        ...

    @property
    def states(self) -> Sequence[Packed]:
        """The states by number."""
        ...

    def steps_to(self, number: int) -> tuple[Packed, list[Successor]]:
        """An initial state and the steps of a shortest run from it to a state."""
        ...


def fair_lasso(graph: Graph, edges: Sequence[Sequence[Edge]], prop: Property, tick: Tick) -> Trace | None:
    """A fair run that breaks a liveness property, as a lasso; None if there is none.

    The run returns from its last state to the state `Trace.loop`, which equals it; a run that stays where it is
    has its last state as `loop`.  The property's parameters are searched one choice of values after another.
    """
    for values in graph.model.assignments_to(prop.params, graph.states[0]):
        trace = _lasso_for(graph, edges, prop, values, tick)
        if trace is not None:
            return trace
    return None


def _lasso_for(
    graph: Graph, edges: Sequence[Sequence[Edge]], prop: Property, values: Sequence[Value], tick: Tick
) -> Trace | None:
    model = graph.model
    starts_it, fulfils_it = model.formula(prop.formula, prop.params), model.formula(prop.leads_to, prop.params)
    late = [not fulfils_it(state, None, values) for state in graph.states]
    starts = [n for n, state in enumerate(graph.states) if late[n] and starts_it(state, None, values)]
    fair = Fair(model, edges)
    reached = _reach(starts, lambda n: (e for e in edges[n] if late[e[0]]))
    found = components(reached, lambda n: (e[0] for e in edges[n] if e[0] in reached))
    parts = [part for component in found for part in (fair.part(component, tick),) if part is not None]
    if not parts:
        return None
    part = min(parts, key=min)
    lead = _path(starts, frozenset(part), lambda n: (e for e in edges[n] if e[0] in reached))
    entry = lead[-1][1][0] if lead else next(n for n in starts if n in part)
    begin = lead[0][0] if lead else entry
    return make_lasso(graph, begin, lead, fair.cycle(entry, part), prop, values)


@dataclass(frozen=True)
class Fair:
    """Fairness of the units of a model over an explored graph."""

    model: Model
    edges: Sequence[Sequence[Edge]]

    def unit(self, edge: Edge) -> tuple[Unit, Fairness] | None:
        """Who takes a step, if that is somebody who is treated fairly."""
        transition = self.model.system.transitions[edge[1]]
        if transition.process is None:
            fairness = dict(self.model.system.action_fairness).get(transition.action, "none")
            return None if fairness == "none" else ((transition.action, edge[2]), fairness)
        process = next(p for p in self.model.system.processes if p.name == transition.process)
        if process.fairness == "none":
            return None
        return (process.name, edge[2][: len(process.params)]), process.fairness

    def enabled(self, number: int) -> dict[Unit, Fairness]:
        """Units that can change the state."""
        return dict(who for edge in self.edges[number] if edge[0] != number for who in (self.unit(edge),) if who)

    def part(self, component: Collection[int], tick: Tick) -> Collection[int] | None:
        """A strongly connected part of a component around which a fair run can go, or stay in if it is one state."""
        tick()
        inside = frozenset(component)
        moving = {
            who[0]
            for n in inside
            for edge in self.edges[n]
            if edge[0] in inside and edge[0] != n
            for who in (self.unit(edge),)
            if who
        }
        able = {n: self.enabled(n) for n in inside}
        some = able[next(iter(inside))]
        always = [unit for unit in some if all(unit in units for units in able.values())]
        if any(some[unit] == "weak" and unit not in moving for unit in always):
            return None
        obliging = [n for n in inside if any(f == "strong" and u not in moving for u, f in able[n].items())]
        if not obliging:
            return inside
        left = inside - frozenset(obliging)
        for smaller in components(left, lambda n: (e[0] for e in self.edges[n] if e[0] in left)):
            found = self.part(smaller, tick)
            if found is not None:
                return found
        return None

    def cycle(self, entry: int, part: Collection[int]) -> list[Move]:
        """Steps inside a part from a state back to it that treat every unit fairly; none if it can stay there.

        A part that was said to be fair and is not is a fault of who said so, and an AssertionError.
        """
        walked: list[Move] = []
        here = entry
        served: set[Unit] = set()
        while True:
            closed = walked + self._walk(here, frozenset((entry,)), part)
            wanted = self._neglected(entry, closed)
            if wanted is None:
                return closed
            if wanted in served:
                raise AssertionError(f"no fair run goes round: {wanted[0]} cannot be treated fairly")
            served.add(wanted)
            steps = self._towards(here, wanted, part)
            walked += steps
            here = steps[-1][1][0]

    def _walk(self, here: int, goal: frozenset[int], part: Collection[int]) -> list[Move]:
        return _path([here], goal, lambda n: (e for e in self.edges[n] if e[0] in part))

    def _neglected(self, entry: int, cycle: Sequence[Move]) -> Unit | None:
        """A unit that the cycle treats unfairly."""
        moved = {who[0] for n, edge in cycle if edge[0] != n for who in (self.unit(edge),) if who}
        able = [self.enabled(entry), *(self.enabled(edge[0]) for _, edge in cycle)]
        for units in able:
            for unit, fairness in units.items():
                if unit not in moved and (fairness == "strong" or all(unit in others for others in able)):
                    return unit
        return None

    def _towards(self, here: int, unit: Unit, part: Collection[int]) -> list[Move]:
        """Steps from a state that end with a step of the unit, or where it is disabled if it has none inside."""
        moves = {
            n: edge
            for n in part
            for edge in self.edges[n]
            if edge[0] in part and edge[0] != n
            for who in (self.unit(edge),)
            if who and who[0] == unit
        }
        if moves:
            steps = self._walk(here, frozenset(moves), part)
            last = steps[-1][1][0] if steps else here
            return [*steps, (last, moves[last])]
        return self._walk(here, frozenset(n for n in part if unit not in self.enabled(n)), part)


def components(nodes: Iterable[int], successors: Callable[[int], Iterable[int]]) -> Iterator[list[int]]:
    """Strongly connected components (Tarjan's algorithm with a stack of its own)."""
    order: dict[int, int] = {}
    low: dict[int, int] = {}
    open_nodes: list[int] = []
    is_open: set[int] = set()
    for root in nodes:
        if root in order:
            continue
        work = [(root, iter(successors(root)))]
        order[root] = low[root] = len(order)
        open_nodes.append(root)
        is_open.add(root)
        while work:
            node, rest = work[-1]
            follower = next(rest, None)
            if follower is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == order[node]:
                    yield _close(node, open_nodes, is_open)
            elif follower not in order:
                order[follower] = low[follower] = len(order)
                open_nodes.append(follower)
                is_open.add(follower)
                work.append((follower, iter(successors(follower))))
            elif follower in is_open:
                low[node] = min(low[node], order[follower])


def _close(node: int, open_nodes: list[int], is_open: set[int]) -> list[int]:
    """Take a finished component off the stack."""
    component = [open_nodes.pop()]
    while component[-1] != node:
        component.append(open_nodes.pop())
    is_open.difference_update(component)
    return component


def _reach(starts: Iterable[int], edges: Callable[[int], Iterable[Edge]]) -> dict[int, None]:
    """What can be reached from some states, nearest first."""
    found = dict.fromkeys(starts)
    queue = deque(found)
    while queue:
        for edge in edges(queue.popleft()):
            if edge[0] not in found:
                found[edge[0]] = None
                queue.append(edge[0])
    return found


def _path(starts: Iterable[int], goal: frozenset[int], edges: Callable[[int], Iterable[Edge]]) -> list[Move]:
    """A shortest path from one of the states into the goal; empty if one is there already."""
    came: dict[int, Move | None] = dict.fromkeys(starts)
    queue = deque(came)
    while queue:
        here = queue.popleft()
        if here in goal:
            steps: list[Move] = []
            move = came[here]
            while move is not None:
                steps.append(move)
                move = came[move[0]]
            return steps[::-1]
        for edge in edges(here):
            if edge[0] not in came:
                came[edge[0]] = (here, edge)
                queue.append(edge[0])
    raise AssertionError("a strongly connected part is not connected")


def make_lasso(
    graph: Explored, begin: int, lead: Sequence[Move], cycle: Sequence[Move], prop: Property, values: Sequence[Value]
) -> Trace:
    """A run from an initial state to one with P, on to the cycle, and once around it.

    `values` are those of the property's parameters for which Q never follows: the reason names them.
    """
    initial, stem = graph.steps_to(begin)
    steps = [*stem, *(_step(graph, move) for move in (*lead, *cycle))]
    system = graph.model.system
    known, control = dict(zip(prop.params, values, strict=True)), Control(system.processes)
    how = "the run goes round for ever" if cycle else "the run may stay here for ever"
    reason = f"{how} without {show_term(prop.leads_to, known, control)}"
    if prop.formula != TRUE:
        when = f"after step {len(stem)}" if stem else "at the start"
        reason = f"{show_term(prop.formula, known, control)} holds {when}, and {reason}"
    if not cycle and not system.action_fairness and all(p.fairness == "none" for p in system.processes):
        reason += "; nothing is fair here, so anybody may stop (`fair process` goes on while it can)"
    return make_trace(graph.model, initial, steps, reason=reason, loop=len(stem) + len(lead))


def _step(graph: Explored, move: Move) -> Successor:
    number, (after, transition, args) = move
    return next(
        step
        for step in graph.model.steps(graph.states[number], transition)
        if step.args == args and step.after == graph.states[after]
    )
