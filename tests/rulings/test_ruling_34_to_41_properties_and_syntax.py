"""Rulings 34 to 41: properties, scenarios, deadlock, fairness; and what is read how."""

import pytest
from tests.rulings.design import codes, explored, front_end, proved, system_of

from interlock.core.show import show_term
from interlock.core.verdict import Holds, Proved
from interlock.engines.judge import meets
from interlock.lang.build_module import ModuleBuilder
from interlock.lang.lark_parser import GRAMMAR, build

NAMED = """
sort S
var v: S?
var n: 0..1 = 0
process p { step s: assert fine: n = 0; n := n + 1; if v! = v! { return } }
action a { n := 1 }
invariant i: n <= 1
deadlock free
"""


@pytest.mark.parametrize("name", ["p.fine", "p.unwrap", "p.range", "a.unwrap", "deadlock", "i"])
def test_ruling_34_every_obligation_has_a_name_that_expect_can_name(name):
    system = system_of(NAMED + f"expect {name} unknown")
    assert [e.property for e in system.expects] == [name]
    assert name in {p.name for p in system.properties}


def test_ruling_34_expect_of_what_is_not_there_is_an_error():
    _, (problem,) = front_end(NAMED + "expect p.fin holds")
    assert problem.code.name == "E0605"
    assert "p.fine" in problem.fix
    assert codes(NAMED.replace("deadlock free", "") + "expect deadlock holds") == ["E0605"]


def test_ruling_34_obligations_of_an_instance_bear_its_name():
    heap = "heap\nvar live: Bool = false\noperation touch() { assert no_use_after_free: live }"
    assert explored("use heap as h\nprocess p { step s: h.touch() }", heap=heap) == {"h.no_use_after_free": "violated"}


def test_ruling_34_unlisted_must_hold_and_proved_is_not_met_by_holds():
    holds, sure = Holds("explore", "S=2"), Proved("induction")
    assert meets(holds, None)
    assert meets(sure, "holds")
    assert meets(sure, "proved")
    assert not meets(holds, "proved")


def test_ruling_34_a_property_is_expected_once():
    assert codes(NAMED + "expect i holds\nexpect i proved") == ["E0606"]


STEPS = """
sort S
var n: 0..3 = 0
var seen(x: S): Bool = false
process p(s: S) { step one: n := 1 for x: S where true as scan { step look: seen(x) := true } step two: n := 2 }
process q { step set: n := 3 }
"""


@pytest.mark.parametrize(
    ("schedule", "claim", "verdict"),
    [
        ("p(s): one  q: set  then n = 3", "possible", "proved"),
        ("q: set  p(s): one  then n = 1", "possible", "proved"),
        ("q: set  p(s): one  then n = 3", "possible", "never"),
        ("p(s): two", "possible", "never"),
        ("p(s): two", "impossible", "holds"),
        ("p(s): one", "impossible", "violated"),
        ("p(s): one, scan...  then not at(p(s), scan.next) and forall x: S :: seen(x)", "possible", "proved"),
        ("p(s): one, scan..., two  then done(p(s))", "possible", "proved"),
        ("p(s): ...  q: ...  then done(p(s)) and n = 3", "possible", "proved"),
        ("p(s): one, scan...  then exists x: S :: not seen(x)", "impossible", "holds"),
    ],
)
def test_ruling_35_a_scenario_is_the_complete_schedule_in_order(schedule, claim, verdict):
    assert explored(STEPS + f"scenario it(s: S) {claim} {{ {schedule} }}")["it"] == verdict


def test_ruling_35_parameters_of_a_scenario_are_existential():
    text = STEPS + "const special: S\nscenario it(s: S) possible { p(s): one then s = special }"
    assert explored(text)["it"] == "proved"


WAITS = """
var a: Bool = false
process p { %s step wait: await a }
%s
deadlock free
"""


@pytest.mark.parametrize(
    ("rest", "more", "verdict"),
    [
        ("", "", "holds"),  # nothing has started
        ("step go: await true", "", "violated"),
        ("step go: await true rest", "", "holds"),
        ("step go: await true", "action help { a := true }", "holds"),
        ("step go: await true", "action idle { await not a }", "violated"),
    ],
)
def test_ruling_36_deadlock_is_a_started_process_that_waits_where_nothing_moves(rest, more, verdict):
    assert explored(WAITS % (rest, more))["deadlock"] == verdict


def test_ruling_36_one_rest_step_is_no_excuse_for_another_process():
    text = """
    var a: Bool = false
    process idle { step go: await true rest step wait: await a }
    process stuck { step begin: await true step wait: await a }
    deadlock free
    """
    assert explored(text)["deadlock"] == "violated"


FAIR = """
sort T
var turn: T
var n(t: T): Bool = false
%sprocess p(t: T) { step s: n(t) := true }
liveness ends: forall t: T :: true leads to done(p(t))
"""


def test_ruling_37_fairness_is_per_process_instance():
    assert explored(FAIR % "fair ") == {"ends": "holds"}
    assert explored(FAIR % "") == {"ends": "violated"}


