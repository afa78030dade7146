"""Bounds of costs: what a thread does alone is never less, and what a run was seen to do never more, than the most."""

import pytest
from tests.engines.costs.designs import ENDLESS, FILLING, OUTSIDE, READERS, STEPS, WAITING, system_of

from interlock.core.system import TransitionSystem
from interlock.engines.costs.alone import alone, private
from interlock.engines.costs.counting import counted, keys_of
from interlock.engines.costs.measuring import WINDOW, Search, maxima, reading
from interlock.engines.costs.parallel import memory_of
from interlock.engines.costs.runs import attained
from interlock.engines.costs.sections import sections_of
from interlock.engines.costs.sizing import plan_of
from interlock.engines.costs.slicing import sliced

EARLY = """\
module early
sort Task
use std.mutex as lock
var ready: Bool = false
process work(t: Task) {
  loop {
    with lock {
      step look: if not ready { ready := true; return }
      step again: ready := false
    }
  }
}
process other(t: Task) {
  with lock { step nothing: await true }
}
expect lock.exclusive proved
"""
"""A section that is left in two ways, one of them in the midst of it."""

RETRY = """\
module retry
sort Task
var value: 0..1 = 0
process work(t: Task) {
  local seen: 0..1
  loop {
    step load: seen := value
    step swap: if value = seen { value := 1 - seen; return }
  }
}
invariant fine: true
expect fine proved
"""


def bounds(text: str, size: int, above: bool = True) -> dict[tuple[str, str, str], int | None]:
    """Bounds from above (None: there is none), or all that was measured, by exhausting the scope."""
    system = sliced(system_of(text))
    plan = plan_of(system)
    sizes = plan.sizes(dict.fromkeys(plan.varied, size), 1)
    found: dict[tuple[str, str, str], int | None] = {}
    for process in system.processes:
        keys = [key for key in keys_of(system, process, ()) if key[2] != "waiting"]

        def build(ceilings, process=process):
            bigger = counted(system, process, (), ceilings)
            small = alone(bigger.system, process, bigger.who, bigger.counters)
            return small if above else bigger.system, bigger.quantities

        for key in keys:
            measured = maxima(build, {key: 0}, Search(sizes, float("inf"), native=False))[key]
            assert measured.exact
            found[key] = None if measured.unbounded else measured.value
    return found


@pytest.mark.parametrize("text", [STEPS, FILLING, OUTSIDE, READERS, ENDLESS, EARLY, RETRY])
@pytest.mark.parametrize("size", [1, 2])
def test_a_thread_alone_does_at_least_what_it_does_among_others(text, size):
    above, exact = bounds(text, size), bounds(text, size, above=False)
    assert exact.keys() == above.keys()
    for key, most in above.items():
        value = exact[key]
        assert most is None or (value is not None and most >= value)


def test_bounds_from_above_are_tight_where_nothing_hangs_on_others():
    assert bounds(STEPS, 3) == {("work", "lock", "steps"): 3, ("work", "", "steps"): 6}
    assert bounds(FILLING, 3)["fill", "lock", "allocations"] == 3
    assert bounds(FILLING, 3)["fill", "lock", "steps"] == 8


def test_what_others_may_make_a_thread_do_again_has_no_bound_from_above():
    assert bounds(RETRY, 1)["work", "", "steps"] is None
    assert bounds(RETRY, 1, above=False)["work", "", "steps"] == 2  # nobody is there to interfere
    assert bounds(ENDLESS, 1)["work", "lock", "steps"] is None


def kept(system: TransitionSystem, operation: str) -> set[str]:
    process = next(p for p in system.processes if p.name == operation)
    return {s.name for s in private(system, process, ())}


