"""The reference explorer: breadth-first search over the reference meaning, until a finite scope is exhausted.

Written for trust rather than speed.  Counterexamples are shortest, for states are met in the order of their distance.
A run that stops at a limit never passes anything: what was not refuted is then `NoneUpTo` the depth that was completed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from interlock.core.system import Property, TransitionSystem
from interlock.core.trace import Trace
from interlock.core.verdict import ExploreStats, Verdict
from interlock.engines.checks import Checks, StateCheck, checks_of
from interlock.engines.conclusions import METHOD, Conclusions, scope_text
from interlock.engines.evaluate import Model, Successor, Unsupported, instantiate
from interlock.engines.graph import Clock, Edge, Graph, OutOfTime, Threads
from interlock.engines.liveness import fair_lasso
from interlock.engines.protocol import Found, Limits

MOST_STATES = 200_000
"""States that are kept where no limit is given."""


@dataclass(frozen=True)
class ExploreResult:
    """Verdicts by property and the size of what was explored."""

    verdicts: Mapping[str, Verdict]
    stats: ExploreStats


def explore(system: TransitionSystem, names: Sequence[str], limits: Limits) -> ExploreResult:
    """Explore all reachable states of the scope (within the limits) and judge the named properties."""
    run = Exploration(system, names, limits, measure=True)
    verdicts = dict(run.judge())
    return ExploreResult(verdicts, run.stats())


@dataclass(frozen=True)
class ReferenceExplorer:
    """The explorer as an engine; it stops early once every property is settled."""

    name: str = METHOD

    def judge(self, system: TransitionSystem, properties: Sequence[str], limits: Limits) -> Iterator[Found]:
        """Yield each property's verdict, those that a state settles as soon as it is met."""
        yield from Exploration(system, properties, limits).judge()


