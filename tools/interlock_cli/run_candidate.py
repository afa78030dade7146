"""Run a program under load, and judge what it logs by a specification.

The program is a candidate in any language: it is told on standard input what to do, does it with threads of its own,
and writes what happened to standard output.  docs/processes.md describes the lines; impl/c has a client to copy.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from interlock import __version__
from interlock_cli import options

if TYPE_CHECKING:
    from rich.text import Text

    from interlock.core.diagnostic import Diagnostic
    from interlock.core.system import TransitionSystem
    from interlock_conformance.processes.remote import Request
    from interlock_conformance.processes.remote_runs import Judge, JudgedRun
    from interlock_conformance.schedule import Workload

SUMMARY = "run a program under load, and judge its log by a specification"
EXAMPLES = """\
examples:
  make -C impl/c
  interlock run spec/list_lru/logged.ilk impl/c/build/list_lru --threads 4 --operations 2000 --runs 10
  interlock run spec/list_lru/logged.ilk impl/c/build/list_lru -w 'init(0) | activate(0); add(0, 0, 1)' --runs 100

exit codes:
  0  explained: the specification has a run with the events of each log
  1  a log is not explained, or the candidate crashed or hung
  2  the specification, the command or what the candidate says cannot be used
  3  unknown: a limit was reached
