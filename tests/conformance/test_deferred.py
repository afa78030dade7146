"""Work that is left to another thread: callbacks after grace periods, and work queues."""

import pytest
from tests.conformance.small import harness, some_end

from interlock_conformance.scheduling.machine import Breach, Finished, default_choice
from interlock_conformance.scheduling.pooled_threads import Pool
from interlock_conformance.strategies.exhaustive import Exhaustive
from interlock_conformance.strategies.reduced import Reduced


class Box:
    def __init__(self, memory, value=0):
        self.word = memory.cell("word", value)


def outcomes(build, strategy, home=None):
    """What `build.seen` holds after each execution, and how they end."""
    found = set()
    run = harness(build, home=home)

    def looking(choose, **more):
        execution = run(choose, **more)
        found.add((tuple(build.seen), type(execution.end).__name__))
        return execution

    explored = strategy.explore(looking)
    return found, explored


def replaces(free):
    """A reader, and a writer that replaces a box and leaves the old one to `free(rcu, boxes, old)`."""

    def build(rt):
        rcu, boxes = rt.rcu("rcu"), rt.heap("boxes", Box)
        root = rt.memory("root").cell("box", boxes.alloc(1))

        def reader():
            with rcu.read():
                rcu.dereference(root).word.load()

        def writer():
            old = root.load()
            rcu.assign(root, boxes.alloc(2))
            free(rcu, boxes, old)

        return [reader, writer]

    return build


def test_a_callback_runs_after_the_readers_that_were_inside():
    assert some_end(replaces(lambda rcu, boxes, old: rcu.call(lambda: boxes.free(old)))) is None


def test_what_is_freed_at_once_is_used():
    end = some_end(replaces(lambda rcu, boxes, old: boxes.free(old)))
    assert end.property == "boxes.no_use_after_free"


def test_a_callback_runs_before_the_execution_ends():
    def build(rt):
        rcu, build.seen = rt.rcu("rcu"), []
        return [lambda: rcu.call(lambda: build.seen.append("called"))]

    found, explored = outcomes(build, Exhaustive(None))
    assert found == {(("called",), "Finished")}
    assert explored.exhausted


def test_a_barrier_waits_for_the_callbacks_of_all():
    def build(rt):
        rcu, word, build.seen = rt.rcu("rcu"), rt.memory("m").cell("word", 0), []

        def calls():
            rcu.call(lambda: word.store(1))

        def waits():
            with rcu.read():
                pass
            rcu.call(lambda: word.store(2))
            rcu.barrier()
            assert word.load() != 0

        return [calls, waits]

    assert some_end(build) is None


def test_without_a_barrier_a_callback_may_be_late():
    def build(rt):
        rcu, word = rt.rcu("rcu"), rt.memory("m").cell("word", 0)

        def calls():
            rcu.call(lambda: word.store(1))
            assert word.load() == 1

        return [calls]

    assert some_end(build).property == "raised"


def test_callbacks_of_one_thread_are_in_order_and_of_two_in_any():
    def build(rt):
        rcu, build.seen = rt.rcu("rcu"), []

        def calls(*names):
            for name in names:
                rcu.call(lambda name=name: build.seen.append(name))

        return [lambda: calls("a", "b"), lambda: calls("c")]

    found, _ = outcomes(build, Exhaustive(None))
    assert {seen for seen, _ in found} == {("a", "b", "c"), ("a", "c", "b"), ("c", "a", "b")}


@pytest.mark.parametrize("misdeed", ["lock", "synchronize", "alloc"])
def test_a_callback_may_not_sleep(misdeed):
    def build(rt):
        rcu, lock, boxes = rt.rcu("rcu"), rt.mutex("lock"), rt.heap("boxes", Box)
        acts = {"lock": lock.__enter__, "synchronize": rcu.synchronize, "alloc": boxes.alloc}
        return [lambda: rcu.call(acts[misdeed])]

    end = harness(build)(default_choice).end
    assert end.property == "no_sleep_in_atomic"
    assert "callbacks of rcu" in end.message


