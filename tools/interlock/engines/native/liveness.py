"""Liveness over an exhausted search: machine code finds where a fair run can go round, the reference makes the run.

For each choice of a property's parameters, the states that are reached without Q from one with P and without Q are
split into strongly connected components until one is found around which a fair run can go; see `engines.liveness`,
whose meaning this is.
"""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from llvmlite import ir

from interlock.core.system import Property
from interlock.core.term import Value, Var
from interlock.core.trace import Trace
from interlock.core.types import EnumType, OptionType
from interlock.engines.evaluate import Model, Packed, Successor, Unsupported
from interlock.engines.evaluate.assign import Tick
from interlock.engines.graph import Edge
from interlock.engines.liveness import Fair, Move, make_lasso
from interlock.engines.native.components import FAIR, OBLIGES, ComponentCode
from interlock.engines.native.driver import Driver
from interlock.engines.native.graph import Book, GraphCode, Units
from interlock.engines.native.hunt import Hunt
from interlock.engines.native.jit import Library
from interlock.engines.native.memory import WORD, Words
from interlock.engines.native.packing import Packing
from interlock.engines.native.replay import Disagreement, Replay

_SLICE = 1 << 16
_SHORT = 4
_NUMBERS = (
    Book.MARKS,
    Book.QUEUE,
    Book.CAME,
    Book.ORDER,
    Book.LOW,
    Book.PART,
    Book.OPEN,
    Book.CALLS,
    Book.MEMBERS,
    Book.BOUNDS,
)
"""Arrays of a 32-bit number for each state."""


class FairRuns:
    """Searches the states of a complete search for fair runs; its memory is its own until `close`.

    The search's table must tell indices.  `transitions` is how many steps were taken, which bounds the edges.
    """

    def __init__(self, hunt: Hunt, *, transitions: int) -> None:
        subject = hunt.subject
        self._driver = hunt.driver
        self._steps = hunt.steps
        self._explored = _Explored(hunt.driver, subject.model, subject.packing, subject.initial)
        self._packing = subject.packing
        self._units = Units(subject.model.system, subject.packing)
        self._states = hunt.driver.store.count
        self._book = Words(Book.SIZE * WORD)
        self._arrays: dict[Book, Words] = {}
        self._head = self._book.words()
        self._views: list[memoryview] = [self._head]
        self._transitions = transitions

    def close(self) -> None:
        """Give all memory back."""
        for view in self._views:
            view.release()
        for array in (self._book, *self._arrays.values()):
            array.release()

    def judge(self, props: Sequence[Property], tick: Tick) -> Iterator[tuple[Property, Trace | None]]:
        """Each property with a fair run that breaks it, if there is one."""
        library = self._compile(props)
        self._allocate()
        self._note_edges(library, tick)
        for number, prop in enumerate(props):
            yield prop, self._lasso(library, f"marks{number}", prop, tick)

    def _compile(self, props: Sequence[Property]) -> Library:
        module = ir.Module("liveness")
        code = GraphCode(module, self._steps, self._packing, self._units)
        code.edges()
        for number, prop in enumerate(props):
            code.marks(f"marks{number}", prop)
        parts = ComponentCode(module, self._units)
        parts.reach()
        parts.components()
        parts.judge()
        return Library.of(module)

    def _allocate(self) -> None:
        sizes = dict.fromkeys(_NUMBERS, (self._states + 2) * _SHORT)
        sizes |= {Book.OFFSETS: (self._states + 2) * WORD, Book.PLACES: (self._states + 2) * WORD}
        sizes |= {Book.TARGETS: (self._transitions + 2) * _SHORT, Book.UNITS: (self._transitions + 2) * _SHORT}
        for name, size in sizes.items():
            self._arrays[name] = Words(size)
            self._head[name] = self._arrays[name].address
        self._head[Book.SHARED] = self._driver.store.shared.address

    def _note_edges(self, library: Library, tick: Tick) -> None:
        edges = library.function("edges", None, [ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64])
        for first in range(0, self._states, _SLICE):
            tick()
            edges(self._book.address, first, min(first + _SLICE, self._states))
            if self._head[Book.ERROR]:
                raise Unsupported(self._steps.faults[self._head[Book.ERROR] - 1])

    # One property

    def _lasso(self, library: Library, marks: str, prop: Property, tick: Tick) -> Trace | None:
        pointer, number = ctypes.c_void_p, ctypes.c_int64
        mark = library.function(marks, None, [pointer, number, number, pointer])
        reach = library.function("reach", number, [pointer, number])
        for values in self._explored.model.assignments_to(prop.params, self._explored.states[0]):
            raw = (ctypes.c_int64 * max(1, len(values)))(*map(_raw, prop.params, values))
            for first in range(0, self._states, _SLICE):
                tick()
                mark(self._book.address, first, min(first + _SLICE, self._states), ctypes.addressof(raw))
            queued = int(reach(self._book.address, self._states))
            tick()
            part = self._fair_part(library, queued, tick)
            if part is not None:
                return self._trace(prop, values, queued, part)
        return None

    def _fair_part(self, library: Library, queued: int, tick: Tick) -> list[int] | None:
        """The smallest part that is found first around which a fair run can go."""
        pointer, number = ctypes.c_void_p, ctypes.c_int64
        components = library.function("components", number, [pointer, number])
        judge = library.function("judge", number, [pointer, number])
        members, bounds = self._shorts(Book.MEMBERS), self._shorts(Book.BOUNDS)
        again = queued > 0
        while again:
            count = int(components(self._book.address, queued))
            again, best = False, (self._states + 1, -1)
            for component in range(count):
                if component % _SLICE == 0:
                    tick()
                verdict = judge(self._book.address, component)
                again = again or verdict == OBLIGES
                if verdict == FAIR:
                    best = min(best, (bounds[component + 1] - bounds[component], component))
            if best[1] >= 0:
                return list(members[bounds[best[1]] : bounds[best[1] + 1]])
        return None

    def _shorts(self, name: Book) -> memoryview:
        view = self._arrays[name].shorts()
        self._views.append(view)
        return view

    # The run

    def _trace(self, prop: Property, values: Sequence[Value], queued: int, part: Sequence[int]) -> Trace:
        """A run to the part and around in it, in the reference meaning, which must agree."""
        queue, came = self._shorts(Book.QUEUE), self._shorts(Book.CAME)
        inside = frozenset(part)
        entry = next(queue[turn] for turn in range(queued) if queue[turn] in inside)
        lead = [entry]
        while came[lead[-1]]:
            lead.append(came[lead[-1]] - 1)
        lead.reverse()
        explored = self._explored
        moves: list[Move] = [(a, explored.edge(a, b)) for a, b in itertools.pairwise(lead)]
        fair = Fair(explored.model, explored.edges)
        trace = make_lasso(explored, lead[0], moves, fair.cycle(entry, inside), prop, values)
        self._confirm(prop, values, [n for n, _ in moves] + [*inside], lead[0])
        return trace

    def _confirm(self, prop: Property, values: Sequence[Value], numbers: Sequence[int], start: int) -> None:
        model, states = self._explored.model, self._explored.states
        begins, ends = (model.formula(f, prop.params) for f in (prop.formula, prop.leads_to))
        if not begins(states[start], None, values) or any(ends(states[n], None, values) for n in numbers):
            raise Disagreement(f"the reference meaning does not find that the run breaks {prop.name}")


