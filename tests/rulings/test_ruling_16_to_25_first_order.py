"""Rulings 16 to 25: what lowering does to processes, options, sets, `!`, bulk writes, havoc and primes."""

from pathlib import Path

import pytest
from tests.rulings.design import codes, explored, front_end, proved, system_of

from interlock.core.types import OptionType, SortType
from interlock.lang.loader import find_spec_root


def symbols(text, **modules):
    return {s.name: s for s in system_of(text, **modules).symbols}


KINDS = """
sort L, M
use lock as m
process init(l: L) { with m { step s: await true } }
process activate(x: M) { with m { step t: await true } }
process idle(x: M) { step u: await true }
"""


def test_ruling_16_what_is_indexed_by_processes_is_split_by_kind():
    found = symbols(KINDS)
    assert [p.name for p in found["m.held_init"].params] == ["L"]
    assert [p.name for p in found["m.held_activate"].params] == ["M"]


def test_ruling_16_kinds_that_never_set_a_relation_are_dropped():
    assert "m.held_idle" not in symbols(KINDS)


def test_ruling_16_forall_over_processes_is_a_conjunction_over_kinds():
    text = KINDS + "invariant one: forall p, q: Process :: m.held(p) and m.held(q) implies p = q"
    assert explored(text)["one"] == "holds"
    assert explored(text.replace("with m { step t: await true }", "step t: m.held(self) := true"))["one"] == "violated"
    assert proved(text)["one"] == "proved"


def test_ruling_16_an_action_and_a_liveness_property_take_any_kind():
    text = """
    sort S
    var woken(p: Process): Bool = false
    action wake(p: Process) { woken(p) := true }
    fair process one(s: S) { step a: await woken(self) }
    fair process two { step b: await woken(self) }
    liveness ends: forall p: Process :: woken(p) leads to done(p)
    reachable both: woken(two) and exists s: S :: woken(one(s))
    expect ends holds
    """
    assert explored(text) == {"ends_one": "holds", "ends_two": "holds", "both": "proved"}
    assert [e.property for e in system_of(text).expects] == ["ends_one", "ends_two"]


def test_ruling_16_a_module_checked_alone_gets_an_abstract_process():
    text = """
    var held(p: Process): Bool = false
    section lock { enter { await forall p: Process :: not held(p); held(self) := true } exit { held(self) := false } }
    invariant exclusive: forall p, q: Process :: held(p) and held(q) implies p = q
    """
    assert SortType("Process") in system_of(text).sorts
    assert proved(text) == {"exclusive": "proved"}
    assert explored(text) == {"exclusive": "holds"}


@pytest.mark.parametrize(
    "text",
    [
        "var last: Process",
        "var last: Process?",
        "var a: Bool\nprocess p { local q: Process step s: a := true }",
        "var set: {Process}\nvar a: Bool\nprocess p { for q in set { step s: a := true } }",
        "var a: Bool\ndefine one(p, q: Process): Bool = if a then p else q\nprocess r { step s: a := true }",
    ],
)
def test_ruling_16_a_process_cannot_be_stored(text):
    assert "E0322" in codes(text) or "E0301" in codes(text)


def test_ruling_16_processes_are_not_indexed_by_processes():
    assert codes("var a: Bool\nprocess p(q: Process) { step s: a := true }") == ["E0323"]


def test_ruling_17_an_option_is_a_functional_relation_and_a_sort_a_total_function():
    text = """
    sort S
    var maybe(x: S): S?
    var surely(x: S): S
    invariant some: forall x: S :: exists y: S :: surely(x) = y
    invariant at_most_one: forall x, y, z: S :: maybe(x) = y and maybe(x) = z implies y = z
    reachable absent: exists x: S :: maybe(x) = none
    """
    found = symbols(text)
    assert isinstance(found["maybe"].result, OptionType)
    assert found["surely"].result == SortType("S")
    assert explored(text) == {"some": "holds", "at_most_one": "holds", "absent": "proved"}