def test_a_flush_waits_for_what_was_queued_before():
    def build(rt):
        work, lock, word = rt.workqueue("work"), rt.mutex("lock"), rt.memory("m").cell("word", 0)

        def adds():
            with lock:  # work may sleep
                word.store(word.load() + 1)

        def queues():
            work.queue(adds)
            work.queue(adds)
            work.flush()
            assert word.load() == 2

        return [queues]

    assert some_end(build) is None


def test_without_a_flush_work_may_be_late_and_one_worker_does_one_thing_at_a_time():
    def build(rt):
        work, word, build.seen = rt.workqueue("work"), rt.memory("m").cell("word", 0), []

        def adds():
            build.seen.append("in")
            word.store(word.load() + 1)
            build.seen.append("out")

        def queues():
            work.queue(adds)
            build.seen.append(word.load())

        return [queues, lambda: work.queue(adds)]

    found, _ = outcomes(build, Exhaustive(None))
    assert {seen.count(0) for seen, _ in found} == {0, 1}
    for seen, end in found:
        assert end == "Finished"
        assert [mark for mark in seen if isinstance(mark, str)] == ["in", "out"] * 2


def test_a_worker_that_flushes_its_own_queue_deadlocks():
    def build(rt):
        work = rt.workqueue("work")

        def flushes():
            work.flush()

        return [lambda: work.queue(flushes)]

    end = harness(build)(default_choice).end
    assert end == Breach("deadlock", "nobody can go on: worker of work waits in `flushed work`")


def test_nothing_is_queued_during_set_up():
    def build(rt):
        rt.workqueue("work").queue(lambda: None)
        return []

    with pytest.raises(ValueError, match="no thread runs yet"):
        harness(build)(default_choice)


def test_the_log_says_what_the_worker_does():
    def build(rt):
        work, word = rt.workqueue("work"), rt.memory("m").cell("word", 0)
        return [lambda: work.queue(lambda: word.store(1))]

    execution = harness(build)(default_choice, record=True)
    assert execution.end == Finished()
    assert [(event.thread, event.kind, event.object) for event in execution.events] == [
        ("t0", "queue", "work"),
        ("worker of work", "run", "work"),
        ("worker of work", "store", "m.word"),
    ]


def works(rt):
    """Work and a thread that meet in one word, and a flush."""
    work, word, works.seen = rt.workqueue("work"), rt.memory("m").cell("word", 0), []

    def queues():
        work.queue(lambda: word.store(word.load() * 2 + 1))
        work.flush()
        works.seen.append(("flushed", word.load()))

    def writes():
        word.store(5)
        works.seen.append(("read", word.load()))

    return [queues, writes]


def calls(rt):
    """A callback and a thread that meet in one word, and a reader who is waited for."""
    rcu, word, calls.seen = rt.rcu("rcu"), rt.memory("m").cell("word", 0), []

    def leaves():
        rcu.call(lambda: word.store(1))

    def reads():
        with rcu.read():
            calls.seen.append(("inside", word.load(), word.load()))
        rcu.barrier()
        calls.seen.append(("after", word.load()))

    return [leaves, reads]


@pytest.mark.parametrize("build", [works, calls])
def test_the_reduced_search_has_the_outcomes_of_the_plain_one(build):
    plain, all_of_them = outcomes(build, Exhaustive(None))
    reduced, fewer = outcomes(build, Reduced())
    assert all_of_them.exhausted
    assert fewer.exhausted
    assert {(frozenset(seen), end) for seen, end in reduced} == {(frozenset(seen), end) for seen, end in plain}
    assert len(plain) > 1
    assert fewer.executions < all_of_them.executions


@pytest.mark.parametrize("build", [works, calls])
def test_threads_have_the_outcomes_of_greenlets(build):
    with Pool() as pool:
        assert outcomes(build, Reduced(), pool.home)[0] == outcomes(build, Reduced())[0]
