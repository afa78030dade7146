"""The command line's entry: which command, and what becomes of interrupts, broken pipes and full disks.

Nothing heavy is imported before a command runs, so `--version` and `--help` answer at once.
"""

from __future__ import annotations

import argparse
import errno
import gc
import io
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from interlock import __version__
from interlock_cli import (
    bmc,
    check,
    compare,
    conform,
    explore,
    fmt,
    mutate,
    new,
    prove,
    replay,
    run_candidate,
    show,
    simulate,
    testgen,
    trace,
)

EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141

COMMANDS: dict[str, ModuleType] = {
    "check": check,
    "prove": prove,
    "bmc": bmc,
    "explore": explore,
    "compare": compare,
    "simulate": simulate,
    "conform": conform,
    "replay": replay,
    "mutate": mutate,
    "testgen": testgen,
    "run": run_candidate,
    "trace": trace,
    "show": show,
    "fmt": fmt,
    "new": new,
}

EPILOG = """\
exit codes:
  0    everything is as expected
  1    something is not as expected
  2    the input or the command line cannot be used
  3    a limit was reached, and nothing is known of a log
  130  interrupted; what was known has been printed

example:
  interlock new handoff && interlock check handoff.ilk
"""


def parser() -> argparse.ArgumentParser:
    """The whole command line; each command's file configures its own part."""
    top = argparse.ArgumentParser(
        prog="interlock",
        description="Specifications of concurrent designs: proved or refuted, with a counterexample you can read.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"interlock {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", title="commands", required=True)
    for name, module in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=module.SUMMARY,
            description=module.__doc__,
            epilog=module.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.configure(command)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    try:
        try:
            arguments = parser().parse_args(argv)
            code: int = COMMANDS[arguments.command].run(arguments)
        finally:
            sys.stdout.flush()  # here and not at exit, where nobody could answer a failure
    except KeyboardInterrupt:
        print("interlock: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        _discard_stdout()
        return EXIT_BROKEN_PIPE
    except OSError as problem:
        # Reading is guarded where it happens; what is left is output that cannot be written, such as a full disk.
        if problem.errno not in (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EFBIG, errno.EBADF):
            raise
        _discard_stdout()
        print(f"error[E0927]: the output cannot be written: {problem.strerror}", file=sys.stderr)
        return EXIT_USAGE
    return code


def _discard_stdout() -> None:
    """Point standard output at nothing, so that the interpreter's last flush cannot fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _make_streams_usable() -> None:
    """Have somewhere to write where a stream was closed, and write any text where its encoding has few characters."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - it is closed at exit
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def run() -> None:
    """Run the command as a program; being told to terminate is an interrupt, so that no worker is left behind."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    _make_streams_usable()
    gc.set_threshold(100_000)  # trees of a specification live to the end: looking for garbage in them only costs
    sys.exit(main())


if __name__ == "__main__":
    run()
