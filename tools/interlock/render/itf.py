"""Runs in the Informal Trace Format (ITF), which Apalache, Quint and their viewers read.

Constants are `params`, set in the first state; all other symbols are `vars`.  A symbol with arguments is a map, with a
tuple for a key where it has several; an option is the variant `None` or `Some`; elements of sorts are strings.  Each
state's `#meta` says which step led to it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeAlias

from interlock.core.system import TransitionSystem
from interlock.core.term import Symbol, Value
from interlock.core.trace import State, Trace, show_value
from interlock.core.types import BoolType, EnumType, IntType, OptionType, RangeType, SortType, Type

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"

FORMAT = "https://apalache-mc.org/docs/adr/015adr-trace.html"


def text_of_itf(
    trace: Trace, system: TransitionSystem, *, description: str = "", names: Mapping[str, str] | None = None
) -> str:
    """The document, ending in a line break; `names` gives elements other names than the tool's own."""
    known = names or {}
    params = [s for s in system.symbols if s.rigid and s in trace.initial.tables]
    variables = [s for s in system.symbols if not s.rigid and s in trace.initial.tables]
    states: list[Json] = [_state(trace.initial, [*params, *variables], {"index": 0}, known)]
    for index, step in enumerate(trace.steps, start=1):
        args = {name: _value(value, type_, known) for name, value, type_ in (*step.args, *step.witnesses)}
        states.append(_state(step.after, variables, {"index": index, "action": step.action, "args": args}, known))
    meta: dict[str, Json] = {
        "format": "ITF",
        "format-description": FORMAT,
        "source": system.name,
        "description": description,
        "sizes": dict[str, Json](trace.initial.sizes),
    }
    if orders := _orders(trace, system, known):
        meta["sorts"] = orders
    document: dict[str, Json] = {"#meta": meta}
    if params:
        document["params"] = [s.name for s in params]
    document["vars"] = [s.name for s in variables]
    document["states"] = states
    if trace.loop is not None:
        document["loop"] = trace.loop
    return json.dumps(document, indent=1) + "\n"


def _orders(trace: Trace, system: TransitionSystem, names: Mapping[str, str]) -> dict[str, Json]:
    """The elements of ordered sorts in their order, which the tool's own names tell and other names do not."""
    found: dict[str, Json] = {}
    sizes = dict(trace.initial.sizes)
    for sort in system.sorts:
        own = [show_value(number, sort) for number in range(sizes.get(sort.name, 0))]
        if sort.ordered and names.keys() & set(own):
            found[sort.name] = [names.get(name, name) for name in own]
    return found


def _state(state: State, symbols: list[Symbol], meta: dict[str, Json], names: Mapping[str, str]) -> Json:
    return {"#meta": meta, **{symbol.name: _table(state, symbol, names) for symbol in symbols}}


def _table(state: State, symbol: Symbol, names: Mapping[str, str]) -> Json:
    table = state.tables[symbol]
    if not symbol.params:
        return _value(table[()], symbol.result, names)
    pairs: list[Json] = []
    for args, value in table.items():
        parts: list[Json] = [_value(arg, type_, names) for arg, type_ in zip(args, symbol.params, strict=True)]
        pairs.append([parts[0] if len(parts) == 1 else {"#tup": parts}, _value(value, symbol.result, names)])
    return {"#map": pairs}


def _value(value: Value, type_: Type, names: Mapping[str, str]) -> Json:
    match type_:
        case OptionType():
            if value is None:
                return {"tag": "None", "value": {"#tup": []}}
            return {"tag": "Some", "value": _value(value, type_.of, names)}
        case SortType():
            own = show_value(value, type_)
            return names.get(own, own)
        case IntType() | RangeType():
            return {"#bigint": str(value)}
        case BoolType() | EnumType():
            return value
