"""Rulings 26 to 33: state, modules, ghosts and refinement."""

import pytest
from tests.rulings.design import codes, explored, front_end, system_of


def test_ruling_26_a_var_without_initial_value_is_arbitrary():
    text = "var a: Bool\nvar b: Bool = false\nreachable yes: a\nreachable no: not a\ninvariant set: not b"
    assert explored(text) == {"yes": "proved", "no": "proved", "set": "holds"}


def test_ruling_26_init_is_free_as_a_name():
    assert codes("var a: Bool\ninitially not a\nprocess init { step s: a := true }") == []


LOCALS = """
sort S
enum E { A, B }
var out: Bool = false
process p(s: S) {
  local flag: Bool
  local maybe: S?
  local n: Int
  local k: 2..5
  local e: E = B
  local set: {S}
  step look: assert fresh: not flag and maybe = none and n = 0 and k = 2 and e = B and (forall x: S :: x not in set)
}
"""


def test_ruling_27_locals_have_values_at_process_start():
    assert explored(LOCALS, {"S": 1})["p.fresh"] == "holds"


def test_ruling_27_loop_does_not_reset_locals():
    text = """
    var out: 0..2 = 0
    process p { local n: 0..2 loop { step s: await n < 2; n := n + 1; out := n } }
    reachable twice: out = 2
    """
    assert explored(text)["twice"] == "proved"


def test_ruling_27_each_instance_runs_once():
    text = "sort S\nvar n(s: S): 0..3 = 0\nprocess p(s: S) { step s1: n(s) := n(s) + 1 }\ninvariant once: forall s: S :: n(s) <= 1"
    assert explored(text)["once"] == "holds"


PATHS = {
    "never set": "step one: f(t) := true",
    "one branch of an if in a step": "step one: if f(s) { t := s } step two: f(t) := true",
    "one branch of an either": "step one: either { t := s } or { await true } step two: f(t) := true",
    "one branch between steps": "step one: b := f(s) if b { step set: t := s } step two: f(t) := true",
    "a loop that may not run": "step one: b := f(s) while b { step set: t := s; b := false } step two: f(t) := true",
    "a jump around it": "step one: if f(s) { goto two } step set: t := s step two: f(t) := true",
    "later in the same step": "step one: f(t) := true; t := s",
    "in a condition between steps": "step one: b := true if t = s { step two: f(s) := true }",
    "in a set that is walked": "step one: b := true for x: S where x = t { step two: f(x) := true }",
    "in a value returned between steps": "step one: b := true return t",
}
FINE = {
    "the same step": "step one: t := s; f(t) := true",
    "both branches": "step one: if f(s) { t := s } else { pick y: S; t := y } step two: f(t) := true",
    "the other branch leaves": "step one: if f(s) { t := s } else { return none } step two: f(t) := true",
    "a havoc": "step one: havoc t step two: f(t) := true",
    "before a loop": "step one: t := s loop { step two: f(t) := true }",
    "in a loop before it is read": "loop { step one: t := s step two: f(t) := true }",
    "the variable of a loop": "for x in f { step two: f(x) := false }",
}
CODE = "sort S\nvar f(x: S): Bool = false\nprocess p(s: S): S? {{ local t: S local b: Bool {} }}"


@pytest.mark.parametrize("body", PATHS.values(), ids=PATHS.keys())
def test_ruling_27_a_local_of_a_sort_is_set_before_it_is_read(body):
    assert codes(CODE.format(body)) == ["E0509"]


@pytest.mark.parametrize("body", FINE.values(), ids=FINE.keys())
def test_ruling_27_a_local_that_every_path_sets_may_be_read(body):
    assert codes(CODE.format(body)) == []


def test_ruling_27_formulas_see_an_unset_local_as_none():
    text = CODE.format("step one: t := s") + "\ninvariant set: forall s: S :: done(p(s)) iff p(s).t = s"
    assert explored(text)["set"] == "holds"


def test_ruling_28_result_is_none_until_a_return_with_a_value():
    text = """
    enum Error { OK, ENOMEM }
    var a: Bool
    process p: Error { step one: if a { return ENOMEM } step two: await true }
    invariant before: not done(p) implies result(p) = none
    reachable failed: result(p) = ENOMEM
    reachable silent: done(p) and result(p) = none
    """
    assert explored(text) == {"before": "holds", "failed": "proved", "silent": "proved"}
    assert codes("var a: Bool\nprocess p { step s: a := true }\ninvariant i: result(p) = none") == ["E0214"]


