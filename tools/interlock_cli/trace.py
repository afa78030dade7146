"""Judge a log of events from any implementation by a specification, and read and write traces of other tools.

A log has one JSON object on each line, such as {"action": "enter", "args": ["t1"], "state": {"turn": "t1"}}.  What ends
in .json is a trace in the Informal Trace Format (ITF).  The format of logs is described in docs/traces.md.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from interlock import __version__
from interlock_cli import options

if TYPE_CHECKING:
    from interlock.core.diagnostic import Diagnostic
    from interlock.core.system import TransitionSystem
    from interlock.engines.traces.judging import Outcome
    from interlock.engines.traces.log import Item
    from interlock.engines.traces.reading import Log

SUMMARY = "judge a log of events by a specification"
EXAMPLES = """\
examples:
  interlock trace check spec/gallery/peterson.ilk run.jsonl
  interlock trace check spec/gallery/peterson.ilk run.jsonl --hide thread.yield --format json
  interlock trace convert spec/gallery/peterson.ilk run.jsonl run.itf.json

exit codes:
  0  explained: the specification has a run with these events
  1  not explained
  2  the log, the specification or the command line cannot be used
  3  unknown: a limit was reached
"""

EXIT_EXPLAINED, EXIT_NOT_EXPLAINED, EXIT_INPUT, EXIT_UNKNOWN = 0, 1, 2, 3


def configure(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    commands = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    check = commands.add_parser("check", help="say whether a run of the specification has the events of a log")
    check.add_argument("spec", metavar="SPEC", help="a specification")
    check.add_argument("log", metavar="LOG", help="a log, or an ITF trace (.json); - is standard input")
    check.add_argument("--format", choices=("text", "json"), default="text", help="json: see docs/traces.md")
    convert = commands.add_parser("convert", help="write a log as an ITF trace, or an ITF trace as a log")
    convert.add_argument("spec", metavar="SPEC", help="a specification")
    convert.add_argument("log", metavar="IN", help="a log, or an ITF trace (.json)")
    convert.add_argument("output", type=Path, metavar="OUT", help="an ITF trace (.json), or a log")
    for command in (check, convert):
        options.add_explaining(command)


def run(arguments: Namespace) -> int:
    """Check or convert."""
    with ExitStack() as stack:
        return _run(arguments, stack)


def _run(arguments: Namespace, stack: ExitStack) -> int:
    from interlock.engines.traces.judging import Explained

    as_json = arguments.what == "check" and arguments.format == "json"
    system, problems = _system(arguments.spec)
    log, more = (None, ()) if system is None else _opened(arguments, system, stack)
    problems = (*problems, *more)
    if system is None or log is None:
        _tell_problems(system, problems, as_json=as_json)
        return EXIT_INPUT
    if arguments.what == "convert" and _is_itf(arguments.log) and not _is_itf(str(arguments.output)):
        from interlock.engines.traces.itf import lines_of_items
        from interlock.engines.traces.log import SCHEMA

        lines = lines_of_items(iter(log.items()), SCHEMA)
        return _written(arguments.output, "".join(f"{line}\n" for line in lines))
    outcome = _judged(arguments, log)
    if as_json:
        from interlock.render.log_outcome import text_of_outcome

        sys.stdout.write(text_of_outcome(outcome, log, system, problems, __version__))
    elif arguments.what == "check" or not isinstance(outcome, Explained):
        from interlock.render.log_outcome import lines_of_outcome
        from interlock_cli.console import complain, put

        complain(problems)
        put(lines_of_outcome(outcome, log, system, "state" if _is_itf(arguments.log) else "line"))
    if arguments.what == "convert" and isinstance(outcome, Explained) and outcome.trace is not None:
        from interlock.render.itf import text_of_itf

        names = dict(log.elements.renamed())
        text = text_of_itf(outcome.trace, system, description=f"explains {arguments.log}", names=names)
        return _written(arguments.output, text)
    return _exit_code(outcome)


def _judged(arguments: Namespace, log: Log) -> Outcome:
    from interlock.engines.traces.judging import Budget, judge_log
    from interlock.render.progress import Bar

    case = log.case(invariants=not arguments.no_invariants)
    budget = Budget(arguments.states, arguments.limit, arguments.window)
    with Bar(log.count) as bar:

        def progress(done: int) -> None:
            bar.tell(f"{arguments.log}: events", done)

        keep = arguments.what == "convert"
        return judge_log(case, log.events, budget, last=log.last, paths=keep, progress=progress)


def _exit_code(outcome: Outcome) -> int:
    from interlock.engines.traces.judging import Explained, NotExplained, Undecided

    match outcome:
        case Explained():
            return EXIT_EXPLAINED
        case NotExplained():
            return EXIT_NOT_EXPLAINED
        case Undecided():
            return EXIT_UNKNOWN


def _system(path: str) -> tuple[TransitionSystem | None, tuple[Diagnostic, ...]]:
    from interlock.lang.loader import collect
    from interlock.pipeline import lower_file, read_bytes

    paths, problems = collect([path])
    if problems:
        return None, tuple(problems)
    if len(paths) != 1:
        from interlock.core.diagnostic import diagnose

        return None, (diagnose("E0902", f"{path} has {len(paths)} specifications", fix="name one file", path=path),)
    return lower_file(paths[0], read_bytes)


def _opened(
    arguments: Namespace, system: TransitionSystem, stack: ExitStack
) -> tuple[Log | None, tuple[Diagnostic, ...]]:
    """The log after its first reading, or None and what is wrong with it."""
    from dataclasses import replace

    from interlock.core.diagnostic import diagnose
    from interlock.engines.traces.itf import place_in_itf, read_itf
    from interlock.engines.traces.log import lines_of, place, read_log
    from interlock.engines.traces.reading import open_log
    from interlock.pipeline import sizes_of

    sizes, problems = sizes_of(system, arguments.scope)
    if problems:
        return None, tuple(replace(p, path=arguments.spec) for p in problems)
    try:
        file = _file(arguments.log, stack)
        whole = file.read() if _is_itf(arguments.log) else b""
    except OSError as problem:
        code = "E0901" if isinstance(problem, FileNotFoundError) else "E0903"
        return None, (diagnose(code, f"cannot read {arguments.log}: {problem.strerror}", path=arguments.log),)

    def items() -> Iterable[Item]:
        if _is_itf(arguments.log):
            return read_itf(whole, arguments.log)
        file.seek(0)
        return read_log(lines_of(file), arguments.log)

    fixed = [part.partition("=")[0].strip() for part in arguments.scope.split(",")] if "=" in arguments.scope else ()
    where = place_in_itf if _is_itf(arguments.log) else place
    return open_log(system, arguments.log, items, sizes, hidden=arguments.hide, fixed=fixed, place=where)


def _file(path: str, stack: ExitStack) -> BinaryIO:
    """The log as a file that can be read again: what comes from a pipe is put aside."""
    source: BinaryIO = sys.stdin.buffer
    if path != "-":
        stack.enter_context(source := Path(path).open("rb"))  # noqa: SIM115
    if source.seekable():
        return source
    stack.enter_context(aside := tempfile.TemporaryFile())  # noqa: SIM115
    shutil.copyfileobj(source, aside)
    return aside


def _is_itf(path: str) -> bool:
    return path.endswith(".json")


def _tell_problems(system: TransitionSystem | None, problems: tuple[Diagnostic, ...], *, as_json: bool) -> None:
    if as_json:
        from interlock.render.log_outcome import text_of_outcome

        sys.stdout.write(text_of_outcome(None, None, system, problems, __version__))
        return
    from interlock_cli.console import complain

    complain(problems)


def _written(path: Path, text: str) -> int:
    """Write a file; the exit code."""
    from interlock_cli.console import complain, write

    problems = write(path, text)
    complain(problems)
    return EXIT_INPUT if problems else EXIT_EXPLAINED
