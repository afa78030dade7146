"""Rulings 11 to 15: walks, and formulas that read what a process holds."""

from tests.rulings.design import actions_of, codes, explored, proved, system_of

WALK = """
sort S
var live: {S} = {}
var seen(x: S): Bool = false
ghost late(x: S): Bool = false
ghost always(x: S): Bool
initially forall x: S :: always(x) iff x in live
process w { for x in %s live as scan { step see: seen(x) := true } }
action arrive(x: S) { await x not in live; live(x) := true; if inside(w, scan) { late(x) := true } }
action depart(x: S) { await x in live; live(x) := false; always(x) := false }
"""
WALK = WALK.replace("var live: {S} = {}", "var live: {S}")


def test_ruling_11_late_arrivals_may_or_may_not_be_seen():
    text = (
        WALK % ""
        + """
    reachable seen_late: exists x: S :: late(x) and seen(x)
    reachable missed_late: exists x: S :: late(x) and x in live and not seen(x) and done(w)
    """
    )
    assert explored(text) == {"seen_late": "proved", "missed_late": "proved"}


def test_ruling_11_what_leaves_is_not_owed_and_does_not_block():
    text = (
        WALK % ""
        + """
    deadlock free
    reachable left_unseen: done(w) and exists x: S :: x not in live and not seen(x) and not late(x)
    invariant owed_is_there: forall x: S :: owed(w, scan, x) implies x in live and not visited(w, scan, x)
    """
    )
    found = explored(text)
    assert (found["left_unseen"], found["owed_is_there"], found["deadlock"]) == ("proved", "holds", "holds")


def test_ruling_11_what_stays_from_start_to_end_is_seen():
    text = (
        WALK % ""
        + """
    invariant covered: forall x: S :: done(w) and always(x) implies seen(x)
    lemma progress: forall x: S :: inside(w, scan) and always(x) and not seen(x)
      implies owed(w, scan, x) or (at(w, see) and w.x = x)
    lemma stays: forall x: S :: always(x) implies x in live
    lemma before: forall x: S :: seen(x) implies started(w)
    """
    )
    assert explored(text)["covered"] == "holds"
    assert proved(text)["covered"] == "proved"


def test_ruling_11_nothing_is_visited_twice():
    text = (
        "sort S\nvar live: {S}\nvar seen(x: S): Bool = false\n"
        + """
    process w { for x in live { step see: assert once: not seen(x); seen(x) := true } }
    action flicker(x: S) { live(x) := not live(x) }
    """.replace("not live(x)", "x not in live")
    )
    assert explored(text)["w.once"] == "holds"


def test_ruling_12_a_loop_has_three_steps_named_after_its_region():
    system = system_of(
        "sort S\nvar live: {S}\nvar a: Bool\nprocess w { for x in live as scan { step see: a := true } }"
    )
    assert sorted(actions_of(system)) == ["w.scan.end", "w.scan.next", "w.scan.start", "w.see"]
    assert explored(
        "sort S\nvar live: {S}\nvar a: Bool\nprocess w { for x in live { step see: a := true } }\nreachable r: at(w, x.end)"
    ) == {"r": "proved"}


def test_ruling_12_the_pick_is_a_step_of_its_own_before_a_lock_in_the_body():
    text = """
    sort S
    use lock as m
    var live: {S}
    process w { for x in live as scan { with m { step see: await true } } }
    scenario order possible { w: scan.start, scan.next, m.enter, see, m.exit }
    scenario picked_inside impossible { w: scan.start, m.enter }
    """
    found = explored(text)
    assert found["order"] == "proved"
    assert found["picked_inside"] == "holds"


CURSOR = """
sort S
use lock as m
var live: {S}
var seen(x: S): Bool = false
process w {
  local c: walk live
  local x: S?
  step begin: c.start()
  loop {
    with m {
      step advance: x := c.next(); if x = none { return }
      step see: seen(x!) := true
    }
  }
}
"""


