"""Induction: what it proves, what it refuses to, and what it shows when it fails."""

from dataclasses import replace

import pytest
from tests.engines import systems as hand
from tests.engines.systems import starts, var, write

from interlock.core.system import Expect, Named, Obligation, Property, Transition, TransitionSystem, Update
from interlock.core.term import (
    FALSE,
    TRUE,
    App,
    Compare,
    Count,
    Eq,
    Literal,
    Some,
    Unwrap,
    Var,
    conj,
    exists,
    forall,
    implies,
    ite,
    negate,
)
from interlock.core.types import INT, OptionType, SortType
from interlock.core.verdict import NotInductive, Proved, Unknown, Violated
from interlock.engines.protocol import Limits
from interlock.engines.z3 import prove
from interlock.engines.z3.ask import Budget
from interlock.engines.z3.coverage import rules_out
from interlock.engines.z3.prove import Induction
from interlock.pipeline import Request, check

NODE, CLIENT = SortType("Node"), SortType("Client")
C, D, N = Var("c", CLIENT), Var("d", CLIENT), Var("n", NODE)
FREE, HOLDS = var("free", NODE), var("holds", CLIENT, result=OptionType(NODE))
NONE = Literal(None, OptionType(NODE))
held = lambda c: App(HOLDS, (c,))  # noqa: E731
has = lambda c, n: Eq(held(c), Some(n))  # noqa: E731

MUTEX = Property("mutex", "invariant", forall((C, D, N), implies(conj((has(C, N), has(D, N))), Eq(C, D))))
NOT_FREE = Property("not_free", "lemma", forall((C, N), implies(has(C, N), negate(App(FREE, (N,))))))
ALL_FREE = Property("all_free", "invariant", forall((N,), App(FREE, (N,))))


def lock(*properties, obligations=(), acquire=None, axioms=(), extra=(), expects=()):
    """Clients that take and give back nodes."""
    guard = conj((App(FREE, (N,)), Eq(held(C), NONE))) if acquire is None else acquire
    take = Transition("acquire", (C, N), guard, (write(FREE, (N,), FALSE), write(HOLDS, (C,), Some(N))))
    back = write(FREE, (Unwrap(held(C)),), TRUE)
    give = Transition("release", (C,), negate(Eq(held(C), NONE)), (back, write(HOLDS, (C,), NONE)))
    return TransitionSystem(
        "lock", (NODE, CLIENT), (), (FREE, HOLDS), axioms, (starts(FREE, TRUE), starts(HOLDS, NONE)), (),
        (take, give, *extra), obligations, properties, expects=expects,
    )  # fmt: skip


def judge(system, *names, limits=None):
    return dict(Induction().judge(system, names or [p.name for p in system.properties], limits or Limits()))


def test_invariants_that_need_one_another_are_proved_together():
    found = judge(lock(MUTEX, NOT_FREE))
    assert [v.kind for v in found.values()] == ["proved", "proved"]
    assert found["mutex"].bound == "unbounded"


def test_without_its_lemma_the_step_that_breaks_the_induction_is_shown_and_minimal():
    verdict = judge(lock(MUTEX))["mutex"]
    assert isinstance(verdict, NotInductive)
    assert verdict.cti.initial.sizes == {"Node": 1, "Client": 2}
    (step,) = verdict.cti.steps
    assert step.action == "acquire"
    assert verdict.cti.initial.tables[FREE] == {(0,): True}
    assert sorted(map(str, verdict.cti.initial.tables[HOLDS].values())) == ["0", "None"]
    assert "does not hold" in verdict.cti.reason


def test_what_rests_on_a_lemma_that_fails_is_not_proved_and_the_lemma_is_named():
    marked = var("marked", NODE)
    wrong = Property("wrong", "lemma", forall((N,), App(FREE, (N,))))
    follows = Property("follows", "invariant", forall((N,), implies(App(marked, (N,)), App(FREE, (N,)))))
    system = lock(wrong, follows)
    mark = Transition("mark", (N,), TRUE, (write(marked, (N,), TRUE),))
    system = replace(
        system, symbols=(*system.symbols, marked), initial_values=(*system.initial_values, starts(marked, FALSE)),
        transitions=(replace(system.transitions[1], guard=conj((system.transitions[1].guard,))), mark),
    )  # fmt: skip
    # Only `acquire` made `wrong` fail: without it everything is proved, with it `follows` fails by itself.
    assert {v.kind for v in judge(system).values()} == {"proved"}
    taker = Transition("take", (N,), negate(App(marked, (N,))), (write(FREE, (N,), FALSE),))
    found = judge(replace(system, transitions=(*system.transitions, taker)))
    assert isinstance(found["wrong"], NotInductive)
    assert isinstance(found["follows"], Unknown)
    assert "rests on wrong, which is not proved" in found["follows"].reason


