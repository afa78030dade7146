"""The judging commands on systems built by hand: output, JSON, exit codes, interrupts, dying workers."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from interlock.core.verdict import Proved
from interlock.engines.judge import Finding
from interlock.report import Finished, Opened

pytestmark = pytest.mark.usefixtures("by_hand")


def test_a_counterexample_reads_as_a_story(interlock):
    done = interlock("explore", "broken.ilk", "--no-time")
    assert done.code == 1
    assert (
        done.out
        == """\
broken  broken.ilk
  FAIL  exclusion  violated       explore  Proc=2  must hold
  ok    entered    proved         explore  Proc=2
  4 distinct states, 8 transitions, depth 2 (all explored)

exclusion is violated after 2 steps:
  Never two of them in the critical section.
  1  work(proc0) enter
  2  work(proc1) enter
  because with p = proc0, q = proc1: at(work(proc0), leave) and at(work(proc1), leave) hold but proc0 = proc1 does not hold

"""
    )


def test_check_proves_and_exits_0(interlock):
    done = interlock("check", "lock.ilk", "--no-time")
    assert done.code == 0, done.out + done.err
    assert "ok    exclusion  proved         induction  unbounded" in done.out


def test_an_expected_violation_is_shown_and_is_as_expected(interlock):
    done = interlock("check", "refuted.ilk", "--no-time")
    assert done.code == 0, done.out + done.err
    assert "as expected" in done.out
    assert "work(proc1) enter" in done.out


def test_several_files_are_summed_up_in_their_order(interlock):
    done = interlock("explore", "refuted.ilk", "lock.ilk", "--no-time", "--jobs", "2")
    assert done.code == 0
    assert done.out.index("refuted.ilk") < done.out.index("lock.ilk")
    assert done.out.endswith("""\
      module  proved  holds  violated
  ok  broken       1      .         1
  ok  lock         1      1         .
