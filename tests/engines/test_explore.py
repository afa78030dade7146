"""What the explorer finds in small systems: counts pinned, verdicts, limits, and sabotage."""

from dataclasses import replace

import pytest
from tests.engines.systems import havoc, lock_server, lost_update, mutex, ordered, philosophers, ranged, starts, var

from interlock.core.show import show_term
from interlock.core.system import Named, ProcessInfo, Property, Transition, TransitionSystem, Update
from interlock.core.term import FALSE, TRUE, App, Arith, Compare, Eq, Literal, Unwrap, Var, conj, forall
from interlock.core.types import INT, EnumType, OptionType, RangeType, SortType
from interlock.engines.evaluate import replay
from interlock.engines.explore import Exploration, ReferenceExplorer, explore
from interlock.engines.protocol import Limits
from interlock.pipeline import Request, check


def run(system, names=None, **limits):
    return explore(system, names or [p.name for p in system.properties], Limits(**limits))


def verdicts(system, **limits):
    return {name: verdict.kind for name, verdict in run(system, **limits).verdicts.items()}


@pytest.mark.parametrize(
    ("make", "sizes", "states", "transitions", "depth"),
    [
        (mutex, {"Proc": 1}, 3, 2, 2),
        (mutex, {"Proc": 2}, 8, 8, 4),
        (mutex, {"Proc": 3}, 20, 24, 6),
        (lost_update, {}, 13, 14, 4),
        (lock_server, {}, 25, 80, 4),
        (ordered, {"Key": 4}, 10, 6, 3),
        (philosophers, {}, 13, 14, 6),
        (havoc, {"Item": 3}, 26, 124, 1),
        (ranged, {}, 5, 3, 2),
    ],
)
def test_counts_of_states_are_pinned(make, sizes, states, transitions, depth):
    stats = run(make(), sizes=sizes).stats
    assert (stats.states, stats.transitions, stats.depth, stats.complete) == (states, transitions, depth, True)


def test_mutex_holds_and_says_how_far():
    result = run(mutex(), sizes={"Proc": 3}).verdicts
    assert result["exclusion"].kind == "holds"
    assert result["exclusion"].bound == "Proc=3 (20 states)"
    assert result["two_inside"].kind == "none_up_to"
    assert result["someone_enters"].kind == "proved"
    assert len(result["someone_enters"].trace.steps) == 1


def test_every_property_is_judged_though_another_is_violated():
    assert verdicts(mutex(broken=True)) == {
        "exclusion": "violated",
        "someone_enters": "proved",
        "two_inside": "proved",
        "ends_stay": "holds",
        "nothing_moves": "violated",
        "deadlock": "holds",
        "all_end": "holds",
        "overlap": "proved",
        "in_turn": "proved",
        "no_overlap": "violated",
    }


@pytest.mark.parametrize(
    "make", [lambda: mutex(broken=True), lambda: lost_update(1), lambda: lock_server(broken=True), philosophers, havoc]
)
def test_traces_replay(make):
    system = make()
    traces = [v.trace for v in run(system).verdicts.values() if getattr(v, "trace", None)]
    assert traces
    assert [replay(system, trace) for trace in traces] == [None] * len(traces)


def test_counterexamples_are_shortest():
    trace = run(lost_update()).verdicts["exact"].trace
    assert [step.action for step in trace.steps] == ["inc.read", "inc.read", "inc.store", "inc.store"]
    assert trace.reason == "forall p: Proc :: done(inc(p)) holds but total = 2 does not hold (total is 1)"


def test_obligations_are_judged_under_their_propertys_name():
    verdict = run(lost_update(1)).verdicts["inc.range"]
    assert verdict.kind == "violated"
    assert (
        verdict.trace.reason == "inc(proc1) at store: inc(proc1).seen + 1 <= 1 does not hold (inc(proc1).seen + 1 is 2)"
    )


