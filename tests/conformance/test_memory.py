"""Heaps: which allocations fail and whose failures those are, and which memory only its allocator can reach."""

import pytest
from tests.conformance.small import Box, end_of, harness, some_end

from interlock_conformance.scheduling.machine import Finished, default_choice
from interlock_conformance.strategies.exhaustive import Exhaustive
from interlock_conformance.strategies.reduced import Reduced
from interlock_conformance.strategies.replay import exactly


def test_allocations_fail_as_told():
    def build(rt):
        boxes = rt.heap("boxes", Box)
        made = []

        def body():
            made.extend(boxes.alloc() is not None for _ in range(4))
            assert made == [True, False, False, True]

        return [body]

    assert end_of(build, failing=frozenset({1, 2})) == Finished()


def test_failures_are_those_of_the_thread_and_of_those_that_serve_it():
    def build(rt):
        boxes, work, build.seen = rt.heap("boxes", Box), rt.workqueue("work"), []

        def allocates():
            boxes.alloc()
            build.seen.append(rt.failures)

        def leaves_it_to_a_worker():
            work.queue(boxes.alloc)
            work.flush()
            build.seen.append(rt.failures)

        return [allocates, leaves_it_to_a_worker]

    run = harness(build, failing=frozenset({0, 1}))
    assert run(default_choice).end == Finished()
    assert build.seen == [1, 1]


@pytest.mark.parametrize("failing", [0, 1])
def test_the_failure_of_an_allocation_is_not_another_threads(failing):
    def build(rt):
        boxes, build.seen = rt.heap("boxes", Box), []

        def allocates():
            boxes.alloc()
            build.seen.append(rt.failures)

        return [allocates, allocates]

    assert harness(build, failing=frozenset({failing}))(default_choice).end == Finished()
    assert sorted(build.seen) == [0, 1]


def test_memory_of_one_thread_is_no_point_of_choice_until_it_is_published():
    def build(rt):
        boxes, root = rt.heap("boxes", Box), rt.memory("m").cell("root", None)

        def body():
            box = boxes.alloc()
            box.word.store(1)
            box.word.store(2)
            root.store(box)
            box.word.store(3)

        return [body]

    execution = harness(build)(default_choice, record=True)
    assert [event.kind for event in execution.events] == ["alloc", "store", "store", "store", "store"]
    assert len(execution.points) == 3


def test_what_a_published_block_points_to_is_published_with_it():
    def build(rt):
        boxes, root = rt.heap("boxes", Box), rt.memory("m").cell("root", None)

        def writer():
            outer, inner = boxes.alloc(), boxes.alloc()
            outer.word.store(inner)
            root.store(outer)
            inner.word.store(1)
            inner.word.store(2)

        def reader():
            outer = root.load()
            if outer is not None:
                assert outer.word.load().word.load() != 1

        return [writer, reader]

    assert some_end(build).property == "raised"


# -- what is made in a block is part of it


class Whole:
    """A block with everything that can be in one."""

    def __init__(self, memory, rt):
        self.word = memory.cell("word", 0)
        self.lock, self.sem, self.srcu = rt.mutex("lock"), rt.rwsem("sem"), rt.srcu("srcu")
        self.refs, self.done, self.work = rt.refcount("refs", 0), rt.completion("done"), rt.workqueue("work")
        self.ids, self.list = rt.ids("ids"), rt.registry("list", Box)


def held(section):
    with section:
        pass


USES = {
    "lock": lambda block: held(block.lock),
    "read lock sem": lambda block: held(block.sem.read()),
    "write lock sem": lambda block: held(block.sem.write()),
    "read lock srcu": lambda block: held(block.srcu.read()),
    "try get": lambda block: block.refs.try_get(),
    "wait for last": lambda block: block.refs.wait_for_last(),
    "complete": lambda block: block.done.complete(),
    "queue": lambda block: block.work.queue(lambda: None),
    "take": lambda block: block.ids.take(),
    "next": lambda block: list(block.list),
}


@pytest.mark.parametrize("use", USES)
def test_what_a_freed_block_had_in_it_is_gone_with_it(use):
    def build(rt):
        wholes = rt.heap("wholes", Whole)
        block = wholes.alloc(rt)
        return [lambda: (USES[use](block), wholes.free(block), USES[use](block))]

    end = end_of(build)
    assert end.property == "wholes.no_use_after_free"
    assert end.message.startswith(f"t0: {use.split()[0]} ")
    assert " of wholes[0]." in end.message
    assert end.message.endswith(", which t0 has freed")


def test_the_unlock_of_a_lock_in_a_freed_block_is_a_use_of_it():
    def build(rt):
        wholes = rt.heap("wholes", Whole)
        block = wholes.alloc(rt)

        def body():
            with block.lock:
                wholes.free(block)

        return [body]

    assert end_of(build).message == "t0: unlock of wholes[0].lock, which t0 has freed"


@pytest.mark.parametrize("strategy", [Exhaustive(None), Reduced()])
def test_who_uses_it_races_with_who_frees_it(strategy):
    def build(rt):
        wholes = rt.heap("wholes", Whole)
        block = wholes.alloc(rt)
        return [lambda: held(block.lock), lambda: wholes.free(block)]

    explored = strategy.explore(harness(build))
    assert explored.failing.end.property == "wholes.no_use_after_free"


def test_a_block_that_is_made_in_another_ones_constructor_has_its_own():
    class Outer:
        def __init__(self, memory, rt, boxes):
            self.inner = boxes.alloc(rt)
            self.lock = rt.mutex("lock")

    def build(rt):
        wholes, outers = rt.heap("wholes", Whole), rt.heap("outers", Outer)
        outer = outers.alloc(rt, wholes)
        return [lambda: (outers.free(outer), held(outer.inner.lock), held(outer.lock))]

    assert end_of(build).message == "t0: lock of outers[0].lock, which t0 has freed"


def test_to_wait_for_a_change_is_no_use_of_what_has_been_freed_meanwhile():
    def build(rt):
        wholes = rt.heap("wholes", Whole)
        block, rounds = wholes.alloc(rt), []

        def waits():
            while len(rounds) < 2:  # after the second nobody looks again
                rounds.append(block.refs.try_get())
                rt.relax()

        def frees():
            block.refs.set(1)
            wholes.free(block)

        return [waits, frees]

    execution = harness(build)(exactly([0, 0, 0, 1, 1, 0]))
    assert execution.end == Finished()


def test_rules_are_called_after_the_name_that_was_given():
    def build(rt):
        wholes = rt.heap("wholes", Whole)
        wholes.alloc(rt)
        block = wholes.alloc(rt)
        return [block.refs.put]

    end = end_of(build)
    assert end.property == "refs.no_underflow"


def test_two_of_one_name_are_told_apart():
    def build(rt):
        one, two = rt.mutex("lock"), rt.mutex("lock")

        def body(first, second):
            with first, second:
                pass

        return [lambda: body(one, two), lambda: body(two, one)]

    end = some_end(build)
    assert end.property == "deadlock"
    assert "waits in `lock lock`" in end.message
    assert "waits in `lock lock (2)`" in end.message
