"""The search in machine code, on models of which everything is known."""

import importlib.util
from itertools import pairwise
from math import comb
from pathlib import Path

import pytest

pytest.importorskip("llvmlite")

from interlock.engines.native.driver import Driver
from interlock.engines.native.kernel import BATCH, Env, Shared
from interlock.engines.native.outcome import Bounds, Reason, Until
from interlock.engines.native.search import write_search
from interlock.engines.native.sharing import Sharing
from interlock.engines.native.table import Indexed, Keyed

_spec = importlib.util.spec_from_file_location("toggles", Path(__file__).with_name("toggles.py"))
_toggles = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_toggles)
Toggles = _toggles.Toggles

BITS = 12
EVERYTHING = Bounds()
KINDS = [(True, 1), (False, 1), (False, 2), (False, 3)]
LEVELS = tuple(comb(BITS, n) for n in range(BITS + 1))


def search(model, *, keyed=True, threads=1, until=Until.ALL, bounds=EVERYTHING, **more):
    with Driver(model, keyed=keyed, threads=threads, **more) as driver:
        outcome = driver.run([model.state(())], until=until, bounds=bounds)
        indices = range(outcome.states)
        return outcome, [driver.state(i) for i in indices], [driver.path(i) for i in indices if i % 97 == 0]


@pytest.fixture(autouse=True)
def _threads_start_early(monkeypatch):
    """Small levels are left to one thread; here all threads work on almost all of them."""
    monkeypatch.setattr("interlock.engines.native.driver._ALONE", 8)
    monkeypatch.setattr("interlock.engines.native.driver._FIRST_SLICE", 200)


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize(("keyed", "words"), KINDS)
def test_all_states_are_found_once_in_the_order_of_their_depth(keyed, words, threads):
    model = Toggles(BITS, words, idle=True)
    outcome, states, paths = search(model, keyed=keyed, threads=threads, slots=1)
    assert outcome.reason is Reason.COMPLETE
    assert outcome.levels == LEVELS
    assert outcome.transitions == (BITS * 2 ** (BITS - 1), 2**BITS)
    assert outcome.expanded == outcome.states == 2**BITS
    assert len(set(states)) == 2**BITS
    depths = [sum(word.bit_count() for word in state) for state in states]
    assert depths == sorted(depths)
    for path in paths:
        assert depths[path[0]] == 0
        assert len(path) == depths[path[-1]] + 1
        for one, two in pairwise(path):
            changed = sum((a ^ b).bit_count() for a, b in zip(states[one], states[two], strict=True))
            assert (changed, depths[two] - depths[one]) == (1, 1)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(("keyed", "words"), KINDS)
def test_a_violation_is_found_at_its_depth(keyed, words, threads):
    outcome, states, _ = search(Toggles(BITS, words, properties=2, step_properties=1), keyed=keyed, threads=threads)
    assert outcome.reason is Reason.COMPLETE
    assert {n: f.depth for n, f in outcome.found.items()} == {0: BITS, 1: 2}
    assert sum(word.bit_count() for word in states[outcome.found[1].index]) == 2
    step = outcome.step_found[0]
    assert step.depth == 1
    assert states[step.index] == Toggles(BITS, words).state([1])
    assert step.after == Toggles(BITS, words).state([0, 1])
    assert outcome.deadlock is None


@pytest.mark.parametrize("threads", [1, 2])
def test_the_first_violation_ends_the_search(threads):
    outcome, _, _ = search(Toggles(BITS, properties=2), threads=threads, until=Until.FIRST)
    assert outcome.reason is Reason.FOUND
    assert [(n, f.depth) for n, f in outcome.found.items()] == [(1, 2)]
    assert outcome.states < sum(LEVELS[:4])


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_the_end_of_a_level_does_not_depend_on_the_threads(threads):
    outcome, _, _ = search(Toggles(BITS, properties=2), threads=threads, until=Until.LEVEL)
    assert outcome.reason is Reason.FOUND
    assert outcome.levels == LEVELS[:3]


@pytest.mark.parametrize("threads", [1, 2])
def test_many_properties_have_masks_of_several_words(threads):
    outcome, _, _ = search(Toggles(BITS, properties=150, waits=True), threads=threads)
    assert {n: f.depth for n, f in outcome.found.items()} == {0: BITS, 149: 2}
    assert outcome.deadlock is not None
    assert outcome.deadlock.depth == BITS


@pytest.mark.parametrize("threads", [1, 2])
def test_a_state_that_only_idles_is_a_deadlock_and_the_model_decides(threads):
    stuck, states, _ = search(Toggles(BITS, idle=True, waits=True), threads=threads)
    assert stuck.deadlock is not None
    assert states[stuck.deadlock.index] == Toggles(BITS).state(range(BITS))
    ended, _, _ = search(Toggles(BITS, idle=True), threads=threads)
    assert ended.deadlock is None


