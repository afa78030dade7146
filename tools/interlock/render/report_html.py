"""Reports as one page that needs nothing else: verdicts, and behind each the run, step or picture it rests on."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import escape

from interlock.core.diagnostic import Diagnostic
from interlock.core.system import TransitionSystem
from interlock.core.verdict import Proved, Unknown, Violated
from interlock.engines.judge import Judgement
from interlock.render.coverage import lines_of_coverage
from interlock.render.diagnostics import lines_of_diagnostic
from interlock.render.graph_svg import svg_of_graph
from interlock.render.page import TONES, page, table
from interlock.render.space_time import diagram_of
from interlock.render.space_time_svg import svg_of_diagram
from interlock.render.statistics import lines_of_exploration, lines_of_growth, lines_of_walks
from interlock.render.terminal import WORDS, Style, lines_of_evidence, seconds_of
from interlock.report import FileReport

_DRAWN = 400
"""States of the largest graph that a page shows; more of them take a browser seconds and a reader's patience."""


def html_of_reports(reports: Sequence[FileReport], problems: Sequence[Diagnostic], style: Style, tool: str) -> str:
    """The whole page; `problems` are those of no one file, `tool` is the version that judged."""
    bad = sum(not report.ok for report in reports)
    judged = sum(len(report.judgements) for report in reports)
    outcome = f"{bad} of them not as expected" if bad else "all as expected"
    summary = f"{_count(len(reports), 'file')}, {_count(judged, 'property', 'properties')}: {outcome}"
    parts = [
        "<h1>What was judged</h1>",
        f'<p class="{"bad" if bad or problems else "good"}">{summary}</p>',
        *(_said(line.plain for line in lines_of_diagnostic(problem)) for problem in problems),
    ]
    if len(reports) > 1:
        parts.append(_overview(reports, style))
    parts += [piece for number, report in enumerate(reports) for piece in _file(number, report, style)]
    return page("Interlock report", parts, f"Interlock {tool}")


def _overview(reports: Sequence[FileReport], style: Style) -> str:
    """How many properties of each file have which verdict."""
    kinds = [kind for kind in WORDS if any(j.verdict.kind == kind for r in reports for j in r.judgements)]
    rows: list[str] = []
    for number, report in enumerate(reports):
        counts = [sum(j.verdict.kind == kind for j in report.judgements) for kind in kinds]
        cells = "".join(f'<td class="number">{count or ""}</td>' for count in counts)
        time = f'<td class="number" data-k="{report.seconds:.3f}">{report.seconds:.1f} s</td>' if style.times else ""
        link = f'<a href="#file{number}" title="{escape(report.path)}">{escape(_title(report))}</a>'
        rows.append(f"<tr>{_sign(ok=report.ok)}<td>{link}</td>{cells}{time}</tr>")
    return table(("", "module", *(WORDS[kind][0] for kind in kinds), *(["time"] if style.times else [])), rows)


def _file(number: int, report: FileReport, style: Style) -> Iterator[str]:
    yield f'<section id="file{number}"><h2>{escape(_title(report))}</h2><p><small>{escape(report.path)}</small></p>'
    if report.system is not None and report.system.doc:
        yield _prose(report.system.doc)
    yield "".join(_said(line.plain for line in lines_of_diagnostic(found)) for found in report.diagnostics)
    if report.ending != "finished":
        yield f'<p class="mild">{escape(report.ending)}: what is not listed as judged is not known</p>'
    shown = [j for j in report.judgements if style.verbose or j.kind != "inferred" or not j.ok]
    known = {j.name: _known(report, j, style) for j in shown}
    anchors = {name: f"file{number}-{escape(name)}" for name, parts in known.items() if parts}
    if shown:
        head = ("", "property", "kind", "verdict", "by", "how far", *(["time"] if style.times else []))
        yield table(head, [_row(j, anchors.get(j.name), style) for j in shown])
    hidden = len(report.judgements) - len(shown)
    if hidden:
        yield f"<p><small>and {_count(hidden, 'inferred lemma')}</small></p>"
    yield _said(_statistics(report, style))
    yield _graph(report)
    for judgement in (j for j in shown if j.name in anchors):
        title = f"<h3>{escape(judgement.name)}: {WORDS[judgement.verdict.kind][0]}</h3>"
        yield f'<section id="{anchors[judgement.name]}">{title}{"".join(known[judgement.name])}</section>'
    yield "</section>"


