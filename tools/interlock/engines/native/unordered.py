"""Which sorts of a system are symmetric, and how the elements of those that depend on each other are put in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import factorial, prod

from interlock.core.rewrite import subterms
from interlock.core.system import TransitionSystem, Update
from interlock.core.term import Compare, Literal, Term, type_of
from interlock.core.types import SortType
from interlock.engines.native.colours import MOST_TRIED
from interlock.engines.native.packing import Field, Packing
from interlock.engines.native.permuting import exchanged, existing, fixed_cells, moving_fields, plain
from interlock.engines.native.rows import rows_of

MOST_WRITTEN_OUT = 48
"""Permutations that are tried one after another without looking at the state first: more take longer than to look."""


@dataclass(frozen=True)
class Part:
    """Sorts that depend on each other, and how they are put in order: by sorting the rows of one, trying the others.

    `sizes` are those of the sorts that are tried; `label` is for reports.
    """

    sorts: tuple[SortType, ...]
    rows: SortType | None
    tried: tuple[SortType, ...]
    sizes: tuple[int, ...]
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


def told_apart(system: TransitionSystem) -> frozenset[SortType]:
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


def is_symmetric(packing: Packing, sort: SortType) -> bool:
    """Whether the layout lets elements of a sort be exchanged, and there is something to exchange."""
    size = packing.layout.sizes[sort.name]
    if size < 2 or not words_of(packing, sort):
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
    return all(
        exchanged(result, (cells[cell],), sort, element)
        == (cells[block.index(exchanged(block.symbol.params, args, sort, element))],)
        for element in range(packing.layout.sizes[sort.name] - 1)
        for args, cell in block.rows()
        if there is None or cell in there
    )


def _fixed_end(packing: Packing, bound: int | None) -> bool:
    """Whether a range ends at the same number in every state."""
    return bound is None or any(
        place.constant is not None for place in packing.fields.values() if place.block.offset == bound
    )


def words_of(packing: Packing, sort: SortType) -> frozenset[int]:
    """The words in which a permutation of the sort changes something."""
    return frozenset(
        place.place(index)[0]
        for place in moving_fields(packing)
        if sort in map(plain, (*place.block.symbol.params, place.block.symbol.result))
        for index in range(place.block.length)
    )


def together(packing: Packing, sorts: Sequence[SortType]) -> list[tuple[SortType, ...]]:
    """The sorts in groups of which no symbol mentions two."""
    groups: list[set[SortType]] = [{sort} for sort in sorts]
    for place in moving_fields(packing):
        mentioned = set(map(plain, (*place.block.symbol.params, place.block.symbol.result)))
        touched = [group for group in groups if group & mentioned]
        if len(touched) > 1:
            groups = [group for group in groups if group not in touched] + [set().union(*touched)]
    return [tuple(sort for sort in sorts if sort in group) for group in groups]


def part_of(packing: Packing, sorts: Sequence[SortType]) -> Part:
    """How sorts that depend on each other are brought in order."""
    sizes = packing.layout.sizes
    sortable = [sort for sort in sorts if rows_of(packing, sort) is not None]
    rows = max(sortable, key=lambda sort: sizes[sort.name], default=None)
    tried = tuple(sort for sort in sorts if sort != rows)
    orders = [f"{sort} ({sizes[sort.name]}! = {factorial(sizes[sort.name]):,})" for sort in sorts]
    return Part(tuple(sorts), rows, tried, tuple(sizes[sort.name] for sort in tried), ", ".join(orders))