def test_a_violation_in_an_initial_state_has_depth_0():
    model = Toggles(4, properties=2)
    with Driver(model, keyed=True) as driver:
        outcome = driver.run([(0,), (3,), (0,), (15,)], until=Until.ALL)
        assert {n: f.depth for n, f in outcome.found.items()} == {0: 0, 1: 0}
        assert outcome.levels[0] == 3
        assert driver.path(outcome.found[0].index) == [outcome.found[0].index]


@pytest.mark.parametrize("keyed", [True, False])
def test_more_initial_states_than_the_first_table_holds(keyed):
    model = Toggles(BITS)
    every = [(n,) for n in range(2**BITS)]
    with Driver(model, keyed=keyed, slots=1) as driver:
        outcome = driver.run(every)
        assert outcome.levels == (2**BITS,)
        assert [driver.state(i) for i in range(2**BITS)] == every


@pytest.mark.parametrize(("keyed", "words"), KINDS)
def test_the_state_of_zeros_is_reached_as_any_other(keyed, words):
    """Zeros are also what memory holds that says which states were met of late, before any was."""
    model = Toggles(BITS, words, clears=True)
    with Driver(model, keyed=keyed) as driver:
        outcome = driver.run([model.state(range(BITS))])
        assert outcome.levels == LEVELS
        assert driver.state(outcome.states - 1) == (0,) * words


def test_nothing_is_reached_without_initial_states():
    with Driver(Toggles(3), keyed=True) as driver:
        outcome = driver.run([])
        assert (outcome.reason, outcome.states) == (Reason.COMPLETE, 0)


@pytest.mark.parametrize(("keyed", "words"), KINDS)
def test_steps_beyond_the_room_are_taken_once_there_is_room(keyed, words, monkeypatch):
    """A state with more successors than fit is expanded in parts, and its steps are counted once."""
    monkeypatch.setattr("interlock.engines.native.store._LOAD", 0.3)
    model = Toggles(60, words, idle=True)
    outcome, states, _ = search(model, keyed=keyed, slots=1, bounds=Bounds(depth=2))
    assert outcome.levels == (1, 60, comb(60, 2))
    assert outcome.transitions == (60 + 60 * 59, 61)
    assert len(set(states)) == outcome.states


def test_a_state_is_expanded_in_parts_when_the_limit_comes_in_its_midst():
    model = Toggles(200, 4, idle=True)
    with Driver(model, keyed=False) as driver:
        refused, rooms = [], iter(range(2 * BATCH, 10_000, 16))

        def a_little_room():
            refused.append(driver._heads[0][Env.SKIP])
            driver.store.head[Shared.LIMIT] = next(rooms)

        driver.store.make_room = a_little_room
        driver.store.set_limit = lambda: None
        driver.store.head[Shared.LIMIT] = BATCH
        outcome = driver.run([model.state(())], bounds=Bounds(depth=1))
        assert outcome.levels == (1, 200)
        assert outcome.transitions == (200, 1)
        assert {64, 128, 192} <= set(refused)


@pytest.mark.parametrize("keyed", [True, False])
def test_a_table_is_filled_from_the_states_where_it_cannot_be_spread(keyed, monkeypatch):
    grown = []
    with Driver(Toggles(BITS), keyed=keyed, slots=1) as driver:
        monkeypatch.setattr(driver.store, "_grow", lambda *args: grown.append(args) or 0)
        outcome = driver.run([(0,)])
        assert outcome.levels == LEVELS
        assert grown or not keyed or driver.store.slots < 2**BITS


@pytest.mark.parametrize("threads", [1, 2])
def test_states_that_stand_for_others(threads):
    outcome, states, _ = search(Toggles(BITS, symmetric=True), threads=threads)
    assert outcome.levels == (1,) * (BITS + 1)
    assert states == [(2**n - 1,) for n in range(BITS + 1)]
    assert outcome.transitions[0] == sum(BITS - n for n in range(BITS))


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_of_the_model_names_the_state(threads):
    outcome, states, _ = search(Toggles(BITS, broken_at=3), threads=threads)
    assert outcome.reason is Reason.ERROR
    assert outcome.error is not None
    code, index = outcome.error
    assert code == 7
    assert states[index][0] & 7 == 7


