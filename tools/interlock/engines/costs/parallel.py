"""What can go on at the same time: two holdings, two operations of a kind; and what lives when nothing goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from interlock.core.system import ProcessInfo, TransitionSystem
from interlock.core.term import Eq, Term, conj, exists, forall, negate
from interlock.core.types import EnumType
from interlock.engines.costs.quantities import WHOLE, Possible, Quantity
from interlock.engines.costs.sections import among, ends, first_places, heaps_of, sections_of
from interlock.engines.costs.taking import holdings_of


def pairs_of(system: TransitionSystem, process: ProcessInfo) -> Iterator[Possible]:
    """Two threads of a kind in a section at once, and two that are both in the midst of their operations.

    Who waits to enter a section is not in the midst of anything.
    """
    if not process.params:
        return  # there is one thread
    for section in holdings_of(system, process):
        yield Possible(process.name, section.name, _two(process, section.places))
    if ends(system, process):
        members = process.pc.result.members if isinstance(process.pc.result, EnumType) else ()
        idle = {process.done, *first_places(system, process)}
        idle |= {place for s in sections_of(process) for place in s.enters | s.requests}
        yield Possible(process.name, WHOLE, _two(process, frozenset(members) - idle))


def _two(process: ProcessInfo, places: frozenset[str]) -> Term:
    one = process.params
    two = tuple(replace(p, name=f"other_{p.name}") for p in one)
    differ = negate(conj(Eq(a, b) for a, b in zip(one, two, strict=True)))
    return exists((*one, *two), conj((differ, among(process, one, places), among(process, two, places))))


def memory_of(system: TransitionSystem) -> tuple[Quantity, ...]:
    """Blocks of each heap that live at any time, and once every thread is done, waits at rest or has not begun."""
    at_rest = conj(
        forall(
            process.params,
            among(process, process.params, first_places(system, process) | {process.done, *process.rest}),
        )
        for process in system.processes
    )
    return tuple(
        quantity
        for heap in heaps_of(system)
        for quantity in (
            Quantity("", heap.name, "at rest", heap.live(), at_rest),
            Quantity("", heap.name, "at most", heap.live()),
        )
    )
