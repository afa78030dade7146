"""Bounded search: shortest runs, with arguments, each of which the evaluator accepts."""

from dataclasses import replace

import pytest
from tests.engines import systems as hand
from tests.engines.systems import const, starts, var, write

from interlock.core.system import Named, Obligation, Property, Transition, TransitionSystem, Update
from interlock.core.term import (
    FALSE,
    TRUE,
    App,
    Arith,
    Compare,
    Count,
    Eq,
    Literal,
    Some,
    Var,
    conj,
    exists,
    forall,
    implies,
    negate,
)
from interlock.core.types import BOOL, INT, EnumType, OptionType, RangeType, SortType
from interlock.core.verdict import NoneUpTo, Proved, Unknown, Violated
from interlock.engines.evaluate import replay
from interlock.engines.protocol import Limits
from interlock.engines.z3 import confirm
from interlock.engines.z3.bmc import BoundedModelChecker

A = SortType("A")
X = Var("x", A)
MARK = var("mark", A)


def judge(system, *names, **limits):
    return dict(BoundedModelChecker().judge(system, names or [p.name for p in system.properties], Limits(**limits)))


def system(symbols, transitions, *properties, starts=(), **more):
    parts = {"sorts": (A,), "enums": (), "axioms": (), "initially": (), "obligations": ()}
    return TransitionSystem(
        "s", symbols=symbols, initial_values=starts, transitions=transitions, properties=properties, **{**parts, **more}
    )


def test_a_violation_is_a_shortest_run_with_the_arguments_of_its_steps():
    broken = hand.lock_server(broken=True)
    verdict = judge(broken, "safe")["safe"]
    assert isinstance(verdict, Violated)
    assert [step.action for step in verdict.trace.steps] == ["connect", "connect"]
    (c, s), (d, t) = ([value for _, value, _ in step.args] for step in verdict.trace.steps)
    assert c != d
    assert s == t
    assert replay(broken, verdict.trace) is None
    assert "does not hold" in verdict.trace.reason


def test_what_is_not_found_is_bounded_and_says_how_far():
    verdict = judge(hand.lock_server(), "safe", depth=3, sizes={"Client": 2, "Server": 1})["safe"]
    assert verdict == NoneUpTo("bmc", "depth 3, Client <= 2, Server <= 1", verdict.seconds)


def test_reachable_is_witnessed_by_a_run():
    found = judge(hand.mutex(), "someone_enters", "two_inside")
    assert isinstance(found["someone_enters"], Proved)
    assert len(found["someone_enters"].trace.steps) == 1
    assert isinstance(found["two_inside"], NoneUpTo)


def test_obligations_are_searched_too():
    due = Obligation("use.assert", "use", (X,), (), TRUE, negate(App(MARK, (X,))))
    mark = Transition("set", (X,), TRUE, (write(MARK, (X,), TRUE),))
    s = system((MARK,), (mark,), Property("use.assert", "assertion"), starts=(starts(MARK, FALSE),), obligations=(due,))
    verdict = judge(s)["use.assert"]
    assert isinstance(verdict, Violated)
    assert len(verdict.trace.steps) == 1


def test_sizes_are_upper_bounds():
    one = Property("one", "reachable", exists((X,), forall((Var("y", A),), Eq(X, Var("y", A)))))
    verdict = judge(system((MARK,), (), one), sizes={"A": 3})["one"]
    assert isinstance(verdict, Proved)
    assert verdict.trace.initial.sizes == {"A": 1}


def test_a_scope_without_an_initial_state_is_unknown():
    y, z = Var("y", A), Var("z", A)
    three = exists((X, y, z), conj((negate(Eq(X, y)), negate(Eq(y, z)), negate(Eq(X, z)))))
    s = system((MARK,), (), Property("p", "invariant", FALSE), axioms=(Named("three", three),))
    assert "no initial state with A <= 2" in judge(s)["p"].reason
    assert isinstance(judge(s, sizes={"A": 3})["p"], Violated)


def test_parameters_of_one_name_and_different_types_do_not_constrain_each_other():
    """Two transitions that both call a parameter p once shared its cells, and the longer type lost values."""
    number, colour = RangeType(0, 2), EnumType("Colour", ("red", "green"))
    level, paint = var("level", result=number), var("paint", result=colour)
    p, q, r = Var("p", number), Var("p", colour), Var("p", A)
    moves = (
        Transition("raise", (p,), TRUE, (Update(level, (), p),)),
        Transition("paint", (q,), TRUE, (Update(paint, (), q),)),
        Transition("mark", (r,), TRUE, (write(MARK, (r,), TRUE),)),
    )
    top = Property("top", "reachable", Eq(App(level), Literal(2, INT)))
    initial = (starts(MARK, FALSE), starts(level, Literal(0, INT)), starts(paint, Literal("red", colour)))
    s = system((MARK, level, paint), moves, top, starts=initial, enums=(colour,))
    verdict = judge(s)["top"]
    assert isinstance(verdict, Proved)
    assert len(verdict.trace.steps) == 1


