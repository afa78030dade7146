"""Reports as the command prints them: a line for each property, then the counterexamples, then a summary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from rich.text import Text

from interlock.core.system import Property, TransitionSystem
from interlock.core.verdict import Holds, NoneUpTo, NotInductive, Proved, Unknown, Verdict, Violated
from interlock.engines.judge import Judgement
from interlock.render.coverage import lines_of_coverage
from interlock.render.diagnostics import lines_of_diagnostic
from interlock.render.facts import Names
from interlock.render.statistics import lines_of_exploration, lines_of_growth, lines_of_walks
from interlock.render.traces import lines_of_cti, lines_of_interleaving, lines_of_run
from interlock.report import FileReport


@dataclass(frozen=True)
class Style:
    """What the reader asked for: everything, and whether times are shown (they differ from run to run)."""

    verbose: bool = False
    times: bool = True


WORDS = {
    "proved": ("proved", "green"),
    "holds": ("holds", "green"),
    "none_up_to": ("none up to", "yellow"),
    "violated": ("violated", "red"),
    "not_inductive": ("not inductive", "yellow"),
    "unknown": ("unknown", "yellow"),
}
"""How each verdict reads, and its colour."""


def lines_of_file(report: FileReport, style: Style) -> list[Text]:
    """Everything about one file."""
    lines = [line for d in report.diagnostics for line in (*lines_of_diagnostic(d), Text())]
    if report.system is None:
        if not report.rejected:
            lines.append(Text.assemble((report.path, "bold"), f": not judged ({report.ending})"))
        return lines
    lines.append(Text.assemble((report.system.name, "bold"), f"  {report.path}"))
    shown = [j for j in report.judgements if style.verbose or j.kind != "inferred" or not j.ok]
    lines.extend(lines_of_judgements(shown, style))
    inferred = len(report.judgements) - len(shown)
    if inferred:
        lines.append(
            Text(f"        and {inferred} inferred lemma{'s' * (inferred != 1)} (--verbose shows them)", "dim")
        )
    if not report.judgements:
        lines.append(Text("  nothing to judge: no property is declared", "dim"))
    if report.stats is not None:
        lines.extend(lines_of_exploration(report.stats, verbose=style.verbose, times=style.times))
    lines.extend(lines_of_growth(report.rounds, times=style.times))
    if report.walks is not None:
        lines.extend(lines_of_walks(report.walks, verbose=style.verbose, times=style.times))
    if report.coverage is not None:
        lines.extend(lines_of_coverage(report.coverage, verbose=style.verbose))
    if report.ending != "finished":
        lines.append(Text(f"  {report.ending}: what is not listed as judged is not known", "bold yellow"))
    needed = _needed(report.judgements)
    for judgement in shown:
        evidence = lines_of_evidence(judgement, report.system, style, needed=judgement.name in needed)
        if evidence:
            lines.extend((Text(), *evidence))
    return lines


def lines_of_summary(reports: Sequence[FileReport], style: Style) -> list[Text]:
    """A table of files and how many of each verdict they have; nothing for a single file."""
    if len(reports) < 2:
        return []
    kinds = [kind for kind in WORDS if any(j.verdict.kind == kind for r in reports for j in r.judgements)]
    rows = [["", "module", *(WORDS[kind][0] for kind in kinds), *(["time"] if style.times else [])]]
    for report in reports:
        counts = [sum(j.verdict.kind == kind for j in report.judgements) for kind in kinds]
        name = report.system.name if report.system else report.path
        time = [f"{report.seconds:.1f}s"] if style.times else []
        rows.append(["ok" if report.ok else "FAIL", name, *(str(c) if c else "." for c in counts), *time])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [Text(_row(rows[0], widths), "bold")]
    for row, report in zip(rows[1:], reports, strict=True):
        lines.append(Text(_row(row, widths), "" if report.ok else "bold red"))
    bad = sum(not r.ok for r in reports)
    judged = sum(len(r.judgements) for r in reports)
    outcome = "all is as expected" if not bad else f"{bad} not as expected"
    lines.append(Text(f"{len(reports)} files, {judged} properties: {outcome}", "bold red" if bad else "bold green"))
    return lines


def seconds_of(verdict: Verdict) -> str:
    """A time as a reader wants it."""
    return f"{verdict.seconds:.2f}s"


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    left = f"  {cells[0]:<{widths[0]}}  {cells[1]:<{widths[1]}}"
    return (left + "".join(f"  {cell:>{width}}" for cell, width in zip(cells[2:], widths[2:], strict=True))).rstrip()


def lines_of_judgements(judgements: Sequence[Judgement], style: Style) -> list[Text]:
    """One line for each property; what is not as expected says so, and a reason stands below."""
    if not judgements:
        return []
    name_width = max(len(j.name) for j in judgements)
    method_width = max(len(j.verdict.method) for j in judgements)
    bound_width = max(len(j.verdict.bound) for j in judgements)
    lines: list[Text] = []
    for j in judgements:
        word, colour = WORDS[j.verdict.kind]
        line = Text.assemble(
            ("  ok    " if j.ok else "  FAIL  ", "green" if j.ok else "bold red"),
            f"{j.name:<{name_width}}  ",
            (f"{word:<13}", colour if not j.ok or j.expected != "violated" else "green"),
            f"  {j.verdict.method:<{method_width}}  {j.verdict.bound:<{bound_width}}",
        )
        if style.times:
            line.append(f"  {seconds_of(j.verdict):>7}", "dim")
        if not j.ok:
            must = "must be reached" if j.kind == "reachable" else "must hold"
            line.append(f"  expected {j.expected}" if j.expected else f"  {must}", "red")
        elif j.expected in ("violated", "unknown"):
            line.append("  as expected", "dim")
        line.rstrip()
        lines.append(line)
        if isinstance(j.verdict, Unknown):
            lines.append(Text(f"          {j.verdict.reason}", "yellow"))
        if not j.ok or style.verbose:
            lines.extend(Text(f"          {note}", "dim") for note in j.notes)
    return lines


def _needed(judgements: Sequence[Judgement]) -> set[str]:
    """Properties without which what fails cannot be proved: why they are not proved is what its author must know."""
    rests_on = {j.name: j.rests_on for j in judgements}
    found: set[str] = set()
    for judgement in judgements:
        name = "" if judgement.ok else judgement.rests_on
        while name and name not in found:
            found.add(name)
            name = rests_on.get(name, "")
    return found


def lines_of_evidence(
    judgement: Judgement, system: TransitionSystem, style: Style, *, needed: bool = False
) -> list[Text]:
    """The run or the step that stands behind a verdict, with its heading; that of what is `needed` in any case."""
    verdict = judgement.verdict
    prop = next((p for p in system.properties if p.name == judgement.name), None)
    names = Names(system, style.verbose)
    match verdict:
        case Violated():
            if verdict.trace is None:
                return [_heading(judgement, "is violated; no run is at hand to show it")]
            count = len(verdict.trace.steps)
            how = "already in an initial state" if count == 0 else f"after {count} step{'s' * (count != 1)}"
            return [
                _heading(judgement, f"is violated {how}:"),
                *_saying(prop),
                *lines_of_run(verdict.trace, names),
                *_columns(names, verdict),
            ]
        case NotInductive():
            return [_heading(judgement, "is not proved:"), *_saying(prop), *lines_of_cti(verdict.cti, prop, names)]
        case Proved():
            if verdict.trace is None or not style.verbose:
                return []
            return [_heading(judgement, "is witnessed by:"), *lines_of_run(verdict.trace, names)]
        case Holds() | NoneUpTo():
            if judgement.cti is None or (judgement.ok and not style.verbose and not needed):
                return []
            return [_heading(judgement, "is not proved:"), *_saying(prop), *lines_of_cti(judgement.cti, prop, names)]
        case Unknown():
            return []
        case _:
            assert_never(verdict)


def _columns(names: Names, verdict: Violated) -> list[Text]:
    columns = lines_of_interleaving(verdict.trace, names) if verdict.trace else []
    return [Text(), *columns] if columns else []


def _heading(judgement: Judgement, text: str) -> Text:
    return Text.assemble((judgement.name, "bold"), f" {text}")


def _saying(prop: Property | None) -> list[Text]:
    """The author's own words on the property, which explain it better than its formula."""
    if prop is None or not prop.doc:
        return []
    return [Text(f"  {line.strip()}", "italic") for line in prop.doc.splitlines() if line.strip()]
