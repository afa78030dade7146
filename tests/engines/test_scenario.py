"""Schedules, item by item."""

from dataclasses import replace

from tests.engines.systems import lock_server, mutex, philosophers

from interlock.core.system import Property, ScenarioStep
from interlock.core.term import FALSE, TRUE, App, Eq, Literal, Var, negate
from interlock.engines.explore import explore
from interlock.engines.protocol import Limits


def judge(system, *schedule, params=(), formula=TRUE, possible=True, **limits):
    prop = Property("told", "scenario", formula, params=params, schedule=schedule, possible=possible)
    return explore(replace(system, properties=(prop,)), ["told"], Limits(**limits)).verdicts["told"]


def item(process, label, run="step", args=()):
    return ScenarioStep(process, args, label, run)


def actions(verdict):
    return [step.action for step in verdict.trace.steps]


def test_steps_happen_exactly_as_listed():
    verdict = judge(philosophers(), item("lefty", "first"), item("righty", "first"))
    assert actions(verdict) == ["lefty.first", "righty.first"]


def test_region_runs_to_its_last_exit_and_no_further():
    verdict = judge(philosophers(), item("lefty", "locks", "region"))
    assert verdict.kind == "proved"
    assert actions(verdict) == ["lefty.first", "lefty.second", "lefty.release"]


def test_region_may_be_finished_from_inside():
    verdict = judge(philosophers(), item("lefty", "first"), item("lefty", "locks", "region"), item("righty", "first"))
    assert actions(verdict) == ["lefty.first", "lefty.second", "lefty.release", "righty.first"]


def test_end_runs_until_the_thread_is_done_and_may_be_over_already():
    verdict = judge(philosophers(), item("lefty", "", "end"), item("lefty", "", "end"), item("righty", "first"))
    assert actions(verdict) == ["lefty.first", "lefty.second", "lefty.release", "righty.first"]


def test_schedule_that_blocks_names_the_item():
    verdict = judge(philosophers(), item("lefty", "first"), item("righty", "", "end"))
    assert verdict.kind == "none_up_to"
    assert "no run gets past `righty: ...`" in verdict.bound


def test_schedule_without_its_end_says_so():
    verdict = judge(philosophers(), item("lefty", "first"), formula=FALSE)
    assert verdict.kind == "none_up_to"
    assert "never ends with false" in verdict.bound


def test_impossible_is_violated_by_a_run_and_holds_without():
    schedule = (item("lefty", "first"), item("righty", "first"))
    assert judge(philosophers(), *schedule, possible=False).kind == "violated"
    assert judge(philosophers(), *schedule, item("lefty", "second"), possible=False).kind == "holds"


def test_parameters_are_existential():
    system = mutex()
    p, q = (Var(name, system.sorts[0]) for name in "pq")
    first, second = item("work", "", "end", (p,)), item("work", "enter", args=(q,))
    verdict = judge(system, first, second, params=(p, q), formula=negate(Eq(p, q)))
    assert [step.args[0][1] for step in verdict.trace.steps] == [0, 0, 1]
    assert judge(system, second, second, params=(p, q)).kind == "none_up_to"


def test_actions_are_items_too():
    system = lock_server()
    client, server = system.sorts
    c, d, s = Var("c", client), Var("d", client), Var("s", server)
    connect = lambda who: item("connect", "connect", args=(who, s))  # noqa: E731
    assert judge(system, connect(c), params=(c, s)).kind == "proved"
    assert judge(system, connect(c), connect(d), params=(c, d, s)).kind == "none_up_to"
    assert judge(lock_server(broken=True), connect(c), connect(d), params=(c, d, s)).kind == "proved"


def test_goal_is_judged_with_the_parameters_values():
    system = mutex()
    p = Var("p", system.sorts[0])
    pc = system.symbols[0]
    inside = Eq(App(pc, (p,)), Literal("crit", pc.result))
    assert judge(system, item("work", "enter", args=(p,)), params=(p,), formula=inside).kind == "proved"
    assert judge(system, item("work", "", "end", (p,)), params=(p,), formula=inside).kind == "none_up_to"


def test_states_limit_makes_a_scenario_unknown():
    assert judge(philosophers(), item("lefty", "first"), item("righty", "", "end"), states=1).kind == "unknown"
