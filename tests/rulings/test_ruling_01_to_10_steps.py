"""Rulings 1 to 10: steps and control."""

import pytest
from tests.rulings.design import actions_of, codes, explored, proved, size_of, system_of


def test_ruling_01_semicolon_joins_statements_of_one_step():
    text = """
    var a: Bool = false
    var b: Bool = false
    process p { step both: a := true; b := true }
    invariant together: a iff b
    reachable both_set: a and b
    """
    assert explored(text) == {"together": "holds", "both_set": "proved"}


def test_ruling_01_long_form_of_a_step_is_the_same_step():
    short = "var a: Bool = false\nvar b: Bool = false\nprocess p { step both: a := true; b := true }"
    long = "var a: Bool = false\nvar b: Bool = false\nprocess p { step both { a := true; b := true } }"
    assert system_of(short).transitions == system_of(long).transitions


def test_ruling_01_no_semicolon_between_process_items():
    assert codes("var a: Bool = false\nprocess p { with m { step s: a := true }; step t: a := false }") == ["E0116"]


def test_ruling_02_later_statements_see_earlier_writes():
    text = """
    var n: 0..9 = 0
    process p { step count_up: n := n + 1; n := n * 2; n := n + 1 }
    invariant only: n = 0 or n = 3
    reachable three: n = 3
    """
    assert explored(text) == {"only": "holds", "three": "proved", "p.range": "holds"}
    assert len(system_of(text).transitions) == 1


def test_ruling_02_a_false_await_disables_the_step():
    text = "var a: Bool = false\nprocess p { step s: await a; a := true }\nreachable moved: a"
    assert explored(text) == {"moved": "never"}


def test_ruling_02_an_await_reads_what_the_step_has_written():
    text = "var a: Bool = false\nvar b: Bool = false\nprocess p { step s: a := true; await a; b := true }\nreachable moved: b"
    assert explored(text) == {"moved": "proved"}


def test_ruling_02_a_pick_without_witness_disables_the_step():
    text = """
    sort S
    var good(x: S): Bool = false
    var a: Bool = false
    process p { step s: pick x: S where good(x); a := true }
    reachable moved: a
    """
    assert explored(text) == {"moved": "never"}


def test_ruling_02_a_havoc_without_a_value_disables_the_step():
    text = "var n: 0..3 = 0\nprocess p { step s: havoc n such that n' > n and n' < 1 }\nreachable moved: n != 0"
    assert explored(text)["moved"] == "never"


def test_ruling_02_either_takes_the_branch_that_is_enabled():
    text = """
    var a: Bool = false
    var b: Bool = false
    process p { step s: either { await false; a := true } or { b := true } }
    reachable first: a
    reachable second: b
    """
    assert explored(text) == {"first": "never", "second": "proved"}


def test_ruling_02_what_follows_an_either_may_disable_one_branch():
    text = """
    var n: 0..2 = 0
    process p { step s: either { n := 1 } or { n := 2 }; await n = 2 }
    reachable one: n = 1
    reachable two: n = 2
    """
    assert explored(text)["one"] == "never"
    assert explored(text)["two"] == "proved"


def test_ruling_02_either_between_steps_offers_the_first_step_of_each_branch():
    text = """
    var a: Bool = false
    var n: 0..2 = 0
    process p { either { step one: await a; n := 1 } or { step two: n := 2 } }
    reachable one: n = 1
    reachable two: n = 2
    """
    found = explored(text)
    assert (found["one"], found["two"]) == ("never", "proved")


def test_ruling_03_an_assert_is_judged_although_a_later_await_fails():
    text = "var a: Bool = false\nprocess p { step s: assert fine: a; await false }"
    assert explored(text) == {"p.fine": "violated"}


def test_ruling_03_an_assert_is_not_judged_until_the_await_before_it_passes():
    text = "var a: Bool = false\nprocess p { step s: await false; assert fine: a }"
    assert explored(text) == {"p.fine": "holds"}


def test_ruling_03_taking_a_lock_twice_is_reported_and_does_not_merely_block():
    strict = """strict
    var held(p: Process): Bool = false
    section lock {
      enter { assert no_relock: not held(self); await forall p: Process :: not held(p); held(self) := true }
      exit { held(self) := false }
    }
    """
    text = "use strict as m\nprocess p { with m { step s: acquire m } }"
    assert explored(text, strict=strict)["m.no_relock"] == "violated"


def test_ruling_03_for_the_prover_an_assert_is_an_obligation_then_an_assumption():
    text = """
    var a: Bool
    var b: Bool = true
    process p { step s: assert first: a; assert second: a; b := a }
    invariant kept: b
    """
    found = proved(text)
    assert found["p.first"] == "not_inductive"
    assert found["p.second"] == "proved"
    assert found["kept"] == "proved"


