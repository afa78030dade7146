"""The edges between explored states, and where formulas hold in them, as machine code.

Liveness looks at all states again and again, so their steps are written down once: for each state a range of edges,
each with the state that it leads to and the unit of fairness that takes it.  Steps that change nothing are left out:
no fairness asks for them and a run may stay where it is without them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from math import prod

from llvmlite import ir

from interlock.core.system import Fairness, Property, TransitionSystem
from interlock.core.term import Var
from interlock.core.types import BOOL
from interlock.engines.native.code import I64, POINTER, VOID, Code, Number, Value
from interlock.engines.native.formulas import Env, Formulas, Operand
from interlock.engines.native.kernel import Shared
from interlock.engines.native.packing import Packing
from interlock.engines.native.sharing import Sharing, load_pointer
from interlock.engines.native.steps import Emission, Steps
from interlock.engines.native.table import Indexed, write_equal, write_hash

LATE, START, REACHED, ALIVE = 1, 2, 4, 8
"""Marks of a state: Q does not hold; P holds as well; reached from there without Q; still searched for a fair part."""


class Book(IntEnum):
    """Words of the memory in which a search for fair runs keeps what it knows, by index."""

    ERROR = 0
    """Set where a step goes wrong."""
    SHARED = 1
    """Address of the search's shared words."""
    SOURCE = 2
    """Index of the state whose edges are written."""
    EDGES = 3
    """Number of edges."""
    OFFSETS = 4
    """Address of words: where the edges of each state begin."""
    TARGETS = 5
    """Address of 32-bit indices: where edges lead."""
    UNITS = 6
    """Address of 32-bit numbers: 1 + the unit that takes the edge; 0 where nobody is treated fairly."""
    MARKS = 7
    """Address of the states' marks, 32 bits each."""
    QUEUE = 8
    """Address of 32-bit indices: the states that were reached, nearest first."""
    CAME = 9
    """Address of 32-bit numbers: 1 + the state from which each was reached; 0 for a start."""
    ORDER = 10
    """Address of 32-bit numbers: the turn at which a state was visited; 0 if it was not."""
    LOW = 11
    """Address of 32-bit numbers: the earliest turn that can be reached from a state in its component."""
    PART = 12
    """Address of 32-bit numbers: 1 + the component of a state; 0 while it is open."""
    OPEN = 13
    """Address of 32-bit indices: states whose component is not complete."""
    CALLS = 14
    """Address of 32-bit indices: states that are being visited."""
    PLACES = 15
    """Address of words: the next edge of each of those."""
    MEMBERS = 16
    """Address of 32-bit indices: states by component."""
    BOUNDS = 17
    """Address of 32-bit numbers: where the members of each component begin."""
    SIZE = 24
    """Words in all."""


@dataclass(frozen=True)
class Units:
    """Who is treated fairly: threads of processes and instances of actions, numbered."""

    system: TransitionSystem
    packing: Packing

    def fairness_of(self, transition: int) -> Fairness:
        """How the unit that takes a transition is treated."""
        found = self.system.transitions[transition]
        if found.process is None:
            return dict(self.system.action_fairness).get(found.action, "none")
        return next(p.fairness for p in self.system.processes if p.name == found.process)

    @property
    def kinds(self) -> Mapping[str, tuple[int, int, Fairness]]:
        """For each fair process or action its first number, how many there are, and how they are treated."""
        found: dict[str, tuple[int, int, Fairness]] = {}
        first = 0
        for number, transition in enumerate(self.system.transitions):
            fairness, name = self.fairness_of(number), transition.process or transition.action
            if fairness != "none" and name not in found:
                count = prod(len(self.packing.layout.domain(p.type).values) for p in self.params(number))
                found[name] = (first, count, fairness)
                first += count
        return found

    def params(self, transition: int) -> Sequence[Var]:
        """The parameters that tell units of one kind apart."""
        found = self.system.transitions[transition]
        if found.process is None:
            return found.params
        process = next(p for p in self.system.processes if p.name == found.process)
        return found.params[: len(process.params)]

    @property
    def count(self) -> int:
        """How many units there are."""
        return sum(count for _, count, _ in self.kinds.values())

    def mask(self, fairness: Fairness) -> int:
        """The units that are treated in a way, as bits."""
        kinds = [(first, count) for first, count, how in self.kinds.values() if how == fairness]
        return sum(((1 << count) - 1) << first for first, count in kinds)

    def number(self, emission: Emission) -> Number:
        """1 + the unit that takes a step; 0 if it is not treated fairly."""
        transition = self.system.transitions[emission.transition]
        kind = self.kinds.get(transition.process or transition.action)
        if kind is None:
            return 0
        code, formulas = emission.code, emission.formulas
        index: Number = 0
        for param in self.params(emission.transition):
            domain = self.packing.layout.domain(param.type)
            position = formulas.encode(domain, param.type, emission.env[param])
            index = code.add(code.mul(index, len(domain.values)), position)
        return code.add(index, kind[0] + 1)


