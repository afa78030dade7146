"""Whether two states differ only in which element is which: found by matching their elements, and exact.

Elements are told apart by colours, which are refined by what occurs with them until that tells no more apart.  Then an
element of one state is matched with one of its colour in the other, and both get a colour of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from interlock.core.term import Value
from interlock.core.types import SortType, Type
from interlock.engines.evaluate import Packed
from interlock.engines.native.packing import Packing
from interlock.engines.native.permuting import existing, moving_fields, plain

Element: TypeAlias = tuple[SortType, int]

Item: TypeAlias = Element | Value
"""What occurs in a fact: an element that can be exchanged, or a value that cannot."""

Fact: TypeAlias = tuple[str, tuple[Item, ...]]
"""A symbol with its arguments and its value there."""

Facts: TypeAlias = frozenset[Fact]

Colouring: TypeAlias = Mapping[Element, int]

Permutation: TypeAlias = Mapping[Element, Element]


@dataclass(frozen=True)
class Matching:
    """Matches states of one packing whose sorts of these are symmetric."""

    packing: Packing
    sorts: tuple[SortType, ...]

    def permutation(self, one: Packed, two: Packed) -> Permutation | None:
        """A permutation that makes the second state of the first; None if there is none."""
        if any(one[cell] != two[cell] for cell in self._others):
            return None
        sizes = self.packing.layout.sizes
        plainest = {(sort, element): hash(sort.name) for sort in self.sorts for element in range(sizes[sort.name])}
        return _match(frozenset(self._facts(one)), frozenset(self._facts(two)), plainest, plainest)

    @cached_property
    def _about(self) -> Sequence[tuple[tuple[Type, ...], str, Sequence[tuple[tuple[Value, ...], int]]]]:
        """The types, name and cells of each symbol that mentions the sorts."""
        found: list[tuple[tuple[Type, ...], str, Sequence[tuple[tuple[Value, ...], int]]]] = []
        for place in moving_fields(self.packing):
            block = place.block
            types = (*block.symbol.params, block.symbol.result)
            if any(plain(type_) in self.sorts for type_ in types):
                there = existing(self.packing, place) if block.symbol.result in self.sorts else None
                rows = [(args, cell) for args, cell in block.rows() if there is None or cell in there]
                found.append((types, block.symbol.name, rows))
        return found

    @cached_property
    def _others(self) -> Sequence[int]:
        """The cells of all other symbols."""
        names = {name for _, name, _ in self._about}
        fields = [place for place in moving_fields(self.packing) if place.block.symbol.name not in names]
        return [cell for place in fields for _, cell in place.block.rows()]

    def _facts(self, state: Packed) -> Iterator[Fact]:
        """What holds in a state; what does not, and none, follow from that."""
        for types, name, rows in self._about:
            for args, cell in rows:
                value = state[cell]
                if value is not None and value is not False:
                    yield name, tuple(map(self._item, types, (*args, value)))

    def _item(self, type_: Type, value: Value) -> Item:
        sort = plain(type_)
        if isinstance(sort, SortType) and sort in self.sorts and isinstance(value, int):
            return (sort, value)
        return value


def _match(one: Facts, two: Facts, ones: Colouring, twos: Colouring) -> Permutation | None:
    """A permutation that keeps colours and makes the second facts of the first."""
    ones, twos = _refined(one, ones), _refined(two, twos)
    sizes = Counter(ones.values())
    if sizes != Counter(twos.values()):
        return None
    ambiguous = min((colour for colour, size in sizes.items() if size > 1), default=None)
    if ambiguous is None:
        owners = {colour: element for element, colour in twos.items()}
        permutation = {element: owners[colour] for element, colour in ones.items()}
        return permutation if _permuted(one, permutation) == two else None
    chosen = next(element for element, colour in ones.items() if colour == ambiguous)
    own = hash((ambiguous, "chosen"))
    tried: list[Element] = []
    for other in [element for element, colour in twos.items() if colour == ambiguous]:
        if any(_are_twins(two, twos, other, before) for before in tried):
            continue
        tried.append(other)
        found = _match(one, two, {**ones, chosen: own}, {**twos, other: own})
        if found is not None:
            return found
    return None


def _are_twins(facts: Facts, colours: Colouring, one: Element, two: Element) -> bool:
    """Whether exchanging two elements changes nothing."""
    return _permuted(facts, {**{element: element for element in colours}, one: two, two: one}) == facts


def _refined(facts: Facts, colours: Colouring) -> Colouring:
    """Colours that take into account, for every element, the facts in which it occurs; repeated while that helps."""
    while True:
        occurs: dict[Element, list[int]] = {element: [] for element in colours}
        for symbol, items in facts:
            seen = hash((symbol, tuple(colours[item] if isinstance(item, tuple) else item for item in items)))
            for role, item in enumerate(items):
                if isinstance(item, tuple):
                    occurs[item].append(hash((seen, role)))
        finer = {element: hash((colours[element], *sorted(found))) for element, found in occurs.items()}
        if len(set(finer.values())) == len(set(colours.values())):
            return finer
        colours = finer


def _permuted(facts: Facts, permutation: Permutation) -> Facts:
    return frozenset(
        (symbol, tuple(permutation[item] if isinstance(item, tuple) else item for item in items))
        for symbol, items in facts
    )
