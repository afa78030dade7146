"""Make random runs of a scope that is too large to exhaust: finds what is likely to go wrong, and passes nothing."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from dataclasses import replace

from interlock_cli import options

SUMMARY = "make random runs of a scope that is too large to exhaust"
EXAMPLES = """\
examples:
  interlock simulate spec/list_lru/v13.ilk --scope Lru=3,Memcg=4 --seconds 60
  interlock simulate spec/gallery/broken/peterson.ilk --runs 1000 --seed 7 --weight thread.leave=5
"""

DEPTH = 200
"""Steps of a run unless it ends before."""

_SECONDS = 10.0
_AROUND = 30.0
"""Seconds for what is done before and after the runs."""

_HEAVIEST = 1000


def configure(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    options.add_judging(parser, scope=True)
    parser.set_defaults(depth=DEPTH)
    runs = parser.add_argument_group("random runs")
    runs.add_argument("--runs", type=options.positive, metavar="N", help="how many (default: as many as time allows)")
    runs.add_argument(
        "--seconds", type=options.positive_float, metavar="S", help=f"how long (default: {_SECONDS:g} without --runs)"
    )
    runs.add_argument("--seed", type=options.natural, default=0, metavar="N", help="another seed makes other runs")
    runs.add_argument("--first", type=options.natural, default=0, metavar="N", help="number of the first run")
    runs.add_argument(
        "--weight", type=_weight, action="append", default=[], metavar="ACTION=W",
        help="how likely an action, or any step of a process, is taken: 0 to 1000 (default 1)",
    )  # fmt: skip
    runs.add_argument("--threads", type=options.positive, default=0, metavar="N", help="threads (default: all cores)")


def run(arguments: Namespace) -> int:
    """Judge the paths."""
    from interlock.engines.protocol import Walks
    from interlock_cli.judging import judge

    request = options.request("simulate", arguments)
    if arguments.seconds is not None:  # what is asked for in so many words is no engine's limit to cut short
        longest = max(request.limits.total_seconds, arguments.seconds)
        limits = replace(request.limits, total_seconds=longest)
        request = replace(request, limits=limits, seconds=max(request.seconds, arguments.seconds + _AROUND))
    seconds = arguments.seconds or (_SECONDS if arguments.runs is None else request.limits.total_seconds)
    walks = Walks(arguments.runs, arguments.first, seconds, arguments.seed, tuple(arguments.weight))
    return judge(replace(request, walks=walks), arguments)


def _weight(text: str) -> tuple[str, int]:
    """An action or process, and how likely it is taken."""
    name, _, number = text.partition("=")
    if not (name.strip() and number.isascii() and number.isdigit() and int(number[:9]) <= _HEAVIEST):
        raise ArgumentTypeError(f"`{text}` is no weight; write it like init.publish=5, with a number up to {_HEAVIEST}")
    return name.strip(), int(number)
