"""States and steps that break a property explain nothing, and the report names the property."""

import json

import pytest

from interlock.engines.traces.explaining import Memory

SPEC = """\
module counter
sort Thread
var total: 0..3 = 0
var last: Thread? = none

action up(t: Thread) { await total < 3; total := total + 1; last := t }
action down(t: Thread) { await total > 0; total := total - 1; last := t }

step invariant never_back: total <= total'
invariant small: total < 3

process reader {
  step look: assert somebody: last != none
}
"""


@pytest.fixture
def judge(interlock, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "counter.ilk").write_text(SPEC)

    def run(*events, options=()):
        (tmp_path / "run.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
        return interlock("trace", "check", "counter.ilk", "run.jsonl", *options)

    return run


UP, DOWN = {"action": "up"}, {"action": "down"}


@pytest.mark.parametrize(
    ("events", "name"),
    [
        ([UP, DOWN], "never_back"),
        ([UP, UP, UP], "small"),
        ([UP, {"action": "down", "state": {"total": 0}}], "never_back"),
    ],
)
def test_what_is_broken_is_named(interlock, tmp_path, monkeypatch, events, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "counter.ilk").write_text(SPEC[: SPEC.index("process")])
    (tmp_path / "run.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    done = interlock("trace", "check", "counter.ilk", "run.jsonl")
    assert done.code == 1
    assert "that breaks nothing" in done.out
    assert f"breaks {name}: " in done.out
    assert f"run.jsonl:{len(events)}: " in done.out
    assert interlock("trace", "check", "counter.ilk", "run.jsonl", "--no-invariants").code == 0


def test_an_assertion_at_the_start(judge):
    """The reader stands at a step whose assertion is not met yet: no initial state is right."""
    done = judge(UP)
    assert done.code == 1
    assert "begins like this" in done.out
    assert "because it breaks reader.somebody: reader at look: last is none" in done.out
    assert judge(UP, options=("--no-invariants",)).code == 0


def test_answers_are_remembered_up_to_a_number_and_stay_right():
    asked = []

    def double(number):
        asked.append(number)
        return 2 * number

    memory = Memory(double, 3)
    assert [memory(n) for n in (1, 2, 1, 3, 4, 1)] == [2, 4, 2, 6, 8, 2]
    assert asked == [1, 2, 3, 4, 1]
    assert len(memory) <= 3
