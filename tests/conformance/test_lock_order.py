"""Locks that are taken in no one order: reported though no deadlock has happened, and not where none can."""

import pytest
from tests.conformance.small import Small, specification

from interlock_conformance.conform import Options, conform, replay
from interlock_conformance.json_report import text_of_rows
from interlock_conformance.matrix import Row
from interlock_conformance.schedule import parse_workload
from interlock_conformance.strategies.exhaustive import Exhaustive
from interlock_conformance.strategies.reduced import Reduced
from interlock_conformance.verdict import Breaks, Conforms, report

SYSTEM = specification()


def judged(build, workload, strategy, **options):
    return conform(Small(build), SYSTEM, parse_workload(workload), strategy, Options(**options))


def nest(*locks):
    """An operation that takes locks one inside the other."""

    def operation():
        if locks:
            with locks[0]:
                nest(*locks[1:])()

    return operation


TAKING = f"test_lock_order.py:{nest.__code__.co_firstlineno + 5}"
"""Where `nest` takes a lock."""


def ab_ba(rt):
    a, b = rt.mutex("a"), rt.mutex("b")
    return {"ab": nest(a, b), "ba": nest(b, a)}


def test_an_order_that_can_deadlock_is_a_breach_though_it_has_not():
    verdict = judged(ab_ba, "ab() | ba()", Exhaustive(2, executions=1))
    assert isinstance(verdict, Breaks), report(verdict)
    assert verdict.property == "lock_order"
    assert verdict.message == (
        f"thread 0 takes b (ab(), {TAKING}) inside a (ab(), {TAKING}); "
        f"thread 1 takes a (ba(), {TAKING}) inside b (ba(), {TAKING})"
    )
    assert verdict.preemptions == 0
    again = replay(Small(ab_ba), SYSTEM, verdict.token)
    assert isinstance(again, Breaks)
    assert (again.property, again.message) == ("lock_order", verdict.message)


def test_the_deadlock_itself_is_the_better_report():
    verdict = judged(ab_ba, "ab() | ba()", Exhaustive(2))
    assert isinstance(verdict, Breaks)
    assert verdict.property == "deadlock"


@pytest.mark.parametrize("workload", ["ab(); ba()", "ab(); ba() | ab()"])
def test_one_order_is_asked_for_even_of_one_thread_but_that_is_a_warning(workload):
    verdict = judged(ab_ba, workload, Exhaustive(0, executions=1))
    if "|" in workload:
        assert isinstance(verdict, Breaks)
        return
    assert isinstance(verdict, Conforms), report(verdict)
    (warning,) = verdict.warnings
    assert warning.startswith(
        "locks are taken in no one order: thread 0 takes b (ab()) inside a (ab()); thread 0 takes a"
    )
    assert f"  warning: {warning}" in report(verdict)
    assert warning in text_of_rows([Row("small", None, ((workload, verdict),))], "0")


def test_a_common_lock_keeps_the_two_apart():
    def build(rt):
        gate, a, b = rt.mutex("gate"), rt.mutex("a"), rt.mutex("b")
        return {"ab": nest(gate, a, b), "ba": nest(gate, b, a)}

    verdict = judged(build, "ab() | ba()", Exhaustive(2, executions=1))
    assert isinstance(verdict, Conforms), report(verdict)
    assert len(verdict.warnings) == 1


def test_a_circle_of_three():
    def build(rt):
        a, b, c = rt.mutex("a"), rt.spinlock("b"), rt.spinlock("c")
        d = rt.mutex("d")
        return {"ad": nest(a, d), "db": nest(d, b), "bc": nest(b, c), "ca": nest(a, c), "da": nest(d, a)}

    fine = judged(build, "ad() | db() | bc() | ca()", Reduced(1))
    assert isinstance(fine, Conforms)
    assert not fine.warnings
    verdict = judged(build, "ad() | da() | bc()", Reduced(1))
    assert isinstance(verdict, Breaks)
    assert verdict.property == "lock_order"


def test_readers_do_not_wait_for_readers():
    def build(rt):
        a, b = rt.rwsem("a"), rt.rwsem("b")

        def both(one, two):
            with one, two:
                pass

        return {
            "shared": lambda: both(a.read(), b.read()),
            "other_way": lambda: both(b.read(), a.read()),
            "alone": lambda: both(b.write(), a.write()),
        }

    fine = judged(build, "shared() | other_way()", Exhaustive(2, executions=1))
    assert isinstance(fine, Conforms), report(fine)
    verdict = judged(build, "shared() | alone()", Exhaustive(2, executions=1))
    assert isinstance(verdict, Breaks)
    assert verdict.property == "lock_order"


def test_a_grace_period_counts_as_taking_what_readers_hold():
    def build(rt):
        srcu, lock = rt.srcu("srcu"), rt.mutex("lock")

        def reads():
            with srcu.read(), lock:
                pass

        def waits():
            with lock:
                srcu.synchronize()

        def nests():
            with lock, srcu.read():
                pass

        return {"reads": reads, "waits": waits, "nests": nests}

    verdict = judged(build, "reads() | waits()", Exhaustive(2, executions=1))
    assert isinstance(verdict, Breaks), report(verdict)
    assert verdict.property == "lock_order"
    fine = judged(build, "reads() | nests()", Exhaustive(2))
    assert isinstance(fine, Conforms), report(fine)


def test_an_order_that_is_known_to_be_none_is_passed_over():
    verdict = judged(ab_ba, "ab() | ba()", Exhaustive(2, executions=1), known=frozenset({"lock_order"}))
    assert isinstance(verdict, Conforms)
    assert verdict.warnings


def test_known_gap_order_by_a_completion():
    """A completion keeps the two apart, which the order of locks does not show; all interleavings show it."""

    def build(rt):
        a, b, done = rt.mutex("a"), rt.mutex("b"), rt.completion("done")

        def first():
            nest(a, b)()
            done.complete()

        def second():
            done.wait()
            nest(b, a)()

        return {"first": first, "second": second}

    verdict = judged(build, "first() | second()", Reduced(1))
    assert isinstance(verdict, Conforms)
    assert verdict.exhausted
    assert len(verdict.warnings) == 1
    again = replay(Small(build), SYSTEM, "first() | second() @ 0*1")
    assert isinstance(again, Breaks), "one schedule alone does not tell"


def test_who_ends_with_a_lock_is_told_so():
    def build(rt):
        lock = rt.mutex("lock")
        return {"keeps": lock.__enter__}

    verdict = judged(build, "keeps()", Exhaustive(0))
    assert isinstance(verdict, Breaks)
    assert (verdict.property, verdict.message.partition(", ")[0]) == (
        "held_at_end",
        "keeps() ends and holds lock (keeps()",
    )
