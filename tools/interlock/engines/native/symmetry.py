"""Symmetry reduction: one state stands for all that differ from it only in which element of a sort is which.

The elements of a sort without an order can be told apart by nothing but the state, so a permutation of them maps runs
to runs, and closed formulas hold in both or in neither.  The search therefore keeps one state of each orbit, its
*representative*.  It is exact if it depends on the orbit alone; if it does not, the search is as sound, but keeps more
states than it must.

Sorts that no symbol mentions together are treated one after another.  For sorts that depend on each other:

1. The rows of one of them, the greatest that allows it, are sorted (see `rows`).
2. All permutations of the others are tried, and the least state is taken.
3. If that takes too many, the elements are put in an order that depends on their use first (see `colours`).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import factorial, prod
from typing import TypeAlias

from llvmlite import ir

from interlock.core.rewrite import subterms
from interlock.core.system import TransitionSystem, Update
from interlock.core.term import Compare, Literal, Term, type_of
from interlock.core.types import SortType
from interlock.engines.native.code import POINTER, VOID, Code
from interlock.engines.native.colours import MOST_TRIED, Colours
from interlock.engines.native.jit import Library
from interlock.engines.native.matching import Matching
from interlock.engines.native.packing import Field, Packing
from interlock.engines.native.permuting import (
    Permuting,
    exchanged,
    existing,
    fixed_cells,
    moving_fields,
    plain,
    plain_changes,
)
from interlock.engines.native.rows import rows_of

MOST_WRITTEN_OUT = 48
"""Permutations that are tried one after another without looking at the state first."""

Representative: TypeAlias = Callable[[Sequence[int]], tuple[int, ...]]
"""From the words of a state to those of its representative."""


@dataclass(frozen=True)
class Part:
    """Sorts that depend on each other, and how they are brought in order: by sorting `rows`, and trying the others."""

    sorts: tuple[SortType, ...]
    rows: SortType | None
    tried: tuple[SortType, ...]
    sizes: tuple[int, ...]
    """Of the sorts that are tried."""
    label: str

    @property
    def permutations(self) -> int:
        """How many permutations there are to try."""
        return prod(map(factorial, self.sizes))

    @property
    def by_colours(self) -> bool:
        """Whether there are so many that a state is looked at first, to leave some out."""
        return self.permutations > MOST_WRITTEN_OUT

    @property
    def exact(self) -> bool:
        """Whether the representative depends on the orbit alone."""
        return self.permutations <= MOST_TRIED

    def __str__(self) -> str:
        ways: list[str] = []
        if self.tried:
            most = "up to " if self.by_colours else ""
            ways.append(f"{most}{min(self.permutations, MOST_TRIED):,} permutations tried")
        if self.rows is not None:
            ways.append(f"{self.rows} sorted" if self.tried else "by sorting")
        return f"{self.label}: {'exact' if self.exact else 'heuristic'}, {', '.join(ways)}"


@dataclass(frozen=True)
class Symmetry:
    """The sorts of a system whose elements can be exchanged, for one packing."""

    packing: Packing
    parts: tuple[Part, ...]

    @classmethod
    def of(cls, system: TransitionSystem, packing: Packing) -> Symmetry | None:
        """The symmetry of a system; None if it has none."""
        apart = _told_apart(system)
        sorts = [sort for sort in system.sorts if sort not in apart and _is_symmetric(packing, sort)]
        parts = tuple(_part(packing, together) for together in _together(packing, sorts))
        return cls(packing, parts) if parts else None

    @property
    def exact(self) -> bool:
        """Whether the representative depends on the orbit alone."""
        return all(part.exact for part in self.parts)

    def __str__(self) -> str:
        return "; ".join(map(str, self.parts))

    def define(self, module: ir.Module, name: str = "representative") -> ir.Function:
        """Define `void name(env, state)`, which puts the representative in the state's place; env is not used."""
        permuting = Permuting(module, self.packing)
        code = Code.define(module, name, VOID, (POINTER, POINTER))
        state = code.args[1]
        for number, part in enumerate(self.parts):
            if part.tried:
                settle = _least(permuting, part, f"{name}.{number}")
            else:
                assert part.rows is not None
                settle = _settle(permuting, part.rows, f"{name}.{number}")
            code.call(settle, state)
        code.give()
        return code.function

    @property
    def sorts(self) -> tuple[SortType, ...]:
        """The sorts whose elements can be exchanged."""
        return tuple(sort for part in self.parts for sort in part.sorts)

    def alike(self, one: Sequence[int], two: Sequence[int]) -> bool:
        """Whether two states are in one orbit: exact, also where representatives are not."""
        unpack = self.packing.unpack
        return Matching(self.packing, self.sorts).permutation(unpack(one), unpack(two)) is not None

    def compile(self) -> Representative:
        """A function that gives the representative of a state."""
        module = ir.Module("symmetry")
        inner = self.define(module)
        outer = Code.define(module, "run", VOID, (POINTER,), public=True)
        outer.call(inner, outer.args[0], outer.args[0])
        outer.give()
        library = Library.of(module)
        run = library.function("run", None, [ctypes.c_void_p])

        def representative(words: Sequence[int], _kept: Library = library) -> tuple[int, ...]:
            room = (ctypes.c_uint64 * len(words))(*words)
            run(ctypes.addressof(room))
            return tuple(room)

        return representative


