"""Judge a trace against the meaning: every state possible, every step a step of the system."""

from __future__ import annotations

from interlock.core.system import TransitionSystem
from interlock.core.term import Term, Value, Var
from interlock.core.trace import State, Step, Trace
from interlock.core.types import Type
from interlock.engines.evaluate.layout import UNASSIGNED, Unsupported
from interlock.engines.evaluate.states import Model, Packed, instantiate


def replay(system: TransitionSystem, trace: Trace, *, initial: bool = True) -> str | None:
    """None if the trace is a run of the system, else what is wrong with it.

    With `initial=False` the first state need only satisfy the axioms (a counterexample to induction).  A step must lead
    to its state for exactly the arguments it names; witnesses count where the trace gives them.  Whether the run breaks
    a property is not asked here: see `Model.formula` and `Model.obligation_failure`.
    """
    try:
        model = instantiate(system, {**_constants(trace.initial), **trace.initial.sizes})
        state = model.from_state(trace.initial)
        wrong = _first_state(model, state, initial=initial)
        if wrong is not None:
            return wrong
        for number, step in enumerate(trace.steps, start=1):
            after = model.from_state(step.after)
            wrong = _step(model, state, step, after)
            if wrong is not None:
                return f"step {number} ({step.action}): {wrong}"
            state = after
    except Unsupported as reason:
        return str(reason)
    return None


def _constants(state: State) -> dict[str, int]:
    """Values of integer constants, which may end ranges."""
    values = {symbol.name: table.get(()) for symbol, table in state.tables.items() if symbol.rigid}
    return {name: value for name, value in values.items() if isinstance(value, int) and not isinstance(value, bool)}


def _first_state(model: Model, state: Packed, *, initial: bool) -> str | None:
    wrong = model.ill_typed(state)
    if wrong is not None:
        return f"the initial state: {wrong}"
    for axiom in model.system.axioms:
        if not model.formula(axiom.formula)(state):
            return f"the initial state breaks axiom {axiom.name}"
    if not initial:
        return None
    for part in model.system.initially:
        if not model.formula(part.formula)(state):
            return f"the initial state breaks initially {part.name}"
    expected = model.initial_cells(state)
    for symbol, block in model.layout.blocks.items():
        for args, cell in block.rows(state) if block.offset < model.layout.length else ():
            if expected[cell] is not UNASSIGNED and expected[cell] != state[cell]:
                return f"{symbol.name} at {args} starts as {state[cell]}, not {expected[cell]}"
    return None


def _step(model: Model, state: Packed, step: Step, after: Packed) -> str | None:
    if not 0 <= step.transition < len(model.system.transitions):
        return f"there is no transition {step.transition}"
    transition = model.system.transitions[step.transition]
    wanted = {**_named(step.args), **_named(step.witnesses)}
    variables = (*transition.params, *transition.witnesses)
    known = tuple((v, wanted[v.name]) for v in variables if v.name in wanted)
    found = [
        successor
        for successor in model.steps(state, step.transition)
        if all(
            dict(zip(variables, (*successor.args, *successor.witnesses), strict=True))[v] == value for v, value in known
        )
    ]
    if not found:
        return "it is not enabled with those arguments"
    if any(successor.after == after for successor in found):
        return None
    return f"it leads to another state: {_difference(model, found[0].after, after)}"


def _named(values: tuple[tuple[str, Value, Type], ...]) -> dict[str, Value]:
    return {name: value for name, value, _ in values}


def _difference(model: Model, expected: Packed, given: Packed) -> str:
    for symbol, block in model.layout.blocks.items():
        for args, cell in block.rows(given) if block.offset < model.layout.length else ():
            if expected[cell] != given[cell]:
                return f"{symbol.name} at {args} is {expected[cell]}, not {given[cell]}"
    return "no difference"


def state_satisfies(
    system: TransitionSystem, state: State, formula: Term, values: dict[Var, Value] | None = None
) -> bool:
    """Whether a formula holds in a state, its free variables having the given values."""
    given = values or {}
    model = instantiate(system, {**_constants(state), **state.sizes})
    return bool(model.formula(formula, tuple(given))(model.from_state(state), None, tuple(given.values())))
