"""The three meanings of a system agree: the evaluator's, the ground one of bounded search, the unbounded one of proofs.

Every state and step that one of them has, the others have too; what is proved has no counterexample in any scope; the
shortest counterexample is equally short whoever finds it.  Set INTERLOCK_FUZZ=1 for many examples.
"""

import os
from dataclasses import replace
from itertools import islice, product

import pytest
from hypothesis import HealthCheck, given, settings
from tests.engines import systems as hand
from tests.engines.meanings import Ground, Unbounded, UndecidedError
from tests.engines.random_systems import Features, systems

from interlock.core.term import negate
from interlock.core.verdict import Holds, NoneUpTo, NotInductive, Proved, Unknown, Violated
from interlock.engines.evaluate import instantiate, replay
from interlock.engines.explore import ReferenceExplorer
from interlock.engines.protocol import Limits
from interlock.engines.z3.bmc import BoundedModelChecker
from interlock.engines.z3.finite import Finite, formulas
from interlock.engines.z3.prove import Induction
from interlock.engines.z3.terms import z3

FUZZ = bool(os.environ.get("INTERLOCK_FUZZ"))
SETTINGS = settings(max_examples=400 if FUZZ else 12, deadline=None, suppress_health_check=list(HealthCheck))
FEATURES = Features(symbolic_ranges=True)

HAND = [
    hand.mutex(), hand.mutex(broken=True), hand.lost_update(), hand.lock_server(), hand.lock_server(broken=True),
    hand.ordered(), hand.philosophers(), hand.havoc(), hand.ranged(),
]  # fmt: skip


def scopes(system, largest=2):
    names = [sort.name for sort in system.sorts]
    return [dict(zip(names, sizes, strict=True)) for sizes in product(range(1, largest + 1), repeat=len(names))]


def some_states(model, limit):
    """A few initial states and what follows them."""
    for state in islice(model.initial_states(), limit):
        yield state
        for step in islice(model.successors(state), limit):
            yield step.after


def check_meaning(system, states=2):
    """The encodings have the evaluator's states, formulas and steps; returns how often z3 could not say."""
    model = instantiate(system, {sort.name: 2 for sort in system.sorts})
    undecided = 0
    for packed in islice(some_states(model, states), 2 * states):
        state = model.to_state(packed)
        check_state(system, model, packed, Ground(system, state))
        try:
            check_state(system, model, packed, Unbounded(system, state))
        except UndecidedError:
            undecided += 1
    return undecided


def check_state(system, model, packed, meaning):
    """An encoding has one state's formulas and steps."""
    for formula in (p.formula for p in system.properties if p.kind in ("invariant", "lemma", "reachable")):
        expected = bool(model.formula(formula)(packed))
        assert meaning.true(formula) == expected
        assert meaning.true(negate(formula)) != expected
    for index in range(len(system.transitions)):
        distinct = {(s.args, s.witnesses, s.after): s for s in model.steps(packed, index)}
        possible, other = meaning.steps(index, [(s, model.to_state(s.after)) for s in distinct.values()])
        assert possible, f"{type(meaning).__name__} lacks a step of the evaluator"
        assert not other, f"{type(meaning).__name__} has a step that the evaluator lacks"


def check_initial(system):
    """Bounded search starts in an initial state exactly where the evaluator has one."""
    for sizes in scopes(system):
        model = instantiate(system, sizes)
        finite = Finite(system, sizes)
        solver = z3.Solver(ctx=finite.context)
        frame, conditions = finite.initial()
        solver.add(*finite.facts, *formulas(conditions, finite.context))
        for present in finite.universe.present.values():
            solver.add(*formulas(present, finite.context))
        states = [model.to_state(s) for s in islice(model.initial_states(), 40)]
        for state in states:
            solver.push()
            cells = [frame[s][row].is_(v) for s, table in state.tables.items() for row, v in table.items()]
            solver.add(*formulas(cells, finite.context))
            assert solver.check() == z3.sat
            solver.pop()
        if len(states) < 40:
            for state in states:
                cells = [frame[s][row].is_(v) for s, table in state.tables.items() for row, v in table.items()]
                solver.add(z3.Not(z3.And(z3.BoolVal(True, finite.context), *formulas(cells, finite.context))))
            assert solver.check() == z3.unsat


