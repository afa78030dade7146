"""Bounded search over sorts of any size: it needs no scope to be told, and what it finds is small and replays."""

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
    Unwrap,
    Var,
    conj,
    exists,
    forall,
    implies,
    negate,
)
from interlock.core.types import INT, OptionType, RangeType, SortType
from interlock.core.verdict import NoneUpTo, Proved, Unknown, Violated
from interlock.engines.evaluate import replay
from interlock.engines.protocol import Limits
from interlock.engines.z3 import bmc, unrolling
from interlock.engines.z3.bmc import BoundedModelChecker

A = SortType("A")
X, Y, Z = (Var(name, A) for name in "xyz")
MARK = var("mark", A)
SET = Transition("set", (X,), TRUE, (write(MARK, (X,), TRUE),))
NO_MARK = starts(MARK, FALSE)


def judge(system, *names, depth=4, **limits):
    wanted = names or [p.name for p in system.properties]
    return dict(BoundedModelChecker().judge(system, wanted, Limits(unbounded=True, depth=depth, **limits)))


def system(symbols, transitions, *properties, starts=(), **more):
    parts = {"sorts": (A,), "enums": (), "axioms": (), "initially": (), "obligations": ()}
    return TransitionSystem(
        "s", symbols=symbols, initial_values=starts, transitions=transitions, properties=properties, **{**parts, **more}
    )


def different(*variables):
    return conj(negate(Eq(a, b)) for i, a in enumerate(variables) for b in variables[:i])


def at_most_two_marked(kind="invariant"):
    three = exists((X, Y, Z), conj((different(X, Y, Z), *(App(MARK, (v,)) for v in (X, Y, Z)))))
    return Property("two", kind, negate(three))


def test_a_bug_that_needs_three_elements_is_found_without_being_told():
    s = system((MARK,), (SET,), at_most_two_marked(), starts=(NO_MARK,))
    finite = dict(BoundedModelChecker().judge(s, ["two"], Limits(depth=4)))["two"]
    assert finite.bound == "depth 4, A <= 2"
    assert isinstance(finite, NoneUpTo)
    verdict = judge(s)["two"]
    assert isinstance(verdict, Violated)
    assert verdict.bound == "depth 3, unbounded"
    assert verdict.trace.initial.sizes == {"A": 3}
    assert sorted(value for step in verdict.trace.steps for _, value, _ in step.args) == [0, 1, 2]
    assert replay(s, verdict.trace) is None
    assert verdict.trace.reason.endswith("mark(a0) and mark(a1) and mark(a2) hold")


def test_where_there_is_no_bug_the_bound_says_how_far_and_that_sizes_are_free():
    verdict = judge(hand.lock_server(), "safe", depth=3)["safe"]
    assert verdict == NoneUpTo("bmc", "depth 3, unbounded", verdict.seconds)


def test_runs_are_as_small_as_they_can_be():
    """Axioms that z3 likes to satisfy with many elements do not make the run that is shown larger."""
    verdict = judge(hand.lock_server(broken=True), "safe")["safe"]
    assert verdict.trace.initial.sizes == {"Client": 2, "Server": 1}
    assert [step.action for step in verdict.trace.steps] == ["connect", "connect"]


def test_reachable_is_witnessed():
    found = judge(hand.mutex(), "someone_enters", "two_inside")
    assert isinstance(found["someone_enters"], Proved)
    assert found["someone_enters"].bound == "depth 1, unbounded"
    assert isinstance(found["two_inside"], NoneUpTo)


