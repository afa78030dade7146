"""Liveness under fairness, on systems whose answer is known."""

import re
from dataclasses import replace

import pytest
from tests.engines.systems import lock_server, mutex, ordered, starts, var

from interlock.core.system import Property, Transition, TransitionSystem, Update
from interlock.core.term import FALSE, TRUE, App, Eq, Literal, conj, negate
from interlock.core.types import EnumType
from interlock.engines.evaluate import replay
from interlock.engines.explore import explore
from interlock.engines.liveness import components
from interlock.engines.protocol import Limits
from interlock.pipeline import Request, check

PLACE = EnumType("Place", ("a", "b", "c"))
AT = var("at", result=PLACE)


def place(name):
    return Literal(name, PLACE)


def at(name):
    return Eq(App(AT), place(name))


def walk(*edges, fair=(), leads=(TRUE, None)):
    """A walk over three places; each edge is an action named by its ends."""
    steps = tuple(Transition(a + b, (), at(a), (Update(AT, (), place(b)),)) for a, b in edges)
    goal = Property("goal", "liveness", leads[0], leads[1] or at("c"))
    return TransitionSystem(
        "walk", (), (PLACE,), (AT,), (), (starts(AT, place("a")),), (), steps, (), (goal,), action_fairness=tuple(fair)
    )


def judge(system, name="goal"):
    verdict = explore(system, [name], Limits()).verdicts[name]
    trace = getattr(verdict, "trace", None)
    if trace is not None:
        assert replay(system, trace) is None
        assert trace.states[trace.loop] == trace.states[-1]
    return verdict


def taken(verdict):
    trace = verdict.trace
    return [s.action for s in trace.steps[: trace.loop]], [s.action for s in trace.steps[trace.loop :]]


def test_without_fairness_a_run_may_stay_where_it_is():
    verdict = judge(walk("ab", "bc"))
    assert verdict.kind == "violated"
    assert taken(verdict) == ([], [])
    reason, _, why = verdict.trace.reason.partition("; ")
    assert reason == "the run may stay here for ever without at = c"
    assert why.startswith("nothing is fair here")


def test_where_something_is_fair_nothing_is_said_of_fairness():
    reason = judge(walk("ab", "bc", fair=(("ab", "weak"),))).trace.reason
    assert reason == "the run may stay here for ever without at = c"


def test_weak_fairness_moves_what_stays_enabled():
    assert judge(walk("ab", "bc", fair=(("ab", "weak"), ("bc", "weak")))).kind == "holds"


def test_one_unfair_step_is_where_the_run_stays():
    verdict = judge(walk("ab", "bc", fair=(("ab", "weak"),)))
    assert taken(verdict) == (["ab"], [])


CYCLE = ("ab", "ba", "bc")


def test_weak_fairness_does_not_leave_a_cycle_that_disables_the_way_out():
    verdict = judge(walk(*CYCLE, fair=tuple((e, "weak") for e in CYCLE)))
    assert verdict.kind == "violated"
    stem, loop = taken(verdict)
    assert stem == []
    assert sorted(loop) == ["ab", "ba"]
    assert "goes round for ever" in verdict.trace.reason


def test_strong_fairness_leaves_the_cycle():
    assert judge(walk(*CYCLE, fair=(("ab", "weak"), ("ba", "weak"), ("bc", "strong")))).kind == "holds"


def test_strong_fairness_of_the_way_out_alone_lets_the_run_avoid_it():
    verdict = judge(walk(*CYCLE, fair=(("bc", "strong"),)))
    assert taken(verdict) == ([], [])


def test_what_follows_counts_only_after_the_cause():
    fair = (("ab", "weak"),)
    assert judge(walk("ab", fair=fair, leads=(at("c"), FALSE))).kind == "holds"
    assert judge(walk("ab", fair=fair, leads=(at("a"), at("b")))).kind == "holds"
    assert judge(walk("ab", fair=fair, leads=(at("b"), at("a")))).kind == "violated"


def test_stuttering_steps_do_not_satisfy_fairness():
    system = walk("ab", "bc", fair=(("ab", "weak"), ("bc", "weak"), ("aa", "weak")))
    idle = Transition("aa", (), at("a"), ())
    assert judge(replace(system, transitions=(*system.transitions, idle))).kind == "holds"
    blocked = replace(system, transitions=(idle, *system.transitions[1:]))
    assert judge(blocked).kind == "violated"


def test_fairness_of_a_process_covers_its_whole_next_step():
    assert judge(mutex(), "all_end").kind == "holds"
    unfair = replace(mutex(), processes=tuple(replace(p, fairness="none") for p in mutex().processes))
    assert judge(unfair, "all_end").kind == "violated"


def test_fairness_is_for_each_instance():
    """Fair disconnects of each client and server free every server again; unfair ones need not."""
    fair = replace(lock_server(), action_fairness=(("disconnect", "weak"),))
    assert judge(fair, "freed").kind == "holds"
    assert judge(lock_server(), "freed").kind == "violated"


def test_ordered_walk_reaches_the_top_only_if_fair():
    assert judge(ordered(), "reaches_top").kind == "holds"
    assert judge(ordered(fair=False), "reaches_top").kind == "violated"


def test_cycle_visits_every_unit_that_must_move():
    steps = ("ab", "ba")
    system = walk(*steps, fair=tuple((s, "strong") for s in steps))
    assert sorted(taken(judge(system))[1]) == ["ab", "ba"]


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ({0: [1], 1: [2], 2: [0], 3: [2]}, {frozenset({0, 1, 2}), frozenset({3})}),
        ({0: [1], 1: [0, 2], 2: [3], 3: [2, 2]}, {frozenset({0, 1}), frozenset({2, 3})}),
        ({0: [], 1: [1]}, {frozenset({0}), frozenset({1})}),
    ],
)
def test_components_are_the_strongly_connected_ones(edges, expected):
    assert {frozenset(c) for c in components(edges, lambda n: edges[n])} == expected


def test_long_chains_do_not_overflow():
    assert sum(1 for _ in components(range(50_000), lambda n: [n + 1] if n < 49_999 else [])) == 50_000


def test_goal_that_always_holds_is_no_violation():
    assert judge(walk("ab", leads=(conj((at("a"), negate(at("b")))), TRUE))).kind == "holds"


TURNS = b"""module turns
enum Side { LEFT, RIGHT }
var wants(s: Side): Bool = false
var gets(s: Side): Bool = false
fair action serve { await wants(LEFT); gets(LEFT) := true }
action want(s: Side) { wants(s) := true }
liveness served: forall s: Side :: wants(s) leads to gets(s)
"""


@pytest.mark.parametrize("engine", ["reference", "native"])
def test_the_reason_names_who_waits_and_since_when(engine):
    report = check("turns.ilk", Request("explore", explorer=engine), lambda _: TURNS)
    trace = report.judgements[0].verdict.trace
    found = re.fullmatch(
        r"wants\(RIGHT\) holds after step (\d+), and the run may stay here for ever without gets\(RIGHT\)", trace.reason
    )
    wants = next(symbol for symbol in trace.initial.tables if symbol.name == "wants")
    assert trace.states[int(found[1])].tables[wants][("RIGHT",)]
