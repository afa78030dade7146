"""Schedules drawn at random: each enabled thread is as likely as the others at every step."""

from __future__ import annotations

import random
from dataclasses import dataclass

from interlock_conformance.strategies import Explored, Run, Tally


@dataclass(frozen=True, slots=True)
class Uniform:
    """`executions` executions from one seed.  Says nothing about the schedules that it did not draw."""

    seed: int
    executions: int = 200

    def explore(self, run: Run) -> Explored:
        """Draw schedules until one fails."""
        tally = Tally()
        chance = random.Random(self.seed).random

        def choose(_: int | None, enabled: tuple[int, ...]) -> int:
            return enabled[int(chance() * len(enabled))]

        while tally.executions < self.executions and not tally.add(run(choose)):
            pass
        return tally.explored(f"{tally.executions} random schedules, seed {self.seed}", exhausted=False)
