"""Bounded search: runs of at most so many steps that break a property, or reach what is to be reached.

Over a finite scope all properties are searched at once on a ground formula; over sorts of any size each is searched
alone on a quantified one.  Both search shortest runs first, and each run is replayed by the evaluator before anyone
sees it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from time import monotonic

from interlock.core.system import Property, TransitionSystem
from interlock.core.trace import Trace
from interlock.core.verdict import NoneUpTo, Proved, Unknown, Verdict, Violated
from interlock.engines.protocol import Limits
from interlock.engines.refinement import simulation_of
from interlock.engines.z3.ask import Budget, ask
from interlock.engines.z3.cases import both, either
from interlock.engines.z3.confirm import DISAGREE, confirm
from interlock.engines.z3.cti import too_large
from interlock.engines.z3.finite import Finite, holds
from interlock.engines.z3.runs import Search, template
from interlock.engines.z3.terms import UnsupportedError
from interlock.engines.z3.unrolling import Sighting, Unrolling

METHOD = "bmc"
UNBOUNDED = "unbounded"
KINDS = frozenset(
    ("invariant", "lemma", "inferred", "step_invariant", "assertion", "unwrap", "range", "reachable", "refinement")
)


@dataclass(frozen=True)
class BoundedModelChecker:
    """The engine `bmc`.

    Over at most as many elements of each sort as the limits say (2 where they say nothing), or, where the limits say
    `unbounded`, over any number of them.
    """

    name: str = METHOD

    def judge(
        self, system: TransitionSystem, properties: Sequence[str], limits: Limits
    ) -> Iterator[tuple[str, Verdict]]:
        """Search for runs of up to `limits.depth` steps; see `interlock.engines.protocol`."""
        start = monotonic()
        open_: dict[str, Property] = {}
        for name in properties:
            prop = system.property(name)
            simulation = simulation_of(system, prop) if prop.kind == "refinement" else None
            if prop.kind not in KINDS:
                yield name, Unknown(METHOD, f"bounded model checking does not judge {prop.kind}")
            elif isinstance(simulation, str):
                yield name, Unknown(METHOD, simulation)
            else:
                open_[name] = prop
        search = _any_size if limits.unbounded else _finite
        for name, verdict in search(system, open_, limits):
            yield name, replace(verdict, seconds=monotonic() - start)


def _finite(system: TransitionSystem, props: Mapping[str, Property], limits: Limits) -> Iterator[tuple[str, Verdict]]:
    budget = Budget.of(limits)
    open_ = dict(props)
    try:
        finite = Finite(system, limits.sizes)
        search = Search(finite, template(finite), budget)
        start = ask(search.asked, budget)
    except UnsupportedError as unsupported:
        for name in open_:
            yield name, Unknown(METHOD, str(unsupported))
        return
    sizes = [f"{sort} <= {size}" for sort, size in finite.sizes.items()]
    scope = ", ".join([*sizes, *(f"{name} = {value}" for name, value in finite.given.items())])
    if start == "unsat":
        for name in open_:
            yield name, Unknown(METHOD, f"no initial state{f' with {scope}' if scope else ''}")
        return
    finished = -1
    for depth in range(limits.depth + 1):
        if not open_:
            return
        limits.progress(f"{METHOD}: depth {depth}")
        if depth:
            search.deepen()
        targets = search.targets(list(open_.values()))
        complete = True
        while open_:
            goal = either(targets[name] for name in open_)
            answer, model = search.reaches(goal)
            if answer != "sat":
                complete = answer == "unsat"
                break
            trace = search.trace(model)
            for name in [n for n in open_ if holds(model, targets[n])]:
                yield name, _found(system, open_.pop(name), trace, depth, scope)
        if not complete:
            break
        finished = depth
    for name in open_:
        yield name, _not_found(finished, scope, limits)


def _any_size(system: TransitionSystem, props: Mapping[str, Property], limits: Limits) -> Iterator[tuple[str, Verdict]]:
    budget = Budget.of(limits)
    open_ = dict(props)
    try:
        unrolling = Unrolling(system, budget)
        if unrolling.starts() == "unsat":
            for name in open_:
                yield name, Unknown(METHOD, "no initial state")
            return
        for depth in range(limits.depth + 1):
            if depth and open_:
                unrolling.deepen()
            for name, prop in list(open_.items()):
                limits.progress(f"{METHOD}: depth {depth}, {name}")
                verdict = _judged(unrolling, prop, depth, limits)
                if verdict is not None:
                    del open_[name]
                    yield name, verdict
    except UnsupportedError as unsupported:
        for name in open_:
            yield name, Unknown(METHOD, str(unsupported))
        return
    for name in open_:
        yield name, _not_found(limits.depth, UNBOUNDED, limits)


def _judged(unrolling: Unrolling, prop: Property, depth: int, limits: Limits) -> Verdict | None:
    """The verdict on a property from runs of one length more; None where there is none yet."""
    try:
        answer, sighting = unrolling.reaches(prop)
    except UnsupportedError as unsupported:
        return Unknown(METHOD, str(unsupported))
    if sighting is not None:
        trace = _spelt_out(unrolling.system, prop, sighting, unrolling.budget)
        if isinstance(trace, str):
            return Unknown(METHOD, trace, f"depth {depth}, {UNBOUNDED}")
        return _found(unrolling.system, prop, trace, depth, UNBOUNDED)
    return None if answer == "unsat" else _not_found(depth - 1, UNBOUNDED, limits)


def _spelt_out(system: TransitionSystem, prop: Property, sighting: Sighting, budget: Budget) -> Trace | str:
    """The run that was seen, found once more in a finite instance of its size; or why it cannot be shown."""
    elements = max((sighting.sizes[sort.name] for sort in system.sorts), default=1)
    steps = len(sighting.path)
    if too_large(system, elements):
        return f"a run of {steps} steps was found, but with too many elements to show it: {elements} of one sort"
    finite = Finite(system, sighting.sizes)
    search = Search(finite, template(finite), budget)
    for _ in sighting.path:
        search.deepen()
    path = search.takes(sighting.path)
    answer, model = search.reaches(both((*path, search.targets([prop])[prop.name])))
    if answer == "unknown":
        return f"a run of {steps} steps was found, but there was no time to show it"
    return search.trace(model) if answer == "sat" else f"{DISAGREE}: the run that was found is not one"


def _not_found(finished: int, scope: str, limits: Limits) -> Verdict:
    """What is said of a property when the search ends with runs of that length."""
    if finished < 0:
        return Unknown(METHOD, f"no answer for depth 0 within {limits.query_seconds:g} s", scope)
    return NoneUpTo(METHOD, _bound(finished, scope))


def _found(system: TransitionSystem, prop: Property, trace: Trace, depth: int, scope: str) -> Verdict:
    confirmed = confirm(system, prop, trace)
    bound = _bound(depth, scope)
    if isinstance(confirmed, str):
        return Unknown(METHOD, confirmed, bound)
    if prop.kind == "reachable":
        return Proved(METHOD, bound, trace=confirmed)
    return Violated(METHOD, bound, confirmed)


def _bound(depth: int, scope: str) -> str:
    return ", ".join(filter(None, (f"depth {depth}", scope)))