BARGING = """
use lock as m
sort T
%s process p(t: T) {
  loop { with m { step s: await true } }
}
liveness enters: forall t: T :: at(p(t), m.enter) leads to inside(p(t), m)
"""


def test_ruling_37_weak_fairness_gives_no_progress_under_a_barging_mutex():
    assert explored(BARGING % "fair")["enters"] == "violated"
    assert explored(BARGING % "strongly fair")["enters"] == "holds"


@pytest.mark.parametrize("word", ["step", "with", "await", "forall", "process", "use"])
def test_ruling_38_keywords_are_reserved(word):
    assert codes(f"var {word}: Bool") == ["E0108"]


def test_ruling_38_the_grammar_has_no_conflict():
    build(GRAMMAR.read_text(encoding="utf-8"), ModuleBuilder(), strict=True)


FORMULAS = [
    ("not a and b", "(not a) and b"),
    ("a or b and c", "a or (b and c)"),
    ("a and b implies c or d", "(a and b) implies (c or d)"),
    ("a implies b implies c", "a implies (b implies c)"),
    ("a implies b iff c implies d", "(a implies b) iff (c implies d)"),
    ("not x = y", "not (x = y)"),
    ("x = y and x != z", "(x = y) and (x != z)"),
    ("a and forall s: S :: b and c", "a and (forall s: S :: (b and c))"),
    ("exists s: S :: a implies b", "exists s: S :: (a implies b)"),
    ("a implies not exists s: S :: b or c", "a implies (not (exists s: S :: (b or c)))"),
    ("1 + 2 * 3 = 7", "(1 + (2 * 3)) = 7"),
    ("1 - 2 - 3 = 0 - 4", "((1 - 2) - 3) = (0 - 4)"),
    ("x not in u or a", "(x not in u) or a"),
    ("if a then b else c or d", "if a then b else (c or d)"),
]


@pytest.mark.parametrize(("plain", "bracketed"), FORMULAS)
def test_ruling_39_operators_bind_as_stated(plain, bracketed):
    head = "sort S\nvar a: Bool\nvar b: Bool\nvar c: Bool\nvar d: Bool\nvar x: S\nvar y: S\nvar z: S\nvar u: {S}\n"
    shown = [show_term(system_of(f"{head}invariant i: {f}").property("i").formula) for f in (plain, bracketed)]
    assert shown[0] == shown[1]


def test_ruling_39_precedence_decides_truth():
    text = "invariant i: not false and true\nreachable r: not (false and true) and (true implies false implies false)"
    assert explored(text) == {"i": "holds", "r": "proved"}


@pytest.mark.parametrize("chain", ["1 < 2 < 3", "a = b = c", "1 <= 2 = true"])
def test_ruling_39_comparisons_do_not_chain(chain):
    assert codes(f"var a: Bool\nvar b: Bool\nvar c: Bool\ninvariant i: {chain}") == ["E0107"]


def test_ruling_39_a_quantifier_is_the_last_operand_only():
    assert codes("sort S\nvar a: Bool\ninvariant i: (forall s: S :: a) and a") == []
    assert codes("sort S\nvar a: Bool\ninvariant i: a = forall s: S :: a") == ["E0110"]


def test_ruling_40_a_statement_starts_with_a_place():
    assert codes("var a: Bool\nprocess p { step s: not a }") != []
    assert codes("var a: Bool\nprocess p { step s: a }") == ["E0403"]


def test_ruling_40_return_takes_a_postfix_term():
    text = "sort S\nvar f(x: S): S?\nprocess p(s: S): S { step a: await f(s) != none; return f(s)! }"
    assert codes(text) == []
    assert codes("process p: Bool { step a: return (true and false) }") == []


def test_ruling_40_bang_equals_without_a_space_offers_both_readings():
    _, problems = front_end("sort S\nvar x: S?\nvar y: S\nprocess p { step s: await x!= y }")
    assert [p.code.name for p in problems] == ["E0106"]
    assert "x != y" in problems[0].fix
    assert "x! = y" in problems[0].fix


def test_ruling_41_a_doc_comment_belongs_to_the_next_item():
    system = system_of("var a: Bool = true\n--- It stays so.\ninvariant kept: a\n-- not this\ninvariant other: a")
    assert system.property("kept").doc == "It stays so."
    assert system.property("other").doc == ""


def test_prover_and_explorer_agree_on_a_plain_design():
    text = "use lock as m\nsort T\nvar n(t: T): Bool = false\nprocess p(t: T) { with m { step s: n(t) := true step u: n(t) := false } }"
    text += "\ninvariant one: forall t, u: T :: n(t) and n(u) implies t = u\nlemma at_u: forall t: T :: n(t) implies at(p(t), u)"
    text += "\nlemma held: forall t: T :: inside(p(t), m) implies m.held(p(t))"
    text += "\nlemma mutual: forall t, u: T :: m.held(p(t)) and m.held(p(u)) implies t = u"
    assert explored(text)["one"] == "holds"
    assert proved(text)["one"] == "proved"