@pytest.mark.parametrize("threads", [1, 2])
def test_bounds_end_a_search_and_it_can_go_on(threads):
    with Driver(Toggles(BITS), keyed=True, threads=threads, slots=1) as driver:
        shallow = driver.run([(0,)], bounds=Bounds(depth=3))
        assert (shallow.reason, shallow.levels) == (Reason.DEPTH, LEVELS[:4])
        few = driver.run([], bounds=Bounds(states=1000))
        assert few.reason is Reason.STATES
        assert 1000 < few.states <= 1000 + 2 * BATCH * threads
        late = driver.run([], bounds=Bounds(seconds=0))
        assert late.reason is Reason.TIME
        rest = driver.run([])
        assert (rest.reason, rest.levels) == (Reason.COMPLETE, LEVELS)
        assert rest.transitions[0] == BITS * 2 ** (BITS - 1)


def test_depth_0_is_the_initial_states():
    outcome, _, _ = search(Toggles(BITS), bounds=Bounds(depth=0))
    assert (outcome.reason, outcome.levels) == (Reason.DEPTH, (1,))


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(("keyed", "words"), KINDS)
def test_memory_that_is_used_up_is_said(keyed, words, threads):
    outcome, states, _ = search(Toggles(24, words), keyed=keyed, threads=threads, memory=1 << 20)
    assert outcome.reason is Reason.MEMORY
    assert "1.0 MB" in outcome.detail
    assert len(set(states)) == outcome.states > 10_000


@pytest.mark.parametrize(("keyed", "words"), KINDS)
def test_a_search_larger_than_memory_spills(keyed, words, tmp_path):
    model = Toggles(BITS + 2, words)
    with Driver(model, keyed=keyed, threads=2, memory=1 << 18, spill=tmp_path, slots=1) as driver:
        outcome = driver.run([model.state(())])
        assert outcome.reason is Reason.COMPLETE
        assert len({driver.state(index) for index in range(outcome.states)}) == outcome.states == 2 ** (BITS + 2)
        store = driver.store
        assert all(array.path is not None for array in (store.states, store.predecessors, store.table))
        assert not list(tmp_path.iterdir()), "files without names, so that none is left behind"


def test_the_index_of_a_state_can_be_found():
    model = Toggles(BITS, 2)
    with Driver(model, keyed=False, threads=2, slots=1) as driver:
        outcome = driver.run([model.state(())])
        for index in range(0, outcome.states, 101):
            assert driver.find(driver.state(index)) == index
        assert driver.find((2**63, 0)) is None


def test_gaps_that_threads_leave_are_closed():
    """Few states in a level and many threads: most indices that are reserved are not used."""
    for words, keyed in ((1, True), (2, False)):
        model = Toggles(6, words)
        with Driver(model, keyed=keyed, threads=4) as driver:
            settle, gaps = driver._settle, []

            def counted(settle=settle, gaps=gaps, driver=driver):
                gaps.append(sum(h[Env.SPARE_END] - h[Env.SPARE] for h in driver._heads))
                settle()

            driver._settle = counted
            outcome = driver.run([model.state(())])
            assert outcome.levels == tuple(comb(6, n) for n in range(7))
            assert any(gaps)
            assert len({driver.state(i) for i in range(64)}) == 64
            if not keyed:
                assert [driver.find(driver.state(i)) for i in range(64)] == list(range(64))


@pytest.mark.parametrize("keyed", [True, False])
def test_a_table_that_grows_large_loses_nothing_and_threads_find_no_state_twice(keyed):
    with Driver(Toggles(19), keyed=keyed, threads=4) as driver:
        outcome = driver.run([(0,)])
        assert driver.store.slots == 1 << 20
        assert (outcome.states, outcome.transitions[0]) == (2**19, 19 * 2**18)


def test_slots_are_claimed_atomically_where_threads_share_them():
    """A lost race is too rare to be tested for by running."""
    for words in (1, 2):
        for threads in (1, 2):
            sharing = Sharing(threads > 1)
            table = Keyed(sharing) if words == 1 else Indexed(sharing, words)
            text = str(write_search(Toggles(3, words), table, threads))
            assert ("cmpxchg" in text) is ("atomicrmw" in text) is (threads > 1)


def test_progress_is_told(monkeypatch):
    monkeypatch.setattr("interlock.engines.native.driver._SLICE_SECONDS", 0)
    told = []
    with Driver(Toggles(BITS), keyed=True) as driver:
        driver.run([(0,)], progress=told.append)
    assert [p.states for p in told] == sorted(p.states for p in told)
    assert 2**BITS // 2 < told[-1].states <= 2**BITS
    assert all(0 <= p.frontier < p.states and p.depth <= BITS for p in told)


def test_known_gap_a_violation_that_is_found_first_may_depend_on_the_threads():
    """With Until.FIRST the depth is the least one, but which state, and how many were seen, is up to the threads."""
    outcomes = [search(Toggles(BITS, properties=2), threads=n, until=Until.FIRST)[0] for n in (1, 2, 4)]
    assert {o.found[1].depth for o in outcomes} == {2}
