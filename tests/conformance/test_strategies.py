"""Strategies: exhaustive means all, a bound is told from exhaustion, shrinking keeps the property, replay is exact."""

from itertools import permutations
from math import comb

import pytest

from interlock_conformance.primitives.deterministic import DeterministicRuntime
from interlock_conformance.scheduling.machine import Breach, Diverged, Finished, Machine, Point, default_choice
from interlock_conformance.shrink import shrink
from interlock_conformance.strategies.exhaustive import Exhaustive
from interlock_conformance.strategies.mixed import Mixed
from interlock_conformance.strategies.priorities import Priorities
from interlock_conformance.strategies.reduced import Reduced
from interlock_conformance.strategies.replay import Replay, exactly
from interlock_conformance.strategies.uniform import Uniform


def recorder(build, seen=None):
    def run(choose, *, given=(), trail=None):
        machine = Machine(budget=1_000, trail=trail)
        bodies = build(DeterministicRuntime(machine))
        execution = machine.run([lambda _, body=body: body() for body in bodies], choose, lambda: None, given)
        if seen is not None:
            seen.append(execution.schedule)
        return execution

    return run


def steps(*counts):
    def build(rt):
        word = rt.memory("m").cell("word", 0)
        return [lambda count=count: [word.load() for _ in range(count)] for count in counts]

    return build


@pytest.mark.parametrize("counts", [(1, 1), (3, 3), (4, 2), (2, 2, 2), (5, 0)])
def test_exhaustive_runs_every_interleaving_once(counts):
    seen = []
    explored = Exhaustive(None).explore(recorder(steps(*counts), seen))
    threads = [index for index, count in enumerate(counts) for _ in range(count)]
    assert sorted(seen) == sorted(set(permutations(threads)))
    assert explored.exhausted
    assert explored.executions == len(seen)


def test_a_bound_on_preemptions_leaves_out_exactly_those_with_more():
    build = steps(3, 3)
    everything, bounded = [], []
    Exhaustive(None).explore(recorder(build, everything))
    Exhaustive(1).explore(recorder(build, bounded))
    run = recorder(build)
    few = {schedule for schedule in everything if run(exactly(schedule)).preemptions <= 1}
    assert set(bounded) == few
    assert len(everything) == comb(6, 3)
    assert len(few) < len(everything)


def lost_update(threads):
    def build(rt):
        word, done = rt.memory("m").cell("word", 0), rt.memory("m").cell("done", 0)
        finished = []

        def body():
            for _ in range(3):
                done.load()
            word.store(word.load() + 1)
            done.load()
            finished.append(1)
            assert len(finished) < threads or word.peek() == threads

        return [body] * threads

    return build


def test_a_lost_update_is_found_with_one_preemption_and_the_fewest_steps_before_it():
    run = recorder(lost_update(2))
    explored = Exhaustive(2).explore(run)
    assert isinstance(explored.failing.end, Breach)
    assert explored.failing.preemptions == 1


@pytest.mark.parametrize("strategy", [Uniform(7), Priorities(7)])
def test_a_random_failure_shrinks_to_one_preemption_and_stays_that_failure(strategy):
    run = recorder(lost_update(3))
    explored = strategy.explore(run)
    assert explored.failing is not None
    assert not explored.exhausted
    small = shrink(explored.failing, run)
    assert small.preemptions == 1
    assert len(small.points) <= len(explored.failing.points)
    assert small.end.property == explored.failing.end.property
    assert run(exactly(small.schedule)).points == small.points


@pytest.mark.parametrize("strategy", [Uniform(3, 20), Priorities(3, 20), Exhaustive(1)])
def test_a_strategy_draws_the_same_schedules_again(strategy):
    first, second = [], []
    strategy.explore(recorder(steps(3, 4), first))
    strategy.explore(recorder(steps(3, 4), second))
    assert first == second


def test_random_schedules_exhaust_nothing():
    assert not Uniform(1, 500).explore(recorder(steps(1, 1))).exhausted


def test_replay_says_where_it_cannot_follow():
    explored = Replay((0, 0, 0, 0)).explore(recorder(steps(2, 2)))
    assert explored.diverged == Diverged(step=2, thread=0, enabled=(1,))
    assert explored.failing is None


def test_an_execution_that_is_cut_off_is_not_counted_as_exhausted():
    def run(choose, *, given=(), trail=None):
        machine = Machine(budget=3, trail=trail)
        bodies = steps(2, 2)(DeterministicRuntime(machine))
        return machine.run([lambda _, body=body: body() for body in bodies], choose, lambda: None, given)

    explored = Exhaustive(0).explore(run)
    assert explored.cut_off == explored.executions > 0
    assert not explored.exhausted


