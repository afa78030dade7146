"""Random runs: what they find is confirmed, what they do not find is not passed, and the same runs are made again."""

import sys
from dataclasses import replace

import pytest

from interlock.core.verdict import NoneUpTo, Proved, Unknown, Violated
from interlock.engines.checks import checks_of
from interlock.engines.evaluate import instantiate, replay
from interlock.engines.explore import explore
from interlock.engines.graph import Clock
from interlock.engines.judge import INTERNAL, finite_scope
from interlock.engines.native.walk import NativeWalker
from interlock.engines.protocol import Limits, Walks
from interlock.engines.shorten import Run, retrace, shorten
from interlock.engines.simulate import Settling, Simulation
from interlock.engines.walks import ReferenceWalker, Sighting, Tally
from interlock.lang.loader import find_spec_root
from interlock.pipeline import lower_file, read_bytes

RACE = """module race
var total: 0..9 = 0
process left {
  local seen: 0..9 = 0
  step read: seen := total
  step write: total := seen + 1
}
process right {
  step add: total := total + 1
}
invariant nothing_lost: done(left) and done(right) implies total = 2
invariant small: total <= 2
reachable both: done(left) and done(right)
"""

DEADLOCK = """module forks
var taken: Bool = false
var other: Bool = false
process north {
  step one: await not taken; taken := true
  step two: await not other; other := true
}
process south {
  step two: await not other; other := true
  step one: await not taken; taken := true
}
deadlock free
"""

ENDS = """module ends
var number: 0..3 = 0
process one {
  step up: number := number + 1
}
deadlock free
"""

CLOCK = """module clock
var hour: 0..11 = 0
var idle: 0..3 = 0
action tick {
  hour := if hour = 11 then 0 else hour + 1
}
action wander {
  idle := if idle = 3 then 0 else idle + 1
}
invariant morning: hour < 9
invariant day: hour < 12
step invariant slow: hour' <= hour + 1
step invariant steady: idle' = idle
"""

UNBOUNDED = CLOCK.replace("module clock", "module unbounded").replace("hour: 0..11", "hour: Int")

SPECS = ("gallery/broken/peterson", "gallery/broken/two_phase_commit", "list_lru/broken/mark_late")


def system_of(text):
    system, problems = lower_file("m.ilk", lambda path: text.encode() if path == "m.ilk" else read_bytes(path))
    assert system is not None, problems
    return system


def simulate(system, names=None, *, depth=50, threads=1, **walks):
    sizes = finite_scope(system)
    names = [p.name for p in system.properties] if names is None else names
    walks = {"runs": 200, "seconds": 60.0, **walks}
    run = Simulation(system, names, Limits(sizes=sizes, depth=depth, threads=threads), Walks(**walks))
    return dict(run.judge()), run.stats()


def timeless(found):
    return {name: replace(verdict, seconds=0) for name, verdict in found.items()}


def test_a_race_is_found_and_shown_in_the_fewest_steps():
    system = system_of(RACE)
    found, _ = simulate(system)
    assert isinstance(found["nothing_lost"], Violated)
    assert len(found["nothing_lost"].trace.steps) == 3
    assert replay(system, found["nothing_lost"].trace) is None
    assert "total = 2 does not hold (total is 1)" in found["nothing_lost"].trace.reason
    assert isinstance(found["both"], Proved)
    assert isinstance(found["small"], NoneUpTo)


def test_what_is_not_found_is_never_more_than_none_up_to():
    found, stats = simulate(system_of(RACE), ["small"], runs=70)
    assert found["small"] == NoneUpTo("simulate", "70 runs of up to 50 steps, 210 steps in all", found["small"].seconds)
    assert (stats.runs, stats.steps, stats.longest) == (70, 210, 3)  # each process has ended


def test_a_deadlock_is_found_and_an_end_is_none():
    found, _ = simulate(system_of(DEADLOCK))
    assert isinstance(found["deadlock"], Violated)
    assert len(found["deadlock"].trace.steps) == 2
    assert "waits to take" in found["deadlock"].trace.reason
    assert isinstance(simulate(system_of(ENDS))[0]["deadlock"], NoneUpTo)