BASE = "base\nvar n: 0..3 = 0\noperation up() { n := n + 1 }"


def test_ruling_29_use_opens_the_one_shared_instance():
    left = "left\nuse base\noperation by_left() { up() }"
    right = "right\nuse base\noperation by_right() { up() }"
    text = "use left\nuse right\nprocess p { step s: by_left() step t: by_right() }\nreachable both: n = 2"
    assert explored(text + "\nuse base", base=BASE, left=left, right=right)["both"] == "proved"


def test_ruling_29_use_as_makes_a_new_instance():
    text = "use base as a\nuse base as b\nprocess p { step s: a.up() }\nreachable apart: a.n = 1 and b.n = 0\ninvariant still: b.n = 0"
    found = explored(text, base=BASE)
    assert (found["apart"], found["still"]) == ("proved", "holds")


def test_ruling_29_clashing_names_show_both_places():
    _, (problem,) = front_end("use base\nuse other", {"base": BASE, "other": "other\nvar n: Bool"})
    assert problem.code.name == "E0217"
    assert [label.span.source.path for label in problem.labels] == ["base.ilk", "other.ilk"]


@pytest.mark.parametrize(
    "text",
    [
        "invariant i: forall n: S :: true",
        "process p(n: S) { step s: await true }",
        "process p { local n: Bool step s: await true }",
        "process p { step s: let n = 1; await true }",
        "process p { step s: pick n: S }",
        "define d(n: S): Bool = true",
    ],
)
def test_ruling_29_nothing_is_shadowed(text):
    assert set(codes("sort S\nvar n: Bool\n" + text)) == {"E0203"}


SLOTS = """
slots(sort Key, ordered sort Rank, const limit: Rank, define ok(k: Key): Bool, var taken(k: Key): Bool)
operation take(k: Key) { taken(k) := true }
invariant only_ok: forall k: Key :: taken(k) implies ok(k)
invariant low: Rank.first <= limit
"""
OWNER = """
sort K
ordered sort R
const top: R
var good(k: K): Bool
var has(k: K): Bool = false
use slots(K, R, top, good, has) as s
process p(k: K) { step one: %s }
"""


def test_ruling_30_a_property_is_stated_once_and_instantiated():
    assert explored(OWNER % "await good(k); s.take(k)", slots=SLOTS) == {"s.only_ok": "holds", "s.low": "holds"}
    assert explored(OWNER % "s.take(k)", slots=SLOTS)["s.only_ok"] == "violated"


def test_ruling_30_define_is_read_only_and_var_is_written():
    assert "E0419" in codes(OWNER % "s.take(k)", slots=SLOTS.replace("taken(k) := true", "ok(k) := true"))
    assert codes(
        (OWNER % "s.take(k)").replace("good, has)", "good, good2)") + "define good2(k: K): Bool = not good(k)",
        slots=SLOTS,
    ) == ["E0226"]


def test_ruling_30_the_owner_alone_gives_the_initial_value():
    with_value = SLOTS.replace("taken(k: Key): Bool", "taken(k: Key): Bool = true")
    assert "E0220" in codes(OWNER % "s.take(k)", slots=with_value)
    assert (
        explored(OWNER % "await false" + "\ninvariant none_taken: forall k: K :: not has(k)", slots=SLOTS)["none_taken"]
        == "holds"
    )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("K, R, top, good", "E0221"),
        ("K, K, top, good, has", "E0223"),
        ("good, R, top, good, has", "E0222"),
        ("K, R, top, good, top", "E0224"),
        ("K, R, now, good, has", "E0225"),
    ],
)
def test_ruling_30_arguments_fit_their_parameters(arguments, code):
    text = "sort K\nordered sort R\nconst top: R\nvar now: R\nvar good(k: K): Bool\nvar has(k: K): Bool\n"
    assert codes(text + f"use slots({arguments}) as s", slots=SLOTS) == [code]


def test_ruling_30_a_define_may_be_an_expression_over_the_owners_state():
    text = (OWNER % "await not bad(k); s.take(k)").replace("top, good,", "top, fine,")
    text += "define fine(k: K): Bool = not bad(k)\nvar bad(k: K): Bool = false\n"
    assert explored(text, slots=SLOTS)["s.only_ok"] == "holds"


CELL = """cell
var full: Bool = false
operation put() { assert empty: not full; full := true }
action drain { full := false }
process filler { step fill: put() }
invariant fine: full or not full
"""