def test_element_zero_is_not_false():
    """Python says that 0 equals False; cells of a range are renamed from depth to depth as cells of Bool are not."""
    assert isinstance(judge(hand.ranged(), "below")["below"], NoneUpTo)
    full = judge(hand.ranged(high=3), "all_full")["all_full"]
    assert isinstance(full, Proved)


def test_integers_without_bounds_count():
    total = var("total", result=INT)
    up = Transition("up", (), TRUE, (Update(total, (), Arith("+", App(total), Literal(2, INT))),))
    low = Property("low", "invariant", Compare("<", App(total), Literal(5, INT)))
    odd = Property("odd", "reachable", Eq(App(total), Literal(3, INT)))
    found = judge(system((total,), (up,), low, odd, starts=(Update(total, (), Literal(0, INT)),), sorts=()), depth=5)
    assert len(found["low"].trace.steps) == 3
    assert isinstance(found["odd"], NoneUpTo)


def test_count_is_judged_in_a_finite_scope():
    mark = Transition("set", (X,), TRUE, (write(MARK, (X,), TRUE),))
    few = Property("few", "invariant", Compare("<=", Count((X,), App(MARK, (X,))), Literal(1, INT)))
    verdict = judge(system((MARK,), (mark,), few, starts=(starts(MARK, FALSE),)))["few"]
    assert isinstance(verdict, Violated)
    assert len(verdict.trace.steps) == 2


def test_stuttering_breaks_no_step_invariant():
    stay = Transition("stay", (X,), TRUE, (write(MARK, (X,), App(MARK, (X,))),))
    moved = Property("moved", "step_invariant", exists((X,), negate(Eq(App(MARK, (X,)), App(MARK, (X,), primed=True)))))
    assert isinstance(judge(system((MARK,), (stay,), moved, starts=(starts(MARK, FALSE),)))["moved"], NoneUpTo)


def test_a_system_without_transitions_is_judged_at_its_initial_states():
    some = Property("some", "invariant", exists((X,), App(MARK, (X,))))
    assert isinstance(judge(system((MARK,), (), some))["some"], Violated)
    constant = const("c", A, result=BOOL)
    assert isinstance(judge(system((MARK, constant), (), replace(some, formula=TRUE)))["some"], NoneUpTo)


def test_a_variable_that_no_step_changes_is_one_and_the_same_throughout_a_run():
    """Its cells after a step were once other cells than at the start, so that steps read what was never there."""
    limit = var("limit", A)
    mark = Transition("set", (X,), App(limit, (X,)), (write(MARK, (X,), TRUE),))
    within = Property("within", "invariant", forall((X,), implies(App(MARK, (X,)), App(limit, (X,)))))
    assert isinstance(judge(system((MARK, limit), (mark,), within, starts=(starts(MARK, FALSE),)))["within"], NoneUpTo)


def test_options_in_steps_are_read_back():
    owner = var("owner", result=OptionType(A))
    take = Transition("take", (X,), Eq(App(owner), Literal(None, OptionType(A))), (Update(owner, (), Some(X)),))
    taken = Property("taken", "reachable", negate(Eq(App(owner), Literal(None, OptionType(A)))))
    verdict = judge(system((owner,), (take,), taken, starts=(starts(owner, Literal(None, OptionType(A))),)))["taken"]
    (step,) = verdict.trace.steps
    assert step.after.tables[owner][()] == step.args[0][1]


def test_no_time_is_unknown():
    some = Property("some", "invariant", exists((X,), App(MARK, (X,))))
    assert isinstance(judge(system((MARK,), (), some), total_seconds=0.0)["some"], Unknown)
    # What the initial values decide by themselves takes no query: that much is known.
    assert judge(hand.mutex(), "exclusion", total_seconds=0.0)["exclusion"].bound == "depth 0, Proc <= 2"


def test_a_run_that_the_evaluator_rejects_is_a_fault_of_ours_and_not_a_counterexample(monkeypatch):
    monkeypatch.setattr(confirm, "replay", lambda *_, **__: "step 1 is wrong")
    verdict = judge(hand.mutex(broken=True), "exclusion")["exclusion"]
    assert isinstance(verdict, Unknown)
    assert verdict.reason == "internal error: z3 and the evaluator disagree: step 1 is wrong"


@pytest.mark.parametrize("kind", ["deadlock", "liveness", "scenario"])
def test_known_gap_kinds_that_bounded_search_does_not_judge_are_unknown(kind):
    verdict = judge(system((MARK,), (), Property("p", kind)))["p"]
    assert verdict.reason == f"bounded model checking does not judge {kind}"
