"""Compare designs: what each does while it holds which lock, how that grows, and what holds of it."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from interlock_cli import options

if TYPE_CHECKING:
    from interlock.compare import Design, Wanted
    from interlock.core.diagnostic import Diagnostic
    from interlock_cli.gathering import Failure

SUMMARY = "compare designs by what they cost and by what holds of them"
EXAMPLES = """\
examples:
  interlock compare spec/list_lru --verdicts off
  interlock compare spec/list_lru/v13.ilk spec/list_lru/handshake.ilk --format markdown
  interlock compare spec/list_lru --format html --output designs.html
"""

_PATIENCE = 60.0
"""Seconds beyond its limits after which a worker counts as hung: limits hold between searches only."""


def configure(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a specification, or a folder of them")
    parser.add_argument(
        "--format", choices=("text", "markdown", "json", "html"), default="text", help="json: see docs/compare.md"
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write there instead of to standard output")
    parser.add_argument(
        "--verdicts", choices=("on", "off"), default="on", help="whether properties are judged too, as by check"
    )
    parser.add_argument("--limit", type=options.positive_float, default=10.0, metavar="S", help="costs of each design")
    parser.add_argument("--check-limit", type=options.positive_float, default=300.0, metavar="S", help="its verdicts")
    parser.add_argument("-j", "--jobs", type=options.positive, default=0, metavar="N", help="designs at a time")
    parser.add_argument("--engine", choices=("auto", "reference"), default="auto", help="how states are explored")


def run(arguments: Namespace) -> int:
    """Compare everything under the paths."""
    from interlock.compare import Design, Wanted, designs_of
    from interlock.core.diagnostic import diagnose
    from interlock.lang.loader import collect
    from interlock.pipeline import Request
    from interlock_cli.console import complain
    from interlock_cli.gathering import Failure
    from interlock_cli.judging import EXIT_INTERRUPTED

    paths, problems = collect(arguments.paths)
    request = Request(seconds=arguments.check_limit) if arguments.verdicts == "on" else None
    wanted = Wanted(arguments.limit, request, arguments.engine == "auto")
    found, interrupted = _gathered(paths, wanted, options.jobs(arguments))
    everything = [one for one in found if isinstance(one, Design)]
    designs = designs_of(everything)
    complaints = [*problems, *(d for one in everything if one.rejected for d in one.diagnostics)]
    for path, one in zip(paths, found, strict=True):
        if isinstance(one, Failure):
            message = f"Interlock failed on this file: {one.reason}"
            fix = "this is a fault of the tool; INTERLOCK_TRACEBACK=1 shows where"
            complaints.append(diagnose("E0929", message, path=path, fix=fix))
    if not designs and not any(c.is_error for c in complaints) and not interrupted:
        why = "nothing here is a design: no module has processes and says what it expects of them"
        complaints.append(diagnose("E0935", why, path=", ".join(arguments.paths)))
    if designs or arguments.format == "json":
        complaints += _write(designs, complaints, arguments)
    complain(complaints)
    if interrupted:
        print("interlock: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    if any(c.is_error for c in complaints):
        return 2
    return 0 if all(design.expected for design in designs) else 1


def _gathered(paths: Sequence[str], wanted: Wanted, hands: int) -> tuple[list[Design | Failure | None], bool]:
    """What each file came to, None where an interrupt came first; and whether one came."""
    from interlock.compare import compare_file
    from interlock.render.progress import Bar
    from interlock_cli.gathering import Gathering

    found: list[Design | Failure | None] = [None] * len(paths)
    seconds = _PATIENCE + 2 * wanted.seconds + (wanted.request.seconds if wanted.request else 0)
    done = 0
    try:
        with (
            Gathering(partial(compare_file, wanted=wanted), paths, hands, seconds) as gathering,
            Bar(len(paths)) as bar,
        ):
            for number, result in gathering.results():
                found[number] = result
                done += 1
                bar.tell(paths[number], done)
    except KeyboardInterrupt:
        return found, True
    return found, False


def _write(designs: Sequence[Design], complaints: Sequence[Diagnostic], arguments: Namespace) -> list[Diagnostic]:
    """Write the comparison in the form that is asked for; what went wrong."""
    from interlock_cli.console import write

    text = _text(designs, complaints, arguments.format)
    if arguments.output is None:
        if arguments.format == "text":
            from interlock.render.compare_text import lines_of_comparison
            from interlock_cli.console import put

            put(lines_of_comparison(designs))
        else:
            sys.stdout.write(text)
        return []
    return write(Path(arguments.output), text)


def _text(designs: Sequence[Design], complaints: Sequence[Diagnostic], form: str) -> str:
    match form:
        case "text":
            from interlock.render.compare_text import lines_of_comparison

            return "".join(f"{line.plain}\n" for line in lines_of_comparison(designs))
        case "markdown":
            from interlock.render.compare_text import markdown_of_comparison

            return markdown_of_comparison(designs)
        case "json":
            from interlock import __version__
            from interlock.render.compare_json import json_of_comparison

            return json_of_comparison(designs, complaints, tool=__version__)
        case _:
            from interlock.render.compare_html import html_of_comparison

            return html_of_comparison(designs)
