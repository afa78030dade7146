"""Schedules by random priorities (PCT): finds a bug that needs few preemptions with a known, fair chance.

Threads run in a random order of priority, the highest that can; at `preemptions` random steps the running thread's
priority drops below all others.  A bug that needs d such drops is found in one execution with a probability of at
least 1/(n * k**d), for n threads and k steps, and in practice much more often than by choosing at random at every step,
which rarely lets any thread get far while another waits.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from interlock_conformance.scheduling.machine import Chooser
from interlock_conformance.strategies import Explored, Run, Tally


@dataclass(frozen=True, slots=True)
class Priorities:
    """`executions` executions from one seed.  Says nothing about the schedules that it did not draw."""

    seed: int
    executions: int = 200
    preemptions: int = 2

    def explore(self, run: Run) -> Explored:
        """Draw schedules until one fails.  The length of an execution is estimated from those before."""
        tally = Tally()
        draw = random.Random(self.seed)
        steps = 1
        while tally.executions < self.executions:
            execution = run(by_priority(draw, steps, self.preemptions))
            steps = max(steps, len(execution.points))
            if tally.add(execution):
                break
        return tally.explored(f"{tally.executions} schedules by random priorities, seed {self.seed}", exhausted=False)


def by_priority(draw: random.Random, steps: int, preemptions: int) -> Chooser:
    """A chooser with priorities of its own, drawn as they are needed."""
    drops = {draw.randrange(steps) for _ in range(preemptions)}
    priority: dict[int, float] = {}
    taken = 0

    def choose(last: int | None, enabled: tuple[int, ...]) -> int:
        nonlocal taken
        if taken in drops and last is not None:
            priority[last] = -float(taken)
        taken += 1
        highest = first = enabled[0]
        for thread in enabled:
            if thread not in priority:
                priority[thread] = draw.random()
            if thread is not first and priority[thread] > priority[highest]:
                highest = thread
        return highest

    return choose
