"""Partial-order reduction: the same outcomes as plain search through all schedules, in far fewer executions."""

from math import comb, factorial

import pytest
from tests.conformance.outcomes import agree, outcomes, program

from interlock_conformance.conform import conform
from interlock_conformance.schedule import parse_workload
from interlock_conformance.scheduling.footprint import OBSERVED
from interlock_conformance.strategies.exhaustive import Exhaustive
from interlock_conformance.strategies.reduced import Reduced
from interlock_conformance.verdict import Breaks, Conforms, report
from list_lru import v13
from list_lru.bindings.base import ListLruBinding
from list_lru.broken import no_grace_period, unlocked_init

# -- counts that are known


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_that_share_nothing_take_one_execution(threads):
    def build(rt):
        words = [rt.memory(f"m{n}").cell("word", 0) for n in range(threads)]

        def body(word):
            for _ in range(3):
                word.store(word.load() + 1)

        return [lambda word=word: body(word) for word in words], tuple

    assert outcomes(Reduced(), build).executions == 1


@pytest.mark.parametrize("threads", [2, 3, 4])
def test_one_racing_step_of_each_thread_takes_one_execution_for_each_order(threads):
    def build(rt):
        word = rt.memory("m").cell("word", 0)
        return [lambda n=n: word.store(n) for n in range(threads)], tuple

    assert outcomes(Reduced(), build).executions == factorial(threads)


def test_steps_that_all_race_leave_nothing_to_reduce():
    def build(rt):
        word = rt.memory("m").cell("word", 0)
        return [lambda: [word.store(1) for _ in range(3)], lambda: [word.store(2) for _ in range(3)]], tuple

    assert outcomes(Reduced(), build).executions == comb(6, 3)


def test_readers_do_not_race():
    def build(rt):
        word = rt.memory("m").cell("word", 0)
        return [lambda: [word.load() for _ in range(4)]] * 3, tuple

    assert outcomes(Reduced(), build).executions == 1


def test_exchanges_that_change_nothing_are_looks():
    def build(rt):
        word, words = rt.memory("m").cell("word", 1), rt.memory("n").cells("words", 1, value=1)

        def body():
            assert (word.cmpxchg(0, 2), word.xchg(1), words.cmpxchg(0, 0, 2), words.xchg(0, 1)) == (1, 1, 1, 1)

        return [body] * 3, tuple

    assert outcomes(Reduced(), build).executions == 1


def test_an_exchange_of_what_only_observers_tell_apart_is_none_of_those():
    def build(rt):
        word = rt.memory("m").cell("word", 0)
        return [lambda: word.xchg(1), lambda: word.xchg(value=True)], lambda: repr(word.peek())

    assert agree(build) == (2, 2)


@pytest.mark.parametrize("inside", [1, 5])
def test_what_happens_under_a_lock_costs_nothing(inside):
    def build(rt):
        lock, word = rt.mutex("lock"), rt.memory("m").cell("word", 0)

        def body():
            with lock:
                for _ in range(inside):
                    word.store(word.load() + 1)

        return [body, body], word.peek

    found = outcomes(Reduced(), build)
    assert (found.executions, found.finals) == (2, {2 * inside})


# -- the same as plain search


def lost_update(rt):
    word = rt.memory("m").cell("word", 0)
    return [lambda: word.store(word.load() + 1)] * 3, word.peek


def opposite_locks(rt):
    first, second = rt.mutex("first"), rt.mutex("second")

    def body(outer, inner):
        with outer, inner:
            pass

    return [lambda: body(first, second), lambda: body(second, first)], tuple


def far_apart(rt):
    """Two words that are written without a race, but are observed together."""
    memory = rt.memory("m")
    left, right = memory.cell("left", 0), memory.cell("right", 0)
    return [lambda: left.store(1), lambda: right.store(1)], lambda: (left.peek(), right.peek())


def publish_and_reclaim(rt):
    class Box:
        def __init__(self, memory, value):
            self.word = memory.cell("word", value)

    boxes, rcu = rt.heap("boxes", Box), rt.rcu("rcu")
    root = rt.memory("m").cell("root", None)
    root.value = boxes.alloc(1)
    got = rt.memory("reader").cell("got", 0)

    def writer():
        old = root.load()
        rcu.assign(root, boxes.alloc(2))
        rcu.synchronize()
        boxes.free(old)

    def reader():
        with rcu.read():
            got.store(rcu.dereference(root).word.load())

    return [writer, reader], lambda: (root.peek().word.peek(), got.peek(), rt.is_live(boxes.peek()[0]))


