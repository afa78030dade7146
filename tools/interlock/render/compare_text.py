"""Designs compared, for a terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.text import Text

from interlock.compare import Design
from interlock.render.comparison import (
    COLUMNS,
    LEGEND,
    MARKS,
    MARKS_LEGEND,
    Row,
    memory_of,
    outcome_of,
    properties_of,
    rows_of,
    verdict_of,
)


def lines_of_comparison(designs: Sequence[Design]) -> list[Text]:
    """The table of costs, each design with its verdicts above, and what was not measured below."""
    rows = [row for design in designs for row in rows_of(design)]
    table = [("operation", "holding", *COLUMNS), *(_texts(row) for row in rows)]
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    lines = [Text(_padded(table[0], widths), "bold")]
    for design in designs:
        lines.append(Text.assemble((design.name, "bold cyan"), f"  {design.path}: {outcome_of(design)}"))
        lines += [Text(_padded(_texts(row), widths)) for row in rows_of(design)]
        lines += [
            Text(f"    {heap}: {rest.text} live at rest, {most.text} at most", "dim")
            for heap, rest, most in memory_of(design)
        ]
        lines += [Text(f"    note: {note}", "dim") for note in notes_of(design)]
    return [*lines, Text(), *(Text(line, "dim") for line in LEGEND)]


def markdown_of_comparison(designs: Sequence[Design]) -> str:
    """The same as Markdown, with a table of properties if any were judged."""
    head = ["design", "operation", "holding", *COLUMNS]
    parts = ["# Costs\n", _table(head, ([d.name, *_texts(row)] for d in designs for row in rows_of(d)))]
    heaps = [[d.name, heap, rest.text, most.text] for d in designs for heap, rest, most in memory_of(d)]
    parts += ["\n# Memory\n", _table(["design", "heap", "live at rest", "live at most"], heaps)] if heaps else []
    names = properties_of(designs)
    if names:
        marks = ([d.name, *(_mark(d, name) for name in names)] for d in designs)
        parts += ["\n# Properties\n", _table(["design", *names], marks), f"\n{MARKS_LEGEND}\n"]
    notes = [f"- {d.name}: {note}" for d in designs for note in notes_of(d)]
    parts += ["\n# Notes\n", *notes] if notes else []
    return "\n".join([*parts, "", *LEGEND]) + "\n"


def notes_of(design: Design) -> list[str]:
    """What a reader of the numbers should know: the scopes, hidden costs, and trouble."""
    study = design.study
    if study is None:
        return []
    scopes = "; ".join(", ".join(f"{s}={n}" for s, n in p.items()) for p in study.exhausted if p)
    return [
        *([f"exhausted: {scopes}"] if scopes else [] if study.exhausted else ["no scope was exhausted"]),
        *study.hidden,
        *([f"not measured: {study.trouble}"] if study.trouble else []),
    ]


def _texts(row: Row) -> tuple[str, ...]:
    return (row.operation, row.where, *(cell.text for cell in row.cells))


def _padded(cells: Sequence[str], widths: Sequence[int]) -> str:
    return ("  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))).rstrip()


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_escaped(cell) for cell in line)} |" for line in lines)


def _mark(design: Design, name: str) -> str:
    judgement = verdict_of(design, name)
    return "" if judgement is None else MARKS[judgement.verdict.kind]


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|")
