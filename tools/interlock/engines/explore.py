"""The reference explorer: breadth-first search over the reference meaning, until a finite scope is exhausted.

Written for trust rather than speed.  Counterexamples are shortest, for states are met in the order of their distance.
A run that stops at a limit never passes anything: what was not refuted is then `NoneUpTo` the depth that was completed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from interlock.core.control import Control
from interlock.core.show import show_term
from interlock.core.system import Property, TransitionSystem
from interlock.core.term import conjuncts
from interlock.core.trace import Trace
from interlock.core.verdict import ExploreStats, Holds, NoneUpTo, Proved, Unknown, Verdict, Violated
from interlock.engines.evaluate import (
    Model,
    Packed,
    Successor,
    Unsupported,
    explain,
    explain_obligation,
    explain_start,
    explain_step,
    instantiate,
)
from interlock.engines.graph import Clock, Edge, Graph, OutOfTime, Threads
from interlock.engines.liveness import fair_lasso
from interlock.engines.protocol import Limits
from interlock.engines.refinement import simulation_of
from interlock.engines.scenario import play

METHOD = "explore"
"""The engine's name in verdicts."""

StateCheck: TypeAlias = Callable[[Packed], str | None]
"""Why a state settles a property, or None where it does not."""

StepCheck: TypeAlias = Callable[[Packed, Successor], str | None]
"""Why a step settles a property, or None where it does not."""

