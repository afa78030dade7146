"""What the commands that judge share: collect files, judge them, print reports, conclude."""

from __future__ import annotations

import signal
import sys
from argparse import Namespace
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from rich.text import Text

from interlock import __version__
from interlock.core.diagnostic import Diagnostic
from interlock.engines.judge import Finding
from interlock.lang.loader import collect
from interlock.pipeline import Command, Request
from interlock.render.progress import Bar
from interlock.render.terminal import Style, lines_of_file, lines_of_summary
from interlock.report import Event, FileReport, Opened, Working
from interlock_cli import options
from interlock_cli.console import complain, put, write
from interlock_cli.crew import Crew

EXIT_OK, EXIT_UNEXPECTED, EXIT_INPUT, EXIT_INTERRUPTED = 0, 1, 2, 130


def judge_paths(command: Command, arguments: Namespace) -> int:
    """Judge everything under the paths by a command that the options say all about."""
    return judge(options.request(command, arguments), arguments)


def judge(
    request: Request, arguments: Namespace, then: Callable[[Sequence[FileReport]], Sequence[Diagnostic]] = lambda _: ()
) -> int:
    """Judge everything under the paths; reports are printed in the order of the files, as soon as that can be.

    `then` does what else is to be done with the reports of a run that was not interrupted, and says what went wrong.
    """
    paths, problems = collect(arguments.paths)
    complain(problems if arguments.format == "text" else ())
    style = Style(verbose=arguments.verbose, times=not arguments.no_time)
    as_text = arguments.format == "text"
    crew = Crew(paths, request, options.jobs(arguments))
    reports: list[FileReport] = []
    with interrupts() as received:
        try:
            with Bar(len(paths)) as bar:
                while crew.busy and not received:
                    for path, event in crew.advance():
                        bar.tell(_line(path, event), crew.done)
                    _print_ready(crew, reports, len(paths), style if as_text else None)
        finally:
            crew.stop()
    interrupted = bool(received)
    for index in range(len(reports), len(paths)):
        report = crew.report(index, "interrupted")
        if report is not None:
            reports.append(report)
            _print(report, style if as_text else None)
    if as_text:
        put(lines_of_summary(reports, style))
    else:
        from interlock.render.json_report import text_of_reports

        text = text_of_reports(reports, problems, tool=__version__, interrupted=interrupted, times=style.times)
        sys.stdout.write(text)
    if interrupted:
        print("interlock: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    late = [*then(reports), *_write_runs(reports, arguments), *_write_page(reports, problems, style, arguments)]
    complain(late)
    problems = (*problems, *late)
    if any(p.is_error for p in problems) or any(r.rejected for r in reports):
        return EXIT_INPUT
    return EXIT_OK if all(r.ok for r in reports) else EXIT_UNEXPECTED


@contextmanager
def interrupts() -> Generator[list[int], None, None]:
    """Note interrupts and requests to terminate instead of raising them, and yield the list of those received.

    An exception in the middle of reading from a worker would lose what it has just told.
    """
    received: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        received.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _write_runs(reports: Sequence[FileReport], arguments: Namespace) -> list[Diagnostic]:
    """Write the diagrams and the ITF traces that are wanted; what went wrong."""
    from interlock_cli.runs import as_diagram, as_itf, write_runs

    wanted = ((arguments.diagrams, ".svg", as_diagram), (arguments.itf, ".itf.json", as_itf))
    return [
        problem
        for folder, ending, write in wanted
        if folder is not None
        for problem in write_runs(reports, Path(folder), ending, write, witnesses=arguments.verbose)
    ]


def _write_page(
    reports: Sequence[FileReport], problems: Sequence[Diagnostic], style: Style, arguments: Namespace
) -> list[Diagnostic]:
    """Write the page, if it is wanted; what went wrong."""
    if arguments.report is None:
        return []
    from interlock.render.report_html import html_of_reports

    return write(Path(arguments.report), html_of_reports(reports, problems, style, __version__))


def _print_ready(crew: Crew, reports: list[FileReport], total: int, style: Style | None) -> None:
    """Print the reports that are next in order and over."""
    while len(reports) < total and (report := crew.report(len(reports))) is not None:
        reports.append(report)
        _print(report, style)


def _print(report: FileReport, style: Style | None) -> None:
    if style is not None:
        lines = lines_of_file(report, style)
        put([*lines, Text()] if report.system else lines)


def _line(path: str, event: Event) -> str:
    """What an event says in a progress bar."""
    match event:
        case Working():
            return f"{path}: {event.text}"
        case Finding():
            return f"{path}: {event.property} {event.verdict.kind}"
        case Opened():
            return f"{path}: {len(event.names)} properties"
        case _:
            return path
