"""Colours of elements: numbers that tell what a state uses an element for, whichever element it is.

The colour of an element is a hash of the cells in which it occurs, as argument or as value, and of the colours of what
occurs with it there.  Elements of different colours cannot be taken for each other, so once all are in the order of
their colours, only permutations within a colour are left to try.  None is where elements of one colour are twins:
exchanging two of them changes nothing, as with blocks of memory that nobody has allocated yet.

If a state leaves more permutations than `MOST_TRIED`, some colours stay in the order in which they were, and what is
found may depend on more than the orbit.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from math import factorial

from llvmlite import ir

from interlock.core.types import OptionType, SortType, Type
from interlock.engines.native.code import I64, POINTER, VOID, Code, Number, Value
from interlock.engines.native.formulas import Formulas
from interlock.engines.native.packing import Field
from interlock.engines.native.permuting import Permuting, existing, moving_fields, plain, plain_changes

MOST_TRIED = 720
"""Permutations of elements of equal colours that are tried in one state."""

_LONGEST = 6
"""Elements of a colour whose permutations are tried: 6! = MOST_TRIED."""

_ROUNDS = 3
"""How far apart, in cells, elements influence each other's colours."""

_ODD = 0x9E3779B97F4A7C15


@dataclass(frozen=True)
class Colours:
    """Writes the search for the least state with the elements of `tried` in the order of their colours.

    `sorts` are all that have colours.  `consider` is `void f(state, room, best)`, which makes a state the best one if
    it is less; `settle` is `void f(state)`, which is done to the first one.  Colours of a sort stand side by side,
    behind a word for none.
    """

    permuting: Permuting
    sorts: tuple[SortType, ...]
    tried: tuple[SortType, ...]
    words: Sequence[int]
    settle: Code | None
    consider: Code
    name: str

    def define(self) -> Code:
        """Define `void name(state)`."""
        packing = self.permuting.packing
        paint, exchange = self._paint(), self._exchange()
        visit = self._visit(exchange)
        code = self._begin("", (POINTER,))
        state = code.args[0]
        old, new = code.room(self._room), code.room(self._room)
        here, trial = code.room(packing.words), code.room(packing.words)
        for slot in range(self._room):
            code.store(old, slot, 0)
        with code.loop(0, _ROUNDS):
            code.call(paint, state, old, new)
        for word in self.words:
            code.store(here, word, code.load(state, word))
        for sort, first in self._numbers():
            self._sort(code, here, old, sort, first, exchange)
        classes = code.room(2 * len(self._elements))
        count = self._classes(code, (here, trial), old, classes, exchange)
        for word in self.words:
            code.store(state, word, code.load(here, word))
        if self.settle is not None:
            code.call(self.settle, state)
        with code.when(code.compare(">", count, 0)):
            code.call(visit, here, trial, state, classes, count)
        code.give()
        return code

    # Layout

    def _begin(self, name: str, params: Sequence[ir.Type]) -> Code:
        full = f"{self.name}.{name}" if name else self.name
        # Loops written out would take seconds to compile.
        return Code.define(self.permuting.module, full, VOID, params, attributes=("noinline", "optsize"))

    def _size(self, sort: SortType) -> int:
        return self.permuting.packing.layout.sizes[sort.name]

    def _base(self, sort: SortType) -> int:
        """The word of a sort's colour of none."""
        return sum(self._size(before) + 1 for before in self.sorts[: self.sorts.index(sort)])

    @property
    def _room(self) -> int:
        return sum(self._size(sort) + 1 for sort in self.sorts)

    @property
    def _elements(self) -> list[tuple[SortType, int]]:
        """The elements that change places, in a row: their numbers are positions here."""
        return [(sort, element) for sort in self.tried for element in range(self._size(sort))]

    def _numbers(self) -> list[tuple[SortType, int]]:
        """Each sort with the number of its first element."""
        return [(sort, number) for number, (sort, element) in enumerate(self._elements) if element == 0]

    def _exchange(self) -> Code:
        """Define `void exchange(state, number)`, which exchanges the element of a number with the next."""
        code = self._begin("exchange", (POINTER, I64))
        state, number = code.args
        with code.switch(number) as cases:
            for case, (sort, element) in enumerate(self._elements):
                if element < self._size(sort) - 1:
                    with cases.case(case):
                        code.call(self.permuting.exchange(sort, element), state)
        code.give()
        return code

    # Colours

    def _paint(self) -> Code:
        """Define `void paint(state, old, new)`, which refines the colours in `old` by one round."""
        code = self._begin("paint", (POINTER, POINTER, POINTER))
        state, old, new = code.args
        for slot in range(self._room):
            code.store(new, slot, 0)
        for number, place in enumerate(moving_fields(self.permuting.packing)):
            symbol = place.block.symbol
            if set(map(plain, (*symbol.params, symbol.result))) & set(self.sorts):
                self._field(Formulas(code, self.permuting.packing, state), place, number + 1, old, new)
        for sort in self.sorts:
            first = self._base(sort)
            for slot in range(first + 1, first + 1 + self._size(sort)):
                code.store(old, slot, _mix(code, code.load(old, slot), code.load(new, slot)))
            code.store(old, first, 0)
        code.give()
        return code

    def _field(self, formulas: Formulas, place: Field, seed: int, old: Value, new: Value) -> None:
        """Write a loop over the cells of a field, each of which adds to the colours of what occurs in it."""
        code, block = formulas.code, place.block
        with ExitStack() as loops:
            index: Number = 0
            occurs: list[tuple[Type, Number]] = []
            for type_, domain, stride in zip(block.symbol.params, block.domains, block.strides, strict=True):
                position = loops.enter_context(code.loop(0, len(domain.values)))
                index = code.add(index, code.mul(position, stride))
                occurs.append((type_, position))
            if block.symbol.result in self.sorts:
                there = existing(self.permuting.packing, place)
                if len(there) < block.length:
                    flags = [int(block.offset + cell in there) for cell in range(block.length)]
                    known = code.load(code.table("there", flags), index)
                    loops.enter_context(code.when(code.compare("!=", known, 0)))
            value = formulas.cell(place, index)
            if block.symbol.result not in self.sorts:
                loops.enter_context(code.when(code.compare("!=", value, 0)))
            occurs.append((block.symbol.result, value))
            slots = [self._slot(code, type_, position) for type_, position in occurs]
            total: Number = code.number(seed * _ODD)
            for slot, (_, position) in zip(slots, occurs, strict=True):
                total = _mix(code, total, position if slot is None else code.load(old, slot))
            for role, slot in enumerate(slots):
                if slot is not None:
                    code.store(new, slot, code.add(code.load(new, slot), _mix(code, total, role + 1)))

    def _slot(self, code: Code, type_: Type, position: Number) -> Number | None:
        """Where the colour of an element is; None for what has none."""
        sort = plain(type_)
        if sort not in self.sorts:
            return None
        assert isinstance(sort, SortType)
        return code.add(position, self._base(sort) + (0 if isinstance(type_, OptionType) else 1))

    # Order

    def _sort(self, code: Code, here: Value, colours: Value, sort: SortType, first: int, exchange: Code) -> None:
        """Write the sorting of a sort's elements by their colours, by exchanges of neighbours."""
        base, size = self._base(sort) + 1, self._size(sort)
        with code.loop(1, size) as end, code.loop(0, code.sub(size, end)) as element:
            slot = code.add(element, base)
            one, two = code.load(colours, slot), code.load(colours, code.add(slot, 1))
            with code.when(code.below(two, one)):
                code.store(colours, slot, two)
                code.store(colours, code.add(slot, 1), one)
                code.call(exchange, here, code.add(element, first))

    def _classes(self, code: Code, rooms: tuple[Value, Value], colours: Value, classes: Value, exchange: Code) -> Value:
        """Write the search for elements of one colour that are no twins: first numbers and sizes; gives their count.

        Colours are left out if there would be too many permutations.
        """
        here, trial = rooms
        count, left = code.variable(0), code.variable(MOST_TRIED)
        size, alike = code.variable(1), code.variable(code.true)
        factorials = code.table("factorials", [factorial(n) for n in range(_LONGEST + 1)])
        for sort, first in self._numbers():
            last = self._size(sort) - 1
            with code.loop(0, last + 1) as element:
                slot = code.add(element, self._base(sort) + 1)
                inside = code.compare("<", element, last)
                # The last element of the last sort has no neighbour, but the word behind it is never used.
                beyond = code.select(inside, code.add(slot, 1), slot)
                same = code.bit_and(inside, code.equal(code.load(colours, slot), code.load(colours, beyond)))
                with code.when(same):
                    code.set(size, code.add(code.get(size), 1))
                    with code.when(code.get(alike)):
                        code.set(alike, self._are_twins(code, here, trial, code.add(element, first), exchange))
                with code.when(code.negate(same)):
                    few = code.compare("<=", code.get(size), _LONGEST)
                    with code.when(code.bit_and(code.negate(code.get(alike)), few)):
                        orders = code.load(factorials, code.get(size))
                        with code.when(code.compare("<=", orders, code.get(left))):
                            here_first = code.add(code.sub(element, code.sub(code.get(size), 1)), first)
                            code.store(classes, code.mul(code.get(count), 2), here_first)
                            code.store(classes, code.add(code.mul(code.get(count), 2), 1), code.get(size))
                            code.set(count, code.add(code.get(count), 1))
                            code.set(left, code.builder.udiv(code.get(left), orders))
                    code.set(size, 1)
                    code.set(alike, code.true)
        return code.get(count)

    def _are_twins(self, code: Code, here: Value, trial: Value, number: Value, exchange: Code) -> Value:
        for word in self.words:
            code.store(trial, word, code.load(here, word))
        code.call(exchange, trial, number)
        equal = code.true
        for word in self.words:
            equal = code.bit_and(equal, code.equal(code.load(here, word), code.load(trial, word)))
        return equal

    def _visit(self, exchange: Code) -> Code:
        """Define `void visit(state, room, best, classes, count)`, which tries all orders within the classes."""
        code = self._begin("visit", (POINTER, POINTER, POINTER, POINTER, I64))
        state, room, best, classes, count = code.args
        with code.when(code.equal(count, 0)):
            code.call(self.consider, state, room, best)
            code.give()
        sequences = [plain_changes(size) for size in range(_LONGEST + 1)]
        starts = [sum(map(len, sequences[:size])) for size in range(_LONGEST + 2)]
        changes = code.table("changes", [change for sequence in sequences for change in sequence])
        offsets = code.table("offsets", starts)
        first, size = code.load(classes, 0), code.load(classes, 1)
        rest, fewer = code.at(classes, 2), code.sub(count, 1)
        code.call(code.function, state, room, best, rest, fewer)
        with code.loop(code.load(offsets, size), code.load(offsets, code.add(size, 1))) as at:
            code.call(exchange, state, code.add(first, code.load(changes, at)))
            code.call(code.function, state, room, best, rest, fewer)
        code.give()
        return code


def _mix(code: Code, one: Number, two: Number) -> Value:
    """A hash of two numbers."""
    product = code.mul(code.xor(one, two), _ODD)
    return code.xor(product, code.shift_right(product, 29))
