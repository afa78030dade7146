"""Designs compared, for a terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.text import Text

from interlock.compare import Design
from interlock.engines.judge import Judgement
from interlock.render.compare_overview import COST_COLUMNS, columns_of, texts_of, worst
from interlock.render.comparison import (
    COLUMNS,
    LEGEND,
    MARKS,
    MARKS_LEGEND,
    Row,
    memory_of,
    outcome_of,
    rows_of,
    short_names,
)
from interlock.render.terminal import WORDS


def lines_of_comparison(designs: Sequence[Design]) -> list[Text]:
    """Properties of all designs, and then the costs of each, with its verdicts above and what is to be noted below."""
    rows = [row for design in designs for row in rows_of(design)]
    table = [("operation", "holding", *COLUMNS), *(_texts(row) for row in rows)]
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    lines = [*_matrix(designs), Text(_padded(table[0], widths), "bold")]
    for design in designs:
        lines.append(Text.assemble((design.name, "bold cyan"), f"  {design.path}: {outcome_of(design)}"))
        lines += [Text(_padded(_texts(row), widths)) for row in rows_of(design)]
        lines += [
            Text(f"    {heap}: {rest.text} live at rest, {most.text} at most", "dim")
            for heap, rest, most in memory_of(design)
        ]
        lines += [Text(f"    note: {note}", "dim") for note in notes_of(design)]
    return [*lines, Text(), *(Text(line, "dim") for line in LEGEND)]


def _matrix(designs: Sequence[Design]) -> Iterator[Text]:
    """A line for each design, with a sign for each property that its file states."""
    marks = columns_of(designs)
    if not marks:
        return
    names = short_names(designs)
    first = max(map(len, names.values()))
    yield Text("  ".join((" " * (first + 2), *marks)), "bold")
    for design in designs:
        line = Text.assemble("  ", (names[design.path].ljust(first), "cyan"))
        for mark in marks:
            judgement = worst(design, mark)
            sign, tone = ("", "") if judgement is None else (_sign(judgement), WORDS[judgement.verdict.kind][1])
            line.append("  " + sign.ljust(len(mark)), tone)
        yield line
    yield from (Text(), Text(MARKS_LEGEND, "dim"), Text())


def markdown_of_comparison(designs: Sequence[Design]) -> str:
    """The same as Markdown: one row for each design, then every holding, and what is to be noted."""
    marks, names = columns_of(designs), short_names(designs)
    signs = {d.path: ["" if (j := worst(d, mark)) is None else _sign(j) for mark in marks] for d in designs}
    head = ["design", *marks, *COST_COLUMNS]
    parts = ["# Designs\n", _table(head, ([names[d.path], *signs[d.path], *texts_of(d)] for d in designs))]
    parts += [f"\n{MARKS_LEGEND}\n"] if marks else []
    head = ["design", "operation", "holding", *COLUMNS]
    parts += ["\n# Costs\n", _table(head, ([names[d.path], *_texts(row)] for d in designs for row in rows_of(d)))]
    heaps = [[names[d.path], heap, rest.text, most.text] for d in designs for heap, rest, most in memory_of(d)]
    parts += ["\n# Memory\n", _table(["design", "heap", "live at rest", "live at most"], heaps)] if heaps else []
    notes = [f"- {names[d.path]}: {note}" for d in designs for note in notes_of(d)]
    parts += ["\n# Notes\n", *notes] if notes else []
    return "\n".join([*parts, "", *LEGEND]) + "\n"


def _sign(judgement: Judgement) -> str:
    """A verdict in one sign, with `!` where it is not what the file expects."""
    return MARKS[judgement.verdict.kind] + ("" if judgement.ok else "!")


def notes_of(design: Design) -> list[str]:
    """What a reader of the numbers should know: the scopes, hidden costs, and trouble."""
    study = design.study
    if study is None:
        return []
    scopes = "; ".join(", ".join(f"{s}={n}" for s, n in p.items()) for p in study.exhausted if p)
    return [
        *([f"all is exact at {scopes}"] if scopes else [] if study.exhausted else ["in no scope is all exact"]),
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


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|")