def _least(permuting: Permuting, part: Part, name: str) -> Code:
    """Define `void name(state)`, which puts the least state in the place of one, of those that a part allows."""
    words = sorted({word for sort in part.sorts for word in _words(permuting.packing, sort)})
    settle = None if part.rows is None else _settle(permuting, part.rows, f"{name}.rows")
    consider = _consider(permuting.module, settle, words, f"{name}.consider")
    if part.by_colours:
        return Colours(permuting, part.sorts, part.tried, words, settle, consider, name).define()
    code = Code.define(permuting.module, name, VOID, (POINTER,))
    state = code.args[0]
    here, trial = code.room(permuting.packing.words), code.room(permuting.packing.words)
    for word in words:
        code.store(here, word, code.load(state, word))
    if settle is not None:
        code.call(settle, state)

    def visit(sorts: Sequence[tuple[SortType, int]], *, first: bool) -> None:
        if not sorts:
            if not first:
                code.call(consider, here, trial, state)
            return
        (sort, size), *rest = sorts
        visit(rest, first=first)
        for element in plain_changes(size):
            code.call(permuting.exchange(sort, element), here)
            visit(rest, first=False)

    visit(list(zip(part.tried, part.sizes, strict=True)), first=True)
    code.give()
    return code


def _settle(permuting: Permuting, sort: SortType, name: str) -> Code:
    """Define `void name(state)`, which sorts the rows of a sort."""
    code = Code.define(permuting.module, name, VOID, (POINTER,))
    rows = rows_of(permuting.packing, sort)
    assert rows is not None
    rows.write(code, code.args[0])
    code.give()
    return code


def _consider(module: ir.Module, settle: Code | None, words: Sequence[int], name: str) -> Code:
    """Define `void name(state, room, best)`, which makes a state the best one if it is less, its rows sorted."""
    code = Code.define(module, name, VOID, (POINTER, POINTER, POINTER), attributes=("noinline",))
    state, room, best = code.args
    trial = state
    if settle is not None:
        trial = room
        for word in words:
            code.store(trial, word, code.load(state, word))
        code.call(settle, trial)
    less = code.false
    for word in reversed(words):
        new, old = code.load(trial, word), code.load(best, word)
        less = code.bit_or(code.below(new, old), code.bit_and(code.equal(new, old), less))
    with code.when(less):
        for word in words:
            code.store(best, word, code.load(trial, word))
    code.give()
    return code


# What is symmetric


def _told_apart(system: TransitionSystem) -> frozenset[SortType]:
    """Sorts with an order, and those of whose elements some term speaks."""
    found = {sort for sort in system.sorts if sort.ordered}
    for term in _terms(system):
        for part in subterms(term):
            match part:
                case Compare():
                    about = plain(type_of(part.left))
                case Literal() if part.value is not None:
                    about = plain(part.type)
                case _:
                    continue
            if isinstance(about, SortType):
                found.add(about)
    return frozenset(found)


