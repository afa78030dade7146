"""Threads that nobody schedules: what is found so, what is repeated deterministically, and what is only found so."""

import importlib
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest
from tests.conformance.small import Small, specification

from interlock_conformance.conform import Options, conform, replay, survey
from interlock_conformance.free_running import Free, run_free
from interlock_conformance.schedule import parse_workload
from interlock_conformance.scheduling.machine import Breach
from interlock_conformance.scheduling.pooled_threads import PoolThread
from interlock_conformance.strategies.reduced import Reduced
from interlock_conformance.verdict import Breaks, Conforms, Undecided, report
from list_lru.bindings.base import ListLruBinding

SYSTEM = specification()
ROOT = Path(__file__).parents[2]
LONG = Free(seed=1, runs=10_000, seconds=120)
"""Ends at the first finding; the bound is for the day on which nothing is found."""


@pytest.fixture(autouse=True)
def no_thread_is_left():
    interval = sys.getswitchinterval()
    yield
    for thread in threading.enumerate():
        if isinstance(thread, PoolThread):
            thread.join(10)
    assert not [thread for thread in threading.enumerate() if isinstance(thread, PoolThread)]
    assert sys.getswitchinterval() == interval


def free(build, workload, *, runs=20, rest=lambda operations: None, observe=None, **options):
    binding = Small(build, rest=rest) if observe is None else Small(build, observe=observe, rest=rest)
    return run_free(binding, SYSTEM, parse_workload(workload), Free(0, runs, 60), Options(**options))


def test_all_that_free_threads_break_is_told():
    """Of what is known nothing is told again, and what it has hidden is found."""

    def build(rt):
        word = rt.memory("m").cell("word", 0)
        return {"write": lambda: word.store(2), "word": word}

    def rest(operations):
        return Breach("late", "found at rest")

    binding = Small(build, observe=lambda made: {"value": made["word"].peek}, rest=rest)
    judge = partial(run_free, binding, SYSTEM, parse_workload("write()"), Free(0, 3, 60))
    assert [getattr(v, "property", "") for v in survey(judge, Options())] == ["bounded", "late", ""]


def list_lru(name):
    return ListLruBinding(name, importlib.import_module(f"list_lru.{name}").ListLrus)


# -- candidates


@pytest.mark.parametrize("name", ["v13", "rw_semaphore", "publish_first", "handshake"])
def test_a_right_candidate_conforms_and_nothing_is_exhausted(base, name):
    workload = parse_workload("init(0); activate(0); activate(1) | use(0, 0) | init(1)")
    verdict = run_free(list_lru(name), base, workload, Free(seed=3, runs=5, seconds=60))
    assert isinstance(verdict, Conforms), report(verdict)
    assert not verdict.exhausted
    assert "bounded: 5 runs of free threads, seed 3" in report(verdict)
    assert "coverage" in verdict.judged


@pytest.mark.parametrize(
    ("name", "workload"),
    [
        ("leaky_unwind", "activate(0); activate(1); init(0) ! 2"),
        ("krealloc", "init(0); activate(0); activate(1) | use(0, 0)"),
        ("early_free", "init(0); destroy(0) | activate(0)"),
        ("unlocked_init", "init(0) | activate(0)"),
        ("mark_first", "init(0) | activate(0)"),
    ],
)
def test_a_broken_twin_is_found_and_its_finding_is_repeated_and_shrunk(base, name, workload):
    verdict = run_free(list_lru(f"broken.{name}"), base, parse_workload(workload), LONG)
    assert isinstance(verdict, Breaks), report(verdict)
    assert "threads ran free" not in verdict.message
    again = replay(list_lru(f"broken.{name}"), base, verdict.token)
    assert isinstance(again, Breaks)
    assert (again.property, again.events) == (verdict.property, verdict.events)


def test_state_that_is_shared_past_the_runtime_is_found_only_so():
    """The deterministic back end passes over it: between two primitives nothing else ever runs there."""

    def build(rt):
        plain = {"count": 0}

        def adds():
            before = plain["count"]
            for _ in range(20_000):  # time enough for Python to let another thread run
                pass
            plain["count"] = before + 1

        return {"adds": adds, "plain": plain}

    def lost(operations):
        count = operations["plain"]["count"]
        return None if count == 2 else Breach("counts", f"two have added, and the count is {count}")

    workload = parse_workload("adds() | adds()")
    assert isinstance(conform(Small(build, rest=lost), SYSTEM, workload, Reduced()), Conforms)
    verdict = run_free(Small(build, rest=lost), SYSTEM, workload, LONG)
    assert isinstance(verdict, Breaks), report(verdict)
    assert verdict.message.startswith("two have added, and the count is 1 (threads ran free; their steps, taken again")


# -- primitives


def test_a_mutex_admits_one_thread():
    def build(rt):
        lock, inside = rt.mutex("lock"), []

        def enters():
            for _ in range(5):
                with lock:
                    inside.append(1)
                    time.sleep(0.000_1)
                    assert len(inside) == 1
                    inside.pop()

        return {"enters": enters}

    verdict = free(build, "enters() | enters() | enters()")
    assert isinstance(verdict, Conforms), report(verdict)


