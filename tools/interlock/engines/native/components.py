"""Reachability, strongly connected components and their fairness, as machine code over noted edges.

The search for components is Tarjan's, with a stack of its own.  A component is *unfair* if some weakly fair unit could
always move in it and never does; it *obliges* if a strongly fair unit that never moves in it could move in some state:
then a fair run may go round only without these states, and what is left of the component is searched again.
"""

from __future__ import annotations

from dataclasses import dataclass

from llvmlite import ir

from interlock.engines.native.code import I64, POINTER, Code, Number, Value
from interlock.engines.native.graph import ALIVE, LATE, REACHED, START, Book, Units
from interlock.engines.native.sharing import load_pointer

UNFAIR, FAIR, OBLIGES = 0, 1, 2


@dataclass(frozen=True)
class ComponentCode:
    """Writes the functions."""

    module: ir.Module
    units: Units

    @property
    def _mask_words(self) -> int:
        return self.units.count // 64 + 1

    def reach(self) -> None:
        """Define `i64 reach(book, states)`: queue what is reached from starts without Q, nearest first; how many."""
        code = Code.define(self.module, "reach", I64, (POINTER, I64), public=True)
        book, states = code.args
        queue, marks, came, part = (
            load_pointer(code, book, at) for at in (Book.QUEUE, Book.MARKS, Book.CAME, Book.PART)
        )
        count = code.variable(0)

        def add(state: Value, mark: Value, origin: Number) -> None:
            code.store_short(marks, state, code.bit_or(mark, REACHED | ALIVE))
            code.store_short(queue, code.get(count), state)
            code.store_short(came, state, origin)
            code.set(count, code.add(code.get(count), 1))

        with code.loop(0, states) as state:
            code.store_short(part, state, 0)  # of the search before: what is not reached now is in no component
            mark = code.load_short(marks, state)
            with code.when(code.compare("!=", code.bit_and(mark, START), 0)):
                add(state, mark, 0)
        turn = code.variable(0)
        with code.repeat() as out:
            out.leave_if(code.equal(code.get(turn), code.get(count)))
            here = code.load_short(queue, code.get(turn))
            code.set(turn, code.add(code.get(turn), 1))
            edges = _edges(code, book, here)
            with code.loop(*edges) as edge:
                there = _target(code, book, edge)
                mark = code.load_short(marks, there)
                with code.when(code.equal(code.bit_and(mark, LATE | REACHED), LATE)):
                    add(there, mark, code.add(here, 1))
        code.give(code.get(count))

    def components(self) -> None:
        """Define `i64 components(book, queued)`: the components of the queued states that are alive; how many."""
        visit = self._visit()
        code = Code.define(self.module, "components", I64, (POINTER, I64), public=True)
        book, queued = code.args
        queue, marks, order, part, bounds = (
            load_pointer(code, book, at) for at in (Book.QUEUE, Book.MARKS, Book.ORDER, Book.PART, Book.BOUNDS)
        )
        with code.loop(0, queued) as turn:
            state = code.load_short(queue, turn)
            code.store_short(order, state, 0)
            code.store_short(part, state, 0)
        counters = code.room(3)  # turns, open states, members
        for number in range(3):
            code.store(counters, number, 0)
        found = code.variable(0)
        with code.loop(0, queued) as turn:
            state = code.load_short(queue, turn)
            alive = code.compare("!=", code.bit_and(code.load_short(marks, state), ALIVE), 0)
            with code.when(code.bit_and(alive, code.equal(code.load_short(order, state), 0))):
                code.set(found, code.call(visit, book, state, counters, code.get(found)))
        code.store_short(bounds, code.get(found), code.load(counters, 2))
        code.give(code.get(found))

    def _visit(self) -> Code:
        """`i64 visit(book, root, counters, found)`: visit what can be reached from a state; components then found."""
        code = Code.define(self.module, "components.visit", I64, (POINTER, I64, POINTER, I64))
        book, root, counters, before = code.args
        marks, order, low, part = (load_pointer(code, book, at) for at in (Book.MARKS, Book.ORDER, Book.LOW, Book.PART))
        calls, places = load_pointer(code, book, Book.CALLS), load_pointer(code, book, Book.PLACES)
        opened = load_pointer(code, book, Book.OPEN)
        found, depth = code.variable(before), code.variable(0)

        def enter(state: Value) -> None:
            turn = code.add(code.load(counters, 0), 1)
            code.store(counters, 0, turn)
            code.store_short(order, state, turn)
            code.store_short(low, state, turn)
            code.store_short(opened, code.load(counters, 1), state)
            code.store(counters, 1, code.add(code.load(counters, 1), 1))
            code.store_short(calls, code.get(depth), state)
            code.store(places, code.get(depth), _edges(code, book, state)[0])
            code.set(depth, code.add(code.get(depth), 1))

        def lower(state: Value, by: Value) -> None:
            least = code.load_short(low, state)
            code.store_short(low, state, code.select(code.compare("<", by, least), by, least))

        enter(root)
        with code.repeat() as out:
            out.leave_if(code.equal(code.get(depth), 0))
            top = code.sub(code.get(depth), 1)
            here = code.load_short(calls, top)
            edge = code.load(places, top)
            last = _edges(code, book, here)[1]
            with code.when(code.compare("<", edge, last)):
                code.store(places, top, code.add(edge, 1))
                there = _target(code, book, edge)
                alive = code.compare("!=", code.bit_and(code.load_short(marks, there), ALIVE), 0)
                with code.when(alive):
                    turn = code.load_short(order, there)
                    with code.when(code.equal(turn, 0)):
                        enter(there)
                    visited = code.compare("!=", turn, 0)
                    still_open = code.equal(code.load_short(part, there), 0)
                    with code.when(code.bit_and(visited, still_open)):
                        lower(here, turn)
            with code.when(code.compare(">=", edge, last)):
                code.set(depth, top)
                with code.when(code.compare(">", top, 0)):
                    lower(code.load_short(calls, code.sub(top, 1)), code.load_short(low, here))
                with code.when(code.equal(code.load_short(low, here), code.load_short(order, here))):
                    self._close(code, book, counters, here, code.get(found))
                    code.set(found, code.add(code.get(found), 1))
        code.give(code.get(found))
        return code

    def _close(self, code: Code, book: Value, counters: Value, root: Value, number: Value) -> None:
        """Take a complete component off the open states."""
        opened, part = load_pointer(code, book, Book.OPEN), load_pointer(code, book, Book.PART)
        members, bounds = load_pointer(code, book, Book.MEMBERS), load_pointer(code, book, Book.BOUNDS)
        code.store_short(bounds, number, code.load(counters, 2))
        with code.repeat() as out:
            top = code.sub(code.load(counters, 1), 1)
            code.store(counters, 1, top)
            state = code.load_short(opened, top)
            code.store_short(part, state, code.add(number, 1))
            code.store_short(members, code.load(counters, 2), state)
            code.store(counters, 2, code.add(code.load(counters, 2), 1))
            out.leave_if(code.equal(state, root))

    def judge(self) -> None:
        """Define `i64 judge(book, component)`: UNFAIR, FAIR or OBLIGES.

        States that no fair run goes round with are no longer alive afterwards: all of an unfair component, and of one
        that obliges the states that do.
        """
        code = Code.define(self.module, "judge", I64, (POINTER, I64), public=True)
        book, number = code.args
        marks, part = load_pointer(code, book, Book.MARKS), load_pointer(code, book, Book.PART)
        members, bounds = load_pointer(code, book, Book.MEMBERS), load_pointer(code, book, Book.BOUNDS)
        first, last = code.load_short(bounds, number), code.load_short(bounds, code.add(number, 1))
        size = self._mask_words
        always, moving, able = code.room(size), code.room(size), code.room(size)
        weak, strong = (code.table(f, _words(self.units.mask(f), size)) for f in ("weak", "strong"))
        for word in range(size):
            code.store(always, word, -1)
            code.store(moving, word, 0)
        with code.loop(first, last) as member:
            state = code.load_short(members, member)
            self._able(code, book, state, able)
            for word in range(size):
                code.store(always, word, code.bit_and(code.load(always, word), code.load(able, word)))
            with code.loop(*_edges(code, book, state)) as edge:
                inside = code.equal(code.load_short(part, _target(code, book, edge)), code.add(number, 1))
                unit = _unit(code, book, edge)
                with code.when(code.bit_and(inside, code.compare("!=", unit, 0))):
                    _set_bit(code, moving, code.sub(unit, 1))
        unfair = code.false
        for word in range(size):
            idle = code.bit_and(code.load(always, word), code.xor(code.load(moving, word), -1))
            stands = code.compare("!=", code.bit_and(idle, code.load(weak, word)), 0)
            unfair = code.bit_or(unfair, stands)
        with code.when(unfair):
            with code.loop(first, last) as member:
                _bury(code, marks, code.load_short(members, member))
            code.give(UNFAIR)
        obliges = code.variable(code.false)
        with code.loop(first, last) as member:
            state = code.load_short(members, member)
            self._able(code, book, state, able)
            wants = code.false
            for word in range(size):
                idle = code.bit_and(code.load(able, word), code.xor(code.load(moving, word), -1))
                wants = code.bit_or(wants, code.compare("!=", code.bit_and(idle, code.load(strong, word)), 0))
            with code.when(wants):
                code.set(obliges, code.true)
                _bury(code, marks, state)
        code.give(code.select(code.get(obliges), OBLIGES, FAIR))

    def _able(self, code: Code, book: Value, state: Value, able: Value) -> None:
        """Write down the units that can change a state."""
        for word in range(self._mask_words):
            code.store(able, word, 0)
        with code.loop(*_edges(code, book, state)) as edge:
            unit = _unit(code, book, edge)
            with code.when(code.compare("!=", unit, 0)):
                _set_bit(code, able, code.sub(unit, 1))


def _edges(code: Code, book: Value, state: Value) -> tuple[Value, Value]:
    offsets = load_pointer(code, book, Book.OFFSETS)
    return code.load(offsets, state), code.load(offsets, code.add(state, 1))


def _target(code: Code, book: Value, edge: Value) -> Value:
    return code.load_short(load_pointer(code, book, Book.TARGETS), edge)


def _unit(code: Code, book: Value, edge: Value) -> Value:
    return code.load_short(load_pointer(code, book, Book.UNITS), edge)


def _set_bit(code: Code, mask: Value, bit: Value) -> None:
    word = code.shift_right(bit, 6)
    code.store(mask, word, code.bit_or(code.load(mask, word), code.shift_left(1, code.bit_and(bit, 63))))


def _bury(code: Code, marks: Value, state: Value) -> None:
    """The state is searched no more."""
    code.store_short(marks, state, code.bit_and(code.load_short(marks, state), ~ALIVE))


def _words(mask: int, size: int) -> list[int]:
    return [mask >> 64 * word & (2**64 - 1) for word in range(size)]