def test_a_bulk_write_under_quantifiers_reads_the_state_before_it():
    """`mark` becomes what `next` was: the second step must not see what the first has overwritten."""
    following = const("next", A, result=A)
    u = Var("u0", A)
    shift = Transition(
        "shift", (), TRUE, (Update(MARK, (u,), exists((Y,), conj((App(MARK, (Y,)), Eq(App(following, (Y,)), u))))),)
    )
    begin = Named("one", exists((X,), forall((Y,), Eq(App(MARK, (Y,)), Eq(X, Y)))))
    home = Property("home", "reachable", exists((X, Y, Z), conj((
        App(MARK, (X,)), Eq(App(following, (X,)), Y), Eq(App(following, (Y,)), Z), Eq(App(following, (Z,)), X), different(X, Y, Z)))))  # fmt: skip
    some = Property("some", "invariant", exists((X,), App(MARK, (X,))))
    s = system((following, MARK), (shift,), home, some, initially=(begin,))
    found = judge(s)
    assert isinstance(found["home"], Proved)
    assert found["home"].trace.initial.sizes == {"A": 3}
    assert isinstance(found["some"], NoneUpTo)


def test_two_symbols_of_one_step_change_at_once():
    other = var("other", A)
    swap = Transition("swap", (X,), TRUE, (write(MARK, (X,), App(other, (X,))), write(other, (X,), App(MARK, (X,)))))
    both = Property("apart", "invariant", forall((X,), negate(Eq(App(MARK, (X,)), App(other, (X,))))))
    s = system((MARK, other), (swap,), both, starts=(NO_MARK, starts(other, TRUE)))
    assert isinstance(judge(s)["apart"], NoneUpTo)


def test_options_that_steps_write_and_unwrap():
    owner, last = var("owner", result=OptionType(A)), var("last", result=A)
    none = Literal(None, OptionType(A))
    take = Transition("take", (X,), Eq(App(owner), none), (Update(owner, (), Some(X)),))
    give = Transition(
        "give", (), negate(Eq(App(owner), none)), (Update(last, (), Unwrap(App(owner))), Update(owner, (), none))
    )
    stays = Property("stays", "step_invariant", Eq(App(last), App(last, primed=True)))
    never = Property("never", "invariant", implies(Eq(App(owner), Some(App(last))), FALSE))
    s = system((owner, last), (take, give), stays, never, starts=(starts(owner, none),))
    found = judge(s)
    assert [len(found[n].trace.steps) for n in ("stays", "never")] == [2, 1]
    assert found["stays"].trace.initial.sizes == {"A": 2}


def test_obligations_are_searched_with_their_parameters():
    due = Obligation("use.assert", "use", (X,), (Y,), different(X, Y), negate(conj((App(MARK, (X,)), App(MARK, (Y,))))))
    s = system((MARK,), (SET,), Property("use.assert", "assertion"), starts=(NO_MARK,), obligations=(due,))
    verdict = judge(s)["use.assert"]
    assert isinstance(verdict, Violated)
    assert len(verdict.trace.steps) == 2


def test_stuttering_breaks_no_step_invariant():
    stay = Transition("stay", (X,), TRUE, (write(MARK, (X,), App(MARK, (X,))),))
    moved = Property("moved", "step_invariant", exists((X,), negate(Eq(App(MARK, (X,)), App(MARK, (X,), primed=True)))))
    assert isinstance(judge(system((MARK,), (stay,), moved, starts=(NO_MARK,)))["moved"], NoneUpTo)
    never = Property("never", "step_invariant", FALSE)
    assert isinstance(judge(system((MARK,), (stay,), never, starts=(NO_MARK,)))["never"], NoneUpTo)


def test_constants_that_end_ranges_have_any_value_too():
    size = const("N", result=RangeType(1, 9))
    at = var("at", result=RangeType(0, "N"))
    up = Transition("up", (), Compare("<", App(at), App(size)), (Update(at, (), Arith("+", App(at), Literal(1, INT))),))
    low = Property("low", "invariant", Compare("<", App(at), Literal(3, INT)))
    top = Property("top", "reachable", conj((Eq(App(at), App(size)), Eq(App(size), Literal(4, INT)))))
    s = system((at, size), (up,), low, top, starts=(starts(at, Literal(0, INT)),), sorts=())
    found = judge(s)
    assert len(found["low"].trace.steps) == 3
    assert found["top"].trace.initial.tables[size] == {(): 4}