def test_deadlock_names_who_waits_for_what():
    verdict = run(philosophers()).verdicts["deadlock"]
    assert verdict.kind == "violated"
    assert len(verdict.trace.steps) == 2
    assert verdict.trace.reason == "no step is enabled: lefty waits to take second, righty waits to take second"


def test_end_of_all_processes_is_no_deadlock():
    assert verdicts(mutex())["deadlock"] == "holds"


@pytest.mark.parametrize("change", [{"rest": ("second",)}, {"started": FALSE}])
def test_waiting_at_rest_or_before_the_start_is_no_deadlock(change):
    system = philosophers()
    system = replace(system, processes=tuple(replace(p, **change) for p in system.processes))
    assert verdicts(system)["deadlock"] == "holds"


def test_an_action_that_changes_nothing_does_not_help_a_deadlock():
    system = philosophers()
    idle = Transition("idle", (), TRUE, ())
    assert verdicts(replace(system, transitions=(*system.transitions, idle)))["deadlock"] == "violated"


def test_step_invariants_are_not_judged_on_stuttering():
    """Every real step passes an element; the stuttering one, which does not, is not asked."""
    system = ordered()
    idle = Transition("idle", (), TRUE, ())
    assert verdicts(replace(system, transitions=(*system.transitions, idle)))["ascends"] == "holds"


def test_dead_steps_show_as_zero():
    system = lock_server()
    never = Transition("never", (), FALSE, ())
    assert dict(run(replace(system, transitions=(*system.transitions, never))).stats.actions)["never"] == 0


def test_states_limit_never_passes_anything():
    result = run(lock_server(), states=10)
    assert not result.stats.complete
    assert result.stats.states == 10
    assert result.verdicts["safe"].kind == "none_up_to"
    assert result.verdicts["safe"].bound == "Client=2, Server=2, 1 steps (more than 10 states)"
    assert result.verdicts["deadlock"].kind == "none_up_to"
    assert result.verdicts["freed"].kind == "unknown"


def test_violation_before_the_limit_is_reported():
    assert run(lock_server(broken=True), states=30).verdicts["safe"].kind == "violated"


def test_time_limit_never_passes_anything():
    result = run(mutex(), total_seconds=0.0)
    kinds = {v.kind for v in result.verdicts.values()}
    assert "holds" not in kinds
    assert kinds >= {"unknown", "none_up_to"}
    assert "no more time" in result.verdicts["exclusion"].bound


def test_no_initial_state_is_unknown_not_success():
    system = replace(mutex(), initially=(Named("never", FALSE),))
    result = run(system)
    assert {v.kind for v in result.verdicts.values()} == {"unknown"}
    assert "no state satisfies" in result.verdicts["exclusion"].reason


def test_contradictory_axioms_are_unknown_not_success():
    system = havoc()
    x = Var("x", system.sorts[0])
    none = Named("none", forall((x,), Eq(App(system.symbols[0], (x,)), FALSE)))
    assert set(verdicts(replace(system, axioms=(*system.axioms, none))).values()) == {"unknown"}


def test_unbounded_integers_are_explored_up_to_the_limit():
    n = var("n", result=INT)
    grow = Transition("grow", (), TRUE, (Update(n, (), Arith("+", App(n), Literal(1, INT))),))
    small = Property("small", "invariant", Compare("<=", App(n), Literal(20, INT)))
    large = Property("large", "invariant", Compare("<=", App(n), Literal(2000, INT)))
    system = TransitionSystem("s", (), (), (n,), (), (starts(n, Literal(0, INT)),), (), (grow,), (), (small, large))
    result = run(system, states=100).verdicts
    assert result["small"].kind == "violated"
    assert len(result["small"].trace.steps) == 21
    assert result["large"].bound == "99 steps (more than 100 states)"


