"""From which step to which a thread holds a lock, in one run.

A step that enters a section by `with` shows how the lock remembers its holder: by the relations between it and the
thread that become true there.  From then on these relations are asked and not the labels of steps, since a thread may
let go of a lock in the middle of a `with` and take it again, as who waits for a condition does.  What is taken by an
operation (`acquire rcu.read`, a reference) is found by the same sign: a relation of another module to the thread, which
the thread's own steps turn on and off.  It has the relation's name, `rcu.reading`, as nothing tells the section's.

Known limit: what is neither entered by `with` nor remembered by such a relation has no bar.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from interlock.core.system import ProcessInfo
from interlock.core.term import Symbol, Value
from interlock.core.trace import Trace, show_value

Cell = tuple[Symbol, tuple[Value, ...]]
Taken = tuple[ProcessInfo, tuple[Value, ...], str]
"""Whose step it is: the kind of process, which one, and the step's label."""

WAITS, TAKES, LEAVES = "request", "enter", "exit"


@dataclass(frozen=True)
class Holding:
    """A lock that a thread holds (or `waits` for) from one row to another; to the end of the run if `to` is None.

    `cells` are the entries of relations that say so.
    """

    lane: int
    lock: str
    begin: int
    to: int | None
    waits: bool = False
    cells: frozenset[Cell] = frozenset()


def part_of(label: str) -> tuple[str, str]:
    """The section and the part of it that a step's label names: `create_mutex`, `enter`; empty where it names none."""
    section, _, part = label.rpartition("/")[2].rpartition(".")
    return (section, part) if section and part in (WAITS, TAKES, LEAVES) else ("", "")


def holdings(trace: Trace, taken: Sequence[Taken | None], lanes: Sequence[int]) -> list[Holding]:
    """All holdings in the order in which they begin; `taken` and `lanes` tell whose each step is."""
    found: list[Holding] = []
    known: set[Cell] = set()
    for row, who in enumerate(taken):
        section, part = part_of(_label(who))
        if who is None or part not in (WAITS, TAKES):
            continue
        lane, cells = lanes[row], frozenset(_become_true(trace, row, who))
        if part == WAITS:
            found.append(Holding(lane, section, row, _until(taken, lanes, row, TAKES), waits=True))
        elif not cells:  # a lock that remembers its holder in another way
            found.append(Holding(lane, section, row, _until(taken, lanes, row, LEAVES)))
        elif not cells <= known:
            found.extend(Holding(lane, section, *span, cells=cells) for span in _spans(trace, cells))
        known |= cells
    found.extend(_by_operations(trace, taken, lanes, known))
    return sorted(found, key=lambda holding: holding.begin)


def _by_operations(
    trace: Trace, taken: Sequence[Taken | None], lanes: Sequence[int], known: set[Cell]
) -> Iterator[Holding]:
    """What threads take and give back without `with`."""
    for row, who in enumerate(taken):
        if who is None:
            continue
        process, key, _ = who
        for symbol, args in _become_true(trace, row, who):
            module, dot, relation = symbol.name.removesuffix(f"_{process.name}").rpartition(".")
            if (symbol, args) in known or symbol.ghost or not dot or module == process.name:
                continue
            known.add((symbol, args))
            spans = list(_spans(trace, frozenset([(symbol, args)])))
            if all(lanes[end] == lanes[row] for span in spans for end in span if end is not None):
                of = [show_value(v, t) for v, t in zip(args[: len(args) - len(key)], symbol.params, strict=False)]
                name = f"{module}.{relation}" + (f"({', '.join(of)})" if of else "")
                yield from (Holding(lanes[row], name, *span, cells=frozenset([(symbol, args)])) for span in spans)


def _become_true(trace: Trace, row: int, who: Taken) -> Iterator[Cell]:
    """Relations to its thread that the step in a row makes true."""
    process, key, _ = who
    before, after = trace.states[row], trace.states[row + 1]
    for symbol, table in after.tables.items():
        if symbol.name.endswith(f"_{process.name}") and table != before.tables.get(symbol):
            for args, value in table.items():
                if value is True and before.tables[symbol].get(args) is False and args[len(args) - len(key) :] == key:
                    yield symbol, args


def _spans(trace: Trace, cells: frozenset[Cell]) -> Iterator[tuple[int, int | None]]:
    """The rows between which all of the cells are true."""
    held = [all(state.tables[symbol][args] is True for symbol, args in cells) for state in trace.states]
    begin = 0 if held[0] else None
    for row, (before, after) in enumerate(pairwise(held)):
        if after and not before:
            begin = row
        elif before and not after and begin is not None:
            yield begin, row
            begin = None
    if begin is not None:
        yield begin, None


def _until(taken: Sequence[Taken | None], lanes: Sequence[int], row: int, part: str) -> int | None:
    """The row of the thread's next step that is written as that part of the section of the step in a row."""
    section = part_of(_label(taken[row]))[0]
    later = range(row + 1, len(taken))
    return next((n for n in later if lanes[n] == lanes[row] and part_of(_label(taken[n])) == (section, part)), None)


def _label(who: Taken | None) -> str:
    return "" if who is None else who[2]
