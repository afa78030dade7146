"""Linearizability: the search agrees with trying all orders, and broken queues are caught with their histories drawn."""

from functools import cache
from itertools import combinations, permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock_conformance.calls import Calls
from interlock_conformance.conform import Options, conform, replay
from interlock_conformance.judging.history import Call, Recorder, lines_of_history
from interlock_conformance.judging.linearizability import Order, Sequential, is_by_object
from interlock_conformance.kinds import kinds_of
from interlock_conformance.schedule import parse_workload
from interlock_conformance.specification import load_specification
from interlock_conformance.strategies.exhaustive import Exhaustive
from interlock_conformance.strategies.reduced import Reduced
from interlock_conformance.verdict import Breaks, Conforms, Undecided, report
from queues import two_lock
from queues.broken import exchanged_tail

ROOT = Path(__file__).parents[2]
QUEUES = kinds_of(ROOT / "spec/queues", lambda path: Path(path).read_bytes()).kinds[0]


def read(path):
    return Path(path).read_bytes()


def judging(path):
    return load_specification(str(path), read)[0], load_specification(str(path), read, runs=True)[0]


FIFO = cache(lambda: judging(ROOT / "spec/queues/fifo.ilk"))


@pytest.fixture
def fifo():
    return FIFO()


def run(fifo, make, workload, strategy=None, name="candidate"):
    judged, runs = fifo
    return conform(Calls(name, make, runs), judged, parse_workload(workload), strategy or Reduced())


# -- candidates


@pytest.mark.parametrize("workload", QUEUES.workloads)
def test_the_queue_with_two_locks_is_linearizable(fifo, workload):
    verdict = run(fifo, two_lock.Queue, workload)
    assert isinstance(verdict, Conforms), report(verdict)
    assert verdict.exhausted
    assert verdict.judged == ("no_leak", "linearizable")


def test_the_exchanged_tail_is_caught_on_the_shortest_schedule(fifo):
    verdict = run(fifo, exchanged_tail.Queue, "put(0) | put(1); take()")
    assert isinstance(verdict, Breaks), report(verdict)
    assert verdict.property == exchanged_tail.BREAKS
    assert verdict.preemptions == 1
    text = report(verdict)
    story = [
        "there is no order of these calls in which queues.fifo has them\n",
        "  thread 0  |-put(0)---------------|\n",
        "  thread 1   |-put(1)-| |-take()-|\n",
        "at most: put(1), put(0); then\n",
        "take(): take_nothing needs `not exists x: Item :: waiting(x)`, and with x = item0: waiting(item0) holds",
    ]
    at = 0
    for line in story:
        at = text.index(line, at) + len(line)
    again = replay(Calls("candidate", exchanged_tail.Queue, fifo[1]), fifo[0], verdict.token)
    assert isinstance(again, Breaks)
    assert (again.message, again.events) == (verdict.message, verdict.events)


class Keeps(two_lock.Queue):
    """Remembers all nodes, so that none is lost: what is left to find is what is done with items."""

    def __init__(self, runtime):
        super().__init__(runtime)
        self.every = self.nodes.peek()


class Loses(Keeps):
    """Two that put at once link to the same node."""

    def put(self, item):
        node = self.nodes.alloc(item)
        last = self.tail.load()
        last.next.store(node)
        self.tail.store(node)


class Duplicates(Keeps):
    def take(self):
        taken = self.head.load()
        first = taken.next.load()
        if first is None:
            return None
        item = first.item.load()
        self.head.store(first)
        return item


class Reorders(two_lock.Queue):
    """A stack: what was put in last comes out first."""

    def put(self, item):
        node = self.nodes.alloc(item)
        with self.take_lock:
            head = self.head.load()
            node.next.store(head.next.load())
            head.next.store(node)


class Invents(two_lock.Queue):
    def take(self):
        found = super().take()
        return 2 if found is None else found


class TooLate(two_lock.Queue):
    """Remembers items for a while before they are put in."""

    def __init__(self, runtime):
        super().__init__(runtime)
        self.kept = runtime.memory("queue").cell("kept", None)

    def put(self, item):
        kept = self.kept.xchg(item)
        return None if kept is None else super().put(kept)


@pytest.mark.parametrize(
    ("candidate", "workload", "says"),
    [
        (Loses, "put(0); take() | put(1); take()", "take(): take_nothing needs"),
        (Duplicates, "put(0); take() | take()", "take() = 0: take(item0) needs `waiting(item0)`"),
        (Reorders, "put(0); put(1); take()", "take() = 1: take(item1) needs `not exists y: Item :: before(y, item1)`"),
        (Invents, "put(0); take(); take()", "take() = 2: take(item2) needs `waiting(item2)`"),
        (TooLate, "put(0); take()", "take(): take_nothing needs"),
    ],
)
def test_sabotage_is_caught(fifo, candidate, workload, says):
    verdict = run(fifo, candidate, workload)
    assert isinstance(verdict, Breaks), report(verdict)
    assert verdict.property == "linearizable", report(verdict)
    assert says in verdict.message
    smaller = run(fifo, candidate, workload, Exhaustive(verdict.preemptions - 1)) if verdict.preemptions else None
    assert smaller is None or isinstance(smaller, Conforms)


