"""Write pytest cases that take every step of a specification, and every two steps of which one can follow the other.

What is covered is found out by exhausting a finite scope.  The cases need no more than a fixture `candidate` with the
two methods of `interlock_conformance.stepwise.Adapter`; see docs/testgen.md.
"""

from __future__ import annotations

import argparse
import re
import shlex
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from interlock_cli import options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from interlock.core.diagnostic import Diagnostic
    from interlock.core.system import TransitionSystem
    from interlock.engines.testgen import Cases

SUMMARY = "write pytest cases that cover a specification"
EXAMPLES = """\
examples:
  interlock testgen spec/gallery/lock_server.ilk --output test_lock_server.py
  interlock testgen spec/list_lru/v13.ilk --scope Lru=1,Memcg=1 --refusals --output test_v13.py
  interlock testgen --check test_lock_server.py test_v13.py

exit codes:
  0  written; with --check: every file is what would be written today
  1  with --check: a file is not
  2  the specification or the command line cannot be used
"""

EXIT_STALE, EXIT_INPUT = 1, 2

_COMMAND = re.compile(r"^command {8}(interlock testgen .+)$", re.MULTILINE)
"""The line of a file that says how it was written; it is read again by `--check`."""


def configure(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("spec", nargs="?", metavar="SPEC", help="a specification")
    parser.add_argument("--check", nargs="+", metavar="FILE", help="say whether these files are up to date")
    parser.add_argument("--output", metavar="FILE", help="the file to write (default: standard output)")
    parser.add_argument("-v", "--verbose", action="store_true", help="list the pairs of steps that cannot be covered")
    _add_generating(parser)


def _add_generating(parser: ArgumentParser) -> None:
    """What decides which cases there are."""
    cases = parser.add_argument_group("cases")
    cases.add_argument("--scope", default="", help="a scope of the file, or sizes: Lru=2,Memcg=3")
    cases.add_argument("--refusals", action="store_true", help="also ask for steps that must be refused")
    cases.add_argument(
        "--state",
        choices=("shared", "all"),
        default="shared",
        help="what is compared: variables (default), or places, locals and ghosts as well",
    )
    cases.add_argument(
        "--length", type=options.positive, default=32, metavar="N", help="steps of a case, unless it needs more"
    )
    cases.add_argument(
        "--states", type=options.positive, default=50_000, metavar="N", help="states that are explored at most"
    )
    cases.add_argument("--limit", type=options.positive_float, default=300.0, metavar="S", help="seconds")


def run(arguments: Namespace) -> int:
    """Write a file, or check some."""
    if arguments.check:
        return max(_check(file, arguments) for file in arguments.check)
    if arguments.spec is None:
        return _refuse("E0937", "there is no specification", "name one, or give --check the files to look at")
    made = _generate(arguments, _command(arguments))
    if made is None:
        return EXIT_INPUT
    text, cases = made
    if arguments.output is None:
        print(text, end="")
        return 0
    return _write(Path(arguments.output), text, cases, verbose=arguments.verbose)


def _write(path: Path, text: str, cases: Cases, *, verbose: bool) -> int:
    from interlock.render.pytest_cases import lines_of_coverage, lines_of_missing_pairs
    from interlock_cli.console import complain, write

    if path.exists() and _read(path) is None:
        return EXIT_INPUT
    problems = write(path, text)
    complain(problems)
    if problems:
        return EXIT_INPUT
    for line in (f"{path}: {cases.system.name}", *lines_of_coverage(cases, places=True)):
        print(line)
    for line in lines_of_missing_pairs(cases) if verbose else ():
        print(line)
    return 0


def _check(file: str, arguments: Namespace) -> int:
    """Compare a file with what would be written today."""
    from interlock.render.pytest_cases import meaning

    text = _read(Path(file))
    written = None if text is None else _COMMAND.search(text)
    if text is None or written is None:
        return EXIT_INPUT
    command = written[1]
    asked = _asked(command)
    if asked is None:
        return _refuse("E0938", "the command in it cannot be read", "write the file again", file)
    if arguments.spec is not None:
        asked.spec = arguments.spec
    made = _generate(asked, command)
    if made is None:
        return EXIT_INPUT
    if made[0] == text:
        print(f"{file}: up to date")
        return 0
    changed = meaning(made[1].system) not in text
    why = f"{asked.spec} means something else now" if changed else "the file was edited, or written by another version"
    print(f"{file}: stale, {why}; write it again: {command}")
    return EXIT_STALE


def _generate(asked: Namespace, command: str) -> tuple[str, Cases] | None:
    """The text of the file, and what it is made of; None where there is nothing, which has been complained of."""
    from interlock.engines.evaluate import Unsupported
    from interlock.engines.testgen import Bounds, cover
    from interlock.pipeline import lower_file, read_bytes, sizes_of
    from interlock.render.pytest_cases import all_state, shared_state, text_of_cases
    from interlock_cli.console import complain

    try:
        system, problems = lower_file(asked.spec, read_bytes)
    except OSError as error:
        _refuse("E0903", f"{asked.spec}: {error.strerror}", "name a specification", asked.spec)
        return None
    complain(problems)
    if system is None:
        return None
    sizes, problems = sizes_of(system, asked.scope)
    complain(replace(problem, path=asked.spec) for problem in problems)
    if problems or not _has_steps(system, asked.spec):
        return None
    bounds = Bounds(asked.states, asked.limit, asked.length)
    try:
        cases = cover(system, sizes, bounds, refusals=asked.refusals)
    except Unsupported as reason:
        _refuse("E0937", f"{system.name}: {reason}", "give another scope with --scope", asked.spec)
        return None
    if not cases.cases:
        _refuse("E0937", f"{system.name}: no step is ever enabled in this scope", "give a larger --scope", asked.spec)
        return None
    seen = {"shared": shared_state, "all": all_state}[asked.state](system)
    if not any(map(seen, system.symbols)):
        _refuse(
            "E0937", f"{system.name} has no variables that threads share", "compare all, with --state all", asked.spec
        )
        return None
    return text_of_cases(cases, asked.spec, command, seen), cases


def _has_steps(system: TransitionSystem, path: str) -> bool:
    if system.transitions:
        return True
    fix = "cases are made of the steps of processes and actions; name the module that has them"
    _refuse("E0937", f"{system.name} has no steps", fix, path)
    return False


def _command(arguments: Namespace) -> str:
    """What writes this file, in its shortest form."""
    words = ["interlock", "testgen", arguments.spec]
    words += ["--scope", arguments.scope] if arguments.scope else []
    words += ["--refusals"] if arguments.refusals else []
    words += ["--state", arguments.state] if arguments.state != "shared" else []
    words += ["--length", str(arguments.length)] if arguments.length != 32 else []
    words += ["--states", str(arguments.states)] if arguments.states != 50_000 else []
    words += ["--output", arguments.output] if arguments.output is not None else []
    return shlex.join(words)


class _Reader(ArgumentParser):
    """A parser that raises what is wrong instead of ending the program."""

    def error(self, message: str) -> NoReturn:
        raise argparse.ArgumentTypeError(message)


def _asked(command: str) -> Namespace | None:
    reader = _Reader(add_help=False)
    reader.add_argument("spec")
    reader.add_argument("--output")
    _add_generating(reader)
    try:
        return reader.parse_args(shlex.split(command)[2:])
    except (argparse.ArgumentTypeError, argparse.ArgumentError, ValueError):
        return None


def _read(path: Path) -> str | None:
    """The text of a file that this command has written; None, and a complaint, where it has not."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        _refuse("E0938", f"{path} cannot be read: {why}", "name a file that this command has written", str(path))
        return None
    if _COMMAND.search(text) is None:
        fix = "name another file: what it did not write this command neither checks nor replaces"
        _refuse("E0938", f"{path} was not written by `interlock testgen`", fix, str(path))
        return None
    return text


def _refuse(code: str, message: str, fix: str, path: str = "") -> int:
    """Complain, and return the exit code for it."""
    from interlock.core.diagnostic import diagnose
    from interlock_cli.console import complain

    found: Iterable[Diagnostic] = (diagnose(code, message, path=path, fix=fix),)
    complain(found)
    return EXIT_INPUT