def test_only_what_no_other_thread_changes_is_kept():
    system = system_of(RETRY)
    assert kept(system, "work") == {"work.pc", "work.seen"}
    shared = RETRY.replace("local seen: 0..1", "").replace("seen", "memo(t)")
    shared = shared.replace("var value", "var memo(t: Task): 0..1 = 0\nvar value")
    assert kept(system_of(shared), "work") == {"work.pc", "memo"}
    meddling = shared.replace("process work", "process wipe(t: Task) { step wipe: memo(u: Task) := 0 }\nprocess work")
    assert kept(system_of(meddling), "work") == {"work.pc"}
    own = shared.replace("step load: memo(t) := value", "step load: memo(u: Task) := value")
    assert kept(system_of(own), "work") == {"work.pc"}  # one thread writes it for all


def test_the_owed_of_a_walk_is_not_kept_where_others_change_what_is_walked():
    assert "fill.scan.visited" in kept(system_of(FILLING), "fill")
    assert "fill.scan.owed" not in kept(system_of(FILLING), "fill")


@pytest.mark.parametrize("text", [STEPS, FILLING, READERS, WAITING, EARLY])
def test_runs_attain_no_more_than_there_is_and_mostly_all_of_it(text):
    system = sliced(system_of(text))
    plan = plan_of(system)
    sizes = plan.sizes(dict.fromkeys(plan.varied, 1), 1)
    for process in system.processes:
        keys = keys_of(system, process, ())
        bigger = counted(system, process, (), dict.fromkeys(keys, 60))

        def build(ceilings, process=process):
            one = counted(system, process, (), ceilings)
            return one.system, one.quantities

        exact = maxima(build, dict.fromkeys(keys, 0), Search(sizes, float("inf"), native=False))
        found = attained(bigger.system, bigger.quantities, sizes, {}, 600.0)
        for key in keys:
            value, run = found[key]
            assert value == exact[key].value
            assert (run is None) == (value == 0)


def test_runs_stop_once_nothing_more_can_be_attained(monkeypatch):
    system = system_of(STEPS)
    process = system.processes[0]
    keys = [key for key in keys_of(system, process, ()) if key[2] == "steps"]
    bigger = counted(system, process, (), dict.fromkeys(keys, 60))
    monkeypatch.setattr("interlock.engines.costs.runs.PATIENCE", float("inf"))
    aims = {("work", "lock", "steps"): 3, ("work", "", "steps"): 6}
    found = attained(bigger.system, bigger.quantities, {"Task": 2}, aims, 600.0)
    assert {key: value for key, (value, _) in found.items()} == aims


def test_each_way_out_of_a_section_is_one():
    (lock,) = sections_of(next(p for p in system_of(EARLY).processes if p.name == "work"))
    assert len(lock.exits) == 2
    found = bounds(EARLY, 2, above=False)
    assert found["work", "lock", "steps"] == 2  # leaving is no step of a holding, and the next one begins from none


def test_a_read_side_section_is_no_lock():
    system = system_of(WAITING)
    keys = {key for process in system.processes for key in keys_of(system, process, ())}
    assert ("read", "rcu.read", "steps") in keys
    assert ("read", "rcu.read", "waiting") not in keys
    assert ("replace", "lock", "waiting") in keys


TWO_HEAPS = """\
module two_heaps
sort Few, Many
use std.heap(Few) as few
use std.heap(Many) as many
sort Task
process fill(t: Task) { loop { step one: let x = few.alloc(); await x != none } }
process pour(t: Task) { loop { step one: let x = many.alloc(); await x != none } }
invariant fine: true
expect fine proved
"""


def test_memory_of_which_one_kind_needs_a_second_look_and_the_other_does_not():
    system = system_of(TWO_HEAPS)
    memory = memory_of(system)
    search = Search({"Task": 1, "Few": 1, "Many": 2 * WINDOW}, float("inf"), glance=False)
    found = maxima(reading(system, memory), {quantity.key: 0 for quantity in memory}, search)
    assert {key[1]: m.value for key, m in found.items() if key[2] == "at most"} == {"few": 1, "many": 2 * WINDOW}
