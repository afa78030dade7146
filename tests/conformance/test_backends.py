"""Threads of the operating system with a baton: the same schedules as on greenlets have the same outcomes."""

import importlib
import random
import re
import threading

import pytest

from interlock_conformance.conform import Options, conform
from interlock_conformance.primitives.deterministic import DeterministicRuntime
from interlock_conformance.schedule import parse_workload
from interlock_conformance.scheduling.machine import Breach, Machine, OutOfSteps
from interlock_conformance.scheduling.pooled_threads import Pool, PoolThread
from interlock_conformance.scheduling.tasks import GreenHome
from interlock_conformance.strategies.exhaustive import Exhaustive
from interlock_conformance.strategies.priorities import by_priority
from interlock_conformance.strategies.reduced import Reduced
from interlock_conformance.verdict import Breaks, Conforms, report
from list_lru.bindings.base import ListLruBinding

ADDRESS = re.compile("0x[0-9a-f]+")
"""Of items, as they stand in the log."""

CANDIDATES = (
    *("v13", "rw_semaphore", "publish_first", "handshake"),
    *("broken.unlocked_init", "broken.krealloc", "broken.no_grace_period", "broken.leaky_unwind", "broken.mark_first"),
    *("broken.stray_list", "broken.early_free", "broken.register_late", "broken.publish_outside", "broken.mark_late"),
    *("broken.scan_first", "broken.active_only", "broken.plain_store", "broken.unpinned", "broken.sweep_first"),
)
WORKLOADS = (
    "init(0) | activate(0) ! 2",
    "init(0); destroy(0) | activate(0); activate(1)",
    "init(0); activate(0); activate(1) | use(0, 0) | init(1)",
)


@pytest.fixture
def pool():
    with Pool() as pool:
        yield pool
    left = [thread.name for thread in threading.enumerate() if isinstance(thread, PoolThread)]
    assert not left


def binding(name):
    return ListLruBinding(name, importlib.import_module(f"list_lru.{name}").ListLrus)


def outcome(subject_of, workload, choose, home):
    """Everything that an execution shows: choices, how it ended, every step."""
    machine = Machine(budget=300, record=True, home=home)
    subject = subject_of.start(DeterministicRuntime(machine, workload.failing), workload)

    def worker(operations):
        def work(thread):
            for operation in operations:
                thread.doing = str(operation)
                subject.call(operation)

        return work

    execution = machine.run([worker(operations) for operations in workload.threads], choose, lambda: None)
    return execution.points, execution.end, [ADDRESS.sub("0x", str(event)) for event in execution.events]


@pytest.mark.parametrize("name", CANDIDATES)
def test_the_same_schedules_have_the_same_outcomes(pool, name):
    for text in WORKLOADS:
        workload = parse_workload(text)
        for seed in range(8):
            on = [
                outcome(binding(name), workload, by_priority(random.Random(seed), 60, 4), home)
                for home in (GreenHome, pool.home)
            ]
            assert on[0] == on[1]
            assert on[0][0]


@pytest.mark.parametrize("name", ["v13", "broken.unlocked_init"])
def test_a_whole_run_ends_with_the_same_verdict(base, pool, name):
    workload = parse_workload("init(0) | activate(0)")
    green, threads = (
        conform(binding(name), base, workload, Reduced(), Options(home=home)) for home in (GreenHome, pool.home)
    )
    assert threads == green
    assert isinstance(threads, Breaks if "broken" in name else Conforms), report(threads)


def test_an_execution_that_is_cut_short_leaves_no_thread_behind(pool):
    def build(rt):
        lock, gate = rt.mutex("lock"), rt.completion("gate")

        def stands():
            with lock:
                gate.wait()

        def waits():
            with lock:
                pass

        return [stands, waits]

    for budget, end in ((0, OutOfSteps), (300, Breach)):
        machine = Machine(budget=budget, home=pool.home)
        bodies = build(DeterministicRuntime(machine))
        execution = machine.run(
            [lambda _, body=body: body() for body in bodies], lambda last, enabled: enabled[0], lambda: None
        )
        assert isinstance(execution.end, end), execution.end
    # the fixture looks for threads that are left


def test_threads_are_used_again(pool):
    def build(rt):
        word = rt.memory("m").cell("word", 0)
        return [lambda: word.store(1), lambda: word.store(2)]

    def run(choose, **more):
        machine = Machine(budget=50, trail=more.get("trail"), home=pool.home)
        bodies = build(DeterministicRuntime(machine))
        return machine.run([lambda _, body=body: body() for body in bodies], choose, lambda: None, more["given"])

    before = threading.active_count()
    explored = Exhaustive(None).explore(run)
    assert explored.executions == 2
    assert threading.active_count() <= before + 2


def test_what_one_thread_raises_is_found_in_the_caller(pool):
    class Stop(BaseException):
        pass

    def stops(_):
        raise Stop

    with pytest.raises(Stop):
        Machine(budget=5, home=pool.home).run([stops], lambda last, enabled: enabled[0], lambda: None)
