"""The handshakes that hold nothing while they allocate, and that grow: right ones and broken twins."""

import importlib

import pytest

from interlock_conformance.bindings.list_lru import ListLruBinding
from interlock_conformance.conform import conform, replay
from interlock_conformance.schedule import parse_workload
from interlock_conformance.strategies.reduced import Reduced
from interlock_conformance.verdict import Breaks, Conforms, report

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
