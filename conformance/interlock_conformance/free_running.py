"""Free-running back end: the same primitives over threads that nobody schedules, and what is found by running so.

The primitives are those of the deterministic back end; each use of one is a step of the `FreeMachine`.  What the
candidate does between them runs at the same time as other threads, so shared state that it keeps in plain Python is
really shared, which no schedule of the deterministic back end shows.

A run that breaks something has a log, and the log is a schedule: it is taken again on the deterministic back end, and
shrunk there.  If nothing is broken then, the finding is told as it was.  Nothing is ever exhausted by such runs.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Concatenate, ParamSpec, TypeVar

from interlock.core.system import TransitionSystem
from interlock.engines.evaluate import Unsupported
from interlock_conformance.binding import AbstractionError, Binding
from interlock_conformance.conform import DEFAULT, LOCK_ORDER, Harness, Options, SetUpError, conform, explore, kept
from interlock_conformance.judging.refinement import TooManyStates
from interlock_conformance.primitives.deferred import OrderedQueue
from interlock_conformance.primitives.deterministic import DeterministicRuntime, EpochRcu, LinkedRegistry, LowestIds
from interlock_conformance.primitives.locks import Barrier, HeldLock, References, SharedLock
from interlock_conformance.primitives.memory import QuarantineHeap, RegionMemory, StoredCell, StoredCells
from interlock_conformance.runtime import Memory
from interlock_conformance.schedule import Workload, token
from interlock_conformance.scheduling.footprint import Footprint
from interlock_conformance.scheduling.free_machine import FreeMachine
from interlock_conformance.scheduling.machine import Aborted, Breach, Execution, Machine, default_choice
from interlock_conformance.scheduling.pooled_threads import Pool
from interlock_conformance.scheduling.strangers import Strangers
from interlock_conformance.scheduling.watchdog import Watchdog
from interlock_conformance.strategies import Explored, Run, Tally
from interlock_conformance.strategies.replay import Replay
from interlock_conformance.verdict import Breaks, ConformanceVerdict, Undecided

T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R")
K = TypeVar("K")

_END: Any = object()

_OFTEN = 0.000_01
"""Seconds after which Python lets another thread run, while threads run free."""


def free_machine(machine: Machine) -> FreeMachine:
    """The machine that primitives of this back end are on."""
    if not isinstance(machine, FreeMachine):
        raise TypeError("primitives of two runtimes")
    return machine


def _stepping(*names: str) -> Callable[[type[K]], type[K]]:
    """Each of these methods of a primitive is a step of the free machine that the primitive is on."""

    def decorate(kind: type[K]) -> type[K]:
        for name in names:
            setattr(kind, name, _step(getattr(kind, name)))
        return kind

    return decorate


def _step(method: Callable[P, R]) -> Callable[P, R]:
    def step(*args: P.args, **kwargs: P.kwargs) -> R:
        thing: Any = args[0]
        with free_machine(thing.machine):
            return method(*args, **kwargs)

    return step


@_stepping("load", "store", "xchg", "cmpxchg")
class FreeCell(StoredCell[T]):
    """A word."""

    __slots__ = ()


@_stepping("__getitem__", "__setitem__", "xchg", "cmpxchg")
class FreeCells(StoredCells[T]):
    """Words in a row."""

    __slots__ = ()


class FreeMemory(RegionMemory):
    """Lays out cells of this back end."""

    word = FreeCell
    words = FreeCells


@_stepping("alloc", "free")
class FreeHeap(QuarantineHeap[P, T]):
    """A heap."""

    memory = FreeMemory


@_stepping("__enter__", "__exit__")
class FreeLock(HeldLock):
    """A mutex or spinlock."""


@_stepping("enter_reading", "leave_reading", "enter_writing", "leave_writing")
class FreeSharedLock(SharedLock):
    """A lock that readers share."""


@_stepping("get", "try_get", "set", "put", "wait_for_last")
class FreeReferences(References):
    """A counter of references."""


@_stepping("complete", "wait")
class FreeBarrier(Barrier):
    """Something that comes about once."""


@_stepping("enter", "leave", "dereference", "assign", "synchronize", "call", "barrier")
class FreeRcu(EpochRcu):
    """Read-copy-update: a grace period waits until the readers that were inside have left."""


@_stepping("take", "give")
class FreeIds(LowestIds):
    """An allocator of numbers."""


@_stepping("queue", "flush")
class FreeQueue(OrderedQueue):
    """A work queue."""


@_stepping("add", "remove", "__contains__")
class FreeRegistry(LinkedRegistry[T]):
    """A linked list."""

    def __iter__(self) -> Iterator[T]:
        """Each element is a step."""
        items = super().__iter__()
        while True:
            with free_machine(self.machine):
                found: T = next(items, _END)
            if found is _END:
                return
            yield found


class FreeRuntime(DeterministicRuntime):
    """Makes the primitives of a free machine."""

    memory_class = FreeMemory
    lock_class = FreeLock
    shared_lock_class = FreeSharedLock
    rcu_class = FreeRcu
    references_class = FreeReferences
    barrier_class = FreeBarrier
    queue_class = FreeQueue
    ids_class = FreeIds
    registry_class = FreeRegistry

    def heap(self, name: str, make: Callable[Concatenate[Memory, P], T]) -> QuarantineHeap[P, T]:
        """A heap; a method, as no attribute can say what its blocks are made of."""
        return FreeHeap(self.space, self._failures, name, make)

    def relax(self) -> None:
        """End a round of a loop that waits."""
        with free_machine(self.machine):
            super().relax()


@dataclass(frozen=True, slots=True)
class Free:
    """At most so many runs, for at most so many seconds; a seed says how threads pause, and no more than that."""

    seed: int = 0
    runs: int = 200
    seconds: float = 10.0

    def explore(self, run: Run) -> Explored:
        """Run until something is broken or the time is over."""
        tally = Tally()
        until = time.monotonic() + self.seconds
        while tally.executions < self.runs and (time.monotonic() < until or not tally.executions):
            if tally.add(run(default_choice)):
                break
        return tally.explored(f"{tally.executions} runs of free threads, seed {self.seed}", exhausted=False)


class FreeHarness(Harness):
    """Runs one workload again and again on free threads."""

    pool: Pool
    seed = 0

    def _fresh(self, *, trail: list[Footprint] | None, record: bool) -> DeterministicRuntime:
        del trail, record
        machine = FreeMachine(self.pool, f"{self.seed} {self.runs}", budget=self.options.steps)
        return FreeRuntime(machine, self.workload.failing)


def run_free(
    binding: Binding, system: TransitionSystem, workload: Workload, free: Free, options: Options = DEFAULT
) -> ConformanceVerdict:
    """Run a workload on free threads; what is found is repeated deterministically, if it can be."""
    misuse = binding.misuse(workload)
    if misuse is not None:
        return Undecided(binding.name, misuse)
    before = sys.getswitchinterval()
    sys.setswitchinterval(_OFTEN)
    try:
        with Watchdog(options.patience) as watchdog, Strangers() as strangers, Pool() as pool:
            harness = FreeHarness(binding, system, workload, options, watchdog, strangers)
            harness.pool, harness.seed = pool, free.seed
            explored = explore(free, harness)
    except (Unsupported, AbstractionError, SetUpError, TooManyStates) as error:
        return Undecided(binding.name, str(error))
    except Aborted:
        return Undecided(binding.name, "what observes the candidate goes on and on before there is anything to observe")
    finally:
        sys.setswitchinterval(before)
    failing = explored.failing or (None if LOCK_ORDER in options.known else harness.circular)
    if failing is None:
        return kept(binding, harness, explored)
    return _repeated(binding, system, harness.workload, failing, explored.executions, options)


def _repeated(
    binding: Binding, system: TransitionSystem, workload: Workload, failing: Execution, runs: int, options: Options
) -> ConformanceVerdict:
    """The finding of a free run as the deterministic back end has it, else as it was."""
    assert isinstance(failing.end, Breach)
    end = failing.end
    again = conform(binding, system, workload, Replay(failing.schedule), options)
    if isinstance(again, Breaks) and again.property == end.property:
        return replace(again, executions=runs)
    return Breaks(
        binding.name,
        end.property,
        f"{end.message} (threads ran free; their steps, taken again in this order, break nothing of the kind)",
        end.clause,
        token(workload, failing.schedule),
        failing.preemptions,
        failing.events,
        runs,
    )
