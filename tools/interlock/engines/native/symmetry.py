"""Symmetry reduction: one state stands for all that differ from it only in which element of a sort is which.

The elements of a sort without an order can be told apart by nothing but the state, so a permutation of them maps runs
to runs, and closed formulas hold in both or in neither.  The search therefore keeps one state of each orbit, its
*representative*.  It is exact if it depends on the orbit alone; if it does not, the search is as sound, but keeps more
states than it must.

Sorts that no symbol mentions together are treated one after another.  For sorts that depend on each other:

1. The rows of one of them, the greatest that allows it, are sorted (see `rows`).
2. All permutations of the others are tried, and the least state is taken.
3. If that takes too many, the elements are put in an order that depends on their use first (see `colours`).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from llvmlite import ir

from interlock.core.system import TransitionSystem
from interlock.core.types import SortType
from interlock.engines.native.code import POINTER, VOID, Code
from interlock.engines.native.colours import Colours
from interlock.engines.native.jit import Library
from interlock.engines.native.matching import Matching
from interlock.engines.native.packing import Packing
from interlock.engines.native.permuting import Permuting, plain_changes
from interlock.engines.native.rows import rows_of
from interlock.engines.native.unordered import Part, is_symmetric, part_of, together, told_apart, words_of

Representative: TypeAlias = Callable[[Sequence[int]], tuple[int, ...]]
"""From the words of a state to those of its representative."""


@dataclass(frozen=True)
class Symmetry:
    """The sorts of a system whose elements can be exchanged, for one packing."""

    packing: Packing
    parts: tuple[Part, ...]

    @classmethod
    def of(cls, system: TransitionSystem, packing: Packing) -> Symmetry | None:
        """The symmetry of a system; None if it has none."""
        apart = told_apart(system)
        sorts = [sort for sort in system.sorts if sort not in apart and is_symmetric(packing, sort)]
        parts = tuple(part_of(packing, group) for group in together(packing, sorts))
        return cls(packing, parts) if parts else None

    @property
    def exact(self) -> bool:
        """Whether the representative depends on the orbit alone."""
        return all(part.exact for part in self.parts)

    def __str__(self) -> str:
        return "; ".join(map(str, self.parts))

    def define(self, module: ir.Module, name: str = "representative") -> ir.Function:
        """Define `void name(env, state)`, which puts the representative in the state's place; env is not used."""
        permuting = Permuting(module, self.packing)
        code = Code.define(module, name, VOID, (POINTER, POINTER))
        state = code.args[1]
        for number, part in enumerate(self.parts):
            if part.tried:
                settle = _least(permuting, part, f"{name}.{number}")
            else:
                assert part.rows is not None
                settle = _settle(permuting, part.rows, f"{name}.{number}")
            code.call(settle, state)
        code.give()
        return code.function

    @property
    def sorts(self) -> tuple[SortType, ...]:
        """The sorts whose elements can be exchanged."""
        return tuple(sort for part in self.parts for sort in part.sorts)

    def alike(self, one: Sequence[int], two: Sequence[int]) -> bool:
        """Whether two states are in one orbit: exact, also where representatives are not."""
        if one == two:
            return True
        return self._matching.permutation(self.packing.unpack(one), self.packing.unpack(two)) is not None

    @cached_property
    def _matching(self) -> Matching:
        return Matching(self.packing, self.sorts)

    def compile(self) -> Representative:
        """A function that gives the representative of a state."""
        module = ir.Module("symmetry")
        inner = self.define(module)
        outer = Code.define(module, "run", VOID, (POINTER,), public=True)
        outer.call(inner, outer.args[0], outer.args[0])
        outer.give()
        library = Library.of(module)
        run = library.function("run", None, [ctypes.c_void_p])

        def representative(words: Sequence[int], _kept: Library = library) -> tuple[int, ...]:
            room = (ctypes.c_uint64 * len(words))(*words)
            run(ctypes.addressof(room))
            return tuple(room)

        return representative


def _least(permuting: Permuting, part: Part, name: str) -> Code:
    """Define `void name(state)`, which puts the least state in the place of one, of those that a part allows."""
    words = sorted({word for sort in part.sorts for word in words_of(permuting.packing, sort)})
    settle = None if part.rows is None else _settle(permuting, part.rows, f"{name}.rows")
    consider = _consider(permuting.module, settle, words, f"{name}.consider")
    if part.by_colours:
        return Colours(permuting, part.sorts, part.tried, words, settle, consider, name).define()
    code = Code.define(permuting.module, name, VOID, (POINTER,))
    state = code.args[0]
    here, trial = code.room(permuting.packing.words), code.room(permuting.packing.words)
    for word in words:
        code.store(here, word, code.load(state, word))
    if settle is not None:
        code.call(settle, state)

    def visit(sorts: Sequence[tuple[SortType, int]], *, first: bool) -> None:
        if not sorts:
            if not first:
                code.call(consider, here, trial, state)
            return
        (sort, size), *rest = sorts
        visit(rest, first=first)
        for element in plain_changes(size):
            code.call(permuting.exchange(sort, element), here)
            visit(rest, first=False)

    visit(list(zip(part.tried, part.sizes, strict=True)), first=True)
    code.give()
    return code


def _settle(permuting: Permuting, sort: SortType, name: str) -> Code:
    """Define `void name(state)`, which sorts the rows of a sort."""
    code = Code.define(permuting.module, name, VOID, (POINTER,))
    rows = rows_of(permuting.packing, sort)
    assert rows is not None
    rows.write(code, code.args[0])
    code.give()
    return code


def _consider(module: ir.Module, settle: Code | None, words: Sequence[int], name: str) -> Code:
    """Define `void name(state, room, best)`, which makes a state the best one if it is less, its rows sorted."""
    code = Code.define(module, name, VOID, (POINTER, POINTER, POINTER), attributes=("noinline",))
    state, room, best = code.args
    trial = state
    if settle is not None:
        trial = room
        for word in words:
            code.store(trial, word, code.load(state, word))
        code.call(settle, trial)
    less = code.false
    for word in reversed(words):
        new, old = code.load(trial, word), code.load(best, word)
        less = code.bit_or(code.below(new, old), code.bit_and(code.equal(new, old), less))
    with code.when(less):
        for word in words:
            code.store(best, word, code.load(trial, word))
    code.give()
    return code
