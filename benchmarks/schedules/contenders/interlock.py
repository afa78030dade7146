"""Interlock: primitives on the deterministic back end, every state judged by the specification."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal, assert_never

from subjects.primitives import SUBJECTS, Binding

from contenders.contender import Found
from interlock.core.system import TransitionSystem
from interlock_conformance.conform import Options, conform
from interlock_conformance.schedule import parse_workload
from interlock_conformance.specification import load_specification
from interlock_conformance.strategies import Strategy
from interlock_conformance.strategies.exhaustive import Exhaustive
from interlock_conformance.strategies.priorities import Priorities
from interlock_conformance.strategies.reduced import Reduced
from interlock_conformance.verdict import Breaks, Conforms


@dataclass(frozen=True)
class Interlock:
    """All interleavings but for equivalent ones, all of them, or random ones."""

    how: Literal["reduced", "plain", "priorities"]

    @property
    def name(self) -> str:
        """The tool and the way."""
        return {
            "reduced": "Interlock, reduced",
            "plain": "Interlock, every schedule",
            "priorities": "Interlock, random priorities",
        }[self.how]

    @property
    def systematic(self) -> bool:
        """Whether it ends by itself."""
        return self.how != "priorities"

    note = "steps are primitives"

    def search(self, subject: str, most: int, seed: int, *, judged: bool, bounded: bool) -> Found:  # noqa: ARG002
        """Run the binding's workload; nothing is shrunk, for others do not either."""
        case = SUBJECTS[subject]
        binding = Binding(subject, case, judged=judged)
        options = Options(shrink_executions=0)
        verdict = conform(
            binding, _specification(subject), parse_workload(case.workload), self._strategy(most, seed), options
        )
        match verdict:
            case Breaks():
                return Found(verdict.executions, broken=True, exhausted=False)
            case Conforms():
                return Found(verdict.executions, broken=False, exhausted=verdict.exhausted)
            case _:
                raise RuntimeError(str(verdict))

    def _strategy(self, most: int, seed: int) -> Strategy:
        match self.how:
            case "reduced":
                return Reduced(most)
            case "plain":
                return Exhaustive(None, most)
            case "priorities":
                return Priorities(seed, most)
            case _:
                assert_never(self.how)


@cache
def _specification(subject: str) -> TransitionSystem:
    text = SUBJECTS[subject].make.SPECIFICATION
    system, problems = load_specification(f"{text.split()[1]}.ilk", lambda _: text.encode())
    if system is None:
        raise RuntimeError(str(problems))
    return system
