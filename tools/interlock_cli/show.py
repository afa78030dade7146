"""Show a specification: what it declares, or the transition system that it denotes."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

SUMMARY = "show what a specification means"
EXAMPLES = """\
examples:
  interlock show spec/std/mutex.ilk
  interlock show spec/std/mutex.ilk --lowered
"""


def configure(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("path", metavar="FILE", help="a specification")
    parser.add_argument("--lowered", action="store_true", help="every transition, with guard and updates as formulas")


def run(arguments: Namespace) -> int:
    """Print the summary or the lowered system."""
    from interlock.pipeline import lower_file, read_bytes
    from interlock.render.system import lines_of_system, summary_of_system
    from interlock_cli.console import complain

    system, diagnostics = lower_file(arguments.path, read_bytes)
    complain(diagnostics)
    if system is None:
        return 2
    for line in lines_of_system(system) if arguments.lowered else summary_of_system(system):
        print(line)
    return 0
