"""One given schedule, followed to the letter or as far as it goes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from interlock_conformance.schedule import Schedule
from interlock_conformance.scheduling.machine import Chooser, default_choice
from interlock_conformance.strategies import Explored, Run, Tally


@dataclass(frozen=True, slots=True)
class Replay:
    """Runs one schedule.  A choice that cannot be followed ends the execution as `Diverged`, never silently."""

    schedule: Schedule

    def explore(self, run: Run) -> Explored:
        """Run it once."""
        tally = Tally()
        tally.add(run(exactly(self.schedule)))
        return tally.explored("one given schedule", exhausted=False)


def exactly(schedule: Iterable[int], then: Chooser = default_choice) -> Chooser:
    """Follow the schedule; beyond its end choose as `then` does, by itself without preemption."""
    choices = iter(schedule)

    def choose(last: int | None, enabled: tuple[int, ...]) -> int:
        wanted = next(choices, None)
        return then(last, enabled) if wanted is None else wanted

    return choose


def roughly(segments: Sequence[tuple[int, int]]) -> Chooser:
    """Follow (thread, steps) segments where that is possible: a segment whose thread cannot run is dropped."""
    rest = [list(segment) for segment in segments]

    def choose(last: int | None, enabled: tuple[int, ...]) -> int:
        while rest and (rest[0][1] == 0 or rest[0][0] not in enabled):
            rest.pop(0)
        if not rest:
            return default_choice(last, enabled)
        rest[0][1] -= 1
        return rest[0][0]

    return choose
