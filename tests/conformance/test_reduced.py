"""Partial-order reduction: the same outcomes as plain search through all schedules, in far fewer executions."""

import random
from dataclasses import dataclass
from functools import partial
from math import comb, factorial

import pytest

from interlock_conformance.conform import conform
from interlock_conformance.judging.watch import Rows, Watch
from interlock_conformance.primitives.deterministic import DeterministicRuntime
from interlock_conformance.schedule import parse_workload
from interlock_conformance.scheduling.footprint import OBSERVED, Mode
from interlock_conformance.scheduling.machine import Breach, Finished, Machine, Pruned
from interlock_conformance.strategies.exhaustive import Exhaustive
from interlock_conformance.strategies.reduced import Reduced
from interlock_conformance.verdict import Breaks, Conforms, report
from list_lru import v13
from list_lru.bindings.base import ListLruBinding
from list_lru.broken import no_grace_period, unlocked_init


@dataclass
class Outcomes:
    """What a strategy has seen: final states, sequences of observed states, and whether it found a breach."""

    finals: set
    histories: set
    breaches: set
    executions: int
    exhausted: bool


def outcomes(strategy, build, deaf=frozenset()):
    """Run `build(runtime)`, which gives thread bodies and what is observed; `deaf` objects leave no footprint.

    What is observed is a function, each of whose values comes from one object, or an abstraction function.
    """
    finals, histories, breaches = set(), set(), set()
    history = []

    def run(choose, *, given=(), trail=None):
        machine = Machine(budget=500, trail=trail)
        touch = machine.touch
        machine.touch = lambda thing, mode: None if thing in deaf else touch(thing, mode)
        bodies, show = build(DeterministicRuntime(machine))
        if isinstance(show, dict):
            watch = Watch(machine, show, Rows((name, ()) for name in show))
            show = lambda: (watch.changes(), watch.values)[1]  # noqa: E731
        while history and history[-1][0] >= len(given):  # what is given is as it was before, and is not shown again
            history.pop()

        def look():
            shown = show()
            if not history or shown != history[-1][1]:
                history.append((machine.step, shown))
                machine.touch(OBSERVED, Mode.WRITE)

        def work(thread, body):
            thread.doing = f"body {thread.index}"
            body()

        execution = machine.run([partial(work, body=body) for body in bodies], choose, look, given)
        match execution.end:
            case Finished():
                finals.add(history[-1][1])
                histories.add(tuple(shown for _, shown in history))
            case Breach() as breach:
                breaches.add(breach.property)
                return type(execution)(execution.points, Finished())  # and go on searching
            case _:
                assert isinstance(execution.end, Pruned)
        return execution

    explored = strategy.explore(run)
    return Outcomes(finals, histories, breaches, explored.executions, explored.exhausted)


def agree(build):
    plain, reduced = outcomes(Exhaustive(None), build), outcomes(Reduced(), build)
    assert plain.exhausted
    assert reduced.exhausted
    assert (reduced.finals, reduced.histories, reduced.breaches) == (plain.finals, plain.histories, plain.breaches)
    return plain.executions, reduced.executions


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
    ],
)
def test_reduced_and_plain_search_see_the_same(build):
    plain, reduced = agree(build)
    assert reduced <= plain
    if build in (publish_and_reclaim, registry_and_ids):
        assert reduced * 3 < plain, (reduced, plain)


def program(seed, *more):
    """A small random program: loads, stores, exchanges and sections under locks, over three words and three locks."""
    draw = random.Random(seed)

    def step():
        kinds = ["load", "store", "copy", "lock", "read", "write", "xchg", "cmpxchg", *more]
        return draw.choice(kinds), draw.randrange(3), draw.randrange(3)

    cost = {"load": 1, "store": 1, "xchg": 1, "cmpxchg": 1, "copy": 2, "lock": 3, "read": 3, "write": 3, "look": 2}
    threads = [[], []] if seed % 2 else [[], [], []]
    for steps in threads:
        room = 5 if len(threads) == 2 else 3  # plain search has some hundred schedules to go through
        while room > 0 and cost[(drawn := step())[0]] <= room:
            steps.append(drawn)
            room -= cost[drawn[0]]

    def build(rt):
        words = [rt.memory(f"m{n}").cell("word", n) for n in range(3)]
        locks = [rt.mutex(f"lock{n}") for n in range(2)]
        shared = rt.rwsem("shared")
        loaded = []

        def body(index, steps):
            for number, (kind, at, to) in enumerate(steps):
                match kind:
                    case "load":
                        loaded.append((index, number, words[at].load()))
                    case "store":
                        words[at].store(10 * index + number)
                    case "copy":
                        words[to].store(words[at].load())
                    case "xchg":
                        loaded.append((index, number, words[at].xchg(10 * index + number)))
                    case "cmpxchg":
                        words[at].cmpxchg(to, 10 * index + number)
                    case "read":
                        with shared.read():
                            loaded.append((index, number, words[at].load()))
                    case "write":
                        with shared.write():
                            words[to].store(index)
                    case "look":
                        while words[at].load() == at:
                            rt.relax()
                    case _:
                        with locks[at % 2]:
                            words[to].store(index)

        bodies = [lambda index=index, steps=steps: body(index, steps) for index, steps in enumerate(threads)]
        observed = words[:draw_observed]
        return bodies, lambda: tuple(word.peek() for word in observed)

    draw_observed = draw.randrange(3)
    return build