def _terms(system: TransitionSystem) -> Iterator[Term]:
    """Every term of a system, and of those that it refines."""
    yield from (named.formula for named in (*system.axioms, *system.initially))
    yield from _values(system.initial_values)
    for transition in system.transitions:
        yield transition.guard
        yield from _values(transition.updates)
    for obligation in system.obligations:
        yield from (obligation.reach, obligation.condition)
    for prop in system.properties:
        yield from (prop.formula, prop.leads_to)
        yield from (arg for step in prop.schedule for arg in step.args)
    yield from (process.started for process in system.processes)
    for refinement in system.refinements:
        yield from _values(refinement.variables)
        yield from (arg for _, _, args in refinement.steps for arg in args)
        yield from _terms(refinement.abstract)


def _values(updates: Sequence[Update]) -> Iterator[Term]:
    return (update.value for update in updates)


def _is_symmetric(packing: Packing, sort: SortType) -> bool:
    """Whether the layout lets elements of a sort be exchanged, and there is something to exchange."""
    size = packing.layout.sizes[sort.name]
    if size < 2 or not _words(packing, sort):
        return False
    return all(_allows(packing, place, sort) for place in packing.fields.values())


def _allows(packing: Packing, place: Field, sort: SortType) -> bool:
    """Whether a field allows exchanges: it is not fixed to certain elements.

    Cells beyond the end of a range, where that differs from state to state, hold the first element as a filling.
    """
    block = place.block
    if plain(block.symbol.result) == sort and not all(_fixed_end(packing, domain.bound) for domain in block.domains):
        return False
    if place.constant is None:
        return True
    cells, result = fixed_cells(packing), (block.symbol.result,)
    there = existing(packing, place) if plain(block.symbol.result) == sort else None
    for element in range(packing.layout.sizes[sort.name] - 1):
        for args, cell in block.rows():
            target = block.index(exchanged(block.symbol.params, args, sort, element))
            if (there is None or cell in there) and exchanged(result, (cells[cell],), sort, element) != (
                cells[target],
            ):
                return False
    return True


def _fixed_end(packing: Packing, bound: int | None) -> bool:
    """Whether a range ends at the same number in every state."""
    return bound is None or any(
        place.constant is not None for place in packing.fields.values() if place.block.offset == bound
    )


def _words(packing: Packing, sort: SortType) -> frozenset[int]:
    """The words in which a permutation of the sort changes something."""
    return frozenset(
        place.place(index)[0]
        for place in moving_fields(packing)
        if sort in map(plain, (*place.block.symbol.params, place.block.symbol.result))
        for index in range(place.block.length)
    )


def _together(packing: Packing, sorts: Sequence[SortType]) -> list[tuple[SortType, ...]]:
    """The sorts in groups of which no symbol mentions two."""
    groups: list[set[SortType]] = [{sort} for sort in sorts]
    for place in moving_fields(packing):
        mentioned = set(map(plain, (*place.block.symbol.params, place.block.symbol.result)))
        touched = [group for group in groups if group & mentioned]
        if len(touched) > 1:
            groups = [group for group in groups if group not in touched] + [set().union(*touched)]
    return [tuple(sort for sort in sorts if sort in group) for group in groups]


def _part(packing: Packing, sorts: Sequence[SortType]) -> Part:
    """How sorts that depend on each other are brought in order."""
    sizes = packing.layout.sizes
    sortable = [sort for sort in sorts if rows_of(packing, sort) is not None]
    rows = max(sortable, key=lambda sort: sizes[sort.name], default=None)
    tried = tuple(sort for sort in sorts if sort != rows)
    orders = [f"{sort} ({sizes[sort.name]}! = {factorial(sizes[sort.name]):,})" for sort in sorts]
    return Part(tuple(sorts), rows, tried, tuple(sizes[sort.name] for sort in tried), ", ".join(orders))