class Leaks(two_lock.Queue):
    """Frees no node that was taken."""

    def take(self):
        with self.take_lock:
            first = self.head.load().next.load()
            if first is None:
                return None
            self.head.store(first)
            return first.item.load()


class Remembers(Leaks):
    """Keeps the nodes that were taken, for whatever reason: they are not lost."""

    def __init__(self, runtime):
        super().__init__(runtime)
        self.taken = [lambda: None]

    def take(self):
        taken = self.head.load()
        self.taken.append(lambda: taken)
        return super().take()


def test_a_block_that_nothing_leads_to_is_lost(fifo):
    verdict = run(fifo, Leaks, "put(0); take()")
    assert isinstance(verdict, Breaks), report(verdict)
    assert (verdict.property, verdict.message) == (
        "no_leak",
        "at rest nobody can reach nodes[0], which is still allocated",
    )
    assert isinstance(run(fifo, Remembers, "put(0); take()"), Conforms)
    assert isinstance(run(fifo, Leaks, "put(0); put(1)"), Conforms)


@pytest.mark.parametrize("candidate", [two_lock.Queue, exchanged_tail.Queue, Loses, Duplicates, TooLate])
@pytest.mark.parametrize("workload", ["put(0) | put(1); take()", "put(0); take() | put(1)", "put(0) | take() | put(1)"])
def test_reduction_finds_what_plain_search_finds(fifo, candidate, workload):
    reduced, plain = (run(fifo, candidate, workload, s) for s in (Reduced(), Exhaustive(3, executions=20_000)))
    assert type(reduced) is type(plain), f"{report(reduced)}\n{report(plain)}"


def test_calls_that_touch_nothing_in_common_are_tried_in_each_order_of_calls_and_returns(fifo):
    class Local(two_lock.Queue):
        """Each thread has a queue of its own: no step of one races with any of the other."""

        def __init__(self, runtime):
            self.items = [runtime.memory(f"local{n}").cell("item", None) for n in range(2)]

        def put(self, item):
            self.items[0].store(item)

        def take(self):
            return self.items[1].load()

    verdict = run(fifo, Local, "take() | put(0)")
    assert isinstance(verdict, Breaks), report(verdict)  # put(0) and then take(), which says that there is nothing
    assert verdict.property == "linearizable"


# -- against all orders, one by one


def legal(order):
    """A queue in a few lines of Python."""
    items = []
    for call in order:
        match call.name:
            case "put" if call.args[0] not in items:
                items.append(call.args[0])
            case "take" if call.ended is None:
                items[:1] = []
            case "take" if (items[0] if items else None) == call.result:
                items[:1] = []
            case _:
                return False
    return True


def by_brute_force(history):
    finished = [call for call in history if call.ended is not None]
    pending = [call for call in history if call.ended is None]
    for count in range(len(pending) + 1):
        for chosen in permutations(pending, count):
            for order in permutations([*finished, *chosen]):
                place = {id(call): i for i, call in enumerate(order)}
                kept = all(
                    place[id(a)] < place[id(b)]
                    for a in order
                    for b in order
                    if a.ended is not None and a.ended < b.begun
                )
                if kept and legal(order):
                    return True
    return False


@st.composite
def histories(draw):
    """Calls of up to three threads, in any order of calls and returns, with any results."""
    recorder = Recorder.empty()
    running = {}
    for _ in range(draw(st.integers(0, 10))):
        thread = draw(st.integers(0, 2))
        if thread in running:
            number, name = running.pop(thread)
            recorder.returned(number, None if name == "put" else draw(st.sampled_from([None, 0, 1])))
        else:
            name = draw(st.sampled_from(["put", "take"]))
            args = (draw(st.integers(0, 1)),) if name == "put" else ()
            running[thread] = recorder.call(thread, name, args), name
    return recorder.history


@settings(max_examples=400, deadline=None)
@given(history=histories())
def test_the_search_agrees_with_all_orders(history):
    sequential = Sequential(FIFO()[1], {"Item": 2}, frozenset({"put", "take"}))
    found = sequential.order(history)
    assert isinstance(found, Order) == by_brute_force(history)
    if isinstance(found, Order):
        # A put that has not returned may also have failed, which is to leave it out.
        pending = [call for call in found.calls if call.ended is None]
        assert any(
            legal([call for call in found.calls if call not in left])
            for count in range(len(pending) + 1)
            for left in combinations(pending, count)
        )
        assert {call for call in history if call.ended is not None} <= set(found.calls)
    assert (sequential.judge(history) is None) == isinstance(found, Order)


# -- objects by themselves

REGISTERS = """
module registers
sort Register
var value(r: Register): 0..3 = 0
action write(r: Register, v: 0..3) { value(r) := v }
action read(r: Register, v: 0..3) { await value(r) = v }
scope small { Register = 2 }
"""


def system_of(tmp_path, text):
    path = tmp_path / "spec.ilk"
    path.write_text(text)
    judged, runs = judging(path)
    assert runs is not None
    return judged, runs


