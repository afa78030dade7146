"""The set of states that have been seen, as code: hashing, and open addressing with linear probing.

The highest bits of a hash say where a search for it begins.  So a table of twice the size has its states in the same
order, and growing reads and writes memory from one end to the other.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from interlock.engines.native.code import Code, Exit, Number, Value
from interlock.engines.native.kernel import Shared
from interlock.engines.native.sharing import Sharing, load_pointer, prefetch

_MULTIPLIERS = (0xFF51AFD7ED558CCD, 0x9E3779B97F4A7C15, 0xC4CEB9FE1A85EC53, 0xD6E8FEB86659FD93)
_OCCUPIED = 1 << 63
_INDEX_BITS = 40
_TAG_BITS = 64 - _INDEX_BITS
_INDEX_MASK = (1 << _INDEX_BITS) - 1

Index: TypeAlias = Value
"""The index of a state, an i64."""


def write_hash(code: Code, state: Value, words: int) -> Value:
    """Hash a state to 64 bits: multiply and shift for every word, so that each bit reaches the highest ones."""
    mixed = code.number(0)
    for word in range(words):
        mixed = code.xor(mixed, code.load(state, word))
        mixed = code.mul(code.xor(mixed, code.shift_right(mixed, 32)), _MULTIPLIERS[word % 4])
    mixed = code.xor(mixed, code.shift_right(mixed, 29))
    return code.mul(mixed, _MULTIPLIERS[(words + 1) % 4])


class Table(Protocol):
    """One way to keep the states; it writes the code that looks a state up and inserts it."""

    def prepare(self, code: Code, shared: Value, hashed: Value) -> None:
        """Have memory on its way that `insert` is about to read, given that the slot has arrived."""
        ...

    def insert(self, code: Code, shared: Value, state: Value, hashed: Value, index: Index) -> Value:
        """Code that inserts a state: whether it is new.

        `index` is where the state will stand, if it is new, in the store; where the table refers to the store, the
        state has to be there already.
        """
        ...


@dataclass(frozen=True)
class Keyed:
    """A slot is the state itself, with the highest bit set: states of one word and at most 63 bits.

    One access to memory for a probe, as nothing else has to be looked at.
    """

    sharing: Sharing

    def prepare(self, code: Code, shared: Value, hashed: Value) -> None:
        """Nothing: the slot is all that is read."""

    def insert(self, code: Code, shared: Value, state: Value, hashed: Value, index: Index) -> Value:
        """Code that inserts a state: whether it is new."""
        del index
        key = code.bit_or(code.load(state), _OCCUPIED)
        new = code.variable(code.false)
        with _probe(code, shared, hashed) as (probe, out):
            seen = code.variable(self.sharing.load(code, probe.table, probe.slot))
            with code.when(code.equal(code.get(seen), 0)):
                claimed, there = self.sharing.claim(code, probe.table, probe.slot, key)
                with code.when(claimed):
                    code.set(new, code.true)
                    out.leave()
                if not code.ended:
                    code.set(seen, there)
            out.leave_if(code.equal(code.get(seen), key))
        return code.get(new)

    def state(self, code: Code, key: Value) -> Value:
        """The state that a slot holds."""
        return code.bit_and(key, _OCCUPIED - 1)

    def spread(self, code: Code, shared: Value, key: Value, home: Value, most: int) -> Value:
        """Code that puts a key which is not there in the first empty slot: whether that was among so many."""
        table = load_pointer(code, shared, Shared.TABLE)
        mask = code.shift_right(-1, code.load(shared, Shared.SHIFT))
        step = code.variable(0)
        with code.repeat() as out:
            slot = code.bit_and(code.add(home, code.get(step)), mask)
            with code.when(code.equal(code.load(table, slot), 0)):
                code.store(table, slot, key)
                out.leave()
            code.set(step, code.add(code.get(step), 1))
            out.leave_if(code.equal(code.get(step), most))
        return code.compare("<", code.get(step), most)


@dataclass(frozen=True)
class Indexed:
    """A slot is the index of a state in the store, with bits of its hash to tell most others apart.

    For wide states, and where the index of a state has to be found.
    """

    sharing: Sharing
    words: int

    def prepare(self, code: Code, shared: Value, hashed: Value) -> None:
        """Fetch the state that the first slot refers to, if it looks like the one that is sought."""
        table, slot, _ = _home(code, shared, hashed)
        seen = self.sharing.load(code, table, slot)
        with code.when(code.equal(code.shift_right(seen, _INDEX_BITS), _tag(code, hashed))):
            prefetch(code, self._state(code, shared, seen))

    def insert(self, code: Code, shared: Value, state: Value, hashed: Value, index: Index) -> Value:
        """Code that inserts a state: whether it is new."""
        new = code.variable(code.false)
        tag = _tag(code, hashed)
        value = code.bit_or(code.shift_left(tag, _INDEX_BITS), code.add(index, 1))
        with _probe(code, shared, hashed) as (probe, out):
            seen = code.variable(self.sharing.load(code, probe.table, probe.slot))
            with code.when(code.equal(code.get(seen), 0)):
                claimed, there = self.sharing.claim(code, probe.table, probe.slot, value)
                with code.when(claimed):
                    code.set(new, code.true)
                    out.leave()
                if not code.ended:
                    code.set(seen, there)
            out.leave_if(self._same(code, shared, state, tag, code.get(seen)))
        return code.get(new)

    def find(self, code: Code, shared: Value, state: Value, hashed: Value) -> Index:
        """Code that finds the index of a state; all ones if it has not been seen."""
        found = code.variable(-1)
        tag = _tag(code, hashed)
        with _probe(code, shared, hashed) as (probe, out):
            seen = self.sharing.load(code, probe.table, probe.slot)
            out.leave_if(code.equal(seen, 0))
            with code.when(self._same(code, shared, state, tag, seen)):
                code.set(found, code.sub(code.bit_and(seen, _INDEX_MASK), 1))
                out.leave()
        return code.get(found)

    def relocate(self, code: Code, shared: Value, hashed: Value, old: Index, new: Index) -> None:
        """Code that has the slot of the state at one index refer to another."""
        tag = code.shift_left(_tag(code, hashed), _INDEX_BITS)
        with _probe(code, shared, hashed) as (probe, out):
            seen = code.load(probe.table, probe.slot)
            with code.when(code.equal(seen, code.bit_or(tag, code.add(old, 1)))):
                code.store(probe.table, probe.slot, code.bit_or(tag, code.add(new, 1)))
                out.leave()
            out.leave_if(code.equal(seen, 0))

    def _state(self, code: Code, shared: Value, seen: Value) -> Value:
        states = load_pointer(code, shared, Shared.STATES)
        return code.at(states, code.mul(code.sub(code.bit_and(seen, _INDEX_MASK), 1), self.words))

    def _same(self, code: Code, shared: Value, state: Value, tag: Value, seen: Value) -> Value:
        """Whether a slot that is taken refers to a state."""
        same = code.variable(code.false)
        with code.when(code.equal(code.shift_right(seen, _INDEX_BITS), tag)):
            code.set(same, write_equal(code, self._state(code, shared, seen), state, self.words))
        return code.get(same)


def write_equal(code: Code, one: Value, two: Value, words: int) -> Value:
    """Whether two states are the same, without a branch for each word."""
    differ = code.number(0)
    for word in range(words):
        differ = code.bit_or(differ, code.xor(code.load(one, word), code.load(two, word)))
    return code.equal(differ, 0)


def fetch_slot(code: Code, shared: Value, hashed: Value) -> None:
    """Have the slot on its way at which a search for a hash begins."""
    table, slot, _ = _home(code, shared, hashed)
    prefetch(code, code.at(table, slot))


@dataclass(frozen=True)
class _Probe:
    """A slot that is being looked at."""

    table: Value
    slot: Value


def _home(code: Code, shared: Value, hashed: Value) -> tuple[Value, Value, Value]:
    shift = code.load(shared, Shared.SHIFT)
    return load_pointer(code, shared, Shared.TABLE), code.shift_right(hashed, shift), shift


def _tag(code: Code, hashed: Value) -> Value:
    """Bits of a hash that the place of a slot does not tell, but in very large tables."""
    return code.bit_and(code.shift_right(hashed, 16), (1 << _TAG_BITS) - 1)


@contextmanager
def _probe(code: Code, shared: Value, hashed: Number) -> Generator[tuple[_Probe, Exit], None, None]:
    """Code for one slot after another, from the home of a hash on, until it leaves."""
    table, home, shift = _home(code, shared, hashed)
    mask = code.shift_right(-1, shift)
    slot = code.variable(home)
    with code.repeat() as out:
        here = code.get(slot)
        yield _Probe(table, here), out
        code.set(slot, code.bit_and(code.add(here, 1), mask))
