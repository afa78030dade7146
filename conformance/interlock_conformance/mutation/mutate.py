"""How good a conformance run is: the candidate is changed in one place at a time, and each change should be noticed.

A mutant (`mutants`) is killed by a workload on which it breaks a property, or does not end.  Those that survive either
change nothing that can be observed, or show what the workloads, the schedules or the specification do not ask for.  A
comment `# equivalent: why` says that they are of the first kind; they do not count.

Most mutants die on the first execution of some workload, so all workloads are tried briefly before any is tried at
length (`rounds`).

Only the module that defines the candidate is changed, not those that it builds on.  Known limit: a mutant that loops
without a step hangs, as every candidate does that does so.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import assert_never

from interlock.core.system import TransitionSystem
from interlock_conformance.binding import Binding
from interlock_conformance.conform import Options, conform
from interlock_conformance.judging.judges import Judges
from interlock_conformance.mutation.mutants import Mutant, mutants
from interlock_conformance.mutation.reachable import lines_of
from interlock_conformance.schedule import Workload
from interlock_conformance.strategies import Strategy
from interlock_conformance.strategies.exhaustive import Exhaustive
from interlock_conformance.strategies.priorities import Priorities
from interlock_conformance.strategies.reduced import Reduced
from interlock_conformance.verdict import Breaks, Conforms, Undecided

_AT_FIRST, _AT_RANDOM = 2, 30
"""Executions of each workload before it is tried at length: in order, and under random priorities."""

_PREEMPTIONS = 2
"""Of the schedules that are tried one after the other: most mistakes show with so many."""

_STEPS = 1_000
"""Steps of one execution; a candidate that takes more on these workloads goes round in circles."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a mutant: what killed it and on which workload; both empty if it survived."""

    mutant: Mutant
    killed_by: str = ""
    workload: str = ""

    @property
    def survived(self) -> bool:
        """Whether nothing noticed the change, and nothing says why nothing could."""
        return not self.killed_by and not self.excuse

    @property
    def excuse(self) -> str:
        """Why nothing could notice the change, as the candidate's text says; empty if it was killed or says nothing."""
        return "" if self.killed_by else self.mutant.excuse


@dataclass(frozen=True, slots=True)
class Judged:
    """How mutants are judged: the class of the module, what it is run on, and what it must refine.

    All workloads are run under the first strategy, then all under the next.  What is `exempt` is not judged.
    """

    name: str
    bind: Callable[[object], Binding]
    system: TransitionSystem
    workloads: Sequence[Workload]
    strategies: Sequence[Strategy]
    refined: TransitionSystem | None = None
    exempt: frozenset[str] = frozenset()
    judges: Judges = field(default_factory=Judges)
    """What has judged the mutants before; see `judges`."""


def rounds(executions: int) -> tuple[Strategy, ...]:
    """Each workload briefly, then under random priorities, which reach far, then at length.

    A search by source sets that is cut short has kept to the last steps of the first execution; one by preemptions has
    come to all of them.
    """
    return (Reduced(_AT_FIRST), Priorities(0, _AT_RANDOM), Exhaustive(_PREEMPTIONS, executions), Reduced(executions))


def fates(module: ModuleType, judged: Judged, lines: range | None = None) -> Iterator[Fate]:
    """What becomes of each mutant of a module, or of those of some of its lines, in the order of lines.

    What another candidate in it does alone is none of this one's.
    """
    text = inspect.getsource(module)
    own = lines_of(text, judged.name)
    for mutant in mutants(text):
        if mutant.line in own and (lines is None or mutant.line in lines):
            yield _fate(mutant, module, judged)


def _fate(mutant: Mutant, module: ModuleType, judged: Judged) -> Fate:
    try:
        made: object = getattr(_loaded(mutant, module), judged.name)
    except Exception as error:  # noqa: BLE001 - a change may make anything of a module
        return Fate(mutant, f"cannot be imported: {type(error).__name__}", "")
    return Fate(mutant, *noticed(made, judged))


def noticed(made: object, judged: Judged) -> tuple[str, str]:
    """What is wrong with a class, and the workload that shows it; both empty if nothing is found.

    Of the candidate as it is, nothing may be: else its own mistake would kill every mutant.
    """
    options = Options(
        steps=_STEPS, shrink_executions=0, known=judged.exempt, refined=judged.refined, judges=judged.judges
    )
    left = list(judged.workloads)
    for strategy in judged.strategies:
        for workload in tuple(left):
            verdict = conform(judged.bind(made), judged.system, workload, strategy, options)
            match verdict:
                case Breaks():
                    return verdict.property, str(workload)
                case Undecided():
                    return f"undecided: {verdict.reason}", str(workload)
                case Conforms():
                    if verdict.exhausted and isinstance(strategy, Reduced):
                        left.remove(workload)
                case _:
                    assert_never(verdict)
    return "", ""


def _loaded(mutant: Mutant, module: ModuleType) -> ModuleType:
    """A module like the given one, with the change; raises what running its text raises."""
    made = ModuleType(module.__name__)
    made.__file__, made.__package__ = module.__file__, module.__package__
    code = compile(mutant.tree, module.__file__ or "mutant", "exec")
    before = sys.modules.get(module.__name__)
    sys.modules[module.__name__] = made  # dataclasses and enums look their module up
    try:
        exec(code, vars(made))  # noqa: S102 - the candidate's own text
    finally:
        if before is not None:
            sys.modules[module.__name__] = before
    return made


def rate(fates: Sequence[Fate]) -> float:
    """The part that was killed of those that do not count as equivalent; 1 where there was nothing to kill."""
    counted = [fate for fate in fates if not fate.excuse]
    return sum(not fate.survived for fate in counted) / len(counted) if counted else 1.0
