"""Random runs of specifications, and the logs that an implementation which makes them might write."""

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path

from interlock.core.system import TransitionSystem
from interlock.core.trace import show_value
from interlock.engines.evaluate import Packed, Successor, instantiate
from interlock.engines.traces.judging import Budget, Outcome, judge_log
from interlock.engines.traces.log import read_log
from interlock.engines.traces.reading import Log, open_log
from interlock.pipeline import lower_file, read_bytes, sizes_of

ROOT = Path(__file__).parents[2]
GALLERY = sorted((ROOT / "spec/gallery").glob("*.ilk"))


@cache
def system_of(path: str) -> TransitionSystem:
    system, diagnostics = lower_file(str(ROOT / path), read_bytes)
    assert system is not None, diagnostics
    return system


@cache
def model_of(path: str, scope: str = ""):
    system = system_of(path)
    return instantiate(system, sizes_of(system, scope)[0])


def random_run(path: str, seed: int, length: int, scope: str = "") -> tuple[Packed, list[Successor]]:
    """An initial state and steps; ends early where nothing can happen."""
    model, chance = model_of(path, scope), random.Random(seed)
    starts = [start for start in islice(model.initial_states(), 50) if any(model.successors(start))]
    state = first = chance.choice(starts)
    steps: list[Successor] = []
    while len(steps) < length:
        able = list(model.successors(state))
        moving = [step for step in able if step.after != state] or able
        if not moving:
            break
        steps.append(chance.choice(moving))
        state = steps[-1].after
    return first, steps


def action_of(path: str, step: Successor) -> str:
    return system_of(path).transitions[step.transition].action


def event_of(path: str, step: Successor) -> dict:
    """The step as an event that tells all it can."""
    transition = system_of(path).transitions[step.transition]
    pairs = [*zip(transition.params, step.args, strict=True), *zip(transition.witnesses, step.witnesses, strict=True)]
    return {"action": transition.action, "args": {v.name: _json(value, v.type) for v, value in pairs}}


def state_of(path: str, state: Packed, symbols: Sequence[str], scope: str = "") -> dict:
    """Some symbols of a state, as a log tells them."""
    model = model_of(path, scope)
    plain = model.to_state(state)
    found = {}
    for symbol, table in plain.tables.items():
        if symbol.name in symbols:
            rows = [
                [*(_json(a, t) for a, t in zip(args, symbol.params, strict=True)), _json(value, symbol.result)]
                for args, value in table.items()
            ]
            found[symbol.name] = rows if symbol.params else rows[0][0]
    return found


def initial_of(path: str, state: Packed, scope: str = "") -> dict:
    """A header that tells all of the first state."""
    names = [symbol.name for symbol in system_of(path).symbols]
    return {"schema": "interlock-log/1", "initial": state_of(path, state, names, scope)}


def _json(value, type_):
    if value is None or isinstance(value, bool | str):
        return value
    shown = show_value(value, type_)
    return value if shown == str(value) else shown


def lines(events: Sequence[dict]) -> list[bytes]:
    return [json.dumps(event).encode() + b"\n" for event in events]


def opened(path: str, events: Sequence[dict], scope: str = "", hidden: Sequence[str] = ()) -> Log:
    system, raw = system_of(path), lines(events)
    log, problems = open_log(system, "log", lambda: read_log(raw, "log"), sizes_of(system, scope)[0], hidden=hidden)
    assert log is not None, [(p.message, p.fix) for p in problems]
    return log


def judged(
    path: str,
    events: Sequence[dict],
    scope: str = "",
    hidden: Sequence[str] = (),
    budget: Budget | None = None,
    *,
    invariants: bool = True,
    exchange: bool = True,
) -> Outcome:
    log = opened(path, events, scope, hidden)
    case = log.case(invariants=invariants)
    if not exchange:
        case = replace(case, named=None)
    return judge_log(case, log.events, budget, last=log.last)
