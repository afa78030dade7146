"""The handshakes that hold nothing while they allocate, and that grow: right ones and broken twins."""

import importlib

import pytest
from tests.conformance.subjects import candidate

from interlock_conformance.conform import Options, conform, replay
from interlock_conformance.schedule import parse_workload
from interlock_conformance.strategies.exhaustive import Exhaustive
from interlock_conformance.strategies.priorities import Priorities
from interlock_conformance.strategies.reduced import Reduced
from interlock_conformance.verdict import Breaks, Conforms, report
from list_lru import handshake_segments, v13
from list_lru.bindings.base import ListLruBinding

RIGHT = ("handshake_cursor", "handshake_segments")

# The smallest workload on which each shows, and how many preemptions it takes.
BROKEN = {
    "sleeps_in_section": ("init(0) | activate(0)", 0),
    "unlinked_only": ("init(0); destroy(0) | activate(0)", 1),
    "cleared_only": ("init(0) | activate(0) ! 2", 2),
    "plain_segment": ("init(0) | activate(0)", 2),
}


def right(name):
    return ListLruBinding(name, importlib.import_module(f"list_lru.{name}").ListLrus)


def broken(name):
    module = importlib.import_module(f"list_lru.broken.{name}")
    return ListLruBinding(name, module.ListLrus), module.BREAKS


@pytest.mark.parametrize("name", BROKEN)
def test_each_broken_twin_is_caught(base, name):
    binding, breaks = broken(name)
    workload, preemptions = BROKEN[name]
    verdict = conform(binding, base, parse_workload(workload), Reduced())
    assert isinstance(verdict, Breaks), report(verdict)
    assert verdict.property == breaks, report(verdict)
    assert verdict.preemptions == preemptions, report(verdict)
    again = replay(binding, base, verdict.token)
    assert isinstance(again, Breaks)
    assert (again.property, again.events) == (verdict.property, verdict.events)


# -- scope: two lrus, two cgroups, one reader, growth, one failing allocation

EXHAUSTED = {
    "handshake_cursor": (
        pytest.param("init(0) | activate(0)", marks=pytest.mark.slow),
        "init(0) | activate(0) ! 1",
        "init(0) | activate(0) ! 2",
    ),
    "handshake_segments": (
        "init(0) | activate(0)",
        "init(0) | activate(0) ! 1",
        "init(0) | activate(0) ! 2",
        "init(0) | activate(0) ! 3",
    ),
}


@pytest.mark.parametrize(
    ("name", "workload"),
    [
        pytest.param(name, *getattr(workload, "values", (workload,)), marks=getattr(workload, "marks", ()))
        for name in EXHAUSTED
        for workload in EXHAUSTED[name]
    ],
)
def test_a_mount_and_an_activation_conform_on_all_interleavings(base, name, workload):
    verdict = conform(right(name), base, parse_workload(workload), Reduced())
    assert isinstance(verdict, Conforms), report(verdict)
    assert verdict.exhausted
    assert {"coverage", "ids", "grace", "install_once"} <= set(verdict.judged)


# Whole scopes have too many interleavings of two handshakes; so all schedules with one preemption, whichever allocation
# fails: `bounded`, and no more.
WIDE = (
    "init(0); init(1) | activate(0); activate(1)",
    "init(0); init(1); destroy(0) | activate(0); activate(1); activate(1)",
    "init(0); activate(0) | init(1); activate(1) | use(0, 0)",
)


@pytest.mark.slow
@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("workload", WIDE)
@pytest.mark.parametrize("failing", [1, 3, 4])
def test_the_whole_scope_conforms_on_all_schedules_with_one_preemption(base, name, workload, failing):
    verdict = conform(right(name), base, parse_workload(f"{workload} ! {failing}"), Exhaustive(preemptions=1))
    assert isinstance(verdict, Conforms), report(verdict)
    assert verdict.bound == "all schedules with at most 1 preemption"


def test_an_activation_that_fails_leaves_nothing_in_an_lru_that_is_being_unmounted(base):
    workload = parse_workload("init(0); destroy(0) | activate(0) ! 3")
    verdict = conform(right("handshake_cursor"), base, workload, Reduced(1_000))
    assert isinstance(verdict, Conforms), report(verdict)


def test_a_scan_has_a_spare_list_that_the_specification_knows_of(base):
    workload = parse_workload("init(0); destroy(0); init(0) | activate(0)")
    verdict = conform(right("handshake_cursor"), base, workload, Priorities(0, 100))
    assert isinstance(verdict, Conforms), report(verdict)


class Hoards(v13.ListLrus):
    def new_array(self):
        for _ in range(5):
            self.lists.free(self.lists.alloc())
        return super().new_array()


def test_known_gap_a_candidate_that_allocates_much_more_than_it_installs(base):
    workload = parse_workload("init(0) | activate(0)")
    verdict = conform(ListLruBinding("hoards", Hoards), base, workload, Reduced())
    assert isinstance(verdict, Breaks), report(verdict)
    assert (verdict.property, verdict.message) == ("abstraction", "slot(0, 0) is 5, which is no List? here")


# -- what the specification does not speak of


class LosesSegments(handshake_segments.ListLrus):
    def add_segment(self, array, part):
        new = self.segments.alloc()
        return new is not None and (array.segment.cmpxchg(part, None, new) is None or True)


def test_segments_are_looked_for_too(base):
    binding = ListLruBinding("loses_segments", LosesSegments)
    verdict = conform(binding, base, parse_workload("init(0); activate(0); activate(1)"), Reduced())
    assert isinstance(verdict, Breaks), report(verdict)
    assert (verdict.property, verdict.message) == (
        "no_leak",
        "at rest nobody can reach segments[1], which is still allocated",
    )


def test_arrays_that_double_have_more_slots_than_there_are_cgroups(base):
    binding = candidate("slots_owned")
    workload = parse_workload("init(0); activate(0); activate(1); activate(2)")
    verdict = conform(binding.bound(), base, workload, Reduced(), Options(known=frozenset(binding.exempt)))
    assert isinstance(verdict, Conforms), report(verdict)