@dataclass
class _Explored:
    """The explored states as the reference's search for lassos wants them; edges are taken again when asked for."""

    driver: Driver
    model: Model
    packing: Packing
    initial: Sequence[Packed]
    _edges: dict[int, tuple[Edge, ...]] = field(default_factory=dict[int, "tuple[Edge, ...]"])

    @property
    def states(self) -> Sequence[Packed]:
        """States by index."""
        return _Lazy(lambda number: self.packing.unpack(self.driver.state(number)), self.driver.store.count)

    @property
    def edges(self) -> Sequence[tuple[Edge, ...]]:
        """Steps out of states, by index."""
        return _Lazy(self._edges_of, self.driver.store.count)

    def edge(self, before: int, after: int) -> Edge:
        """A step from one state to another."""
        return next(edge for edge in self._edges_of(before) if edge[0] == after)

    def steps_to(self, number: int) -> tuple[Packed, list[Successor]]:
        """An initial state and the steps of a shortest run from it to a state."""
        path = [self.driver.state(index) for index in self.driver.path(number)]
        return Replay(self.model, self.packing).run(self.initial, path)

    def _edges_of(self, number: int) -> tuple[Edge, ...]:
        if number not in self._edges:
            found: dict[Edge, None] = {}
            for step in self.model.successors(self.states[number]):
                after = self.driver.find(self.packing.pack(step.after))
                if after is None:
                    raise Disagreement("a step of the reference leads to a state that machine code has not found")
                found[after, step.transition, step.args] = None
            self._edges[number] = tuple(found)
        return self._edges[number]


_Item = TypeVar("_Item")


class _Lazy(Sequence[_Item]):
    """A sequence whose items are made when they are asked for."""

    def __init__(self, make: Callable[[int], _Item], length: int) -> None:
        self._make = make
        self._length = length

    def __getitem__(self, number: Any) -> Any:  # noqa: ANN401 - slices are never asked for
        return self._make(number)

    def __len__(self) -> int:
        return self._length


def _raw(param: Var, value: Value) -> int:
    """A parameter's value as machine code has it."""
    assert not isinstance(param.type, OptionType)
    if isinstance(param.type, EnumType):
        return param.type.members.index(str(value))
    assert isinstance(value, int)
    return int(value)
