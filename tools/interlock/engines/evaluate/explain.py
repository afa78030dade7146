"""Why a formula is false in a state: the part that fails, and the elements for which it does.

The text names elements as traces do: `with l = lru0, m = memcg1: active(memcg1) holds but has_list(lru0, memcg1) does
not`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from interlock.core.control import Control
from interlock.core.show import show_term, show_thread
from interlock.core.term import (
    FALSE,
    And,
    App,
    Arith,
    Compare,
    Count,
    Eq,
    Implies,
    Ite,
    Literal,
    Not,
    Or,
    Quant,
    Some,
    Term,
    Unwrap,
    Value,
    Var,
    conjuncts,
    type_of,
)
from interlock.core.trace import show_value
from interlock.core.types import BOOL
from interlock.engines.evaluate.compile import Undefined
from interlock.engines.evaluate.states import Model, Packed

Values = Mapping[Var, Value]


def explain(
    model: Model, formula: Term, state: Packed, *, after: Packed | None = None, values: Values | None = None
) -> str:
    """Why the formula is false in the state, as a short phrase; empty where it is true.

    `after` is the state after a step for primed terms; `values` are those of free variables, shown in place of them.
    """
    view = _View(model, state, state if after is None else after)
    given = dict(values or {})
    return "" if view.true(formula, given) else view.false(formula, given)


def explain_obligation(model: Model, index: int, state: Packed) -> str | None:
    """Why an obligation fails in the state, and whose it is: `init(lru0) at publish: ..`; None where it is met."""
    failure = model.obligation_failure(index, state)
    if failure is None:
        return None
    obligation = model.system.obligations[index]
    values = dict(zip(obligation.params, failure.args, strict=True))
    values.update(zip(obligation.witnesses, failure.witnesses, strict=True))
    if obligation.condition == FALSE and obligation.span is not None:
        why = f"no step ever makes this true: {' '.join(obligation.span.text.split())}"
    else:
        why = "" if obligation.choices else explain(model, obligation.condition, state, values=values)
    text = why or f"{show_term(obligation.condition, values, Control(model.system.processes))} can fail"
    step = next((t for t in model.system.transitions if t.action == obligation.action), None)
    shown = ", ".join(show_value(v, p.type) for p, v in zip(obligation.params, failure.args, strict=True))
    if step is None or step.process is None:
        return f"{obligation.action}{f'({shown})' if shown else ''}: {text}"
    return f"{step.process}{f'({shown})' if shown else ''} at {step.label}: {text}"


class _View:
    """A step of a model, seen through formulas."""

    def __init__(self, model: Model, state: Packed, after: Packed) -> None:
        self.model = model
        self.state = state
        self.after = after
        self.control = Control(model.system.processes)

    def show(self, term: Term, values: Values) -> str:
        """The term as its author would write it."""
        return show_term(term, values, self.control)

    def value(self, term: Term, values: Values) -> Value:
        """The term's value; raises Undefined."""
        result: Value = self.model.formula(term, tuple(values))(self.state, self.after, tuple(values.values()))
        return result

    def true(self, formula: Term, values: Values) -> bool:
        return bool(self.value(formula, values))

    def false(self, formula: Term, values: Values) -> str:
        """Why a formula that is false is false."""
        match formula:
            case And():
                return self.false(next(part for part in formula.args if not self.true(part, values)), values)
            case Or():
                return f"neither {' nor '.join(self._claim(part, values) for part in formula.args)} holds"
            case Implies():
                return f"{self._holding(formula.left, values)} but {self.false(formula.right, values)}"
            case Not():
                return self._not_false(formula.arg, values)
            case Quant(kind="forall"):
                return self._failing(formula, values)
            case Quant():
                return (
                    f"there is no {', '.join(v.name for v in formula.vars)} such that {self.show(formula.body, values)}"
                )
            case Ite():
                condition = self.true(formula.condition, values)
                chosen = formula.yes if condition else formula.no
                why = self._claim(formula.condition, values)
                return f"{why} {'holds' if condition else 'does not hold'} and {self.false(chosen, values)}"
            case Eq() | Compare():
                return self._comparison(formula, values)
            case App() | Unwrap() | Var() | Some() | Arith() | Count():
                return f"{self.show(formula, values)} does not hold"
            case Literal():
                return "it claims false"
            case _:
                assert_never(formula)

    def _not_false(self, formula: Term, values: Values) -> str:
        """Why a formula that ought to be false holds."""
        match formula:
            case Quant(kind="exists"):
                found = self._witness(formula, formula.body, values, holds=True)
                return f"{_with(found, formula.vars)}{self._holding(formula.body, found)}"
            case Eq(right=Literal(value=None)):
                return f"{self.show(formula.left, values)} is none"
            case _:
                return self._holding(formula, values)

    def _failing(self, formula: Quant, values: Values) -> str:
        found = self._witness(formula, formula.body, values, holds=False)
        return f"{_with(found, formula.vars)}{self.false(formula.body, found)}"

    def _witness(self, formula: Quant, body: Term, values: Values, *, holds: bool) -> dict[Var, Value]:
        for chosen in self.model.assignments_to(formula.vars, self.state):
            inner = {**values, **dict(zip(formula.vars, chosen, strict=True))}
            if self.true(body, inner) == holds:
                return inner
        raise AssertionError("a quantifier was judged otherwise")

    def _holding(self, formula: Term, values: Values) -> str:
        """That a formula holds, as a phrase."""
        count = len(conjuncts(formula))
        if not count:
            return "nothing more is required"
        return f"{self.show(formula, values)} {'holds' if count == 1 else 'hold'}"

    def _comparison(self, formula: Eq | Compare, values: Values) -> str:
        if isinstance(formula, Eq) and type_of(formula.left) == BOOL:
            left, right = self.true(formula.left, values), self.true(formula.right, values)
            claims = (self._claim(formula.left, values), self._claim(formula.right, values))
            return f"{claims[0]} is {_truth(left)} but {claims[1]} is {_truth(right)}"
        facts = [
            fact
            for side in (formula.left, formula.right)
            if not isinstance(side, Literal | Var)
            and not (isinstance(side, Some) and isinstance(side.arg, Literal | Var))
            for fact in (self._fact(side, values),)
        ]
        text = f"{self.show(formula, values)} does not hold"
        if self.control.phrase(formula) is not None:  # a claim about one place, which the fact corrects
            facts = facts[:1]
        return f"{text} ({', '.join(facts)})" if facts else text

    def _fact(self, term: Term, values: Values) -> str:
        try:
            shown = show_value(self.value(term, values), type_of(term))
        except Undefined:
            shown = "undefined"
        if isinstance(term, App) and self.control.counter(term.symbol) is not None:
            return f"{show_thread(term, values, self.control)} is at {shown}"
        return f"{self.show(term, values)} is {shown}"

    def _claim(self, formula: Term, values: Values) -> str:
        text = self.show(formula, values)
        return text if isinstance(formula, App | Eq | Compare | Literal) else f"({text})"


def _with(values: Values, variables: tuple[Var, ...]) -> str:
    """The chosen elements: `with l = lru0, m = memcg1: `."""
    return f"with {', '.join(f'{v.name} = {show_value(values[v], v.type)}' for v in variables)}: "


def _truth(value: bool) -> str:
    return "true" if value else "false"