@dataclass(frozen=True)
class GraphCode:
    """Writes the functions that note edges and marks."""

    module: ir.Module
    steps: Steps
    packing: Packing
    units: Units

    def edges(self) -> None:
        """Define `void edges(book, first, last)`: note the edges of some states, which follow those before them."""
        find = self._find()

        def on_step(emission: Emission) -> None:
            code, book = emission.code, emission.context
            same = write_equal(code, emission.before, emission.after, self.packing.words)
            with code.when(code.negate(same)):
                shared = load_pointer(code, book, Book.SHARED)
                edge = code.load(book, Book.EDGES)
                code.store_short(load_pointer(code, book, Book.TARGETS), edge, code.call(find, shared, emission.after))
                code.store_short(load_pointer(code, book, Book.UNITS), edge, self.units.number(emission))
                code.store(book, Book.EDGES, code.add(edge, 1))

        def fault(code: Code, book: Value, number: int) -> None:
            code.store(book, Book.ERROR, number)

        successors = self.steps.define(self.module, "edges.successors", on_step, fault)
        code = Code.define(self.module, "edges", VOID, (POINTER, I64, I64), public=True)
        book, first, last = code.args
        states = load_pointer(code, load_pointer(code, book, Book.SHARED), Shared.STATES)
        offsets = load_pointer(code, book, Book.OFFSETS)
        with code.loop(first, last) as number:
            code.store(offsets, number, code.load(book, Book.EDGES))
            code.call(successors, book, code.at(states, code.mul(number, self.packing.words)))
        code.store(offsets, last, code.load(book, Book.EDGES))
        code.give()

    def marks(self, name: str, prop: Property) -> None:
        """Define `void name(book, first, last, values)`: mark where P and Q hold, for values of the parameters."""
        code = Code.define(self.module, name, VOID, (POINTER, I64, I64, POINTER), public=True)
        book, first, last, values = code.args
        states = load_pointer(code, load_pointer(code, book, Book.SHARED), Shared.STATES)
        marks = load_pointer(code, book, Book.MARKS)
        env: Env = {
            param: Operand(code.truth(code.load(values, n)) if param.type == BOOL else code.load(values, n))
            for n, param in enumerate(prop.params)
        }
        with code.loop(first, last) as number:
            formulas = Formulas(code, self.packing, code.at(states, code.mul(number, self.packing.words)))
            late = code.negate(formulas.holds(prop.leads_to, env))
            start = code.bit_and(late, formulas.holds(prop.formula, env))
            code.store_short(marks, number, code.bit_or(code.select(late, LATE, 0), code.select(start, START, 0)))
        code.give()

    def _find(self) -> Code:
        code = Code.define(self.module, "edges.find", I64, (POINTER, POINTER), attributes=("noinline",))
        shared, state = code.args
        hashed = write_hash(code, state, self.packing.words)
        code.give(Indexed(Sharing(False), self.packing.words).find(code, shared, state, hashed))
        return code