@pytest.mark.parametrize("text", [RACE, DEADLOCK, CLOCK], ids=["race", "deadlock", "clock"])
def test_both_makers_of_runs_settle_the_same_properties(text, monkeypatch):
    system = system_of(text)
    native, stats = simulate(system, runs=500)
    monkeypatch.setitem(sys.modules, "interlock.engines.native.walk", None)
    slow, interpreted = simulate(system, runs=500)
    assert {n: type(v) for n, v in native.items()} == {n: type(v) for n, v in slow.items()}
    assert not stats.interpreted
    assert "not installed" in interpreted.interpreted


def test_an_unbounded_integer_is_left_to_the_evaluator_and_that_is_said():
    found, stats = simulate(system_of(UNBOUNDED), ["morning", "day"], runs=20)
    assert "hour is an Int, which has no width" in stats.interpreted
    assert "a range such as" in stats.interpreted
    assert len(found["morning"].trace.steps) == 9
    assert isinstance(found["day"], NoneUpTo)


def test_steps_are_judged_too():
    found, _ = simulate(system_of(CLOCK))
    assert isinstance(found["slow"], NoneUpTo)  # a step that goes back by 11 is no step forward by 2
    assert isinstance(found["steady"], Violated)
    assert len(found["steady"].trace.steps) == 1


@pytest.mark.parametrize("names", [None, ["morning"]], ids=["all", "until one is found"])
def test_the_result_depends_on_the_seed_and_on_nothing_else(names):
    system = system_of(CLOCK)
    one, first = simulate(system, names, depth=200, runs=5000)
    two, second = simulate(system, names, depth=200, runs=5000, threads=3)
    _, third = simulate(system, names, depth=200, runs=5000, seed=1)
    assert timeless(one) == timeless(two)
    assert replace(first, seconds=0) == replace(second, seconds=0)
    assert first.actions != third.actions


def test_a_run_can_be_made_again_by_its_number():
    system = system_of(CLOCK)
    found, _ = simulate(system, ["morning"], depth=200, runs=5000)
    number = int(found["morning"].bound.split("run ")[1])
    again, stats = simulate(system, ["morning"], depth=200, runs=1, first=number)
    assert again["morning"].trace == found["morning"].trace
    assert stats.runs == 1


def test_weights_say_how_often_an_action_is_taken():
    _, stats = simulate(system_of(CLOCK), ["day"], runs=400, weights=(("tick", 3),))
    taken = dict(stats.actions)
    assert sum(taken.values()) == stats.steps == 20_000
    assert 2.8 < taken["tick"] / taken["wander"] < 3.2


GATE = """module gate
var open: Bool = false
var came: Bool = false
process walker {
  step come: came := true
  step pass: await open
}
action unlock {
  await not open; open := true
}
deadlock free
"""


@pytest.mark.parametrize("compiled", [True, False])
def test_what_has_no_weight_is_not_taken_and_makes_no_deadlock(monkeypatch, compiled):
    if not compiled:
        monkeypatch.setitem(sys.modules, "interlock.engines.native.walk", None)
    found, stats = simulate(system_of(GATE), weights=(("unlock", 0),))
    assert isinstance(found["deadlock"], NoneUpTo)
    assert dict(stats.actions) == {"walker.come": 200, "walker.pass": 0, "unlock": 0}
    shut = GATE.replace("await not open; open := true", "await open; open := false")
    assert isinstance(simulate(system_of(shut))[0]["deadlock"], Violated)


@pytest.mark.parametrize("compiled", [True, False])
def test_initial_states_are_judged(monkeypatch, compiled):
    if not compiled:
        monkeypatch.setitem(sys.modules, "interlock.engines.native.walk", None)
    found, _ = simulate(system_of("module m\nvar x: 0..9\ninvariant low: x < 5\n"))
    assert isinstance(found["low"], Violated)
    assert found["low"].trace.steps == ()


def test_distinct_states_are_estimated():
    _, stats = simulate(system_of(CLOCK), ["day"], runs=100, depth=500)
    assert abs(stats.distinct - 48) <= 2
    _, slow = simulate(system_of(UNBOUNDED), ["day"], runs=2, depth=500)
    assert abs(slow.distinct - 48) <= 2


def test_liveness_and_scenarios_are_not_judged():
    found, _ = simulate(system_of(RACE + "liveness ends: true leads to done(left)\n"))
    assert isinstance(found["ends"], Unknown)
    assert "liveness" in found["ends"].reason


