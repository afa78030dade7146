"""Which blocks a candidate can still reach when all its threads have ended: what it cannot is lost.

Everything that refers to something counts, cells or not, since whoever says that a block is lost must be right.  Only
what belongs to the runtime is passed over, which knows every block there ever was.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence
from types import BuiltinFunctionType, FrameType, FunctionType, ModuleType
from typing import cast

from interlock_conformance.primitives.deterministic import DeterministicRuntime
from interlock_conformance.primitives.memory import QuarantineHeap, Region, Space
from interlock_conformance.scheduling.machine import Machine, Thread

_PASSED_OVER = (
    ModuleType,
    type,
    FrameType,
    BuiltinFunctionType,
    Machine,
    Thread,
    Space,
    Region,
    DeterministicRuntime,
    int,
    str,
)


def lost_blocks(candidate: object, space: Space) -> tuple[str, ...]:
    """Names of the blocks of the candidate's heaps that are allocated and that nothing of the candidate's leads to."""
    heaps: list[QuarantineHeap[..., object]] = []
    seen = {id(candidate)}
    waiting = [candidate]
    while waiting:
        thing = waiting.pop()
        for part in _parts(thing):
            if id(part) not in seen:
                seen.add(id(part))
                if isinstance(part, QuarantineHeap):
                    heaps.append(cast("QuarantineHeap[..., object]", part))
                elif not isinstance(part, _PASSED_OVER):
                    waiting.append(part)
    blocks = [block for heap in heaps for block in heap.peek()]
    return tuple(space.show(block) for block in blocks if space.is_live(block) and id(block) not in seen)


def _parts(thing: object) -> Sequence[object]:
    """What a thing leads to; the globals of a function are nobody's own."""
    if isinstance(thing, FunctionType):
        return (*(thing.__closure__ or ()), thing.__defaults__, thing.__kwdefaults__)
    return gc.get_referents(thing)
