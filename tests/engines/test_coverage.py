"""Dead steps and vacuous properties: seen, proved, exhausted, or not claimed."""

from dataclasses import replace

import pytest
from tests.engines.systems import starts, var, write

from interlock.core.system import Property, Transition, TransitionSystem
from interlock.core.term import (
    FALSE,
    TRUE,
    And,
    App,
    Eq,
    Implies,
    Or,
    Quant,
    Var,
    conj,
    exists,
    forall,
    implies,
    negate,
)
from interlock.core.types import SortType
from interlock.core.verdict import Holds, Proved, Violated
from interlock.engines.coverage import conditions_of, cover
from interlock.engines.protocol import Limits
from interlock.engines.z3.coverage import rules_out

PROC = SortType("Proc")
P, Q = Var("p", PROC), Var("q", PROC)
BUSY, LOST, OWNED = var("busy", PROC), var("lost", PROC), var("owned")
busy = App(BUSY, (P,))
lost = App(LOST, (P,))
owned = App(OWNED)

NEVER_LOST = Property("never_lost", "invariant", forall((P,), negate(lost)))
LOST_IS_BUSY = Property("lost_is_busy", "invariant", forall((P,), implies(lost, busy)))
BUSY_IS_OWNED = Property("busy_is_owned", "invariant", forall((P,), implies(busy, owned)))
LOST_FOR_GOOD = Property("lost_for_good", "step_invariant",
    forall((P,), implies(lost, App(LOST, (P,), primed=True))))  # fmt: skip
BUSY_FOR_GOOD = Property("busy_for_good", "step_invariant",
    forall((P,), implies(busy, App(BUSY, (P,), primed=True))))  # fmt: skip
PROPERTIES = (NEVER_LOST, LOST_IS_BUSY, BUSY_IS_OWNED, LOST_FOR_GOOD, BUSY_FOR_GOOD)
UNBOUNDED, SCOPE = Proved("induction"), Holds("explore", "Proc=2 (3 states)")


def system(*properties: Property) -> TransitionSystem:
    """Processes begin; they would be found, had any been lost."""
    begin = Transition("begin", (P,), negate(busy), (write(BUSY, (P,), TRUE), write(OWNED, (), TRUE)))
    find = Transition("find", (P,), lost, (write(LOST, (P,), FALSE),))
    return TransitionSystem(
        "work", (PROC,), (), (BUSY, LOST, OWNED), (), (starts(BUSY, FALSE), starts(LOST, FALSE), starts(OWNED, FALSE)), (),
        (begin, find), (), properties or PROPERTIES,
    )  # fmt: skip


def covered(of, verdicts, *, asked=rules_out, limits=None):
    return cover(of, verdicts.items(), asked, limits or Limits(sizes={"Proc": 2}))


def nothing_ruled_out(*_):
    return frozenset(), frozenset()


def test_what_proved_invariants_rule_out_is_dead_whatever_the_sizes():
    found = covered(system(), {"never_lost": UNBOUNDED, "lost_is_busy": UNBOUNDED, "busy_is_owned": UNBOUNDED,
                               "lost_for_good": UNBOUNDED, "busy_for_good": UNBOUNDED})  # fmt: skip
    assert [(d.step, d.method, d.bound) for d in found.dead] == [("find", "induction", "unbounded")]
    assert [(v.property, v.condition, v.bound) for v in found.vacuous] == [
        ("lost_is_busy", "lost(p)", "unbounded"),
        ("lost_for_good", "lost(p)", "unbounded"),
    ]
    assert found.unseen == ()


def test_without_the_invariant_an_exhausted_scope_tells():
    found = covered(system(), {"lost_is_busy": SCOPE, "busy_is_owned": SCOPE})
    assert [(d.step, d.method, d.bound) for d in found.dead] == [("find", "explore", "Proc=2")]
    assert [(v.property, v.bound) for v in found.vacuous] == [("lost_is_busy", "Proc=2")]
    assert (found.states, found.complete) == (4, True)


