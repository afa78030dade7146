"""What an engine is: a name and a function from a system and property names to verdicts, one at a time.

Engines are pure but for the clock: no printing, no files.  They yield verdicts as they are found so that a caller can
show progress and, on an interrupt, keep what is known so far.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from interlock.core.diagnostic import Diagnostic
from interlock.core.system import TransitionSystem
from interlock.core.verdict import Verdict

Progress = Callable[[str], None]
"""Called now and then with a short line about what the engine is doing."""

Found: TypeAlias = tuple[str, Verdict]
"""What an engine yields: a property's name and the verdict on it."""


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def silent(_: str) -> None:
    """Ignore progress."""


@dataclass(frozen=True)
class Limits:
    """How much an engine may spend.

    `query_seconds` bounds each solver query, `total_seconds` one engine's whole run over a system, `depth` the length
    of runs searched by bounded model checking, `states` the distinct states that an explorer keeps (None: its own
    default), `memory` the bytes that the native explorer may use and `threads` its threads (0: what the machine has).
    `symmetry` and `partial_order` allow it the reductions of these names where they are sound.  `spill` is a folder for
    what does not fit into memory, and `checkpoint` one in which it saves where it stands every `checkpoint_seconds`;
    both are empty where there is none.
    `sizes` is the finite scope (sort name to number of elements); sorts that it does not name get 2 in finite engines
    and stay unbounded in z3.  `unbounded` has bounded model checking look at sorts of any size instead.
    """

    query_seconds: float = 20.0
    total_seconds: float = 120.0
    depth: int = 12
    states: int | None = None
    memory: int = 0
    threads: int = 0
    symmetry: bool = True
    partial_order: bool = True
    spill: str = ""
    checkpoint: str = ""
    checkpoint_seconds: float = 30.0
    sizes: Mapping[str, int] = field(default_factory=dict[str, int])
    unbounded: bool = False
    progress: Progress = silent


class Refused(Exception):  # noqa: N818 - a reason, not a mistake of ours
    """What the user gave cannot be used, a folder for example; nothing was judged."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


@dataclass(frozen=True)
class Walks:
    """Which random runs to make: up to `runs` of them, from number `first` on, for up to `seconds`.

    A run is told by `seed` and its number.  `weights` say how likely a step is taken, by the name of an action or a
    process; what is not named has 1.
    """

    runs: int | None = None
    first: int = 0
    seconds: float = 10.0
    seed: int = 0
    weights: tuple[tuple[str, int], ...] = ()


class Engine(Protocol):
    """Judges properties of a transition system."""

    @property
    def name(self) -> str:
        """The method named in verdicts: `induction`, `bmc`, `explore`."""
        ...

    def judge(
        self, system: TransitionSystem, properties: Sequence[str], limits: Limits
    ) -> Iterator[tuple[str, Verdict]]:
        """Yield (property name, verdict), each named property once, in any order."""
        ...
