"""Liveness judged by machine code: the reference's verdicts, and lassos that are fair and break the property."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engines.systems import lock_server, mutex, ordered, starts, var, write

from interlock.core.system import Property, Transition, TransitionSystem
from interlock.core.term import App, Eq, Literal, Var, disj
from interlock.core.types import EnumType, SortType
from interlock.engines.evaluate import Unsupported, instantiate, replay
from interlock.engines.explore import Exploration
from interlock.engines.judge import finite_scope
from interlock.engines.native.explorer import NativeExploration
from interlock.engines.protocol import Limits
from interlock.pipeline import lower_file, read_bytes

FUZZ = bool(os.environ.get("INTERLOCK_FUZZ"))
SETTINGS = settings(max_examples=400 if FUZZ else 25, deadline=None, suppress_health_check=list(HealthCheck))
PLACE = EnumType("Place", tuple("abcdefg"))
WALKER = SortType("Walker")
W = Var("w", WALKER)
AT = var("at", WALKER, result=PLACE)


def at(name):
    return Eq(App(AT, (W,)), Literal(name, PLACE))


def walk(edges, start, causes, goals):
    """Walkers over seven places; each edge is an action with a fairness of its own."""
    steps = tuple(Transition(f"{a}{b}", (W,), at(a), (write(AT, (W,), Literal(b, PLACE)),)) for a, b in edges)
    goal = Property("goal", "liveness", disj(map(at, causes)), disj(map(at, goals)), params=(W,))
    fairness = tuple((f"{a}{b}", how) for (a, b), how in edges.items())
    return TransitionSystem(
        "walk", (WALKER,), (PLACE,), (AT,), (), (starts(AT, Literal(start, PLACE)),), (), steps, (), (goal,),
        action_fairness=fairness,
    )  # fmt: skip


def both(system, sizes):
    names = [p.name for p in system.properties if p.kind == "liveness"]
    limits = Limits(sizes=sizes, threads=1)
    expected = dict(Exploration(system, names, limits).judge())
    found = dict(NativeExploration(system, names, limits).judge())
    assert set(found) == set(names)
    for name in names:
        assert found[name].kind == expected[name].kind, name
        if found[name].kind == "violated":
            check_lasso(system, sizes, found[name].trace)
    return found


def check_lasso(system, sizes, trace):
    """The lasso is a run, closes, and treats every action instance as it must be treated."""
    assert replay(system, trace) is None
    assert trace.loop is not None
    assert trace.states[trace.loop] == trace.states[-1]
    model = instantiate(system, sizes)
    loop = [model.from_state(s) for s in trace.states[trace.loop :]]
    moved = {
        (s.action, tuple(v for _, v, _ in s.args))
        for s, before in zip(trace.steps[trace.loop :], trace.states[trace.loop :], strict=False)
        if s.after != before
    }
    able = [
        {(system.transitions[s.transition].action, s.args) for s in model.successors(state) if s.after != state}
        for state in loop
    ]
    for action, how in system.action_fairness:
        for unit in {u for units in able for u in units if u[0] == action}:
            always = all(unit in units for units in able)
            if how == "strong" or (how == "weak" and always):
                assert unit in moved, (unit, how)


edges = st.dictionaries(
    st.tuples(st.sampled_from("abcdefg"), st.sampled_from("abcdefg")),
    st.sampled_from(("none", "weak", "weak", "strong")),
    min_size=1,
    max_size=14,
)
places = st.sets(st.sampled_from("abcdefg"), min_size=1, max_size=3)


@SETTINGS
@given(edges, st.sampled_from("ab"), places, places, st.integers(1, 2))
def test_agrees_on_random_walks(edges, start, causes, goals, walkers):
    both(walk(edges, start, sorted(causes), sorted(goals)), {"Walker": walkers})


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("system", [mutex(), lock_server(), ordered(), ordered(fair=False)], ids=lambda s: s.name)
def test_agrees_on_hand_written_systems(system, size):
    sizes = {sort.name: size for sort in system.sorts}
    names = [p.name for p in system.properties if p.kind == "liveness"]
    limits = Limits(sizes=sizes, threads=1)
    expected = dict(Exploration(system, names, limits).judge())
    found = dict(NativeExploration(system, names, limits).judge())
    assert {n: v.kind for n, v in found.items()} == {n: v.kind for n, v in expected.items()}
    for verdict in found.values():
        if verdict.kind == "violated":
            assert replay(system, verdict.trace) is None
            assert verdict.trace.states[verdict.trace.loop] == verdict.trace.states[-1]


def test_strong_fairness_leaves_a_cycle_that_weak_fairness_does_not():
    cycle = {("a", "b"): "weak", ("b", "a"): "weak", ("b", "c"): "weak"}
    assert both(walk(cycle, "a", "a", "c"), {"Walker": 1})["goal"].kind == "violated"
    strong = {**cycle, ("b", "c"): "strong"}
    assert both(walk(strong, "a", "a", "c"), {"Walker": 1})["goal"].kind == "holds"


def test_states_that_oblige_are_left_out_and_the_rest_is_searched_again():
    """Without b, where the strong exit is enabled, the cycle over d and e is left, which is fair."""
    edges = {
        ("a", "b"): "none", ("b", "a"): "none", ("b", "c"): "strong", ("a", "d"): "none", ("d", "e"): "none",
        ("e", "d"): "none", ("d", "a"): "none",
    }  # fmt: skip
    verdict = both(walk(edges, "a", "a", "c"), {"Walker": 1})["goal"]
    assert verdict.kind == "violated"


SPEC = Path(__file__).parents[2] / "spec"


@pytest.mark.parametrize("path", sorted(str(p.relative_to(SPEC)) for p in SPEC.glob("gallery/**/*.ilk")))
def test_agrees_on_the_gallery(path):
    """The filter lock's twin once was wrong: a component of one thread's search was taken for one of the next's."""
    system, _ = lower_file(str(SPEC / path), read_bytes)
    names = [p.name for p in system.properties if p.kind == "liveness"]
    limits = Limits(sizes=finite_scope(system), threads=1, states=20_000)
    expected = dict(Exploration(system, names, limits).judge())
    try:
        found = dict(NativeExploration(system, names, limits).judge())
    except Unsupported:
        return
    assert {n: v.kind for n, v in found.items()} == {n: v.kind for n, v in expected.items()}
