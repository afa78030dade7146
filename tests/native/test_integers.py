"""Integers without bounds: machine code has room for small ones, and what goes beyond is explored by the reference."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from tests.engines.random_systems import systems
from tests.native.test_explorer import SETTINGS, agree

from interlock.core.rewrite import map_apps
from interlock.core.system import TransitionSystem, Update
from interlock.core.term import Term
from interlock.core.types import INT, RangeType
from interlock.core.verdict import Holds, NoneUpTo, Proved, Unknown, Violated
from interlock.engines.exploring import Which
from interlock.pipeline import Request, check

SIGNED = b"""module signed
sort T
const BIG: Int = 1000
const K: Int
var n: Int = -3
var last: Int? = none
var f(t: T): Int = -1
action up(t: T) { await n < 3; n := n + 1; f(t) := f(t) * -1 + 1 }
action set(t: T) { await f(t) > 0; last := f(t) }
action unset { await last != none; n := last! - 7; last := none; f(t: T) := -1 }
action big(t: T) { await BIG - 1001 + f(t) > -K; f(t) := K - 1 }
invariant low: n > -7
invariant never_big: forall t: T :: f(t) < BIG
invariant counted: count(t: T where f(t) = 3) < 2
invariant high: forall t: T :: f(t) < 2
reachable two: last = 2 and n = -2
scope small { T = 2, K = 2 }
"""

TICKETS = b"""module tickets
sort Thread
var drawn: Int = 0
var called: Int = 0
fair process thread(t: Thread) {
  local mine: Int
  rest step draw: mine := drawn; drawn := drawn + 1
  step wait: await called = mine
  step leave: called := called + 1
}
invariant in_order: called <= drawn
invariant few: drawn <= 3
liveness served: forall t: Thread :: at(thread(t), wait) leads to done(thread(t))
reachable all: forall t: Thread :: done(thread(t))
deadlock free
scope small { Thread = 3 }
"""

GROWING = b"""module growing
var n: Int = 120
action up { n := n + 1 }
action down { await n > 117; n := n - 1 }
invariant least: n > 116
invariant most: n < 126
invariant far: n < 200
"""


def explored(text: bytes, engine: Which, **options: object):
    report = check("integers.ilk", Request("explore", explorer=engine, **options), lambda _: text)
    assert report.diagnostics == ()
    return report


@pytest.mark.parametrize("text", [SIGNED, TICKETS], ids=["signed", "tickets"])
def test_both_explorers_find_the_same(text):
    slow, fast = explored(text, "reference"), explored(text, "native")
    assert {j.name: type(j.verdict) for j in slow.judgements} == {j.name: type(j.verdict) for j in fast.judgements}
    for one, other in zip(slow.judgements, fast.judgements, strict=True):
        if isinstance(one.verdict, Violated | Proved) and one.verdict.trace is not None and one.kind != "liveness":
            assert len(one.verdict.trace.steps) == len(other.verdict.trace.steps)
    assert fast.stats.complete
    assert fast.stats.reductions or fast.stats.states == slow.stats.states


def test_numbers_below_zero_and_options_of_numbers_are_explored():
    verdicts = {j.name: type(j.verdict) for j in explored(SIGNED, "native").judgements}
    assert verdicts == {
        "low": Holds,
        "never_big": Holds,
        "counted": Holds,
        "high": Violated,
        "two": Proved,
    }


def test_what_has_no_room_is_refused_and_what_was_found_before_stays():
    verdicts = {j.name: j.verdict for j in explored(GROWING, "native").judgements}
    assert isinstance(verdicts["most"], Violated)
    assert len(verdicts["most"].trace.steps) == 6
    assert isinstance(verdicts["far"], Unknown)
    assert verdicts["far"].reason == "a step writes a value to n that is outside of -128..127"


def test_what_has_no_room_is_left_to_the_reference():
    verdicts = {j.name: j.verdict for j in explored(GROWING, "auto").judgements}
    assert isinstance(verdicts["most"], Violated)
    assert isinstance(verdicts["far"], Violated)
    assert len(verdicts["far"].trace.steps) == 80
    assert isinstance(verdicts["least"], NoneUpTo)


def test_an_initial_value_without_room_is_refused():
    verdicts = {j.name: j.verdict for j in explored(GROWING.replace(b"= 120", b"= 300"), "native").judgements}
    assert {v.reason for v in verdicts.values() if isinstance(v, Unknown)} == {
        "n starts outside of -128..127; a range has room for more"
    }


def test_a_run_that_the_prover_finds_may_leave_an_option_of_a_number_empty():
    report = check("integers.ilk", Request("bmc"), lambda _: SIGNED)
    verdicts = {j.name: j.verdict for j in report.judgements}
    assert isinstance(verdicts["high"], Violated)
    assert isinstance(verdicts["two"], Proved)
    assert isinstance(verdicts["low"], NoneUpTo)


def with_integers(system: TransitionSystem) -> TransitionSystem:
    """The system with Int in place of each range that a changing symbol has and that no choice writes."""
    chosen = {u.symbol for t in system.transitions if t.choices for u in t.updates}
    defined = {u.symbol for u in system.initial_values}
    new = {
        s: replace(s, result=INT)
        for s in system.symbols
        if isinstance(s.result, RangeType) and not s.rigid and s in defined - chosen
    }

    def term(old: Term) -> Term:
        return map_apps(old, lambda app: replace(app, symbol=new.get(app.symbol, app.symbol)))

    def update(old: Update) -> Update:
        return Update(new.get(old.symbol, old.symbol), old.formals, term(old.value))

    return replace(
        system,
        symbols=tuple(new.get(s, s) for s in system.symbols),
        initial_values=tuple(map(update, system.initial_values)),
        initially=tuple(replace(part, formula=term(part.formula)) for part in system.initially),
        transitions=tuple(
            replace(t, guard=term(t.guard), updates=tuple(map(update, t.updates))) for t in system.transitions
        ),
        obligations=tuple(replace(o, reach=term(o.reach), condition=term(o.condition)) for o in system.obligations),
        properties=tuple(replace(p, formula=term(p.formula)) for p in system.properties),
    )


@SETTINGS
@given(systems())
def test_both_explorers_find_the_same_in_random_systems(system):
    changed = with_integers(system)
    assume(changed != system)
    agree(changed, {sort.name: 2 for sort in system.sorts}, states=2000, threads=1)
