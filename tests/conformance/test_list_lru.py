"""The candidates against the specification: the right one passes, each broken one is caught on the clause it breaks."""

import importlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from tests.conformance.workloads import workloads

from interlock_conformance.conform import Options, conform, replay
from interlock_conformance.schedule import parse_workload
from interlock_conformance.strategies.exhaustive import Exhaustive
from interlock_conformance.strategies.priorities import Priorities
from interlock_conformance.strategies.reduced import Reduced
from interlock_conformance.verdict import Breaks, Conforms, Undecided, report
from list_lru import v13
from list_lru.bindings.base import ListLruBinding

V13 = ListLruBinding("v13", v13.ListLrus)

# The smallest workload on which each shows; growth needs a second cgroup, unwinding a failing allocation.
BROKEN = {
    "unlocked_init": "init(0) | activate(0)",
    "krealloc": "init(0); activate(0); activate(1) | use(0, 0)",
    "no_grace_period": "init(0); activate(0); activate(1) | use(0, 0)",
    "leaky_unwind": "activate(0); activate(1); init(0) ! 2",
    "mark_first": "init(0) | activate(0)",
    "stray_list": "init(0); init(1); activate(0); activate(0) ! 5",
    "early_free": "init(0); destroy(0) | activate(0)",
    "register_late": "init(0) | activate(0)",
    "publish_outside": "init(0) | activate(0)",
    "mark_late": "init(0) | activate(0)",
    "scan_first": "init(0) | activate(0)",
    "active_only": "init(0) | activate(0)",
    "plain_store": "init(0) | activate(0)",
    "unpinned": "init(0); destroy(0) | activate(0)",
    "sweep_first": "init(0) | activate(0) ! 1",
    "registered_early": "init(0) ! 0",
    "null_array": "init(0); activate(0); init(1); activate(0) ! 1",
}

RIGHT = ("v13", "rw_semaphore", "publish_first", "handshake")

ELSEWHERE = {
    "handshake_cursor": ("sleeps_in_section", "unlinked_only", "cleared_only"),
    "handshake_segments": ("plain_segment",),
    "slots_owned": ("unlocked_count",),
    "xarray": (
        "late_list",
        "own_list_only",
        "overwritten_list",
        "unchecked_install",
        "undrained_lookup",
        "drained_list",
        "published_early",
    ),
    "list_locks": ("slot_first", "undead_list"),
}
"""Candidates with their twins that `test_candidates_*.py` are about."""


def broken(name):
    module = importlib.import_module(f"list_lru.broken.{name}")
    return ListLruBinding(name, module.ListLrus), module.BREAKS


def right(name):
    return ListLruBinding(name, importlib.import_module(f"list_lru.{name}").ListLrus)


def test_every_candidate_is_listed():
    folder = Path(v13.__file__).parent
    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == {*RIGHT, *ELSEWHERE}


def test_every_broken_twin_is_listed():
    folder = Path(v13.__file__).parent / "broken"
    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == set(BROKEN).union(*ELSEWHERE.values())


# -- exhaustive search


@pytest.mark.parametrize(
    "workload",
    [
        "init(0) | activate(0)",
        "init(0) | activate(0) ! 1",
        "init(0) | activate(0) ! 0",
        "init(0) | activate(0) | use(0, 0)",
        "init(0); init(1); activate(0) | activate(1) ! 3",
        "init(0); destroy(0) | activate(0)",
        "activate(0); activate(1); init(0) ! 2",
    ],
)
def test_v13_conforms_on_all_schedules_with_two_preemptions(base, workload):
    verdict = conform(V13, base, parse_workload(workload), Exhaustive(preemptions=2))
    assert isinstance(verdict, Conforms), report(verdict)
    assert verdict.exhausted
    assert {"coverage", "ids", "grace", "install_once"} <= set(verdict.judged)


