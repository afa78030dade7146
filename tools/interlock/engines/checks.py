"""What settles a property while states are explored, told in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from interlock.core.control import Control
from interlock.core.show import show_term
from interlock.core.system import Property
from interlock.core.term import conjuncts
from interlock.core.trace import Trace
from interlock.engines.evaluate import (
    Model,
    Packed,
    Successor,
    explain,
    explain_obligation,
    explain_start,
    explain_step,
)
from interlock.engines.graph import make_trace
from interlock.engines.refinement import simulation_of

StateCheck: TypeAlias = Callable[[Packed], str | None]
"""Why a state settles a property, or None where it does not."""

StepCheck: TypeAlias = Callable[[Packed, Successor], str | None]
"""Why a step settles a property, or None where it does not."""


@dataclass(frozen=True)
class Checks:
    """Checks by property: of initial states, of all states, and of steps that change the state.

    `unsayable` are properties that no state or step settles, for want of a formula; each with the reason.
    """

    starts: dict[str, StateCheck] = field(default_factory=dict[str, StateCheck])
    states: dict[str, StateCheck] = field(default_factory=dict[str, StateCheck])
    steps: dict[str, StepCheck] = field(default_factory=dict[str, StepCheck])
    unsayable: dict[str, str] = field(default_factory=dict[str, str])

    def of_starts(self, model: Model, initial: Sequence[Packed]) -> Iterator[tuple[str, Trace]]:
        """Each property that an initial state settles by itself, with the run that is no more than that state."""
        for name, check in tuple(self.starts.items()):
            for state in initial:
                reason = check(state)
                if reason is not None:
                    yield name, make_trace(model, state, (), reason=reason)
                    break

    def drop(self, name: str) -> None:
        """Check a property no more."""
        for checks in (self.starts, self.states, self.steps):
            checks.pop(name, None)


def checks_of(model: Model, props: Iterable[Property]) -> Checks:
    """The checks for some properties; those that are judged otherwise (deadlock, liveness, scenarios) have none."""
    checks = Checks()
    for prop in props:
        match prop.kind:
            case "invariant" | "lemma" | "inferred":
                checks.states[prop.name] = _breaks(model, prop)
            case "reachable":
                checks.states[prop.name] = _reaches(model, prop)
            case "assertion" | "unwrap" | "range":
                checks.states[prop.name] = _fails_obligation(model, prop)
            case "step_invariant":
                checks.steps[prop.name] = _breaks_step(model, prop)
            case "refinement":
                _add_refinement(checks, model, prop)
            case "deadlock" | "liveness" | "scenario":
                pass
            case _:
                assert_never(prop.kind)
    return checks


def _add_refinement(checks: Checks, model: Model, prop: Property) -> None:
    simulation = simulation_of(model.system, prop)
    if isinstance(simulation, str):
        checks.unsayable[prop.name] = simulation
        return
    checks.starts[prop.name] = lambda state: explain_start(model, simulation, state)
    checks.steps[prop.name] = lambda state, step: explain_step(
        model, simulation, step.transition, step.args, state, step.after
    )


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
