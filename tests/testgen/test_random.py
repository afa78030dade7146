"""Random specifications: their cases cover what a second exploration finds, and they pass their own cases."""

import pytest
from hypothesis import HealthCheck, assume, given, settings
from tests.engines.random_systems import size, systems
from tests.native.random_processes import lower_text, specifications
from tests.testgen.running import possible, write

from interlock.core.system import TransitionSystem
from interlock.engines.evaluate import Unsupported
from interlock.render.pytest_cases import shared_state

FEW = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(FEW, max_examples=500)
STATES = 1_000


def judge(system: TransitionSystem, scope: str) -> None:
    state = "shared" if any(map(shared_state(system), system.symbols)) else "all"
    try:
        written = write(system, scope, refusals=True, state=state, states=STATES)
    except Unsupported:
        assume(False)
        return
    assume(not written.cases.cut)
    assert set(written.outcomes(written.candidate).values()) <= {""}
    assert (written.cases.steps, written.cases.pairs) == possible(system, written.sizes)
    assert write(system, scope, refusals=True, state=state, states=STATES).text == written.text
    assert len(written.tests()) == len(written.cases.cases)


def judge_actions(system: TransitionSystem) -> None:
    sizes = {sort.name: 2 for sort in system.sorts}
    assume(size(system, sizes) < 100_000)
    judge(system, ",".join(f"{sort}=2" for sort in sizes))


@FEW
@given(systems())
def test_actions(system):
    judge_actions(system)


@FEW
@given(specifications())
def test_processes(text):
    judge(lower_text(text), "T=2")


@pytest.mark.slow
@MANY
@given(systems())
def test_many_actions(system):
    judge_actions(system)


@pytest.mark.slow
@MANY
@given(specifications())
def test_many_processes(text):
    judge(lower_text(text), "T=2")