def seen_through(build, seed):
    """The program, observed through a few random abstraction functions: decisions on what the words hold."""
    draw = random.Random(f"abstraction {seed}")

    def decision(depth):
        if not depth or draw.random() < 0.2:
            return draw.randrange(2)
        return draw.randrange(3), draw.choice([0, 1, 2, 10, 11]), decision(depth - 1), decision(depth - 1)

    decisions = [decision(3) for _ in range(draw.randrange(1, 4))]

    def decided(words, found):
        while isinstance(found, tuple):
            word, bound, smaller, other = found
            found = smaller if words[word].peek() <= bound else other
        return found

    def seen(rt):
        words = {}
        memory = rt.memory

        def remembering(name):
            made = memory(name)
            cell = made.cell
            made.cell = lambda part, value: words.setdefault(int(name[1:]), cell(part, value))
            return made

        rt.memory = remembering
        bodies, _ = build(rt)
        return bodies, {f"f{n}": partial(decided, words, found) for n, found in enumerate(decisions)}

    return seen


@pytest.mark.parametrize("seed", range(60))
def test_they_agree_on_values_that_come_from_several_objects(seed):
    agree(seen_through(program(seed), seed))


@pytest.mark.parametrize("seed", range(40))
def test_reduced_and_plain_search_agree_on_random_programs(seed):
    agree(program(seed))


@pytest.mark.parametrize("seed", range(30))
def test_they_agree_on_programs_that_look_until_something_changes(seed):
    agree(program(seed, "look", "look", "look"))


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


def test_one_observed_value_of_two_words():
    """Whether the left word's store shows depends on the right one, though the stores share nothing."""

    def build(rt):
        memory = rt.memory("m")
        left, right = memory.cell("left", 0), memory.cell("right", 0)
        shown = {(0, 0): "none", (1, 0): "none", (0, 1): "right alone", (1, 1): "both"}
        symbols = {"shown": lambda: shown[left.peek(), right.peek()]}
        return [lambda: left.store(1), lambda: right.store(1)], symbols

    assert agree(build) == (2, 2)


def test_a_value_that_looks_at_an_object_only_after_another_has_changed():
    """The slot is not looked at before the end is behind it: then the two stores are in the wrong order."""

    def build(rt):
        memory = rt.memory("m")
        end, slot = memory.cell("end", 0), memory.cell("slot", 0)
        symbols = {"hole": lambda: end.peek() > 0 and slot.peek() == 0}
        return [lambda: slot.store(1), lambda: end.store(1)], symbols

    assert agree(build) == (2, 2)


def test_a_value_that_looks_at_an_object_only_before_another_has_changed():
    """To store the word is seen only while the flag is up, and nobody looks at the word again after that."""

    def build(rt):
        memory = rt.memory("m")
        flag, word = memory.cell("flag", value=True), memory.cell("word", 0)
        symbols = {"shown": lambda: word.peek() if flag.peek() else 0}
        return [lambda: flag.store(value=False), lambda: word.store(1)], symbols

    assert agree(build) == (2, 2)


def test_what_a_binding_peeks_at_in_the_middle_of_a_step_is_read_by_it():
    def build(rt):
        memory = rt.memory("m")
        left, right = memory.cell("left", 0), memory.cell("right", 0)

        def peeking():
            left.store(1)
            if right.peek():
                raise rt.machine.breach("late", "")

        return [peeking, lambda: right.store(1)], {}

    assert agree(build) == (2, 2)


def test_what_was_looked_at_before_a_step_counts_although_it_is_given():
    """As above, but the word is stored to in a later execution only, which begins with both of the flag's steps."""

    def build(rt):
        memory = rt.memory("m")
        flag, word, other = memory.cell("flag", value=False), memory.cell("word", 0), memory.cell("other", 0)

        def up_and_down():
            flag.store(value=True)
            flag.store(value=False)

        def store_late():
            if other.load():
                word.store(1)

        symbols = {"shown": lambda: word.peek() if flag.peek() else 0, "stored": word.peek}
        return [up_and_down, store_late, lambda: other.store(1)], symbols

    agree(build)


class Box:
    def __init__(self, memory):
        self.word = memory.cell("word", 0)


def test_what_only_its_allocator_can_reach_is_seen_by_observers():
    """A private store shows only if the flag is up before it, which somebody else raises."""

    def build(rt):
        boxes, memory = rt.heap("boxes", Box), rt.memory("m")
        flag, other = memory.cell("flag", value=False), memory.cell("other", 0)

        def fill():
            box = boxes.alloc()
            box.word.store(1)
            other.load()
            box.word.store(2)

        def shown():
            return box.word.peek() if flag.peek() and (box := boxes.at(0)) else None

        return [fill, lambda: flag.store(value=True)], {"shown": shown}

    assert agree(build) == (3, 3)


def test_that_a_block_is_published_is_seen_by_observers():
    def build(rt):
        boxes, memory = rt.heap("boxes", Box), rt.memory("m")
        flag, slot = memory.cell("flag", value=False), memory.cell("slot", None)

        def publish():
            slot.store(boxes.alloc())

        def private():
            return flag.peek() and (box := boxes.at(0)) is not None and rt.space.is_private(box)

        symbols = {"there": lambda: boxes.at(0) is not None, "private": private}
        return [publish, lambda: flag.store(value=True)], symbols

    assert agree(build) == (3, 3)
