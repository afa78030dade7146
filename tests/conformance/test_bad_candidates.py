"""Whatever a candidate does wrong is a named report with its place, never a traceback and never a run without an end."""

import gc
import signal
import threading
import time

import pytest
from tests.conformance.small import Small, specification

from interlock_conformance.conform import DEFAULT, Options, conform, replay
from interlock_conformance.schedule import parse_workload
from interlock_conformance.scheduling.pooled_threads import Pool, PoolThread
from interlock_conformance.strategies.exhaustive import Exhaustive
from interlock_conformance.strategies.reduced import Reduced
from interlock_conformance.verdict import Breaks, Conforms, Undecided, report

SYSTEM = specification()
HERE = "test_bad_candidates.py:"
TWO = Exhaustive(2)
BRIEF = Options(patience=0.2)
"""For what never ends; anything else may take as long as a busy computer needs."""


def judged(binding, workload="go()", strategy=TWO, options=DEFAULT):
    return conform(binding, SYSTEM, parse_workload(workload), strategy, options)


def one(body):
    """A candidate with one operation, `go`, given the runtime."""
    return Small(lambda rt: {"go": lambda: body(rt), "step": rt.fence})


def broken(verdict, property_, *parts):
    assert isinstance(verdict, Breaks), report(verdict)
    assert verdict.property == property_, report(verdict)
    for part in parts:
        assert part in verdict.message
    assert f"replay: {verdict.token}" in report(verdict)


# -- what it raises


class UnreadableError(Exception):
    def __str__(self):
        raise RuntimeError


def recurses(rt):
    return recurses(rt)


def raises(error):
    raise error


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (lambda rt: raises(ValueError("no")), "go() raised ValueError: no"),
        (lambda rt: None.word, "go() raised AttributeError"),
        (lambda rt: raises(SystemExit(3)), "go() raised SystemExit: 3"),
        (lambda rt: raises(UnreadableError), "go() raised UnreadableError: (its text cannot be had)"),
        (recurses, "go() raised RecursionError"),
        (lambda rt: rt.memory("m").cells("row", "two", None), "go() raised TypeError"),
    ],
)
def test_an_exception_is_reported_with_its_line(body, text):
    broken(judged(one(body)), "raised", text, HERE)


def test_an_exception_in_set_up_is_reported_with_its_line():
    verdict = judged(Small(lambda rt: raises(ValueError("not today"))))
    assert isinstance(verdict, Undecided)
    assert verdict.reason.startswith("the candidate cannot be set up: ValueError: not today (" + HERE)


# -- waiting


def test_a_deadlock_says_who_waits_where():
    def build(rt):
        a, b = rt.mutex("a"), rt.mutex("b")

        def takes(one, two):
            with one, two:
                pass

        return {"ab": lambda: takes(a, b), "ba": lambda: takes(b, a)}

    broken(judged(Small(build), "ab() | ba()"), "deadlock", "ab() waits in `lock b`", "ba() waits in `lock a`")


def test_a_spin_loop_ends_and_is_no_pass():
    def build(rt):
        word = rt.memory("m").cell("word", 0)

        def spins():
            while not word.load():
                pass

        return {"go": spins}

    verdict = judged(Small(build), options=Options(steps=200))
    assert not isinstance(verdict, Conforms), report(verdict)


# -- loops without a step


def busy(rt):
    while True:
        pass


def sleeps(rt):
    time.sleep(1_000)


def takes_a_lock_of_its_own(rt):
    lock = threading.Lock()
    with lock:
        lock.acquire()


def catches_exceptions(rt):
    while True:
        try:
            busy(rt)
        except Exception:  # noqa: BLE001
            continue


def keeps_to_itself(rt):
    """Steps that nobody else can see are none that a schedule counts."""
    heap = rt.heap("boxes", lambda memory: memory.cell("word", 0))
    box = heap.alloc()
    while True:
        box.store(1)


@pytest.mark.parametrize("body", [busy, sleeps, takes_a_lock_of_its_own, catches_exceptions, keeps_to_itself])
def test_a_silent_loop_is_ended_and_reported_with_its_line(body):
    broken(judged(one(body), "go() | step()", options=BRIEF), "silent_loop", "go() goes on and on", HERE)


def test_a_loop_that_is_found_where_garbage_is_told_of_is_ended_later():
    """What is raised in a callback of the collector reaches nobody."""

    def makes_garbage(rt):
        gc.collect()
        busy(rt)

    def told(phase, info):
        time.sleep(0.3)

    gc.callbacks.append(told)
    try:
        broken(judged(one(makes_garbage), "go() | step()", options=BRIEF), "silent_loop", "go() goes on and on", HERE)
    finally:
        gc.callbacks.remove(told)


def test_only_the_loop_is_accused_and_others_go_on_as_before():
    before = signal.getsignal(signal.SIGALRM)
    assert isinstance(judged(one(busy), options=BRIEF), Breaks)
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert isinstance(judged(one(lambda rt: None)), Conforms)