def test_no_time_is_unknown():
    found, stats = simulate(system_of(RACE), runs=None, seconds=1e-9)
    assert {type(v) for v in found.values()} == {Unknown}
    assert stats.runs == 0


def test_time_ends_runs_that_would_go_on():
    found, stats = simulate(system_of(CLOCK), ["day"], runs=None, seconds=2.0, depth=10**9)
    assert isinstance(found["day"], NoneUpTo)
    assert 0 < stats.steps < 10**9


def test_what_is_found_is_told_at_once():
    system = system_of(CLOCK)
    run = Simulation(system, ["day", "morning"], Limits(depth=200, threads=1), Walks(seconds=1e6))
    telling = run.judge()
    name, verdict = next(telling)  # though `day` keeps it going for ever
    assert name == "morning"
    assert isinstance(verdict, Violated)
    assert replay(system, verdict.trace) is None
    assert run.stats().runs > 0
    telling.close()


def test_what_the_evaluator_does_not_confirm_is_an_internal_error(monkeypatch):
    lie = replace(Tally.nothing(3), runs=1, found={"small": Sighting(2, 0)})
    monkeypatch.setattr(NativeWalker, "walk", lambda *_: lie)
    found, _ = simulate(system_of(RACE), ["small"])
    assert isinstance(found["small"], Unknown)
    assert found["small"].reason.startswith(INTERNAL)


@pytest.mark.parametrize("name", SPECS)
def test_runs_are_runs_of_the_reference(name):
    system, _ = lower_file(f"{find_spec_root()}/{name}.ilk", read_bytes)
    model = instantiate(system, finite_scope(system))
    initial = list(model.initial_states())[:50]
    props = tuple(p for p in system.properties if p.kind not in ("liveness", "scenario", "refinement"))
    weights = [1] * len(system.transitions)
    walkers = (
        NativeWalker(model, initial, weights, 3, 40, props, 1),
        ReferenceWalker(model, initial, weights, 3, 40, checks_of(model, props)),
    )
    for walker in walkers:
        for run in range(5):
            tally = walker.walk(run, 1, {})
            state, steps = walker.path(run, tally.steps)
            assert state in initial
            for transition, after in steps:
                assert after != state
                assert after in {step.after for step in model.steps(state, transition)}
                state = after


@pytest.mark.parametrize("name", SPECS)
def test_what_the_explorer_refutes_random_runs_refute_as_well(name):
    system, _ = lower_file(f"{find_spec_root()}/{name}.ilk", read_bytes)
    names = [e.property for e in system.expects if e.verdict == "violated"]
    names = [n for n in names if system.property(n).kind not in ("liveness", "scenario")]
    shortest = explore(system, names, Limits(sizes=finite_scope(system))).verdicts
    found, _ = simulate(system, names, depth=100, runs=20_000)
    for prop in names:
        assert isinstance(found[prop], Violated)
        assert len(found[prop].trace.steps) >= len(shortest[prop].trace.steps)
        assert replay(system, found[prop].trace) is None


def test_detours_are_left_out():
    system = system_of(CLOCK)
    model = instantiate(system, {})
    prop = system.property("morning")
    settles = Settling(model, checks_of(model, [prop]), prop)
    walker = NativeWalker(model, list(model.initial_states()), [1, 1], 0, 500, (prop,), 1)
    tally = walker.walk(0, 1, {"morning": 500})
    run = retrace(model, *walker.path(0, tally.found["morning"].steps), settles)
    assert isinstance(run, Run)
    assert len(run.steps) == tally.found["morning"].steps > 9
    shortest = shorten(model, run, settles, Clock(60).tick)
    assert [system.transitions[s.transition].action for s in shortest.steps] == ["tick"] * 9
    assert shorten(model, run, settles, Clock(-1).tick) == run


def test_known_gap_only_the_first_initial_states_are_used(monkeypatch):
    monkeypatch.setattr("interlock.engines.simulate.MOST_STARTS", 2)
    text = "module m\nvar x: 0..9\naction stay {\n  await x > 9; x := 0\n}\ninvariant low: x < 5\n"
    found, stats = simulate(system_of(text))
    assert isinstance(found["low"], NoneUpTo)
    assert stats.starts == 2