def test_ruling_04_branches_between_steps_take_no_step():
    text = """
    var n: 0..9 = 0
    process p {
      local found: Bool
      step look: found := n = 0
      if found { step zero: n := 1 } else { step other: n := 2 }
      while not found { step never: n := 3 }
    }
    reachable zero: n = 1
    reachable other: n = 2
    reachable never: n = 3
    """
    found = explored(text)
    assert [found[k] for k in ("zero", "other", "never")] == ["proved", "never", "never"]
    assert size_of(text) == 3
    assert set(actions_of(system_of(text))) == {"p.look", "p.zero", "p.other", "p.never"}


def test_ruling_04_else_if_chains():
    text = """
    var n: 0..9 = 0
    process p {
      local k: 0..3
      step choose: pick i: 0..3; k := i
      if k = 0 { step zero: n := 1 } else if k = 1 { step one: n := 2 } else { step many: n := 3 }
    }
    reachable r1: n = 1
    reachable r2: n = 2
    reachable r3: n = 3
    """
    found = explored(text)
    assert [found[k] for k in ("r1", "r2", "r3")] == ["proved", "proved", "proved"]


@pytest.mark.parametrize("control", ["if a { step s: a := true }", "while a { step s: a := true }"])
def test_ruling_04_control_between_steps_may_not_read_shared_state(control):
    assert codes(f"var a: Bool = false\nprocess p {{ step first: a := false\n {control} }}") == ["E0504"]


@pytest.mark.parametrize(
    "body",
    [
        "step s: a := true loop { if b { step t: a := true } }",
        "step s: a := true loop { }",
        "step s: a := true while b { if b { } }",
    ],
)
def test_ruling_04_a_cycle_without_a_step_is_an_error(body):
    assert codes(f"var a: Bool = false\nprocess p {{ local b: Bool {body} }}") == ["E0506"]


def test_ruling_05_an_action_happens_by_itself_and_cannot_be_called():
    assert explored("var a: Bool = false\naction go { a := true }\nreachable gone: a") == {"gone": "proved"}
    assert codes("var a: Bool = false\naction go { a := true }\nprocess p { step s: go() }") == ["E0207"]


def test_ruling_05_an_operation_happens_only_when_called():
    text = "var a: Bool = false\noperation go() { a := true }\nprocess p { step s: await a }\nreachable gone: a"
    assert explored(text) == {"gone": "never"}
    assert explored(text.replace("await a", "go()")) == {"gone": "proved"}


def test_ruling_05_an_operation_returns_a_value_to_its_caller():
    text = """
    sort S
    var seen: S? = none
    var mine(x: S): Bool
    operation find(): S? { if exists x: S :: mine(x) { pick x: S where mine(x); return x } else { return none } }
    process p { step s: seen := find() }
    invariant right: forall x: S :: seen = x implies mine(x)
    reachable found: seen != none
    """
    assert explored(text) == {"right": "holds", "found": "proved"}


def test_ruling_05_self_is_the_process_that_calls():
    text = """
    sort S
    var marked(p: Process): Bool = false
    operation mark() { marked(self) := true }
    process one(x: S) { step s: mark() }
    process two(x: S) { step t: await true }
    invariant own: forall x: S :: not marked(two(x))
    invariant done_first: forall x: S :: marked(one(x)) implies done(one(x))
    """
    assert set(explored(text).values()) == {"holds"}


@pytest.mark.parametrize("body", ["held(self) := true", "mark()"])
def test_ruling_05_an_action_that_reaches_self_is_an_error(body):
    text = f"var held(p: Process): Bool = false\noperation mark() {{ held(self) := true }}\naction a {{ {body} }}"
    assert codes(text) == ["E0421"]


@pytest.mark.parametrize("verb", ["require", "assume", "wait", "check"])
def test_ruling_06_there_are_two_verbs(verb):
    assert codes(f"var a: Bool = false\nprocess p {{ step s: {verb} a }}")[0] in {"E0121", "E0101", "E0123", "E0115"}


def test_ruling_06_require_and_assume_are_answered_by_name():
    for verb in ("require", "assume"):
        assert codes(f"var a: Bool = false\nprocess p {{ step s: {verb} a }}") == ["E0121"]


def test_ruling_07_each_part_of_a_section_is_one_step():
    system = system_of("use rwlock as sem\nvar a: Bool = false\nprocess p { with sem.write { step s: a := true } }")
    assert actions_of(system) == ["p.sem.write.request", "p.sem.write.enter", "p.s", "p.sem.write.exit"]


def test_ruling_07_an_instance_with_one_section_is_the_lock():
    text = "use lock as m\nvar a: Bool = false\nprocess p { with m { step s: a := true } }"
    assert actions_of(system_of(text)) == ["p.m.enter", "p.s", "p.m.exit"]
    assert codes("use rwlock as m\nvar a: Bool = false\nprocess p { with m { step s: a := true } }") == ["E0407"]


