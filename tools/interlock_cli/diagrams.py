"""Write the runs of reports as pictures: a file for each, named after the module and the property."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from interlock.core.diagnostic import Diagnostic, diagnose
from interlock.core.verdict import Proved, Violated
from interlock.render.space_time import diagram_of
from interlock.render.space_time_svg import svg_of_diagram
from interlock.report import FileReport


def write_diagrams(reports: Sequence[FileReport], folder: Path, *, witnesses: bool) -> list[Diagnostic]:
    """Draw each counterexample, and each witness if they are wanted; what went wrong."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for report in reports:
            for name, svg in _drawn(report, witnesses=witnesses):
                (folder / name).write_text(svg, encoding="utf-8")
    except OSError as problem:
        where = problem.filename or folder
        return [diagnose("E0927", f"cannot write {where}: {problem.strerror}", path=str(where))]
    return []


def _drawn(report: FileReport, *, witnesses: bool) -> Iterator[tuple[str, str]]:
    """Names of files, and what they are to contain."""
    for judgement in report.judgements if report.system else ():
        verdict = judgement.verdict
        shown = isinstance(verdict, Violated) or (witnesses and isinstance(verdict, Proved))
        if shown and report.system and isinstance(verdict, Violated | Proved) and verdict.trace is not None:
            diagram = diagram_of(verdict.trace, report.system.property(judgement.name), report.system)
            yield f"{report.system.name}.{judgement.name}.svg", svg_of_diagram(diagram)
