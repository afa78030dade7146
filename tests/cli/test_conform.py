"""`conform` and `replay`: what they print, what they exit with, and what they say of input that cannot be used."""

import json
import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BROKEN = "list_lru.broken.unlocked_init:ListLrus"
WORKLOAD = "init(0) | activate(0)"


@pytest.fixture(autouse=True)
def _at_home(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("strategy", ["reduced", "bounded", "priorities", "uniform"])
def test_a_right_candidate_conforms(interlock, strategy):
    done = interlock(
        "conform", "spec/list_lru", "list_lru.v13:ListLrus", "-w", WORKLOAD,
        "--strategy", strategy, "--executions", 50, "--seed", 3,
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    assert "v13 conforms" in done.out
    assert ("exhausted" in done.out) == (strategy in ("reduced", "bounded"))


def test_a_broken_candidate_is_caught_and_the_printed_command_replays_it(interlock):
    done = interlock("conform", "spec/list_lru/base.ilk", BROKEN, "-w", WORKLOAD)
    assert done.code == 1
    assert "breaks coverage" in done.out
    command = re.search(r"^  (interlock replay .*)$", done.out, re.MULTILINE)[1]
    again = interlock(*shlex.split(command)[1:])
    assert again.code == 1
    story = [line for line in done.out.splitlines() if re.match(r"^ {4,}", line)]
    assert len(story) > 10
    assert [line for line in again.out.splitlines() if re.match(r"^ {4,}", line)] == story


def test_json(interlock):
    done = interlock("conform", "spec/list_lru", BROKEN, "-w", WORKLOAD, "--format", "json")
    assert done.code == 1
    document = json.loads(done.out)
    assert (document["schema"], document["ok"]) == ("interlock-conformance/1", False)
    (run,) = document["candidates"][0]["runs"]
    assert (run["verdict"], run["property"], run["preemptions"]) == ("breaks", "coverage", 1)
    again = interlock("replay", f"spec/list_lru {BROKEN} {run['token']}", "--format", "json")
    assert json.loads(again.out)["candidates"][0]["runs"][0]["steps"] == run["steps"]


NEED_MORE = {"no_grace_period", "unlocked_count", "cleared_only", "plain_segment"}
"""Twins that need a reader, or more executions than a table's test can have."""


def test_all_candidates_as_a_table(interlock):
    # Most twins show on one of these; what needs a reader, or more executions, is left to the tests of the candidates.
    shows = ["init(0); destroy(0) | activate(0)", "activate(0); activate(1); init(0) ! 2"]
    shows += ["init(0); init(1); activate(0); activate(0) ! 5", "init(0); activate(0); activate(1)"]
    shows += ["init(0) | activate(0) ! 1"]
    options = [part for workload in shows for part in ("-w", workload)]
    done = interlock("conform", "spec/list_lru", *options, "--executions", 200)
    assert (done.code, done.err) == (1, "")
    lines = done.out.splitlines()
    wrong = [line for line in lines if "NOT AS EXPECTED" in line]
    assert {re.search(r"broken\.(\w+)", line)[1] for line in wrong} == NEED_MORE
    columns = [re.match(r"\s*\d+  list_lru\.(?:broken\.)?(\w+)", line)[1] for line in lines[: lines.index("")]]
    coverage = next(line for line in lines if line.startswith("coverage")).split()[1:]
    marks = dict(zip(columns, coverage, strict=True))
    assert marks["v13"] == "+"
    late = {"unlocked_init", "register_late", "publish_outside", "scan_first"}
    assert {name for name, mark in marks.items() if mark == "-"} == {
        *late,
        "mark_late",
        "active_only",
        "early_free",
        "mark_first",
        "registered_early",
    }


def test_a_candidate_that_must_break_and_does_not_is_not_as_expected(interlock):
    done = interlock("conform", "spec/list_lru", "-w", "init(0)")
    assert done.code == 1
    assert "(must break coverage)   NOT AS EXPECTED" in done.out
    assert not re.search(r"v13:ListLrus.*NOT", done.out)


def test_a_candidate_in_the_folder_that_the_command_is_called_from(interlock, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [path for path in __import__("sys").path if path])
    Path("mine_that_nobody_has.py").write_text("from list_lru.v13 import ListLrus\n")
    done = interlock("conform", ROOT / "spec/list_lru", "mine_that_nobody_has:ListLrus", "-w", "init(0)")
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("conform", "spec/gallery"), "E0940", "no candidates come with `spec/gallery`"),
        (("conform", "spec/list_lru", "v13"), "E0941", "is not MODULE:CLASS"),
        (("conform", "spec/list_lru", "no_such:X"), "E0941", "ModuleNotFoundError"),
        (("conform", "spec/list_lru", "list_lru.v13:Nothing"), "E0941", "has no class `Nothing`"),
        (("conform", "spec/list_lru/nowhere.ilk", "list_lru.v13:ListLrus"), "E0901", "nowhere.ilk"),
        (("conform", "spec/list_lru", "list_lru.v13:ListLrus", "-w", "init"), "E0942", "not an operation"),
        (("replay", "nonsense"), "E0942", "MODULE:CLASS WORKLOAD @ SCHEDULE"),
        (("replay", "spec/list_lru list_lru.v13:ListLrus init(0) @ x"), "E0942", "THREAD*STEPS"),
        (("replay", "spec/list_lru no_such:X init(0) @ 0*1"), "E0941", "no_such"),
    ],
)
def test_what_cannot_be_used(interlock, arguments, code, says):
    done = interlock(*arguments)
    assert done.code == 2
    assert f"error[{code}]" in done.err
    assert says in done.err
    assert done.out == ""


def test_a_module_that_raises_when_it_is_imported(interlock, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "raises_at_once.py").write_text("1 / 0\n")
    done = interlock("conform", "spec/list_lru", "raises_at_once:X")
    assert done.code == 2
    assert "ZeroDivisionError" in done.err


def test_a_workload_that_the_candidate_does_not_allow_is_undecided_and_no_pass(interlock):
    done = interlock("conform", "spec/list_lru", "list_lru.v13:ListLrus", "-w", "init(0) | init(0)")
    assert done.code == 1
    assert "undecided, lru0 is set up by more than one thread" in done.out


def test_a_schedule_that_cannot_be_followed_is_undecided(interlock):
    done = interlock("replay", "spec/list_lru list_lru.v13:ListLrus init(0) | activate(0) @ 0*1 1*1 0*5")
    assert done.code == 1
    assert "cannot be followed" in done.out


def test_an_interrupt_leaves_the_verdicts_that_are_known(interlock, monkeypatch):
    from interlock_conformance import conform

    def interrupted(binding, system, workload, *others):
        if len(workload.threads) > 1:
            raise KeyboardInterrupt
        return judged(binding, system, workload, *others)

    judged = conform.conform
    monkeypatch.setattr(conform, "conform", interrupted)
    arguments = ("conform", "spec/list_lru", "list_lru.v13:ListLrus", "-w", "init(0)", "-w", WORKLOAD, "-w", "init(0)")
    done = interlock(*arguments)
    assert (done.code, done.err) == (130, "interlock: interrupted\n")
    assert done.out.count("v13 conforms") == 1
    assert "exercised\n" in done.out
    done = interlock(*arguments, "--format", "json")
    document = json.loads(done.out)
    assert (done.code, document["ok"], document["interrupted"]) == (130, False, True)
    assert [run["workload"] for run in document["candidates"][0]["runs"]] == ["init(0)"]
