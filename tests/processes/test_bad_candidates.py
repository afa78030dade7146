"""Whatever a candidate does, there is a report that names it, and nothing hangs or is left behind."""

import os
import sys
import time
from pathlib import Path

import pytest

CANDIDATE = Path(__file__).parent / "misbehaving.py"
LOCK = """\
module lock
sort Thread
var owner: Thread? = none
var waits(t: Thread): Bool = false

action ask(t: Thread) { await owner != t; waits(t) := true }
action take(t: Thread) { await waits(t) and owner = none; waits(t) := false; owner := t }
action free(t: Thread) { await owner = t; owner := none }
"""


@pytest.fixture
def run(interlock, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    spec = tmp_path / "lock.ilk"
    spec.write_text(LOCK)

    def go(what, *options):
        return interlock("run", spec, *options, "--", sys.executable, CANDIDATE, what)

    return go


ENDINGS = {
    "silent": ("E0973", 1, "the candidate says nothing\n  help: a candidate begins with a line that says who it is"),
    "no_hello": ("E0971", 2, "does not begin with the line that says who it is"),
    "other_schema": ("E0971", 2, "interlock-process/1"),
    "mistyped_hello": ("E0971", 2, "hidden"),
    "hangs": ("E0973", 1, "the candidate says nothing more"),
    "hangs_in_a_line": ("E0973", 1, "the candidate says nothing more"),
    "killed": ("E0972", 1, "the candidate was ended by SIGSEGV"),
    "fails": ("E0972", 1, "failed with exit code 3"),
    "ends": ("E0974", 2, "the candidate ended, and was not done"),
    "ends_in_a_line": ("E0974", 2, 'ended in the middle of a line, after `{"action": "as`'),
    "closes_its_output": ("E0974", 2, "closed its output"),
    "prints": ("E0971", 2, "wrote `debug: here`"),
    "bytes": ("E0971", 2, "is no line of the protocol"),
    "list": ("E0971", 2, "wrote `[1, 2]`"),
    "deep": ("E0971", 2, "is no line of the protocol"),
    "long_line": ("E0971", 2, "a line of more than 1,000,000 bytes"),
    "other_run": ("E0971", 2, '"run": 2'),
    "floods": ("E0975", 2, "more than 1,000 events"),
    "no_such_action": ("E0952", 2, "tkae"),
    "half_stamped": ("E0955", 2, "in order by"),
    "no_time": ("E0950", 2, "NaN is no number"),
    "nothing": ("E0956", 2, "there is no event in the log"),
    "refuses": ("E0976", 2, "there is no operation ?[31mjump"),
    "goes_on_at_the_end": ("E0973", 1, "goes on after its input has ended"),
    "fails_at_the_end": ("E0972", 1, "failed with exit code 9 after its last run"),
    "crashes_in_the_second_run": ("E0972", 1, "SIGABRT"),
}
HANG = {"silent", "hangs", "hangs_in_a_line", "closes_its_output"}


@pytest.mark.parametrize(("what", "expected"), ENDINGS.items(), ids=ENDINGS)
def test_it_is_named(run, what, expected):
    code, exit_code, words = expected
    done = run(what, "--events", "1000", "--runs", "2", *(["--timeout", "1.5"] if what in HANG else []))
    assert f"error[{code}]" in done.err, done
    assert words in done.err
    assert done.code == exit_code
    assert "Traceback" not in done.err


def test_what_it_said_to_people_is_told(run):
    assert "help: it said: assertion failed: x != NULL" in run("fails").err


def test_a_log_that_was_cut_off_is_judged_and_told_not_to_be_whole(run):
    done = run("killed")
    assert "run 1 (seed 0): explained, 12 events, as far as it got" in done.out
    done = run("killed_when_wrong")
    assert done.code == 1
    assert "as far as it got, and its log may lack events:" in done.out
    assert "owner = none does not hold" in done.out


def test_who_refuses_has_sent_his_events(run):
    """So what they show counts: the candidate broke the specification before it saw that something was wrong."""
    done = run("refuses_when_wrong")
    assert done.code == 1
    assert "error[E0976]: the candidate says: a list was not freed" in done.err
    assert "not explained: no run of lock" in done.out


def test_a_request_that_nobody_reads_and_lines_that_come_first_block_nobody(run):
    """The request is longer than a pipe is wide, and so is what the candidate writes before it reads."""
    script = " | ".join("; ".join(["jump(1)"] * 2_000) for _ in range(8))
    done = run("does_not_read", "-w", script, "--timeout", "1.5")
    assert (done.code, "error[E0973]" in done.err) == (1, True)
    done = run("writes_before_it_reads", "-w", script)
    assert (done.code, done.err) == (0, "")
    assert "explained, 3,012 events" in done.out


def test_what_it_has_started_is_ended_with_it(run):
    done = run("leaves_a_child")
    assert "exit code 4" in done.err
    child = int(done.err.rpartition("child ")[2])
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{child}/stat").read_text().split()[2] == "Z":
            return  # ended, and not yet collected by whoever adopts orphans here
        time.sleep(0.05)
    pytest.fail(f"{child} goes on")


@pytest.mark.parametrize("program", ["/nowhere/candidate", ".", "lock.ilk", "a\0b"])
def test_what_cannot_be_started(interlock, tmp_path, monkeypatch, program):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lock.ilk").write_text(LOCK)
    done = interlock("run", "lock.ilk", program)
    assert done.code == 2
    assert "error[E0970]: cannot start" in done.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--hold", "here"], "is not PLACE=UNTIL"),
        (["-w", "init("], "error[E0942]"),
        (["--scope", "Thraed=2"], "error[E0922]"),
        (["--hide", "fere"], "error[E0952]"),
        (["--log", "/nowhere/run.jsonl"], "error[E0927]"),
        (["--timeout", "0"], "is not a number of seconds"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_options_that_cannot_be_used(run, options, words):
    done = run("right", *options)
    assert done.code == 2
    assert words in done.err
    assert "Traceback" not in done.err
