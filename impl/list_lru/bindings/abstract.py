"""How `list_lru.abstract` sees candidates for the list_lru: each mount and each activation is another element."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from interlock.core.term import Value
from interlock_conformance.binding import Abstraction, Look, Tables
from interlock_conformance.schedule import Operation, Workload


def abstraction(workload: Workload, sizes: Mapping[str, int]) -> Abstraction:
    """The abstraction of candidates that run a workload, for which `list_lru.base` has these sizes."""
    lrus, memcgs = _tries(workload, "init", sizes["Lru"]), _tries(workload, "activate", sizes["Memcg"])
    seen = _Seen(tuple(accumulate(lrus, initial=0)), tuple(accumulate(memcgs, initial=0)), sizes)
    names = {"Lru": _names("lru", lrus), "Memcg": _names("memcg", memcgs)}
    counts = {"Lru": max(1, sum(lrus)), "Memcg": max(1, sum(memcgs)), "List": sizes["List"]}
    return Abstraction(counts, _Seen.NEEDS, seen.tables, names)


def _tries(workload: Workload, verb: str, count: int) -> list[int]:
    """How often the workload sets up each of so many lrus or cgroups."""
    return [sum(o == Operation(verb, (number,)) for o in workload.operations) for number in range(count)]


def _names(stem: str, tries: Sequence[int]) -> tuple[str, ...]:
    """What each try is called."""
    return tuple(
        f"{stem}{number}, tried again" if again else f"{stem}{number}"
        for number, times in enumerate(tries)
        for again in range(times)
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    """A state as `list_lru.abstract` sees it.

    `lrus` and `memcgs` are the elements of the first try of each; the history is the number of the try that each is at.
    """

    NEEDS = frozenset({"registered", "active", "id", "array", "fits", "slot", "arrays.life", "lists.life"})

    lrus: tuple[int, ...]
    memcgs: tuple[int, ...]
    sizes: Mapping[str, int]

    def tables(self, look: Look, history: Hashable) -> Tables:
        """The symbols that it observes."""
        assert isinstance(history, History)
        live = {
            lru: self.lrus[lru] + history.mounts[lru] for lru in range(self.sizes["Lru"]) if look("registered", lru)
        }
        active = {
            memcg: self.memcgs[memcg] + history.activations[memcg]
            for memcg in range(self.sizes["Memcg"])
            if look("active", memcg)
        }
        found: dict[tuple[Value, ...], Value] = {
            (lru, memcg, there): True
            for number, lru in live.items()
            for name, memcg in active.items()
            if (there := self._found(look, number, name)) is not None
        }
        lists = range(self.sizes["List"])
        return {
            "live": {(lru,): True for lru in live.values()},
            "active": {(memcg,): True for memcg in active.values()},
            "finds": found,
            "held": {},
            "freed": {(there,): True for there in lists if look("lists.life", there) == "FREED"},
            "released_lru": _over(self.lrus, history.mounts),
            "released_memcg": _over(self.memcgs, history.activations),
        }

    def _found(self, look: Look, lru: int, memcg: int) -> Value:
        """What a look-up finds, as the definition `found` of `base.ilk` has it."""
        array, index = look("array", lru), look("id", memcg)
        if array is None or index is None or look("arrays.life", array) != "LIVE" or not look("fits", array, index):
            return None
        return look("slot", array, index)


def _over(first: Sequence[int], tries: Sequence[int]) -> dict[tuple[Value, ...], Value]:
    """The elements that have been given back: those of the tries that are over."""
    return {(first[number] + past,): True for number, times in enumerate(tries) for past in range(times)}


@dataclass(frozen=True, slots=True)
class History:
    """How often each lru and each cgroup has been given back, after a failure or at its end."""

    mounts: tuple[int, ...]
    activations: tuple[int, ...]