def test_a_step_out_of_a_range_is_unknown_with_its_reason():
    n = var("n", result=RangeType(0, 3))
    grow = Transition("grow", (), TRUE, (Update(n, (), Arith("+", App(n), Literal(1, INT))),))
    system = TransitionSystem(
        "s", (), (), (n,), (), (starts(n, Literal(0, INT)),), (), (grow,), (), (Property("p", "invariant", TRUE),)
    )
    assert "n after grow is 4" in run(system).verdicts["p"].reason


def test_refinement_is_unknown_with_the_reason_given():
    system = replace(mutex(), properties=(Property("refines", "refinement", reason="not yet"),))
    assert run(system).verdicts["refines"].reason == "not yet"


def test_engine_yields_each_property_once_and_violations_first():
    names = [p.name for p in mutex(broken=True).properties]
    engine = ReferenceExplorer()
    assert engine.name == "explore"
    found = [name for name, _ in engine.judge(mutex(broken=True), names, Limits())]
    assert sorted(found) == sorted(names)
    assert found[0] in {"nothing_moves", "someone_enters"}


def test_engine_stops_once_everything_is_settled():
    run = Exploration(lock_server(broken=True), ["safe"], Limits(sizes={"Client": 3, "Server": 3}))
    assert [(name, verdict.kind) for name, verdict in run.judge()] == [("safe", "violated")]
    assert run.stats().states < 200
    assert not run.stats().complete


def test_verdicts_found_before_an_interrupt_are_kept():
    calls = []

    def interrupt(_):
        calls.append(1)
        raise KeyboardInterrupt

    system = lock_server(broken=True)
    found = {}
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - what was found before is the point
        for name, verdict in ReferenceExplorer().judge(
            system, ["safe", "disconnect.unwrap"], Limits(sizes={"Client": 3, "Server": 3}, progress=interrupt)
        ):
            found[name] = verdict.kind
    assert found == {"safe": "violated"}
    assert calls == [1]


def test_unwrapping_none_in_an_invariant_is_false_not_an_error():
    item = SortType("Item")
    slot = var("slot", result=OptionType(item))
    x = Var("x", item)
    system = TransitionSystem(
        "s", (item,), (), (slot,), (), (starts(slot, Literal(None, OptionType(item))),), (), (), (),
        (Property("p", "invariant", forall((x,), Eq(Unwrap(App(slot)), x))),),
    )  # fmt: skip
    assert run(system).verdicts["p"].kind == "violated"


def test_location_without_a_label_is_shown_by_its_name():
    loc = EnumType("Loc", ("only", "end"))
    pc = var("p.pc", result=loc)
    info = ProcessInfo("p", (), pc, "end", TRUE, (), (), ())
    system = TransitionSystem("s", (), (loc,), (pc,), (), (starts(pc, Literal("only", loc)),), (), (), (),
                              (Property("deadlock", "deadlock"),), (info,))  # fmt: skip
    assert run(system).verdicts["deadlock"].trace.reason == "no step is enabled: p waits to take only"


def test_weakening_the_guard_flips_the_verdict():
    system = mutex()
    enter, leave = system.transitions
    weak = replace(enter, guard=conj(enter.guard.args[:1]))
    assert "owner" not in show_term(weak.guard)
    assert verdicts(system)["exclusion"] == "holds"
    assert verdicts(replace(system, transitions=(weak, leave)))["exclusion"] == "violated"


FAILING = b"""module failing
sort Thread
var taken: Bool = false
process work(t: Thread) {
  step first: await true
  step second: assert once: not taken; taken := true
}
deadlock free
"""


def test_who_is_stuck_since_its_step_fails_is_told_from_who_waits():
    report = check("failing.ilk", Request("explore", properties=("deadlock",)), lambda _: FAILING)
    [judgement] = report.judgements
    reason = judgement.verdict.trace.reason
    assert reason.startswith("no step is enabled: work(thread")
    assert reason.endswith("waits to take second (which violates work.once)")
