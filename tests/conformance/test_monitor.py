"""The monitor judges by the specification's own formulas, and says what it does not judge."""

from dataclasses import replace

import pytest

from interlock.core.term import TRUE, negate
from interlock_conformance.binding import AbstractionError
from interlock_conformance.conform import conform
from interlock_conformance.judging.monitor import Monitor
from interlock_conformance.schedule import parse_workload
from interlock_conformance.strategies.exhaustive import Exhaustive
from interlock_conformance.verdict import Breaks, Conforms, Undecided, report
from list_lru import v13
from list_lru.bindings.base import ListLruBinding
from list_lru.broken import unlocked_init

SIZES = {"Lru": 1, "Memcg": 1, "Id": 1, "Array": 1, "List": 1}
WORKLOAD = parse_workload("init(0) | activate(0)")


def with_formula(system, name, formula):
    return replace(
        system, properties=tuple(replace(p, formula=formula) if p.name == name else p for p in system.properties)
    )


def test_the_verdict_follows_the_specification_and_not_the_binding(base):
    weakened = with_formula(base, "coverage", base.property("ids").formula)
    binding = ListLruBinding("d", unlocked_init.ListLrus)
    assert isinstance(conform(binding, base, WORKLOAD, Exhaustive(1)), Breaks)
    found = conform(binding, weakened, WORKLOAD, Exhaustive(1))
    assert isinstance(found, Breaks)
    assert found.property == "arrays.in_bounds"  # the size is read outside the mutex, too
    strengthened = with_formula(base, "coverage", negate(base.property("ids").formula))
    found = conform(ListLruBinding("v13", v13.ListLrus), strengthened, WORKLOAD, Exhaustive(0))
    assert isinstance(found, Breaks)
    assert found.property == "coverage"


def test_a_property_that_says_nothing_is_not_counted_as_judged(base):
    verdict = conform(
        ListLruBinding("v13", v13.ListLrus), with_formula(base, "coverage", TRUE), WORKLOAD, Exhaustive(0)
    )
    assert isinstance(verdict, Conforms)
    assert "coverage" not in verdict.judged
    assert "not judged: coverage (it speaks of no state" in report(verdict)


def test_a_property_of_what_is_not_observed_is_not_judged(base):
    monitor = Monitor(base, SIZES, frozenset({"registered", "active", "id"}))
    assert monitor.judged == ("ids",)
    reasons = {skipped.property: skipped.reason for skipped in monitor.not_judged}
    assert reasons["coverage"] == "array, fits, slot not observed"


class Peculiar(ListLruBinding):
    """A binding whose abstraction gives a value that the specification does not have."""

    def __init__(self, name, value):
        super().__init__("peculiar", v13.ListLrus)
        self.symbol, self.value = name, value

    def start(self, runtime, workload):
        subject = super().start(runtime, workload)
        symbols = {**subject.symbols(), self.symbol: lambda *_: self.value}
        subject.symbols = lambda: symbols
        return subject


@pytest.mark.parametrize(("symbol", "value"), [("id", 99), ("array", "lru0"), ("arrays.life", "ZOMBIE")])
def test_an_abstraction_of_the_wrong_type_is_reported(base, symbol, value):
    verdict = conform(Peculiar(symbol, value), base, WORKLOAD, Exhaustive(0))
    assert not isinstance(verdict, Conforms)
    assert repr(value) in report(verdict)
    assert symbol in report(verdict)


def test_states_must_be_of_the_specification(base):
    monitor = Monitor(base, SIZES, frozenset({"id"}))
    assert monitor.judge(None, monitor.meet((0,))) is None
    assert monitor.meet((0,)) == monitor.meet((0,)) != monitor.meet((None,))
    for wrong in (1, [], object()):
        with pytest.raises(AbstractionError):
            monitor.meet((wrong,))


class Remembers(ListLruBinding):
    """A binding whose abstraction reads what no primitive of the runtime holds."""

    def start(self, runtime, workload):
        subject = super().start(runtime, workload)
        made = []
        subject._candidate.new_array = lambda new=subject._candidate.new_array: made.append(1) or new()
        symbols = {**subject.symbols(), "active": lambda _: bool(made)}
        subject.symbols = lambda: symbols
        return subject


def test_an_abstraction_of_what_is_not_watched_is_reported(base):
    verdict = conform(Remembers("remembers", v13.ListLrus), base, WORKLOAD, Exhaustive(0))
    assert isinstance(verdict, Breaks)
    assert verdict.property == "abstraction"
    assert "active(0) went from False to True, though nothing that it peeks at has changed" in verdict.message


class Flaky(v13.ListLrus):
    """A candidate whose behaviour depends on something that no schedule decides."""

    runs = 0

    def init(self, lru):
        Flaky.runs += 1
        assert Flaky.runs < 3 or Flaky.runs > 3
        return super().init(lru)


def test_a_candidate_that_cannot_be_repeated_is_undecided(base):
    Flaky.runs = 0
    verdict = conform(ListLruBinding("flaky", Flaky), base, WORKLOAD, Exhaustive(1))
    assert isinstance(verdict, Undecided)
    assert "not deterministic" in verdict.reason


class Unmakeable(v13.ListLrus):
    def __init__(self, runtime):
        super().__init__(runtime)
        raise ValueError("no such device")


def test_a_candidate_that_cannot_be_set_up_is_undecided(base):
    verdict = conform(ListLruBinding("unmakeable", Unmakeable), base, WORKLOAD, Exhaustive(1))
    assert isinstance(verdict, Undecided)
    assert "no such device" in verdict.reason
