"""Write the runs of reports, as pictures or for other tools: a file for each, named after module and property."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from interlock.core.diagnostic import Diagnostic, diagnose
from interlock.core.system import TransitionSystem
from interlock.core.trace import Trace
from interlock.core.verdict import Proved, Violated
from interlock.report import FileReport

Write = Callable[[Trace, str, TransitionSystem], str]
"""The content of a file: (run, name of the property, system)."""


def write_runs(
    reports: Sequence[FileReport], folder: Path, ending: str, write: Write, *, witnesses: bool
) -> list[Diagnostic]:
    """Write each counterexample, and each witness if they are wanted; what went wrong."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for report in reports:
            for name, text in _written(report, ending, write, witnesses=witnesses):
                (folder / name).write_text(text, encoding="utf-8")
    except OSError as problem:
        where = problem.filename or folder
        return [diagnose("E0927", f"cannot write {where}: {problem.strerror}", path=str(where))]
    return []


def as_diagram(trace: Trace, name: str, system: TransitionSystem) -> str:
    """The run as a space-time diagram."""
    from interlock.render.space_time import diagram_of
    from interlock.render.space_time_svg import svg_of_diagram

    return svg_of_diagram(diagram_of(trace, system.property(name), system))


def as_itf(trace: Trace, name: str, system: TransitionSystem) -> str:
    """The run as an ITF trace."""
    from interlock.render.itf import text_of_itf

    return text_of_itf(trace, system, description=f"{name}: {trace.reason}" if trace.reason else name)


def _written(report: FileReport, ending: str, write: Write, *, witnesses: bool) -> Iterator[tuple[str, str]]:
    """Names of files, and what they are to contain."""
    for judgement in report.judgements if report.system else ():
        verdict = judgement.verdict
        shown = isinstance(verdict, Violated) or (witnesses and isinstance(verdict, Proved))
        if shown and report.system and isinstance(verdict, Violated | Proved) and verdict.trace is not None:
            yield (
                f"{report.system.name}.{judgement.name}{ending}",
                write(verdict.trace, judgement.name, report.system),
            )