2 files, 4 properties: all is as expected
""")


def test_json_says_everything(interlock):
    done = interlock("explore", "broken.ilk", "--format", "json", "--no-time")
    document = json.loads(done.out)
    assert document["schema"] == "interlock-report/1"
    assert document["ok"] is False
    (file,) = document["files"]
    assert file["exploration"] == {
        "states": 4,
        "transitions": 8,
        "depth": 2,
        "complete": True,
        "seconds": None,
        "taken": {"work.enter": 4, "work.leave": 4},
        "rate": None,
        "memory": None,
        "reductions": [],
        "exact": True,
    }
    exclusion = file["properties"][0]
    assert (exclusion["name"], exclusion["verdict"], exclusion["ok"], exclusion["expected"]) == (
        "exclusion", "violated", False, None,
    )  # fmt: skip
    trace = exclusion["trace"]
    assert [step["actor"] for step in trace["steps"]] == ["work(proc0)", "work(proc1)"]
    assert trace["steps"][0]["changes"] == [{"symbol": "work.pc", "args": ["proc0"], "before": "idle", "after": "crit"}]
    assert trace["sizes"] == {"Proc": 2}


def test_every_json_field_is_described(interlock, request):
    described = (request.config.rootpath / "docs/json.md").read_text()
    documents = [json.loads(interlock("explore", f"{n}.ilk", "--format", "json").out) for n in ("broken", "lock")]
    documents += [json.loads(interlock("check", n, "--format", "json").out) for n in ("lock.ilk", "nowhere.ilk")]

    def fields(value):
        if isinstance(value, dict):
            for key, inner in value.items():
                yield key
                if key not in ("taken", "args", "picked", "sizes", "scope"):
                    yield from fields(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from fields(inner)

    missing = sorted({field for field in fields(documents) if not _mentions(described, field)})
    assert not missing


def _mentions(text, field):
    return f"`{field}`" in text or any(mark + field + end in text for mark in "{ " for end in ",}")


@pytest.mark.parametrize(
    ("arguments", "states"),
    [((), 3), (("--scope", "three"), 4), (("--scope", "Proc=4"), 5), (("--scope", " Proc = 1 "), 2)],
)
def test_scopes_by_name_and_by_size(interlock, arguments, states):
    done = interlock("explore", "lock.ilk", "--format", "json", *arguments)
    assert json.loads(done.out)["files"][0]["exploration"]["states"] == states


def test_bounded_search_over_sorts_of_any_size(interlock):
    done = interlock("bmc", "broken.ilk", "--unbounded", "--no-time")
    assert done.code == 1
    assert "FAIL  exclusion  violated       bmc  depth 2, unbounded" in done.out
    assert "exclusion is violated after 2 steps:" in done.out
    both = interlock("bmc", "broken.ilk", "--unbounded", "--scope", "three")
    assert both.code == 2
    assert "not allowed with argument" in both.err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--scope", "smal"), "E0921", "did you mean `small`?"),
        (("--scope", "Prc=2"), "E0922", "did you mean `Proc`?"),
        (("--scope", "Proc=0"), "E0923", "a size is from 1 to 64"),
        (("--scope", "Proc=99999999999999999999"), "E0923", "a size is from 1 to 64"),
        (("--scope", "Proc="), "E0923", "a size is from 1 to 64"),
        (("--scope", "Proc=1,Proc=2"), "E0923", "`Proc` has two sizes"),
        (("--property", "exclusoin"), "E0924", "did you mean `exclusion`?"),
    ],
)
def test_unusable_options_are_diagnosed(interlock, arguments, code, says):
    done = interlock("explore", "lock.ilk", *arguments)
    assert done.code == 2
    assert f"error[{code}]" in done.out
    assert says in done.out


def test_a_single_property_is_judged_alone(interlock):
    done = interlock("explore", "broken.ilk", "-p", "entered")
    assert done.code == 0
    assert "exclusion" not in done.out


def test_a_missing_file_is_diagnosed_and_the_rest_is_judged(interlock):
    done = interlock("explore", "lcok.ilk", "lock.ilk", "--no-time")
    assert done.code == 2
    assert "error[E0901]" in done.err
    assert "exclusion" in done.out


@pytest.mark.parametrize(
    "arguments", [["--depth", "x"], ["--jobs", "0"], ["--total-seconds", "nan"], ["--format", "xml"]]
)
def test_bad_usage_exits_2(interlock, arguments):
    done = interlock("check", "lock.ilk", *arguments)
    assert done.code == 2
    assert "Traceback" not in done.err


def opens_and(then):
    """A judge of files that opens one, finds one thing and then does something else."""

    def judge(path, request, emit, read=None):
        from interlock.pipeline import lower_file, read_bytes

        system, _ = lower_file(path, read_bytes)
        emit(Opened(system, ("exclusion", "entered"), (("Proc", 2),)))
        if path != "lock.ilk":
            emit(Finding("entered", Proved("explore", "Proc=2")))
            then()
        emit(Finding("exclusion", Proved("induction")))
        emit(Finding("entered", Proved("explore", "Proc=2")))
        emit(Finished(0.0))

    return judge


def test_a_killed_worker_is_told_and_takes_only_its_own_file(interlock, monkeypatch):
    monkeypatch.setattr("interlock_cli.crew.judge_file", opens_and(lambda: os.kill(os.getpid(), signal.SIGKILL)))
    done = interlock("check", "broken.ilk", "lock.ilk", "--no-time", "--jobs", "2")
    assert done.code == 1
    assert "worker died" in done.out
    assert "ok    entered    proved" in done.out.split("lock.ilk")[0], "what it had found is kept"
    assert "FAIL  exclusion  unknown" in done.out.split("lock.ilk")[0]
    assert "ok    exclusion  proved" in done.out.split("lock.ilk")[1]


def test_a_fault_of_ours_is_a_diagnostic_and_no_traceback(interlock, monkeypatch):
    def fail():
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("interlock_cli.crew.judge_file", opens_and(fail))
    done = interlock("check", "broken.ilk")
    assert done.code == 2
    assert "error[E0929]" in done.out
    assert "ZeroDivisionError" in done.out
    assert "Traceback" not in done.out + done.err


def test_an_interrupt_prints_what_is_known(interlock, monkeypatch):
    parent = os.getpid()

    def interrupt():
        os.kill(parent, signal.SIGINT)
        time.sleep(60)

    monkeypatch.setattr("interlock_cli.crew.judge_file", opens_and(interrupt))
    done = interlock("check", "broken.ilk", "lock.ilk", "--no-time", "--jobs", "1")
    assert done.code == 130
    assert "ok    entered    proved" in done.out
    assert "interrupted" in done.out
    assert "lock.ilk: not judged (interrupted)" in done.out
    assert "Traceback" not in done.err


def test_an_interrupt_leaves_whole_json(interlock, monkeypatch):
    parent = os.getpid()

    def interrupt():
        os.kill(parent, signal.SIGINT)
        time.sleep(60)

    monkeypatch.setattr("interlock_cli.crew.judge_file", opens_and(interrupt))
    done = interlock("check", "broken.ilk", "--format", "json")
    document = json.loads(done.out)
    assert document["interrupted"] is True
    assert document["files"][0]["ending"] == "interrupted"
    assert [p["verdict"] for p in document["files"][0]["properties"]] == ["unknown", "proved"]


def test_inferred_lemmas_are_counted_and_shown_on_request(interlock, by_hand):
    system = by_hand["lock"]()
    extra = replace(system.properties[0], name="found_by_us", kind="inferred")
    by_hand["lock"] = lambda: replace(system, properties=(*system.properties, extra))
    brief, whole = interlock("explore", "lock.ilk").out, interlock("explore", "lock.ilk", "-v").out
    assert "found_by_us" not in brief
    assert "1 inferred lemma" in brief
    assert "found_by_us" in whole


@pytest.mark.parametrize(("target", "code"), [("/dev/full", 2), ("closed pipe", 141)])
def test_output_that_cannot_be_written_is_no_traceback(target, code):
    command = [sys.executable, "-m", "interlock_cli.main", "new", "story"]
    read, write = os.pipe()
    os.close(read)
    out = write if target == "closed pipe" else os.open(target, os.O_WRONLY)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, check=False, env=env)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_a_worker_that_hangs_is_ended_and_what_it_told_is_kept(interlock, monkeypatch):
    monkeypatch.setattr("interlock_cli.crew.GRACE", 0.5)
    monkeypatch.setattr("interlock_cli.crew.judge_file", opens_and(lambda: time.sleep(3600)))
    done = interlock("check", "broken.ilk", "lock.ilk", "--no-time", "--jobs", "1", "--limit", "0.5")
    hung, well = done.out.split("lock.ilk")[:2]
    assert done.code == 1
    assert "ok    entered    proved" in hung
    assert "FAIL  exclusion  unknown" in hung
    assert "worker did not answer" in hung
    assert "ok    exclusion  proved" in well


def test_a_limit_that_is_over_leaves_everything_unknown_and_nothing_silent(interlock):
    done = interlock("check", "lock.ilk", "--no-time", "--limit", "0.000001")
    assert done.code == 1
    assert done.out.count("no time left for this file") == 2
