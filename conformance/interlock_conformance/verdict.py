"""What a conformance run found, as values: `Conforms`, `Breaks` or `Undecided`.  A limit is never a pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from interlock_conformance.judging.coverage import Coverage
from interlock_conformance.judging.monitor import NotJudged
from interlock_conformance.scheduling.machine import Event


@dataclass(frozen=True, slots=True)
class Conforms:
    """No execution within the bound broke anything.

    `exhausted` says that the bound was covered completely; `bound` says what it is.  `judged` are the specification's
    properties that were judged on each state and step, `not_judged` those that were not, with the reason.  `coverage`
    is what was exercised, if that was measured.
    """

    candidate: str
    executions: int
    exhausted: bool
    bound: str
    judged: tuple[str, ...]
    not_judged: tuple[NotJudged, ...]
    warnings: tuple[str, ...] = ()
    coverage: Coverage | None = None


@dataclass(frozen=True, slots=True)
class Breaks:
    """A schedule on which the candidate breaks a property, shrunk, with a token that replays it.

    `clause` is the specification's formula, empty for a rule of the runtime; `events` is every step of the schedule.
    """

    candidate: str
    property: str
    message: str
    clause: str
    token: str
    preemptions: int
    events: tuple[Event, ...]
    executions: int
    coverage: Coverage | None = None


@dataclass(frozen=True, slots=True)
class Undecided:
    """Nothing can be said, and why: a misused candidate, an execution that does not end or cannot be repeated."""

    candidate: str
    reason: str
    executions: int = 0


ConformanceVerdict: TypeAlias = Conforms | Breaks | Undecided


def report(verdict: ConformanceVerdict) -> str:
    """The verdict as text for a terminal or a failing test."""
    match verdict:
        case Conforms():
            executions = "1 execution covers" if verdict.executions == 1 else f"{verdict.executions} executions cover"
            covered = f"exhausted: {executions} {verdict.bound}" if verdict.exhausted else f"bounded: {verdict.bound}"
            lines = [
                f"{verdict.candidate} conforms ({covered})",
                f"  judged on every step: {', '.join(verdict.judged) or 'nothing'}",
                *(f"  not judged: {skipped.property} ({skipped.reason})" for skipped in verdict.not_judged),
                *(f"  warning: {warning}" for warning in verdict.warnings),
            ]
        case Breaks():
            search, schedule = _counted(verdict.executions, "execution"), _counted(verdict.preemptions, "preemption")
            lines = [
                f"{verdict.candidate} breaks {verdict.property}: {verdict.message}",
                *([f"  {verdict.property}: {verdict.clause}"] if verdict.clause else []),
                f"  after {search}; the shortest schedule found, {schedule}:",
                *_story(verdict.events),
                f"  replay: {verdict.token}",
            ]
        case Undecided():
            lines = [f"{verdict.candidate}: undecided, {verdict.reason}"]
    return "\n".join(lines)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _story(events: tuple[Event, ...]) -> list[str]:
    """One line for each step; the thread is named where it changes."""
    lines: list[str] = []
    who = ""
    for number, event in enumerate(events, 1):
        if event.thread != who:
            who = event.thread
            lines.append(f"    {who}")
        text = f"{event.kind} {event.object} {event.detail}".rstrip()
        lines.append(f"    {number:4}  {text:<58} {event.line}".rstrip())  # a call of the binding's has no line
    return lines
