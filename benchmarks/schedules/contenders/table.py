"""What was measured, as tables of Markdown, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

REFERENCE = "Interlock, reduced"
"""Whose times and rates the others are divided by."""

Told = Mapping[str, Any]
"""What `measure.py` printed."""

_FIRST = ("subject", "tool", "found", "executions", "CPU ms", "time / Interlock")
_WHOLE = ("subject", "tool", "executions", "exhausted", "CPU s", "schedules/CPU s", "rate / Interlock")


@dataclass(frozen=True)
class Row:
    """One tool on one subject; `told` is None where it did not come to an end, and `failed` says why."""

    subject: str
    tool: str
    told: Told | None
    failed: str = ""


def first_table(rows: Sequence[Row]) -> str:
    """The first counterexample: whether it was found, after how many executions, and how long that took."""
    times = {
        row.subject: row.told["seconds"] for row in rows if row.tool == REFERENCE and row.told and row.told["found"]
    }
    return _table(_FIRST, (_first(row, times) for row in rows))


def whole_table(rows: Sequence[Row]) -> str:
    """All executions: how many there are, whether the tool came to their end, and how fast it is."""
    rates = {row.subject: row.told["rate"] for row in rows if row.tool == REFERENCE and row.told}
    return _table(_WHOLE, (_whole(row, rates) for row in rows))


def faults(first: Iterable[Row], whole: Iterable[Row]) -> list[str]:
    """What must not be: Interlock misses a bug, does not exhaust a subject, or a tool calls a right subject wrong."""
    found = [
        f"{row.subject}: {row.tool} misses it"
        for row in first
        if row.tool.startswith("Interlock") and (row.told is None or row.told["found"] < row.told["tried"])
    ]
    for row in whole:
        if row.tool == REFERENCE and (row.told is None or not row.told["exhausted"]):
            found.append(f"{row.subject}: {row.tool} does not come to an end")
        if row.told is not None and row.told["broken"]:
            found.append(f"{row.subject}: {row.tool} finds something where nothing is wrong")
    return found


def _first(row: Row, times: Mapping[str, float]) -> tuple[str, ...]:
    told = row.told
    if told is None:
        return (row.subject, row.tool, row.failed, "", "", "")
    if not told["found"]:
        how = "missed, and says that it is done" if told["ended"] else "missed"
        return (row.subject, row.tool, how, f"{told['tries']:,}", "", "")
    seeds = "found" if told["found"] == told["tried"] else f"{told['found']} of {told['tried']} seeds"
    ratio = f"{told['seconds'] / times[row.subject]:.1f}" if times.get(row.subject) else ""
    return (row.subject, row.tool, seeds, f"{told['executions']:g}", f"{told['seconds'] * 1000:.1f}", ratio)


def _whole(row: Row, rates: Mapping[str, float]) -> tuple[str, ...]:
    told = row.told
    if told is None:
        return (row.subject, row.tool, "", row.failed, "", "", "")
    ratio = f"{told['rate'] / rates[row.subject]:.3f}" if row.subject in rates else ""
    done = "yes" if told["exhausted"] else "no"
    return (
        row.subject, row.tool, f"{told['executions']:,}", done, f"{told['seconds']:.3f}", f"{told['rate']:,.0f}", ratio,
    )  # fmt: skip


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))} |"

    return "\n".join([line(header), f"|{'|'.join('-' * (width + 2) for width in widths)}|", *map(line, lines[1:])])
