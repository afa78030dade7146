"""Permutations of a sort's elements as machine code over a packed state.

All permutations come from exchanges of two neighbours, `e` and `e + 1`.  An exchange moves cells, where the sort is an
argument, and renames values, where it is the result; both are done to whole words at a time, for the pairs of cells
that lie equally far apart and the cells that name the two elements with equal bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from llvmlite import ir

from interlock.core.term import Value as Element
from interlock.core.types import OptionType, PlainType, SortType, Type
from interlock.engines.evaluate.layout import Cells
from interlock.engines.native.code import POINTER, VOID, Code, Value
from interlock.engines.native.packing import Field, Packing


@dataclass(frozen=True, slots=True)
class Move:
    """Exchange of cells in word `low` under `mask` with those in word `high` that lie `distance` bits further up."""

    low: int
    high: int
    distance: int


@dataclass(frozen=True, slots=True)
class Renaming:
    """Exchange of two values of `width` bits in cells of a word."""

    word: int
    width: int
    one: int
    two: int


@dataclass(frozen=True)
class Exchange:
    """What exchanging two elements does to the words of a state, with a mask for each part.

    The mask of a move has the bits of its lower cells, the mask of a renaming the lowest bit of each cell.
    """

    moves: Mapping[Move, int]
    renamings: Mapping[Renaming, int]

    def write(self, code: Code, state: Value) -> None:
        """Write code that changes the words of a state."""
        for move, mask in self.moves.items():
            upper = code.shift_right(code.load(state, move.high), move.distance)
            different = code.bit_and(code.xor(upper, code.load(state, move.low)), mask)
            code.store(state, move.low, code.xor(code.load(state, move.low), different))
            lifted = code.shift_left(different, move.distance)
            code.store(state, move.high, code.xor(code.load(state, move.high), lifted))
        for renaming, mask in self.renamings.items():
            word = code.load(state, renaming.word)
            other = code.bit_and(_unlike(code, word, renaming.one, renaming.width, mask), mask)
            other = code.bit_and(_unlike(code, word, renaming.two, renaming.width, mask), other)
            named = code.xor(other, mask)
            flipped = code.mul(named, renaming.one ^ renaming.two)
            code.store(state, renaming.word, code.xor(word, flipped))


def _unlike(code: Code, word: Value, value: int, width: int, mask: int) -> Value:
    """In the lowest bit of each cell, whether it has another value; the other bits mean nothing."""
    difference = code.xor(word, value * mask)
    found = difference
    for bit in range(1, width):
        found = code.bit_or(found, code.shift_right(difference, bit))
    return found


def exchange(packing: Packing, sort: SortType, element: int) -> Exchange:
    """The exchange of an element of the sort with the next one."""
    moves: dict[Move, int] = {}
    renamings: dict[Renaming, int] = {}
    for place in moving_fields(packing):
        block = place.block
        there = existing(packing, place) if plain(block.symbol.result) == sort else frozenset[int]()
        for args, cell in block.rows():
            index = cell - block.offset
            target = block.index(exchanged(block.symbol.params, args, sort, element)) - block.offset
            if target > index:
                (low, below), (high, above) = sorted((place.place(index), place.place(target)), key=lambda at: at[1])
                move = Move(low, high, above - below)
                moves[move] = moves.get(move, 0) | ((1 << place.width) - 1) << below
            if cell in there:
                word, bit = place.place(index)
                positions = place.domain.positions
                renaming = Renaming(word, place.width, positions[element], positions[element + 1])
                renamings[renaming] = renamings.get(renaming, 0) | 1 << bit
    return Exchange(moves, renamings)


def exchanged(
    types: tuple[Type, ...], values: tuple[Element, ...], sort: SortType, element: int
) -> tuple[Element, ...]:
    """Values of the types after an exchange of an element of the sort with the next one."""
    other = {element: element + 1, element + 1: element}
    return tuple(
        other[value] if plain(type_) == sort and value in other else value
        for type_, value in zip(types, values, strict=True)
    )


def plain(type_: Type) -> PlainType:
    """The type itself, or that of an option's values."""
    return type_.of if isinstance(type_, OptionType) else type_


def moving_fields(packing: Packing) -> Iterator[Field]:
    """The fields that have bits in a state."""
    return (place for place in packing.fields.values() if place.constant is None and place.width)


def fixed_cells(packing: Packing) -> Cells:
    """A state of which only the cells that are the same in every state mean something."""
    return packing.unpack([0] * packing.words)


def existing(packing: Packing, place: Field) -> frozenset[int]:
    """The cells of a field that are in the domain of its symbol, if that is the same in every state."""
    return frozenset(cell for _, cell in place.block.rows(fixed_cells(packing)))


class Permuting:
    """Writes exchanges of elements as functions of a module, each once."""

    def __init__(self, module: ir.Module, packing: Packing) -> None:
        self.module = module
        self.packing = packing
        self._exchanges: dict[tuple[str, int], Code] = {}

    def exchange(self, sort: SortType, element: int) -> Code:
        """`void f(state)`, which exchanges a certain element with the next one."""
        key = (sort.name, element)
        if key not in self._exchanges:
            name = f"exchange.{sort.name}.{element}"
            code = Code.define(self.module, name, VOID, (POINTER,), attributes=("noinline",))
            exchange(self.packing, sort, element).write(code, code.args[0])
            code.give()
            self._exchanges[key] = code
        return self._exchanges[key]


def plain_changes(size: int) -> tuple[int, ...]:
    """Exchanges of neighbours that lead through all orders of so many elements, one after another.

    The greatest element walks through the others, down and up in turn; where it stands at an end, they take a step.
    """
    if size < 2:
        return ()
    down = tuple(reversed(range(size - 1)))
    steps: list[int] = list(down)
    for number, inner in enumerate(plain_changes(size - 1)):
        at_bottom = number % 2 == 0
        steps.append(inner + 1 if at_bottom else inner)
        steps += reversed(down) if at_bottom else down
    return tuple(steps)
