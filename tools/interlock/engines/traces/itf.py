"""Traces in the Informal Trace Format (ITF) of Apalache and Quint, read as logs.

An ITF trace is a sequence of states.  Its first state becomes what is known of the initial state; each further one is
an event: any step, or the one that the state's `#meta` names under `action` and `args`, after which the state was seen.
A state that is the same as the one before, and names no step, is no step.

Limits: a `#set` is not read, for it says nothing of what it leaves out (write a map to true and false), nor are
records and sequences, for which the language has no type; `loop` is passed over, and the finite part is judged.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from interlock.core.diagnostic import Diagnostic, diagnose
from interlock.engines.traces.log import Entry, Header, Item, Json, Trouble
from interlock.engines.traces.vocabulary import ANY

_BIGGEST = 4_000
"""Digits of a number; the language has no use for more."""


def place_in_itf(trouble: Trouble, path: str, number: int, _text: str) -> Diagnostic:
    """The trouble as a diagnostic that names the state."""
    return diagnose(trouble.code, f"state {number}: {trouble.message}", fix=trouble.fix, path=path)


def read_itf(text: bytes, path: str) -> Iterator[Item]:
    """The states of a trace as a header and entries, whose lines are the numbers of the states (the first is 0)."""
    try:
        document: Json = json.loads(text.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        yield diagnose("E0957", f"the file is not JSON: {error}", path=path)
        return
    variables = document.get("vars") if isinstance(document, dict) else None
    states = document.get("states") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(variables, list) or not isinstance(states, list) or not states:
        fix = "an ITF trace is a JSON object with `vars` and `states`; a log of events does not end in .json"
        yield diagnose("E0957", "the file is no ITF trace", path=path, fix=fix)
        return
    params = document.get("params")
    rigid = params if isinstance(params, list) else []
    before: Mapping[str, Json] | None = None
    for number, state in enumerate(states):
        try:
            seen = _seen(state, [str(name) for name in variables], [str(name) for name in rigid])
        except Trouble as trouble:
            yield place_in_itf(trouble, path, number, "")
            continue
        if number == 0:
            yield Header(initial=seen, sorts=_sorts(document.get("#meta")))
        else:
            yield from _entry(number, state, seen, path, same=seen == before)
        before = seen


def _sorts(meta: Json) -> dict[str, tuple[Json, ...]]:
    """The elements of sorts in their order, where Interlock has written the trace and they have names of their own."""
    told = meta.get("sorts") if isinstance(meta, dict) else None
    lists = told.items() if isinstance(told, dict) else ()
    return {name: tuple(listed) for name, listed in lists if isinstance(listed, list)}


def _seen(state: Json, variables: list[str], params: list[str]) -> dict[str, Json]:
    """The variables of a state, which must all be there, and the parameters that are."""
    if not isinstance(state, dict):
        raise Trouble("E0957", "a state is an object")
    for name in variables:
        if name not in state:
            raise Trouble("E0957", f"there is no value of `{name[:80]}`, which is one of `vars`")
    names = [*variables, *(name for name in params if name in state)]
    return {name: _read(state[name]) for name in names if not name.startswith("mbt::")}


def lines_of_items(items: Iterator[Item], schema: str) -> Iterator[str]:
    """A header and entries as lines of a log."""
    for item in items:
        match item:
            case Header():
                sorts = {"sorts": {name: list(listed) for name, listed in item.sorts.items()}} if item.sorts else {}
                yield json.dumps({"schema": schema, **sorts, "initial": item.initial})
            case Entry():
                step: dict[str, Json] = {} if item.action is None else {"action": item.action}
                if item.args:
                    step["args"] = list(item.args) if isinstance(item.args, tuple) else dict(item.args)
                yield json.dumps({**step, "state": item.state})
            case Diagnostic():
                pass


def _entry(number: int, state: Json, seen: Mapping[str, Json], path: str, *, same: bool) -> Iterator[Item]:
    meta = state.get("#meta") if isinstance(state, dict) else None
    told = meta.get("action") if isinstance(meta, dict) else None
    action = told if isinstance(told, str) else None if same else ANY
    given = meta.get("args") if isinstance(meta, dict) and isinstance(told, str) else None
    try:
        args = {name: _read(value) for name, value in given.items()} if isinstance(given, dict) else {}
    except Trouble as trouble:
        yield place_in_itf(trouble, path, number, "")
        return
    shown = f"{told}{f' {json.dumps(args)}' if args else ''}" if isinstance(told, str) else "no step is named"
    yield Entry(number, action, args, seen, text=shown)


def _read(value: Json) -> Json:
    """A value as a log has it: maps become rows of arguments and value, options the value or null."""
    match value:
        case {"#bigint": str() as digits}:
            if len(digits) > _BIGGEST or not digits.removeprefix("-").isdecimal():
                raise Trouble("E0957", f"`{digits[:80]}` is no number")
            return int(digits)
        case {"#map": list() as pairs}:
            return [_row(pair) for pair in pairs]
        case {"tag": "None"}:
            return None
        case {"tag": "Some", "value": inner}:
            return _read(inner)
        case {"tag": str() as member}:
            return member
        case dict() | list():
            raise Trouble(
                "E0957",
                f"`{json.dumps(value)[:80]}` is nothing that a variable can be",
                "sets are maps to true and false",
            )
        case bool() | int() | float() | str() | None:
            return value


def _row(pair: Json) -> list[Json]:
    if not isinstance(pair, list) or len(pair) != 2:
        raise Trouble("E0957", "a `#map` has pairs of a key and a value")
    match pair[0]:
        case {"#tup": list() as parts}:
            key = parts
        case list() as parts:
            key = parts
        case one:
            key = [one]
    return [*map(_read, key), _read(pair[1])]
