"""What the peers print is understood, and what is no finished search is not taken for one."""

import shutil

import pytest
from peers.case import CASES, Case, broken_scan, filter_lock, publish_then_scan, two_phase_commit
from peers.interlock import Interlock
from peers.measure import Command, Run, run, run_all
from peers.peer import MODELS, ROOT, Outcome, Peer
from peers.rumur import Rumur
from peers.spin import Spin
from peers.table import Row, complaint, quarrels, render
from peers.tlc import Tlc

SPIN_DONE = """
(Spin Version 6.5.2 -- 6 December 2019)

Full statespace search for:
    never claim           - (none specified)

State-vector 36 byte, depth reached 22, errors: 0
   296448 states, stored
  2448258 states, matched
  2744706 transitions (= stored+matched)
        0 atomic steps
"""
SPIN_VIOLATED = """pan:1: assertion violated (1&&has_list[((0*3)+0)]) (at depth 6)
pan: wrote publish_then_scan.pml.trail
State-vector 36 byte, depth reached 6, errors: 1
    10813 states, stored
    10813 nominal states (stored-atomic)
    36702 transitions (= stored+matched)
"""
TLC_DONE = """Model checking completed. No error has been found.
2744706 states generated, 296448 distinct states found, 0 states left on queue.
The depth of the complete state graph search is 23.
Finished in 12s at (2026-11-22 23:36:16)
"""
TLC_VIOLATED = """Error: Invariant Invariant is violated.
Error: The behavior up to this point is:
State 1: <Initial predicate>
/\\ x = 0

State 2: <Step line 37, col 3 to line 41, col 59 of module m>
/\\ x = 1

34,388 states generated, 10,406 distinct states found, 6,035 states left on queue.
The depth of the complete state graph search is 8.
Finished in 01s at (2026-11-22 23:36:26)
"""
RUMUR_DONE = """<?xml version="1.0" encoding="utf-8"?>
<rumur_run>
<progress states="10000" duration_seconds="0" rules_fired="13287" queue_size="775" thread_id="0"/>
<summary states="18165" rules_fired="54064" errors="0" duration_seconds="0"/>
</rumur_run>
"""
RUMUR_VIOLATED = """<error includes_trace="true">
<message>invariant &quot;coverage&quot; failed</message>
<transition>Startstate 1</transition>
<transition>Rule &quot;look_at_lru&quot;<parameter name="m">0</parameter></transition>
<transition>Rule &quot;activate&quot;<parameter name="m">0</parameter></transition>
</error>
<summary states="3930" rules_fired="10767" errors="1" duration_seconds="0"/>
"""
INTERLOCK_DONE = """{"files": [{"exploration": {"states": 56, "transitions": 145, "depth": 7, "complete": %s},
 "properties": [{"verdict": "%s", "trace": %s}]}]}"""


@pytest.mark.parametrize(
    ("peer", "printed", "outcome"),
    [
        (Spin(), SPIN_DONE, Outcome(296_448, 2_744_705)),
        (Spin(), SPIN_VIOLATED, Outcome(10_813, 36_701, None, 7)),
        (Spin(), SPIN_DONE.replace("  2744706 trans", "1.235584e+08 trans"), Outcome(296_448)),
        (Spin(), SPIN_DONE.replace("   296448 states, stored", "1.235584e+08 states, stored"), None),
        (Spin(), "error: max search depth too small\n" + SPIN_DONE, None),
        (Spin(), "pan: out of memory\n" + SPIN_DONE, None),
        (Spin(), "spin: two_phase_commit.pml:30, Error: syntax error", None),
        (Tlc(), TLC_DONE, Outcome(296_448, 2_744_705, 22)),
        (Tlc(), TLC_VIOLATED, Outcome(10_406, 34_387, None, 1)),
        (Tlc(), TLC_DONE.replace("No error has been found", "Error: Deadlock reached"), None),
        (Tlc(), TLC_DONE.partition("Finished")[0], None),
        (Tlc(), "Error: unrecognized option: -x", None),
        (Rumur(), RUMUR_DONE, Outcome(18_165, 54_064)),
        (Rumur(), RUMUR_VIOLATED, Outcome(3_930, 10_767, None, 2)),
        (Rumur(), RUMUR_DONE.partition("<summary")[0], None),
        (Interlock(), INTERLOCK_DONE % ("true", "holds", "null"), Outcome(56, 145, 7)),
        (Interlock(), INTERLOCK_DONE % ("true", "violated", '{"steps": [{}, {}]}'), Outcome(56, 145, None, 2)),
        (Interlock(), INTERLOCK_DONE % ("false", "none_up_to", "null"), None),
        (Interlock(), INTERLOCK_DONE % ("false", "holds", "null"), None),
        (Interlock(), "error[E0903]: no such file", None),
        (Interlock(), '{"files": []}', None),
    ],
)
def test_what_a_tool_prints_is_understood(peer: Peer, printed: str, outcome: Outcome | None):
    assert peer.read(printed) == outcome


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_every_case_has_its_model_in_every_language(case: Case):
    assert (ROOT / case.specification).is_file()
    for suffix in ("pml", "tla", "m"):
        assert (MODELS / f"{case.model}.{suffix}").is_file()


