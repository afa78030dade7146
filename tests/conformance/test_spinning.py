"""Loops that look at memory until somebody changes it: they wait, they meet nobody, or they are told from progress."""

from pathlib import Path

import pytest

from interlock_conformance.primitives.deterministic import DeterministicRuntime
from interlock_conformance.scheduling.footprint import OBSERVED, WRITE
from interlock_conformance.scheduling.machine import Breach, Finished, Machine, OutOfSteps
from interlock_conformance.strategies.exhaustive import Exhaustive
from interlock_conformance.strategies.reduced import Reduced
from interlock_conformance.strategies.uniform import Uniform


def harness(build, ends, *, budget=300, deaf=()):
    """A run function for `build(runtime)`, which gives the threads' bodies; `ends` gets how each execution ended."""

    def run(choose, *, given=(), trail=None):
        machine = Machine(budget=budget, trail=trail)
        touch = machine.touch
        machine.touch = lambda thing, mode: None if thing in deaf else touch(thing, mode)

        def work(thread, body):
            thread.doing = f"t{thread.index}"
            body()

        bodies = build(DeterministicRuntime(machine))
        execution = machine.run(
            [lambda thread, body=body: work(thread, body) for body in bodies], choose, lambda: None, given
        )
        ends.append(execution.end)
        return execution

    return run


def ends_of(strategy, build, **options):
    ends = []
    explored = strategy.explore(harness(build, ends, **options))
    return explored, ends


def flag(rt):
    """One waits by looking, the other gives."""
    ready, value = rt.memory("m").cell("ready", value=False), rt.memory("m").cell("value", 0)

    def takes():
        while not ready.load():
            rt.relax()
        assert value.load() == 7

    def gives():
        value.store(7)
        ready.store(value=True)

    return [takes, gives]


def peterson(rt, *, turn_first=False):
    """Two exclude each other by looking at two flags and a turn."""
    memory = rt.memory("m")
    wants, turn = memory.cells("wants", 2, value=False), memory.cell("turn", 0)
    inside = rt.memory("n").cell("inside", value=False)

    def body(me):
        other = 1 - me
        if turn_first:
            turn.store(other)
            wants[me] = True
        else:
            wants[me] = True
            turn.store(other)
        while wants[other] and turn.load() == other:
            rt.relax()
        assert not inside.xchg(value=True)
        inside.store(value=False)
        wants[me] = False

    return [lambda: body(0), lambda: body(1)]


@pytest.mark.parametrize("strategy", [Exhaustive(None), Exhaustive(2), Reduced(), Uniform(5, 300)])
@pytest.mark.parametrize("build", [flag, peterson])
def test_a_loop_that_relaxes_ends_under_every_schedule(build, strategy):
    explored, ends = ends_of(strategy, build)
    assert explored.failing is None
    assert set(ends) <= {Finished()} | {end for end in ends if type(end).__name__ == "Pruned"}
    assert explored.exhausted is not isinstance(strategy, Uniform)


@pytest.mark.parametrize("strategy", [Exhaustive(None), Reduced(), Uniform(5, 300)])
def test_a_wrong_order_in_it_is_found(strategy):
    explored, _ = ends_of(strategy, lambda rt: peterson(rt, turn_first=True))
    assert isinstance(explored.failing.end, Breach)
    assert explored.failing.end.property == "raised"


def set_by_exchange(rt, exchange):
    """Three exclude each other by a word that whoever is inside has set; two may go round at a time."""
    word, inside = rt.memory("m").cell("word", 0), rt.memory("n").cell("inside", value=False)

    def body():
        while exchange(word) != 0:
            rt.relax()
        assert not inside.xchg(value=True)
        inside.store(value=False)
        word.store(0)

    return [body] * 3


@pytest.mark.parametrize("strategy", [Exhaustive(1), Reduced()])
@pytest.mark.parametrize("exchange", [lambda word: word.xchg(1), lambda word: word.cmpxchg(0, 1)])
def test_who_tries_in_vain_does_not_wake_others_that_do(exchange, strategy):
    explored, ends = ends_of(strategy, lambda rt: set_by_exchange(rt, exchange))
    assert explored.exhausted
    assert not any(isinstance(end, OutOfSteps) for end in ends)