def test_ruling_12_a_cursor_picks_where_its_step_is():
    text = (
        CURSOR
        + """
    invariant covered: forall x: S :: done(w) and x in live implies seen(x)
    scenario inside_the_lock possible { w: begin, m.enter, advance, see }
    reachable all: done(w) and forall x: S :: seen(x)
    """
    )
    found = explored(text)
    assert (found["covered"], found["all"], found["w.unwrap"]) == ("holds", "proved", "holds")
    assert found["inside_the_lock"] == "proved"


def test_ruling_12_a_cursor_owes_what_a_loop_owes():
    text = CURSOR + "invariant owes: forall x: S :: owed(w, c, x) implies x in live and not visited(w, c, x)"
    assert explored(text + "\naction depart(x: S) { live(x) := false }")["owes"] == "holds"


def test_ruling_13_a_snapshot_fixes_the_set_at_the_start():
    text = (
        WALK % "snapshot"
        + """
    deadlock free
    reachable seen_gone: exists x: S :: seen(x) and x not in live
    invariant all_of_it: forall x: S :: done(w) and always(x) implies seen(x)
    """
    )
    found = explored(text, {"S": 1})
    assert [found[k] for k in ("deadlock", "seen_gone", "all_of_it")] == ["holds", "proved", "holds"]


def test_ruling_13_who_is_not_in_the_snapshot_is_never_visited():
    text = """
    sort S
    var live: {S} = {}
    var seen(x: S): Bool = false
    process w { for x in %s live { step see: seen(x) := true } }
    action arrive(x: S) { live(x) := true }
    scenario late(y: S) possible { w: x.start  arrive(y): arrive  w: x.next  then w.x = y }
    """.replace("arrive(y): arrive", "arrive(y): ...")
    weak, fixed = explored(text % ""), explored(text % "snapshot")
    assert weak["late"] == "proved"
    assert fixed["late"] == "never"


HOLDS = """
sort S
use lock as m
var published(x: S): Bool = false
process init(s: S): Bool {
  local a: S?
  step choose: pick x: S; a := x
  with m as region { step publish: published(a!) := true; return true }
}
"""


def test_ruling_14_formulas_read_what_a_process_holds():
    text = (
        HOLDS
        + """
    invariant local_state: forall s: S :: at(init(s), publish) implies init(s).a != none
    invariant place: forall s: S :: at(init(s), publish) implies inside(init(s), region) and started(init(s))
    invariant ended: forall s: S :: done(init(s)) implies result(init(s)) = true
    reachable ends: exists s: S :: done(init(s))
    """
    )
    found = explored(text)
    assert [found[k] for k in ("local_state", "place", "ended", "ends")] == ["holds", "holds", "holds", "proved"]
    assert proved(text)["init.unwrap"] == "proved"


def test_ruling_15_a_bound_process_may_use_only_started_and_done():
    fine = "reachable all: forall p: Process :: started(p) and done(p)"
    assert explored(HOLDS + fine)["all"] == "proved"
    for formula in ("at(p, publish)", "inside(p, region)", "result(p) = true"):
        assert codes(HOLDS + f"invariant i: forall p: Process :: {formula}") == ["E0216"]


def test_ruling_15_self_is_allowed_in_the_processs_own_code():
    text = HOLDS.replace(
        "published(a!) := true", "assert here: at(self, publish) and inside(self, region); published(a!) := true"
    )
    assert explored(text)["init.here"] == "holds"


def test_ruling_15_labels_are_unique_in_a_process():
    assert codes("var a: Bool\nprocess p { step s: a := true step s: a := false }") == ["E0501"]
    assert codes("var a: Bool\nprocess p { step s: a := true }\nprocess q { step s: a := false }") == []


def test_a_sort_or_an_enum_is_the_set_of_all_its_elements():
    text = """
    sort S
    enum Colour { RED, GREEN }
    var seen(x: S): Bool = false
    var met(c: Colour): Bool = false
    process w {
      for x in S as scan { step see: seen(x) := true }
      for c in Colour { step meet: met(c) := true }
    }
    invariant all_seen: done(w) implies (forall x: S :: x in S and seen(x)) and (forall c: Colour :: met(c))
    reachable ended: done(w)
    """
    assert explored(text) == {"all_seen": "holds", "ended": "proved"}
    assert explored(text.replace("seen(x) := true", "seen(x) := x != x"))["all_seen"] == "violated"
