"""Search for counterexamples of up to a number of steps by bounded model checking."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from interlock_cli import options

SUMMARY = "search for short counterexamples"
EXAMPLES = """\
examples:
  interlock bmc spec/gallery/broken/peterson.ilk --depth 9
  interlock bmc spec/gallery/broken/two_phase_commit.ilk --unbounded
"""


def configure(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    options.add_judging(parser, scope=True, unbounded=True)


def run(arguments: Namespace) -> int:
    """Judge the paths."""
    from interlock_cli.judging import judge_paths

    return judge_paths("bmc", arguments)