def _row(judgement: Judgement, anchor: str | None, style: Style) -> str:
    verdict = judgement.verdict
    word, colour = WORDS[verdict.kind]
    tone = TONES[colour] if not judgement.ok or judgement.expected != "violated" else "good"
    expected = ""
    if judgement.expected is not None:
        expected = " <small>as expected</small>" if judgement.ok else f" <small>expected {judgement.expected}</small>"
    name = escape(judgement.name)
    cells = [
        f'<td><a href="#{anchor}">{name}</a></td>' if anchor else f"<td>{name}</td>",
        f"<td>{escape(judgement.kind.replace('_', ' '))}</td>",
        f'<td class="{tone}">{word}{expected}</td>',
        f"<td>{escape(verdict.method)}</td>",
        f"<td>{escape(verdict.bound)}</td>",
    ]
    if style.times:
        cells.append(f'<td class="number" data-k="{verdict.seconds:.3f}">{seconds_of(verdict)}</td>')
    return f"<tr>{_sign(ok=judgement.ok)}{''.join(cells)}</tr>"


def _known(report: FileReport, judgement: Judgement, style: Style) -> list[str]:
    """What is known of one property: the author's words, the evidence in words and as a picture, the notes."""
    verdict, parts = judgement.verdict, list[str]()
    if judgement.doc:
        parts.append(_prose(judgement.doc))
    if isinstance(verdict, Unknown):
        parts.append(f'<p class="mild">{escape(verdict.reason)}</p>')
    parts += [f"<p><small>{escape(note)}</small></p>" for note in judgement.notes]
    if report.system is not None:
        evidence = _evidence(report.system, judgement, style)
        if evidence and isinstance(verdict, Proved):
            evidence = f"<details><summary>a run that shows it</summary>{evidence}</details>"
        parts.append(evidence)
    return [part for part in parts if part]


def _evidence(system: TransitionSystem, judgement: Judgement, style: Style) -> str:
    """The run or the step that a verdict rests on; that of a proof is here to be opened, so it is always there."""
    verdict = judgement.verdict
    shown = replace(style, verbose=style.verbose or isinstance(verdict, Proved))
    text = _said(line.plain for line in lines_of_evidence(judgement, system, shown))
    if not isinstance(verdict, Violated | Proved) or verdict.trace is None or not verdict.trace.steps:
        return text
    picture = svg_of_diagram(diagram_of(verdict.trace, system.property(judgement.name), system))
    return text + _picture(picture, f"the run of {judgement.name} as a space-time diagram")


def _statistics(report: FileReport, style: Style) -> Iterator[str]:
    if report.stats is not None:
        yield from (line.plain for line in lines_of_exploration(report.stats, verbose=True, times=style.times))
    yield from (line.plain for line in lines_of_growth(report.rounds, times=style.times))
    if report.walks is not None:
        yield from (line.plain for line in lines_of_walks(report.walks, verbose=True, times=style.times))
    if report.coverage is not None:
        yield from (line.plain for line in lines_of_coverage(report.coverage, verbose=style.verbose))


def _graph(report: FileReport) -> str:
    """The states and the steps between them, where there are few enough to be looked at."""
    if report.graph is None or report.system is None:
        return ""
    if isinstance(report.graph, str):
        return f"<p><small>no graph of the states: {escape(report.graph)}</small></p>"
    count = len(report.graph.nodes)
    if count > _DRAWN:
        return f"<p><small>{count} states are too many to be drawn on a page</small></p>"
    picture = _picture(svg_of_graph(report.graph, report.system), "the states, and the steps between them", live=True)
    return f"<details open><summary>{_count(count, 'state')} as a graph</summary>{picture}</details>"


def _picture(svg: str, title: str, *, live: bool = False) -> str:
    """A picture apart from the page's own style; one that is `live` shows what is under the pointer."""
    data = f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
    if live:
        return f'<div class="scroll"><object type="image/svg+xml" data="{data}" aria-label="{title}"></object></div>'
    return f'<div class="scroll"><img src="{data}" alt="{escape(title)}"></div>'


def _prose(doc: str) -> str:
    paragraphs = [" ".join(part.split()) for part in doc.split("\n\n")]
    return "".join(f"<p>{escape(text)}</p>" for text in paragraphs if text)


def _said(lines: Iterator[str]) -> str:
    text = "\n".join(lines).rstrip()
    return f"<pre>{escape(text)}</pre>" if text else ""


def _sign(*, ok: bool) -> str:
    return f'<td class="{"good" if ok else "bad"}" data-k="{int(ok)}">{"ok" if ok else "FAIL"}</td>'


def _title(report: FileReport) -> str:
    return report.system.name if report.system else report.path


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
