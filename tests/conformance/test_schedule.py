"""Tokens are data: they round-trip as text, and a damaged one is refused with a reason."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock_conformance.schedule import Operation, TokenError, Workload, parse_token, parse_workload, token

operations = st.builds(
    Operation, st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.lists(st.integers(0, 99), max_size=3).map(tuple)
)
workloads = st.builds(
    Workload,
    st.lists(st.lists(operations, min_size=1, max_size=3).map(tuple), min_size=1, max_size=4).map(tuple),
    st.frozensets(st.integers(0, 50), max_size=4),
)


@given(workloads, st.data())
def test_a_token_round_trips(workload, data):
    schedule = tuple(data.draw(st.lists(st.integers(0, len(workload.threads) - 1), max_size=30)))
    assert parse_token(token(workload, schedule)) == (workload, schedule)
    assert parse_workload(str(workload)) == workload


@given(st.text())
def test_any_other_text_is_refused_and_nothing_else_is_raised(text):
    with suppress(TokenError):
        assert token(*parse_token(text))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("init(0)", "there is no `@`"),
        ("init 0 @ 0*1", "`init 0` is not an operation"),
        ("init(x) @ 0*1", "`init(x)` is not an operation"),
        ("init(1,,2) @ 0*1", "the arguments of `init(1,,2)` are not numbers"),
        ("init(0) ! x @ 0*1", "not `x`"),
        ("init(0) @ 0", "`0` is not THREAD*STEPS"),
        ("init(0) @ 0*999999999", "more than a million steps"),
    ],
)
def test_what_is_wrong_with_a_token(text, reason):
    with pytest.raises(TokenError) as caught:
        parse_token(text)
    assert reason in str(caught.value)


def test_each_allocation_in_its_turn_stands_for_many_executions():
    workload = parse_workload("init(0) | activate(0) ! *")
    assert workload.each
    assert parse_workload(str(workload)) == workload
    with pytest.raises(TokenError, match="name the allocation that fails"):
        parse_token("init(0) | activate(0) ! * @ 0*3")
