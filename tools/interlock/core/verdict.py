"""Verdicts: what an engine found, as values that are never booleans.

`kind` is the word used in JSON and in `expect`; `method` tells how it was found, `bound` how far, `seconds` the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from interlock.core.trace import Trace


@dataclass(frozen=True)
class Proved:
    """True in every reachable state, for sorts of any size (or, for `reachable`, witnessed by a run)."""

    kind: ClassVar[str] = "proved"
    method: str
    bound: str = "unbounded"
    seconds: float = 0.0
    trace: Trace | None = None


@dataclass(frozen=True)
class Holds:
    """True in every reachable state of one finite scope, which was exhausted."""

    kind: ClassVar[str] = "holds"
    method: str
    bound: str
    seconds: float = 0.0


@dataclass(frozen=True)
class NoneUpTo:
    """No counterexample (for `reachable`: no witness) was found up to a bound that exhausts nothing."""

    kind: ClassVar[str] = "none_up_to"
    method: str
    bound: str
    seconds: float = 0.0


@dataclass(frozen=True)
class Violated:
    """False: the trace reaches a state, or takes a step, that breaks it."""

    kind: ClassVar[str] = "violated"
    method: str
    bound: str
    trace: Trace | None
    seconds: float = 0.0


@dataclass(frozen=True)
class NotInductive:
    """Not proved: one step leads out of the invariants; the state before may be unreachable.

    `cti` has one step (none where an obligation does not follow from the invariants).
    """

    kind: ClassVar[str] = "not_inductive"
    method: str
    bound: str
    cti: Trace
    seconds: float = 0.0


@dataclass(frozen=True)
class Unknown:
    """Not judged, and why: a time limit, or something that the engine cannot say.

    `rests_on` names another property that is not proved, if a proof of this one needs it.
    """

    kind: ClassVar[str] = "unknown"
    method: str
    reason: str
    bound: str = ""
    seconds: float = 0.0
    rests_on: str = ""


Verdict: TypeAlias = Proved | Holds | NoneUpTo | Violated | NotInductive | Unknown


@dataclass(frozen=True)
class ExploreStats:
    """Size of an exhausted (or cut-off) finite state space."""

    states: int
    transitions: int
    depth: int
    complete: bool
    seconds: float = 0.0
    actions: tuple[tuple[str, int], ...] = ()
    """Taken transitions for each action; an action with 0 is a dead step in that scope."""
    reductions: tuple[str, ...] = ()
    """What made the explored space smaller than the whole one, in words; the counts are those of what was explored."""
    memory: int = 0
    """Bytes for states; 0 where nobody has counted them."""

    @property
    def rate(self) -> float:
        """Distinct states for each second."""
        return self.states / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class WalkStats:
    """What random runs have covered; none of it says anything about what they have not."""

    runs: int
    steps: int
    longest: int
    depth: int
    """The length at which a run is ended."""
    distinct: int
    """An estimate of the different states that were visited."""
    seed: int
    seconds: float = 0.0
    actions: tuple[tuple[str, int], ...] = ()
    """Taken steps for each action; one with 0 may still be possible."""
    interpreted: str = ""
    """Why the runs were not made by machine code; empty where they were."""
    starts: int | None = None
    """The initial states that were used, where there are more."""

    @property
    def rate(self) -> float:
        """Steps for each second."""
        return self.steps / self.seconds if self.seconds else 0.0
