"""Where each symbol's table lies in a state, and which values a type has in one finite instance.

A state is one flat tuple of cells, rigid symbols included, so that it hashes and compares as a whole.  The
interpretation of a symbol fills a block of cells, its last argument varying fastest.  Choice symbols of transitions get
cells behind the state's own: a step is computed on a state that is longer by them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, TypeAlias, assert_never

from interlock.core.rewrite import subterms
from interlock.core.system import TransitionSystem
from interlock.core.term import Count, Literal, Quant, Symbol, Value
from interlock.core.trace import State
from interlock.core.types import BoolType, EnumType, IntType, OptionType, PlainType, RangeType, SortType, Type

Cell: TypeAlias = Any
"""A value in a cell: the layout knows its type, Python does not."""

Cells: TypeAlias = Sequence[Cell]
"""A state (a tuple), or one in the making (a list)."""

DEFAULT_SIZE = 2
"""Elements of a sort that the scope does not mention."""


class Unsupported(Exception):  # noqa: N818 - a reason, not a mistake of ours
    """What the finite meaning cannot say about this system, in words for the user; engines turn it into Unknown."""


class Unassigned(Exception):  # noqa: N818 - steers the search for initial states
    """A cell was read that has no value yet."""

    def __init__(self, cell: int) -> None:
        super().__init__(cell)
        self.cell = cell


UNASSIGNED = object()
"""Marks a cell without a value while states are being searched for."""


@dataclass(frozen=True, slots=True)
class Domain:
    """The values of a type, in order: none first, integers and sort elements upward.

    `bound` is the cell that holds the greatest integer of a range whose end is a constant; `values` then reaches to the
    greatest possible one and `at` cuts it off.  `identity` says that each value is its own position.
    """

    values: tuple[Value, ...]
    positions: Mapping[Value, int]
    identity: bool
    bound: int | None = None
    low: int = 0

    def at(self, cells: Cells) -> Sequence[Value]:
        """The values in a state."""
        if self.bound is None:
            return self.values
        high = cells[self.bound]
        if high is UNASSIGNED:
            raise Unassigned(self.bound)
        optional = bool(self.values) and self.values[0] is None
        return self.values[: max(high - self.low + 1, 0) + optional]

    def admits(self, value: Cell, cells: Cells) -> bool:
        """Whether the value belongs to the type in a state."""
        if self.bound is None:
            return value in self.positions
        return value in self.at(cells)


class Endless(Domain):
    """The values of Int: a value that is computed is one of them, and trying them all has no end."""

    def at(self, cells: Cells) -> Sequence[Value]:  # noqa: ARG002
        """Refuses."""
        raise Unsupported("Int has no finite set of values to try")

    def admits(self, value: Cell, cells: Cells) -> bool:  # noqa: ARG002
        """Whether it is an integer."""
        return isinstance(value, int)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """The cells of one symbol."""

    symbol: Symbol
    offset: int
    domains: tuple[Domain, ...]
    strides: tuple[int, ...]
    length: int

    def index(self, args: Sequence[Value]) -> int:
        """Cell of the value at those arguments, which must be in their domains."""
        places = zip(args, self.domains, self.strides, strict=True)
        return self.offset + sum(domain.positions[arg] * stride for arg, domain, stride in places)

    def rows(self, cells: Cells | None = None) -> Iterator[tuple[tuple[Value, ...], int]]:
        """All argument tuples with their cells: those of a state, or without one all that have a cell."""
        for args in product(*(domain.values if cells is None else domain.at(cells) for domain in self.domains)):
            yield args, self.index(args)


@dataclass(frozen=True)
class Layout:
    """Blocks of all symbols for given sort sizes.  The first `length` cells are the state, the rest are choices.

    `given` are the values that the scope gives to constants.
    """

    sizes: Mapping[str, int]
    given: Mapping[str, int]
    highs: Mapping[str, int]
    bounds: Mapping[str, int]
    blocks: dict[Symbol, Block] = field(default_factory=dict[Symbol, Block])
    length: int = 0
    width: int = 0

    def domain(self, type_: Type) -> Domain:
        """The values of a type; Unsupported for Int, which has no end."""
        match type_:
            case OptionType():
                inner = self.domain(type_.of)
                values = (None, *inner.values)
                return Domain(values, _positions(values), identity=False, bound=inner.bound, low=inner.low)
            case BoolType():
                return Domain((False, True), {False: 0, True: 1}, identity=True)
            case SortType():
                elements = tuple(range(self.sizes.get(type_.name, DEFAULT_SIZE)))
                return Domain(elements, _positions(elements), identity=True)
            case EnumType():
                return Domain(type_.members, _positions(type_.members), identity=False)
            case RangeType(low=low, high=high):
                greatest = self.highs[high] if isinstance(high, str) else high
                numbers = tuple(range(low, greatest + 1))
                bound = self.bounds[high] if isinstance(high, str) else None
                identity = low == 0 and greatest >= 0 and bound is None
                return Domain(numbers, _positions(numbers), identity=identity, bound=bound, low=low)
            case IntType():
                raise Unsupported("Int has no finite set of values to try")
            case _:
                assert_never(type_)

    def range_of(self, type_: Type) -> Domain:
        """The values of a variable of the type: of an Int those that it is computed to have."""
        return Endless((), {}, identity=False) if isinstance(type_, IntType) else self.domain(type_)

    def to_state(self, cells: Cells) -> State:
        """The state as a plain value for traces."""
        tables = {
            block.symbol: {args: cells[cell] for args, cell in block.rows(cells)}
            for block in self.blocks.values()
            if block.offset < self.length
        }
        return State(dict(self.sizes), tables)

    def from_state(self, state: State) -> tuple[Cell, ...]:
        """Cells of a state from a trace; Unsupported where it lacks an entry."""
        cells: list[Cell] = [None] * self.length
        blocks = [block for block in self.blocks.values() if block.offset < self.length]
        for block in blocks:
            for _, cell in block.rows():
                cells[cell] = default_value(block.symbol.result, self)
        for block in blocks:
            table = state.tables.get(block.symbol, {})
            for args, cell in block.rows(cells):
                if args not in table:
                    raise Unsupported(f"the state has no value for {block.symbol.name} at {args}")
                cells[cell] = table[args]
        return tuple(cells)


def default_value(type_: Type, layout: Layout) -> Value:
    """What fills a cell that does not exist in a state (beyond the end of a range), alike in all states."""
    match type_:
        case OptionType():
            return None
        case IntType():
            return 0
        case _:
            return next(iter(layout.domain(type_).values), None)


def lay_out(system: TransitionSystem, sizes: Mapping[str, int]) -> Layout:
    """Give every symbol its cells.

    Constants that end ranges come first, for everything else depends on them.  `sizes` may name an integer constant, as
    it names a sort.
    """
    bounding = _bounding_symbols(system)
    rigid = [s for s in system.symbols if s.rigid and s not in bounding]
    ordered = [*bounding, *rigid, *(s for s in system.symbols if not s.rigid)]
    every_size = {sort.name: max(1, sizes.get(sort.name, DEFAULT_SIZE)) for sort in system.sorts}
    highs = {symbol.name: _greatest(symbol, system, sizes) for symbol in bounding}
    bounds = {symbol.name: cell for cell, symbol in enumerate(bounding)}
    given = {symbol.name: sizes[symbol.name] for symbol in system.sized_constants() if symbol.name in sizes}
    draft = Layout(every_size, given, highs, bounds)
    blocks: dict[Symbol, Block] = {}
    offset = 0
    for symbol in ordered:
        blocks[symbol] = _block(symbol, offset, draft)
        offset += blocks[symbol].length
    length = offset
    chosen = [*(c for t in system.transitions for c in t.choices), *(c for o in system.obligations for c in o.choices)]
    for symbol in dict.fromkeys(chosen):
        blocks[symbol] = _block(symbol, offset, draft)
        offset += blocks[symbol].length
    return Layout(every_size, given, highs, bounds, blocks, length, offset)


def _block(symbol: Symbol, offset: int, layout: Layout) -> Block:
    try:
        domains = tuple(layout.domain(type_) for type_ in symbol.params)
    except Unsupported:
        raise Unsupported(f"{symbol.name} is indexed by Int, which has no finite set of values") from None
    strides: list[int] = []
    length = 1
    for domain in reversed(domains):
        strides.insert(0, length)
        length *= len(domain.values)
    return Block(symbol, offset, domains, tuple(strides), length)


def _bounding_symbols(system: TransitionSystem) -> tuple[Symbol, ...]:
    """Constants that name the end of some range."""
    names = _range_ends(system)
    return tuple(symbol for symbol in system.symbols if symbol.name in names)


def _range_ends(system: TransitionSystem) -> frozenset[str]:
    """The names at which ranges end, in the system or in what it refines."""
    types: list[Type] = []
    for symbol in system.symbols:
        types += [*symbol.params, symbol.result]
    for transition in system.transitions:
        types += [var.type for var in (*transition.params, *transition.witnesses)]
        types += [type_ for symbol in transition.choices for type_ in (*symbol.params, symbol.result)]
    terms = [named.formula for named in (*system.axioms, *system.initially)]
    terms += [t.guard for t in system.transitions] + [u.value for t in system.transitions for u in t.updates]
    terms += [o.reach for o in system.obligations] + [o.condition for o in system.obligations]
    terms += [p.formula for p in system.properties] + [p.leads_to for p in system.properties]
    terms += [v.value for r in system.refinements for v in r.variables]
    terms += [arg for r in system.refinements for _, _, args in r.steps for arg in args]
    for term in terms:
        for part in subterms(term):
            if isinstance(part, Quant | Count):
                types += [var.type for var in part.vars]
    plain = map(_plain, types)
    ends = frozenset(t.high for t in plain if isinstance(t, RangeType) and isinstance(t.high, str))
    return ends.union(*(_range_ends(refinement.abstract) for refinement in system.refinements))


def _plain(type_: Type) -> PlainType:
    return type_.of if isinstance(type_, OptionType) else type_


def _greatest(symbol: Symbol, system: TransitionSystem, sizes: Mapping[str, int]) -> int:
    """The greatest value that a constant at the end of a range can have."""
    if symbol.name in sizes:
        return sizes[symbol.name]
    value = next((u.value for u in system.initial_values if u.symbol == symbol), None)
    match value, symbol.result:
        case Literal(value=int() as number), _:
            return number
        case _, RangeType(high=int() as high):
            return high
        case _:
            raise Unsupported(f"{symbol.name} ends a range but has no value; give it one or a size in the scope")


def _positions(values: Sequence[Value]) -> dict[Value, int]:
    return {value: place for place, value in enumerate(values)}
