"""`interlock run`: what candidates are told, and what is made of what they say."""

import io
import json
import random

from hypothesis import given
from hypothesis import strategies as st
from tests.processes.test_bad_candidates import run as run  # noqa: PLC0414 - a fixture

from interlock_conformance.processes.remote import Request
from interlock_conformance.processes.sorted_events import SortedEvents
from interlock_conformance.schedule import parse_workload


def test_explained(run, tmp_path):
    done = run("right", "--runs", "3", "--seed", "7")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "run 1 (seed 7): explained, 12 events",
        "run 2 (seed 8): explained, 12 events",
        "run 3 (seed 9): explained, 12 events",
        "explained: all 3 runs, 36 events",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["lock.ilk"]


def test_not_explained_and_the_log_is_kept(run, interlock, tmp_path):
    done = run("wrong", "--runs", "3")
    assert (done.code, done.err) == (1, "")
    assert "run 2" not in done.out
    assert "take(thread1) needs `owner = none`" in done.out
    told = done.out.splitlines()[-1].split()
    assert told[:4] == ["log:", "interlock", "trace", "check"]
    again = interlock(*told[2:])
    assert again.code == 1
    assert again.out in done.out
    assert len(list(tmp_path.glob("interlock-*.jsonl"))) == 1


def test_nothing_is_kept_of_what_never_ran(run, tmp_path):
    run("no_hello")
    assert not list(tmp_path.glob("interlock-*"))


def test_a_log_that_was_asked_for_is_written_and_sorted(run, tmp_path):
    log = tmp_path / "run.jsonl"
    assert run("right", "--log", log).code == 0
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert lines[0] == {"schema": "interlock-log/1"}
    begins = [line["begin"] for line in lines[1:]]
    assert len(begins) == 12
    assert begins == sorted(begins)


def test_what_the_candidate_hides_is_hidden(run):
    assert run("hides").code == 0


def test_limits_of_judging_are_unknown(run):
    done = run("hides", "--states", "1")
    assert done.code == 3
    assert "unknown: more than 1 state may explain it" in done.out


def test_as_json(run):
    document = json.loads(run("right", "--runs", "2", "--format", "json").out)
    assert document["schema"] == "interlock-run/1"
    assert document["ok"]
    assert [(r["run"], r["seed"], r["result"], r["verdict"], r["events"]) for r in document["runs"]] == [
        (1, 0, "explained", "explained", 12),
        (2, 1, "explained", "explained", 12),
    ]
    document = json.loads(run("killed_when_wrong", "--format", "json").out)
    (only,) = document["runs"]
    assert (document["ok"], only["result"], only["verdict"]) == (False, "broken", "not_explained")
    assert [d["code"] for d in only["diagnostics"]] == ["E0972"]
    document = json.loads(run("no_hello", "--format", "json").out)
    assert (document["ok"], document["runs"]) == (False, [])
    assert [d["code"] for d in document["diagnostics"]] == ["E0971"]


def test_what_a_candidate_is_told(run):
    done = run(
        "echoes", "-w", "init(0) | add(0, 1); walk(0) ! 3 1", "--hold", "a=b", "--fail-one-in", "9", "--seed", "5"
    )
    said = done.err.partition("it said: ")[2]
    assert json.loads(said) == {
        "run": 1,
        "seed": 5,
        "script": [["init(0)"], ["add(0, 1)", "walk(0)"]],
        "fail": [1, 3],
        "fail_one_in": 9,
        "jitter_one_in": 20,
        "hold": [["a", "b"]],
    }


def test_a_request_is_one_line():
    assert json.loads(Request(1, 2, threads=3, operations=4).line()) == {
        "run": 1,
        "seed": 2,
        "threads": 3,
        "operations": 4,
    }
    line = Request(1, 0, script=parse_workload("a(0) | b(1)")).line()
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")


@given(st.lists(st.integers(-(10**18), 10**18) | st.floats(-1e9, 1e9)), st.integers(1, 7))
def test_property_events_are_sorted_whatever_the_portion(begins, portion):
    """Those that begin together stay in the order in which they came."""
    lines = [f'{{"n": {n}, "tab": "\t"}}'.encode() for n in range(len(begins))]
    out = io.BytesIO()
    with SortedEvents(portion) as events:
        for begin, line in zip(begins, lines, strict=True):
            events.add(begin, line)
        events.write(out)
    expected = [lines[n] for n in sorted(range(len(begins)), key=lambda n: begins[n])]
    assert out.getvalue().splitlines() == expected
    assert events.count == len(begins)


def test_no_more_than_a_portion_is_kept_in_memory():
    chance = random.Random(0)
    with SortedEvents(100) as events:
        for _ in range(1_050):
            events.add(chance.random(), b"{}")
            assert len(events._recent) < 100
        assert len(events._written) == 10


def test_a_name_that_nobody_has_is_told_before_anything_is_started(run, tmp_path):
    done = run("silent", "--hide", "tkae")
    assert done.code == 2
    assert "error[E0952]: module `lock` has no action, process or step `tkae`" in done.err
    assert not list(tmp_path.glob("interlock-*"))


def test_an_interrupt_leaves_the_runs_that_are_known(run, monkeypatch, tmp_path):
    from interlock_conformance.processes import remote_runs

    def interrupted(remote, request, *others):
        if request.run == 3:
            raise KeyboardInterrupt
        return judged(remote, request, *others)

    judged = remote_runs.judged_run
    monkeypatch.setattr(remote_runs, "judged_run", interrupted)
    done = run("right", "--runs", "9", "--seed", "7")
    assert (done.code, done.err) == (130, "interlock: interrupted\n")
    assert done.out.splitlines() == ["run 1 (seed 7): explained, 12 events", "run 2 (seed 8): explained, 12 events"]
    assert [path.name for path in tmp_path.iterdir()] == ["lock.ilk"]
    document = json.loads(run("right", "--runs", "9", "--format", "json").out)
    assert (document["ok"], document["interrupted"], len(document["runs"])) == (False, True, 2)