def test_what_is_neither_seen_nor_ruled_out_is_not_claimed():
    limits = Limits(sizes={"Proc": 2}, states=1)
    found = covered(system(), {"lost_is_busy": UNBOUNDED}, asked=nothing_ruled_out, limits=limits)
    assert (found.dead, found.vacuous) == ((), ())
    assert found.unseen == ("begin", "find")
    assert not found.complete


def test_what_is_seen_needs_no_question():
    def fail(*_):
        raise AssertionError("asked for nothing")

    of = replace(system(BUSY_IS_OWNED), transitions=system().transitions[:1])
    found = covered(of, {"busy_is_owned": UNBOUNDED}, asked=fail)
    assert (found.dead, found.vacuous, found.unseen) == ((), (), ())
    assert found.states < 4, "it stops once everything has been seen"


def test_what_is_violated_is_not_called_vacuous():
    found = covered(system(), {"lost_is_busy": Violated("explore", "Proc=2", None)})
    assert found.vacuous == ()


def test_a_formula_that_lowering_settled_names_what_nothing_changes():
    settled = Property("settled", "invariant", TRUE, unchanging=("registered",))
    found = covered(system(settled), {"settled": UNBOUNDED})
    assert [(v.property, v.unchanging, v.method) for v in found.vacuous] == [("settled", ("registered",), "lowering")]


def test_a_scope_without_finite_meaning_leaves_what_z3_knows():
    from interlock.core.types import INT

    odd = replace(system(NEVER_LOST), symbols=(*system().symbols, var("n", result=INT)))
    found = covered(odd, {"never_lost": UNBOUNDED})
    assert [d.step for d in found.dead] == ["find"]
    assert found.unseen == ("begin",)


@pytest.mark.parametrize(
    ("formula", "conditions"),
    [
        (forall((P,), Implies(busy, lost)), [((P,), busy)]),
        (Implies(owned, forall((P,), Implies(busy, lost))), [((P,), conj((owned, busy)))]),
        (forall((P,), Implies(busy, exists((Q,), Eq(P, Q)))), [((P,), busy)]),
        (And((forall((P,), Implies(busy, lost)), Implies(owned, FALSE))), [((P,), busy), ((), owned)]),
        (And((forall((P,), Implies(busy, lost)), owned)), []),
        (forall((P,), negate(busy)), []),
        (Or((negate(owned), busy)), []),
        (Quant("exists", (P,), Implies(busy, lost)), []),
    ],
)
def test_the_conditions_without_which_a_formula_says_nothing(formula, conditions):
    assert conditions_of(formula) == conditions


def test_a_state_where_nothing_moves_any_more_is_reached_all_the_same():
    """`done for good` says something once it is done, although no step starts there."""
    end = Transition("end", (), negate(owned), (write(OWNED, (), TRUE),))
    for_good = Property("for_good", "step_invariant", implies(owned, App(OWNED, primed=True)))
    of = replace(system(for_good), transitions=(end,))
    assert covered(of, {"for_good": UNBOUNDED}).vacuous == ()


def test_a_step_that_a_small_scope_lacks_makes_no_proof_vacuous():
    """One process begins while another is busy: the smallest scope has no other."""
    other = App(BUSY, (Q,))
    while_busy = conj((negate(Eq(P, Q)), other, negate(busy), App(BUSY, (P,), primed=True)))
    claim = Property("claim", "step_invariant", forall((P, Q), implies(while_busy, owned)))
    alone = Limits(sizes={"Proc": 1})
    assert covered(system(claim), {"claim": UNBOUNDED}, limits=alone).vacuous == ()
    assert [v.bound for v in covered(system(claim), {"claim": SCOPE}, limits=alone).vacuous] == ["Proc=1"]
    assert covered(system(claim), {"claim": SCOPE}).vacuous == ()
