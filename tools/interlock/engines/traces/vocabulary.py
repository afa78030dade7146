"""What a log says, in the terms of a specification: which steps an event may be, and what was seen of the state.

Steps are named by the action, by the process (any of its steps), by process and label (`init.alloc_list`, or with the
loops around it `init.fill/alloc_list`), or by `*` (any step of anybody).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from interlock.core.diagnostic import did_you_mean
from interlock.core.system import TransitionSystem
from interlock.core.term import Symbol, Value
from interlock.core.types import EnumType, SortType, Type
from interlock.engines.traces.log import Entry, Json, Trouble
from interlock.engines.traces.order import Stamp

ANY = "*"
"""The name of any step."""

ValueOf: TypeAlias = Callable[[Type, Json], Value]
"""What a JSON value of a type stands for."""

Seen: TypeAlias = tuple[tuple[Symbol, tuple[Value, ...], Value], ...]
"""Entries of the state: symbol, arguments, value."""

_PLACE = re.compile(r"(?P<head>[\w.]+)(?:\((?P<first>[^()]*)\))?(?:\.(?P<member>[\w.]+)(?:\((?P<second>[^()]*)\))?)?")


@dataclass(frozen=True, slots=True)
class Move:
    """A transition that an event may be; `given` are values of its parameters and witnesses, by their place."""

    transition: int
    given: tuple[tuple[int, Value], ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """What an event claims: one of the moves was made (None: none was), and then the state was as it was seen."""

    moves: tuple[Move, ...] | None
    seen: Seen = ()


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a log, as a claim about a run."""

    line: int
    claim: Claim
    stamp: Stamp = None
    text: str = ""


class Vocabulary:
    """The names that a log may use of one specification."""

    def __init__(self, system: TransitionSystem) -> None:
        self.system = system
        self._symbols = {symbol.name: symbol for symbol in system.symbols}
        steps: dict[str, dict[int, None]] = {ANY: {}}
        for index, step in enumerate(system.transitions):
            names = [ANY, step.action]
            if step.process is not None:
                names += [step.process, f"{step.process}.{step.label}"]
            for name in names:
                steps.setdefault(name, {})[index] = None
        self._steps = {name: tuple(found) for name, found in steps.items()}

    def steps(self, name: str) -> tuple[int, ...]:
        """The transitions of a name; Trouble where there are none."""
        if name not in self._steps:
            what = f"module `{self.system.name}` has no action, process or step `{name[:80]}`"
            raise Trouble("E0952", what, self._other(name))
        return self._steps[name]

    def hidden(self, names: Iterable[str]) -> frozenset[int]:
        """The transitions that may be taken without an event."""
        return frozenset(index for name in names for index in self.steps(name))

    def event(self, entry: Entry, value: ValueOf) -> Event:
        """What an entry says; Trouble where that is nothing that can be said of this specification."""
        moves = None if entry.action is None else self._moves(entry.action, entry.args, value)
        return Event(entry.line, Claim(moves, self.seen(entry.state, value)), entry.stamp, entry.text)

    def _moves(self, name: str, args: tuple[Json, ...] | Mapping[str, Json], value: ValueOf) -> tuple[Move, ...]:
        found: list[Move] = []
        trouble: Trouble | None = None
        for index in self.steps(name):
            try:
                found.append(Move(index, self._given(index, name, args, value)))
            except Trouble as why:
                trouble = trouble or why
        if trouble is not None and not found:
            raise trouble
        return tuple(found)

    def _given(
        self, index: int, name: str, args: tuple[Json, ...] | Mapping[str, Json], value: ValueOf
    ) -> tuple[tuple[int, Value], ...]:
        """Values of a transition's parameters and witnesses; null says nothing."""
        step = self.system.transitions[index]
        variables = (*step.params, *step.witnesses)
        if isinstance(args, tuple):
            if args and len(args) != len(step.params):
                takes = ", ".join(f"{p.name}: {p.type}" for p in step.params) or "none"
                raise Trouble(
                    "E0953", f"there are {len(args)} arguments, and `{name}` takes {takes}", "null is not told"
                )
            pairs = list(enumerate(args))
        else:
            places = {v.name: place for place, v in reversed(list(enumerate(variables)))}
            for arg in args:
                if arg not in places:
                    has = f"it has {', '.join(places)}" if places else "it has none"
                    raise Trouble("E0953", f"`{name}` has no parameter `{arg[:80]}`; {has}", did_you_mean(arg, places))
            pairs = sorted((places[arg], raw) for arg, raw in args.items() if raw is not None)
        return tuple((place, value(variables[place].type, raw)) for place, raw in pairs if raw is not None)

    def _other(self, name: str) -> str:
        known = [known for known in self._steps if known != ANY]
        return did_you_mean(name, known) or f"it has {', '.join(known[:12])}{', ...' * (len(known) > 12)}"

    # State

    def seen(self, state: Mapping[str, Json], value: ValueOf) -> Seen:
        """Entries of a state that was seen: `{"turn": v}`, `{"slot(a, 1)": v}`, `{"slot": [["a", 1, v], ..]}`."""
        found: list[tuple[Symbol, tuple[Value, ...], Value]] = []
        for place, raw in state.items():
            symbol, args = self._place(place)
            rows = [[*(args or ()), raw]] if args is not None or not symbol.params else _rows(raw)
            if rows is None:
                shape = f"[{'ARGUMENT, ' * len(symbol.params)}VALUE]"
                what = f"`{symbol.name}` has arguments, so its value is a list of {shape}"
                raise Trouble("E0958", what, f'or write "{symbol.name}({", ".join("." * len(symbol.params))})"')
            for row in rows:
                if len(row) != len(symbol.params) + 1:
                    what = f"`{symbol.name}` takes {len(symbol.params)} arguments, and {len(row) - 1} are given"
                    raise Trouble("E0958", what)
                known = tuple(value(type_, arg) for type_, arg in zip(symbol.params, row, strict=False))
                found.append((symbol, known, value(symbol.result, row[-1])))
        return tuple(found)

    def _place(self, text: str) -> tuple[Symbol, tuple[Json, ...] | None]:
        """The symbol of `slot`, `slot(a, 1)`, `init.a(l)` or `init(l).a`, and the arguments if they are written."""
        if text in self._symbols:
            return self._symbols[text], None
        parts = _PLACE.fullmatch(text.strip())
        name = text if parts is None else ".".join(filter(None, (parts["head"], parts["member"])))
        symbol = self._symbols.get(name)
        if parts is None or symbol is None:
            fix = did_you_mean(name, self._symbols) or f"it has {', '.join(list(self._symbols)[:12])}"
            raise Trouble("E0958", f"module `{self.system.name}` has no variable `{text[:80]}`", fix)
        written = [part for part in (parts["first"], parts["second"]) if part is not None]
        args = [arg.strip() for part in written for arg in part.split(",") if part.strip()]
        spelled = [_spelled(type_, arg) for type_, arg in zip(symbol.params, args, strict=False)]
        return symbol, (*spelled, *args[len(symbol.params) :])


def _rows(raw: Json) -> list[list[Json]] | None:
    """The rows of a table, or None where it is none."""
    rows = [row for row in raw if isinstance(row, list)] if isinstance(raw, list) else None
    return rows if rows == raw else None


def _spelled(type_: Type, text: str) -> Json:
    """An argument in the key of a state: there numbers and truth values are spelled, and names have no quotes."""
    if isinstance(type_, SortType | EnumType):
        return text
    if text in ("true", "false"):
        return text == "true"
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else text