"""

SCHEMA = "interlock-run/1"
"""Name and version of what `--format json` writes."""


def configure(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("spec", metavar="SPEC", help="a specification")
    parser.add_argument("program", nargs="+", metavar="COMMAND", help="the program, and after -- its arguments")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="json: see docs/processes.md")
    parser.add_argument("--log", type=Path, metavar="FILE", help="write the log of the last run there")
    work = parser.add_argument_group("what it does")
    work.add_argument("--threads", type=options.positive, default=4, metavar="N", help="(default: 4)")
    work.add_argument(
        "--operations", type=options.positive, default=1_000, metavar="N", help="of each thread, by the seed (1000)"
    )
    work.add_argument(
        "-w", "--workload", default="", metavar="OPERATIONS",
        help="instead: such as 'init(0) | activate(0) ! 1', threads, and the allocations that fail",
    )  # fmt: skip
    work.add_argument("--fail-one-in", type=options.positive, default=0, metavar="N", help="allocations fail by chance")
    work.add_argument(
        "--jitter", type=options.natural, default=20, metavar="N", help="give way at one event in N (20); 0: at none"
    )
    work.add_argument(
        "--hold", type=_pair, action="append", default=[], metavar="PLACE=UNTIL",
        help="who first comes to PLACE waits there until UNTIL has been reached",
    )  # fmt: skip
    work.add_argument("--runs", type=options.positive, default=1, metavar="N", help="with a new seed each")
    work.add_argument("--seed", type=options.natural, default=0, metavar="N", help="of the first run")
    run = parser.add_argument_group("limits of a run")
    run.add_argument("--timeout", type=options.positive_float, default=60.0, metavar="S", help="(default: 60)")
    run.add_argument(
        "--events", type=options.positive, default=5_000_000, metavar="N", help="in its log (default: 5,000,000)"
    )
    options.add_explaining(parser)


def _pair(text: str) -> tuple[str, str]:
    place, equals, until = text.partition("=")
    if not (equals and place.strip() and until.strip()):
        raise argparse.ArgumentTypeError(f"`{text}` is not PLACE=UNTIL")
    return place.strip(), until.strip()


def run(arguments: Namespace) -> int:
    """Run the program and judge its logs."""
    judge, workload, problems = _asked(arguments)
    if judge is None:
        _tell(arguments, None, Told((), problems), None)
        return 2
    path = arguments.log or _new_file()
    keep = arguments.log is not None
    try:
        told = _runs(arguments, judge, workload, path)
        keep = keep or (told.code != 0 and bool(told.runs) and not told.interrupted)
    finally:
        if not keep:
            path.unlink()
    _tell(arguments, judge.system, told, path)
    return told.code


def _new_file() -> Path:
    """A file for the log: threads never do the same again, so one that is not explained is kept."""
    handle, name = tempfile.mkstemp(prefix="interlock-", suffix=".jsonl")
    os.close(handle)
    return Path(name)


@dataclass(frozen=True)
class Told:
    """All runs, and what is wrong beside them."""

    runs: tuple[JudgedRun, ...]
    problems: tuple[Diagnostic, ...]
    interrupted: bool = False

    @property
    def code(self) -> int:
        """The exit code."""
        from interlock_cli.judging import EXIT_INTERRUPTED
        from interlock_conformance.processes.remote_runs import BREACHES, Result

        if self.interrupted:
            return EXIT_INTERRUPTED
        if self.problems:
            return 1 if self.problems[0].code.name in BREACHES else 2
        codes = {Result.EXPLAINED: 0, Result.BROKEN: 1, Result.UNUSABLE: 2, Result.UNKNOWN: 3}
        return codes[self.runs[-1].result]


def _runs(arguments: Namespace, judge: Judge, workload: Workload | None, path: Path) -> Told:
    """All runs, up to the first that is not explained."""
    from interlock.core.diagnostic import diagnose
    from interlock.render.progress import Bar
    from interlock_conformance.processes.process import Failure
    from interlock_conformance.processes.remote import Limits, Remote
    from interlock_conformance.processes.remote_runs import Result, diagnosis, judged_run

    done: list[JudgedRun] = []
    problems: tuple[Diagnostic, ...] = ()
    interrupted = False
    try:
        with Remote(arguments.program, Limits(arguments.timeout, arguments.events)) as remote, Bar(0) as bar:
            for request in _requests(arguments, workload):

                def progress(events: int, number: int = request.run) -> None:
                    bar.tell(f"run {number}: events", events)

                done.append(judged_run(remote, request, path, judge, progress))
                if done[-1].result is not Result.EXPLAINED:
                    break
            else:
                remote.finish()
    except Failure as failure:
        problems = (diagnosis(failure),)
    except OSError as problem:
        problems = (diagnose("E0927", f"cannot write {path}: {problem.strerror}", path=str(path)),)
    except KeyboardInterrupt:
        interrupted = True
    return Told(tuple(done), problems, interrupted)


def _requests(arguments: Namespace, workload: Workload | None) -> Iterator[Request]:
    from interlock_conformance.processes.remote import Request

    for number in range(arguments.runs):
        yield Request(
            number + 1,
            arguments.seed + number,
            0 if workload else arguments.threads,
            0 if workload else arguments.operations,
            workload,
            arguments.fail_one_in,
            arguments.jitter,
            tuple(arguments.hold),
        )


def _asked(arguments: Namespace) -> tuple[Judge | None, Workload | None, tuple[Diagnostic, ...]]:
    """By what to judge and what to do; None, and why, where that cannot be had."""
    from interlock.core.diagnostic import diagnose
    from interlock.engines.traces.judging import Budget
    from interlock.engines.traces.log import Trouble
    from interlock.engines.traces.vocabulary import Vocabulary
    from interlock.pipeline import lower_file, read_bytes, sizes_of
    from interlock_conformance.processes.remote_runs import Judge
    from interlock_conformance.schedule import TokenError, parse_workload

    try:
        workload = parse_workload(arguments.workload) if arguments.workload else None
    except TokenError as error:
        return None, None, (diagnose("E0942", str(error)),)
    system, problems = lower_file(arguments.spec, read_bytes)
    if system is None:
        return None, None, problems
    try:
        Vocabulary(system).hidden(arguments.hide)
    except Trouble as trouble:
        return None, None, (diagnose(trouble.code, trouble.message, fix=trouble.fix, path=arguments.spec),)
    sizes, more = sizes_of(system, arguments.scope)
    if more:
        return None, None, tuple(replace(problem, path=arguments.spec) for problem in more)
    fixed = [part.partition("=")[0].strip() for part in arguments.scope.split(",")] if "=" in arguments.scope else ()
    budget = Budget(arguments.states, arguments.limit, arguments.window)
    judge = Judge(system, sizes, tuple(arguments.hide), tuple(fixed), budget, not arguments.no_invariants)
    return judge, workload, problems


def _tell(arguments: Namespace, system: TransitionSystem | None, told: Told, path: Path | None) -> None:
    """Print what was found."""
    if arguments.format == "json":
        _tell_in_json(arguments, system, told)
        return
    from interlock_cli.console import complain, put

    for judged in told.runs:
        complain(judged.problems)
        if system is not None:
            put(_lines(judged, system))
    complain(told.problems)
    if told.interrupted:
        print("interlock: interrupted", file=sys.stderr)
    elif told.code == 0 and len(told.runs) > 1:
        print(f"explained: all {len(told.runs)} runs, {sum(r.log.count for r in told.runs if r.log):,} events")
    elif told.code != 0 and told.runs:
        print(f"log: interlock trace check {shlex.quote(arguments.spec)} {shlex.quote(str(path))}")


def _lines(judged: JudgedRun, system: TransitionSystem) -> Iterator[Text]:
    from rich.text import Text

    from interlock.engines.traces.judging import Explained
    from interlock.render.log_outcome import lines_of_outcome

    request, log, outcome = judged.request, judged.log, judged.outcome
    head = f"run {request.run} (seed {request.seed}):"
    if log is None or outcome is None:
        yield Text(f"{head} nothing was judged")
    elif isinstance(outcome, Explained):
        yield Text(f"{head} explained, {outcome.events:,} events{', as far as it got' if judged.failure else ''}")
    else:
        yield Text(f"{head} as far as it got, and its log may lack events:" if judged.cut else head)
        yield from lines_of_outcome(outcome, log, system)


def _tell_in_json(arguments: Namespace, system: TransitionSystem | None, told: Told) -> None:
    from interlock.render.json_report import json_of_diagnostic
    from interlock.render.log_outcome import json_of_outcome

    runs = [
        {
            "run": judged.request.run,
            "seed": judged.request.seed,
            "result": judged.result.value,
            **json_of_outcome(judged.outcome, judged.log, system, judged.problems, __version__),
        }
        for judged in told.runs
    ]
    document = {
        "schema": SCHEMA,
        "tool": __version__,
        "ok": told.code == 0,
        "interrupted": told.interrupted,
        "command": arguments.program,
        "runs": runs,
        "diagnostics": [json_of_diagnostic(problem) for problem in told.problems],
    }
    print(json.dumps(document, indent=2))
