"""Event logs as they are written: one JSON object on each line, schema `interlock-log/1`.

Reading is by line and keeps nothing, so a log may be longer than memory.  What a line says is only given its shape
here; whether the specification has such an action or such a state is for `vocabulary.py` to say.  A field that is not
known is refused, since a mistyped `state` would otherwise check nothing; those that begin with `_` or `#` are the
writer's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, NoReturn, TypeAlias, TypeGuard

from interlock.core.diagnostic import Diagnostic, diagnose, did_you_mean
from interlock.core.source import Source, Span
from interlock.engines.traces.order import Clock, Interval, Stamp

SCHEMA = "interlock-log/1"
"""Name and version of the format.  Fields may be added within a version; none changes its meaning."""

LONGEST = 1_000_000
"""Bytes of a line; a longer one is damage and not an event."""

MOST_PROBLEMS = 20
"""Problems that are told of one log."""

_SHOWN = 2_000
_EVENT = ("action", "args", "state", "thread", "clock", "begin", "end")
_HEADER = ("schema", "hidden", "sorts", "initial")

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""A value that was read from JSON."""


def printable(text: str) -> str:
    """The text without what a terminal must not be sent."""
    return "".join(c if c.isprintable() else "?" for c in text)


class Trouble(Exception):  # noqa: N818 - the user's mistake, not ours
    """Why a line cannot be used, and what to write instead."""

    def __init__(self, code: str, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = printable(message)
        self.fix = printable(fix)


@dataclass(frozen=True, slots=True)
class Header:
    """What a log says of itself in its first line.

    `hidden` names steps that are never logged, `sorts` lists the elements of a sort in their order, and `initial` is
    what is known of the first state.
    """

    line: int = 0
    hidden: tuple[str, ...] = ()
    sorts: Mapping[str, tuple[Json, ...]] = field(default_factory=dict[str, tuple[Json, ...]])
    initial: Mapping[str, Json] = field(default_factory=dict[str, Json])


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as it was logged.

    `action` is None where only state was seen; `args` are in order (None: not told) or by name.  `text` is the line.
    """

    line: int
    action: str | None
    args: tuple[Json, ...] | Mapping[str, Json]
    state: Mapping[str, Json]
    stamp: Stamp = None
    text: str = ""


Item: TypeAlias = Header | Entry | Diagnostic
"""What reading yields: one header, then entries, and a diagnostic instead of each line that cannot be used."""


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file; of one that is too long comes one byte more than may be, and the rest is passed over."""
    while line := file.readline(LONGEST + 1):
        yield line
        ended = len(line) <= LONGEST or line.endswith(b"\n")
        while not ended:
            rest = file.readline(LONGEST)
            ended = not rest or rest.endswith(b"\n")


def read_log(lines: Iterable[bytes], path: str) -> Iterator[Item]:
    """What is in a log; the header is there even if nobody wrote one."""
    begun = False
    for number, raw in enumerate(lines, start=1):
        line = raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
        if not line.strip():
            continue
        try:
            data = _object(line)
            if not begun and "schema" in data:
                begun = True
                yield _header(data, number)
                continue
            if not begun:
                begun = True
                yield Header()
            yield _entry(data, number, line)
        except Trouble as trouble:
            if not begun:
                begun = True
                yield Header()
            yield place(trouble, path, number, line.decode("utf-8", "replace"))
    if not begun:
        yield Header()


def place(trouble: Trouble, path: str, number: int, text: str) -> Diagnostic:
    """The trouble as a diagnostic that shows the line (or so much of it as a reader can use); 0 is no line."""
    if number == 0:
        return diagnose(trouble.code, trouble.message, fix=trouble.fix, path=path)
    shown = " ".join(text.splitlines())[:_SHOWN]
    source = Source(path, "\n" * (number - 1) + shown)
    start = number - 1
    return diagnose(trouble.code, trouble.message, Span(source, start, start + max(1, len(shown))), fix=trouble.fix)


def _object(line: bytes) -> dict[str, Json]:
    if len(line) > LONGEST:
        raise Trouble("E0950", f"the line is longer than {LONGEST:,} bytes", "one event stands on each line")
    try:
        data: Json = _DECODER.decode(line.decode("utf-8").rstrip())
    except UnicodeDecodeError:
        raise Trouble("E0950", "the line is not UTF-8 text") from None
    except RecursionError:
        raise Trouble("E0950", "the line is nested too deeply") from None
    except json.JSONDecodeError as error:
        cut = "" if line.endswith(b"\n") else "if its writer was killed here, remove this last line"
        raise Trouble("E0950", f"the line is not JSON: {error.msg} at column {error.colno}", cut) from None
    except ValueError as error:
        raise Trouble("E0950", f"the line is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise Trouble("E0950", "the line is no JSON object", 'an event is like {"action": "enter", "args": ["t1"]}')
    return data


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _fields(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"`{next(n for n in names if names.count(n) > 1)}` is given twice")
    return found


_DECODER = json.JSONDecoder(parse_constant=_no_number, object_pairs_hook=_fields)


def _header(data: Mapping[str, Json], number: int) -> Header:
    if data["schema"] != SCHEMA:
        raise Trouble("E0950", f"the schema {_shown(data['schema'])} is not known", f"this version reads {SCHEMA}")
    _known(data, _HEADER, "a header")
    hidden, sorts = data.get("hidden", []), data.get("sorts", {})
    names = [name for name in hidden if isinstance(name, str)] if isinstance(hidden, list) else []
    if names != hidden:
        raise Trouble("E0950", "`hidden` is a list of names of actions, processes or steps")
    listed = {n: tuple(e) for n, e in sorts.items() if isinstance(e, list)} if isinstance(sorts, dict) else {}
    if not isinstance(sorts, dict) or len(listed) < len(sorts):
        raise Trouble("E0950", "`sorts` gives lists of elements", 'as in {"Lru": ["sda", "sdb"]}')
    return Header(number, tuple(names), listed, _state(data, "initial"))


def _entry(data: Mapping[str, Json], number: int, line: bytes) -> Entry:
    if "schema" in data:
        raise Trouble("E0950", "a header stands before the first event, once")
    _known(data, _EVENT, "an event")
    action, args = data.get("action"), data.get("args", [])
    if action is not None and not isinstance(action, str):
        raise Trouble("E0950", "`action` is a name", 'write "*" for any step')
    if action is None and "state" not in data:
        raise Trouble("E0950", "an event has an `action`, or a `state` that was seen, or both")
    if not isinstance(args, list | dict):
        raise Trouble("E0953", "`args` are a list in the order of the parameters, or an object by their names")
    if action is None and args:
        raise Trouble("E0953", "there are `args` and no `action`")
    given = tuple(args) if isinstance(args, list) else args
    text = line.decode("utf-8", "replace").strip()[:_SHOWN]
    return Entry(number, action, given, _state(data, "state"), _stamp(data), text)


def _known(data: Mapping[str, Json], fields: tuple[str, ...], what: str) -> None:
    for name in data:
        if name not in fields and not name.startswith(("_", "#")):
            fix = did_you_mean(name, fields) or "a name of your own begins with `_`"
            raise Trouble("E0951", f"{what} has no field `{name[:80]}`; it has {', '.join(fields)}", fix)


def _state(data: Mapping[str, Json], name: str) -> dict[str, Json]:
    state = data.get(name, {})
    if not isinstance(state, dict):
        raise Trouble("E0950", f"`{name}` is an object of variables and their values")
    return state


def _stamp(data: Mapping[str, Json]) -> Stamp:
    thread = data.get("thread")
    if thread is not None and not isinstance(thread, str | int):
        raise Trouble("E0955", "`thread` is a name or a number")
    if "clock" in data:
        return _clock(data, thread)
    if "begin" not in data and "end" not in data:
        return None
    begin, end = data.get("begin"), data.get("end")
    if not _number(begin) or not _number(end):
        raise Trouble("E0955", "`begin` and `end` are two numbers")
    if begin > end:
        raise Trouble("E0955", f"the event begins at {begin} and ends before that, at {end}")
    return Interval(begin, end, None if thread is None else str(thread))


def _clock(data: Mapping[str, Json], thread: str | int | None) -> Clock:
    clock = data["clock"]
    if "begin" in data or "end" in data:
        raise Trouble("E0955", "an event has a `clock`, or `begin` and `end`, and not both")
    counts = {name: n for name, n in clock.items() if _natural(n)} if isinstance(clock, dict) else {}
    if counts != clock:
        raise Trouble("E0955", "`clock` says how far each thread is", 'as in {"t1": 4, "t2": 1}')
    if thread is None or str(thread) not in counts:
        raise Trouble("E0955", "an event with a `clock` has a `thread`, of which the clock says how far it is")
    return Clock(str(thread), counts)


def _number(value: Json) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _natural(value: Json) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _shown(value: Json) -> str:
    return f"`{json.dumps(value)[:80]}`"
