"""Judge every property of the specifications, each by the engine that suits it, and compare with what they expect."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from interlock_cli import options

SUMMARY = "judge specifications"
EXAMPLES = """\
examples:
  interlock check spec/list_lru/v13.ilk
  interlock check spec --format json > verdicts.json
"""


def configure(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    options.add_judging(parser, scope=True)


def run(arguments: Namespace) -> int:
    """Judge the paths."""
    from interlock_cli.judging import judge_paths

    return judge_paths("check", arguments)
