"""Why a state or a step of a system is none of the system that it claims to refine, in the latter's own terms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from interlock.core.show import show_term
from interlock.core.term import App, Quant, Symbol, Term, Value, Var
from interlock.core.trace import show_value
from interlock.engines.evaluate.compile import Undefined
from interlock.engines.evaluate.states import Model, Packed
from interlock.engines.refinement import Change, Demand, Move, Simulation, StepClaim


def explain_start(model: Model, simulation: Simulation, state: Packed) -> str | None:
    """Why a state is no initial state of the abstract system; None where it is one."""
    if model.formula(simulation.initial)(state):
        return None
    view = _View(model, state, state)
    name = simulation.abstract.name
    for part in simulation.start:
        if isinstance(part, Demand):
            if not view.true(part.formula, {}):
                return f"{name} does not start here: its {part.name} {view.said(part.source, {})} is false"
        elif (found := view.differing(part, {})) is not None:
            here, expected = view.values(part, found)
            return f"{name} does not start here: {view.place(part.symbol, part, found)} is {here}, not {expected}"
    raise AssertionError("the conjunction of what holds is false")


def explain_step(
    model: Model, simulation: Simulation, transition: int, args: Sequence[Value], state: Packed, after: Packed
) -> str | None:
    """Why a step is none of the abstract system; None where it is one, or changes nothing at all."""
    claim = simulation.steps[transition]
    params = model.system.transitions[transition].params
    if state == after or model.formula(claim.formula, params)(state, after, args):
        return None
    return _View(model, state, after).mismatch(simulation, claim, dict(zip(params, args, strict=True)))


class _View:
    """A step of the refining system, seen from the abstract one."""

    def __init__(self, model: Model, state: Packed, after: Packed) -> None:
        self.model = model
        self.state = state
        self.after = after

    def mismatch(self, simulation: Simulation, claim: StepClaim, given: Mapping[Var, Value]) -> str:
        """Why the step is not as claimed."""
        name = simulation.abstract.name
        for demand in claim.legal:
            if not self.true(demand.formula, {}):
                return f"afterwards {self.said(demand.source, {})} of {name} has no value of its type"
        if not claim.moves:
            step = self.model.system.transitions[claim.transition].action
            changed = next(t for c in claim.unchanged if (t := self._changed(c)) is not None)
            return f"{changed}, and no action of {name} is named for {step}"
        reasons = dict.fromkeys(self._refusal(move, name, given) for move in claim.moves)
        return "; ".join(reasons)

    def _changed(self, change: Change) -> str | None:
        found = self.differing(change, {})
        if found is None:
            return None
        after, before = self.values(change, found)
        return f"{self.place(change.symbol, change, found)} changes from {before} to {after}"

    def _refusal(self, move: Move, name: str, given: Mapping[Var, Value]) -> str:
        """Why the step is not this move."""
        values: dict[Var, Value] = {}
        for param, arg in zip(move.params, move.args, strict=True):
            try:
                value = self.value(arg, given)
            except Undefined:
                return f"{name} cannot take {move.action}: {show_term(arg)} has no value"
            if not self.model.layout.domain(param.type).admits(value, self.state):
                return f"{name} cannot take {move.action}: {show_value(value, param.type)} is no {param.type}"
            values[param] = value
        shown = ", ".join(show_value(values[p], p.type) for p in move.params)
        action = f"{move.action}({shown})" if shown else move.action
        obstacle = self._obstacle(move, values)
        if obstacle is not None:
            return f"{name} cannot take {action}: {obstacle}"
        return f"{action} of {name} {self._difference(move, values)}"

    def _obstacle(self, move: Move, given: Mapping[Var, Value]) -> str | None:
        """What about the guard stands against a move; None where nothing does."""
        for values in self._picked(move, given):
            failing = [g for g in move.guards if not self.true(g.formula, values)]
            if not failing:
                return None
            if not move.witnesses:
                first = failing[0]
                return f"its {first.name} {self.said(first.source, values)} is false{self._where(first, values)}"
        return f"its guard is false for every {', '.join(v.name for v in move.witnesses)}"

    def _where(self, guard: Demand, given: Mapping[Var, Value]) -> str:
        """For which elements a guard about all of them is false."""
        match guard:
            case Demand(_, Quant(kind="forall"), Quant(kind="forall", vars=variables, body=body)):
                pass
            case _:
                return ""
        for chosen in self.model.assignments_to(variables, self.state):
            values = dict(zip(variables, chosen, strict=True))
            if not self.true(body, {**given, **values}):
                return f" for {', '.join(f'{v.name} = {show_value(values[v], v.type)}' for v in variables)}"
        return ""

    def _difference(self, move: Move, given: Mapping[Var, Value]) -> str:
        """What the move would change in another way, for the first values of its witnesses that its guard allows."""
        values = next(v for v in self._picked(move, given) if all(self.true(g.formula, v) for g in move.guards))
        for change in move.changes:
            found = self.differing(change, values)
            if found is not None:
                here, expected = self.values(change, {**values, **found})
                where = self.place(change.symbol, change, found)
                before = self._shown(change.before, {**values, **found}, change.symbol)
                return f"{'leaves' if before == expected else 'makes'} {where} {expected}, and here it is then {here}"
        raise AssertionError("the conjunction of what holds is false")

    def _picked(self, move: Move, given: Mapping[Var, Value]) -> Iterator[dict[Var, Value]]:
        for chosen in self.model.assignments_to(move.witnesses, self.state):
            yield {**given, **dict(zip(move.witnesses, chosen, strict=True))}

    def differing(self, change: Change, given: Mapping[Var, Value]) -> dict[Var, Value] | None:
        """Arguments for which a variable is not what it should be, if there are any."""
        for chosen in self.model.assignments_to(change.formals, self.state):
            found = dict(zip(change.formals, chosen, strict=True))
            if self._shown(change.after, {**given, **found}) != self._shown(change.expected, {**given, **found}):
                return found
        return None

    def values(self, change: Change, given: Mapping[Var, Value]) -> tuple[str, str]:
        """What the variable is, and what it should be."""
        return self._shown(change.after, given, change.symbol), self._shown(change.expected, given, change.symbol)

    def place(self, symbol: Symbol, change: Change, values: Mapping[Var, Value]) -> str:
        """The variable with its arguments."""
        return show_term(App(symbol, change.formals), values)

    def said(self, source: Term, values: Mapping[Var, Value]) -> str:
        """A formula of the abstract system, in backquotes."""
        return f"`{show_term(source, values)}`"

    def true(self, formula: Term, values: Mapping[Var, Value]) -> bool:
        """Whether a formula holds."""
        return bool(self.value(formula, values))

    def value(self, term: Term, values: Mapping[Var, Value]) -> Value:
        """The term's value; raises Undefined."""
        result: Value = self.model.formula(term, tuple(values))(self.state, self.after, tuple(values.values()))
        return result

    def _shown(self, term: Term, values: Mapping[Var, Value], symbol: Symbol | None = None) -> str:
        try:
            value = self.value(term, values)
        except Undefined:
            return "undefined"
        return repr(value) if symbol is None else show_value(value, symbol.result)