def hasty_reclaim(rt):
    bodies, show = publish_and_reclaim(rt)
    rt.rcu_domain("rcu").synchronize = lambda: None
    return bodies, show


def registry_and_ids(rt):
    class Thing:
        pass

    things, ids, met = rt.registry("things", Thing), rt.ids("ids"), rt.memory("m").cell("met", 0)

    def adds():
        number = ids.take()
        thing = Thing()
        things.add(thing)
        things.remove(thing)
        ids.give(number)

    def walks():
        met.store(sum(1 for _ in things))

    return [adds, walks, lambda: ids.give(ids.take())], lambda: (len(things.peek()), met.peek())


def shared_and_alone(rt):
    """Two readers that may be inside together, and a writer that changes two words, which they never see half done."""
    lock, memory = rt.rwsem("lock"), rt.memory("m")
    left, right = memory.cell("left", 0), memory.cell("right", 0)
    seen = [rt.memory(f"r{n}").cell("seen", None) for n in range(2)]

    def reads(mine):
        with lock.read():
            mine.store((left.load(), right.load()))

    def writes():
        with lock.write():
            left.store(1)
            right.store(1)

    bodies = [lambda mine=mine: reads(mine) for mine in seen]
    return [*bodies, writes], lambda: tuple(mine.peek() for mine in seen)


def pins(rt):
    """Users pin an object while they work on it; its end waits for them."""

    class Thing:
        def __init__(self, memory):
            self.word = memory.cell("word", 0)

    things, refs = rt.heap("things", Thing), rt.refcount("refs")
    root, used = rt.memory("m").cell("root", None), rt.memory("r").cell("used", value=False)
    root.value = things.alloc()

    def uses():
        if refs.try_get():
            root.load().word.store(1)
            used.store(value=True)
            refs.put()

    def ends():
        refs.put()
        refs.wait_for_last()
        things.free(root.load())

    return [uses, ends], used.peek


def under_locks_of_one_name(rt):
    """Each takes a lock of its own, so they add at the same time."""
    locks, word = [rt.spinlock("lock"), rt.mutex("lock")], rt.memory("m").cell("word", 0)

    def body(lock):
        with lock:
            word.store(word.load() + 1)

    return [lambda: body(locks[0]), lambda: body(locks[1])], word.peek


def under_locks_that_come_late(rt):
    """The same, with locks that nobody else has heard of, of which the name alone could be one."""
    word = rt.memory("m").cell("word", 0)

    def body():
        with rt.spinlock("lock"):
            word.store(word.load() + 1)

    return [body, body], word.peek


def counted_under_one_name(rt):
    """Two objects with a count each, of one name: the last reference to one is not waited for with the other."""

    class Thing:
        def __init__(self, memory, count):
            self.word, self.refs = memory.cell("word", 0), rt.refcount("refs", count)

    things = rt.heap("things", Thing)
    one, two = things.alloc(1), things.alloc(0)

    def drops():
        one.word.store(one.word.load() + 1)
        one.refs.put()

    def waits():
        two.refs.wait_for_last()
        one.word.store(one.word.load() + 1)

    return [drops, waits], one.word.peek


def claim(rt):
    """Two install; one wins, and the loser frees its own."""

    class Thing:
        pass

    things, slot = rt.heap("things", lambda _: Thing()), rt.memory("m").cells("slot", 1, None)

    def installs():
        mine = things.alloc()
        if slot.cmpxchg(0, None, mine) is not None:
            things.free(mine)

    return [installs, installs], lambda: tuple(rt.is_live(thing) for thing in things.peek())


def hand_over(rt):
    """What is waited for has been done."""
    done, word = rt.completion("done"), rt.memory("m").cell("word", 0)
    got = rt.memory("r").cell("got", None)

    def gives():
        word.store(1)
        done.complete()

    def takes():
        done.wait()
        got.store(word.xchg(2))

    return [gives, takes], lambda: (word.peek(), got.peek())


