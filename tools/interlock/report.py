"""What is told about a file: events while it is judged, and the report that they add up to.

Events cross process boundaries and may stop at any point (an interrupt, a killed worker); `fold` makes a complete
report of whatever arrived, so that no property ever falls silent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias
from typing import Literal as OneOf

from interlock.core.diagnostic import Diagnostic
from interlock.core.system import TransitionSystem
from interlock.core.verdict import ExploreStats, WalkStats
from interlock.engines.grow import Round
from interlock.engines.judge import Finding, Judgement, conclude

if TYPE_CHECKING:  # it brings the whole explorer with it
    from interlock.engines.coverage import Coverage
    from interlock.engines.state_graph import StateGraph


@dataclass(frozen=True)
class Rejected:
    """The input cannot be judged; at least one of the diagnostics is an error."""

    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True)
class Opened:
    """The file is accepted (warnings aside) and denotes this system; `names` are the properties to be judged.

    `alone` says that one engine was asked for by name.
    """

    system: TransitionSystem
    names: tuple[str, ...]
    scope: tuple[tuple[str, int], ...]
    alone: bool = False
    warnings: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True)
class Working:
    """A line about what is going on just now."""

    text: str


@dataclass(frozen=True)
class Measured:
    """The size of the state space that was explored."""

    stats: ExploreStats


@dataclass(frozen=True)
class Drawn:
    """The state graph, or why there is none to look at."""

    graph: StateGraph | str


@dataclass(frozen=True)
class Grown:
    """The scopes that were explored one after another so far."""

    rounds: tuple[Round, ...]


@dataclass(frozen=True)
class Walked:
    """What random runs have covered."""

    stats: WalkStats


@dataclass(frozen=True)
class Covered:
    """What the judged system never does, and what holds for want of it."""

    coverage: Coverage


@dataclass(frozen=True)
class Finished:
    """The file has been judged to its end."""

    seconds: float = 0.0


Event: TypeAlias = Rejected | Opened | Finding | Working | Measured | Drawn | Grown | Walked | Covered | Finished

Ending = OneOf["finished", "interrupted", "worker died", "worker did not answer"]


@dataclass(frozen=True)
class FileReport:
    """Everything known about one file.  `system` is None where the input was rejected or never read."""

    path: str
    system: TransitionSystem | None
    judgements: tuple[Judgement, ...]
    diagnostics: tuple[Diagnostic, ...]
    ending: Ending
    scope: tuple[tuple[str, int], ...] = ()
    stats: ExploreStats | None = None
    seconds: float = 0.0
    coverage: Coverage | None = None
    walks: WalkStats | None = None
    graph: StateGraph | str | None = None
    rounds: tuple[Round, ...] = ()

    @property
    def rejected(self) -> bool:
        """Whether the input itself is at fault."""
        return any(d.is_error for d in self.diagnostics)

    @property
    def ok(self) -> bool:
        """Whether the file was judged to its end and everything is as expected."""
        return self.ending == "finished" and not self.rejected and all(j.ok for j in self.judgements)


def fold(path: str, events: Iterable[Event], ending: Ending = "finished") -> FileReport:
    """The report of one file; `ending` says why no more events will come (a `Finished` among them settles that)."""
    opened: Opened | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    findings: list[Finding] = []
    stats: ExploreStats | None = None
    coverage: Coverage | None = None
    walks: WalkStats | None = None
    graph: StateGraph | str | None = None
    rounds: tuple[Round, ...] = ()
    seconds = 0.0
    finished = False
    for event in events:
        match event:
            case Rejected():
                diagnostics = event.diagnostics
                finished = True
            case Opened():
                opened, diagnostics = event, event.warnings
            case Finding():
                findings.append(event)
            case Measured():
                stats = event.stats
            case Drawn():
                graph = event.graph
            case Grown():
                rounds = event.rounds
            case Walked():
                walks = event.stats
            case Covered():
                coverage = event.coverage
            case Finished():
                seconds, finished = event.seconds, True
            case Working():
                pass
    how: Ending = "finished" if finished else ("worker died" if ending == "finished" else ending)
    if opened is None:
        return FileReport(path, None, (), diagnostics, how, seconds=seconds)
    missing = "no engine judged it" if how == "finished" else how
    judgements = conclude(opened.system, opened.names, findings, missing, alone=opened.alone)
    return FileReport(
        path, opened.system, judgements, diagnostics, how, opened.scope, stats, seconds, coverage, walks, graph, rounds
    )
