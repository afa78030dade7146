"""States up to the exchange of elements that a log never names.

Nothing in the language tells the elements of an unordered sort apart but the state itself, and a log tells apart only
those that it names.  So two states of which one becomes the other when unnamed elements are exchanged explain the same
continuations, and one of them is enough.  Without this, each hidden allocation would multiply the states that explain a
log by the number of blocks that are left.

Unnamed elements are put into an order by what is true of them (colours, refined until they tell no more apart, or for
a few rounds).  Elements that look alike stay in the order that they have; where they are not exchangeable after all,
two states that are alike are both kept, which costs and is never wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

from interlock.core.system import TransitionSystem
from interlock.core.term import Value
from interlock.core.types import OptionType, SortType, Type
from interlock.engines.evaluate import Model, Packed

_ROUNDS = 4

Names: TypeAlias = Mapping[str, Iterable[int]]
"""The elements that are named, by sort."""

_Element: TypeAlias = tuple[str, int]

_Part: TypeAlias = tuple[str | None, Value]
"""An argument or a value with its sort, or with None where that has no unnamed elements."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A cell of a state: its symbol's number, arguments, and of which sorts these and the value are (or none)."""

    cell: int
    symbol: int
    args: tuple[Value, ...]
    sorts: tuple[str | None, ...]
    of_value: str | None


class Anonymous:
    """Chooses the state that stands for all that differ in unnamed elements only."""

    def __init__(self, model: Model, named: Names) -> None:
        self._free = _unnamed(model.system, model.layout.sizes, named)
        self._rows: list[_Row] = []
        self._cells: dict[tuple[int, tuple[Value, ...]], int] = {}
        for number, (symbol, block) in enumerate(model.layout.blocks.items()):
            sorts = tuple(map(self._sort, symbol.params))
            of_value = self._sort(symbol.result)
            if block.offset >= model.layout.length or (of_value is None and not any(sorts)):
                continue
            for args in product(*(domain.values for domain in block.domains)):
                cell = block.index(args)
                self._rows.append(_Row(cell, number, args, sorts, of_value))
                self._cells[number, args] = cell

    def __bool__(self) -> bool:
        """Whether any elements can be exchanged."""
        return bool(self._free)

    def __call__(self, state: Packed) -> Packed:
        """The state that stands for this one."""
        if not self._free:
            return state
        places = self._places(self._colours(state))
        if not places:
            return state
        cells = list(state)
        for row in self._rows:
            pairs = zip(row.sorts, row.args, strict=True)
            args: tuple[Value, ...] = tuple(places.get((sort, arg), arg) for sort, arg in pairs)
            value: Value = state[row.cell]
            cells[self._cells[row.symbol, args]] = places.get((row.of_value, value), value)
        return tuple(cells)

    def _sort(self, type_: Type) -> str | None:
        """The sort of which values of the type are elements, if some of them are unnamed."""
        plain = type_.of if isinstance(type_, OptionType) else type_
        return plain.name if isinstance(plain, SortType) and plain.name in self._free else None

    def _colours(self, state: Packed) -> dict[_Element, int]:
        """What is true of each unnamed element, as a number; what is false or none is not looked at."""
        colours = {(sort, element): 0 for sort, elements in self._free.items() for element in elements}
        true = [row for row in self._rows if state[row.cell] is not None and state[row.cell] is not False]
        for _ in range(_ROUNDS):
            looks: dict[_Element, list[str]] = {element: [] for element in colours}
            for row in true:
                parts: list[_Part] = [*zip(row.sorts, row.args, strict=True), (row.of_value, state[row.cell])]
                met = [(sort, part) if sort is not None and isinstance(part, int) else None for sort, part in parts]
                pairs = zip(met, parts, strict=True)
                shown = [f"?{colours[m]}" if m is not None and m in colours else part for m, (_, part) in pairs]
                for place, element in enumerate(met):
                    if element is not None and element in colours:
                        looks[element].append(f"{row.symbol}.{place}{shown!r}")
            kinds = {element: (colours[element], *sorted(look)) for element, look in looks.items()}
            ranks = {kind: rank for rank, kind in enumerate(sorted(set(kinds.values())))}
            refined = {element: ranks[kind] for element, kind in kinds.items()}
            if len(ranks) == len(set(colours.values())):
                return refined
            colours = refined
        return colours

    def _places(self, colours: Mapping[_Element, int]) -> dict[_Part, int]:
        """Where each unnamed element goes; empty where each stays."""
        moved: dict[_Part, int] = {}
        for sort, elements in self._free.items():
            ordered = sorted(elements, key=lambda element: (colours[sort, element], element))
            moved.update({(sort, one): to for one, to in zip(ordered, elements, strict=True)})
        return moved if any(element != to for (_, element), to in moved.items()) else {}


def _unnamed(system: TransitionSystem, sizes: Mapping[str, int], named: Names) -> dict[str, tuple[int, ...]]:
    """Elements that may be exchanged, by sort: two or more of an unordered sort."""
    found: dict[str, tuple[int, ...]] = {}
    for sort in system.sorts:
        taken = set(named.get(sort.name, ()))
        free = tuple(element for element in range(sizes[sort.name]) if element not in taken)
        if not sort.ordered and len(free) > 1:
            found[sort.name] = free
    return found