@pytest.mark.parametrize("name", RIGHT[1:])
@pytest.mark.parametrize(
    "workload",
    [
        "init(0) | activate(0)",
        "init(0) | activate(0) ! 1",
        "init(0) | activate(0) ! 2",
        "init(0) | init(1) | activate(0)",
        "init(0) | activate(0) | activate(1)",
        "init(0); destroy(0) | activate(0)",
        "init(0); init(0) | activate(0); activate(0) ! 1 2",
        "init(0) | activate(0) | use(0, 0)",
    ],
)
def test_other_designs_conform_on_all_schedules_with_two_preemptions(base, name, workload):
    verdict = conform(right(name), base, parse_workload(workload), Exhaustive(preemptions=2))
    assert isinstance(verdict, Conforms), report(verdict)
    assert verdict.exhausted
    assert {"coverage", "ids", "grace", "install_once"} <= set(verdict.judged)


@pytest.mark.parametrize("name", RIGHT)
def test_a_mount_and_an_activation_conform_on_all_interleavings(base, name):
    verdict = conform(right(name), base, parse_workload("init(0) | activate(0)"), Reduced())
    assert isinstance(verdict, Conforms), report(verdict)
    assert verdict.exhausted


# Two lrus, two cgroups, of which the second makes the arrays grow, and somebody who adds; any allocation fails.
WHOLE = "init(0); init(1) | activate(0); activate(1) | add(0, 0)"


@pytest.mark.parametrize("name", ["v13", "rw_semaphore"])
@pytest.mark.parametrize("failing", ["3", pytest.param("*", marks=pytest.mark.slow)])
def test_the_whole_scope_conforms_on_all_interleavings(base, abstract, name, failing):
    verdict = conform(right(name), base, parse_workload(f"{WHOLE} ! {failing}"), Reduced(), Options(refined=abstract))
    assert isinstance(verdict, Conforms), report(verdict)
    assert verdict.exhausted


@pytest.mark.slow
def test_the_whole_scope_without_a_mutex_conforms_on_all_interleavings_of_those_that_set_up(base, abstract):
    workload = parse_workload("init(0); init(1); destroy(0) | activate(0); activate(1); activate(1) ! 3")
    verdict = conform(right("publish_first"), base, workload, Reduced(), Options(refined=abstract))
    assert isinstance(verdict, Conforms), report(verdict)
    assert verdict.exhausted


@pytest.mark.parametrize("name", BROKEN)
def test_each_broken_twin_is_caught_exhaustively(base, abstract, name):
    """Its own property comes before the refinement, which often breaks in the same step."""
    binding, breaks = broken(name)
    options = Options(refined=abstract)
    verdict = conform(binding, base, parse_workload(BROKEN[name]), Exhaustive(preemptions=2), options)
    assert isinstance(verdict, Breaks), report(verdict)
    assert verdict.property == breaks, report(verdict)
    again = replay(binding, base, verdict.token, options)
    assert isinstance(again, Breaks)
    assert (again.property, again.message, again.events) == (verdict.property, verdict.message, verdict.events)


@pytest.mark.parametrize("workload", sorted(set(BROKEN.values())))
def test_v13_conforms_where_each_twin_breaks(base, workload):
    verdict = conform(V13, base, parse_workload(workload), Exhaustive(preemptions=2))
    assert isinstance(verdict, Conforms), report(verdict)


def test_the_counterexample_of_design_d_is_the_threads_own_story(base):
    binding, _ = broken("unlocked_init")
    verdict = conform(binding, base, parse_workload(BROKEN["unlocked_init"]), Exhaustive(preemptions=2))
    assert isinstance(verdict, Breaks)
    assert verdict.preemptions == 1
    text = report(verdict)
    story = [
        "    init(0)\n",
        "next active_memcgs = end",  # the scan sees no cgroup
        "    activate(0)\n",
        "lock create_mutex",  # the whole activation is under the mutex
        "next all_memcg_lrus = end",  # and sees no lru
        "add active_memcgs memcg0",
        "unlock create_mutex",
        "    init(0)\n",
        "lock create_mutex",
        "add all_memcg_lrus lru0",  # now both are there
        "replay: init(0) | activate(0) @ 0*3 1*12 0*3",
    ]
    at = 0
    for line in story:
        at = text.index(line, at) + len(line)
    assert "coverage: forall l: Lru, m: Memcg :: registered(l) and active(m) implies" in text
    assert "with l = lru0, m = memcg0: registered(lru0) and active(memcg0) hold but" in text


