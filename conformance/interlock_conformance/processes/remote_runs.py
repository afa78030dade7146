"""The judgement of one run of a remote candidate: what it was, how it ended, and whether its log is explained."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from interlock.core.diagnostic import Diagnostic, diagnose
from interlock.core.system import TransitionSystem
from interlock.engines.traces.judging import Budget, Explained, NotExplained, Outcome, judge_log
from interlock.engines.traces.log import Item, lines_of, read_log
from interlock.engines.traces.reading import Log, open_log
from interlock_conformance.processes.process import Failure
from interlock_conformance.processes.remote import Remote, Request

BREACHES = ("E0972", "E0973")
"""Failures that a right candidate never shows: it crashes, or hangs.  Others are mistakes in how it talks to us."""

REFUSES = "E0976"
"""The candidate itself says that it cannot go on, when it has sent all of its events."""


class Result(Enum):
    """What became of a run."""

    EXPLAINED = "explained"
    BROKEN = "broken"
    UNUSABLE = "unusable"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Judge:
    """By what runs are judged: a specification in a scope, steps that are not logged, and limits."""

    system: TransitionSystem
    sizes: Mapping[str, int]
    hidden: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    budget: Budget = field(default_factory=Budget)
    invariants: bool = True


@dataclass(frozen=True)
class JudgedRun:
    """One run.  `outcome` is None where its log cannot be judged; `problems` say why, and how the run ended if badly.

    The log of a run that was cut off may lack events, so what is found in it is told and does not count.
    """

    request: Request
    failure: Failure | None
    problems: tuple[Diagnostic, ...]
    log: Log | None
    outcome: Outcome | None

    @property
    def cut(self) -> bool:
        """Whether the log may lack events."""
        return self.failure is not None and self.failure.code != REFUSES

    @property
    def result(self) -> Result:
        """What became of it."""
        if self.failure is not None and (self.cut or not isinstance(self.outcome, NotExplained)):
            return Result.BROKEN if self.failure.code in BREACHES else Result.UNUSABLE
        match self.outcome:
            case None:
                return Result.UNUSABLE
            case Explained():
                return Result.EXPLAINED
            case NotExplained():
                return Result.BROKEN
            case _:
                return Result.UNKNOWN


def judged_run(
    remote: Remote, request: Request, path: Path, judge: Judge, progress: Callable[[int], None] = lambda _: None
) -> JudgedRun:
    """Do one run, and judge the log that it leaves at a path."""
    with path.open("wb") as out:
        failure = remote.run(request, out)
    ended = () if failure is None else (diagnosis(failure),)
    log, problems = _opened(path, judge)
    if log is None:
        # A run that failed at once has an empty log, which is no problem of its own.
        return JudgedRun(request, failure, ended or problems, None, None)
    case = log.case(invariants=judge.invariants)
    outcome = judge_log(case, log.events, judge.budget, last=log.last, progress=progress)
    return JudgedRun(request, failure, ended, log, outcome)


def diagnosis(failure: Failure) -> Diagnostic:
    """What a candidate did, as a diagnostic."""
    return diagnose(failure.code, failure.message, fix=failure.fix)


def _opened(path: Path, judge: Judge) -> tuple[Log | None, tuple[Diagnostic, ...]]:
    return open_log(judge.system, str(path), lambda: _items(path), judge.sizes, hidden=judge.hidden, fixed=judge.fixed)


def _items(path: Path) -> Iterator[Item]:
    with path.open("rb") as file:
        yield from read_log(lines_of(file), str(path))


__all__ = ["BREACHES", "Judge", "JudgedRun", "Result", "diagnosis", "judged_run"]
