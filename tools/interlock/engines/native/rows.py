"""Sorting the rows of a sort: the least order of elements that occur only as an argument, once in each symbol.

An element's row is all that a state says of it: the cells with it as an argument, gathered into numbers.  To permute
the elements is to permute the rows, so that the state with its rows in order stands for all its permutations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from interlock.core.types import SortType
from interlock.engines.native.code import Code, Number, Value
from interlock.engines.native.packing import WORD, Packing
from interlock.engines.native.permuting import moving_fields, plain


@dataclass(frozen=True, slots=True)
class Piece:
    """Bits of a row that lie side by side: `width` bits at a bit of a word, and where they go in which number."""

    word: int
    bit: int
    width: int
    number: int = 0
    shift: int = 0


@dataclass(frozen=True)
class Rows:
    """The pieces of each element's row."""

    elements: tuple[tuple[Piece, ...], ...]
    numbers: int

    def write(self, code: Code, state: Value) -> None:
        """Write code that puts the rows of a state in order."""
        rows = [self._gather(code, state, pieces) for pieces in self.elements]
        for low, high in network(len(rows)):
            rows[low], rows[high] = _in_order(code, rows[low], rows[high])
        self._scatter(code, state, rows)

    def _gather(self, code: Code, state: Value, pieces: Sequence[Piece]) -> list[Value]:
        row: list[Number] = [0] * self.numbers
        for piece in pieces:
            bits = code.bit_and(code.shift_right(code.load(state, piece.word), piece.bit), (1 << piece.width) - 1)
            row[piece.number] = code.bit_or(row[piece.number], code.shift_left(bits, piece.shift))
        return row

    def _scatter(self, code: Code, state: Value, rows: Sequence[Sequence[Value]]) -> None:
        words: dict[int, tuple[int, Number]] = {}
        for row, pieces in zip(rows, self.elements, strict=True):
            for piece in pieces:
                mask, value = words.get(piece.word, (0, 0))
                ones = (1 << piece.width) - 1
                bits = code.bit_and(code.shift_right(row[piece.number], piece.shift), ones)
                value = code.bit_or(value, code.shift_left(bits, piece.bit))
                words[piece.word] = (mask | ones << piece.bit, value)
        for word, (mask, value) in words.items():
            code.store(state, word, code.bit_or(code.bit_and(code.load(state, word), ~mask), value))


def rows_of(packing: Packing, sort: SortType) -> Rows | None:
    """The rows of a sort that can be sorted; None if its elements are values, or twice arguments, or optional ones."""
    elements: list[list[tuple[int, int, int]]] = [[] for _ in range(packing.layout.sizes[sort.name])]
    for place in moving_fields(packing):
        symbol = place.block.symbol
        at = [number for number, type_ in enumerate(symbol.params) if plain(type_) == sort]
        if plain(symbol.result) == sort or len(at) > 1 or (at and symbol.params[at[0]] != sort):
            return None
        if at:
            for args, cell in place.block.rows():
                element = args[at[0]]
                assert isinstance(element, int)
                word, bit = place.place(cell - place.block.offset)
                elements[element].append((word, bit, place.width))
    columns = _merged(list(zip(*elements, strict=True)))
    numbered: list[tuple[int, int]] = []
    number, shift = 0, 0
    for column in columns:
        width = column[0][2]
        if shift + width > WORD:
            number, shift = number + 1, 0
        numbered.append((number, shift))
        shift += width
    rows = (
        tuple(Piece(*column[element], *to) for column, to in zip(columns, numbered, strict=True))
        for element in range(len(elements))
    )
    return Rows(tuple(rows), number + 1)


def _merged(columns: Sequence[tuple[tuple[int, int, int], ...]]) -> list[tuple[tuple[int, int, int], ...]]:
    """Columns of pieces, those that follow one another in every row joined."""
    joined: list[tuple[tuple[int, int, int], ...]] = []
    for column in columns:
        before = joined[-1] if joined else ()
        follows = [w == word and b + size == bit for (w, b, size), (word, bit, _) in zip(before, column, strict=False)]
        if follows and all(follows):
            joined[-1] = tuple((w, b, s + size) for (w, b, s), (_, _, size) in zip(before, column, strict=True))
        else:
            joined.append(column)
    return joined


def network(size: int) -> Iterator[tuple[int, int]]:
    """Comparisons that sort so many numbers, the less to the left: Batcher's merge exchange."""
    top = 1 << max(0, (size - 1).bit_length() - 1)
    part = top
    while part:
        span, rest, distance = top, 0, part
        while True:
            yield from ((low, low + distance) for low in range(size - distance) if low & part == rest)
            if span == part:
                break
            distance, span, rest = span - part, span // 2, part
        part //= 2


def _in_order(code: Code, one: Sequence[Value], two: Sequence[Value]) -> tuple[list[Value], list[Value]]:
    """Two rows, the less first."""
    swap = code.below(two[-1], one[-1])
    for a, b in reversed(list(zip(one[:-1], two[:-1], strict=True))):
        swap = code.bit_or(code.below(b, a), code.bit_and(code.equal(a, b), swap))
    less = [code.select(swap, b, a) for a, b in zip(one, two, strict=True)]
    more = [code.select(swap, a, b) for a, b in zip(one, two, strict=True)]
    return less, more
