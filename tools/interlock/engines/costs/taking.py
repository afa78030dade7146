"""Locks that threads take and let go by steps of their own, `acquire` and `release`, and not by `with`.

What a thread holds is told from the state: which locks of an instance it has, by the names that the standard modules
give to that.  A step takes some and lets some go; so many it holds at each place, if all ways there agree.  For to
take a lock that one holds, or to let one go that one does not, violates an assertion, and such a step costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from interlock.core.system import ProcessInfo, Transition, TransitionSystem, Update
from interlock.core.term import FALSE, TRUE, And, App, Eq, Not, Or, Symbol, Term, Var, conjuncts
from interlock.engines.costs.sections import Section, first_places, place_of, places_to, sections_of

_PARTS = {"held_": "", "reading_": ".read", "writing_": ".write"}
"""What a section is called by whom the standard modules remember as its holder."""

_OF_RCU = ("owes_", "delays_", "sees_")


@dataclass(frozen=True)
class Taking:
    """One lock that a kind of process takes without `with`: what says that it holds it, and where it does.

    `section` is None where that cannot be told: it depends on more than the place how many it holds.
    """

    holder: Symbol
    name: str
    section: Section | None


def holdings_of(system: TransitionSystem, process: ProcessInfo) -> tuple[Section, ...]:
    """What threads of a kind hold, by `with` and without."""
    taken = (taking.section for taking in takings_of(system, process))
    return (*sections_of(process), *(section for section in taken if section is not None))


def takings_of(system: TransitionSystem, process: ProcessInfo) -> Iterator[Taking]:
    """The locks that threads of a kind take by themselves; read-side sections of RCU are none."""
    own = [t for t in system.transitions if t.process == process.name]
    names = {section.name for section in sections_of(process)}
    for holder in dict.fromkeys(s for t in own for s in locked_by_itself(t)):
        if "." not in holder.name or is_of_rcu(holder, system):
            continue  # what is of no instance may be anything
        name = _name_of(holder)
        name = f"{name} without with" if name in names else name
        depths = _depths(system, process, own, holder)
        yield Taking(holder, name, None if depths is None else _section(process, own, name, depths))


def locked_by_itself(transition: Transition) -> Iterator[Symbol]:
    """What says who holds a lock, where a step changes it that is not the `with`'s own."""
    by_with = transition.label.endswith((".enter", ".exit", ".request"))
    for update in transition.updates:
        last = update.symbol.name.rpartition(".")[2]
        if not by_with and last.startswith(tuple(_PARTS)) and update.value != App(update.symbol, update.formals):
            yield update.symbol


def is_of_rcu(holder: Symbol, system: TransitionSystem) -> bool:
    """Whether a section is that of an RCU, on which only grace periods wait, and so no lock."""
    instance = holder.name.rpartition(".")[0]
    return any(s.name.startswith(tuple(f"{instance}.{kind}" for kind in _OF_RCU)) for s in system.symbols)


def _name_of(holder: Symbol) -> str:
    instance, _, last = holder.name.rpartition(".")
    return instance + next(part for begin, part in _PARTS.items() if last.startswith(begin))


def _depths(
    system: TransitionSystem, process: ProcessInfo, own: list[Transition], holder: Symbol
) -> Mapping[str, int] | None:
    """How many locks a thread holds at each place that it comes to; None where ways there do not agree."""
    depths = dict.fromkeys(first_places(system, process), 0)
    ahead = list(depths)
    while ahead:
        place = ahead.pop()
        for transition in own:
            if place_of(transition, process) != place:
                continue
            more = _taken(transition.update_of(holder), holder)
            if more is None or (then := depths[place] + more) < 0:
                return None
            for next_place in places_to(transition, process):
                if next_place not in depths:
                    depths[next_place] = then
                    ahead.append(next_place)
                elif depths[next_place] != then:
                    return None
    return depths


def _taken(update: Update | None, holder: Symbol) -> int | None:
    """How many more locks a thread has after a step; None where that depends."""
    if update is None:
        return 0
    before = App(holder, update.formals)
    match update.value:
        case Or(args=args) if before in args:
            rest, count = [a for a in args if a != before], 1
        case And(args=args) if before in args:
            rest, count = [a.arg if isinstance(a, Not) else TRUE for a in args if a != before], -1
        case value if not update.formals and value in (TRUE, FALSE):
            return 1 if value == TRUE else -1
        case _:
            return 0 if update.value == before else None
    return count * len(rest) if all(_is_one(term, update.formals) for term in rest) else None


def _is_one(term: Term, formals: tuple[Var, ...]) -> bool:
    """Whether a term says of each argument what it is, and nothing else."""
    parts = conjuncts(term)
    told = [part.left if part.left in formals else part.right for part in parts if isinstance(part, Eq)]
    return len(told) == len(parts) and set(told) == set(formals)


def _section(process: ProcessInfo, own: list[Transition], name: str, depths: Mapping[str, int]) -> Section:
    held = frozenset(place for place, depth in depths.items() if depth > 0)
    steps = [(place, to) for t in own if (place := place_of(t, process)) in depths for to in places_to(t, process)]
    enters = frozenset(place for place, to in steps if place not in held and to in held)
    exits = frozenset(place for place, to in steps if place in held and to not in held)
    return Section(process, name, held, enters, exits, frozenset(), taken=True)
