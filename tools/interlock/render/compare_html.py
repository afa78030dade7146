"""Designs compared, as one page that needs nothing else: tables that sort, and behind each cell its run or proof."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from interlock.compare import Design
from interlock.engines.costs.quantities import OF_HOLDINGS
from interlock.engines.judge import Judgement
from interlock.render.compare_overview import (
    COST_COLUMNS,
    Part,
    columns_of,
    held_of,
    nothing_held,
    rest_of,
    together_of,
    worst,
)
from interlock.render.compare_text import notes_of
from interlock.render.comparison import (
    COLUMNS,
    LEGEND,
    MARKS,
    MARKS_LEGEND,
    Cell,
    Row,
    memory_of,
    outcome_of,
    rows_of,
    short_names,
)
from interlock.render.facts import Names
from interlock.render.page import TONES, page, table
from interlock.render.terminal import WORDS
from interlock.render.traces import lines_of_interleaving, lines_of_run

_INTRODUCTION = (
    "What each design does while it holds which lock, and what holds of it. "
    "Click a heading to sort, a cell to see what it rests on."
)

_OVERVIEW = (
    "Held: the most that each operation does in one holding of a lock. Waiting: the most steps that others take inside "
    "a lock while one waits for it. At once: whether two of an operation can be under way. At rest: blocks that live."
)

_ORDER = ("+", "(+)", "?", "-")

_STYLE = """
body { margin: 2rem; max-width: none; } th, td { padding: .3rem .5rem; }
td.cost { white-space: nowrap; font-size: 13px; } td.cost a { text-decoration-color: var(--line); }
th:first-child, td:first-child { position: sticky; left: 0; background: Canvas; } th:first-child { z-index: 1; }
"""


def html_of_comparison(designs: Sequence[Design]) -> str:
    """The whole page."""
    marks, names = columns_of(designs), short_names(designs)
    parts = [
        "<h1>Designs compared</h1>",
        f"<p>{_INTRODUCTION}</p>",
        table(("design", *marks, *COST_COLUMNS), (_overview(d, names[d.path], marks) for d in designs)),
        f"<p><small>{escape(_signs_explained())}</small></p>",
        f"<p><small>{escape(_OVERVIEW)}</small></p>",
        "<h2>Costs of each holding</h2>",
        table(("design", "operation", "holding", *COLUMNS), (c for d in designs for c in _costs(d, names[d.path]))),
        *(f"<p><small>{escape(line)}</small></p>" for line in LEGEND),
    ]
    memory = [row for design in designs for row in _memory(design, names[design.path])]
    if memory:
        parts += ["<h2>Memory</h2>", table(("design", "heap", "live at rest", "live at most"), memory)]
    parts.append("<h2>What it rests on</h2>")
    parts += [piece for design in designs for piece in _evidence(design)]
    return page("Designs compared", parts, style=_STYLE)


def _overview(design: Design, name: str, marks: Sequence[str]) -> str:
    """One row: a sign for each property, and what is done while a lock is held."""
    cells = "".join(_sign(design, mark) for mark in marks)
    nothing = nothing_held(design)
    for column in (*OF_HOLDINGS, "waiting"):
        cells += _parts(held_of(design, column), nothing)
    cells += _parts(together_of(design), "")
    heaps = [(f"{heap}: {cell.text}", _memory_anchor(design, heap, "rest"), cell) for heap, cell in rest_of(design)]
    cells += _costs_cell(heaps, "")
    return f"<tr>{_named(design, name)}{cells}</tr>"


def _parts(parts: Sequence[Part], nothing: str) -> str:
    return _costs_cell([(part.text, _anchor(part.row, part.column), part.cell) for part in parts], nothing)


def _costs_cell(parts: Sequence[tuple[str, str, Cell]], nothing: str) -> str:
    """Several costs, each a link, in one cell that is sorted by the greatest."""
    if not parts:
        return f'<td class="dim" data-k="-1">{nothing}</td>'
    weight = max(cell.weight for _, _, cell in parts)
    lines = "<br>".join(
        f'<a href="#{anchor}" title="{escape(cell.detail)}">{escape(text)}</a>' if cell.detail else escape(text)
        for text, anchor, cell in parts
    )
    return f'<td class="cost" data-k="{"1e9" if weight == float("inf") else f"{weight:g}"}">{lines}</td>'


def _sign(design: Design, mark: str) -> str:
    judgement = worst(design, mark)
    if judgement is None:
        return '<td data-k="9"></td>'
    kind = judgement.verdict.kind
    sign = {"+": "✓", "(+)": "(✓)", "-": "✗"}.get(MARKS[kind], "?") + ("" if judgement.ok else "!")
    title = f"{judgement.name}: {WORDS[kind][0]}"
    anchor = _property_anchor(design, judgement.name)
    link = f'<a class="{_tone_of(judgement)}" href="#{anchor}" title="{title}">{sign}</a>'
    return f'<td class="sign" data-k="{_ORDER.index(MARKS[kind])}">{link}</td>'


def _signs_explained() -> str:
    return MARKS_LEGEND.replace("(+)", "(✓)").replace("+ proved", "✓ proved").replace("- refuted", "✗ refuted")


def _costs(design: Design, name: str) -> Iterator[str]:
    for row in rows_of(design):
        cells = "".join(
            f'<td data-k="{_weight(cell)}"{_tone(cell)}>{_linked(_anchor(row, column), cell)}</td>'
            for column, cell in zip(COLUMNS, row.cells, strict=True)
        )
        yield f"<tr>{_named(design, name)}<td>{escape(row.operation)}</td><td>{escape(row.where)}</td>{cells}</tr>"


def _weight(cell: Cell) -> str:
    return "1e9" if cell.weight == float("inf") else f"{cell.weight:g}"


def _tone(cell: Cell) -> str:
    """Zero is of no interest, no bound is."""
    kind = "dim" if cell.text in ("0", "no") else "bad" if cell.text == "no bound" else ""
    return f' class="{kind}"' if kind else ""


def _linked(anchor: str, cell: Cell) -> str:
    text = escape(cell.text)
    return f'<a href="#{anchor}" title="{escape(cell.detail)}">{text}</a>' if cell.detail else text


def _named(design: Design, name: str) -> str:
    return f'<td><a href="#{escape(design.name)}" title="{escape(design.summary)}">{escape(name)}</a></td>'


def _memory(design: Design, name: str) -> Iterator[str]:
    for heap, rest, most in memory_of(design):
        cells = "".join(
            f'<td data-k="{_weight(cell)}">{_linked(_memory_anchor(design, heap, kind), cell)}</td>'
            for kind, cell in (("rest", rest), ("most", most))
        )
        yield f"<tr>{_named(design, name)}<td>{escape(heap)}</td>{cells}</tr>"


def _tone_of(judgement: Judgement) -> str:
    return TONES[WORDS[judgement.verdict.kind][1]]


# What cells link to


def _anchor(row: Row, column: str) -> str:
    return _safe(row.design.name, row.operation, row.section or "whole", column)


def _memory_anchor(design: Design, heap: str, kind: str) -> str:
    return _safe(design.name, "heap", heap, kind)


def _property_anchor(design: Design, name: str) -> str:
    return _safe(design.name, "property", name)


def _safe(*parts: str) -> str:
    return escape("-".join(parts).replace(" ", "_"))


def _evidence(design: Design) -> Iterator[str]:
    """Everything that is known of one design, for its cells to link to."""
    yield f'<section id="{escape(design.name)}"><h2>{escape(design.name)}</h2><p>{escape(design.summary)}</p>'
    yield f"<p><small>{escape(design.path)}: {escape(outcome_of(design))}</small></p>"
    yield "".join(f"<p><small>{escape(note)}</small></p>" for note in notes_of(design))
    for row in rows_of(design):
        for column, cell in zip(COLUMNS, row.cells, strict=True):
            if cell.detail:
                yield _proof(design, _anchor(row, column), f"{row.operation}, {row.where}: {column}", cell)
    for heap, rest, most in memory_of(design):
        for kind, cell in (("rest", rest), ("most", most)):
            yield _proof(design, _memory_anchor(design, heap, kind), f"{heap}: live at {kind}", cell)
    yield from (_judged(design, judgement) for judgement in design.judgements)
    yield "</section>"


def _proof(design: Design, anchor: str, title: str, cell: Cell) -> str:
    text = f'<section id="{anchor}"><h3>{escape(title)}: {escape(cell.text)}</h3><p>{escape(cell.detail)}</p>'
    if cell.run is not None and design.study is not None:
        lines = lines_of_run(cell.run, Names(design.study.system, verbose=False))
        run = "\n".join(line.plain for line in lines)
        text += f"<details><summary>a run that attains the largest value</summary><pre>{escape(run)}</pre></details>"
    return f"{text}</section>"


def _judged(design: Design, judgement: Judgement) -> str:
    verdict = judgement.verdict
    about = " ".join(part for part in (WORDS[verdict.kind][0], "by", verdict.method, verdict.bound) if part)
    text = (
        f'<section id="{_property_anchor(design, judgement.name)}"><h3>{escape(judgement.name)}: {escape(about)}</h3>'
    )
    text += f"<p>{escape(judgement.doc)}</p>" if judgement.doc else ""
    trace = getattr(verdict, "trace", None)
    if trace is not None and design.system is not None:
        names = Names(design.system, verbose=False)
        lines = [*lines_of_run(trace, names), *lines_of_interleaving(trace, names)]
        run = "\n".join(line.plain for line in lines)
        text += f"<pre>{escape(run)}</pre>"
    return f"{text}</section>"
