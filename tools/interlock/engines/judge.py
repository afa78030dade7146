"""Which engine judges which property, and what their findings add up to.

`search` runs the engines and yields what they find; `conclude` is a pure function of findings.  They are apart so that
a run that is interrupted, or whose process dies, still concludes from what was found until then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import assert_never

from interlock.core.system import Expectation, Property, PropertyKind, TransitionSystem
from interlock.core.trace import Trace
from interlock.core.verdict import Holds, NoneUpTo, NotInductive, Proved, Unknown, Verdict, Violated
from interlock.engines.protocol import Engine, Limits

PROVABLE: frozenset[PropertyKind] = frozenset(
    ("invariant", "lemma", "inferred", "step_invariant", "assertion", "unwrap", "range", "refinement")
)
"""Kinds that induction can settle."""

BOUNDED: frozenset[PropertyKind] = frozenset(
    ("invariant", "lemma", "step_invariant", "assertion", "unwrap", "range", "reachable", "refinement")
)
"""Kinds that bounded model checking can refute (or, for `reachable`, witness).

An `inferred` lemma is the tool's own guess, made to help a proof: nobody wants a counterexample to one.
"""

SIMULATED: frozenset[PropertyKind] = BOUNDED | frozenset[PropertyKind](("deadlock",))
"""Kinds that a random run can refute (or, for `reachable`, witness)."""

_SEARCHED: frozenset[PropertyKind] = BOUNDED | frozenset[PropertyKind](("deadlock", "liveness", "scenario"))

INTERNAL = "internal error"
"""How the reason of every `Unknown` begins that is a fault of the tool and not of the specification."""

NO_TIME = "no time left"
"""How the reason of an `Unknown` begins where the limit of the whole file was reached first."""

_GLANCE_DEPTH = 5
_GLANCE_SECONDS = 15.0
_COURTESY_SECONDS = 15.0
"""For proofs about a design of which nothing is expected to be proved, since it is there to be refuted."""


@dataclass(frozen=True)
class Engines:
    """The engines at hand, by the part they play."""

    prover: Engine
    bounded: Engine
    explorer: Engine


@dataclass(frozen=True)
class Finding:
    """What one engine says of one property."""

    property: str
    verdict: Verdict


@dataclass(frozen=True)
class Judgement:
    """The conclusion on one property: what was found, what the file expected, and whether that is as it should be.

    `notes` are short sentences on what else was tried; `cti` is kept beside a verdict that rests on a finite scope.
    `rests_on` is a property without which no proof of this one was found, and which is not proved itself.
    """

    name: str
    kind: PropertyKind
    verdict: Verdict
    expected: Expectation | None
    ok: bool
    notes: tuple[str, ...] = ()
    cti: Trace | None = None
    rests_on: str = ""
    doc: str = ""
    line: int | None = None


def finite_scope(system: TransitionSystem) -> dict[str, int]:
    """Sizes for the finite engines: the file's first `scope`, and two elements of each sort that it does not name."""
    given = dict(system.scopes[0].sizes) if system.scopes else {}
    return {sort.name: 2 for sort in system.sorts} | given


def unlimited() -> float:
    """Seconds left where nobody counts them."""
    return inf