@pytest.mark.parametrize(
    "text",
    [
        "operation o(s: {S}) { }",
        "invariant i: forall s: {S} :: true",
        "define d(s: {S}): Bool = true",
        "var v(s: {S}): Bool",
    ],
)
def test_ruling_18_a_set_is_never_a_parameter_or_quantified(text):
    assert codes("sort S\n" + text) == ["E0315"]


def test_ruling_18_comprehensions_stand_right_of_assignment_in_and_equals():
    base = "sort S\nvar a: {S} = {}\nvar b: {S} = {}\n"
    fine = (
        base
        + """
    process p { step s: a := {x: S where x not in b}; await exists x: S :: x in {y: S where y in a} }
    invariant i: a = {x: S where x in a}
    """
    )
    assert codes(fine) == []
    assert explored(fine)["i"] == "holds"
    assert codes(base + "invariant i: {x: S where x in a}") == ["E0305"]


def test_ruling_18_whole_sets_are_assigned():
    text = """
    sort S
    var a: {S}
    var b: {S}
    process p { step s: a := b  step t: a := {} }
    invariant copied: at(p, t) implies forall x: S :: x in a iff x in b
    invariant empty: done(p) implies not exists x: S :: x in a
    """
    assert explored(text) == {"copied": "holds", "empty": "holds"}


def test_ruling_19_unwrap_is_for_code():
    assert codes("sort S\nvar f(x: S): S?\nvar g(x: S): Bool\ninvariant i: forall x: S :: g(f(x)!)") == ["E0309"]


@pytest.mark.parametrize(
    "statement",
    ["await forall x: S :: g(f(x)!)", "g(x: S) := exists y: S :: f(y)! = x", "a := count(x: S where g(f(x)!)) = 1"],
)
def test_ruling_19_unwrap_is_not_under_a_quantifier_over_its_variable(statement):
    base = "sort S\nvar f(x: S): S?\nvar g(x: S): Bool\nvar a: Bool\n"
    assert codes(base + f"process p {{ step s: {statement} }}") == ["E0324"]


def test_ruling_19_unwrap_of_a_free_value_may_stand_under_a_quantifier():
    text = "sort S\nvar v: S? = none\nvar g(x: S): Bool\n"
    assert codes(text + "process p { step s: await forall x: S :: x = v! or g(x) }") == []


@pytest.mark.parametrize(
    ("condition", "verdict"),
    [
        ("v != none and g(v!)", "holds"),
        ("g(v!) and v != none", "violated"),
        ("v = none or g(v!)", "holds"),
        ("not (v != none implies g(v!))", "holds"),
        ("(if v = none then true else g(v!))", "holds"),
        ("v = none and g(v!)", "violated"),
    ],
)
def test_ruling_19_the_obligation_of_unwrap_follows_guards_from_left_to_right(condition, verdict):
    text = f"sort S\nvar v: S?\nvar g(x: S): Bool\nprocess p {{ step s: await {condition} }}\nexpect p.unwrap holds"
    assert explored(text)["p.unwrap"] == verdict


def test_ruling_19_a_test_before_the_statement_discharges_the_obligation():
    text = "sort S\nvar v: S?\nvar g(x: S): Bool\nprocess p { step s: if v = none { return }; g(v!) := true }\nexpect p.unwrap proved"
    assert proved(text)["p.unwrap"] == "proved"


def test_ruling_19_a_value_lifts_to_its_option_and_options_do_not_nest():
    text = "sort S\nvar v: S? = none\nprocess p { step s: pick x: S; v := x; await v = x }\nreachable set: v != none"
    assert explored(text) == {"set": "proved"}
    assert codes("sort S\nvar v: S??") == ["E0111"]


