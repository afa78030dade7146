"""The steps of a specification that come nearest to what a candidate has done, and the clause that forbids each.

What a step chooses, as `havoc finds such that ..` does, is taken to be what was seen after it.  So it is told which
clause the choice breaks, and not only that no choice would do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from interlock.core.control import Control
from interlock.core.rewrite import map_apps
from interlock.core.show import show_term
from interlock.core.system import Transition
from interlock.core.term import App, Literal, Symbol, Term, Value, Var, conjuncts
from interlock.core.trace import show_value
from interlock.engines.evaluate import Model, Packed, explain
from interlock.engines.evaluate.compile import Undefined
from interlock.engines.traces.explaining import Explainer
from interlock.engines.traces.vocabulary import Seen

_MOST_TOLD = 3
_MOST_STATES = 16
_MOST_TRIALS = 256


@dataclass(frozen=True, slots=True)
class Nearest:
    """A step that could have been meant.

    `clause` is what is false of it, `reason` why, or what it would have done instead; `distance` how much is wrong.
    """

    step: str
    clause: str
    reason: str
    distance: int

    def __str__(self) -> str:
        if not self.clause:
            return f"{self.step}, but {self.reason}"
        return f"{self.step} needs `{self.clause}`" + (f"\n    and {self.reason}" if self.reason else "")


def nearest_steps(explainer: Explainer, states: Iterable[Packed], changed: Seen, seen: Seen) -> tuple[Nearest, ...]:
    """The nearest steps from any of the states to one in which things are as they are `seen`; the nearest first.

    A step is looked at if it can change anything of what has changed.
    """
    symbols = {symbol for symbol, _, _ in changed}
    best: dict[str, Nearest] = {}
    for state in islice(states, _MOST_STATES):
        for index, step in enumerate(explainer.model.system.transitions):
            if symbols & {update.symbol for update in step.updates}:
                for found in _ways(explainer, state, index, step, seen):
                    if found.step not in best or found.distance < best[found.step].distance:
                        best[found.step] = found
    return tuple(sorted(best.values(), key=lambda found: found.distance)[:_MOST_TOLD])


def _ways(explainer: Explainer, state: Packed, index: int, step: Transition, seen: Seen) -> Iterator[Nearest]:
    """How near each way to take a step comes."""
    model = explainer.model
    control = Control(model.system.processes)
    variables = (*step.params, *step.witnesses)
    after = _patched(model, state, seen)
    clauses = tuple((clause, _as_seen(clause, step)) for clause in conjuncts(step.guard))
    for chosen in islice(model.assignments_to(variables, state), _MOST_TRIALS):
        values = dict(zip(variables, chosen, strict=True))
        name = _name(step, values)
        false = [c for c, there in clauses if not model.formula(there, variables)(state, after, tuple(chosen))]
        wrong = _wrong(explainer, state, step, values, seen)
        distance = 2 * len(false) + len(wrong)
        if false:
            there = dict(clauses)[false[0]]
            why = explain(model, there, state, after=after, values=values)
            yield Nearest(name, show_term(there, values, control), why, distance)
        elif wrong:
            yield Nearest(name, "", f"after it {wrong[0]}", distance)
        else:
            taken = model.steps_with(state, index, dict(enumerate(chosen)))
            broken = next(
                (b for s in taken if explainer.agrees(s.after, seen) and (b := explainer.break_of(state, s))), None
            )
            if broken is not None:
                yield Nearest(name, broken[0], broken[1], 1)


def _as_seen(clause: Term, step: Transition) -> Term:
    """The clause about what is seen after the step, where it is about what the step chooses."""
    chosen = {
        update.value.symbol: update.symbol
        for update in step.updates
        if isinstance(update.value, App) and update.value.symbol in step.choices
    }
    if not chosen:
        return clause
    return map_apps(clause, lambda app: App(chosen[app.symbol], app.args, primed=True) if app.symbol in chosen else app)


def _patched(model: Model, state: Packed, seen: Seen) -> Packed:
    """The state with what was seen after the step; the rest is as before."""
    cells = list(state)
    for symbol, args, value in seen:
        cells[model.layout.blocks[symbol].index(args)] = value
    return tuple(cells)


def _wrong(explainer: Explainer, state: Packed, step: Transition, values: Mapping[Var, Value], seen: Seen) -> list[str]:
    """What would be otherwise after the step than it was seen."""
    model, wrong = explainer.model, list[str]()
    for symbol, args, value in seen:
        update = step.update_of(symbol)
        if update is None:
            would = state[model.layout.blocks[symbol].index(args)]
        elif isinstance(update.value, App) and update.value.symbol in step.choices:
            continue
        else:
            variables = (*update.formals, *values)
            try:
                would = model.formula(update.value, variables)(state, None, (*args, *values.values()))
            except Undefined:  # a step that cannot be taken may unwrap none
                continue
        if would != value:
            wrong.append(_entry(symbol, args, would))
    return wrong


def _entry(symbol: Symbol, args: tuple[Value, ...], value: Value) -> str:
    place = show_term(App(symbol, tuple(Literal(a, t) for a, t in zip(args, symbol.params, strict=True))))
    return f"{place} would be {show_value(value, symbol.result)}"


def _name(step: Transition, values: Mapping[Var, Value]) -> str:
    shown = ", ".join(show_value(values[p], p.type) for p in step.params)
    who = (step.process or step.action) + (f"({shown})" if shown else "")
    return f"{who} {step.label}" if step.process else who
