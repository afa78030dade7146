"""Hypothesis: a RuleBasedStateMachine whose rule advances one thread of a subject that was cut into steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from subjects.steps import SUBJECTS, Ready, Steps

from contenders.contender import Found


@dataclass(frozen=True)
class StateMachine:
    """Examples are drawn and not shrunk.  What an example leaves undone is done at its end, thread by thread."""

    name = "Hypothesis, state machine"
    systematic = False
    note = "steps are written by hand"

    def search(self, subject: str, most: int, seed: int, *, judged: bool, bounded: bool) -> Found:  # noqa: ARG002
        """Draw examples."""
        case = SUBJECTS[subject]
        done: list[bool] = []
        machine = seeded(seed)(_machine(case, done, judged=judged))
        options = settings(
            max_examples=most,
            stateful_step_count=_length(case),
            phases=[Phase.generate],
            database=None,
            deadline=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )
        try:
            run_state_machine_as_test(machine, settings=options)
        except AssertionError:
            first = done.index(False)  # the failing example is run again to be reported
            return Found(first + 1, broken=True, exhausted=False)
        return Found(len(done), broken=False, exhausted=False)


class Threads:
    """The threads of a subject, each at its next step."""

    def __init__(self, case: Steps) -> None:
        self.state = case.make()
        self._threads: list[Iterator[Ready]] = [thread(self.state) for thread in case.threads]
        self._next: list[Ready | None] = [next(thread) for thread in self._threads]

    def enabled(self) -> list[int]:
        """Who can take a step."""
        return [number for number, ready in enumerate(self._next) if ready is not None and ready()]

    def step(self, number: int) -> None:
        """Let one of them take its next step."""
        self._next[number] = next(self._threads[number], None)

    def finish(self) -> int:
        """Let all of them come to their end; how many steps that took."""
        steps = 0
        while enabled := self.enabled():
            self.step(enabled[0])
            steps += 1
        return steps


def _length(case: Steps) -> int:
    """Steps of an execution in which the threads run one after the other."""
    return Threads(case).finish()


def _machine(case: Steps, done: list[bool], *, judged: bool) -> type[Any]:
    """The state machine of a subject; `done` gets whether each example was right."""

    class Machine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.threads = Threads(case)

        @rule(which=st.integers(0, len(case.threads) - 1))
        def advance(self, which: int) -> None:
            """Let one of the threads that can take a step take it."""
            enabled = self.threads.enabled()
            if enabled:
                self.threads.step(enabled[which % len(enabled)])

        def teardown(self) -> None:
            """Come to the end, and judge."""
            self.threads.finish()
            done.append(not judged or case.holds(self.threads.state))
            assert done[-1]

    return Machine
