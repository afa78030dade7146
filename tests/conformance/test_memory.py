"""Heaps: which allocations fail and whose failures those are, and which memory only its allocator can reach."""

import pytest
from tests.conformance.small import Box, end_of, harness, some_end

from interlock_conformance.scheduling.machine import Finished, default_choice


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