def judged(engine, system, names, limits):
    found = dict(engine.judge(system, names, limits))
    assert set(found) == set(names)
    for name, verdict in found.items():
        if isinstance(verdict, Unknown):
            assert not verdict.reason.startswith("internal error"), f"{name}: {verdict.reason}"
    return found


def check_verdicts(system, depth=4):
    """No two engines contradict one another, and shortest counterexamples are equally short."""
    kinds = ("invariant", "lemma", "step_invariant", "assertion", "unwrap", "range", "reachable", "refinement")
    names = [p.name for p in system.properties if p.kind in kinds]
    quick = Limits(query_seconds=2, total_seconds=30, depth=depth, states=3000)
    proved = judged(Induction(), system, names, quick)
    largest = {sort.name: 2 for sort in system.sorts}
    bounded = judged(BoundedModelChecker(), system, names, Limits(query_seconds=20, depth=depth, sizes=largest))
    unbounded = judged(BoundedModelChecker(), system, names, replace(quick, unbounded=True))
    explored = [
        judged(ReferenceExplorer(), system, names, Limits(depth=50, states=3000, total_seconds=30, sizes=sizes))
        for sizes in scopes(system)
    ]
    for name in names:
        shortest = [len(v.trace.steps) for found in explored for v in [found[name]] if getattr(v, "trace", None)]
        if isinstance(proved[name], Proved):
            assert not shortest, f"{name} is proved and has a counterexample"
        if isinstance(proved[name], Violated):
            assert not any(isinstance(found[name], Holds) for found in explored if not system.sorts)
        if isinstance(proved[name], NotInductive):
            assert replay(system, proved[name].cti, initial=False) is None
        check_unbounded(system, unbounded[name], proved[name], depth, [*shortest, *lengths(bounded[name])])
        trace = getattr(bounded[name], "trace", None)
        if trace is not None:
            assert replay(system, trace) is None
        complete = all(isinstance(f[name], Holds | Violated | Proved) or not short(f[name]) for f in explored)
        if isinstance(bounded[name], NoneUpTo):
            assert all(length > depth for length in shortest), f"{name}: bounded search misses a counterexample"
        elif trace is not None and complete:
            assert shortest, f"{name}: only bounded search has a counterexample"
            assert min(shortest) == len(trace.steps)


def check_unbounded(system, verdict, proof, depth, known):
    """Search over sorts of any size finds what a finite scope has, and no later; what it finds beyond that replays."""
    for length in lengths(verdict):
        assert replay(system, verdict.trace) is None
        assert all(length <= other for other in known), "a shorter counterexample was missed"
    if isinstance(verdict, Violated):
        assert not isinstance(proof, Proved), "what is proved is violated"
    if isinstance(verdict, NoneUpTo):
        finished = int(verdict.bound.removeprefix("depth ").removesuffix(", unbounded"))
        assert finished <= depth
        assert all(length > finished for length in known), "a counterexample was missed"


def lengths(verdict):
    """The length of a verdict's run, where it has one."""
    trace = getattr(verdict, "trace", None)
    return [] if trace is None else [len(trace.steps)]


def short(verdict):
    """Whether the explorer gave up before it had seen everything."""
    return isinstance(verdict, Unknown) or (isinstance(verdict, NoneUpTo) and "states" in verdict.bound)


@pytest.mark.parametrize("system", HAND, ids=lambda s: s.name)
def test_encodings_have_the_meaning_of_hand_built_systems(system):
    assert check_meaning(system) == 0
    check_initial(system)


@pytest.mark.parametrize("system", HAND, ids=lambda s: s.name)
def test_engines_agree_on_hand_built_systems(system):
    check_verdicts(system)


@SETTINGS
@given(systems(FEATURES))
def test_encodings_have_the_meaning_of_random_systems(system):
    check_meaning(system)


@SETTINGS
@given(systems(FEATURES))
def test_initial_states_of_random_systems_agree(system):
    check_initial(system)


@SETTINGS
@given(systems(FEATURES))
def test_engines_agree_on_random_systems(system):
    check_verdicts(system, depth=3)
