"""The cases: a model, its size, and what every tool must say of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One model at one size.

    `model` is the name of the peers' files; `constants` are given to them.  Interlock reads `specification` in `scope`.
    All of them judge one invariant and nothing else.  Where it is broken, `counterexample` is the length of a shortest
    run that shows it.  Peers stop there, so how many states each has met by then is its own affair, and search on one
    thread, since on several they may come upon a longer run first.
    """

    title: str
    model: str
    constants: tuple[tuple[str, int], ...]
    specification: str
    scope: str
    invariant: str
    states: int | None = None
    counterexample: int | None = None
    quick: bool = False


def two_phase_commit(managers: int, states: int, *, quick: bool = False) -> Case:
    """Two-phase commit for so many resource managers."""
    return Case(
        title=f"two-phase commit, {managers} managers",
        model="two_phase_commit",
        constants=(("MANAGERS", managers),),
        specification="spec/gallery/two_phase_commit.ilk",
        scope=f"Manager={managers}",
        invariant="consistent",
        states=states,
        quick=quick,
    )


def filter_lock(threads: int, states: int, *, quick: bool = False) -> Case:
    """The filter lock for so many threads."""
    return Case(
        title=f"filter lock, {threads} threads",
        model="filter_lock",
        constants=(("THREADS", threads),),
        specification="spec/gallery/filter_lock.ilk",
        scope=f"Thread={threads},TOP={threads - 1}",
        invariant="exclusive",
        states=states,
        quick=quick,
    )


def publish_then_scan(lrus: int, memcgs: int, states: int, *, quick: bool = False) -> Case:
    """Publish, then scan."""
    return Case(
        title=f"publish then scan, {lrus} x {memcgs}",
        model="publish_then_scan",
        constants=(("LRUS", lrus), ("MEMCGS", memcgs), ("BROKEN", 0)),
        specification="benchmarks/explorer/models/publish_then_scan.ilk",
        scope=f"Lru={lrus},Memcg={memcgs}",
        invariant="coverage",
        states=states,
        quick=quick,
    )


def broken_scan(lrus: int, memcgs: int, counterexample: int, *, quick: bool = False) -> Case:
    """Scan without publishing, which is wrong."""
    return Case(
        title=f"scan unpublished, {lrus} x {memcgs}",
        model="publish_then_scan",
        constants=(("LRUS", lrus), ("MEMCGS", memcgs), ("BROKEN", 1)),
        specification="benchmarks/explorer/models/broken/publish_then_scan.ilk",
        scope=f"Lru={lrus},Memcg={memcgs}",
        invariant="coverage",
        counterexample=counterexample,
        quick=quick,
    )


CASES = (
    two_phase_commit(7, 296_448, quick=True),
    two_phase_commit(8, 1_745_408),
    two_phase_commit(9, 10_340_352),
    filter_lock(4, 18_165, quick=True),
    filter_lock(5, 409_308),
    publish_then_scan(2, 3, 127_403, quick=True),
    publish_then_scan(3, 3, 17_569_677),
    broken_scan(2, 3, 7, quick=True),
    broken_scan(3, 3, 8),
)
"""What is measured, and what TLC, Spin and Rumur were found to agree on."""