def test_krealloc_frees_an_array_that_a_reader_holds(base):
    binding, _ = broken("krealloc")
    workload = parse_workload("init(0); activate(0); activate(1) | use(0, 0)")
    verdict = conform(binding, base, workload, Exhaustive(2), Options(properties=frozenset({"coverage"})))
    assert isinstance(verdict, Breaks)
    assert verdict.property == "arrays.no_use_after_free"
    assert verdict.message == "use(0, 0): load of arrays[1].slot[0], which activate(1) has freed"
    last = [(event.thread, event.kind, event.object) for event in verdict.events[-3:]]
    assert last == [
        ("use(0, 0)", "read lock", "rcu"),
        ("use(0, 0)", "load", "lru0.memcg"),
        ("use(0, 0)", "load", "arrays[1].slot[0]"),
    ]


# -- each allocation in its turn


def test_each_allocation_fails_in_its_turn_and_then_none(base):
    each = conform(V13, base, parse_workload("init(0); activate(0) ! *"), Reduced())
    assert isinstance(each, Conforms), report(each)
    assert each.exhausted
    alone = [conform(V13, base, parse_workload(f"init(0); activate(0) ! {n}"), Reduced()) for n in range(4)]
    assert each.executions == sum(verdict.executions for verdict in alone), "three allocations, and none"


def test_the_allocation_whose_failure_breaks_it_is_named(base):
    binding, breaks = broken("stray_list")
    verdict = conform(binding, base, parse_workload("init(0); init(1); activate(0); activate(0) ! *"), Reduced())
    assert isinstance(verdict, Breaks)
    assert verdict.property == breaks
    assert verdict.token.startswith("init(0); init(1); activate(0); activate(0) ! 5 @")
    again = replay(binding, base, verdict.token)
    assert isinstance(again, Breaks)
    assert again.events == verdict.events


# -- chosen by Hypothesis

SHORT = Options(shrink_executions=0)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(workload=workloads(), seed=st.integers(0, 2**16))
def test_v13_conforms_on_workloads_and_schedules_that_hypothesis_chooses(base, workload, seed):
    verdict = conform(V13, base, workload, Priorities(seed, executions=10))
    assert isinstance(verdict, Conforms), report(verdict)