def test_a_grace_period_waits_for_readers_and_callbacks_run_after_it():
    class Box:
        def __init__(self, memory):
            self.word = memory.cell("word", 0)

    def build(rt):
        rcu, boxes = rt.rcu("rcu"), rt.heap("boxes", Box)
        root = rt.memory("root").cell("box", boxes.alloc())

        def reads():
            for _ in range(3):
                with rcu.read():
                    box = rcu.dereference(root)
                    time.sleep(0.000_2)
                    box.word.load()

        def replaces(how):
            old = root.load()
            rcu.assign(root, boxes.alloc())
            if how == 0:
                rcu.synchronize()
                boxes.free(old)
            elif how == 1:
                rcu.call(lambda: boxes.free(old))
            else:
                boxes.free(old)

        return {"reads": reads, "replaces": replaces}

    for how in (0, 1):
        verdict = free(build, f"reads() | replaces({how}); replaces({how})")
        assert isinstance(verdict, Conforms), report(verdict)
    verdict = free(build, "reads() | replaces(2); replaces(2)", runs=10_000)
    assert isinstance(verdict, Breaks), report(verdict)
    assert verdict.property == "boxes.no_use_after_free"


def test_work_is_done_and_flushed():
    def build(rt):
        work, word = rt.workqueue("work"), rt.memory("m").cell("word", 0)

        def queues():
            work.queue(lambda: word.store(word.load() + 1))
            work.queue(lambda: word.store(word.load() + 1))
            work.flush()
            assert word.load() >= 2

        return {"queues": queues, "word": word}

    def done(operations):
        return None if operations["word"].peek() == 4 else Breach("work", f"{operations['word'].peek()} of 4 are done")

    verdict = free(build, "queues() | queues()", rest=done)
    assert isinstance(verdict, Conforms), report(verdict)


def test_all_states_are_judged():
    def build(rt):
        word = rt.memory("m").cell("word", 0)

        def goes():
            word.store(2)
            word.store(0)

        return {"goes": goes, "word": word}

    verdict = free(build, "goes()", observe=lambda operations: {"value": operations["word"].peek})
    assert isinstance(verdict, Breaks), report(verdict)
    assert verdict.property == "bounded"


# -- what goes wrong


def test_a_deadlock_is_seen_and_says_who_waits_where():
    def build(rt):
        a, b = rt.mutex("a"), rt.mutex("b")

        def takes(one, two):
            with one:
                time.sleep(0.002)
                with two:
                    pass

        return {"ab": lambda: takes(a, b), "ba": lambda: takes(b, a)}

    verdict = run_free(Small(build), SYSTEM, parse_workload("ab() | ba()"), LONG)
    assert isinstance(verdict, Breaks), report(verdict)
    assert verdict.property == "deadlock"
    assert "ab() waits in `lock b`" in verdict.message
    assert "ba() waits in `lock a`" in verdict.message


def test_an_exception_is_reported():
    def fails():
        raise ValueError("no")

    verdict = free(lambda rt: {"fails": fails}, "fails()")
    assert isinstance(verdict, Breaks)
    assert verdict.property == "raised"


def test_a_silent_loop_is_ended():
    def loops():
        while True:
            pass

    verdict = free(lambda rt: {"loops": loops, "ends": rt.fence}, "loops() | ends()", patience=0.2)
    assert isinstance(verdict, Breaks), report(verdict)
    assert verdict.property == "silent_loop"
    assert "loops()" in verdict.message
    assert "test_free_running.py:" in verdict.message


def test_a_run_that_does_not_end_within_its_steps_is_undecided():
    def build(rt):
        word = rt.memory("m").cell("word", 0)

        def spins():
            while not word.load():
                pass

        return {"spins": spins}

    verdict = free(build, "spins()", steps=50, runs=2)
    assert isinstance(verdict, Undecided)
    assert "did not end within 50 steps" in verdict.reason


def test_a_misused_candidate_is_undecided(base):
    verdict = run_free(list_lru("v13"), base, parse_workload("frobnicate(0)"), Free())
    assert isinstance(verdict, Undecided)


def test_the_command(tmp_path):
    command = [
        sys.executable,
        "-m",
        "interlock_cli",
        "conform",
        "spec/list_lru",
        "list_lru.broken.leaky_unwind:ListLrus",
    ]
    for backend in ("free", "threads"):
        more = ["-w", "activate(0); activate(1); init(0) ! 2", "--backend", backend, "--runs", "3"]
        done = subprocess.run([*command, *more], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 1, done.stderr
        assert "breaks no_leak" in done.stdout
        assert "interlock replay" in done.stdout


def test_a_token_is_replayed_on_threads():
    token = "spec/list_lru list_lru.broken.unlocked_init:ListLrus init(0) | activate(0) @ 0*3 1*12 0*3"
    said = []
    for backend in ("greenlets", "threads"):
        command = [sys.executable, "-m", "interlock_cli", "replay", token, "--backend", backend]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 1, done.stderr
        said.append(done.stdout)
    assert said[0] == said[1]
    assert "breaks coverage" in said[0]
