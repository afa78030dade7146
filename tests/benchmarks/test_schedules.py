"""The subjects are what they are said to be, in each of their three forms, and the tables say what was measured."""

import threading

import pytest
from contenders.everyone import contenders
from contenders.interlock import Interlock
from contenders.state_machine import StateMachine, Threads
from contenders.table import Row, faults, first_table, whole_table
from subjects import plain, primitives, steps

NAMES = tuple(plain.SUBJECTS)
BROKEN = tuple(name for name in NAMES if name not in plain.RIGHT)


def test_there_are_the_same_subjects_in_each_form():
    assert NAMES == tuple(primitives.SUBJECTS) == tuple(steps.SUBJECTS)
    assert set(plain.RIGHT) < set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_one_thread_after_the_other_nothing_goes_wrong(name):
    case = plain.SUBJECTS[name]
    state = case.make()
    for thread in case.threads:
        started = threading.Thread(target=thread, args=(state,))
        started.start()
        started.join()
    assert case.holds(state)


def outcomes(name: str) -> set[bool]:
    """Whether it holds, for every order of the steps, found by trying them all."""
    case = steps.SUBJECTS[name]
    found: set[bool] = set()
    waiting: list[list[int]] = [[]]
    while waiting:
        order = waiting.pop()
        threads = Threads(case)
        for number in order:
            threads.step(number)
        enabled = threads.enabled()
        if not enabled:
            found.add(case.holds(threads.state))
        waiting += [[*order, number] for number in enabled]
    return found


@pytest.mark.parametrize("name", NAMES)
def test_some_orders_of_its_steps_break_a_subject_unless_it_is_right(name):
    assert outcomes(name) == ({True} if name in plain.RIGHT else {True, False})


@pytest.mark.parametrize("how", ["reduced", "plain", "priorities"])
@pytest.mark.parametrize("name", BROKEN)
def test_interlock_finds_what_is_wrong(name, how):
    assert Interlock(how).search(name, 10_000, 0, judged=True, bounded=True).broken


@pytest.mark.parametrize("name", NAMES)
def test_interlock_comes_to_the_end_of_each_subject(name):
    reduced, every = (
        Interlock(how).search(name, 100_000, 0, judged=name in plain.RIGHT, bounded=False)
        for how in ("reduced", "plain")
    )
    assert reduced.exhausted
    assert every.exhausted
    assert not reduced.broken
    assert not every.broken
    assert reduced.executions <= every.executions


@pytest.mark.parametrize("name", BROKEN)
def test_the_state_machine_finds_what_is_wrong(name):
    assert StateMachine().search(name, 1_000, 0, judged=True, bounded=True).broken


def test_the_state_machine_finds_nothing_where_nothing_is_wrong():
    found = StateMachine().search(plain.RIGHT[0], 50, 0, judged=True, bounded=True)
    assert (found.broken, found.exhausted) == (False, False)


def test_a_tool_that_is_missing_is_named():
    present, missing = contenders()
    assert {name.partition(",")[0] for name in present} | set(missing) == {
        "Interlock", "frontrun", "interleave-test", "Hypothesis",
    }  # fmt: skip
    assert all("No module named" in why for why in missing.values())


# The tables

BUG = BROKEN[0]
OURS = Row(BUG, "Interlock, reduced", {"tried": 5, "found": 5, "executions": 2.0, "seconds": 0.002})
WHOLE = {"executions": 4, "seconds": 0.001, "rate": 4_000.0, "exhausted": True, "broken": False}


def cells(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()][2:]


def test_first_counterexamples():
    rows = [
        OURS,
        Row(BUG, "A", {"tried": 5, "found": 3, "executions": 7.5, "seconds": 0.02}),
        Row(BUG, "B", {"tried": 5, "found": 0, "ended": True, "tries": 1}),
        Row(BUG, "C", {"tried": 5, "found": 0, "ended": False, "tries": 10_000}),
        Row(BUG, "D", None, "not done in 9 s"),
    ]
    assert cells(first_table(rows)) == [
        [BUG, "Interlock, reduced", "found", "2", "2.0", "1.0"],
        [BUG, "A", "3 of 5 seeds", "7.5", "20.0", "10.0"],
        [BUG, "B", "missed, and says that it is done", "1", "", ""],
        [BUG, "C", "missed", "10,000", "", ""],
        [BUG, "D", "not done in 9 s", "", "", ""],
    ]


def test_all_executions():
    slow = Row(BUG, "A", {**WHOLE, "executions": 1_000, "seconds": 8.0, "rate": 100.0, "exhausted": False})
    assert cells(whole_table([Row(BUG, "Interlock, reduced", WHOLE), slow, Row(BUG, "B", None, "failed: x")])) == [
        [BUG, "Interlock, reduced", "4", "yes", "0.001", "4,000", "1.000"],
        [BUG, "A", "1,000", "no", "8.000", "100", "0.025"],
        [BUG, "B", "", "failed: x", "", "", ""],
    ]


def test_what_must_not_be():
    missed = Row(BUG, "Interlock, plain", {"tried": 5, "found": 4, "executions": 2.0, "seconds": 0.002})
    endless = Row(BUG, "Interlock, reduced", {**WHOLE, "exhausted": False})
    alarmed = Row(plain.RIGHT[0], "A", {**WHOLE, "broken": True})
    assert faults([OURS], [Row(BUG, "Interlock, reduced", WHOLE)]) == []
    assert faults([missed], [endless, alarmed]) == [
        f"{BUG}: Interlock, plain misses it",
        f"{BUG}: Interlock, reduced does not come to an end",
        f"{plain.RIGHT[0]}: A finds something where nothing is wrong",
    ]