def test_a_system_without_transitions_is_judged_at_its_initial_states():
    some = Property("some", "invariant", exists((X,), App(MARK, (X,))))
    assert isinstance(judge(system((MARK,), (), some))["some"], Violated)
    assert isinstance(judge(system((MARK,), (), Property("some", "invariant", TRUE)))["some"], NoneUpTo)


def test_no_initial_state_is_unknown():
    s = system((MARK,), (SET,), Property("p", "invariant", FALSE), initially=(Named("no", FALSE),))
    assert judge(s)["p"].reason == "no initial state"


def test_an_axiom_that_asks_for_three_elements_gets_them():
    three = Named("three", exists((X, Y, Z), different(X, Y, Z)))
    verdict = judge(system((MARK,), (), Property("p", "invariant", FALSE), axioms=(three,)))["p"]
    assert verdict.trace.initial.sizes == {"A": 3}


def test_no_time_is_unknown():
    verdict = judge(hand.mutex(), "exclusion", total_seconds=0.0)["exclusion"]
    assert isinstance(verdict, Unknown)
    assert verdict.reason.startswith("no answer for depth 0")


def test_a_run_that_is_too_large_to_be_spelt_out_is_not_called_a_violation(monkeypatch):
    monkeypatch.setattr(bmc, "too_large", lambda *_: True)
    verdict = judge(hand.mutex(broken=True), "exclusion")["exclusion"]
    assert isinstance(verdict, Unknown)
    assert verdict.reason == "a run of 2 steps was found, but with too many elements to show it: 2 of one sort"


def test_a_run_that_the_ground_search_does_not_have_is_a_fault_of_ours(monkeypatch):
    monkeypatch.setattr(unrolling.Unrolling, "_size", lambda *_: 1)
    verdict = judge(hand.mutex(broken=True), "exclusion")["exclusion"]
    assert verdict.reason.startswith("internal error: z3 and the evaluator disagree")


def test_known_gap_count_is_judged_in_finite_scopes_only():
    few = Property("few", "invariant", Compare("<=", Count((X,), App(MARK, (X,))), Literal(1, INT)))
    found = judge(system((MARK,), (SET,), few, at_most_two_marked(), starts=(NO_MARK,)))
    assert found["few"].reason == "`count` is judged by finite engines only"
    assert isinstance(found["two"], Violated)


def test_a_choice_may_be_another_at_each_step():
    """A havoc of all of `mark`, twice: once none is to be marked again, which one choice for both would forbid."""
    fresh = const("fresh", A)
    anything = Transition("anything", (), TRUE, (Update(MARK, (X,), App(fresh, (X,))),), choices=(fresh,))
    none = negate(exists((X,), App(MARK, (X,))))
    some = Property("kept", "step_invariant", implies(negate(none), exists((X,), App(MARK, (X,), primed=True))))
    found = judge(system((MARK,), (anything,), some, starts=(NO_MARK,)))["kept"]
    assert isinstance(found, Violated)
    assert len(found.trace.steps) == 2


def test_known_gap_what_only_infinite_sorts_have_is_not_found():
    """Without a greatest element a sort is infinite: z3 builds finite models and gives up."""
    key = SortType("Key", ordered=True)
    a, b = Var("a", key), Var("b", key)
    endless = Named("endless", forall((a,), exists((b,), Compare("<", a, b))))
    mark = var("mark", key)
    s = system((mark,), (), Property("p", "invariant", FALSE), sorts=(key,), axioms=(endless,))
    assert isinstance(judge(s, query_seconds=1.0)["p"], Unknown)


@pytest.mark.parametrize("kind", ["deadlock", "liveness", "scenario"])
def test_known_gap_kinds_that_bounded_search_does_not_judge_are_unknown(kind):
    verdict = judge(system((MARK,), (), Property("p", kind)))["p"]
    assert verdict.reason == f"bounded model checking does not judge {kind}"