def test_ruling_07_sections_are_taken_in_written_order_and_released_in_reverse():
    text = """
    use lock as a
    use lock as b
    var x: Bool = false
    process p { with a, b { step s: x := true } }
    scenario as_written possible { p: a.enter, b.enter, s, b.exit, a.exit  then done(p) }
    scenario taken_otherwise impossible { p: b.enter }
    scenario released_otherwise impossible { p: a.enter, b.enter, s, a.exit }
    """
    found = explored(text)
    assert [found[k] for k in ("as_written", "taken_otherwise", "released_otherwise")] == ["proved", "holds", "holds"]


def test_ruling_07_a_waiting_writer_keeps_new_readers_out():
    text = """
    use rwlock as sem
    sort R
    process reader(r: R) { with sem.read { step look: await true } }
    process writer { with sem.write { step change: await true } }
    invariant apart: forall r: R :: not (inside(reader(r), sem.read) and inside(writer, sem.write))
    scenario barred impossible { writer: sem.write.request  reader(r): sem.read.enter }
    """.replace("scenario barred", "scenario barred(r: R)")
    found = explored(text)
    assert found["apart"] == "holds"
    assert found["barred"] == "holds"


def test_ruling_08_a_region_names_its_acquire_and_release_steps():
    text = "use lock as m\nvar a: Bool = false\nprocess p { with m as quiet { step s: a := true } }"
    assert actions_of(system_of(text)) == ["p.quiet.enter", "p.s", "p.quiet.exit"]


def test_ruling_08_acquire_and_release_are_statements_too():
    text = """
    use lock as m
    sort T
    var busy(t: T): Bool = false
    process p(t: T) { step take: acquire m; busy(t) := true  step give: busy(t) := false; release m }
    invariant alone: forall t, u: T :: busy(t) and busy(u) implies t = u
    reachable used: exists t: T :: busy(t)
    """
    assert explored(text) == {"alone": "holds", "used": "proved"}
    assert explored(text.replace("acquire m; ", ""))["alone"] == "violated"


def test_ruling_08_a_section_with_a_request_cannot_be_acquired_in_one_step():
    assert codes("use rwlock as sem\nprocess p { step s: acquire sem.write }") == ["E0409"]


NESTED = """
use lock as a
use lock as b
sort T
var n: 0..9 = 0
process p(t: T): Bool {
  loop {
    with a {
      with b { step s: %s }
    }
    step after: n := 2
    return
  }
  step last: n := 3
}
"""


def test_ruling_09_return_runs_the_exit_steps_innermost_first():
    text = (
        NESTED % "return true"
        + """
    scenario order(t: T) possible { p(t): a.enter, b.enter, s, b.exit, a.exit  then done(p(t)) and n = 0 }
    scenario outer_first(t: T) impossible { p(t): a.enter, b.enter, s, a.exit }
    """
    )
    found = explored(text, {"T": 1})
    assert found["order"] == "proved"
    assert found["outer_first"] == "holds"


def test_ruling_09_result_is_set_at_the_return_and_done_after_the_last_exit():
    text = (
        NESTED % "return true"
        + """
    scenario early(t: T) possible { p(t): a.enter, b.enter, s  then result(p(t)) = true and not done(p(t)) }
    invariant late: forall t: T :: done(p(t)) implies result(p(t)) = true
    """
    )
    found = explored(text, {"T": 1})
    assert found["early"] == "proved"
    assert found["late"] == "holds"


def test_ruling_09_break_leaves_only_what_is_inside_the_loop():
    text = (
        NESTED % "break"
        + """
    scenario order(t: T) possible { p(t): a.enter, b.enter, s, b.exit, a.exit, last  then done(p(t)) and n = 3 }
    """
    )
    assert explored(text, {"T": 1})["order"] == "proved"


def test_ruling_09_goto_leaves_what_the_label_is_not_in():
    text = """
    use lock as a
    use lock as b
    var n: 0..9 = 0
    process p {
      with a {
        with b { step s: goto out }
        step skipped: n := 1
        step out: n := 2
      }
    }
    scenario order possible { p: a.enter, b.enter, s, b.exit, out, a.exit  then n = 2 }
    reachable skipped: n = 1
    """
    found = explored(text)
    assert found["order"] == "proved"
    assert found["skipped"] == "never"


@pytest.mark.parametrize("region", ["with m { step inner: a := true }", "for x in set { step inner: a := true }"])
def test_ruling_09_jumping_into_a_region_is_an_error(region):
    text = f"use lock as m\nsort S\nvar set: {{S}}\nvar a: Bool = false\nprocess p {{ step s: goto inner {region} }}"
    assert "E0507" in codes(text)


def test_ruling_10_await_under_a_lock_keeps_the_lock():
    text = """
    use lock as m
    var a: Bool = false
    process waiter { with m { step wait: await a } }
    process other { with m { step s: a := true } }
    deadlock free
    invariant keeps: inside(waiter, m) implies not inside(other, m)
    """
    assert explored(text) == {"keeps": "holds", "deadlock": "violated"}
