"""Values of the abstraction are computed again only where they can be others, and are always what they would be."""

import random
from functools import partial

import pytest
from tests.conformance.subjects import LIST_LRU, shipped

from interlock_conformance.binding import AbstractionError
from interlock_conformance.judging.monitor import Monitor
from interlock_conformance.judging.watch import Rows, Watch
from interlock_conformance.primitives.deterministic import DeterministicRuntime
from interlock_conformance.primitives.memory import StoredCell
from interlock_conformance.schedule import parse_workload
from interlock_conformance.scheduling.machine import Breach, Finished, Machine
from interlock_conformance.scheduling.observation import Watched

CANDIDATES = {named.reference: named.bound() for named in shipped(LIST_LRU)}
WORKLOADS = (
    "init(0); init(1) | activate(0); activate(1) | use(0, 0) ! 3",
    "init(0); destroy(0); init(0) | activate(0); use(1, 0)",
    "init(0) | activate(0); activate(0); activate(1) | use(0, 0) ! 1 4",
)


def states(base, binding, workload, seed, *, audit):
    """The abstract states of one random execution, at every step at which somebody looks, and how it ended."""
    chance, workload, seen = random.Random(seed), parse_workload(workload), []
    machine = Machine(budget=2_000)
    runtime = DeterministicRuntime(machine, workload.failing)
    subject = binding.start(runtime, workload)
    monitor = Monitor(base, binding.sizes(workload), frozenset(subject.symbols()))
    watch = monitor.watch(machine, subject.symbols(), audit=audit)

    def look():
        now = current(watch)
        if not seen or now != seen[-1]:
            seen.append(now)

    def work(operations, _):
        for operation in operations:
            subject.call(operation)

    workers = [partial(work, operations) for operations in workload.threads]
    return seen, machine.run(workers, lambda _, enabled: chance.choice(enabled), complaining(look)).end


def current(watch):
    """The values now."""
    watch.changes()
    return watch.values


def complaining(look):
    """What an observer does with an abstraction that is none."""

    def observer():
        try:
            look()
        except AbstractionError as error:
            return Breach("abstraction", str(error))
        return None

    return observer


@pytest.mark.parametrize("reference", CANDIDATES)
def test_what_is_not_computed_again_would_be_the_same(base, reference):
    """An audit computes everything after every step, and complains of a difference; and it sees no other states."""
    for seed, workload in enumerate(WORKLOADS * 3):
        audited, end = states(base, CANDIDATES[reference], workload, seed, audit=True)
        assert not isinstance(end, Breach) or end.property != "abstraction", end
        assert (audited, end) == states(base, CANDIDATES[reference], workload, seed, audit=False)


def forgetful_put(self, value):
    self.value = value


@pytest.mark.parametrize(
    ("kind", "name", "replacement"), [(StoredCell, "put", forgetful_put), (Watched, "changed", lambda _: None)]
)
def test_a_change_that_is_not_told_is_noticed(base, monkeypatch, kind, name, replacement):
    monkeypatch.setattr(kind, name, replacement)
    _, end = states(base, CANDIDATES["list_lru.v13:ListLrus"], WORKLOADS[1], 0, audit=True)
    assert isinstance(end, Breach)
    assert "though nothing that it peeks at has changed" in end.message


# -- one watch, by hand


class Table:
    """Two words and a set of numbers that is no primitive; `asked` counts who was computed."""

    def __init__(self, rt):
        self.words = [rt.memory("m").cell(f"word{n}", 0) for n in range(2)]
        self.plain = 0
        self.asked = []

    def symbols(self):
        return {"word": self.word, "plain": lambda: self.plain}

    def word(self, number):
        self.asked.append(number)
        return self.words[number].peek()


def run(body, rows, *, audit=False):
    """One thread; the table, and what was seen and asked at each look."""
    machine = Machine(budget=100)
    table = Table(DeterministicRuntime(machine))
    watch = Watch(machine, table.symbols(), Rows(rows), audit=audit)
    looks = []

    def look():
        looks.append((current(watch), tuple(table.asked)))
        table.asked.clear()

    end = machine.run([lambda _: body(table)], lambda _, enabled: enabled[0], complaining(look)).end
    return looks if isinstance(end, Finished) else end.message


def test_only_what_has_read_a_word_that_changed_is_computed():
    def body(table):
        table.words[0].store(5)
        table.words[1].load()
        table.words[1].store(6)
        table.words[1].store(6)

    rows = (("word", (0,)), ("word", (1,)))
    assert run(body, rows) == [((0, 0), (0, 1)), ((5, 0), (0,)), ((5, 6), (1,)), ((5, 6), (1,))]


def test_changes_are_the_rows_that_have_another_value_and_what_it_is():
    machine = Machine(budget=100)
    table = Table(DeterministicRuntime(machine))
    watch = Watch(machine, table.symbols(), Rows([("word", (0,)), ("word", (1,))]))

    def body():
        table.words[1].store(0)
        table.words[1].store(7)

    seen = []
    machine.run([lambda _: body()], lambda _, enabled: enabled[0], lambda: seen.append(watch.changes()))
    assert seen == [(0, 0, 1, 0), (), (1, 7)]


