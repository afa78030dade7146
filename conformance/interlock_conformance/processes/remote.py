"""Runs of a candidate that is a program of its own, and the log of each: the tool's side of docs/processes.md.

A run is one line to the candidate, which says what to do, and many lines from it, which say what happened.  They end
with one that says that the run is done, and together they are a log as any other (docs/traces.md).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import BinaryIO, Self

from interlock.engines.traces.log import SCHEMA as LOG_SCHEMA
from interlock.engines.traces.log import Json
from interlock_conformance.processes.process import Failure, Process
from interlock_conformance.processes.sorted_events import SortedEvents
from interlock_conformance.schedule import Workload

SCHEMA = "interlock-process/1"
"""Name and version of the protocol.  Fields may be added within a version; none changes its meaning."""

_HELLO = ("schema", "name", "hidden", "sorts", "initial")
_EVENT = ("action", "state")
_LATEST = 1e300


@dataclass(frozen=True)
class Request:
    """What a run does.

    Either each of `threads` makes `operations` calls, which the candidate chooses by the `seed`, or a `script` says
    them.  `fail` are allocations that fail (they count from 0), and `fail_one_in` makes others fail by chance;
    `jitter_one_in` says how often threads give way.  A thread that comes first to the former place of a pair in `hold`
    waits there until the latter has been reached.
    """

    run: int
    seed: int
    threads: int = 0
    operations: int = 0
    script: Workload | None = None
    fail_one_in: int = 0
    jitter_one_in: int = 0
    hold: tuple[tuple[str, str], ...] = ()

    def line(self) -> bytes:
        """The request as it is sent."""
        what: dict[str, Json] = {"run": self.run, "seed": self.seed}
        if self.script is None:
            what |= {"threads": self.threads, "operations": self.operations}
        else:
            what["script"] = [[str(operation) for operation in thread] for thread in self.script.threads]
            what["fail"] = [*sorted(self.script.failing)]
        if self.fail_one_in:
            what["fail_one_in"] = self.fail_one_in
        if self.jitter_one_in:
            what["jitter_one_in"] = self.jitter_one_in
        if self.hold:
            what["hold"] = [list[Json](pair) for pair in self.hold]
        return json.dumps(what).encode() + b"\n"


@dataclass(frozen=True)
class Limits:
    """How long a run may take, and how many events it may have."""

    seconds: float = 60.0
    events: int = 5_000_000


class Remote:
    """A candidate that has been started, and its runs, one after the other.  A context: at its end it is gone."""

    def __init__(self, command: Sequence[str], limits: Limits) -> None:
        self._limits = limits
        self._process = Process(command)
        try:
            self._header = self._hello(time.monotonic() + limits.seconds)
        except BaseException:
            self._process.end()
            raise

    def _hello(self, until: float) -> bytes:
        """The header of the logs, by the line with which the candidate begins."""
        hello = self._object(self._process.line(until))
        if hello.get("schema") != SCHEMA or any(name not in _HELLO for name in hello):
            what = "the candidate does not begin with the line that says who it is"
            fix = f'it is {{"schema": "{SCHEMA}", "name": ".."}}, and may have {", ".join(_HELLO[2:])}'
            raise self._process.failure("E0971", what, fix)
        header = {name: value for name, value in hello.items() if name not in ("schema", "name")}
        return json.dumps({"schema": LOG_SCHEMA, **header}).encode()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.end()

    def run(self, request: Request, log: BinaryIO) -> Failure | None:
        """Do one run and write its log; why it did not come to its end, whose log is then what there is."""
        log.write(self._header + b"\n")
        with SortedEvents() as events:
            try:
                self._follow(request, events)
            except Failure as failure:
                return failure
            finally:
                events.write(log)
                log.flush()
        return None

    def _follow(self, request: Request, events: SortedEvents) -> None:
        until = time.monotonic() + self._limits.seconds
        self._process.send(request.line())
        while True:
            line = self._process.line(until)
            if not line.strip():
                continue
            told = self._object(line)
            if any(name in told for name in _EVENT):
                if events.count >= self._limits.events:
                    more = f"the candidate has logged more than {self._limits.events:,} events in one run"
                    raise self._process.failure("E0975", more, "have it do less, or allow more with --events")
                events.add(_begin(told), line)
            elif "error" in told:
                raise self._process.failure("E0976", f"the candidate says: {str(told['error'])[:300]}")
            elif told.get("done") is True and told.get("run") == request.run:
                return
            else:
                raise self._foreign(line)

    def _object(self, line: bytes) -> Mapping[str, Json]:
        try:
            told: Json = json.loads(line)
        except (ValueError, RecursionError):
            raise self._foreign(line) from None
        if not isinstance(told, dict):
            raise self._foreign(line)
        return told

    def _foreign(self, line: bytes) -> Failure:
        shown = line[:80].decode("utf-8", "replace")
        what = f"the candidate wrote `{shown}`, which is no line of the protocol"
        return self._process.failure("E0971", what, "what is for people goes to standard error")

    def finish(self) -> None:
        """Let the candidate end; Failure if it does not end well."""
        self._process.finish()


def _begin(event: Mapping[str, Json]) -> float:
    """When an event began; before all others where that is not told, so that the reader of the log sees it first."""
    begin = event.get("begin")
    if isinstance(begin, int | float) and not isinstance(begin, bool) and abs(begin) < _LATEST:
        return begin
    return -inf


__all__ = ["SCHEMA", "Limits", "Remote", "Request"]
