"""Designs side by side: what `check` says of each, and what it costs, measured from the specification alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from interlock.core.diagnostic import Diagnostic
from interlock.core.system import TransitionSystem
from interlock.engines.costs.sections import ends
from interlock.engines.costs.study import Study, study
from interlock.engines.judge import Judgement
from interlock.pipeline import Read, Request, check, lower_file, read_bytes


@dataclass(frozen=True)
class Wanted:
    """What is asked for: seconds for the costs of each design, and how its properties are judged (None: not at all).

    `native` is False where the reference alone shall explore.
    """

    seconds: float = 60.0
    request: Request | None = None
    native: bool = True


@dataclass(frozen=True)
class Design:
    """One file: its verdicts and its costs.

    `study` is None for a file that is no design: nothing in it comes to an end, so it is a part of others.
    """

    path: str
    name: str
    summary: str
    study: Study | None
    judgements: tuple[Judgement, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    system: TransitionSystem | None = None

    @property
    def rejected(self) -> bool:
        """Whether the file cannot be used."""
        return any(d.is_error for d in self.diagnostics)

    @property
    def expected(self) -> bool:
        """Whether all verdicts are as the file says; true where none was asked for."""
        return all(j.ok for j in self.judgements)


def compare_file(path: str, wanted: Wanted, read: Read = read_bytes) -> Design:
    """Measure one file, and judge it if that is asked for."""
    system, diagnostics = lower_file(path, read)
    if system is None:
        return Design(path, path, "", None, (), diagnostics)
    summary = system.doc.strip().split("\n\n")[0].split("\n")[0]
    design = Design(path, system.name, summary, None, (), diagnostics, system)
    if not is_design(system):
        return design
    judgements: tuple[Judgement, ...] = ()
    if wanted.request is not None:
        judgements = tuple(
            j for j in check(path, wanted.request, read).judgements if j.kind not in ("lemma", "inferred")
        )
    return replace(design, judgements=judgements, study=study(system, wanted.seconds, native=wanted.native))


def is_design(system: TransitionSystem) -> bool:
    """Whether a module is a whole: something in it comes to an end, and it says what is expected of it."""
    return bool(system.expects) and any(ends(system, process) for process in system.processes)


def designs_of(all_: Sequence[Design]) -> list[Design]:
    """Those that have been measured."""
    return [design for design in all_ if design.study is not None]
