"""Which explorer explores: the reference at a glance, machine code for the rest, the reference for what has no width."""

from dataclasses import replace

import pytest
from tests.engines import systems as hand

from interlock.core.system import Transition, Update
from interlock.core.term import App, Arith, Literal
from interlock.core.types import INT
from interlock.core.verdict import Holds, NoneUpTo, Unknown, Violated
from interlock.engines import exploring
from interlock.engines.explore import Exploration
from interlock.engines.exploring import Explorations
from interlock.engines.native.explorer import NativeExploration
from interlock.engines.protocol import Limits

SIZES = {"Client": 2, "Server": 2}


def names(system):
    return [p.name for p in system.properties if p.kind in ("invariant", "deadlock", "reachable")]


def run(system, sizes=SIZES, which="auto", **options):
    exploration = Explorations(system, names(system), Limits(sizes=sizes, threads=1), which=which, **options)
    return dict(exploration.judge()), exploration


def test_small_scopes_are_not_compiled(monkeypatch):
    monkeypatch.setattr(NativeExploration, "judge", lambda self: pytest.fail("was compiled"))
    verdicts, exploration = run(hand.lock_server(), measure=True)
    assert exploration.stats().complete
    assert all(v.kind in ("holds", "proved") for v in verdicts.values())


def test_larger_scopes_go_on_in_machine_code(monkeypatch):
    monkeypatch.setattr(exploring, "_GLANCE_STATES", 3)
    system = hand.lock_server()
    verdicts, exploration = run(system, measure=True)
    assert set(verdicts) == set(names(system))
    assert exploration.stats().complete
    expected, whole = run(system, which="reference", measure=True)
    assert {n: v.kind for n, v in verdicts.items()} == {n: v.kind for n, v in expected.items()}
    assert exploration.stats().states <= whole.stats().states
    assert isinstance(exploration._run, NativeExploration)


def test_what_the_glance_settles_is_not_asked_again(monkeypatch):
    monkeypatch.setattr(exploring, "_GLANCE_STATES", 20)
    verdicts, _ = run(hand.lock_server(broken=True))
    assert any(isinstance(v, Violated) for v in verdicts.values())
    assert set(verdicts) == set(names(hand.lock_server(broken=True)))


def test_what_the_glance_had_no_time_for_is_asked_again(monkeypatch):
    """All states seen, and no time left for the schedules and lassos in them."""
    system = hand.lock_server()
    late = names(system)[0]
    judge = Exploration.judge

    def out_of_time(self):
        for name, verdict in judge(self):
            yield name, Unknown("explore", "no more time to play the schedule") if name == late else verdict

    monkeypatch.setattr(Exploration, "judge", out_of_time)
    verdicts, exploration = run(system)
    assert isinstance(exploration._run, NativeExploration)
    assert not isinstance(verdicts[late], Unknown)
    assert set(verdicts) == set(names(system))


def unbounded():
    """The lock server, and a number that nothing bounds."""
    system = hand.lock_server()
    number = hand.var("number", result=INT)
    up = Transition("up", (), hand.TRUE, (Update(number, (), Arith("+", App(number), Literal(1, INT))),))
    starts = hand.starts(number, Literal(0, INT))
    return replace(
        system,
        symbols=(*system.symbols, number),
        initial_values=(*system.initial_values, starts),
        transitions=(*system.transitions, up),
    )


def test_an_int_that_grows_for_ever_is_refused_by_machine_code():
    verdicts, _ = run(unbounded(), which="native")
    open_ = [v for v in verdicts.values() if isinstance(v, Unknown)]
    assert len(open_) > 1
    assert {v.reason for v in open_} == {"a step writes a value to number that is outside of -128..127"}


def test_int_is_explored_by_the_reference():
    exploration = Explorations(unbounded(), names(unbounded()), Limits(sizes=SIZES, states=1500), measure=True)
    verdicts = dict(exploration.judge())
    assert any(isinstance(v, NoneUpTo) for v in verdicts.values())
    assert not exploration.stats().complete


@pytest.mark.parametrize("which", ["native", "reference"])
def test_first_stops_at_the_first_violation(which):
    verdicts, exploration = run(
        hand.lock_server(broken=True), {"Client": 3, "Server": 2}, which, measure=True, first=True
    )
    assert sum(isinstance(v, Violated) for v in verdicts.values()) >= 1
    assert not any(isinstance(v, Holds) for v in verdicts.values())
    assert not exploration.stats().complete
