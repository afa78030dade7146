"""Why nothing explains an event: the steps of the specification that come nearest to it, and what forbids each.

A step is the nearer the fewer clauses of its guard are false; what it would take as further values is tried too, up to
a number of trials.  A step that could be taken is told if it leads to another state than was seen, or if it breaks a
property.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from interlock.core.control import Control
from interlock.core.rewrite import symbols_of
from interlock.core.show import show_term
from interlock.core.system import Transition
from interlock.core.term import App, Term, Value, Var, conjuncts
from interlock.core.trace import show_value
from interlock.engines.evaluate import Packed, Successor, Unsupported, explain
from interlock.engines.traces.explaining import Explainer, States
from interlock.engines.traces.vocabulary import Claim, Move, Seen

MOST_TOLD = 5
_MOST_STATES = 64
_MOST_TRIALS = 512
_MOST_POSSIBLE = 12


@dataclass(frozen=True, slots=True)
class Refusal:
    """A step that comes near to an event.

    `step` is who would take it and where; `clause` what is false of it (empty where no clause is), `reason` why.
    `property` is the property that it breaks, if that is what forbids it; `distance` how many clauses are false.
    """

    step: str
    clause: str
    reason: str
    property: str = ""
    distance: int = 0
    state: Packed = ()


def refusals(explainer: Explainer, tried: Iterable[tuple[States, Claim]]) -> tuple[Refusal, ...]:
    """The nearest steps to claims that no state of theirs fulfils, each with what forbids it; the nearest first."""
    best: dict[tuple[str, str], Refusal] = {}
    for states, claim in tried:
        for state in islice(states, _MOST_STATES):
            for found in (*_of_state(explainer, state, claim), *_of_hidden(explainer, state)):
                key = (found.step, found.clause or found.reason)
                if key not in best or found.distance < best[key].distance:
                    best[key] = found
    return tuple(sorted(best.values(), key=lambda refusal: (refusal.distance, bool(refusal.clause)))[:MOST_TOLD])


def refused_start(explainer: Explainer, seen: Seen) -> tuple[Refusal, ...]:
    """Why no initial state is as it was seen."""
    starts = list(islice(explainer.model.initial_states(), _MOST_TRIALS))
    if not starts:
        raise Unsupported("no state satisfies the axioms and the initial condition in this scope")
    state = min(starts, key=lambda start: _distance(explainer, start, seen))
    broken = explainer.break_of_state(state)
    if explainer.agrees(state, seen) and broken is not None:
        return (Refusal("the start", "", broken[1], broken[0], 0, state),)
    return (Refusal("the start", "", _difference(explainer, state, seen), "", 0, state),)


def possible(explainer: Explainer, state: Packed) -> tuple[str, ...]:
    """Steps that could be taken in a state, hidden ones and those that change nothing left out."""
    found: dict[str, None] = {}
    for step in explainer.model.successors(state):
        if step.after != state and step.transition not in explainer.hidden:
            found[_name(explainer, step.transition, step.args)] = None
    return tuple(found)[:_MOST_POSSIBLE]


def _of_state(explainer: Explainer, state: Packed, claim: Claim) -> Iterator[Refusal]:
    if claim.moves is None:
        yield Refusal(
            "no step", "", _difference(explainer, state, claim.seen), "", _distance(explainer, state, claim.seen), state
        )
        return
    for move in claim.moves:
        taken = explainer.model.steps_with(state, move.transition, dict(move.given))
        if taken:
            yield from (_of_step(explainer, state, step, claim) for step in taken[:MOST_TOLD])
        else:
            yield _not_enabled(explainer, state, move)


def _of_hidden(explainer: Explainer, state: Packed) -> Iterator[Refusal]:
    """Hidden steps that are not taken since they break a property: the event may wait for one of them."""
    for index in explainer.hidden:
        for step in explainer.model.steps(state, index):
            broken = None if step.after == state else explainer.break_of(state, step)
            if broken is not None:
                yield Refusal(f"hidden: {_name(explainer, index, step.args)}", "", broken[1], broken[0], 1, state)


def _of_step(explainer: Explainer, state: Packed, step: Successor, claim: Claim) -> Refusal:
    """Why a step that could be taken does not explain the claim."""
    name = _name(explainer, step.transition, step.args)
    if not explainer.agrees(step.after, claim.seen):
        why = f"after it, {_difference(explainer, step.after, claim.seen)}"
        return Refusal(name, "", why, "", _distance(explainer, step.after, claim.seen), state)
    broken = explainer.break_of(state, step)
    assert broken is not None
    return Refusal(name, "", broken[1], broken[0], 0, state)


def _not_enabled(explainer: Explainer, state: Packed, move: Move) -> Refusal:
    """The clause of a guard that is false for the values that come nearest to making all of them true."""
    model = explainer.model
    step = model.system.transitions[move.transition]
    variables = (*step.params, *step.witnesses)
    given = dict(move.given)
    for place, value in given.items():
        type_ = variables[place].type
        if not model.layout.domain(type_).admits(value, state):
            name = f"{step.action}, {variables[place].name}"
            return Refusal(name, "", f"{show_value(value, type_)} is no {type_}", "", len(variables) + 1, state)
    clauses = [c for c in conjuncts(step.guard) if not symbols_of(c) & frozenset(step.choices)]
    free = tuple(v for place, v in enumerate(variables) if place not in given)
    nearest: tuple[int, Mapping[Var, Value], Term | None] | None = None
    for chosen in islice(model.assignments_to(free, state), _MOST_TRIALS):
        rest = iter(chosen)
        values = {v: given[place] if place in given else next(rest) for place, v in enumerate(variables)}
        false = [c for c in clauses if not model.formula(c, variables)(state, None, tuple(values.values()))]
        if nearest is None or len(false) < nearest[0]:
            nearest = (len(false), values, false[0] if false else None)
    if nearest is None:
        return Refusal(step.action, "", "nothing has the types of its parameters", "", len(variables) + 1, state)
    distance, chosen_values, clause = nearest
    name = _name(explainer, move.transition, tuple(chosen_values[p] for p in step.params))
    if clause is None:
        return Refusal(name, "", "nothing satisfies what it chooses", "", 1, state)
    control = Control(model.system.processes)
    why = explain(model, clause, state, values=chosen_values)
    return Refusal(name, show_term(clause, chosen_values, control), why, "", distance, state)


def _distance(explainer: Explainer, state: Packed, seen: Seen) -> int:
    return sum(1 for _ in explainer.disagreements(state, seen))


def _difference(explainer: Explainer, state: Packed, seen: Seen) -> str:
    """What is not as it was seen: `turn is LEFT, and was seen as RIGHT`."""
    told: list[str] = []
    model = explainer.model
    for place in explainer.disagreements(state, seen):
        symbol, args, value = seen[place]
        block = model.layout.blocks[symbol]
        variables = tuple(Var(f"_{number}", type_) for number, type_ in enumerate(symbol.params))
        name = show_term(
            App(symbol, variables), dict(zip(variables, args, strict=True)), Control(model.system.processes)
        )
        if all(d.admits(arg, state) for d, arg in zip(block.domains, args, strict=True)):
            now = show_value(state[block.index(args)], symbol.result)
            told.append(f"{name} is {now}, and was seen as {show_value(value, symbol.result)}")
        else:
            told.append(f"there is no {name}")
    return "; ".join(told[:3]) + (f"; and {len(told) - 3} more" if len(told) > 3 else "")


def _name(explainer: Explainer, transition: int, args: tuple[Value, ...]) -> str:
    """Who takes a step, and where: `thread(LEFT) wait`, `prepare(manager0)`."""
    step: Transition = explainer.model.system.transitions[transition]
    shown = ", ".join(show_value(value, p.type) for p, value in zip(step.params, args, strict=True))
    who = (step.process or step.action) + (f"({shown})" if shown else "")
    return f"{who} {step.label}" if step.process else who