def search(
    system: TransitionSystem,
    names: Sequence[str],
    engines: Engines,
    limits: Limits,
    left: Callable[[], float] = unlimited,
) -> Iterator[Finding]:
    """Judge the named properties, each by the engine that suits it, and yield findings as they come.

    Proof comes first, for all properties together since each may rest on the others; those that the file expects to be
    violated are left out of it, they would only fail.  A glance at short runs then refutes most plain mistakes before
    the finite scope is exhausted, and what even that leaves open is searched to the full depth.

    `left` tells how many seconds there are for all of it: no engine gets more, and what is open when none are left is
    Unknown for that reason.
    """
    expected = {expect.property: expect.verdict for expect in system.expects}
    kinds = {prop.name: prop.kind for prop in system.properties}
    verdicts: dict[str, list[Verdict]] = {name: [] for name in names}
    scope = limits.sizes or finite_scope(system)
    unbounded = replace(limits, sizes={})
    finite = replace(limits, sizes=scope)
    glance = replace(
        finite, depth=min(limits.depth, _GLANCE_DEPTH), total_seconds=min(limits.total_seconds, _GLANCE_SECONDS)
    )

    def undecided(wanted: frozenset[PropertyKind] | None = None) -> list[str]:
        able = _SEARCHED if wanted is None else wanted
        return [n for n in names if not _settled(verdicts[n]) and kinds[n] in able]

    def run(engine: Engine, wanted: Sequence[str], within: Limits) -> Iterator[Finding]:
        seconds = min(within.total_seconds, left()) if wanted else 0.0
        timed = replace(within, total_seconds=seconds)
        for finding in ask(engine, system, wanted, timed) if seconds > 0 else out_of_time(wanted):
            verdicts[finding.property].append(finding.verdict)
            yield finding

    hopeful = [n for n in undecided(PROVABLE) if expected.get(n) != "violated"]
    refuted = "violated" in expected.values() and "proved" not in expected.values()
    patience = min(limits.total_seconds, _COURTESY_SECONDS) if refuted else limits.total_seconds
    yield from run(engines.prover, hopeful, replace(unbounded, total_seconds=patience))
    yield from run(engines.bounded, [n for n in undecided(BOUNDED) if n in hopeful], glance)
    yield from run(engines.explorer, undecided(), finite)
    yield from run(engines.bounded, [n for n in undecided(BOUNDED) if not _exhausted(verdicts[n])], finite)
    yield from run(engines.prover, [n for n in undecided(PROVABLE) if expected.get(n) == "violated"], unbounded)


def out_of_time(names: Iterable[str]) -> Iterator[Finding]:
    """What is said of properties that no engine has time for."""
    return (Finding(name, Unknown("none", f"{NO_TIME} for this file")) for name in names)


def ask(engine: Engine, system: TransitionSystem, names: Sequence[str], limits: Limits) -> Iterator[Finding]:
    """Run one engine; a crash of the engine becomes an `Unknown` for whatever it had not judged.

    An exception is a bug of ours.  It must not take the verdicts of the other engines with it, and must not look like
    a verdict either: `conclude` never lets an internal error count as expected.
    """
    if not names:
        return
    open_names = list(names)
    problem = f"{INTERNAL}: {engine.name} gave no verdict"
    try:
        for name, verdict in engine.judge(system, names, limits):
            if name in open_names:
                open_names.remove(name)
            yield Finding(name, verdict)
    except Exception as bug:  # noqa: BLE001 (see above: the one place where a bug of an engine is contained)
        problem = f"{INTERNAL}: {engine.name} failed with {type(bug).__name__}: {bug}"
    for name in open_names:
        yield Finding(name, Unknown(engine.name, problem))


def conclude(
    system: TransitionSystem,
    names: Iterable[str],
    findings: Iterable[Finding],
    missing: str = "not judged",
    *,
    alone: bool = False,
) -> tuple[Judgement, ...]:
    """One judgement for each name, in the order of the file; `missing` is the reason where nothing was found.

    `alone` says that one engine was asked for by name: it can then only contradict an expectation, not meet all.
    """
    wanted = set(names)
    found: dict[str, list[Verdict]] = {name: [] for name in wanted}
    for finding in findings:
        if finding.property in found:
            found[finding.property].append(finding.verdict)
    expected: Mapping[str, Expectation] = {expect.property: expect.verdict for expect in system.expects}
    return tuple(
        _judgement(prop, expected.get(prop.name), found[prop.name], missing, alone=alone)
        for prop in system.properties
        if prop.name in wanted
    )


def _judgement(
    prop: Property, expected: Expectation | None, found: Sequence[Verdict], missing: str, *, alone: bool
) -> Judgement:
    verdict = merge(found) if found else Unknown("none", missing)
    cti = next((v.cti for v in found if isinstance(v, NotInductive)), None)
    return Judgement(
        name=prop.name,
        kind=prop.kind,
        verdict=verdict,
        expected=expected,
        ok=_is_ok(verdict, expected, prop, alone=alone),
        notes=_notes(verdict, found),
        cti=cti if isinstance(verdict, Holds | NotInductive | NoneUpTo) else None,
        rests_on=next((v.rests_on for v in found if isinstance(v, Unknown) and v.rests_on), ""),
        doc=prop.doc,
        line=prop.span.source.position(prop.span.start)[0] if prop.span else None,
    )


