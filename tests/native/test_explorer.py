"""The native explorer finds what the reference does: states, transitions, depth, verdicts, lengths of counterexamples."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from tests.engines import systems as hand
from tests.engines.random_systems import Features, systems

from interlock.core.system import Property, TransitionSystem
from interlock.core.term import App, Eq, Literal, Unwrap
from interlock.core.types import BOOL, INT, OptionType, RangeType
from interlock.core.verdict import Proved, Violated
from interlock.engines.evaluate import Unsupported, replay
from interlock.engines.explore import Exploration
from interlock.engines.judge import finite_scope
from interlock.engines.native.explorer import NativeExploration
from interlock.engines.protocol import Limits
from interlock.pipeline import lower_file, read_bytes

FUZZ = bool(os.environ.get("INTERLOCK_FUZZ"))
SETTINGS = settings(max_examples=300 if FUZZ else 15, deadline=None, suppress_health_check=list(HealthCheck))
SPEC = Path(__file__).parents[2] / "spec"
FILES = sorted(str(p.relative_to(SPEC)) for p in SPEC.rglob("*.ilk"))
APART = ("scenario", "liveness")
STATES = 6000
NUMBER = RangeType(0, 2)

FULL = {"symmetry": False, "partial_order": False}


def explored(kind, system, sizes, **limits):
    names = [p.name for p in system.properties if p.kind not in APART]
    run = kind(system, names, Limits(sizes=sizes, total_seconds=120, **limits), measure=True)
    return dict(run.judge()), run.stats()


def agree(system, sizes, states=STATES, **limits):
    """Both explorers agree; False where the scope is too large for the reference or not for machine code."""
    expected, there = explored(Exploration, system, sizes, states=states)
    if not there.complete:
        return False
    try:
        found, here = explored(NativeExploration, system, sizes, **FULL, **limits)
    except Unsupported:
        return False
    assert (here.states, here.transitions, here.depth) == (there.states, there.transitions, there.depth)
    assert here.actions == there.actions
    assert here.complete
    for name, verdict in expected.items():
        assert found[name].kind == verdict.kind, name
        assert found[name].method == verdict.method
        if isinstance(verdict, Violated | Proved):
            assert len(found[name].trace.steps) == len(verdict.trace.steps), name
            assert replay(system, found[name].trace) is None
        else:
            assert found[name].bound == verdict.bound
    return True


def reduced_agrees(system, sizes, states=STATES):
    """With both reductions: the same verdicts, and counterexamples that are as short; fewer states or as many."""
    expected, there = explored(Exploration, system, sizes, states=states)
    if not there.complete:
        return ()
    try:
        found, here = explored(NativeExploration, system, sizes, threads=1)
    except Unsupported:
        return ()
    assert here.complete
    assert here.states <= there.states
    for name, verdict in expected.items():
        assert found[name].kind == verdict.kind, name
        if isinstance(verdict, Violated | Proved):
            assert len(found[name].trace.steps) == len(verdict.trace.steps), name
            assert replay(system, found[name].trace) is None
    dead = {action for action, count in there.actions if count == 0}
    assert {action for action, count in here.actions if count == 0} == dead
    return here.reductions


HAND = [
    hand.mutex(), hand.mutex(broken=True), hand.lost_update(), hand.lock_server(), hand.lock_server(broken=True),
    hand.ordered(), hand.philosophers(), hand.havoc(), hand.ranged(),
]  # fmt: skip


@pytest.mark.parametrize("system", HAND, ids=lambda s: s.name)
@pytest.mark.parametrize("threads", [1, 2])
def test_agrees_on_hand_written_systems(system, threads):
    agreed = [agree(system, {sort.name: size for sort in system.sorts}, threads=threads) for size in (1, 2, 3)]
    assert any(agreed)


@pytest.mark.parametrize("path", [f for f in FILES if "list_lru" not in f])
def test_agrees_on_the_gallery_and_the_library(path):
    system, _ = lower_file(str(SPEC / path), read_bytes)
    agree(system, finite_scope(system), threads=1)


@pytest.mark.slow
@pytest.mark.parametrize("path", [f for f in FILES if "list_lru" in f])
def test_agrees_on_list_lru(path):
    system, _ = lower_file(str(SPEC / path), read_bytes)
    agree(system, finite_scope(system), threads=2)


@SETTINGS
@given(systems(Features(symbolic_ranges=True)))
def test_agrees_on_random_systems(system):
    for size in (1, 2):
        agree(system, {sort.name: size for sort in system.sorts}, states=2000, threads=size)


@pytest.mark.parametrize("path", [f for f in FILES if "list_lru" not in f])
def test_reductions_keep_what_is_found(path):
    system, _ = lower_file(str(SPEC / path), read_bytes)
    reduced_agrees(system, finite_scope(system))


def test_both_reductions_are_used():
    system, _ = lower_file(str(SPEC / "gallery/two_lock_queue.ilk"), read_bytes)
    symmetry, partial_order = reduced_agrees(system, finite_scope(system))
    assert symmetry.startswith("symmetry: Item (3! = 6)")
    assert partial_order.startswith("partial-order reduction at ")


@pytest.mark.slow
@pytest.mark.parametrize("path", [f for f in FILES if "list_lru" in f])
def test_reductions_keep_what_is_found_in_list_lru(path):
    system, _ = lower_file(str(SPEC / path), read_bytes)
    reduced_agrees(system, finite_scope(system))


@SETTINGS
@given(systems(Features(symbolic_ranges=True)))
def test_reductions_keep_what_is_found_in_random_systems(system):
    reduced_agrees(system, {sort.name: 2 for sort in system.sorts}, states=2000)


def test_a_truth_value_that_is_read_where_nothing_is_is_false_also_inside_iff():
    """`1 = 2 iff flag(maybe!)` is true where `maybe` is none: both sides are false."""
    two = Literal(2, INT)
    flag, maybe = hand.var("flag", NUMBER, result=BOOL), hand.var("maybe", result=OptionType(NUMBER))
    claim = Property("claim", "lemma", Eq(Eq(Literal(1, INT), two), App(flag, (Unwrap(App(maybe)),))))
    system = TransitionSystem(
        "iff", (), (), (flag, maybe), (), (hand.starts(maybe, Literal(None, OptionType(NUMBER))),), (),
        (), (), (claim,),
    )  # fmt: skip
    assert agree(system, {}, threads=1)