def test_an_initial_state_that_breaks_an_invariant_refutes_it():
    held_at_start = Property("held", "invariant", exists((C,), negate(Eq(held(C), NONE))))
    verdict = judge(lock(held_at_start))["held"]
    assert isinstance(verdict, Violated)
    assert verdict.trace is not None
    assert verdict.trace.steps == ()


def test_a_failing_invariant_takes_no_other_with_it():
    found = judge(lock(MUTEX, NOT_FREE, ALL_FREE))
    assert [v.kind for v in found.values()] == ["proved", "proved", "not_inductive"]


def test_what_the_file_expects_to_be_violated_is_no_lemma_of_others():
    found = judge(lock(MUTEX, NOT_FREE, ALL_FREE, expects=(Expect("all_free", "violated"),)), "mutex")
    assert list(found) == ["mutex"]
    assert isinstance(found["mutex"], Proved)


def test_weakening_a_guard_flips_the_verdict():
    assert isinstance(judge(lock(MUTEX, NOT_FREE, acquire=Eq(held(C), NONE)))["mutex"], NotInductive)


def test_obligations_follow_from_what_is_proved():
    due = Obligation("release.unwrap", "release", (C, N), (), has(C, N), negate(App(FREE, (N,))))
    unwrap = Property("release.unwrap", "unwrap")
    assert isinstance(judge(lock(MUTEX, NOT_FREE, unwrap, obligations=(due,)))["release.unwrap"], Proved)
    alone = judge(lock(unwrap, obligations=(due,)))["release.unwrap"]
    assert isinstance(alone, NotInductive)
    assert alone.cti.steps == ()


def test_an_obligation_that_follows_only_from_an_unproved_lemma_names_it():
    due = Obligation("use.assert", "use", (N,), (), TRUE, App(FREE, (N,)))
    verdict = judge(lock(ALL_FREE, Property("use.assert", "assertion"), obligations=(due,)))["use.assert"]
    assert isinstance(verdict, Unknown)
    assert "all_free" in verdict.reason


def test_contradictory_axioms_prove_nothing():
    found = judge(lock(MUTEX, NOT_FREE, axioms=(Named("absurd", forall((C, D), negate(Eq(C, D)))),)))
    assert {(v.kind, v.reason) for v in found.values()} == {
        ("unknown", "axioms are contradictory from `absurd` on: nothing can be proved")
    }


def test_a_contradictory_initial_condition_proves_nothing():
    system = replace(lock(MUTEX), initially=(Named("never", exists((N,), negate(App(FREE, (N,))))),))
    assert "the initial condition is contradictory from `never` on:" in judge(system)["mutex"].reason


def test_of_the_initial_conditions_the_first_that_cannot_be_is_named():
    fine, never = forall((N,), App(FREE, (N,))), exists((N,), negate(App(FREE, (N,))))
    parts = tuple(Named(name, formula) for name, formula in (("a", fine), ("b", never), ("c", fine), ("d", never)))
    reason = judge(replace(lock(MUTEX), initially=parts))["mutex"].reason
    assert reason == "the initial condition is contradictory from `b` on: nothing can be proved"


def test_of_axioms_that_contradict_each_other_the_later_is_named():
    one, two = forall((C, D), Eq(C, D)), exists((C, D), negate(Eq(C, D)))
    axioms = (Named("true", TRUE), Named("alone", one), Named("company", two), Named("again", two))
    reason = judge(lock(MUTEX, axioms=axioms))["mutex"].reason
    assert reason == "axioms are contradictory from `company` on: nothing can be proved"


def test_an_initial_value_outside_its_range_is_a_contradiction():
    system = hand.lost_update()
    total = next(s for s in system.symbols if s.name == "total")
    values = tuple(Update(total, (), Literal(9, INT)) if u.symbol == total else u for u in system.initial_values)
    assert "contradictory" in judge(replace(system, initial_values=values), "exact")["exact"].reason


def test_step_invariants_are_judged_on_steps_that_change_something():
    found = judge(hand.mutex(), "ends_stay", "nothing_moves")
    assert isinstance(found["ends_stay"], Proved)
    assert isinstance(found["nothing_moves"], NotInductive)
    moves = Property("moves", "step_invariant", negate(Eq(App(FREE, (N,)), App(FREE, (N,), primed=True))))
    stutter = Transition("stutter", (N,), TRUE, (write(FREE, (N,), App(FREE, (N,))),))
    system = lock(replace(moves, formula=exists((N,), moves.formula)), extra=(stutter,))
    assert isinstance(judge(replace(system, transitions=(stutter,)))["moves"], Proved)