@pytest.mark.parametrize(
    "case",
    [two_phase_commit(3, 288), filter_lock(3, 894), publish_then_scan(2, 2, 3_013), broken_scan(2, 2, 6)],
    ids=lambda case: case.title,
)
@pytest.mark.parametrize("peer", [Spin(), Rumur(), Tlc()], ids=lambda peer: peer.name)
def test_a_peer_that_is_installed_meets_the_same_states(peer: Peer, case: Case, tmp_path):
    lacking = peer.missing()
    if lacking is not None:
        pytest.skip(f"{peer.name}: {lacking}")
    done = run_all(peer.commands(case, tmp_path, 1), 120.0)
    outcome = peer.read(done.output)
    assert complaint(Row(case, peer.name, (done,), outcome, failed=done.output)) == ""


def test_sizes_reach_the_model_of_rumur(tmp_path):
    Rumur().commands(two_phase_commit(5, 1), tmp_path, 1)
    assert "  MANAGERS: 5;\n" in (tmp_path / "sized.m").read_text()


# Measuring


def test_a_run_is_measured(tmp_path):
    done = run(Command(("sh", "-c", "echo hello; exit 3"), tmp_path), 60.0)
    assert (done.output, done.code, done.late) == ("hello\n", 3, False)
    assert done.peak > 0


def test_the_peak_includes_processes_that_a_process_started(tmp_path):
    python = shutil.which("python3")
    assert python is not None
    child = "b = b'x' * (200 << 20)"
    done = run(
        Command((python, "-c", f"import subprocess; subprocess.run([{python!r}, '-c', {child!r}])"), tmp_path), 60.0
    )
    assert done.code == 0
    assert done.peak > 200 << 20


def test_a_run_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path):
    done = run(Command(("sh", "-c", "sleep 600 & sleep 600"), tmp_path), 0.2)
    assert done.late
    assert done.code < 0


def test_after_a_failure_nothing_more_is_run(tmp_path):
    commands = (Command(("false",), tmp_path), Command(("touch", "ran"), tmp_path))
    assert run_all(commands, 60.0).code == 1
    assert not (tmp_path / "ran").exists()


# The table

CASE = two_phase_commit(3, 288)
RUNS = (Run("", 0, 1.0, 1 << 20), Run("", 0, 9.0, 3 << 20), Run("", 0, 2.0, 2 << 20))


def test_times_are_medians_and_memory_the_greatest():
    row = Row(CASE, "Spin", RUNS, Outcome(288))
    assert (row.seconds, row.peak) == (2.0, 3 << 20)


def test_the_table_has_rates_and_ratios():
    ours = Row(CASE, "Interlock", RUNS[:1], Outcome(288, 1_145, 10))
    theirs = Row(CASE, "Spin", RUNS, Outcome(288, 1_145))
    failed = Row(CASE, "TLC", RUNS[:1], None, "not done in 5 s")
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in render([ours, theirs, failed]).splitlines()
    ]
    assert lines[2][1:] == ["Interlock", "288", "1.00", "288", "1", "1.00", ""]
    assert lines[3][1:] == ["Spin", "288", "2.00", "144", "3", "2.00", ""]
    assert lines[4][1:] == ["TLC", "", "", "", "", "", "not done in 5 s"]


@pytest.mark.parametrize(
    ("case", "outcome", "says"),
    [
        (CASE, Outcome(288), ""),
        (CASE, Outcome(289), "differs: not 288 states"),
        (CASE, Outcome(288, counterexample=4), "violated after 4 steps"),
        (broken_scan(2, 2, 6), Outcome(99, counterexample=6), ""),
        (broken_scan(2, 2, 6), Outcome(99, counterexample=7), "found 7 steps, not 6"),
        (broken_scan(2, 2, 6), Outcome(99), "found nothing, not 6"),
    ],
)
def test_a_tool_that_says_something_else_is_noticed(case: Case, outcome: Outcome, says: str):
    assert complaint(Row(case, "Spin", RUNS, outcome)) == says


def test_tools_that_count_other_transitions_or_depths_are_noticed():
    rows = [Row(CASE, "Interlock", RUNS, Outcome(288, 1_145, 10)), Row(CASE, "TLC", RUNS, Outcome(288, 1_146, 11))]
    assert [line.partition(" differ")[0] for line in quarrels(rows)] == [
        "two-phase commit, 3 managers: transitions",
        "two-phase commit, 3 managers: depth",
    ]
    assert quarrels(rows[:1]) == []