def test_ruling_31_an_index_stands_in_front_of_symbols_actions_and_processes():
    text = """
    sort L
    use cell as c(l: L)
    process p(l: L) { step s: await not c(l).full; c(l).put() }
    invariant i: forall l: L :: done(p(l)) implies started(p(l))
    reachable one: exists l, k: L :: c(l).full and not c(k).full
    """
    system = system_of(text, cell=CELL)
    full = next(s for s in system.symbols if s.name == "c.full")
    assert [t.name for t in full.params] == ["L"]
    drain = next(t for t in system.transitions if t.action == "c.drain")
    assert [v.type.name for v in drain.params] == ["L"]
    filler = next(p for p in system.processes if p.name == "c.filler")
    assert [v.type.name for v in filler.params] == ["L"]
    found = explored(text, cell=CELL)
    assert (found["one"], found["c.fine"], found["c.empty"]) == ("proved", "holds", "violated")


def test_ruling_31_indexed_instances_nest():
    inner = CELL.replace("cell", "inner", 1)
    outer = (
        "outer\nsort K\nuse inner as i(k: K)\noperation both(k: K) { i(k).put() }\ndefine any(k: K): Bool = i(k).full"
    )
    text = """
    sort L
    use outer as o(l: L)
    process p(l: L) { step s: pick k: o.K; await not o(l).any(k); o(l).both(k) }
    reachable two: exists l: L, k: o.K :: o(l).any(k) and o(l).i(k).full
    invariant same: forall l: L, k: o.K :: o(l).any(k) iff o(l).i(k).full
    """
    found = explored(text, {"L": 2, "o.K": 1}, inner=inner, outer=outer)
    assert (found["two"], found["same"]) == ("proved", "holds")
    full = next(s for s in system_of(text, inner=inner, outer=outer).symbols if s.name == "o.i.full")
    assert [t.name for t in full.params] == ["L", "o.K"]


def test_ruling_31_an_indexed_instance_needs_its_index():
    text = "sort L\nuse cell as c(l: L)\nprocess p(l: L) { step s: c.put() }"
    assert codes(text, cell=CELL) == ["E0208"]


GHOST = "sort S\nghost g(x: S): Bool = false\nghost gv: S?\nvar v(x: S): Bool = false\nvar n: Bool\noperation o(b: Bool) { n := b }\n"


@pytest.mark.parametrize(
    "body",
    [
        "step s: await g(x)",
        "step s: if g(x) { v(x) := true }",
        "step s: v(x) := g(x)",
        "step s: v(y: S) := true where g(y)",
        "step s: pick y: S where g(y); v(y) := true",
        "step s: let b = g(x); n := b",
        "step s: o(g(x))",
        "step s: havoc n such that n' = g(x)",
        "for y in g { step s: v(y) := true }",
        "step s: return g(x)",
    ],
)
def test_ruling_32_a_ghost_decides_nothing(body):
    assert codes(GHOST + f"process p(x: S): Bool {{ {body} }}") == ["E0415"]


def test_ruling_32_ghosts_may_read_anything_and_asserts_may_read_ghosts():
    text = GHOST + "process p(x: S) { step s: v(x) := true; g(x) := v(x); assert same: g(x) }"
    assert explored(text) == {"p.same": "holds"}


def test_ruling_32_ghost_indices_decide_where_a_value_is_written():
    assert codes(GHOST.replace("gv: S?", "gv: S") + "process p { step s: v(gv) := true }") == ["E0415"]


def test_ruling_32_an_operation_of_an_indexed_instance_gets_no_ghost():
    box = "box\nvar n: Bool\noperation o(b: Bool) { n := b }"
    assert codes(GHOST + "use box as b(y: S)\nprocess p(x: S) { step s: b(x).o(g(x)) }", box=box) == ["E0415"]


def test_ruling_32_updates_of_ghosts_are_total():
    assert codes(GHOST + "process p(x: S) { step s: g(gv!) := true }") == ["E0416"]


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ("set.store => write(x)", "E0612"),
        ("value = copy  set.nowhere => write(x)", "E0213"),
        ("value = copy  set.store => erase(x)", "E0615"),
        ("value = copy  set.store => write()", "E0319"),
        ("value = copy  volume = copy", "E0613"),
        ("value(y) = copy", "E0614"),
        ("value = copy  elsewhere => write(x)", "E0616"),
    ],
)
def test_ruling_33_mappings_are_checked(entries, code):
    abstract = "register\nvar value: Bool = false\naction write(x: Bool) { value := x }"
    text = "var copy: Bool = false\nprocess set(x: Bool) { step store: copy := x }\n"
    assert code in codes(text + f"refines register {{ {entries} }}", register=abstract)


