"""Whether the evaluator agrees with what z3 found; what it rejects is a bug of ours and never shown as a finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from interlock.core.system import Property, TransitionSystem
from interlock.core.term import Term
from interlock.core.trace import State, Trace
from interlock.engines.evaluate import (
    Model,
    Packed,
    Unsupported,
    explain,
    explain_obligation,
    explain_start,
    explain_step,
    instantiate,
    replay,
)
from interlock.engines.refinement import simulation_of

DISAGREE = "internal error: z3 and the evaluator disagree"


def confirm(
    system: TransitionSystem, prop: Property, trace: Trace, *, initial: bool = True, assumed: Sequence[Term] = ()
) -> Trace | str:
    """The trace with the reason why it breaks (or witnesses) the property, or what the evaluator says against it.

    With `initial=False` it is a counterexample to induction: it may start anywhere that the `assumed` formulas hold.
    """
    wrong = replay(system, trace, initial=initial)
    if wrong is not None:
        return f"{DISAGREE}: {wrong}"
    try:
        model = instantiate(system, _sizes(trace.initial))
        first = model.from_state(trace.initial)
        for term in assumed:
            if not model.formula(term)(first):
                return f"{DISAGREE}: an assumed invariant is false before the step"
        reason = _reason(model, prop, trace)
    except Unsupported as unsupported:
        return f"{DISAGREE}: {unsupported}"
    return (
        f"{DISAGREE}: the trace does not show what it should of {prop.name}" if reason is None else _with(trace, reason)
    )


def _with(trace: Trace, reason: str) -> Trace:
    return replace(trace, reason=reason)


def _reason(model: Model, prop: Property, trace: Trace) -> str | None:
    """Why the end of the trace breaks the property; None where it does not."""
    states = [model.from_state(state) for state in trace.states]
    last = states[-1]
    match prop.kind:
        case "reachable":
            return "" if model.formula(prop.formula)(last) else None
        case "step_invariant":
            if len(states) < 2 or states[-2] == last or model.formula(prop.formula)(states[-2], last):
                return None
            return explain(model, prop.formula, states[-2], after=last)
        case "assertion" | "unwrap" | "range":
            return _unmet(model, prop, last)
        case "refinement":
            return _unfollowed(model, prop, trace, states)
        case _:
            return None if model.formula(prop.formula)(last) else explain(model, prop.formula, last)


def _unmet(model: Model, prop: Property, state: Packed) -> str | None:
    for index, obligation in enumerate(model.system.obligations):
        if obligation.property != prop.name:
            continue
        why = explain_obligation(model, index, state)
        if why is not None:
            return why
    return None


def _unfollowed(model: Model, prop: Property, trace: Trace, states: Sequence[Packed]) -> str | None:
    """Why the abstract system does not start as the trace does, or does not take its last step."""
    simulation = simulation_of(model.system, prop)
    if isinstance(simulation, str):
        return None
    if not trace.steps:
        return explain_start(model, simulation, states[-1])
    step = trace.steps[-1]
    args = [value for _, value, _ in step.args]
    return explain_step(model, simulation, step.transition, args, states[-2], states[-1])


def _sizes(state: State) -> dict[str, int]:
    """Sizes of sorts, and values of constants, which may end ranges."""
    sizes = dict(state.sizes)
    for symbol, table in state.tables.items():
        value = table.get(())
        if symbol.rigid and isinstance(value, int) and not isinstance(value, bool):
            sizes[symbol.name] = value
    return sizes
