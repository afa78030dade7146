"""Lists owned by the lru: a list waits at each index, and whoever reads an array has the lock that replaces it."""

import pytest
from tests.conformance.subjects import candidate

from interlock_conformance.conform import Options, conform, replay
from interlock_conformance.schedule import parse_workload
from interlock_conformance.strategies.reduced import Reduced
from interlock_conformance.verdict import Breaks, Conforms, report

OWNED = candidate("slots_owned")
UNLOCKED = candidate("broken.unlocked_count")
EXEMPT = Options(known=frozenset(OWNED.exempt))

SCOPE = (
    "init(0) | activate(0)",
    "init(0); init(1) | activate(0); activate(1)",
    "init(0); init(1) | activate(0); activate(1) ! {failing}",
    "init(0) | init(1) | activate(0); activate(1) ! {failing}",
    pytest.param(
        "init(0); init(1); destroy(0); init(0) | activate(0); activate(1) ! {failing}", marks=pytest.mark.slow
    ),
    "init(0); init(1); activate(0); activate(1) | use(0, 0) | use(1, 1)",
    "init(0); init(1); activate(0); activate(1); activate(1) | use(0, 0) ! {failing}",
)
"""Two lrus, two cgroups, a reader, growth, one failing allocation; `{failing}` is each that there can be."""


@pytest.mark.parametrize("pattern", SCOPE)
def test_it_conforms_on_all_interleavings_whichever_allocation_fails(base, pattern):
    texts = {pattern.format(failing=failing) for failing in range(8)}
    for text in sorted(texts):
        verdict = conform(OWNED.bound(), base, parse_workload(text), Reduced(), EXEMPT)
        assert isinstance(verdict, Conforms), f"{text}\n{report(verdict)}"
        assert verdict.exhausted, text
        assert {"coverage", "no_leak", "ids", "grace", "install_once"} <= set(verdict.judged)
        assert not set(OWNED.exempt) & set(verdict.judged)


@pytest.mark.parametrize(
    ("promise", "workload"),
    [("no_stray", "init(0); init(1); activate(0) ! 4"), ("retirement", "init(0); activate(0)")],
)
def test_what_its_design_does_not_promise_it_does_not_keep(base, promise, workload):
    options = Options(known=frozenset(OWNED.exempt) - {promise})
    verdict = conform(OWNED.bound(), base, parse_workload(workload), Reduced(), options)
    assert isinstance(verdict, Breaks)
    assert verdict.property == promise


def test_an_array_that_is_freed_at_once_is_used_by_who_takes_no_lock(base):
    workload = parse_workload("init(0); activate(0); activate(1) | use(0, 0)")
    verdict = conform(UNLOCKED.bound(), base, workload, Reduced(), EXEMPT)
    assert isinstance(verdict, Breaks), report(verdict)
    assert verdict.property == UNLOCKED.breaks
    assert verdict.preemptions == 2
    assert verdict.message == "use(0, 0): load of arrays[1].slot[0], which activate(1) has freed"
    assert isinstance(replay(UNLOCKED.bound(), base, verdict.token, EXEMPT), Breaks)
