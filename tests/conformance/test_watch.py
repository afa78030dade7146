"""Values of the abstraction are computed again only where they can be others, and are always what they would be."""

import random
from functools import partial

import pytest

from interlock_conformance.binding import AbstractionError
from interlock_conformance.deterministic import DeterministicRuntime
from interlock_conformance.kinds import LIST_LRU, shipped
from interlock_conformance.machine import Breach, Finished, Machine
from interlock_conformance.memory import StoredCell
from interlock_conformance.monitor import Monitor
from interlock_conformance.observation import Watched
from interlock_conformance.schedule import parse_workload
from interlock_conformance.watch import Rows, Watch

CANDIDATES = {named.reference: named.binding for named in shipped(LIST_LRU)}
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
        now = watch.now()
        if not seen or now != seen[-1]:
            seen.append(now)

    def work(operations, _):
        for operation in operations:
            subject.call(operation)

    workers = [partial(work, operations) for operations in workload.threads]
    return seen, machine.run(workers, lambda _, enabled: chance.choice(enabled), complaining(look)).end


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
        looks.append((watch.now(), tuple(table.asked)))
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


def test_the_same_values_are_the_same_tuple():
    looks = run(lambda table: table.words[0].store(0), (("word", (0,)),))
    assert looks[0][0] is looks[1][0]


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
    end = machine.run([body], lambda _, enabled: enabled[0], complaining(watch.now)).end
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

    machine.run([body], lambda _, enabled: enabled[0], lambda: looks.append((first.now(), second.now())))
    assert looks == [((0,), (0, 0)), ((1,), (0, 1)), ((1,), (2, 1))]