class Exploration:
    """One run over one system.  `judge` may be abandoned at any time; `stats` then tells how far it came.

    It ends once every property is settled, with `cover` not before every action has been taken, and with `measure`
    only when the scope is exhausted.
    """

    def __init__(
        self,
        system: TransitionSystem,
        names: Sequence[str],
        limits: Limits,
        *,
        measure: bool = False,
        cover: bool = False,
    ) -> None:
        self._system = system
        self._limits = limits
        self._measure = measure
        self._cover = cover
        self._most = MOST_STATES if limits.states is None else limits.states
        self._clock = Clock(limits.total_seconds)
        self._open = {name: system.property(name) for name in dict.fromkeys(names)}
        self._checks = Checks()
        self._conclude = Conclusions("", self._clock)
        self._graph: Graph | None = None
        self._expanded = 0
        self._edges: list[tuple[Edge, ...]] = []
        self._actions: Counter[str] = Counter(dict.fromkeys((t.action for t in system.transitions), 0))
        self._cut = ""

    def judge(self) -> Iterator[Found]:
        """Yield (property, verdict) for every named property, once each."""
        try:
            model = instantiate(self._system, self._limits.sizes)
            self._graph = Graph(model)
            yield from self._prepare(model)
            yield from self._search(model, self._graph)
            if self._cut and not self._graph.states:
                yield from self._give_up(self._cut)
            elif not self._graph.states:
                yield from self._give_up("no state satisfies the axioms and the initial condition in this scope")
            else:
                yield from self._scenarios(model)
                yield from self._liveness(self._graph)
                yield from self._rest(self._graph)
        except Unsupported as reason:
            yield from self._give_up(str(reason))

    def stats(self) -> ExploreStats:
        """What was explored so far."""
        graph = self._graph
        states = 0 if graph is None else len(graph.states)
        depth = 0 if graph is None else max(graph.depth, default=0)
        complete = bool(states) and self._expanded == states and not self._cut
        actions = tuple(self._actions.items())
        return ExploreStats(states, sum(self._actions.values()), depth, complete, self._clock.spent, actions)

    # What settles a property

    def _prepare(self, model: Model) -> Iterator[Found]:
        self._conclude = Conclusions(scope_text(model.layout), self._clock)
        self._checks = checks_of(model, self._open.values())
        for name, reason in self._checks.unsayable.items():
            del self._open[name]
            yield name, self._conclude.unknown(reason)

    def _settle(self, name: str, trace: Trace) -> Found:
        """The verdict on a property for which a state or step was found."""
        self._checks.drop(name)
        return name, self._conclude.settled(self._open.pop(name), trace)

    # The search

    def _search(self, model: Model, graph: Graph) -> Iterator[Found]:
        try:
            for state in model.initial_states(self._clock.tick):
                if len(graph.states) >= self._most:
                    self._cut = f"more than {self._most} initial states"
                    break
                if graph.add(state):
                    yield from self._judge_state(graph, len(graph.states) - 1, self._checks.starts)
                    yield from self._judge_state(graph, len(graph.states) - 1, self._checks.states)
            while not self._cut and self._expanded < len(graph.states) and self._wanted():
                yield from self._expand(model, graph)
        except OutOfTime:
            self._cut = f"no more time after {self._limits.total_seconds:g} s"

    def _wanted(self) -> bool:
        """Whether more states can tell something."""
        unseen = self._cover and 0 in self._actions.values()
        return self._measure or unseen or any(p.kind != "scenario" for p in self._open.values())

    def _expand(self, model: Model, graph: Graph) -> Iterator[Found]:
        """Take every step out of the next state."""
        number = self._expanded
        state = graph.states[number]
        edges: dict[Edge, None] = {}
        moves = False
        for step in model.successors(state, self._clock.tick):
            if step.after not in graph.number and len(graph.states) >= self._most:
                self._cut = f"more than {self._most} states"
                return
            moves = moves or step.after != state
            new = graph.add(step.after, (number, step))
            edges[graph.number[step.after], step.transition, step.args] = None
            self._actions[self._system.transitions[step.transition].action] += 1
            yield from self._judge_step(graph, number, step)
            if new:
                yield from self._judge_state(graph, graph.number[step.after], self._checks.states)
        if not moves:
            yield from self._judge_stuck(model, graph, number)
        if any(prop.kind == "liveness" for prop in self._open.values()):
            self._edges.append(tuple(edges))
        self._expanded += 1
        self._clock.tick()
        if self._expanded % 1000 == 0:
            self._limits.progress(f"{len(graph.states)} states, depth {graph.depth[number]}")

    def _judge_state(self, graph: Graph, number: int, checks: Mapping[str, StateCheck]) -> Iterator[Found]:
        for name, check in tuple(checks.items()):
            reason = check(graph.states[number])
            if reason is not None:
                yield self._settle(name, graph.trace_to(number, reason=reason))

    def _judge_step(self, graph: Graph, number: int, step: Successor) -> Iterator[Found]:
        state = graph.states[number]
        if step.after == state:
            return
        for name, check in tuple(self._checks.steps.items()):
            reason = check(state, step)
            if reason is not None:
                yield self._settle(name, graph.trace_to(number, step, reason=reason))

    def _judge_stuck(self, model: Model, graph: Graph, number: int) -> Iterator[Found]:
        """No step leads out of the state: a deadlock if somebody waits there."""
        names = [prop.name for prop in self._open.values() if prop.kind == "deadlock"]
        if not names:
            return
        reason = Threads(model).stuck(graph.states[number])
        for name in names if reason is not None else ():
            yield self._settle(name, graph.trace_to(number, reason=reason or ""))

    # What is left at the end

    def _give_up(self, reason: str) -> Iterator[Found]:
        for name in tuple(self._open):
            del self._open[name]
            yield name, self._conclude.unknown(reason)

    def _scenarios(self, model: Model) -> Iterator[Found]:
        for prop in [p for p in self._open.values() if p.kind == "scenario"]:
            del self._open[prop.name]
            yield prop.name, self._conclude.scenario(model, prop, self._most)

    def _liveness(self, graph: Graph) -> Iterator[Found]:
        for prop in [p for p in self._open.values() if p.kind == "liveness"]:
            del self._open[prop.name]
            yield prop.name, self._lasso(graph, prop)

    def _lasso(self, graph: Graph, prop: Property) -> Verdict:
        if self._cut or self._expanded < len(graph.states):
            return self._conclude.unknown(f"liveness needs all reachable states, but there are {self._cut}")
        try:
            trace = fair_lasso(graph, self._edges, prop, self._clock.tick)
        except OutOfTime:
            return self._conclude.unknown("no more time to search for a fair run")
        return self._conclude.lasso(trace, len(graph.states))

    def _rest(self, graph: Graph) -> Iterator[Found]:
        """What no state refuted, or for `reachable`, showed."""
        for prop in tuple(self._open.values()):
            del self._open[prop.name]
            if self._cut:
                depth = graph.depth[min(self._expanded, len(graph.states) - 1)]
                yield prop.name, self._conclude.cut_short(depth, self._cut)
            else:
                yield prop.name, self._conclude.exhausted(prop, len(graph.states))
