"""Exhaust a finite scope: every reachable state, shortest counterexamples, deadlocks, scenarios and liveness."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from interlock_cli import options

if TYPE_CHECKING:
    from interlock.core.diagnostic import Diagnostic
    from interlock.pipeline import Request
    from interlock.report import FileReport

SUMMARY = "exhaust a finite scope"
EXAMPLES = """\
examples:
  interlock explore spec/list_lru/v13.ilk --scope small
  interlock explore spec/list_lru/v13.ilk --scope Lru=2,Memcg=3 --format json
  interlock explore spec/gallery/two_phase_commit.ilk --graph states.svg
  interlock explore spec/gallery/two_phase_commit.ilk --grow 60s
  interlock explore spec/gallery --report report.html
"""


def configure(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    options.add_judging(parser, scope=True)
    options.add_exploring(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--graph", type=_picture, metavar="FILE", help="draw the states of a small scope: states.svg or states.dot"
    )
    what.add_argument(
        "--grow", type=_duration, metavar="TIME", help="explore larger and larger scopes for so long: 60s, 5m"
    )


def run(arguments: Namespace) -> int:
    """Judge the paths."""
    from interlock_cli.console import complain
    from interlock_cli.judging import EXIT_INPUT, judge

    request = options.request("explore", arguments)
    refused = _not_for_a_checkpoint(request, arguments)
    if refused is not None:
        complain([refused])
        return EXIT_INPUT
    if arguments.grow is not None:
        request = replace(request, grow=arguments.grow, seconds=max(request.seconds, arguments.grow))
    request = replace(request, graph=arguments.graph is not None or arguments.report is not None)
    if arguments.graph is None:
        return judge(request, arguments)
    return judge(request, arguments, lambda reports: _draw(reports, arguments.graph))


def _not_for_a_checkpoint(request: Request, arguments: Namespace) -> Diagnostic | None:
    """Why no checkpoint can be kept of what is asked for, if one is."""
    from interlock.core.diagnostic import diagnose
    from interlock.lang.loader import collect

    if not request.limits.checkpoint:
        return None
    if arguments.grow is not None:
        return diagnose("E0934", "--grow explores many scopes", fix="give one scope with --scope, or no --checkpoint")
    if request.explorer == "reference":
        return diagnose("E0934", "the reference explorer saves nothing", fix="leave --engine out")
    if len(collect(arguments.paths)[0]) > 1:
        return diagnose("E0934", "there are several files", fix="give each file a command and a folder of its own")
    return None


def _draw(reports: Sequence[FileReport], path: Path) -> list[Diagnostic]:
    """Write the picture; what went wrong."""
    from interlock.core.diagnostic import diagnose
    from interlock_cli.console import write

    drawn = [(report, report.graph, report.system) for report in reports if report.graph is not None and report.system]
    if len(drawn) != 1:
        why = "a picture shows one specification" if drawn else "there is no specification to draw"
        return [diagnose("E0930", why, path=str(path), fix="name one file")]
    report, graph, system = drawn[0]
    if isinstance(graph, str):
        fix = "give a smaller scope: --scope Sort=1" if graph.startswith("there are more") else ""
        return [diagnose("E0930", f"no graph is drawn: {graph}", path=report.path, fix=fix)]
    if path.suffix == ".dot":
        from interlock.render.state_graph import dot_of_graph

        return write(path, dot_of_graph(graph, system))
    from interlock.render.graph_svg import svg_of_graph

    return write(path, svg_of_graph(graph, system))


def _duration(text: str) -> float:
    """Seconds, or with an ending minutes or hours."""
    units = {"s": 1, "m": 60, "h": 3600}
    number, unit = (text[:-1], text[-1:]) if text[-1:] in units else (text, "s")
    return options.positive_float(number) * units[unit]


def _picture(text: str) -> Path:
    """A file whose ending says what is written."""
    path = Path(text)
    if path.suffix not in (".svg", ".dot"):
        raise ArgumentTypeError(f"`{text}` ends neither in .svg nor in .dot")
    return path