def test_known_gap_unwatched_attribute():
    """State that threads share past the runtime is not seen: between two primitives nothing else ever runs."""

    def build(rt):
        word = rt.memory("m").cell("word", 0)
        shared = []

        def body():
            count = len(shared)
            shared.append(1)
            assert len(shared) == count + 1
            word.store(1)

        return [body, body]

    assert Exhaustive(None).explore(recorder(build)).failing is None


# -- an execution that is given how it begins


def begun(build, given):
    """An execution along given points, of which the observer sees only what comes after them; and how often it looks."""
    looks = []
    machine = Machine(budget=100)
    bodies = build(DeterministicRuntime(machine))

    def look():
        looks.append(machine.step)
        machine.stale = 1

    execution = machine.run([lambda _, body=body: body() for body in bodies], default_choice, look, given)
    return execution, looks


def points(*chosen, enabled=(0, 1)):
    last = None
    for thread in chosen:
        yield Point(last, enabled, thread)
        last = thread


def test_what_is_given_is_followed_and_not_looked_at():
    given = tuple(points(0, 1, 1, 0))
    execution, looks = begun(steps(3, 3), given)
    assert execution.end == Finished()
    assert execution.points[:4] == given
    assert execution.schedule == (0, 1, 1, 0, 0, 1)
    assert min(looks) == 4


@pytest.mark.parametrize(
    ("chosen", "step", "enabled"), [((0, 0, 0, 0), 3, (1,)), ((1, 0, 0, 0, 0, 1), 4, (1,)), ((1, 1, 1, 1, 0), 3, (0,))]
)
def test_a_thread_that_has_ended_cannot_be_given(chosen, step, enabled):
    execution, looks = begun(steps(3, 3), tuple(points(*chosen)))
    assert execution.end == Diverged(step, chosen[step], enabled)
    assert execution.schedule == chosen[:step]
    assert not looks


@pytest.mark.parametrize("chosen", [(0, 1, 1, 0), (1, 1, 0, 1)])
def test_a_thread_that_has_to_wait_cannot_be_given(chosen):
    """The other holds the lock: where it goes on, and where it is its turn."""

    def build(rt):
        lock, word = rt.mutex("lock"), rt.memory("m").cell("word", 0)

        def body():
            with lock:
                word.load()

        def looks_first():
            word.load()
            body()

        return [body, looks_first]

    execution, _ = begun(build, tuple(points(*chosen)))
    assert execution.end == Diverged(2, chosen[2], (chosen[3],))
    assert execution.schedule == chosen[:2]


def test_what_breaks_where_it_is_given_ends_there():
    def build(rt):
        word = rt.memory("m").cell("word", 0)

        def body():
            word.load()
            raise ValueError

        return [body]

    execution, _ = begun(build, tuple(points(0, 0, 0, enabled=(0,))))
    assert isinstance(execution.end, Breach)
    assert execution.schedule == (0,)


# -- all interleavings, or few preemptions


def early(rt):
    """What breaks is the first thread's stopping early, which a search that goes deep first comes to last."""
    word = rt.memory("m").cell("word", 0)

    def first():
        word.store(1)
        for _ in range(8):
            word.xchg(2)

    def second():
        for _ in range(8):
            word.xchg(3)
        assert word.load() != 1

    def third():
        assert word.load() != 1

    return [first, second, third]


def test_few_preemptions_are_tried_where_all_interleavings_are_too_many():
    run = recorder(early)
    assert Reduced(50).explore(run).failing is None
    explored = Mixed(1, 50).explore(run)
    assert isinstance(explored.failing.end, Breach)
    assert 50 < explored.executions <= 100


def test_a_mixed_search_exhausts_what_the_reduced_one_does():
    run = recorder(steps(3, 3))
    assert Mixed().explore(run) == Reduced().explore(run)
    assert Mixed().explore(run).exhausted
    assert isinstance(Mixed().explore(recorder(lost_update(2))).failing.end, Breach)


def test_a_mixed_search_says_what_it_has_covered():
    def racing(rt):
        word = rt.memory("m").cell("word", 0)
        return [lambda: [word.store(1) for _ in range(4)]] * 2

    explored = Mixed(1, 20).explore(recorder(racing))
    assert not explored.exhausted
    assert explored.bound == (
        "all schedules with at most 1 preemption, and the first 20 executions of a search through all interleavings"
    )
    assert explored.executions == 20 + Exhaustive(1).explore(recorder(racing)).executions
