"""Partial-order reduction: the locations at which a thread's steps are taken alone, without those of the others.

If nothing that anybody else may do disturbs the steps of a thread at a location, and no property can tell whether they
have been taken, then it is enough to take them first: any other order leads through states that no property tells
apart.  In terms of the field, these steps are a persistent ("ample") set, known statically:

- independence: no transition of another thread, and no action, disturbs them, unless it cannot be taken while the
  thread is there (`exclusion`);
- visibility: they write nothing that a judged property reads.  A property of one thread's own rows is exempt: that
  thread passes through the same rows in the same order whatever others do;
- cycles: no cycle of the control graph has only such locations, so that nobody is put off for ever.

The choice depends on the location alone, so what is found depends on neither threads nor order.  Preserved are the
judged properties, deadlocks, and which transitions are ever taken; not the number of states, nor shortest distances,
nor infinite runs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal as OneOf
from typing import assert_never

from interlock.core.system import ProcessInfo, Property, TransitionSystem
from interlock.core.term import And, Or, Quant, Symbol, Term, Var
from interlock.engines.native.exclusion import Exclusion, Flow, exclusion_of, flow_of, is_own
from interlock.engines.native.independence import Access, Footprint, Place, disturbs, footprints, meets, reads_of
from interlock.engines.native.stillness import holds_when_still


@dataclass(frozen=True)
class Ample:
    """Where the steps of each kind of process are taken alone: (process, location, its transitions).

    `steps` are all locations at which there is a step; `reason` says why there is no reduction where a property is the
    reason for the whole.
    """

    places: tuple[tuple[ProcessInfo, str, tuple[int, ...]], ...]
    steps: int
    reason: str = ""

    def __bool__(self) -> bool:
        return bool(self.places)

    def __str__(self) -> str:
        return f"partial-order reduction at {len(self.places)} of {self.steps} steps"


def ample_of(system: TransitionSystem, judged: Sequence[Property]) -> Ample:
    """The locations at which a thread's steps can be taken alone, given all properties that the search judges."""
    flows = [flow_of(system, process) for process in system.processes]
    steps = sum(len({move.source for move in flow.moves}) for flow in flows)
    for prop in judged:
        reason = _objection(prop)
        if reason:
            return Ample((), steps, reason)
    prints = footprints(system)
    seen = tuple(dict.fromkeys(read for prop in judged for read in visible_reads(system, prop, prints)))
    exclusion = exclusion_of(system, flows, prints)
    alone = partial(_is_alone, flows=flows, prints=prints, exclusion=exclusion)
    places: list[tuple[ProcessInfo, str, tuple[int, ...]]] = []
    for flow in flows:
        chosen = [
            location
            for location in flow.locations
            if is_own(flow.process.pc, flow.process, prints)
            and flow.numbers(location)
            and alone(flow, location)
            and not any(sees(seen, prints[number]) for number in flow.numbers(location))
        ]
        places += [(flow.process, location, flow.numbers(location)) for location in without_cycles(flow, chosen)]
    return Ample(tuple(places), steps)


def _objection(prop: Property) -> str:
    """Why there can be no reduction at all with a property."""
    match prop.kind:
        case "liveness":
            return f"{prop.name} speaks of infinite runs"
        case "refinement":
            return f"{prop.name} speaks of every step"
        case "step_invariant":
            still = holds_when_still(prop.formula)
            return "" if still else f"{prop.name} may say something of steps that change nothing it speaks of"
        case "invariant" | "lemma" | "inferred" | "reachable" | "assertion" | "unwrap" | "range":
            return ""
        case "deadlock" | "scenario":
            return ""
        case _:
            assert_never(prop.kind)


def _is_alone(
    flow: Flow, location: str, *, flows: Sequence[Flow], prints: Sequence[Footprint], exclusion: Exclusion
) -> bool:
    """Whether nothing that others can do, while a thread is at a location, disturbs its steps there."""
    own = [prints[number] for number in flow.numbers(location)]
    # steps are taken alone only where one is enabled: what all of them need is there, and stays
    met = {read for read in own[0].reads if None not in read.places and all(read in one.reads for one in own)}
    name = flow.process.name
    places = {f.process.name: f for f in flows}
    for number, other in enumerate(prints):
        if not any(disturbs(one, other, met) for one in own):
            continue
        there = places.get(other.process or "")
        sources: Sequence[str] = ("",) if there is None else [m.source for m in there.moves if m.number == number]
        if not all(exclusion.apart(name, location, other.process, source, number) for source in sources):
            return False
    return True