def test_ruling_20_a_bulk_assignment_reads_the_state_before_the_statement():
    text = """
    var v(x: Bool): 0..1
    initially v(true) = 1 and v(false) = 0
    process p { step swap: v(x: Bool) := v(not x) }
    invariant swapped: done(p) implies v(true) = 0 and v(false) = 1
    reachable over: done(p)
    """
    assert explored(text)["swapped"] == "holds"
    assert explored(text)["over"] == "proved"


def test_ruling_20_a_bulk_assignment_sees_earlier_statements_of_its_step():
    text = """
    var v(x: 0..2): 0..2 = 0
    process p { step s: v(1) := 2; v(i: 0..2) := v(1) }
    invariant all: done(p) implies v(0) = 2 and v(1) = 2 and v(2) = 2
    """
    assert explored(text)["all"] == "holds"


def test_ruling_20_where_restricts_what_a_bulk_assignment_writes():
    text = """
    sort Item, Node
    var home(x: Item): Node
    const parent: Node
    process p(child: Node) { step move: home(x: Item) := parent where home(x) = child }
    step invariant others: forall x: Item :: home(x)' = home(x) or home(x)' = parent
    """
    assert explored(text) == {"others": "holds"}


def test_ruling_21_a_freed_block_is_never_handed_out_again():
    source = Path(find_spec_root(), "std", "heap.ilk").read_text(encoding="utf-8")
    heap = "std.heap" + source.split("module std.heap", 1)[1]
    text = """
    sort B
    use std.heap(B) as heap
    sort T
    process p(t: T) {
      local b: B?
      step get: b := heap.alloc(); if b = none { return }
      step touch: heap.deref(b!)
      step give: heap.free(b!)
    }
    reachable out_of_memory: exists t: T :: done(p(t)) and p(t).b = none
    """
    found = explored(text, heap=heap)
    assert found["heap.no_use_after_free"] == "holds"
    assert found["heap.no_double_free"] == "holds"
    assert found["out_of_memory"] == "proved"
    late = text.replace("step give: heap.free(b!)", "step give: heap.free(b!)\n step late: heap.deref(b!)")
    assert explored(late, heap=heap)["heap.no_use_after_free"] == "violated"


def test_ruling_22_prime_is_the_new_value_in_a_havoc():
    text = """
    var n: 0..5 = 3
    process p { step s: havoc n such that n' > n }
    invariant above: done(p) implies n > 3
    reachable four: n = 4
    reachable five: n = 5
    """
    assert explored(text)["above"] == "holds"
    assert (explored(text)["four"], explored(text)["five"]) == ("proved", "proved")


def test_ruling_22_only_what_is_havocked_is_primed():
    assert codes("var n: 0..5\nvar m: 0..5\nprocess p { step s: havoc n such that n' > m' }") == ["E0406"]


def test_ruling_22_a_whole_symbol_is_havocked():
    text = """
    sort S
    var v(x: S): Bool = false
    process p { step s: havoc v such that exists x: S :: v(x)' }
    invariant some: done(p) implies exists x: S :: v(x)
    reachable all: forall x: S :: v(x)
    reachable one: done(p) and exists x: S :: not v(x)
    """
    assert explored(text) == {"some": "holds", "all": "proved", "one": "proved"}


def test_ruling_23_prime_goes_on_a_whole_term():
    text = """
    sort S
    var at_(x: S): S
    var good(x: S): Bool = true
    process p(s: S) { step move: pick y: S; at_(s) := y; good(s) := false; good(y) := true }
    step invariant moved: forall x: S :: at_(x)' = at_(x) or good(at_(x))'
    """
    text_all = text + "step invariant same: forall x: S :: good(at_(x))' iff (exists y: S :: at_(x)' = y and good(y)')"
    found = explored(text_all)
    assert found["same"] == "holds"


def test_ruling_23_primes_only_where_there_is_a_step():
    assert codes("var a: Bool\ninvariant i: a'") == ["E0311"]
    assert codes("var a: Bool\nprocess p { step s: await a' }") == ["E0311"]