def test_what_is_touched_between_the_look_and_the_call_counts():
    schedules = set()

    def run(choose, *, given=()):
        execution = harness(flag, [])(choose, given=given)
        schedules.add(execution.schedule)
        return execution

    assert Exhaustive(None).explore(run).exhausted
    looks, sets, calls = (0, 0, 0), (1, 1), (0,)  # the first round, in which nobody listens, and the second look
    assert any(schedule[:6] == (*looks, *sets, *calls) for schedule in schedules)


def nobody_gives(rt):
    ready, lock = rt.memory("m").cell("ready", value=False), rt.mutex("lock")

    def takes():
        with lock:
            while not ready.load():
                rt.relax()

    def waits():
        with lock:
            pass

    return [takes, waits]


@pytest.mark.parametrize("strategy", [Exhaustive(None), Reduced(), Uniform(1, 10)])
def test_a_loop_that_nobody_can_end_is_a_livelock_with_its_place(strategy):
    explored, _ = ends_of(strategy, nobody_gives)
    end = explored.failing.end
    line = next(n for n, text in enumerate(Path(__file__).read_text().splitlines(), 1) if "def nobody_gives" in text)
    assert end.property == "livelock"
    assert f"t0 goes round at test_spinning.py:{line + 6}, and nobody changes m.ready" in end.message


def test_two_that_wait_for_each_other_by_looking_are_a_livelock():
    def build(rt):
        memory = rt.memory("m")
        left, right = memory.cell("left", value=False), memory.cell("right", value=False)

        def body(mine, other):
            while not other.load():
                rt.relax()
            mine.store(value=True)

        return [lambda: body(left, right), lambda: body(right, left)]

    explored, _ = ends_of(Reduced(), build)
    assert explored.failing.end.property == "livelock"
    assert "t0 goes round" in explored.failing.end.message
    assert "t1 goes round" in explored.failing.end.message


def test_reduced_needs_to_know_what_a_round_has_read():
    """Sabotage: the flag leaves no footprint, so the loop is not told that it was set."""
    explored, _ = ends_of(Reduced(), flag, deaf=("m.ready",))
    assert explored.failing.end.property == "livelock"


def test_the_observed_state_wakes_nobody():

    def build(rt):
        ready = rt.memory("m").cell("ready", value=False)

        def takes():
            while not ready.load():
                rt.relax()
                rt.machine.touch(OBSERVED, WRITE)

        return [takes, takes]

    _, (end,) = ends_of(Exhaustive(0), build)
    assert end.property == "livelock"


# -- loops that do not say so


def test_a_loop_that_does_not_relax_runs_out_of_steps_and_is_told_from_progress():
    def build(rt):
        ready, other = rt.memory("m").cell("ready", value=False), rt.memory("m").cell("other", 0)

        def spins():
            while not ready.load():
                other.load()

        return [spins]

    explored, (end,) = ends_of(Exhaustive(0), build)
    assert isinstance(end, OutOfSteps)
    assert end.round.startswith("t0 goes round at test_spinning.py:")
    assert end.round.endswith("at the end the same 2 steps repeat, with the same values")
    assert explored.round == end.round
    assert not explored.exhausted


def test_a_loop_that_gets_on_is_not_said_to_go_round():
    def build(rt):
        word = rt.memory("m").cell("word", 0)

        def counts():
            while word.load() < 10_000:
                word.store(word.load() + 1)

        return [counts]

    _, (end,) = ends_of(Exhaustive(0), build)
    assert end == OutOfSteps(300)


def test_known_gap_a_loop_that_counts_in_secret():
    """It would end by itself, but no step shows that it counts; so it is only said to go round, and no breach."""

    def build(rt):
        ready = rt.memory("m").cell("ready", value=False)

        def spins():
            for _ in range(1_000):
                if ready.load():
                    return

        return [spins]

    _, (end,) = ends_of(Exhaustive(0), build)
    assert "goes round" in end.round
