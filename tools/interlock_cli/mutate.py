"""Change a candidate in one place at a time, and see whether a conformance run notices.

Each mutant is run under the workloads; what survives is listed, with its line.  The exit code is 0 if at least so
many per cent are killed as --threshold says.  The candidate itself must conform: else its mutants say nothing.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import TYPE_CHECKING

from interlock import __version__
from interlock_cli import options

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

    from interlock_cli.candidates import Asked
    from interlock_conformance.mutation.mutate import Fate, Judged

SUMMARY = "change a candidate in one place at a time, and see what is noticed"
EXAMPLES = """\
examples:
  interlock mutate spec/list_lru list_lru.v13:ListLrus
  interlock mutate spec/list_lru list_lru.handshake:ListLrus --workload 'init(0) | activate(0)' --verbose
"""

EXECUTIONS = 300
"""For each mutant and workload, unless asked otherwise."""

SCHEMA = "interlock-mutation/1"


def configure(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("path", metavar="SPEC", help="a specification, or a folder with candidates.toml")
    parser.add_argument("candidate", metavar="MODULE:CLASS", help="the candidate; its module is what is changed")
    parser.add_argument(
        "-w", "--workload", action="append", default=[], metavar="OPERATIONS",
        help="such as 'init(0) | activate(0) ! 1' (default: those of the kind)",
    )  # fmt: skip
    parser.add_argument("--binding", metavar="MODULE:CLASS", help="as for `conform`")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="json: see docs/conformance.md")
    parser.add_argument("-v", "--verbose", action="store_true", help="what killed each mutant")
    parser.add_argument("--threshold", type=_per_cent, default=95, metavar="N", help="per cent (default: 95)")
    parser.add_argument(
        "--executions",
        type=options.positive,
        default=EXECUTIONS,
        metavar="N",
        help="for each workload, at most so many",
    )
    parser.add_argument("--lines", type=_lines, metavar="A-B", help="only what is changed on these lines")


def _per_cent(text: str) -> int:
    """A whole number from 0 to 100."""
    number = options.natural(text)
    if number > 100:
        raise ArgumentTypeError(f"`{text}` is more than all of them")
    return number


def _lines(text: str) -> range:
    """Numbers of lines: `120`, `120-140`."""
    first, _, last = text.partition("-")
    numbers = range(options.natural(first), options.natural(last or first) + 1)
    if not numbers:
        raise ArgumentTypeError(f"`{text}` ends before it begins")
    return numbers


def run(arguments: Namespace) -> int:
    """Judge all mutants."""
    import sys

    from interlock.core.diagnostic import diagnose
    from interlock_cli.candidates import asked
    from interlock_cli.console import apart, complain
    from interlock_cli.judging import EXIT_INTERRUPTED
    from interlock_conformance.mutation.mutate import noticed, rate

    with apart():
        wanted = asked(arguments.path, arguments.candidate, arguments.workload, arguments.binding)
    if wanted is None:
        return 2
    reference = wanted.candidate.reference
    module, _, _ = reference.partition(":")
    judged = _judged(wanted, arguments.executions)
    with apart():
        broken, workload = noticed(wanted.candidate.made, judged)
    if broken:
        fix = "`interlock conform` shows how"
        complain((diagnose("E0944", f"unchanged, `{reference}` fails on `{workload}`: {broken}", fix=fix),))
        return 2
    found: list[Fate] = []
    interrupted = False
    try:
        for fate in _fates(sys.modules[module], judged, arguments.lines):
            found.append(fate)
            if arguments.format == "text" and (fate.survived or arguments.verbose):
                print(_line(fate), flush=True)
    except KeyboardInterrupt:
        interrupted = True
    if not found and not interrupted:
        complain((diagnose("E0945", f"there is nothing to change in `{module}`{_on(arguments.lines)}"),))
        return 2
    if arguments.format == "json":
        print(_json(reference, found, interrupted=interrupted))
    elif found:
        killed, excused = sum(bool(fate.killed_by) for fate in found), sum(bool(fate.excuse) for fate in found)
        equivalent = f", {excused} equivalent" if excused else ""
        left = len(found) - killed - excused
        print(f"{killed} of {len(found) - excused} mutants killed ({rate(found):.1%}), {left} survived{equivalent}")
    if interrupted:
        print("interlock: interrupted before all mutants were judged", file=sys.stderr)
        return EXIT_INTERRUPTED
    return 0 if 100 * rate(found) >= arguments.threshold else 1


def _fates(module: ModuleType, judged: Judged, lines: range | None) -> Iterator[Fate]:
    """What becomes of each mutant, as it is known."""
    from interlock_cli.console import apart
    from interlock_conformance.mutation.mutate import fates

    found = fates(module, judged, lines)
    while True:
        with apart():
            fate = next(found, None)
        if fate is None:
            return
        yield fate


def _judged(wanted: Asked, executions: int) -> Judged:
    """How the candidate and its mutants are judged."""
    from interlock_conformance.mutation.mutate import Judged, rounds

    name = wanted.candidate.reference.partition(":")[2]
    exempt = frozenset(wanted.candidate.exempt)
    return Judged(name, wanted.bind, wanted.system, wanted.workloads, rounds(executions), wanted.refined, exempt)


def _on(lines: range | None) -> str:
    return "" if lines is None else f" on lines {lines.start} to {lines.stop - 1}"


def _line(fate: Fate) -> str:
    mutant = fate.mutant
    what = (
        f"killed by {fate.killed_by}" if fate.killed_by else f"equivalent, {fate.excuse}" if fate.excuse else "SURVIVED"
    )
    where = f"  on {fate.workload}" if fate.workload else ""
    return f"{mutant.line:5}  {mutant.text}\n       {mutant.kind}: {what}{where}"


def _json(reference: str, found: Sequence[Fate], *, interrupted: bool) -> str:
    from interlock_conformance.mutation.mutate import rate

    document = {
        "schema": SCHEMA,
        "tool": __version__,
        "candidate": reference,
        "interrupted": interrupted,
        "rate": round(rate(found), 4) if found else None,
        "mutants": [
            {
                "line": fate.mutant.line,
                "text": fate.mutant.text,
                "change": fate.mutant.kind,
                "killed_by": fate.killed_by or None,
                "workload": fate.workload or None,
                "equivalent": fate.excuse or None,
            }
            for fate in found
        ],
    }
    return json.dumps(document, indent=2)