def test_ruling_23_step_invariants_are_judged_on_steps_and_not_on_stuttering():
    text = "var n: 0..3 = 0\naction up { await n < 3; n := n + 1 }\nstep invariant grows: n' > n"
    assert explored(text)["grows"] == "holds"
    assert proved(text)["grows"] == "proved"


@pytest.mark.parametrize("type_", ["Int", "S?"])
def test_ruling_24_quantifiers_range_over_sorts_enums_and_ranges(type_):
    assert codes(f"sort S\ninvariant i: forall x: {type_} :: true") == ["E0304"]
    assert (
        codes(
            "sort S\nenum E {{ A, B }}\ninvariant i: forall x: S, e: E, n: 0..3, b: Bool :: true".replace(
                "{{", "{"
            ).replace("}}", "}")
        )
        == []
    )


def test_ruling_25_there_is_no_last_and_next_need_not_exist():
    assert codes("ordered sort T\nvar v: T = T.last") == ["E0209"]
    text = """
    ordered sort T
    var top: T = T.first
    action up(t: T) { await next(top, t); top := t }
    invariant above: forall t: T :: T.first <= t
    reachable no_next: not exists t: T :: next(top, t)
    step invariant by_one: not exists t: T :: top < t and t < top'
    """
    assert explored(text, {"T": 3}) == {"above": "holds", "no_next": "proved", "by_one": "holds"}
    assert proved(text)["above"] == "proved"


RANGES = """
var n: 0..9 = 9
var low: 0..3 = 0
var v(i: 0..3): Bool = false
var wide: 0..9? = 9
var narrow: 0..3? = none
operation narrowed(k: 0..9): 0..3 { return k }
operation asked(k: 0..3) { low := k }
process p: 0..3 { %s }
expect p.range violated
"""


@pytest.mark.parametrize(
    "body",
    [
        "step s: low := n",
        "step s: v(n) := true",
        "step s: await not v(n)",
        "step s: narrow := n",
        "step s: narrow := wide",
        "step s: low := narrowed(n)",
        "step s: asked(n)",
        "step s: return n",
        "local k: 0..9 step s: k := n return k",
        "step s: await exists k: 0..9 :: v(k)",
    ],
)
def test_ruling_34_what_becomes_one_of_a_range_is_obliged_to_lie_in_it(body):
    assert explored(RANGES % body)["p.range"] == "violated"
    assert (
        explored((RANGES % body).replace("= 9", "= 2").replace("await exists k: 0..9", "await exists k: 0..3"))[
            "p.range"
        ]
        == "holds"
    )


def test_known_gap_an_index_in_a_formula_is_not_obliged_to_lie_in_its_range():
    text = "var n: 0..9 = 9\nvar v(i: 0..3): Bool = false\ninvariant i: not v(n)"
    assert [p.kind for p in system_of(text).properties] == ["invariant"]


def test_ruling_17_a_cycle_of_total_functions_is_named():
    cycle = "sort A, B\nvar f(a: A): B\nvar g(b: B): A\nsort C\nvar h(b: B): C\n"
    (warning,) = front_end(cycle)[1]
    assert warning.code.name == "W0301"
    assert [warning.span.text, *(label.span.text for label in warning.labels)] == ["f", "g"]
    assert not front_end(cycle.replace("): A\n", "): A? = none\n"))[1]


def test_ruling_22_a_havoc_is_the_last_write_to_its_symbol():
    havoc = "sort A\nvar n: 0..3 = 0\nvar m: 0..3 = 0\naction a { %s }\n"
    assert codes(havoc % "n := 1; havoc n such that n' > n; m := 2") == []
    assert codes(havoc % "havoc n; n := 1") == ["E0424"]
    assert codes(havoc % "havoc n; if m = 0 { n := 1 }") == ["E0424"]