def _is_ok(verdict: Verdict, expected: Expectation | None, prop: Property, *, alone: bool) -> bool:
    if prop.kind == "inferred":  # a guess that is not confirmed has merely not helped
        return not (isinstance(verdict, Unknown) and verdict.reason.startswith(INTERNAL))
    return fits(verdict, expected, prop) if alone else meets(verdict, expected)


def merge(found: Sequence[Verdict]) -> Verdict:
    """What several engines' verdicts on one property add up to; the strongest claim wins and nothing is rounded up.

    Proved and violated together mean that one of our engines is wrong: that is an internal error, not a verdict.
    """
    proved = [v for v in found if isinstance(v, Proved)]
    violated = [v for v in found if isinstance(v, Violated)]
    if proved and violated:
        return Unknown(
            "judge",
            f"{INTERNAL}: {proved[0].method} proves it and {violated[0].method} ({violated[0].bound}) violates it; "
            "one of the two engines is wrong",
        )
    if violated:
        return min(violated, key=lambda v: len(v.trace.steps) if v.trace else 1_000_000)
    if proved:
        return min(proved, key=lambda v: len(v.trace.steps) if v.trace else 0)
    return max(found, key=_strength)


def meets(verdict: Verdict, expected: Expectation | None) -> bool:
    """Whether a verdict is what the file expects; a property that it does not list must hold.

    A fault of the tool meets nothing, not even `expect p unknown`.
    """
    if isinstance(verdict, Unknown) and verdict.reason.startswith(INTERNAL):
        return False
    match expected:
        case "proved":
            return isinstance(verdict, Proved)
        case "holds" | None:
            return isinstance(verdict, Proved | Holds)
        case "violated":
            return isinstance(verdict, Violated)
        case "unknown":
            return isinstance(verdict, Unknown)
        case _:
            assert_never(expected)


def fits(verdict: Verdict, expected: Expectation | None, prop: Property) -> bool:
    """Whether one engine's verdict is no contradiction to what the file expects.

    A bounded search that finds nothing fits a property that is expected to hold, and `holds` fits one that is expected
    to be proved; a failed or unfinished judgement of what must hold fits nothing.
    """
    match verdict:
        case Violated():
            return expected == "violated"
        case Proved() | Holds():
            return expected != "violated"
        case NoneUpTo():
            return not (prop.kind == "reachable" or (prop.kind == "scenario" and prop.possible))
        case NotInductive() | Unknown():
            internal = isinstance(verdict, Unknown) and verdict.reason.startswith(INTERNAL)
            return expected in ("violated", "unknown") and not internal
        case _:
            assert_never(verdict)


def _settled(found: Sequence[Verdict]) -> bool:
    return any(isinstance(v, Proved | Violated) for v in found)


def _exhausted(found: Sequence[Verdict]) -> bool:
    return any(isinstance(v, Holds) for v in found)


def _strength(verdict: Verdict) -> int:
    match verdict:
        case Proved() | Violated():
            return 5
        case Holds():
            return 4
        case NotInductive():
            return 3
        case NoneUpTo():
            return 2
        case Unknown():
            return 1 if verdict.reason.startswith(INTERNAL) else 0
        case _:
            assert_never(verdict)


def _notes(verdict: Verdict, found: Sequence[Verdict]) -> tuple[str, ...]:
    """What the other engines said, where it adds something to the verdict."""
    others: list[Verdict]
    if isinstance(verdict, Proved | Violated):
        others = [v for v in found if isinstance(v, Unknown) and v.reason.startswith(INTERNAL)]
    else:
        others = [v for v in found if v != verdict]
    return tuple(dict.fromkeys(_remark(other) for other in others))


def _remark(verdict: Verdict) -> str:
    match verdict:
        case NotInductive():
            return f"{verdict.method}: not inductive on its own"
        case NoneUpTo():
            return f"{verdict.method}: nothing found up to {verdict.bound}"
        case Unknown():
            return f"{verdict.method}: {verdict.reason}"
        case Proved() | Holds() | Violated():
            return f"{verdict.method}: {verdict.kind} ({verdict.bound})"
        case _:
            assert_never(verdict)
