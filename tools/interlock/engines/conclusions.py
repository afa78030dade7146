"""What an explorer concludes from what it found: one wording for all explorers."""

from __future__ import annotations

from dataclasses import dataclass

from interlock.core.system import Property
from interlock.core.trace import Trace
from interlock.core.verdict import Holds, NoneUpTo, Proved, Unknown, Verdict, Violated
from interlock.engines.evaluate import Model
from interlock.engines.evaluate.layout import Layout
from interlock.engines.graph import Clock, OutOfTime
from interlock.engines.scenario import play

METHOD = "explore"
"""The explorers' name in verdicts: they find the same, and only differ in speed."""

MOST_PLAYED = 200_000
"""States that are kept while a schedule is followed, where no limit is given."""

FIRST = "stopped at the first violation"
"""Why a search ended that was asked for no more."""


def scope_text(layout: Layout) -> str:
    """A scope in words: `Lru=2, Memcg=3`."""
    return ", ".join(f"{name}={size}" for name, size in {**layout.sizes, **layout.given}.items())


@dataclass(frozen=True)
class Conclusions:
    """Verdicts on one scope; `method` and the time are the same in all of them.

    `reduced` says that states were left out which no property can tell from those that were seen.
    """

    scope: str
    clock: Clock
    method: str = METHOD
    reduced: bool = False

    def settled(self, prop: Property, trace: Trace) -> Verdict:
        """A run was found that settles the property."""
        if prop.kind == "reachable":
            return Proved(self.method, self.scope, self.clock.spent, trace)
        return Violated(self.method, self.scope, trace, self.clock.spent)

    def unknown(self, reason: str) -> Verdict:
        """Nothing was found, and why."""
        return Unknown(self.method, reason, self.scope, self.clock.spent)

    def exhausted(self, prop: Property, states: int) -> Verdict:
        """All states were seen, and none settles the property."""
        bound = self.counted(states)
        if prop.kind == "reachable":
            return NoneUpTo(self.method, bound, self.clock.spent)
        return Holds(self.method, bound, self.clock.spent)

    def cut_short(self, depth: int, reason: str) -> Verdict:
        """Not all states were seen, and none of those settles the property."""
        bound = ", ".join(part for part in (self.scope, f"{depth} steps") if part)
        return NoneUpTo(self.method, f"{bound} ({reason})", self.clock.spent)

    def scenario(self, model: Model, prop: Property, limit: int) -> Verdict:
        """The schedule of a scenario is followed as far as that goes, through so many states at most."""
        try:
            played = play(model, prop, limit, self.clock.tick)
        except OutOfTime:
            return self.unknown("no more time to play the schedule")
        if played.trace is not None and prop.possible:
            return Proved(self.method, self.scope, self.clock.spent, played.trace)
        if played.trace is not None:
            return Violated(self.method, self.scope, played.trace, self.clock.spent)
        if not played.complete:
            return self.unknown(f"more than {limit} states")
        if prop.possible:
            return NoneUpTo(self.method, f"{self.scope}; {played.furthest}", self.clock.spent)
        return Holds(self.method, self.scope, self.clock.spent)

    def lasso(self, trace: Trace | None, states: int) -> Verdict:
        """All states were searched for a fair run that breaks the property."""
        if trace is None:
            return Holds(self.method, self.counted(states), self.clock.spent)
        return Violated(self.method, self.scope, trace, self.clock.spent)

    def counted(self, states: int) -> str:
        """The scope and how many states it has."""
        counted = f"{states} states, reduced" if self.reduced else f"{states} states"
        return f"{self.scope} ({counted})" if self.scope else counted
