"""The list_lru in C: its logs are explained, those of its broken twins are not, and the sanitizers agree."""

import os
import subprocess
from pathlib import Path

import pytest

SPEC = Path(__file__).parents[2] / "spec/list_lru/logged.ilk"

# What makes each mistake certain: a workload, and who waits where for whom.
SCAN_FIRST = ("init(0) | activate(0)", ("init.scanned=activate.done", "activate.begin=init.scanned"))
NO_PIN = (
    "init(0); destroy(0) | activate(0)",
    ("activate.begin=init.done", "destroy.begin=install.loaded", "install.loaded=destroy.done"),
)
NO_GRACE = (
    "init(0); activate(0); add(0, 0, 0) | wait(); activate(1); activate(2)",
    ("wait=activate.done", "grow.begin=load.loaded", "load.loaded=install.freed"),
)
NO_PIN_AND_NO_LOG = (
    NO_PIN[0],
    ("activate.begin=init.done", "destroy.begin=install.begin", "install.begin=destroy.done"),
)
EVERYTHING = (
    "init(0); activate(0); add(0, 0, 0); init(1); count(0, 0); offline(0); destroy(0)"
    " | activate(1); activate(2); walk(0); add(1, 1, 1); del(1, 1); destroy(1); offline(2)"
)


def held(scene):
    workload, holds = scene
    return ("-w", workload, *(f"--hold={hold}" for hold in holds))


@pytest.fixture
def run(interlock, built, tmp_path):
    def go(variant, *options):
        return interlock("run", SPEC, built(variant), "--log", tmp_path / "run.jsonl", *options)

    return go


def test_under_load_the_log_is_explained(run):
    done = run("list_lru", "--threads", "4", "--operations", "300", "--runs", "3")
    assert (done.code, done.err) == (0, ""), done
    assert "explained: all 3 runs" in done.out


@pytest.mark.slow
def test_under_much_load_the_log_is_explained(run):
    done = run("list_lru", "--threads", "8", "--operations", "2000", "--runs", "4", "--fail-one-in", "20")
    assert (done.code, done.err) == (0, ""), done


def test_when_memory_runs_out_now_and_then(run):
    done = run("list_lru", "--threads", "3", "--operations", "300", "--fail-one-in", "4")
    assert (done.code, done.err) == (0, ""), done


@pytest.mark.parametrize("number", range(8))
def test_when_one_allocation_fails(run, number):
    done = run("list_lru", "-w", f"{EVERYTHING} ! {number}", "--runs", "3")
    assert (done.code, done.err) == (0, ""), done


TWINS = {
    "broken_scan_first": (
        SCAN_FIRST,
        "init(lru0)",
        "forall m: Memcg :: memcg(m) = LIVE implies slot(lru0, m) != none",
    ),
    "broken_no_pin": (NO_PIN, "install(lru0, memcg0, list0)", "lru(lru0) != UNUSED"),
    "broken_no_grace": (NO_GRACE, "free_array(array0)", "forall t: Thread :: reads(t) != array0"),
}


@pytest.mark.parametrize("twin", TWINS)
def test_a_broken_twin_is_caught_from_its_log(run, twin):
    """And the right one, held in the same places, is not."""
    scene, step, clause = TWINS[twin]
    assert run("list_lru", *held(scene)).code == 0
    done = run(twin, *held(scene))
    assert done.code == 1, done
    nearest = done.out.partition("nearest in the specification:\n")[2].splitlines()[0]
    assert nearest == f"  {step} needs `{clause}`"


def test_the_page_tells_what_the_twins_break():
    page = (SPEC.parents[2] / "docs/processes.md").read_text(encoding="utf-8")
    for twin, (_, step, clause) in TWINS.items():
        assert f"| `{twin}` |" in page
        assert f"| `{step}` needs `{clause}` |" in page


def test_what_was_logged_before_a_crash_is_told(run):
    """Here the activation goes on with an array that is not there any more."""
    assert run("list_lru", *held(NO_PIN_AND_NO_LOG)).code == 0
    done = run("broken_no_pin", *held(NO_PIN_AND_NO_LOG))
    assert done.code == 1
    assert "run 1 (seed 0): explained, " in done.out
    assert "error[E0972]: the candidate was ended by SIGSEGV" in done.err
    assert ", as far as it got" in done.out


def test_by_itself_it_writes_a_log_that_sort_puts_in_order(built, interlock, tmp_path):
    log = tmp_path / "run.jsonl"
    subprocess.run([built("list_lru"), log, "3", "200", "1"], check=True, timeout=300)
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(sorted(lines)))
    done = interlock("trace", "check", SPEC, log)
    assert done.code == 0, done.out


# Sanitizers: their reports go to standard error, and fail the program.


@pytest.mark.parametrize("sanitizer", ["tsan", "asan"])
def test_sanitizers_have_nothing_to_say(run, sanitizer):
    done = run(sanitizer, "--threads", "4", "--operations", "400", "--runs", "2", "--fail-one-in", "20")
    assert (done.code, done.err) == (0, ""), done


@pytest.mark.parametrize(
    ("variant", "scene", "words"),
    [
        ("tsan_broken_no_grace", NO_GRACE, "data race|heap-use-after-free"),
        ("asan_broken_no_grace", NO_GRACE, "heap-use-after-free"),
        ("asan_broken_no_pin", NO_PIN, "heap-use-after-free"),
    ],
    ids=["tsan_no_grace", "asan_no_grace", "asan_no_pin"],
)
def test_sanitizers_find_what_the_log_shows(built, variant, scene, words):
    report = said_by(built(variant), scene)
    assert any(word in report for word in words.split("|")), report[-2_000:]


def test_thread_sanitizer_sees_items_that_no_lock_protects(built, tmp_path):
    """The log's own clock does not order threads for it; what the log says is right, since the lists are.

    It ends at the first race: a list that two change at once may become a circle, in which a walk has no end.
    """
    done = subprocess.run(
        [built("tsan_broken_no_lock"), tmp_path / "log", "4", "4000"],
        env={**os.environ, "TSAN_OPTIONS": "halt_on_error=1"}, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert "WARNING: ThreadSanitizer: data race" in done.stderr


def said_by(program, scene):
    """What a candidate writes to standard error on one run."""
    from interlock_conformance.processes.remote import Request
    from interlock_conformance.schedule import parse_workload

    workload, holds = scene
    pairs = tuple((hold.split("=")[0], hold.split("=")[1]) for hold in holds)
    request = Request(1, 0, script=parse_workload(workload), hold=pairs).line()
    return subprocess.run([program], input=request, capture_output=True, check=False, timeout=300).stderr.decode()
