"""Run a program as a process of its own, and see what it costs."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LINUX_RSS_UNIT = 1024
"""Bytes in a unit of `ru_maxrss`."""


@dataclass(frozen=True)
class Command:
    """A program with its arguments, and the folder in which it runs."""

    arguments: tuple[str, ...]
    folder: Path


@dataclass(frozen=True)
class Run:
    """What a process printed, how it ended, and what it took.

    `peak` is the greatest resident memory, in bytes, of the process or of any one of its own that it waited for.
    """

    output: str
    code: int
    seconds: float
    peak: int
    late: bool = False


def run(command: Command, limit: float) -> Run:
    """Run it to its end, or end it (with all that it has started) after `limit` seconds."""
    with tempfile.TemporaryFile() as printed:
        began = time.perf_counter()
        process = subprocess.Popen(
            command.arguments, cwd=command.folder, stdout=printed, stderr=subprocess.STDOUT, start_new_session=True
        )
        late = threading.Event()

        def stop() -> None:
            late.set()
            os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(limit, stop)
        timer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except KeyboardInterrupt:
            stop()
            raise
        finally:
            timer.cancel()
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        output = printed.read().decode(errors="replace")
    return Run(output, process.returncode, seconds, usage.ru_maxrss * LINUX_RSS_UNIT, late.is_set())


def run_all(commands: Sequence[Command], limit: float) -> Run:
    """Run one after the other, up to the first that fails: the time of all, the peak of the greediest."""
    seconds, peak = 0.0, 0
    last = Run("", 0, 0.0, 0)
    for command in commands:
        last = run(command, max(0.0, limit - seconds))
        seconds, peak = seconds + last.seconds, max(peak, last.peak)
        if last.code or last.late:
            break
    return Run(last.output, last.code, seconds, peak, last.late)
