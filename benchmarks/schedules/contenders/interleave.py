"""interleave-test: Python under `sys.monitoring`, bounded depth first or by random priorities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import interleave_test
import subjects.plain
from subjects.plain import SUBJECTS

from contenders.contender import Found

BOUND = 2
"""Preemptions, which is what it has by default."""

_NO_BOUND = 1_000_000


@dataclass(frozen=True)
class Interleave:
    """A search between lines or between bytecodes.  Only the subject is traced, as its documentation advises."""

    strategy: Literal["dfs", "pct"]
    granularity: Literal["line", "opcode"]

    @property
    def name(self) -> str:
        """The tool and the way."""
        return f"interleave-test, {self.strategy} {self.granularity}s"

    @property
    def systematic(self) -> bool:
        """Whether it ends by itself."""
        return self.strategy == "dfs"

    @property
    def note(self) -> str:
        """What a step is."""
        return f"steps are {self.granularity}s"

    def search(self, subject: str, most: int, seed: int, *, judged: bool, bounded: bool) -> Found:
        """Explore."""
        case = SUBJECTS[subject]

        def model() -> None:
            state = case.make()
            tasks = [interleave_test.spawn(thread, state) for thread in case.threads]
            for task in tasks:
                task.join()
            assert not judged or case.holds(state)

        result: Any = interleave_test.explore(
            model,
            iterations=most,
            seed=seed,
            strategy=self.strategy,
            granularity=self.granularity,
            max_preemptions=BOUND if bounded else _NO_BOUND,
            include=[subjects.plain.__file__],
            raise_on_failure=False,
        )
        return Found(result.schedules_run, broken=not result.ok, exhausted=result.exhausted)