def test_a_loop_in_set_up_and_one_at_rest_and_one_in_the_abstraction_are_ended():
    verdict = judged(Small(busy), options=BRIEF)
    assert isinstance(verdict, Undecided)
    assert "set-up goes on and on and calls no primitive, at " + HERE in verdict.reason
    at_rest = Small(lambda rt: {"go": lambda: None}, rest=busy)
    broken(judged(at_rest, options=BRIEF), "silent_loop", HERE)

    def build(rt):
        word = rt.memory("m").cell("word", 0)
        return {"go": lambda: word.store(1), "word": word}

    def observes(operations):
        return {"value": lambda: busy(None) if operations["word"].peek() else 0}

    broken(judged(Small(build, observe=observes), options=BRIEF), "silent_loop", HERE)


def test_a_loop_where_the_abstraction_is_made_is_ended():
    verdict = judged(Small(lambda rt: {"go": lambda: None}, observe=busy), options=BRIEF)
    assert isinstance(verdict, Undecided)
    assert "goes on and on" in verdict.reason


def test_known_gap_a_loop_that_swallows_everything():
    """On greenlets it goes on until it lets something through; here it does at the third time."""

    def swallows(rt):
        for _ in range(3):
            try:
                busy(rt)
            except BaseException:  # noqa: BLE001
                swallowed.append(1)

    swallowed = []
    broken(judged(one(swallows), options=BRIEF), "silent_loop")
    assert len(swallowed) == 6, "three times when it was found, three when it was replayed"


def test_a_thread_that_swallows_everything_is_left_behind_and_the_report_says_so():
    stop = threading.Event()

    def swallows(rt):
        while not stop.is_set():
            try:
                while not stop.is_set():
                    pass
            except BaseException:  # noqa: BLE001
                pass

    with Pool() as pool:
        verdict = judged(one(swallows), options=Options(patience=0.2, home=pool.home))
    stop.set()
    broken(verdict, "silent_loop", "told to end, it does not, and its thread is left behind", HERE)
    for thread in threading.enumerate():
        if isinstance(thread, PoolThread):
            thread.join(10)
    assert not [thread for thread in threading.enumerate() if isinstance(thread, PoolThread)]


@pytest.mark.parametrize("body", [busy, catches_exceptions])
def test_a_silent_loop_in_a_thread_is_ended_too(body):
    with Pool() as pool:
        verdict = judged(one(body), "go() | step()", options=Options(patience=0.2, home=pool.home))
    broken(verdict, "silent_loop", "go() goes on and on", HERE)
    assert "left behind" not in verdict.message


# -- threads of its own


def test_a_thread_that_lives_on_is_reported():
    stop = threading.Event()
    verdict = judged(one(lambda rt: threading.Thread(target=stop.wait, name="of its own").start()))
    stop.set()
    broken(verdict, "own_thread", "of its own")


def test_a_thread_that_has_ended_is_reported_too_and_what_it_raises_is_not_printed(capsys):
    def body(rt):
        thread = threading.Thread(target=lambda: raises(ValueError), name="of its own")
        thread.start()
        thread.join()

    before = threading.excepthook
    broken(judged(one(body)), "own_thread", "of its own")
    assert capsys.readouterr().err == ""
    assert threading.excepthook is before
    assert threading.getprofile() is None


def test_a_thread_of_its_own_that_uses_primitives_is_reported(capsys):
    def body(rt):
        word = rt.memory("m").cell("word", 0)
        thread = threading.Thread(target=lambda: [word.store(n) for n in range(5)])
        thread.start()
        thread.join()

    verdict = judged(one(body), "go() | go()")
    assert not isinstance(verdict, Conforms)
    assert capsys.readouterr().err == ""


# -- the abstraction


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (lambda: 7, "value"),
        (lambda: "zero", "value"),
        (lambda: True, "value"),
        (lambda: None, "value"),
        (list, "value"),
        (lambda: raises(ValueError("hidden")), "ValueError: hidden (" + HERE),
        (lambda argument: 0, "TypeError"),
    ],
)
def test_an_abstraction_of_the_wrong_type_is_reported(value, text):
    verdict = judged(Small(lambda rt: {"go": lambda: None}, observe=lambda operations: {"value": value}))
    broken(verdict, "abstraction", text)


@pytest.mark.parametrize("symbols", [None, 7, {"value": 0}, ["value"]])
def test_an_abstraction_that_is_no_table_of_functions_is_reported(symbols):
    verdict = judged(Small(lambda rt: {"go": lambda: None}, observe=lambda operations: symbols))
    assert isinstance(verdict, Undecided), report(verdict)
    assert verdict.reason.startswith("`symbols` is no table")


def test_what_is_raised_at_rest_is_reported():
    verdict = judged(Small(lambda rt: {"go": lambda: None}, rest=lambda operations: raises(KeyError("gone"))))
    broken(verdict, "abstraction", "KeyError: 'gone' (" + HERE)


def test_what_cannot_be_repeated_is_undecided():
    runs = []

    def build(rt):
        word = rt.memory("m").cell("word", 0)
        runs.append(1)
        return {"go": lambda: word.store(1) if len(runs) % 2 else raises(ValueError("at times"))}

    verdict = judged(Small(build), strategy=Reduced())
    assert not isinstance(verdict, Conforms), report(verdict)


def test_every_token_replays():
    verdict = judged(one(busy), "go() | step()", options=BRIEF)
    again = replay(one(busy), SYSTEM, verdict.token, BRIEF)
    broken(again, "silent_loop")
