"""Where lines go: standard output for results, standard error for complaints; plain where nobody watches."""

from __future__ import annotations

import sys
from collections.abc import Iterable
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


def complain(diagnostics: Iterable[Diagnostic]) -> None:
    """Print diagnostics on standard error."""
    from interlock.render.diagnostics import lines_of_diagnostic

    for diagnostic in diagnostics:
        put(lines_of_diagnostic(diagnostic), sys.stderr)
