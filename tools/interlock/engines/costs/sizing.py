"""Which scopes are measured: sorts whose sizes are varied, and sizes of the others that go with them.

The sorts that are varied are those that threads which come to an end are numbered by, lrus and memcgs, say, and those
of which nothing else is known.  Threads that go on for ever, such as readers, are one of each kind.  Blocks of a heap
are as many as what they are made for, by the functions from blocks to varied sorts, times a factor that is found by
trying: with more of them no cost changes.  A sort that is the value of a function of what threads are numbered by, such
as ids, has an element for each argument.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

from interlock.core.system import TransitionSystem
from interlock.core.term import Symbol
from interlock.core.types import OptionType, SortType, Type
from interlock.engines.costs.sections import ends, heaps_of

LARGEST = 3
"""Elements of a varied sort beyond which nothing is tried."""


@dataclass(frozen=True)
class Plan:
    """The sorts of a system as they are sized: `varied` freely, the others by what they go with."""

    varied: tuple[str, ...]
    single: tuple[str, ...]
    blocks: Mapping[str, tuple[str, ...]]
    derived: Mapping[str, tuple[tuple[str, ...], ...]]

    def sizes(self, point: Mapping[str, int], factor: int) -> dict[str, int]:
        """Sizes of all sorts where the varied ones have those of the point."""
        found = {**dict.fromkeys(self.single, 1), **point}
        found |= {s: max(prod(point[p] for p in params) for params in of) for s, of in self.derived.items()}
        return found | {block: factor * prod(point[s] for s in of) for block, of in self.blocks.items()}

    def points(self) -> Iterator[dict[str, int]]:
        """Sizes of the varied sorts: all one, each raised by itself, two together, each raised once more."""
        base = dict.fromkeys(self.varied, 1)
        yield base
        yield from ({**base, sort: 2} for sort in self.varied)
        pairs = [(one, two) for i, one in enumerate(self.varied) for two in self.varied[i + 1 :]]
        yield from ({**base, one: 2, two: 2} for one, two in pairs)
        for size in range(3, LARGEST + 1):
            yield from ({**base, sort: size} for sort in self.varied)
            yield from ({**base, one: a, two: b} for one, two in pairs for a, b in ((size, size - 1), (size - 1, size)))


def plan_of(system: TransitionSystem) -> Plan:
    """How the sorts of a system are sized."""
    numbering = {p.name: [v.type.name for v in p.params if isinstance(v.type, SortType)] for p in system.processes}
    ending = [sort for p in system.processes if ends(system, p) for sort in numbering[p.name]]
    every = [sort for p in system.processes for sort in numbering[p.name]]
    numbered = tuple(dict.fromkeys(ending or every))
    single = tuple(dict.fromkeys(sort for sort in every if sort not in numbered))
    heaps = [heap.block.name for heap in heaps_of(system) if heap.block.name not in numbered]
    rest = [sort.name for sort in system.sorts if sort.name not in {*numbered, *single, *heaps}]
    derived = {sort: tuple(_arguments(system, sort, numbered)) for sort in rest}
    varied = (*numbered, *(sort for sort in rest if not derived[sort]))
    made_for = {
        block: tuple(dict.fromkeys(s for symbol in system.symbols if (s := _of_block(symbol, block)) in varied))
        for block in heaps
    }
    return Plan(
        varied,
        single,
        {block: of or varied for block, of in made_for.items()},
        {sort: of for sort, of in derived.items() if of},
    )


def _plain(type_: Type) -> str:
    """The name of the sort that a type is, or is an option of."""
    inner = type_.of if isinstance(type_, OptionType) else type_
    return inner.name if isinstance(inner, SortType) else ""


def _of_block(symbol: Symbol, block: str) -> str:
    """What a function says that a block is for."""
    return _plain(symbol.result) if [_plain(t) for t in symbol.params] == [block] else ""


def _arguments(system: TransitionSystem, sort: str, varied: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Varied sorts that are all the arguments of a function to the sort; locals say nothing of how many there are."""
    locals_ = tuple(f"{process.name}." for process in system.processes)
    for symbol in system.symbols:
        if symbol.name.startswith(locals_):
            continue
        params = tuple(_plain(t) for t in symbol.params)
        if params and _plain(symbol.result) == sort and all(p in varied for p in params):
            yield params
