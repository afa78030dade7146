"""Breadth-first search as code: expanding states, judging new ones, and filling larger tables.

States stand in the store in the order in which they were found, so the store is the queue of the search as well, and a
level is a range of it.  Successors are collected in a batch while their slots come from memory; then the batch is
inserted, and new states are judged there and then, which finds a violation one level before its state is expanded.
"""

from __future__ import annotations

from dataclasses import dataclass

from llvmlite import ir

from interlock.engines.native.code import I64, POINTER, VOID, Code, Number, Value
from interlock.engines.native.kernel import BATCH, ROOT, Env, Generator, Layout, Shared, Status
from interlock.engines.native.sharing import Sharing, load_pointer, rarely
from interlock.engines.native.table import Indexed, Keyed, fetch_slot, write_equal, write_hash

_TAKEN_OUT = 4096
"""States at the beginning of a table that are taken out while it grows; no run of taken slots is nearly so long."""

_RECENT_SHIFT = 20
"""Lower bits of a hash that say little of the state."""

_AHEAD = 16
"""States that are fetched before their turn when a table is filled from the store."""


def write_search(generator: Generator, table: Keyed | Indexed, threads: int) -> ir.Module:
    """Write a module with the search in a model's states.

    Its public functions are `expand(env) -> status`, `seed(env, states, n) -> how many were taken`,
    `rebuild(shared, first, last)` and `relocate(shared, old, new)`; `grow(shared, slots) -> done` for a `Keyed` table,
    `find(shared, state) -> index` for an `Indexed` one.
    """
    module = ir.Module("search")
    search = _Search(module, generator, table, threads)
    search.write()
    return module


