"""One worker process for each of many inputs, and what each of them comes to.

A process of its own, rather than a pool's, so that one that dies or never answers takes nothing else with it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Generic, TypeVar

from interlock_cli.crew import die_with_parent

_DEEP = 20_000
"""Terms may be nested deeper than `pickle` follows by default."""

Result = TypeVar("Result")


@dataclass(frozen=True)
class Failure:
    """Why a worker came to nothing."""

    reason: str


@dataclass(frozen=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    started: float


class Gathering(Generic[Result]):
    """Computes something for each input, a few at a time, each for so many seconds at most.

    A context manager: who leaves it early, as on an interrupt, ends the workers that still run.
    """

    def __init__(self, compute: Callable[[str], Result], inputs: Sequence[str], hands: int, seconds: float) -> None:
        self._compute = compute
        self._waiting = list(enumerate(inputs))[::-1]
        self._hands = max(1, hands)
        self._seconds = seconds
        self._running: dict[int, _Worker] = {}
        self._context = (
            multiprocessing.get_context("fork") if sys.platform == "linux" else multiprocessing.get_context("spawn")
        )

    def __enter__(self) -> Gathering[Result]:
        sys.setrecursionlimit(max(_DEEP, sys.getrecursionlimit()))
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._running.values():
            worker.process.kill()
            worker.process.join()
        self._running.clear()

    def results(self) -> Iterator[tuple[int, Result | Failure]]:
        """Each input's number and what it came to, in the order in which they end."""
        while self._waiting or self._running:
            while self._waiting and len(self._running) < self._hands:
                self._start(*self._waiting.pop())
            ready = wait([worker.pipe for worker in self._running.values()], timeout=0.5)
            for number, worker in list(self._running.items()):
                if worker.pipe in ready:
                    yield number, self._received(number, worker)
                elif time.monotonic() > worker.started + self._seconds:
                    worker.process.kill()
                    self._end(number, worker)
                    yield number, Failure("its worker did not answer")

    def _start(self, number: int, item: str) -> None:
        mine, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_work, args=(self._compute, item, theirs), daemon=True)
        sys.stdout.flush()
        process.start()
        theirs.close()
        self._running[number] = _Worker(process, mine, time.monotonic())

    def _received(self, number: int, worker: _Worker) -> Result | Failure:
        try:
            found: Result | Failure = worker.pipe.recv()
        except (EOFError, OSError):
            found = Failure("its worker ended before it had answered")
        self._end(number, worker)
        return found

    def _end(self, number: int, worker: _Worker) -> None:
        worker.pipe.close()
        worker.process.join()
        del self._running[number]


def _work(compute: Callable[[str], object], item: str, pipe: Connection) -> None:
    """Compute one result and tell it; what goes wrong here is a fault of the tool, and is told as such."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is the parent's to answer
    sys.setrecursionlimit(_DEEP)
    try:
        found = compute(item)
    except Exception as bug:
        if os.environ.get("INTERLOCK_TRACEBACK"):
            raise
        found = Failure(f"{type(bug).__name__}: {bug}")
    with suppress(BrokenPipeError, ConnectionResetError):
        pipe.send(found)