def looks_until(rt):
    """One looks until the other has given, and one more exchanges what is looked at."""
    memory = rt.memory("m")
    ready, value, got = memory.cell("ready", 0), memory.cell("value", 0), rt.memory("r").cell("got", None)

    def takes():
        while not ready.load():
            rt.relax()
        got.store(value.load())

    def gives():
        value.store(1)
        ready.store(1)

    return [takes, gives, lambda: ready.cmpxchg(1, 0)], lambda: (value.peek(), got.peek())


@pytest.mark.parametrize(
    "build",
    [
        looks_until,
        lost_update,
        opposite_locks,
        far_apart,
        publish_and_reclaim,
        hasty_reclaim,
        registry_and_ids,
        shared_and_alone,
        pins,
        claim,
        hand_over,
        under_locks_of_one_name,
        under_locks_that_come_late,
        counted_under_one_name,
    ],
)
def test_reduced_and_plain_search_see_the_same(build):
    plain, reduced = agree(build)
    assert reduced <= plain
    if build in (publish_and_reclaim, registry_and_ids):
        assert reduced * 3 < plain, (reduced, plain)


@pytest.mark.parametrize("seed", range(40))
def test_reduced_and_plain_search_agree_on_random_programs(seed):
    agree(program(seed))


@pytest.mark.parametrize("seed", range(30))
def test_they_agree_on_programs_that_look_until_something_changes(seed):
    agree(program(seed, "look", "look", "look"))


@pytest.mark.parametrize("seed", range(40))
def test_they_agree_on_programs_of_exchanges_that_often_fail(seed):
    agree(program(seed, *["cmpxchg", "xchg"] * 3))


# -- sabotage: a footprint left out


@pytest.mark.parametrize(
    ("build", "deaf"),
    [
        (lost_update, "m.word"),
        (opposite_locks, "first second"),
        (far_apart, OBSERVED),
        (hasty_reclaim, "boxes[0]"),
        (registry_and_ids, "things"),
        (shared_and_alone, "lock"),
        (pins, "refs"),
        (claim, "m.slot[0]"),
    ],
)
def test_a_dependency_left_out_is_noticed(build, deaf):
    plain = outcomes(Exhaustive(None), build)
    reduced = outcomes(Reduced(), build, deaf=frozenset(deaf.split()) | {deaf})
    assert (reduced.finals, reduced.histories, reduced.breaches) != (plain.finals, plain.histories, plain.breaches)


# -- candidates


@pytest.mark.parametrize(
    "workload",
    ["init(0) | activate(0)", "init(0) | activate(0) ! 1", "init(0); destroy(0) | activate(0)", "init(0) | add(0, 0)"],
)
def test_v13_conforms_on_all_interleavings(base, workload):
    verdict = conform(ListLruBinding("v13", v13.ListLrus), base, parse_workload(workload), Reduced())
    assert isinstance(verdict, Conforms), report(verdict)
    assert verdict.exhausted
    assert f"exhausted: {verdict.executions} executions cover all interleavings" in report(verdict)
    assert verdict.executions < 50


@pytest.mark.parametrize(
    ("module", "workload"),
    [(unlocked_init, "init(0) | activate(0)"), (no_grace_period, "init(0); activate(0); activate(1) | use(0, 0)")],
)
def test_a_broken_twin_is_caught_and_its_schedule_shrunk(base, module, workload):
    binding = ListLruBinding("broken", module.ListLrus)
    verdict = conform(binding, base, parse_workload(workload), Reduced())
    plain = conform(binding, base, parse_workload(workload), Exhaustive(2))
    assert isinstance(verdict, Breaks)
    assert isinstance(plain, Breaks)
    assert verdict.property == module.BREAKS
    assert (verdict.preemptions, len(verdict.events)) <= (plain.preemptions, len(plain.events))


def test_a_bound_on_executions_is_told_from_exhaustion(base):
    binding = ListLruBinding("v13", v13.ListLrus)
    verdict = conform(binding, base, parse_workload("init(0); destroy(0) | activate(0)"), Reduced(executions=3))
    assert isinstance(verdict, Conforms)
    assert not verdict.exhausted
    assert "bounded: the first 3 executions" in report(verdict)
