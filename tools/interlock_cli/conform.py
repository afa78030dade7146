"""Run implementations under many schedules, and judge every step by a specification.

A candidate is a Python class, MODULE:CLASS, written against interlock_conformance.runtime.  Without one, all candidates
that come with Interlock for that specification are run, and the table of candidates and properties is printed.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from functools import partial
from math import inf
from typing import TYPE_CHECKING

from interlock import __version__
from interlock_cli import options

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from interlock_cli.candidates import Asked
    from interlock_conformance.matrix import Row
    from interlock_conformance.schedule import Workload
    from interlock_conformance.strategies import Strategy
    from interlock_conformance.verdict import ConformanceVerdict

SUMMARY = "run implementations under many schedules, judged by a specification"
EXAMPLES = """\
examples:
  interlock conform spec/list_lru list_lru.v13:ListLrus
  interlock conform spec/list_lru list_lru.broken.unlocked_init:ListLrus --workload 'init(0) | activate(0)'
  interlock conform spec/list_lru
  interlock conform queue.ilk my_queue:Queue --workload 'put(0); take() | put(1)'
"""

EXECUTIONS = 2_000
"""For each workload of one candidate, unless asked otherwise."""

EXECUTIONS_OF_ALL = 300
"""For each workload, where all candidates are run, unless asked otherwise."""

_BRIEFLY = 100
"""Executions spent on shrinking what goes into a table."""


def configure(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("path", metavar="SPEC", help="a specification, or a folder with candidates.toml")
    parser.add_argument("candidate", nargs="?", metavar="MODULE:CLASS", help="a candidate (default: all there are)")
    parser.add_argument(
        "-w", "--workload", action="append", default=[], metavar="OPERATIONS",
        help="such as 'init(0) | activate(0) ! 1': threads, and the allocations that fail (default: those of the kind)",
    )  # fmt: skip
    parser.add_argument(
        "--binding",
        metavar="MODULE:CLASS",
        help="what calls and observes the candidate (default: the one its module names)",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="json: see docs/conformance.md")
    parser.add_argument("-j", "--jobs", type=options.positive, default=0, metavar="N", help="candidates at a time")
    schedules = parser.add_argument_group("schedules")
    schedules.add_argument(
        "--strategy", choices=("mixed", "reduced", "bounded", "priorities", "uniform"), default="mixed",
        help="mixed: reduced, and where those are too many, as many bounded ones too (default); "
        "reduced: all interleavings but those that only repeat; bounded: few preemptions first",
    )  # fmt: skip
    schedules.add_argument(
        "--executions", type=options.positive, metavar="N",
        help=f"for each workload at most so many (default: {EXECUTIONS}, in the table {EXECUTIONS_OF_ALL})",
    )  # fmt: skip
    schedules.add_argument(
        "--preemptions", type=options.natural, default=2, metavar="N", help="of mixed, bounded, priorities"
    )
    schedules.add_argument("--seed", type=options.natural, default=0, metavar="N", help="another seed, other schedules")
    schedules.add_argument(
        "--backend", choices=("greenlets", "threads", "free"), default="greenlets",
        help="threads: those of the operating system, one at a time; free: all at once, with --runs, --seconds, --seed",
    )  # fmt: skip
    schedules.add_argument("--runs", type=options.positive, default=200, metavar="N", help="of free, at most so many")
    schedules.add_argument(
        "--seconds", type=options.positive, default=10, metavar="N", help="of free, for each workload"
    )
    schedules.add_argument("--steps", type=options.positive, default=5_000, metavar="N", help="steps of an execution")


def run(arguments: Namespace) -> int:
    """Run the candidates."""
    from interlock_cli.console import apart, complain
    from interlock_cli.judging import EXIT_INTERRUPTED
    from interlock_conformance.lint import unwatched

    with apart():
        wanted = _asked(arguments)
    if wanted is None:
        return 2
    complain({warning: None for asked in wanted for warning in unwatched(asked.candidate.made)})
    if arguments.candidate:
        rows, interrupted = _alone(arguments, wanted[0])
    else:
        rows = _rows(arguments, wanted)
        interrupted = len(rows) < len(wanted)
    _show(arguments, rows, interrupted=interrupted)
    if interrupted:
        print("interlock: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    return 0 if all(row.as_expected for row in rows) else 1


def _alone(arguments: Namespace, asked: Asked) -> tuple[list[Row], bool]:
    """What one candidate came to, told as it is found, and whether an interrupt came before the end."""
    from interlock_conformance.matrix import Row

    reference = asked.candidate.reference
    found: list[tuple[str, ConformanceVerdict]] = []
    interrupted = False
    try:
        for workload, verdict in _verdicts(arguments, asked):
            found.append((str(workload), verdict))
            if arguments.format == "text":
                _tell(arguments, reference, workload, verdict)
    except KeyboardInterrupt:
        interrupted = True
    return [Row(reference, None, tuple(found))], interrupted


def _rows(arguments: Namespace, wanted: Sequence[Asked]) -> list[Row]:
    """What each candidate came to, in a process of its own; those that are known where an interrupt came first."""
    from interlock.render.progress import Bar
    from interlock_cli.gathering import Failure, Gathering
    from interlock_conformance.matrix import Row
    from interlock_conformance.verdict import Undecided

    if sys.platform != "linux":  # there a candidate would have to be pickled
        return [_row(arguments, asked) for asked in wanted]

    def compute(number: str) -> Row:
        return _row(arguments, wanted[int(number)])

    found: dict[int, Row] = {}
    numbers = [str(number) for number in range(len(wanted))]
    try:
        with Gathering(compute, numbers, options.jobs(arguments), inf) as gathering, Bar(len(wanted)) as bar:
            for number, result in gathering.results():
                candidate = wanted[number].candidate
                if isinstance(result, Failure):
                    undecided = Undecided(candidate.name, f"Interlock failed on this candidate: {result.reason}")
                    found[number] = Row(candidate.reference, candidate.breaks, (("", undecided),))
                else:
                    found[number] = result
                bar.tell(candidate.reference, len(found))
    except KeyboardInterrupt:
        pass
    return [found[number] for number in sorted(found)]


def _row(arguments: Namespace, asked: Asked) -> Row:
    """What a candidate came to on all of its workloads."""
    from interlock_conformance.matrix import Row

    found = tuple((str(workload), verdict) for workload, verdict in _verdicts(arguments, asked))
    breaks = None if arguments.candidate else asked.candidate.breaks
    return Row(asked.candidate.reference, breaks, found)


def _verdicts(arguments: Namespace, asked: Asked) -> Iterator[tuple[Workload, ConformanceVerdict]]:
    """Run a candidate on its workloads; in a table there is a verdict for each property that it breaks."""
    from interlock_cli.console import apart
    from interlock_conformance.conform import Options, conform, survey
    from interlock_conformance.free_running import Free, run_free
    from interlock_conformance.scheduling.pooled_threads import Pool

    binding, system, workloads = asked.binding, asked.system, asked.workloads
    strategy = _strategy(arguments)
    free = Free(arguments.seed, arguments.runs, arguments.seconds)
    exempt = frozenset(asked.candidate.exempt)
    with Pool() as pool:
        home = pool.home if arguments.backend == "threads" else None
        limits = Options(arguments.steps, known=exempt, home=home, refined=asked.refined, measure=True)
        brief = replace(limits, shrink_executions=_BRIEFLY)
        for workload in workloads:
            with apart():
                if arguments.backend == "free":
                    judge = partial(run_free, binding, system, workload, free)
                else:
                    judge = partial(conform, binding, system, workload, strategy)
                found = (judge(limits),) if arguments.candidate else survey(judge, brief)
            for verdict in found:
                yield workload, verdict


def _asked(arguments: Namespace) -> tuple[Asked, ...] | None:
    from interlock_cli.candidates import asked, asked_of_all

    if not arguments.candidate:
        return asked_of_all(arguments.path, arguments.workload)
    one = asked(arguments.path, arguments.candidate, arguments.workload, arguments.binding)
    return None if one is None else (one,)


def _tell(arguments: Namespace, reference: str, workload: Workload, verdict: ConformanceVerdict) -> None:
    """Print the story of one workload."""
    from interlock_cli.candidates import replay_command
    from interlock_conformance.verdict import Breaks, report

    print(f"{workload}\n{report(verdict)}", flush=True)
    if isinstance(verdict, Breaks):
        print(f"  {replay_command(arguments.path, reference, verdict.token, arguments.binding)}", flush=True)


def _show(arguments: Namespace, rows: list[Row], *, interrupted: bool) -> None:
    """Print what was found: what is left to say of one candidate, or the table of all."""
    from interlock_conformance.json_report import text_of_rows
    from interlock_conformance.matrix import lines_of_coverage, lines_of_matrix

    if arguments.format == "json":
        print(text_of_rows(rows, __version__, interrupted=interrupted))
    elif arguments.candidate:
        for line in lines_of_coverage(rows[0].coverage):
            print(line)
    else:
        print("\n".join(lines_of_matrix(rows)))


def _strategy(arguments: Namespace) -> Strategy:
    from interlock_conformance.strategies.exhaustive import Exhaustive
    from interlock_conformance.strategies.mixed import Mixed
    from interlock_conformance.strategies.priorities import Priorities
    from interlock_conformance.strategies.reduced import Reduced
    from interlock_conformance.strategies.uniform import Uniform

    usual = EXECUTIONS if arguments.candidate else EXECUTIONS_OF_ALL
    executions, seed = int(arguments.executions or usual), int(arguments.seed)
    match arguments.strategy:
        case "bounded":
            return Exhaustive(arguments.preemptions, executions)
        case "priorities":
            return Priorities(seed, executions, arguments.preemptions)
        case "uniform":
            return Uniform(seed, executions)
        case "reduced":
            return Reduced(executions)
        case _:
            return Mixed(arguments.preemptions, executions)
