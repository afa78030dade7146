"""Test cases as a file of pytest tests, which needs the specification no more: nothing but a candidate.

The same cases give the same text, laid out as `ruff format` and `black` lay it out, so that a file can be compared with
what would be written today.
"""

from __future__ import annotations

import hashlib
import keyword
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import TypeAlias

from interlock.core.control import Control
from interlock.core.system import Transition, TransitionSystem
from interlock.core.term import Symbol, Value
from interlock.core.trace import State, Table
from interlock.engines.testgen import Case, Cases, Taken
from interlock.engines.testgen.cases import Arguments
from interlock.render.python_text import WIDTH, Brackets, Text, arguments, lines_of, lines_of_chain, listing, mapping
from interlock.render.system import lines_of_system

FEW = 4
"""Rows of a table up to which all are listed; of more, the most frequent value stands for the rows not listed."""

Seen: TypeAlias = Callable[[Symbol], bool]
"""Which symbols a case speaks of."""

_Entry: TypeAlias = tuple[str, Text]
"""A key of a dictionary, or a keyword, with what belongs to it."""


def meaning(system: TransitionSystem) -> str:
    """A digest of what cases are made of: how runs begin and which steps there are, but no property and no comment."""
    steps = replace(system, obligations=(), properties=(), refinements=(), scopes=(), expects=())
    return hashlib.sha256("\n".join(lines_of_system(steps)).encode()).hexdigest()[:32]


def shared_state(system: TransitionSystem) -> Seen:
    """What an implementation has as well: no program counters, no locals, and nothing that only proofs know."""
    control = Control(system.processes)
    return lambda symbol: not symbol.ghost and control.owner(symbol) is None


def all_state(_system: TransitionSystem) -> Seen:
    """Program counters, locals and ghosts as well."""
    return lambda _: True


def text_of_cases(cases: Cases, specification: str, command: str, seen: Seen) -> str:
    """The file.  `command` is what writes it, and `specification` the file that the cases are from."""
    return "\n".join(_lines(cases, specification, command, seen)) + "\n"


def step_names(system: TransitionSystem) -> tuple[str, ...]:
    """A name for each transition; those of one action or label are numbered."""
    of_name = Counter(transition.action for transition in system.transitions)
    met: Counter[str] = Counter()
    names: list[str] = []
    for transition in system.transitions:
        met[transition.action] += 1
        one = of_name[transition.action] == 1
        names.append(transition.action if one else f"{transition.action}#{met[transition.action]}")
    return tuple(names)


def lines_of_coverage(cases: Cases, *, places: bool) -> Iterator[str]:
    """What the cases cover, and what nothing covers in this scope.

    Without `places`, as in a file, no line of the specification is named: a comment may move it.
    """
    names = step_names(cases.system)
    steps, all_pairs = len(names), len(names) ** 2
    yield f"{_number(len(cases.cases), 'case')}, {_number(sum(len(case.steps) for case in cases.cases), 'step')} in all"
    if cases.cut:
        yield f"bounded: {cases.cut}, so more steps and pairs may be possible in this scope"
        yield f"steps taken: {len(cases.steps)} of {steps}"
        yield f"pairs of adjacent steps covered: {len(cases.pairs)}, all that were met"
    else:
        yield f"steps taken: {len(cases.steps)} of {steps}"
        yield f"pairs of adjacent steps covered: {len(cases.pairs)}, all that this scope has"
        yield f"pairs that never follow one another in this scope: {all_pairs - len(cases.pairs)}"
    for number, transition in enumerate(cases.system.transitions):
        if number not in cases.steps:
            why = "not met" if cases.cut else "never enabled in this scope"
            yield f"not taken: {names[number]}{_line_of(transition) if places else ''}, {why}"


def lines_of_missing_pairs(cases: Cases) -> Iterator[str]:
    """For each step that is taken, the steps that are taken too, but not right after it."""
    names = step_names(cases.system)
    for first in sorted(cases.steps):
        missing = [names[second] for second in sorted(cases.steps) if (first, second) not in cases.pairs]
        if missing:
            yield f"not right after {names[first]}: {', '.join(missing)}"


def _line_of(transition: Transition) -> str:
    if transition.span is None:
        return ""
    return f" in line {transition.span.source.position(transition.span.start)[0]}"


# The file

_INDENT = "    "


def _lines(cases: Cases, specification: str, command: str, seen: Seen) -> Iterator[str]:
    system = cases.system
    scope = ", ".join(f"{sort} = {size}" for sort, size in cases.sizes) or "nothing to choose"
    size = f"{cases.states:,} states, {f'bounded: {cases.cut}' if cases.cut else 'exhausted'}"
    yield f'"""Cases of {system.name}: each step, and each two that can follow one another.'
    yield ""
    yield "Written by `interlock testgen`, and to be written again when the specification has"
    yield "changed: `interlock testgen --check` tells.  Each case asks the fixture `candidate`,"
    yield "which is yours, to take steps, and compares its state with the specification's after"
    yield "each; see `interlock_conformance.stepwise`."
    yield ""
    yield f"specification  {system.name}, {specification}"
    yield f"meaning        sha256 {meaning(system)}"
    yield f"scope          {scope}; {size}"
    yield f"command        {command}"
    yield ""
    yield from lines_of_coverage(cases, places=False)
    yield '"""'
    yield ""
    yield "from interlock_conformance.stepwise import Adapter, begin"
    starts = {_key(state, seen): state for state in (case.start for case in cases.cases)}
    names = {key: "START" if len(starts) == 1 else f"START_{n}" for n, key in enumerate(starts, start=1)}
    yield ""
    for key, state in starts.items():
        yield from lines_of(f"{names[key]} = ", mapping(_whole(state, seen)), "")
    test_names = _test_names(cases)
    for case, name in zip(cases.cases, test_names, strict=True):
        yield ""
        yield ""
        yield from _case(case, name, names[_key(case.start, seen)], step_names(system), seen)


