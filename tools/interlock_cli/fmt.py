"""Lay out specifications in the one standard way; the meaning never changes."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from interlock.core.diagnostic import Diagnostic, diagnose

if TYPE_CHECKING:
    from interlock.lang.syntax import Module

SUMMARY = "format specifications"
EXAMPLES = """\
examples:
  interlock fmt spec
  interlock fmt --check spec
"""


def configure(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a specification, or a folder of them")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where something would change")


def run(arguments: Namespace) -> int:
    """Format the files in place, or say which would change."""
    from interlock.lang.format import format_module
    from interlock.lang.loader import collect
    from interlock_cli.console import complain

    files, problems = collect(arguments.paths)
    complain(problems)
    failed = any(p.is_error for p in problems)
    changed = 0
    for path in files:
        module, found = _parsed(path)
        complain(found)
        if module is None or any(d.is_error for d in found):
            failed = True
            continue
        formatted = format_module(module)
        if formatted == module.source.text:
            continue
        changed += 1
        if arguments.check:
            print(f"{path} would change")
            continue
        try:
            Path(path).write_text(formatted, encoding="utf-8", newline="")
        except OSError as problem:
            complain((diagnose("E0927", f"cannot write the file: {problem.strerror}", path=path),))
            failed = True
        else:
            print(f"{path} formatted")
    if failed:
        return 2
    return 1 if arguments.check and changed else 0


def _parsed(path: str) -> tuple[Module | None, tuple[Diagnostic, ...]]:
    """The file's tree, or why there is none."""
    from interlock.lang.loader import decode
    from interlock.lang.parse import parse

    try:
        data = Path(path).read_bytes()
    except OSError as problem:
        return None, (diagnose("E0903", f"cannot read the file: {problem.strerror}", path=path),)
    source, undecodable = decode(path, data)
    return (None, (undecodable,)) if undecodable else parse(source)
