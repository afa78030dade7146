"""The design's first examples, as they stand: accepted, and judged."""

from pathlib import Path

import pytest

from interlock.pipeline import Request, check

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.mark.parametrize(
    "name",
    ["condvar_queue", "handshake", "heap", "list_lru_base", "mutex", "rcu", "refcount", "rwsem", "two_lock_queue"],
)
def test_the_example_is_as_it_expects(name):
    report = check(str(EXAMPLES / f"{name}.ilk"))
    assert not [d for d in report.diagnostics if d.is_error]
    assert [(p.name, p.verdict.kind) for p in report.judgements if not p.ok] == []


def test_two_lemmas_of_the_v13_example_are_false():
    """An element is visited before its list is there; `spec/list_lru/growth.ilk` states what holds, and proves it."""
    path = str(EXAMPLES / "v13.ilk")
    report = check(path, Request(command="explore", properties=("filled", "still")))
    assert not [d for d in report.diagnostics if d.is_error]
    assert {p.name: p.verdict.kind for p in report.judgements} == {"filled": "violated", "still": "violated"}
    last = report.judgements[0].verdict.trace.steps[-1]
    assert last.action == "init.fill.next"