# Visibility


def sees(seen: Sequence[Access], footprint: Footprint) -> bool:
    """Whether a transition writes what a property reads."""
    return any(meets(write, read) for write in footprint.writes for read in seen)


def visible_reads(system: TransitionSystem, prop: Property, prints: Sequence[Footprint]) -> Iterator[Access]:
    """What a property reads, but for parts that speak of one thread's own rows."""
    for bound, terms in _parts(system, prop):
        reads = [read for term in terms for read in reads_of(term, bound)]
        changing = [read for read in reads if _is_written(read.symbol, prints)]
        if not _is_of_one_thread(system.processes, changing, prints):
            yield from changing


def _parts(system: TransitionSystem, prop: Property) -> Iterator[tuple[tuple[Var, ...], tuple[Term, ...]]]:
    """Formulas with free variables: the property is settled where one of them is, for some values, true (or false)."""
    match prop.kind:
        case "invariant" | "lemma" | "inferred" | "step_invariant":
            yield from ((bound, (term,)) for bound, term in _split(prop.formula, "forall", ()))
        case "reachable":
            yield from ((bound, (term,)) for bound, term in _split(prop.formula, "exists", ()))
        case "assertion" | "unwrap" | "range":
            for obligation in system.obligations:
                if obligation.property == prop.name:
                    variables = (*obligation.params, *obligation.witnesses)
                    yield variables, (obligation.reach, obligation.condition)
        case "deadlock" | "scenario" | "liveness" | "refinement":
            pass
        case _:
            assert_never(prop.kind)


def _split(
    term: Term, kind: OneOf["forall", "exists"], bound: tuple[Var, ...]
) -> Iterator[tuple[tuple[Var, ...], Term]]:
    match term:
        case Quant() if term.kind == kind:
            yield from _split(term.body, kind, (*(v for v in bound if v not in term.vars), *term.vars))
        case And() if kind == "forall":
            for part in term.args:
                yield from _split(part, kind, bound)
        case Or() if kind == "exists":
            for part in term.args:
                yield from _split(part, kind, bound)
        case _:
            yield bound, term


def _is_written(symbol: Symbol, prints: Sequence[Footprint]) -> bool:
    return any(write.symbol == symbol for print_ in prints for write in print_.writes)


def _is_of_one_thread(processes: Sequence[ProcessInfo], reads: Sequence[Access], prints: Sequence[Footprint]) -> bool:
    """Whether all reads are of rows of one thread, which only that thread writes."""
    rows: set[tuple[str, tuple[Place, ...]]] = set()
    for read in reads:
        owner = next((process for process in processes if is_own(read.symbol, process, prints)), None)
        row = read.places[: len(owner.params)] if owner is not None else (None,)
        if owner is None or None in row:
            return False
        rows.add((owner.name, row))
    return len(rows) <= 1


# Cycles


def without_cycles(flow: Flow, chosen: Sequence[str]) -> tuple[str, ...]:
    """As many of the locations as greed finds such that no cycle of the control graph has only those."""
    kept = list(chosen)
    while True:
        inside: Mapping[str, set[str]] = {
            place: {m.target for m in flow.moves if m.source == place and m.target in kept} for place in kept
        }
        circling = [place for place in kept if place in _reached(place, inside)]
        if not circling:
            return tuple(kept)
        # the location that lies on most ways round goes first; of equals, the last one
        kept.remove(max(reversed(circling), key=lambda place: _degree(place, inside, circling)))


def _reached(start: str, moves: Mapping[str, Collection[str]]) -> set[str]:
    """Locations to which some moves, at least one, lead."""
    found: set[str] = set()
    pending = list(moves[start])
    while pending:
        place = pending.pop()
        if place not in found:
            found.add(place)
            pending += moves[place]
    return found


def _degree(place: str, moves: Mapping[str, Collection[str]], among: Collection[str]) -> int:
    leaving = len([target for target in moves[place] if target in among])
    entering = len([source for source in among if place in moves[source]])
    return leaving * entering + (place in moves[place]) * len(among) ** 2
