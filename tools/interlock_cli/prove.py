"""Prove invariants by induction, for any number of elements, and show why a proof fails."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from interlock_cli import options

SUMMARY = "prove by induction only"
EXAMPLES = """\
examples:
  interlock prove spec/std/mutex.ilk
  interlock prove spec/list_lru/v13.ilk --property coverage
"""


def configure(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    options.add_judging(parser, scope=False)


def run(arguments: Namespace) -> int:
    """Judge the paths."""
    from interlock_cli.judging import judge_paths

    return judge_paths("prove", arguments)