SUBTLE = ("unpinned", "sweep_first", "plain_store", "scan_first", "active_only", "publish_outside")
"""Twins that take Hypothesis long to find; searched exhaustively above."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in SUBTLE else []) for name in BROKEN]
)
def test_hypothesis_finds_each_broken_twin(base, name):
    binding, breaks = broken(name)

    def is_caught(choice):
        workload, seed = choice
        verdict = conform(binding, base, workload, Priorities(seed, executions=40), SHORT)
        return isinstance(verdict, Breaks) and verdict.property == breaks

    workload, seed = find(
        st.tuples(workloads(), st.integers(0, 2**16)),
        is_caught,
        settings=settings(max_examples=1_500, deadline=None, derandomize=True, database=None, phases=[Phase.generate]),
    )
    verdict = conform(binding, base, workload, Priorities(seed, executions=40))
    assert isinstance(verdict, Breaks)
    assert verdict.property == breaks
    assert verdict.preemptions <= 2, report(verdict)
    assert f"replay: {workload} @ " in report(verdict)


# -- sabotage: v13 with one line less


class NoMutex(v13.ListLrus):
    def __init__(self, runtime):
        super().__init__(runtime)
        self.create_mutex = runtime.rcu("no_lock_at_all").read()


class NoReadSide(v13.ListLrus):
    def list_of(self, lru, index):
        return lru.root if index is None else self.array_of(lru).slot[index]

    def count(self, lru, index):
        return self.list_of(lru, index).count.load()


class NoListLock(v13.ListLrus):
    def add(self, lru, item, index):
        with self.rcu.read():
            there = self.list_of(lru, index)
            there.items.store((*there.items.load(), item))
            there.count.store(there.count.load() + 1)


class ForgetsToCopy(v13.ListLrus):
    def copy(self, old, larger):
        pass


class GivesNoIdBack(v13.ListLrus):
    def activate(self, memcg):
        with self.create_mutex:
            index = self.ids.take()
            memcg.index.store(index)
            error = self.make_room(index) or self.add_lists(index)
            if error is None:
                self.active.add(memcg)
            else:
                self.ids.give(index)
            return error


class FailsAfterOthers(v13.ListLrus):
    """Remembers that memory has once run out, and tries no more."""

    def init(self, lru):
        error = getattr(self, "error", None) or super().init(lru)
        self.error = error
        return error


class SleepsInSection(v13.ListLrus):
    def add(self, lru, item, index):
        with self.rcu.read(), self.create_mutex:
            self.list_of(lru, index)


@pytest.mark.parametrize(
    ("candidate", "workload", "property_"),
    [
        (NoMutex, "init(0) | activate(0)", "no_sleep_in_atomic"),
        (NoReadSide, "init(0); activate(0); activate(1) | use(0, 0)", "arrays.no_use_after_free"),
        (NoListLock, "init(0) | add(0, 0) | add(0, 0)", "counts"),
        (ForgetsToCopy, "init(0); activate(0); activate(1)", "coverage"),
        (GivesNoIdBack, "init(0); activate(0); activate(1) ! 1", "ids"),
        (FailsAfterOthers, "init(0); init(1) ! 0", "fails_for_memory"),
        (SleepsInSection, "init(0) | use(0, 0)", "no_sleep_in_atomic"),
    ],
)
def test_sabotage_is_caught(base, candidate, workload, property_):
    verdict = conform(ListLruBinding("sabotaged", candidate), base, parse_workload(workload), Exhaustive(3))
    assert isinstance(verdict, Breaks), report(verdict)
    assert verdict.property == property_, report(verdict)


# -- bad input


@pytest.mark.parametrize(
    ("workload", "reason"),
    [
        ("init(0) | init(0)", "lru0 is set up by more than one thread"),
        ("init(0); destroy(0) | use(0, 0)", "used by one thread while another may destroy it"),
        ("frobnicate(0)", "`frobnicate(0)` is none of"),
        ("init()", "`init()` is none of"),
        ("use(0)", "`use(0)` is none of"),
    ],
)
def test_a_misused_candidate_is_undecided(base, workload, reason):
    verdict = conform(V13, base, parse_workload(workload), Exhaustive(0))
    assert isinstance(verdict, Undecided)
    assert reason in verdict.reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [("nonsense", "not a token"), ("init(0) | activate(0) @ 0*1 1*1 0*5", "at step 1 thread 1 cannot run")],
)
def test_a_schedule_that_cannot_be_followed_is_undecided(base, text, reason):
    verdict = replay(V13, base, text)
    assert isinstance(verdict, Undecided)
    assert reason in verdict.reason


def test_executions_that_are_cut_off_are_no_pass(base):
    verdict = conform(V13, base, parse_workload("init(0) | activate(0)"), Exhaustive(1), Options(steps=5))
    assert isinstance(verdict, Undecided)
    assert "did not end within 5 steps" in verdict.reason


def test_a_bound_on_executions_is_told_from_exhaustion(base):
    verdict = conform(V13, base, parse_workload("init(0) | activate(0)"), Exhaustive(2, executions=5))
    assert isinstance(verdict, Conforms)
    assert not verdict.exhausted
    assert "bounded: the first 5 of all schedules" in report(verdict)
