"""Worker processes, one for each file, and what each of them has told so far.

A process for each file rather than a pool: a solver that is killed for its memory then takes one file with it, whose
report says so, and an interrupt can end a query that would not listen.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from interlock.core.diagnostic import diagnose
from interlock.pipeline import Request, judge_file
from interlock.report import Ending, Event, FileReport, Finished, Rejected, fold

GRACE = 30.0
"""Seconds that a worker may take beyond its limit before it counts as hung: limits hold between queries only."""

_DEEP = 20_000
_PR_SET_PDEATHSIG = 1


@dataclass
class _Job:
    """One file: its worker, the pipe to it, and the events so far."""

    path: str
    worker: BaseProcess | None = None
    pipe: Connection | None = None
    events: list[Event] = field(default_factory=list[Event])
    over: bool = False
    started: float = 0.0
    ending: Ending = "finished"


class Crew:
    """Judges files in up to `hands` worker processes at a time.

    A worker that is still silent `GRACE` seconds after its limit is ended: the verdicts it has told are kept, and
    whatever it has not is Unknown.
    """

    def __init__(self, paths: Sequence[str], request: Request, hands: int) -> None:
        self._jobs = [_Job(path) for path in paths]
        self._request = request
        self._hands = max(1, hands)
        self._processes = (
            multiprocessing.get_context("fork") if sys.platform == "linux" else multiprocessing.get_context("spawn")
        )

    @property
    def done(self) -> int:
        """How many files are over."""
        return sum(job.over for job in self._jobs)

    @property
    def busy(self) -> bool:
        """Whether there is anything left to wait for."""
        return self.done < len(self._jobs)

    def advance(self) -> list[tuple[str, Event]]:
        """Start what can start, wait for something to happen, and return what was told."""
        running = [job for job in self._jobs if job.pipe is not None]
        waiting = [job for job in self._jobs if job.pipe is None and not job.over]
        for job in waiting[: self._hands - len(running)]:
            self._start(job)
            running.append(job)
        told: list[tuple[str, Event]] = []
        ready = wait([job.pipe for job in running if job.pipe is not None], timeout=0.5)
        for job in running:
            if job.pipe in ready:
                told.extend((job.path, event) for event in _receive(job))
            elif time.monotonic() > job.started + self._request.seconds + GRACE:
                _abandon(job)
        return told

    def report(self, index: int, ending: Ending = "finished") -> FileReport | None:
        """The report of one file if it is over, or of what is known with another `ending`."""
        job = self._jobs[index]
        if job.over:
            return fold(job.path, job.events, job.ending)
        return fold(job.path, job.events, ending) if ending != "finished" else None

    def stop(self) -> None:
        """End the workers that still run, after hearing what they have said, and what they want to save is saved."""
        for job in self._jobs:
            while job.pipe is not None and job.pipe.poll() and _receive(job):
                pass
            if job.worker is not None and job.worker.is_alive() and self._request.limits.checkpoint:
                job.worker.terminate()
                job.worker.join(GRACE)
            if job.worker is not None and job.worker.is_alive():
                job.worker.kill()
            if job.worker is not None:
                job.worker.join()

    def _start(self, job: _Job) -> None:
        mine, theirs = self._processes.Pipe(duplex=False)
        job.worker = self._processes.Process(target=_work, args=(job.path, self._request, theirs), daemon=True)
        sys.stdout.flush()
        job.started = time.monotonic()
        job.worker.start()
        theirs.close()
        job.pipe = mine


def _receive(job: _Job) -> list[Event]:
    """What a worker says next; an end of its pipe before it finished means that it died."""
    assert job.pipe is not None
    try:
        event: Event = job.pipe.recv()
    except (EOFError, OSError):
        job.over = True
        job.pipe.close()
        job.pipe = None
        return []
    job.events.append(event)
    if isinstance(event, Finished | Rejected):
        job.over = True
        job.pipe.close()
        job.pipe = None
    return [event]


def _abandon(job: _Job) -> None:
    """End a worker that does not answer."""
    assert job.worker is not None
    assert job.pipe is not None
    job.worker.kill()
    job.pipe.close()
    job.pipe, job.over, job.ending = None, True, "worker did not answer"


class _Terminated(Exception):  # noqa: N818 - the name of the condition
    """The worker was asked to end."""


def die_with_parent() -> None:
    """Ask the kernel to end this process with its parent, so that a killed parent leaves no solver behind.

    Where that is not Linux, a worker without a parent ends when it next has something to tell.
    """
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _work(path: str, request: Request, pipe: Connection) -> None:
    """Judge one file in a process of its own.

    It leaves the terminal's process group: an interrupt is the parent's to answer, which then ends its workers.
    Terms may be nested deeper than Python's default lets `pickle` follow.  With a checkpoint, it ends when it next has
    something to tell once it is asked to terminate, so that the engine can save how far it is.
    """
    asked: list[int] = []
    if request.limits.checkpoint:
        signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))

    def tell(event: Event) -> None:
        if asked:
            raise _Terminated
        pipe.send(event)

    os.setpgrp()
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.setrecursionlimit(_DEEP)
    start = time.perf_counter()
    try:
        judge_file(path, request, tell)
    except (BrokenPipeError, ConnectionResetError, _Terminated):
        return
    except Exception as bug:
        if os.environ.get("INTERLOCK_TRACEBACK"):
            raise
        message = f"Interlock failed on this file after {time.perf_counter() - start:.1f}s: {type(bug).__name__}: {bug}"
        fix = "this is a fault of the tool; INTERLOCK_TRACEBACK=1 shows where"
        pipe.send(Rejected((diagnose("E0929", message, path=path, fix=fix),)))