def test_what_is_no_primitive_is_found_by_an_audit():
    def body(table):
        table.words[0].store(1)
        table.plain = 7
        table.words[0].load()
        table.words[0].load()

    assert run(body, (("plain", ()),)) == [((0,), ())]
    assert "plain() went from 0 to 7, though nothing" in run(body, (("plain", ()),), audit=True)


def test_a_function_that_raises_is_named_with_its_arguments():
    assert "word(9) cannot be had: IndexError" in run(lambda table: table.words[0].store(1), (("word", (9,)),))


def test_a_function_that_takes_a_step_is_told_that_it_may_only_peek():
    class Stepping(Table):
        def word(self, number):
            return self.words[number].load()

    machine = Machine(budget=100)
    table = Stepping(DeterministicRuntime(machine))
    watch = Watch(machine, table.symbols(), Rows([("word", (0,))]))
    body = lambda _: table.words[0].store(1)  # noqa: E731
    end = machine.run([body], lambda _, enabled: enabled[0], complaining(watch.changes)).end
    assert "takes the step `load m.word0`; it may only peek" in end.message


def test_two_watches_of_one_execution_do_not_disturb_each_other():
    machine = Machine(budget=100)
    table = Table(DeterministicRuntime(machine))
    first = Watch(machine, table.symbols(), Rows([("word", (0,))]))
    second = Watch(machine, table.symbols(), Rows([("word", (1,)), ("word", (0,))]))
    looks = []

    def body(_):
        table.words[0].store(1)
        table.words[1].store(2)

    machine.run([body], lambda _, enabled: enabled[0], lambda: looks.append((current(first), current(second))))
    assert looks == [((0,), (0, 0)), ((1,), (0, 1)), ((1,), (2, 1))]


# -- every primitive that can be peeked at


class Thing:
    def __init__(self, memory):
        self.word = memory.cell("word", 0)


def word(rt):
    cell = rt.memory("m").cell("word", 0)
    return [lambda: cell.store(1), lambda: cell.xchg(2), lambda: cell.cmpxchg(2, 3)], cell.peek


def words(rt):
    cells = rt.memory("m").cells("word", 2, 0)
    return [lambda: cells.__setitem__(1, 1), lambda: cells.cmpxchg(1, 1, 2)], lambda: cells.peek(1)


def heap(rt):
    things = rt.heap("things", Thing)
    return [things.alloc, things.alloc], lambda: len(things.peek())


def life(rt):
    things, root = rt.heap("things", Thing), rt.memory("m").cell("root", None)
    made = []

    def alloc():
        made.append(things.alloc())

    def show():
        blocks = things.peek()
        return blocks and (rt.is_live(blocks[0]), rt.space.is_private(blocks[0]))

    return [alloc, lambda: root.store(made[0]), lambda: things.free(made[0])], show


def registry(rt):
    things, thing = rt.registry("things", Thing), object()
    return [lambda: things.add(thing), lambda: things.remove(thing)], things.peek


def references(rt):
    refs = rt.refcount("refs", 1)
    return [refs.get, refs.put, refs.put], refs.peek


def completion(rt):
    done = rt.completion("done")
    return [done.complete], done.peek


def ids(rt):
    numbers = rt.ids("ids")
    return [numbers.take, lambda: numbers.give(0)], numbers.peek


def sections(rt):
    rcu = rt.rcu("rcu")
    section = rcu.read()
    return [section.__enter__, lambda: section.__exit__(None, None, None)], rcu.readers


def retired(rt):
    things, rcu, root = rt.heap("things", Thing), rt.rcu("rcu"), rt.memory("m").cell("root", None)
    thing = things.alloc()
    root.put(thing)
    section = rcu.read()
    steps = [section.__enter__, lambda: rcu.assign(root, None), lambda: section.__exit__(None, None, None)]
    return steps, lambda: (rcu.is_retired(thing), rcu.still_seen_by(thing))


def failures(rt):
    things = rt.heap("things", Thing)
    return [things.alloc, things.alloc], lambda: rt.has_failed


@pytest.mark.parametrize(
    "build", [word, words, heap, life, registry, references, completion, ids, sections, retired, failures]
)
def test_whoever_has_peeked_is_told_of_each_change(build):
    machine = Machine(budget=100)
    steps, show = build(DeterministicRuntime(machine, frozenset({1})))
    watch = Watch(machine, {"it": show}, Rows([("it", ())]))
    seen, truth = [], []

    def body(_):
        for step in steps:
            truth.append(show())
            step()

    def look():
        seen.append(current(watch)[0])

    end = machine.run([body], lambda _, enabled: enabled[0], complaining(look)).end
    assert isinstance(end, Finished), end
    truth.append(show())
    changes = [value for at, value in enumerate(truth) if not at or value != truth[at - 1]]
    assert len(changes) > 1
    assert [value for at, value in enumerate(seen) if not at or value != seen[at - 1]] == changes