def test_objects_are_told_from_the_text(tmp_path, fifo):
    assert is_by_object(system_of(tmp_path, REGISTERS)[1])
    assert not is_by_object(fifo[1])
    for coupled in (
        REGISTERS.replace("value(r) := v }", "value(s: Register) := v }"),
        REGISTERS.replace("await value(r) = v }", "await forall s: Register :: value(s) = v }"),
        REGISTERS.replace("value(r) := v }", "value(r) := v; last := v }").replace(
            "var value", "var last: 0..3 = 0\nvar value"
        ),
    ):
        assert coupled != REGISTERS
        assert not is_by_object(system_of(tmp_path, coupled)[1])


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_objects_by_themselves_say_the_same_as_all_together(tmp_path_factory, data):
    _, runs = system_of(tmp_path_factory.mktemp("registers"), REGISTERS)
    recorder = Recorder.empty()
    running = {}
    for _ in range(data.draw(st.integers(0, 10))):
        thread = data.draw(st.integers(0, 2))
        if thread in running:
            number, name = running.pop(thread)
            recorder.returned(number, data.draw(st.integers(0, 1)) if name == "read" else None)
        else:
            name, register = data.draw(st.sampled_from(["read", "write"])), data.draw(st.integers(0, 1))
            args = (register,) if name == "read" else (register, data.draw(st.integers(0, 1)))
            running[thread] = recorder.call(thread, name, args), name
    sequential = Sequential(runs, {"Register": 2}, frozenset({"read", "write"}))
    parts = sequential.judge(recorder.history) is None
    assert parts == isinstance(sequential.order(recorder.history), Order)


def test_a_long_history_of_calls_that_overlap_is_no_trouble(fifo):
    """Sixteen takes at once have more orders than could be tried; the memory of what was seen keeps it small."""
    recorder = Recorder.empty()
    puts = [recorder.call(0, "put", (0,))]
    takes = [recorder.call(thread, "take", ()) for thread in range(1, 17)]
    recorder.returned(puts[0], None)
    for number in takes:
        recorder.returned(number, None)
    sequential = Sequential(fifo[1], {"Item": 2}, frozenset({"put", "take"}))
    assert isinstance(sequential.order(recorder.history), Order)


# -- calls as actions


def test_a_thread_is_passed_where_an_action_has_one(tmp_path):
    judged, runs = system_of(
        tmp_path,
        """
        module tickets
        sort Thread
        var owner: Thread? = none
        action lock(t: Thread) { await owner = none; owner := t }
        action unlock(t: Thread) { await owner = t; owner := none }
        """,
    )

    class Lock:
        def __init__(self, runtime):
            self.mutex = runtime.mutex("mutex")

        def lock(self):
            self.mutex.__enter__()

        def unlock(self):
            self.mutex.__exit__(None, None, None)

    class NoLock(Lock):
        def lock(self):
            pass

        unlock = lock

    workload = parse_workload("lock(); unlock() | lock(); unlock()")
    assert isinstance(conform(Calls("lock", Lock, runs), judged, workload, Reduced()), Conforms)
    verdict = conform(Calls("none", NoLock, runs), judged, workload, Reduced())
    assert isinstance(verdict, Breaks), report(verdict)
    assert verdict.property == "linearizable"


def test_results_that_are_none_of_the_specifications(fifo):
    class Odd(two_lock.Queue):
        def take(self):
            return "seven"

    verdict = run(fifo, Odd, "take()")
    assert isinstance(verdict, Breaks)
    assert "take() = seven: 'seven' is no Item" in verdict.message


def test_a_call_that_is_no_method_is_refused(fifo):
    verdict = run(fifo, two_lock.Queue, "push(0)", name="two_lock")
    assert isinstance(verdict, Undecided)
    assert verdict.reason == "`push(0)` calls no method of two_lock: it has put, take"
    verdict = run(fifo, two_lock.Queue, "put()")
    assert isinstance(verdict, Undecided)
    assert "missing a required argument: 'item'" in verdict.reason


def test_methods_that_are_no_actions_are_not_judged_as_calls(fifo):
    class More(two_lock.Queue):
        def tidy(self):
            pass

    verdict = run(fifo, More, "put(0); tidy()")
    assert isinstance(verdict, Conforms)
    assert verdict.judged == ("no_leak",)


def test_what_calls_exercise_is_told(fifo):
    judged, runs = fifo
    options = Options(measure=True)
    verdict = conform(
        Calls("two_lock", two_lock.Queue, runs), judged, parse_workload("put(0); take() ! 1"), Reduced(), options
    )
    assert isinstance(verdict, Conforms)
    assert str(verdict.coverage.steps) == "steps: 2 of 4; not: put, take"


# -- the drawing


def test_a_history_is_drawn():
    history = (
        Call(0, "put", (0,), 0, 5),
        Call(1, "put", (1,), 1, 2),
        Call(1, "take", (), 3, 4, 1),
        Call(2, "take", (), 6),
    )
    assert lines_of_history(history) == [
        "thread 0  |-put(0)-------------------|",
        "thread 1   |-put(1)-| |-take() = 1-|",
        "thread 2                               |-take() ..->",
    ]
