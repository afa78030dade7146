"""Where each symbol's cells lie in the words of a packed state.

A cell holds the position of its value in its type's domain, in as many bits as the domain needs: an element of a sort
of three takes two, a value of a sort of one takes none.  The cells of a symbol that fits into a word lie side by side
in one word, so that a loop over them moves a shift; those of a longer one fill words of their own, a power of two in
each.
A symbol that never changes and is the same in all initial states takes no room: its values are constants of the code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from interlock.core.term import Symbol
from interlock.core.types import IntType, OptionType, RangeType
from interlock.engines.evaluate import Model, Packed, Unsupported
from interlock.engines.evaluate.layout import Block, Cell, Domain, Layout

WORD = 64


@dataclass(frozen=True, slots=True)
class Field:
    """The place of a symbol: cell `i` is `width` bits at bit `shift + (i mod per) * width` of word `word + i / per`.

    `per` is a power of two unless all cells lie in one word.  `constant` has the cells of a symbol without room.
    """

    block: Block
    domain: Domain
    width: int
    word: int = 0
    shift: int = 0
    per: int = WORD
    constant: tuple[Cell, ...] | None = None

    @property
    def positions(self) -> tuple[int, ...]:
        """The positions of a constant symbol's values; those of an Int are the values themselves."""
        assert self.constant is not None
        return tuple(self.domain.positions.get(value, value) for value in self.constant)

    @property
    def long(self) -> bool:
        """Whether the cells fill words of their own."""
        return self.block.length > self.per

    def place(self, index: int) -> tuple[int, int]:
        """Word and bit of a cell."""
        return self.word + index // self.per, self.shift + index % self.per * self.width


@dataclass(frozen=True)
class Packing:
    """Fields of all symbols: `words` of state and, in room of their own, `choice_words` of choice symbols."""

    layout: Layout
    fields: Mapping[Symbol, Field]
    choices: Mapping[Symbol, Field]
    words: int
    bits: int
    choice_words: int
    _state: tuple[Field, ...] = field(default=(), repr=False)

    def pack(self, state: Packed) -> tuple[int, ...]:
        """The words of a state."""
        words = [0] * self.words
        for place in self._state:
            positions, offset = place.domain.positions, place.block.offset
            for index in range(place.block.length if place.width else 0):
                word, bit = place.place(index)
                words[word] |= positions[state[offset + index]] << bit
        return tuple(words)

    def unpack(self, words: Sequence[int]) -> Packed:
        """The state that the words stand for."""
        cells: list[object] = [None] * self.layout.length
        for place in self._state:
            values, offset, mask = place.domain.values, place.block.offset, (1 << place.width) - 1
            for index in range(place.block.length):
                if place.constant is not None:
                    cells[offset + index] = place.constant[index]
                else:
                    word, bit = place.place(index)
                    cells[offset + index] = values[words[word] >> bit & mask]
        return tuple(cells)


def pack_layout(model: Model, initial: Sequence[Packed], *, integers: bool = False) -> Packing:
    """Choose the places of all symbols, given the initial states; Unsupported for what has no finite width.

    With `integers`, a changing Int has room for `INTEGERS`: who searches must give up at a step beyond.
    """
    layout = model.layout
    changing = {update.symbol for t in model.system.transitions for update in t.updates}
    blocks = [block for block in layout.blocks.values() if block.offset < layout.length]
    constants = {
        block.symbol: cells for block in blocks if block.symbol not in changing for cells in _shared(block, initial)
    }
    fields: dict[Symbol, Field] = {}
    for block in blocks:
        if block.symbol in constants:
            domain = _ANY_INT if isinstance(block.symbol.result, IntType) else _domain(layout, block)
            cells = constants[block.symbol]
            fields[block.symbol] = Field(block, domain, 0, per=max(1, block.length), constant=cells)
    moving = [block for block in blocks if block.symbol not in constants]
    placed, words, bits = _place(layout, moving, integers=integers)
    _require_room(placed.values(), initial)
    fields |= placed
    chosen = [block for block in layout.blocks.values() if block.offset >= layout.length]
    choices, choice_words, _ = _place(layout, chosen)
    ordered = tuple(fields[block.symbol] for block in blocks)
    return Packing(layout, fields, choices, max(1, words), bits, choice_words, ordered)


_ANY_INT = Domain((), {}, identity=True)
"""Stands for the values of an Int, of which a constant has one."""


def _shared(block: Block, initial: Iterable[Packed]) -> list[tuple[Cell, ...]]:
    """The cells of a symbol if all initial states agree about them."""
    found = {state[block.offset : block.offset + block.length] for state in initial}
    return list(found) if len(found) == 1 else []


INTEGERS = RangeType(-128, 127)
"""The values of an Int for which there is room in a packed state.

Counters and tickets of a small scope stay within; what does not is explored by the reference, which has no such end.
"""


def _domain(layout: Layout, block: Block, *, integers: bool = False) -> Domain:
    result = block.symbol.result
    if not _is_integer(block.symbol):
        return layout.domain(result)
    if not integers:
        raise Unsupported(f"{block.symbol.name} is an Int, which has no width; a range such as `0..7` has one")
    return layout.domain(OptionType(INTEGERS) if isinstance(result, OptionType) else INTEGERS)


def _is_integer(symbol: Symbol) -> bool:
    return isinstance(symbol.result.of if isinstance(symbol.result, OptionType) else symbol.result, IntType)


def _require_room(fields: Iterable[Field], initial: Sequence[Packed]) -> None:
    """Refuse initial values of an Int for which there is no room."""
    for place in (one for one in fields if _is_integer(one.block.symbol)):
        cells = range(place.block.offset, place.block.offset + place.block.length)
        if any(state[cell] not in place.domain.positions for state in initial for cell in cells):
            raise Unsupported(f"{place.block.symbol.name} starts outside of {INTEGERS}; a range has room for more")


def width_of(domain: Domain) -> int:
    """Bits for a position in a domain."""
    return (max(1, len(domain.values)) - 1).bit_length()


def _place(layout: Layout, blocks: Sequence[Block], *, integers: bool = False) -> tuple[dict[Symbol, Field], int, int]:
    """First fit, the largest first; fields, words and bits used."""
    sized = [(block, _domain(layout, block, integers=integers)) for block in blocks]
    sized.sort(key=lambda item: -item[0].length * width_of(item[1]))
    fields: dict[Symbol, Field] = {}
    free: list[int] = []  # bits taken in each word so far
    bits = 0
    for block, domain in sized:
        width = width_of(domain)
        size = block.length * width
        bits += size
        if size <= WORD:
            word = next((n for n, taken in enumerate(free) if taken + size <= WORD), len(free) if size else 0)
            if word == len(free) and size:
                free.append(0)
            shift = free[word] if size else 0
            fields[block.symbol] = Field(block, domain, width, word, shift, per=max(1, block.length))
            if size:
                free[word] += size
        else:
            per = 1 << ((WORD // width).bit_length() - 1)
            first = len(free)
            count = -(-block.length // per)
            fields[block.symbol] = Field(block, domain, width, first, 0, per)
            rest = block.length - (count - 1) * per
            free += [WORD] * (count - 1) + [rest * width]
    return fields, len(free), bits