def _case(case: Case, name: str, start: str, names: Sequence[str], seen: Seen) -> Iterator[str]:
    head = f"def {name}(candidate: Adapter) -> None:"
    yield from [head] if len(head) <= WIDTH else [f"def {name}(", "    candidate: Adapter,", ") -> None:"]
    new = f"with {_number(len(case.first), 'new pair')}" if case.first else f"for {names[case.goal[-1]]} alone"
    yield f'    """{_number(len(case.steps), "step")} {new}."""'
    yield f"    run = begin(candidate, {start})"
    before = case.start
    for step in case.steps:
        yield from _step(step, before, seen)
        before = step.after


def _number(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _step(step: Taken, before: State, seen: Seen) -> Iterator[str]:
    changes = _changes(before, step.after, seen)
    others = tuple({_key(other, seen): _changes(before, other, seen) for other in step.others}.values())
    others = tuple(other for other in others if other != changes)
    given = _arguments(step.name, step.args)
    if others:
        yield from lines_of("run.steer", arguments(("", mapping(changes))), _INDENT)
        expected = arguments(("", mapping(changes)), ("or_else=", listing(map(mapping, others))))
        yield from lines_of_chain("run.step", given, ".gives", expected, _INDENT)
    elif changes:
        yield from lines_of_chain("run.step", given, ".gives", arguments(("", mapping(changes))), _INDENT)
    else:
        yield from lines_of_chain("run.step", given, ".unchanged", arguments(), _INDENT)
    for refusal in step.refused:
        yield from lines_of("run.refuses", _arguments(refusal.name, refusal.args), _INDENT)


def _arguments(name: str, args: Arguments) -> Brackets:
    """The step's name and what it is given; a name that is none in Python goes into a mapping."""
    plain = [(f"{arg}=", _literal(value)) for arg, value in args if _is_name(arg)]
    others = [(_quoted(arg), _literal(value)) for arg, value in args if not _is_name(arg)]
    more = [("**", mapping(others))] if others else []
    return arguments(("", _quoted(name)), *plain, *more)


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


def _quoted(text: str) -> str:
    return f'"{text}"'


# States


def _key(state: State, seen: Seen) -> tuple[object, ...]:
    return tuple((s.name, tuple(table.items())) for s, table in state.tables.items() if seen(s))


def _whole(state: State, seen: Seen) -> list[_Entry]:
    """All that is seen of a state; symbols of which there are no rows are left out."""
    return [(_quoted(s.name), _value(s, table)) for s, table in state.tables.items() if seen(s) and table]


def _changes(before: State, after: State, seen: Seen) -> list[_Entry]:
    found: list[_Entry] = []
    for symbol, table in after.tables.items():
        old = before.tables[symbol]
        rows = {args: value for args, value in table.items() if old.get(args) != value}
        if rows and seen(symbol):
            found.append((_quoted(symbol.name), _table(symbol, rows) if symbol.params else _literal(rows[()])))
    return found


def _value(symbol: Symbol, table: Table) -> Text:
    if not symbol.params:
        return _literal(table[()])
    if len(table) <= FEW:
        return _table(symbol, table)
    usual = Counter(table.values()).most_common(1)[0][0]
    rows = {args: value for args, value in table.items() if value != usual}
    return mapping([*_rows(symbol, rows), ("...", _literal(usual))])


def _table(symbol: Symbol, rows: Mapping[tuple[Value, ...], Value]) -> Text:
    return mapping(_rows(symbol, rows))


def _rows(symbol: Symbol, rows: Mapping[tuple[Value, ...], Value]) -> list[_Entry]:
    one = len(symbol.params) == 1
    return [
        (_literal(args[0]) if one else f"({', '.join(map(_literal, args))})", _literal(v)) for args, v in rows.items()
    ]


def _literal(value: Value) -> str:
    return _quoted(value) if isinstance(value, str) else repr(value)


# Names


def _test_names(cases: Cases) -> list[str]:
    """Each case is called after what it was made for; names that Python cannot tell apart get a number."""
    steps = step_names(cases.system)
    names: dict[str, None] = {}
    for case in cases.cases:
        plain = f"test_{'_then_'.join(_word(steps[number]) for number in case.goal)}"
        name = next(name for n in count(1) if (name := plain if n == 1 else f"{plain}_{n}") not in names)
        names[name] = None
    return list(names)


def _word(name: str) -> str:
    return re.sub(r"\W+", "_", name.replace("#", "_")).strip("_")
