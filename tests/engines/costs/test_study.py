"""Costs of small designs, known by hand, and what becomes of them when a design's key step is changed."""

import pytest
from tests.engines.costs import designs
from tests.engines.costs.designs import ENDLESS, FILLING, OUTSIDE, READERS, STEPS, WAITING, formulas, studied, system_of

from interlock.engines.costs.sections import heaps_of, sections_of
from interlock.engines.costs.slicing import sliced
from interlock.engines.costs.study import study


def test_steps_in_a_holding_are_constant_and_waiting_grows_with_the_others():
    found = formulas(studied(STEPS))
    assert found["work", "lock", "steps"] == "3"
    assert found["work", "", "steps"] == "6"  # entering, leaving and one step after
    assert found["work", "lock", "waiting"] == "-4 + 4·Task"  # three steps and leaving, of each of the others


def test_a_walk_that_allocates_under_a_lock_costs_an_allocation_for_each_element():
    found = studied(FILLING)
    told = formulas(found)
    assert told["fill", "lock", "allocations"] == "Item"
    assert told["fill", "lock", "steps"] == "2 + 2·Item"
    assert told["fill", "lock", "waiting"] == "-3 - 2·Item + 3·Task + 2·Item·Task"  # (Task - 1)(3 + 2 Item)
    assert told["", "blocks", "at rest"] == "Item·Task"
    assert found.parallel["fill", ""] is False


def test_moving_the_walk_out_of_the_lock_takes_its_cost_with_it():
    found = studied(OUTSIDE, exhausting=False)
    told = formulas(found)
    assert ("fill", "lock", "allocations") not in told  # no step of a holding allocates
    assert told["fill", "lock", "steps"] == "1"
    assert told["fill", "", "allocations"] == "Item"


def test_two_can_walk_at_a_time_where_the_lock_is_not_held(monkeypatch):
    monkeypatch.setattr("interlock.engines.costs.sizing.LARGEST", 1)
    assert studied(OUTSIDE).parallel["fill", ""] is True


def test_readers_share_a_semaphore_and_writers_do_not():
    found = studied(READERS)
    assert found.parallel["look", "sem.read"] is True
    assert found.parallel["change", "sem.write"] is False
    assert formulas(found)["change", "sem.write", "waiting"] == "-2 + 2·Reader + 2·Writer"


def test_a_loop_under_a_lock_has_no_bound():
    found = studied(ENDLESS)
    assert formulas(found)["work", "lock", "steps"] == "no bound"
    assert formulas(found)["work", "lock", "waiting"] == "no bound"


def test_grace_periods_in_a_holding():
    found = formulas(studied(WAITING))
    assert found["replace", "lock", "grace periods"] == "1"
    assert found["replace", "lock", "allocations"] == "1"
    assert ("read", "rcu.read", "grace periods") not in found
    early = WAITING.replace("    step over: await rcu.over(self)\n", "")
    assert ("replace", "lock", "grace periods") not in formulas(studied(early))


def test_a_sleep_that_violates_nothing_is_counted():
    sleepy = WAITING.replace("step take: ", "step take: rcu.might_sleep(); ")
    found = studied(sleepy, sleeping={"replace.take"})
    assert formulas(found)["replace", "lock", "sleeps"] == "1"


def test_known_gap_a_step_that_violates_an_assertion_costs_nothing_for_it_is_not_taken():
    atomic = WAITING.replace("step take: ", "step take: lock.might_sleep(); ")
    found = studied(atomic, sleeping={"replace.take"})
    assert formulas(found)["replace", "lock", "sleeps"] == "0"


def test_where_time_runs_out_nothing_is_claimed():
    found = studied(FILLING, seconds=0.0)
    assert not found.exhausted
    assert all(cost.fit is None and not cost.points for cost in found.costs)


def test_slicing_changes_no_cost(monkeypatch):
    system = system_of(FILLING)
    assert len(sliced(system).symbols) < len(system.symbols)
    monkeypatch.setattr("interlock.engines.costs.sizing.LARGEST", 2)
    before = [cost.points for cost in study(system, 600.0, native=False).costs]
    monkeypatch.setattr("interlock.engines.costs.study.sliced", lambda s: s)
    assert [cost.points for cost in study(system, 600.0, native=False).costs] == before


@pytest.mark.parametrize(
    "text",
    [READERS, pytest.param(FILLING, marks=pytest.mark.slow), pytest.param(ENDLESS, marks=pytest.mark.slow)],
    ids=["readers", "filling", "endless"],
)
def test_machine_code_measures_the_same(text, monkeypatch):
    monkeypatch.setattr("interlock.engines.costs.sizing.LARGEST", 2)
    expected = studied(text)
    monkeypatch.setattr("interlock.engines.costs.measuring._GLANCE_STATES", 1)
    found = studied(text, native=True, seconds=600.0)
    assert formulas(found) == formulas(expected)
    assert [c.points for c in found.costs] == [c.points for c in expected.costs]


def test_a_run_attains_the_greatest_value():
    cost = next(c for c in studied(STEPS).costs if c.key == ("work", "lock", "waiting"))
    run = cost.largest.measured.run
    (counter,) = (s for s in run.initial.tables if s.name == "cost.work.lock.waiting")
    assert run.states[-1].tables[counter][()] == cost.largest.measured.value == 8


def test_known_gap_a_lock_of_ones_own_making_is_no_section_but_is_noted():
    by_hand = WAITING.replace("loop { with rcu.read { step look: await true } }", "step look: rcu.start()")
    found = studied(by_hand)
    assert ("read", "rcu.read") not in found.sections
    own = """\
module own
sort Task
var held_by(t: Task): Bool = false
process work(t: Task) {
  step take: await forall u: Task :: not held_by(u); held_by(t) := true
  step drop: held_by(t) := false
}
invariant fine: true
expect fine proved
"""
    assert studied(own).sections == ()


def test_a_bulk_write_is_noted_as_a_hidden_cost():
    text = STEPS.replace("var tally", "var seen(t: Task): Bool = false\nvar tally").replace(
        "step after: tally := 0", "step after: await seen(t) or true; seen(u: Task) := tally = 0"
    )
    assert any("for every Task in one step" in note for note in studied(text).hidden)


def test_what_is_found_in_a_system():
    system = system_of(WAITING)
    assert [heap.name for heap in heaps_of(system)] == ["blocks"]
    assert [s.name for p in system.processes for s in sections_of(p)] == ["rcu.read", "lock"]
    assert designs.OUTSIDE != designs.FILLING