Found: TypeAlias = tuple[str, Verdict]


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
        self._clock = Clock(limits.total_seconds)
        self._open = {name: system.property(name) for name in dict.fromkeys(names)}
        self._start_checks: dict[str, StateCheck] = {}
        self._state_checks: dict[str, StateCheck] = {}
        self._step_checks: dict[str, StepCheck] = {}
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
                yield from self._rest()
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
        for prop in tuple(self._open.values()):
            match prop.kind:
                case "invariant" | "lemma" | "inferred":
                    self._state_checks[prop.name] = _breaks(model, prop)
                case "reachable":
                    self._state_checks[prop.name] = _reaches(model, prop)
                case "assertion" | "unwrap" | "range":
                    self._state_checks[prop.name] = _fails_obligation(model, prop)
                case "step_invariant":
                    self._step_checks[prop.name] = _breaks_step(model, prop)
                case "refinement":
                    yield from self._prepare_refinement(model, prop)
                case "deadlock" | "liveness" | "scenario":
                    pass
                case _:
                    assert_never(prop.kind)

    def _prepare_refinement(self, model: Model, prop: Property) -> Iterator[Found]:
        """Judge initial states and steps by what the refinement demands; what no formula says is Unknown."""
        simulation = simulation_of(self._system, prop)
        if isinstance(simulation, str):
            del self._open[prop.name]
            yield prop.name, Unknown(METHOD, simulation, self._scope(), self._clock.spent)
            return
        self._start_checks[prop.name] = lambda state: explain_start(model, simulation, state)
        self._step_checks[prop.name] = lambda state, step: explain_step(
            model, simulation, step.transition, step.args, state, step.after
        )

    def _settle(self, name: str, trace: Trace) -> Found:
        """The verdict on a property for which a state or step was found."""
        self._start_checks.pop(name, None)
        self._state_checks.pop(name, None)
        self._step_checks.pop(name, None)
        prop = self._open.pop(name)
        if prop.kind == "reachable":
            return name, Proved(METHOD, self._scope(), self._clock.spent, trace)
        return name, Violated(METHOD, self._scope(), trace, self._clock.spent)

    # The search

    def _search(self, model: Model, graph: Graph) -> Iterator[Found]:
        try:
            for state in model.initial_states(self._clock.tick):
                if len(graph.states) >= self._limits.states:
                    self._cut = f"more than {self._limits.states} initial states"
                    break
                if graph.add(state):
                    yield from self._judge_state(graph, len(graph.states) - 1, self._start_checks)
                    yield from self._judge_state(graph, len(graph.states) - 1, self._state_checks)
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
            if step.after not in graph.number and len(graph.states) >= self._limits.states:
                self._cut = f"more than {self._limits.states} states"
                return
            moves = moves or step.after != state
            new = graph.add(step.after, (number, step))
            edge = (graph.number[step.after], step.transition, step.args)
            if edge not in edges:
                edges[edge] = None
                self._actions[self._system.transitions[step.transition].action] += 1
                yield from self._judge_step(graph, number, step)
            if new:
                yield from self._judge_state(graph, graph.number[step.after], self._state_checks)
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
        for name, check in tuple(self._step_checks.items()):
            reason = check(state, step)
            if reason is not None:
                yield self._settle(name, graph.trace_to(number, step, reason=reason))

    def _judge_stuck(self, model: Model, graph: Graph, number: int) -> Iterator[Found]:
        """No step leads out of the state: a deadlock if somebody waits there."""
        names = [prop.name for prop in self._open.values() if prop.kind == "deadlock"]
        if not names:
            return
        stuck = [f"{thread} waits to take {label}" for thread, label in Threads(model).waiting(graph.states[number])]
        for name in names if stuck else ():
            yield self._settle(name, graph.trace_to(number, reason=f"no step is enabled: {', '.join(stuck)}"))

    # What is left at the end

    def _give_up(self, reason: str) -> Iterator[Found]:
        for name in tuple(self._open):
            del self._open[name]
            yield name, Unknown(METHOD, reason, self._scope(), self._clock.spent)

    def _scenarios(self, model: Model) -> Iterator[Found]:
        for prop in [p for p in self._open.values() if p.kind == "scenario"]:
            del self._open[prop.name]
            yield prop.name, self._scenario(model, prop)

    def _scenario(self, model: Model, prop: Property) -> Verdict:
        try:
            played = play(model, prop, self._limits.states, self._clock.tick)
        except OutOfTime:
            return Unknown(METHOD, "no more time to play the schedule", self._scope(), self._clock.spent)
        if played.trace is not None and prop.possible:
            return Proved(METHOD, self._scope(), self._clock.spent, played.trace)
        if played.trace is not None:
            return Violated(METHOD, self._scope(), played.trace, self._clock.spent)
        if not played.complete:
            return Unknown(METHOD, f"more than {self._limits.states} states", self._scope(), self._clock.spent)
        if prop.possible:
            return NoneUpTo(METHOD, f"{self._scope()}; {played.furthest}", self._clock.spent)
        return Holds(METHOD, self._scope(), self._clock.spent)

    def _liveness(self, graph: Graph) -> Iterator[Found]:
        for prop in [p for p in self._open.values() if p.kind == "liveness"]:
            del self._open[prop.name]
            yield prop.name, self._lasso(graph, prop)

    def _lasso(self, graph: Graph, prop: Property) -> Verdict:
        if self._cut or self._expanded < len(graph.states):
            why = f"liveness needs all reachable states, but there are {self._cut}"
            return Unknown(METHOD, why, self._scope(), self._clock.spent)
        try:
            trace = fair_lasso(graph, self._edges, prop, self._clock.tick)
        except OutOfTime:
            return Unknown(METHOD, "no more time to search for a fair run", self._scope(), self._clock.spent)
        if trace is None:
            return Holds(METHOD, self._counted(graph), self._clock.spent)
        return Violated(METHOD, self._scope(), trace, self._clock.spent)

    def _rest(self) -> Iterator[Found]:
        """What no state refuted, or for `reachable`, showed."""
        assert self._graph is not None
        for prop in tuple(self._open.values()):
            del self._open[prop.name]
            seconds = self._clock.spent
            if self._cut:
                depth = self._graph.depth[min(self._expanded, len(self._graph.states) - 1)]
                bound = f"{_joined(self._scope(), f'{depth} steps')} ({self._cut})"
                yield prop.name, NoneUpTo(METHOD, bound, seconds)
            elif prop.kind == "reachable":
                yield prop.name, NoneUpTo(METHOD, self._counted(self._graph), seconds)
            else:
                yield prop.name, Holds(METHOD, self._counted(self._graph), seconds)

    def _scope(self) -> str:
        """The scope in words: `Lru=2, Memcg=3`."""
        if self._graph is None:
            return ""
        layout = self._graph.model.layout
        given = {name: size for name, size in self._limits.sizes.items() if name in layout.highs}
        return ", ".join(f"{name}={size}" for name, size in {**layout.sizes, **given}.items())

    def _counted(self, graph: Graph) -> str:
        count = f"{len(graph.states)} states"
        return f"{self._scope()} ({count})" if self._scope() else count


def _breaks(model: Model, prop: Property) -> StateCheck:
    holds = model.formula(prop.formula)
    return lambda state: None if holds(state) else explain(model, prop.formula, state)


def _reaches(model: Model, prop: Property) -> StateCheck:
    holds = model.formula(prop.formula)
    text = show_term(prop.formula, control=Control(model.system.processes))
    claim = f"{text} {'hold' if len(conjuncts(prop.formula)) > 1 else 'holds'}"
    return lambda state: claim if holds(state) else None


def _breaks_step(model: Model, prop: Property) -> StepCheck:
    holds = model.formula(prop.formula)
    return lambda state, step: (
        None if holds(state, step.after) else explain(model, prop.formula, state, after=step.after)
    )


def _fails_obligation(model: Model, prop: Property) -> StateCheck:
    """Whether one of the obligations that the property collects fails."""
    obligations = [i for i, o in enumerate(model.system.obligations) if o.property == prop.name]

    def check(state: Packed) -> str | None:
        return next((why for i in obligations if (why := explain_obligation(model, i, state)) is not None), None)

    return check


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
