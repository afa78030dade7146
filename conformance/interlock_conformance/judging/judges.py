"""What judges the runs of a workload, kept for the candidates that come after."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TypeAlias

from interlock_conformance.judging.monitor import Monitor
from interlock_conformance.judging.refinement import Refinement

Pair: TypeAlias = tuple[Monitor, Refinement | None]


@dataclass(frozen=True, slots=True, eq=False)
class Judges:
    """Monitors and refinements, by what tells them apart.

    What they remember of states and steps is true of the specification, whoever comes there.  So the mutants of a
    candidate share them: most of a short run is the making of what judges it.  Good for one binding, one specification
    and one that is refined; coverage is that of all runs together.
    """

    _made: dict[Hashable, Pair] = field(default_factory=dict[Hashable, Pair])

    def get(self, key: Hashable, make: Callable[[], Pair]) -> Pair:
        """Those for a key, which are made if there are none."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]