@dataclass(frozen=True)
class _Search:
    module: ir.Module
    generator: Generator
    table: Keyed | Indexed
    threads: int

    @property
    def layout(self) -> Layout:
        return Layout.of(self.generator)

    @property
    def sharing(self) -> Sharing:
        return self.table.sharing

    def write(self) -> None:
        """Write all functions."""
        layout = self.layout
        note = self._note("note", layout.open, layout.found, layout.properties + 1)
        flush = self._flush(note)
        put = self._put()
        emit = self._emit(put, flush)
        successors = self.generator.successors(self.module, emit.function)
        self._expand(successors, flush, note)
        self._seed(put, flush)
        self._rebuild()
        self._relocate()
        match self.table:
            case Keyed():
                self._grow(self.table)
            case Indexed():
                self._find(self.table)

    # What was found

    def _note(self, name: str, open_at: int, found_at: int, properties: int, *, steps: bool = False) -> Code:
        """`note(env, mask, index)`: remember an index for each open property of a mask, and close it.

        Each thread has its own record, which is put together with the others at the end of the level: no index that a
        thread may find later can be better by a level.
        """
        code = Code.define(self.module, name, VOID, [POINTER, POINTER, I64, POINTER], attributes=("noinline", "cold"))
        env, mask, index, after = code.args
        shared = load_pointer(code, env, Env.SHARED)
        with code.loop(0, properties) as number:
            word, bit = code.shift_right(number, 6), code.shift_left(1, code.bit_and(number, 63))
            still = code.bit_and(code.load(mask, word), code.load(env, code.add(word, open_at)))
            with code.when(code.compare("!=", code.bit_and(still, bit), 0)):
                opened = code.add(word, open_at)
                code.store(env, opened, code.xor(code.load(env, opened), bit))
                code.store(env, code.add(number, found_at), code.add(index, 1))
                if steps:
                    place = code.add(code.mul(number, self.layout.words), self.layout.step_after)
                    code.copy(code.at(env, place), after, self.layout.words)
                remaining = code.sub(code.load(env, Env.REMAINING), 1)
                code.store(env, Env.REMAINING, remaining)
                self.sharing.store(code, shared, Shared.NEWS, 1)
                with code.when(code.equal(remaining, 0)):
                    self.sharing.store(code, shared, Shared.STOP, 1)
        code.give()
        return code

    def _note_violations(self, code: Code, note: Code, at: int, mask: Value, index: Value, after: Value) -> None:
        """Call `note` if a mask has a bit of an open property."""
        env = code.args[0]
        words = self.layout.step_mask_words if at == self.layout.step_open else self.layout.mask_words
        some = code.number(0)
        for word in range(words):
            some = code.bit_or(some, code.bit_and(code.load(mask, word), code.load(env, at + word)))
        with code.when(rarely(code, code.compare("!=", some, 0))):
            code.call(note, env, mask, index, after)

    # Insertion

    def _flush(self, note: Code) -> Code:
        """`flush(env)`: insert the batch, unless there may be no room for it; then it stays.

        Each thread keeps to the limit with a whole batch to spare for each, so that together they never pass it.
        """
        code = Code.define(self.module, "flush", VOID, [POINTER], attributes=("noinline",))
        (env,) = code.args
        layout, words = self.layout, self.layout.words
        shared = load_pointer(code, env, Env.SHARED)
        wanted = code.add(self.sharing.load(code, shared, Shared.COUNT), self.threads * BATCH)
        with code.when(code.compare(">", wanted, code.load(shared, Shared.LIMIT))):
            code.give()
        fill = code.load(env, Env.FILL)
        judge = self.generator.judge(self.module)
        if isinstance(self.table, Indexed):
            with code.loop(0, fill) as number:
                self.table.prepare(code, shared, code.load(env, code.add(number, layout.hashes)))
        states = load_pointer(code, shared, Shared.STATES)
        predecessors = load_pointer(code, shared, Shared.PREDECESSORS)
        mask = code.room(layout.mask_words)
        with code.loop(0, fill) as number:
            state = code.at(env, code.add(code.mul(number, words), layout.batch))
            hashed = code.load(env, code.add(number, layout.hashes))
            index = self._reserve(code, env, shared)
            place = code.at(states, code.mul(index, words))
            code.copy(place, state, words)
            code.store_short(predecessors, index, code.load(env, code.add(number, layout.origins)))
            with code.when(self.table.insert(code, shared, state, hashed, index)):
                if self.threads > 1:
                    code.store(env, Env.SPARE, code.add(index, 1))
                else:
                    code.store(shared, Shared.COUNT, code.add(index, 1))
                if judge is not None:
                    for word in range(layout.mask_words):
                        code.store(mask, word, 0)
                    code.call(judge, env, place, mask)
                    self._note_violations(code, note, layout.open, mask, index, place)
                    self._blame(code, env, index)
        code.store(env, Env.FILL, 0)
        code.give()
        return code

    def _reserve(self, code: Code, env: Value, shared: Value) -> Value:
        """The index that a new state gets; threads take a batch of them at a time, and may leave some unused."""
        if self.threads == 1:
            return code.load(shared, Shared.COUNT)
        with code.when(code.equal(code.load(env, Env.SPARE), code.load(env, Env.SPARE_END))):
            first = self.sharing.take(code, shared, Shared.COUNT, BATCH)
            code.store(env, Env.SPARE, first)
            code.store(env, Env.SPARE_END, code.add(first, BATCH))
        return code.load(env, Env.SPARE)

    def _blame(self, code: Code, env: Value, index: Value) -> None:
        """Remember the first state at which the model's code reported an error."""
        failed = code.compare("!=", code.load(env, Env.ERROR), 0)
        first = code.equal(code.load(env, Env.CULPRIT), 0)
        with code.when(rarely(code, code.bit_and(failed, first))):
            code.store(env, Env.CULPRIT, code.add(index, 1))

    def _put(self) -> Code:
        """`put(env, state, origin)`: add a state to the batch, which has room, and have its slot fetched."""
        code = Code.define(self.module, "put", VOID, [POINTER, POINTER, I64], attributes=("alwaysinline",))
        env, state, origin = code.args
        layout, words = self.layout, self.layout.words
        shared = load_pointer(code, env, Env.SHARED)
        fill = code.load(env, Env.FILL)
        place = code.at(env, code.add(code.mul(fill, words), layout.batch))
        code.copy(place, state, words)
        representative = self.generator.representative(self.module)
        if representative is not None:
            code.call(representative, env, place)
        hashed = write_hash(code, place if representative is not None else state, words)
        fetch_slot(code, shared, hashed)
        code.store(env, code.add(fill, layout.hashes), hashed)
        code.store(env, code.add(fill, layout.origins), origin)
        code.store(env, Env.FILL, code.add(fill, 1))
        code.give()
        return code

    def _emit(self, put: Code, flush: Code) -> Code:
        """`emit(env, after, transition)`: take note of a step of the state that is being expanded.

        Where there is no room for more, the steps from here on are refused; the state is expanded again when there is,
        and the steps that had been taken note of are skipped.  It is a function of its own: written into every place
        that calls it, it was not faster, and a model with hundreds of such places took seconds to compile.
        """
        layout = self.layout
        note_step = None
        judge_step = self.generator.judge_step(self.module)
        if judge_step is not None:
            at = (layout.step_open, layout.step_found, layout.step_properties)
            note_step = self._note("note_step", *at, steps=True)
        code = Code.define(self.module, "emit", VOID, [POINTER, POINTER, I64], attributes=("noinline",))
        env, after, transition = code.args
        ordinal = code.load(env, Env.ORDINAL)
        with code.when(rarely(code, code.compare("<", ordinal, code.load(env, Env.SKIP)))):
            code.store(env, Env.ORDINAL, code.add(ordinal, 1))
            code.give()
        with code.when(rarely(code, code.equal(code.load(env, Env.FILL), BATCH))):
            code.call(flush, env)
            with code.when(code.equal(code.load(env, Env.FILL), BATCH)):
                code.store(env, Env.REFUSED, 1)
                code.give()
        code.store(env, Env.ORDINAL, code.add(ordinal, 1))
        tally = code.add(transition, layout.taken)
        code.store(env, tally, code.add(code.load(env, tally), 1))
        before = load_pointer(code, env, Env.BEFORE)
        with code.when(code.negate(write_equal(code, before, after, layout.words))):
            code.store(env, Env.MOVES, 1)
            source = code.load(env, Env.SOURCE)
            if judge_step is not None and note_step is not None:
                mask = code.room(layout.step_mask_words)
                for word in range(layout.step_mask_words):
                    code.store(mask, word, 0)
                code.call(judge_step, env, before, after, transition, mask)
                self._note_violations(code, note_step, layout.step_open, mask, source, after)
            self._pass_over_recent(code, env, after)
            code.call(put, env, after, source)
        code.give()
        return code

    def _pass_over_recent(self, code: Code, env: Value, after: Value) -> None:
        """Return if a state has been put into a batch of late; if not, it has been now.

        States near each other in a level have many successors in common, and to find that out here takes neither a
        representative nor a look at the table, which is too large for the processor's own memory.
        """
        layout, words = self.layout, self.layout.words
        hashed = code.shift_right(write_hash(code, after, words), _RECENT_SHIFT)
        place = code.mul(code.bit_and(hashed, layout.recent_places - 1), words)
        kept = code.at(env, code.add(place, layout.recent))
        some = code.number(0)
        for word in range(words):
            some = code.bit_or(some, code.load(after, word))
        same = code.bit_and(write_equal(code, kept, after, words), code.compare("!=", some, 0))
        with code.when(same):
            code.give()
        code.copy(kept, after, words)

    # Expansion

    def _expand(self, successors: ir.Function, flush: Code, note: Code) -> None:
        """`expand(env) -> status`: expand states of the level until there is a reason to return."""
        code = Code.define(self.module, "expand", I64, [POINTER], public=True)
        (env,) = code.args
        shared = load_pointer(code, env, Env.SHARED)
        states = load_pointer(code, shared, Shared.STATES)
        stuck = self.generator.stuck(self.module)
        left = code.variable(code.load(shared, Shared.SLICE))
        mask = code.room(self.layout.mask_words)
        with code.repeat() as again:
            with code.when(code.equal(code.load(env, Env.RESUME), 0)):
                self._next(code, env, shared, left, flush)
            code.store(env, Env.RESUME, 0)
            index = code.load(env, Env.SOURCE)
            state = code.at(states, code.mul(index, self.layout.words))
            code.store(env, Env.ORDINAL, 0)
            code.call(successors, env, state)
            with code.when(rarely(code, code.compare("!=", code.load(env, Env.ERROR), 0))):
                self._blame(code, env, index)
                code.give(Status.ERROR)
            with code.when(rarely(code, code.compare("!=", code.load(env, Env.REFUSED), 0))):
                code.store(env, Env.REFUSED, 0)
                code.store(env, Env.SKIP, code.load(env, Env.ORDINAL))
                code.store(env, Env.RESUME, 1)
                code.give(Status.FULL)
            code.store(env, Env.SKIP, 0)
            if stuck is not None:
                with code.when(rarely(code, code.equal(code.load(env, Env.MOVES), 0))):
                    self._note_deadlock(code, note, stuck, state, mask, index)
        del again
        code.builder.unreachable()

    def _note_deadlock(
        self, code: Code, note: Code, stuck: ir.Function, state: Value, mask: Value, index: Value
    ) -> None:
        env = code.args[0]
        number = self.layout.deadlock
        with code.when(code.call(stuck, env, state)):
            for word in range(self.layout.mask_words):
                code.store(mask, word, 1 << number % 64 if word == number // 64 else 0)
            self._note_violations(code, note, self.layout.open, mask, index, state)

    def _next(self, code: Code, env: Value, shared: Value, left: Value, flush: Code) -> None:
        """Choose the next state to expand, or return."""
        sharing = self.sharing
        with code.repeat() as chosen:
            self._give_if(code, self._stopping(code, shared), Status.STOP)
            with code.when(rarely(code, code.equal(code.get(left), 0))):
                self._insert_all(code, env, flush)
                code.give(Status.SLICE)
            here = code.load(env, Env.NEXT)
            with code.when(code.compare("<", here, code.load(env, Env.END))):
                code.store(env, Env.NEXT, code.add(here, 1))
                code.store(env, Env.SOURCE, here)
                words = code.mul(here, self.layout.words)
                address = code.at(load_pointer(code, shared, Shared.STATES), words)
                code.builder.store(address, code.at(env, Env.BEFORE))
                code.store(env, Env.MOVES, 0)
                code.set(left, code.sub(code.get(left), 1))
                chosen.leave()
            chunk, last = code.load(shared, Shared.CHUNK), code.load(shared, Shared.LAST)
            first = sharing.take(code, shared, Shared.CURSOR, chunk)
            end = code.add(first, chunk)
            code.store(env, Env.NEXT, first)
            code.store(env, Env.END, code.select(code.compare("<", end, last), end, last))
            with code.when(code.compare(">=", first, last)):
                self._insert_all(code, env, flush)
                self._give_if(code, code.compare("!=", code.load(env, Env.ERROR), 0), Status.ERROR)
                self._advance(code, env, shared)

    def _insert_all(self, code: Code, env: Value, flush: Code) -> None:
        """Insert what is in the batch, or return for want of room."""
        code.call(flush, env)
        self._give_if(code, code.compare("!=", code.load(env, Env.FILL), 0), Status.FULL)

    def _stopping(self, code: Code, shared: Value) -> Value:
        return code.compare("!=", self.sharing.load(code, shared, Shared.STOP), 0)

    def _give_if(self, code: Code, condition: Value, status: Number) -> None:
        with code.when(rarely(code, condition)):
            code.give(status)

    def _advance(self, code: Code, env: Value, shared: Value) -> None:
        """Go on with the next level if this thread is alone and nobody has to be asked, or return.

        Levels can be small and many; to go through Python for each would cost more than to expand it.
        """
        count = code.load(shared, Shared.COUNT)
        if self.threads > 1:
            count = code.sub(count, code.sub(code.load(env, Env.SPARE_END), code.load(env, Env.SPARE)))
        last, level = code.load(shared, Shared.LAST), code.load(shared, Shared.LEVEL)
        size = code.sub(count, last)
        on = code.compare(">", size, 0)
        on = code.bit_and(on, code.compare("<=", size, code.load(shared, Shared.ALONE)))
        on = code.bit_and(on, code.compare("<", level, code.load(shared, Shared.DEEPEST)))
        on = code.bit_and(on, code.equal(code.load(shared, Shared.NEWS), 0))
        with code.when(code.negate(on)):
            code.give(Status.LEVEL)
        code.store(shared, Shared.COUNT, count)
        code.store(env, Env.SPARE, 0)
        code.store(env, Env.SPARE_END, 0)
        code.store(shared, Shared.CURSOR, last)
        code.store(shared, Shared.LAST, count)
        code.store(shared, Shared.LEVEL, code.add(level, 1))
        code.store(load_pointer(code, shared, Shared.LEVELS), code.add(level, 2), count)

    def _seed(self, put: Code, flush: Code) -> None:
        """`seed(env, states, n) -> taken`: insert initial states; fewer than n if there is no room for all."""
        code = Code.define(self.module, "seed", I64, [POINTER, POINTER, I64], public=True)
        env, states, total = code.args
        with code.loop(0, total) as number:
            with code.when(code.equal(code.load(env, Env.FILL), BATCH)):
                code.call(flush, env)
                with code.when(code.equal(code.load(env, Env.FILL), BATCH)):
                    code.give(number)
            code.call(put, env, code.at(states, code.mul(number, self.layout.words)), ROOT)
        code.call(flush, env)
        code.give(total)

    # Larger tables

    def _rebuild(self) -> None:
        """`rebuild(shared, first, last)`: insert states of the store into the table."""
        code = Code.define(self.module, "rebuild", VOID, [POINTER, I64, I64], public=True)
        shared, first, last = code.args
        words = self.layout.words
        states = load_pointer(code, shared, Shared.STATES)

        def state(index: Number) -> Value:
            return code.at(states, code.mul(index, words))

        with code.loop(first, last) as index:
            coming = code.add(index, _AHEAD)
            with code.when(code.compare("<", coming, last)):
                fetch_slot(code, shared, write_hash(code, state(coming), words))
            hashed = write_hash(code, state(index), words)
            self.table.insert(code, shared, state(index), hashed, index)
        code.give()

    def _grow(self, table: Keyed) -> None:
        """`grow(shared, slots) -> done`: spread the states over a larger table, of which they are the first slots.

        From the last slot down, every state goes to a place behind those that are still to be read, because its home
        is at least twice as far from the beginning.  That fails only near the beginning, so the first states are taken
        out beforehand, or if states are crowded as no good hash has them; then nothing is done that could be relied on.
        """
        code = Code.define(self.module, "grow", I64, [POINTER, I64], public=True)
        shared, slots = code.args
        slot_of = load_pointer(code, shared, Shared.TABLE)
        taken_out, cell = code.room(_TAKEN_OUT), code.room(1)

        def take(index: Value) -> Value:
            key = code.load(slot_of, index)
            code.store(slot_of, index, 0)
            return key

        def home(key: Value) -> Value:
            code.store(cell, 0, table.state(code, key))
            return code.shift_right(write_hash(code, cell, 1), code.load(shared, Shared.SHIFT))

        few = code.select(code.compare("<", slots, _TAKEN_OUT), slots, _TAKEN_OUT)
        with code.loop(0, few) as index:
            code.store(taken_out, index, take(index))
        with code.loop(few, slots) as number:
            index = code.sub(code.sub(code.add(slots, few), 1), number)
            key = take(index)
            with code.when(code.compare("!=", key, 0)):
                begin = home(key)
                self._give_if(code, code.compare("<=", begin, index), 0)
                spread = table.spread(code, shared, key, begin, _TAKEN_OUT)
                self._give_if(code, code.negate(spread), 0)
        with code.loop(0, few) as index:
            key = code.load(taken_out, index)
            with code.when(code.compare("!=", key, 0)):
                spread = table.spread(code, shared, key, home(key), _TAKEN_OUT)
                self._give_if(code, code.negate(spread), 0)
        code.give(1)

    def _relocate(self) -> None:
        """`relocate(shared, old, new)`: move a state to another index, which is free."""
        code = Code.define(self.module, "relocate", VOID, [POINTER, I64, I64], public=True)
        shared, old, new = code.args
        words = self.layout.words
        states = load_pointer(code, shared, Shared.STATES)
        predecessors = load_pointer(code, shared, Shared.PREDECESSORS)
        state = code.at(states, code.mul(old, words))
        if isinstance(self.table, Indexed):
            self.table.relocate(code, shared, write_hash(code, state, words), old, new)
        code.copy(code.at(states, code.mul(new, words)), state, words)
        code.store_short(predecessors, new, code.load_short(predecessors, old))
        code.give()

    def _find(self, table: Indexed) -> None:
        """`find(shared, state) -> index`: the index of a state; -1 if it has not been seen."""
        code = Code.define(self.module, "find", I64, [POINTER, POINTER], public=True)
        shared, state = code.args
        code.give(table.find(code, shared, state, write_hash(code, state, self.layout.words)))
