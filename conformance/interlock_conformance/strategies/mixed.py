"""All interleavings where they can be had, and where there are too many, those with few preemptions too.

A search through all interleavings goes deep first: what it has not come to when its executions are spent may be as
simple as one preemption.  Most mistakes need no more than two (Musuvathi and Qadeer, PLDI 2007).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from interlock_conformance.strategies import Explored, Run
from interlock_conformance.strategies.exhaustive import Exhaustive
from interlock_conformance.strategies.reduced import Reduced


@dataclass(frozen=True, slots=True)
class Mixed:
    """`Reduced`, and if `executions` are not enough for that, as many of `Exhaustive` with so many `preemptions`."""

    preemptions: int = 2
    executions: int = 100_000

    def explore(self, run: Run) -> Explored:
        """Search; `exhausted` only if every interleaving is equivalent to one that was run."""
        deep = Reduced(self.executions).explore(run)
        if deep.exhausted or deep.failing or deep.diverged or deep.executions < self.executions:
            return deep
        wide = Exhaustive(self.preemptions, self.executions).explore(run)
        return replace(deep.then(wide), bound=f"{wide.bound}, and {deep.bound}")