def test_no_time_is_unknown_and_never_a_pass():
    found = judge(lock(MUTEX, NOT_FREE, ALL_FREE), limits=Limits(total_seconds=0.0))
    assert {v.kind for v in found.values()} == {"unknown"}


@pytest.mark.parametrize("prop", [
    Property("few", "invariant", Compare("<=", Count((C,), has(C, N)), Literal(1, INT))),
    Property("live", "liveness"),
    Property("lock_up", "deadlock"),
])  # fmt: skip
def test_known_gap_what_induction_cannot_judge_is_said(prop):
    prop = replace(prop, formula=forall((N,), prop.formula)) if prop.name == "few" else prop
    found = judge(lock(MUTEX, NOT_FREE, prop))
    assert isinstance(found["mutex"], Proved)
    assert isinstance(found[prop.name], Unknown)
    assert found[prop.name].reason


def test_actions_are_ruled_out_whose_guard_contradicts_the_invariants():
    never = Transition("never", (C, N), conj((has(C, N), App(FREE, (N,)))), (write(FREE, (N,), FALSE),))
    system = lock(MUTEX, NOT_FREE, extra=(never,))
    actions = [transition.action for transition in system.transitions]
    assert rules_out(system, [MUTEX.name, NOT_FREE.name], actions, (), Limits()) == ({"never"}, frozenset())
    assert rules_out(system, [MUTEX.name], actions, (), Limits()) == (frozenset(), frozenset())


def test_values_unwrapped_in_updates_are_the_values_held():
    """A total symbol that is written from an option: its value after the step is what the option held."""
    last = var("last", result=NODE)
    note = Transition("note", (C,), negate(Eq(held(C), NONE)), (Update(last, (), Unwrap(held(C))),))
    kept = Property("kept", "step_invariant", implies(negate(Eq(App(last), App(last, primed=True))),
                    exists((C,), has(C, App(last, primed=True)))))  # fmt: skip
    every = Property("every", "step_invariant", Eq(App(last), App(last, primed=True)))
    system = lock(kept, every)
    system = replace(system, symbols=(*system.symbols, last), transitions=(note, system.transitions[0]))
    found = judge(system)
    assert isinstance(found["kept"], Proved)
    assert isinstance(found["every"], NotInductive)


def test_a_bulk_write_that_unwraps_at_every_row_is_the_value_held_there():
    last = var("last", CLIENT, result=NODE)
    u = Var("u0", CLIENT)
    value = ite(Eq(held(u), NONE), App(last, (u,)), Unwrap(held(u)))
    note = Transition("note", (), TRUE, (Update(last, (u,), value),))
    kept = Property("kept", "step_invariant", forall((C, N), implies(has(C, N), Eq(App(last, (C,), primed=True), N))))
    system = lock(kept)
    system = replace(system, symbols=(*system.symbols, last), transitions=(note,))
    assert isinstance(judge(system)["kept"], Proved)


def test_without_time_nothing_is_asked_and_the_reason_says_so(monkeypatch):
    def never(*_):
        raise AssertionError("written down for nothing")

    monkeypatch.setattr("interlock.engines.z3.prove.smallest", lambda *_: None)
    monkeypatch.setattr("interlock.engines.z3.prove.z3.substitute_funs", never)
    proof = prove.Proof(lock(MUTEX, NOT_FREE), Budget(10.0, 0.0, lambda: 1.0), Limits(), frozenset({"mutex"}))
    assert set(proof._step_breaks(0, [MUTEX], [MUTEX])) == {"mutex"}
    proof.failures["mutex"] = prove.Failure("unknown", 0)
    verdict = proof.verdict(MUTEX)
    assert isinstance(verdict, Unknown)
    assert "no time left after acquire" in verdict.reason


GROWING = b"""module growing
const TOP: Int
var n: 0..TOP = 0
action up { await n < TOP; n := n + 1 }
invariant small: n < 3
"""

EMPTY = b"""module empty
const LAST: Int
var number(i: 0..LAST): Bool
action turn { number(0) := not number(LAST) }
"""


def test_a_counterexample_may_need_a_range_as_large_as_it_takes():
    [small, _] = check("growing.ilk", Request("prove"), lambda _: GROWING).judgements
    assert isinstance(small.verdict, NotInductive)
    [(top, value)] = [(s.name, t[()]) for s, t in small.verdict.cti.initial.tables.items() if s.name == "TOP"]
    assert (top, value) == ("TOP", 3)


def test_a_range_that_may_be_empty_is_told():
    [judgement] = check("empty.ilk", Request("prove"), lambda _: EMPTY).judgements
    assert isinstance(judgement.verdict, NotInductive)
    assert judgement.verdict.cti.reason == "turn: 0 <= LAST does not hold (LAST is -1)"
