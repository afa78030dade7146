"""Where lines go: standard output for results, standard error for complaints, files that were asked for."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.text import Text

    from interlock.core.diagnostic import Diagnostic


def put(lines: Iterable[Text], file: TextIO | None = None) -> None:
    """Print lines, in colour on a terminal (NO_COLOR is respected); never wrapped, never cut."""
    out = file or sys.stdout
    if not out.isatty():
        for line in lines:
            print(line.plain, file=out)
        return
    from rich.console import Console

    console = Console(file=out, highlight=False)
    for line in lines:
        console.print(line, soft_wrap=True)


def write(path: Path, text: str) -> list[Diagnostic]:
    """Write a file that was asked for; what went wrong."""
    from interlock.core.diagnostic import diagnose

    try:
        path.write_text(text, encoding="utf-8", errors="backslashreplace")  # a file's name need not be text
    except OSError as problem:
        return [diagnose("E0927", f"cannot write {path}: {problem.strerror}", path=str(path))]
    return []


@contextmanager
def apart() -> Generator[None, None, None]:
    """What candidates print goes to standard error, for standard output is the report's."""
    with redirect_stdout(sys.stderr):
        yield


def complain(diagnostics: Iterable[Diagnostic]) -> None:
    """Print diagnostics on standard error."""
    from interlock.render.diagnostics import lines_of_diagnostic

    for diagnostic in diagnostics:
        put(lines_of_diagnostic(diagnostic), sys.stderr)