def test_ruling_33_a_target_has_actions_only():
    assert codes("refines register { }", register="register\nvar a: Bool\nprocess p { step s: a := true }") == ["E0611"]


def test_ruling_33_a_refinement_is_a_property_of_the_design():
    abstract = "register\nvar value: Bool = false\naction write(x: Bool) { value := x }"
    text = "var copy: Bool = false\nprocess set(x: Bool) { step store: copy := x }\n"
    text += "refines register { value = copy  set.store => write(x) }"
    (found,) = [p for p in system_of(text, register=abstract).properties if p.kind == "refinement"]
    assert found.name == "refinement.register"


REGISTER = "register\nvar value: Bool = false\naction write(x: Bool) { value := x }"
COPY = "var copy: Bool = false\nprocess set(x: Bool) { step store: %s }\nrefines register { value = copy  %s }"


@pytest.mark.parametrize(
    ("step", "listed", "verdict"),
    [
        ("copy := x", "set.store => write(x)", "holds"),
        ("copy := x", "set.store => write(not x)", "violated"),
        ("copy := x", "", "violated"),
        ("await x", "", "holds"),
        ("either { copy := x } or { await true }", "set.store => write(x)", "holds"),
    ],
)
def test_ruling_33_listed_steps_take_the_action_or_stutter_and_others_must_stutter(step, listed, verdict):
    assert explored(COPY % (step, listed), register=REGISTER)["refinement.register"] == verdict


def test_ruling_33_what_is_not_listed_is_what_bears_the_same_name():
    text = "var value: Bool = false\naction write(x: Bool) { value := x }\nrefines register { }"
    assert explored(text, register=REGISTER) == {"refinement.register": "holds"}
    assert explored(text.replace("write(", "set("), register=REGISTER) == {"refinement.register": "violated"}
    assert codes(text.replace("var value: Bool = false", "var value: Bool? = none"), register=REGISTER) == ["E0617"]


def test_ruling_33_a_mapping_may_ask_whether_a_process_has_started():
    """Which a process whose first step comes back must remember."""
    text = "process p { loop { step a: await true  step b: await true } }\n"
    text += "refines register { value = started(p)  p.a => write(true) }"
    assert explored(text, register=REGISTER) == {"refinement.register": "holds"}


def test_ruling_33_a_variable_has_one_meaning():
    assert "E0204" in codes(COPY % ("copy := x", "value = not copy"), register=REGISTER)


def test_ruling_33_a_module_is_refined_in_one_way():
    assert "E0601" in codes((COPY % ("copy := x", "")) + " refines register { value = not copy }", register=REGISTER)


def test_ruling_33_actions_stand_left_of_an_arrow_too():
    text = (
        "var copy: Bool = false\naction set(b: Bool) { copy := b }\nrefines register { value = copy  set => write(b) }"
    )
    assert explored(text, register=REGISTER) == {"refinement.register": "holds"}
    box = "box\nvar copy: Bool = false\naction set(b: Bool) { copy := b }"
    used = "use box as c\nrefines register { value = c.copy  c.set => write(b) }"
    assert explored(used, register=REGISTER, box=box) == {"refinement.register": "holds"}
    many = "sort S\nuse box as c(y: S)\nrefines register { value = exists y: S :: c(y).copy  c.set => write(%s) }"
    assert (
        explored(many % "b or exists z: S :: z != y and c(z).copy", register=REGISTER, box=box)["refinement.register"]
        == "holds"
    )
    assert explored(many % "not b", register=REGISTER, box=box)["refinement.register"] == "violated"


def test_ruling_29_the_order_of_declarations_does_not_matter():
    forwards = OWNER % "await good(k); s.take(k)"
    lines = [line for line in forwards.splitlines() if line]
    backwards = "\n".join(reversed(lines))
    assert explored(backwards, slots=SLOTS) == explored(forwards, slots=SLOTS)


def test_known_gap_a_define_that_reads_a_local_cannot_be_passed_to_a_module():
    text = "var on: Bool = false\nuse inner(ended) as i\ndefine ended(): Bool = p.b\nprocess p { local b: Bool step s: b := true }"
    assert "E0211" in codes(text.replace("ended()", "ended"), inner="inner(define e: Bool)\ninvariant i: not e")
