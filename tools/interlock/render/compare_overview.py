"""Designs compared, one row for each: the catalogue's properties, and what is done while a lock is held.

A property belongs to the mark that its description begins with, as in `P3. An array is freed only ...`; assertions,
which have no description, belong to the one that the specifications give to their names (`interlock.marks`).  A mark's
verdict is the worst of its properties'.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from interlock.compare import Design
from interlock.engines.costs.hidden import UNMEASURED
from interlock.engines.costs.quantities import OF_HOLDINGS, WHOLE
from interlock.engines.judge import Judgement
from interlock.render.comparison import COLUMNS, Cell, Row, memory_of, rows_of

COST_COLUMNS = (*(f"{kind} held" for kind in OF_HOLDINGS), "waiting", "two at once", "live at rest")
"""What is told of costs in one row: the most in one holding of a lock by each operation, and of the whole."""

REFINES = "refines"
"""The column of the claim that a design is what its callers see."""

_MARK = re.compile(r"([A-Z])(\d+)[a-z]?\.")
_SEVERITY = ("violated", "unknown", "not_inductive", "none_up_to", "holds", "proved")


@dataclass(frozen=True)
class Part:
    """What one operation costs in one holding: `row` and `column` are where it is told in full."""

    text: str
    row: Row
    column: str
    cell: Cell


def mark_of(judgement: Judgement, design: Design) -> str:
    """The column that a verdict belongs to; empty where there is none."""
    return mark(judgement.name, judgement.kind, judgement.doc, design.marks)


def mark(name: str, kind: str, doc: str, marks: Mapping[str, str]) -> str:
    """The column of a property: the mark that its description begins with, or that its name is given."""
    if kind == "refinement":
        return REFINES
    if kind in ("reachable", "scenario"):
        return ""
    found = _MARK.match(doc.lstrip())
    return f"{found[1]}{found[2]}" if found else marks.get(name.rpartition(".")[2], "")


def columns_of(designs: Sequence[Design]) -> list[str]:
    """Marks, in their order, where descriptions have any; else the names of properties that designs share."""
    judgements = [j for design in designs for j in design.judgements]
    if any(_MARK.match(j.doc.lstrip()) for j in judgements):
        found = {mark_of(j, design) for design in designs for j in design.judgements} - {""}
        return [*sorted(found - {REFINES}, key=lambda mark: (mark[0], int(mark[1:]))), *(found & {REFINES})]
    times = Counter(j.name for j in judgements)
    return [name for name, count in times.items() if count > 1 or len(designs) == 1]


def worst(design: Design, column: str) -> Judgement | None:
    """The judgement that a sign tells of: the worst of the properties that belong to a column."""
    found = [j for j in design.judgements if column in (mark_of(j, design), j.name)]
    return min(found, key=lambda j: _SEVERITY.index(j.verdict.kind), default=None)


def held_of(design: Design, column: str) -> list[Part]:
    """What each operation does at most in one holding of a lock, where it does anything."""
    index = COLUMNS.index(column)
    rows = [row for row in rows_of(design) if row.section and _is_lock(row)]
    several = {row.operation for row in rows if sum(other.operation == row.operation for other in rows) > 1}
    return [
        Part(
            f"{row.operation}{f' in {row.section}' if row.operation in several else ''}: {cell.text}", row, column, cell
        )
        for row in rows
        if (cell := row.cells[index]).text != "0"
    ]


def together_of(design: Design) -> list[Part]:
    """Whether two operations of a kind can be under way at the same time."""
    index = COLUMNS.index("two at once")
    return [
        Part(f"{row.operation}: {cell.text}", row, "two at once", cell)
        for row in rows_of(design)
        if row.section == WHOLE and (cell := row.cells[index]).text
    ]


def rest_of(design: Design) -> Iterator[tuple[str, Cell]]:
    """What lives at rest: (heap, cell)."""
    for heap, rest, _ in memory_of(design):
        yield heap, rest


def nothing_held(design: Design) -> str:
    """What stands where no operation does anything in a holding: there may be no lock, or none that is measured."""
    if any(row.section and _is_lock(row) for row in rows_of(design)):
        return "0"
    study = design.study
    return "not measured" if study and any(note.endswith(UNMEASURED) for note in study.hidden) else "no lock"


def _is_lock(row: Row) -> bool:
    study = row.design.study
    return study is not None and (row.operation, row.section, "waiting") in study.countable


def texts_of(design: Design) -> list[str]:
    """The costs of a design as texts, one for each of `COST_COLUMNS`."""
    held = [held_of(design, kind) for kind in (*OF_HOLDINGS, "waiting")]
    nothing = nothing_held(design)
    return [
        *("; ".join(part.text for part in parts) or nothing for parts in held),
        "; ".join(part.text for part in together_of(design)),
        "; ".join(f"{heap}: {cell.text}" for heap, cell in rest_of(design)),
    ]
