"""Exhaust a finite scope: every reachable state, shortest counterexamples, deadlocks, scenarios and liveness."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from interlock_cli import options

SUMMARY = "exhaust a finite scope"
EXAMPLES = """\
examples:
  interlock explore spec/list_lru/v13.ilk --scope small
  interlock explore spec/list_lru/v13.ilk --scope Lru=2,Memcg=3 --format json
"""


def configure(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    options.add_judging(parser, scope=True)
    options.add_exploring(parser)


def run(arguments: Namespace) -> int:
    """Judge the paths."""
    from interlock_cli.judging import judge_paths

    return judge_paths("explore", arguments)
