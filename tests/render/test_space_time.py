"""Runs as pictures: what is shown of them, and that what is drawn can be read."""

import re
from functools import cache
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from interlock.pipeline import Request, check, read_bytes
from interlock.render.space_time import BY_ITSELF, Change, diagram_of
from interlock.render.space_time_svg import svg_of_diagram

CONDITION = """
--- Who waits gives up the lock meanwhile.
module waiting
sort Thread
use std.mutex as m
var full: Bool = false
process take(t: Thread) {
  with m {
    step give_up: release m
    step wake: await full; acquire m
    step empty: full := false
  }
}
process fill(t: Thread) { with m { step put: full := true } }
reachable both: exists t, u: Thread :: done(take(t)) and done(fill(u))
scope small { Thread = 1 }
"""
WRITER = """
module writer
sort Thread
use std.rwsem as sem
process write(t: Thread) { with sem.write as writing { step work: await true } }
reachable over: exists t: Thread :: done(write(t))
scope small { Thread = 1 }
"""
TWICE = """
module twice
sort Thread
var taken: Bool = false
process take(t: Thread) { step look: assert free: not taken; taken := true }
scope small { Thread = 2 }
"""
ACTIONS = """
module actions
sort Box
const heavy(b: Box): Bool
var full(b: Box): Bool = false
var weight: 0..3 = 0
ghost seen(b: Box): Bool = false
--- No box is ever full, & "so on" <forever>.
invariant empty: forall b: Box :: not full(b)
action fill(b: Box) { await heavy(b); weight := 1; seen(b) := true; full(b) := true }
scope small { Box = 1 }
"""
STUCK = """
module stuck
sort Thread
use std.mutex as m
process wait(t: Thread) { with m { step never: await false } }
deadlock free
scope small { Thread = 1 }
"""
ROUND = """
module round
sort Thread
var ready(t: Thread): Bool = false
fair process turn(t: Thread) {
  step begin: ready(t) := true
  loop {
    step back: await true
    step forth: await true
  }
}
liveness over: forall t: Thread :: ready(t) leads to done(turn(t))
scope small { Thread = 1 }
"""
ACQUIRED = """
module acquired
sort Thread
use std.mutex as m
process hold(t: Thread) {
  step lock: acquire m
  step unlock: release m
}
reachable over: exists t: Thread :: done(hold(t))
scope small { Thread = 1 }
"""
NOTE = """
module note(sort Box)
var pinned(b: Box, p: Process): Bool = false
var told(p: Process): Bool = false
"""
NOTED = """
module noted
sort Box, Thread
use note(Box) as note
process hold(t: Thread) {
  step pin: pick b: Box; note.pinned(b, self) := true
  step unpin: note.pinned(b: Box, self) := false
}
process tell(t: Thread) { step note: note.told(hold(t)) := true }
reachable over: exists t: Thread :: done(hold(t)) and done(tell(t))
scope small { Box = 1, Thread = 1 }
"""
VALUED = """
module valued
sort Thread
var owner: Thread? = none
process hold(t: Thread) {
  step lock: await owner = none; owner := t
  step unlock: owner := none
}
reachable over: exists t: Thread :: done(hold(t))
scope small { Thread = 1 }
"""
WIDE = """
module wide
sort AnElementWithALongName
var registered_with_everybody(a, b: AnElementWithALongName): Bool = false
process register_everything(a: AnElementWithALongName) {
  for b: AnElementWithALongName where true as going_round_all_of_them {
    step register_this_one: registered_with_everybody(a, b) := true
  }
}
invariant nobody: not exists a, b: AnElementWithALongName :: registered_with_everybody(a, b)
scope small { AnElementWithALongName = 3 }
"""
EVERYTHING = {
    "waiting": (CONDITION, "both"), "writer": (WRITER, "over"), "twice": (TWICE, "take.free"),
    "actions": (ACTIONS, "empty"), "stuck": (STUCK, "deadlock"), "round": (ROUND, "over"),
    "acquired": (ACQUIRED, "over"), "wide": (WIDE, "nobody"),
    "noted": (NOTED, "over"), "valued": (VALUED, "over"),
}  # fmt: skip


@cache
def diagram(name):
    text, prop = EVERYTHING[name]

    def read(path):
        if path.endswith("note.ilk"):
            return NOTE.encode()
        return text.encode() if path == f"{name}.ilk" else read_bytes(path)

    report = check(f"{name}.ilk", Request("explore", explorer="reference"), read)
    assert report.system is not None, report.diagnostics
    found = next(j.verdict for j in report.judgements if j.name == prop)
    return diagram_of(found.trace, report.system.property(prop), report.system)


@cache
def unlocked_init():
    report = check("spec/list_lru/broken/unlocked_init.ilk", Request("explore", properties=("coverage",)))
    found = next(j.verdict for j in report.judgements if j.name == "coverage")
    return diagram_of(found.trace, report.system.property("coverage"), report.system)


def bars(name):
    """Who holds what, from which row to which."""
    shown = diagram(name)
    return [(shown.lanes[h.lane].title.partition("(")[0], h.lock, h.begin, h.to) for h in shown.holdings]


def test_the_story_of_the_thread_has_two_lanes_and_a_bar_for_each_holding():
    shown = unlocked_init()
    assert [lane.title for lane in shown.lanes] == ["init(lru0)", "activate(memcg0)"]
    assert [(h.lane, h.lock, h.begin, h.to) for h in shown.holdings] == [
        (1, "create_mutex", 3, 8),
        (0, "create_mutex", 9, None),
    ]
    assert [lane.done for lane in shown.lanes] == [False, True]
    assert shown.ending == "coverage is violated after 11 steps"
    assert [event.broken for event in shown.events] == [False] * 10 + [True]


def test_a_walk_tells_what_it_finds_when_it_starts():
    notes = {event.label: event.notes for event in unlocked_init().events}
    assert notes["scan.start"] == ("to visit: none",)
    assert "to visit: anElementWithALongName0" in diagram("wide").events[0].notes[0]


def test_locals_stand_with_their_thread_and_shared_state_beside_the_step():
    first = unlocked_init().events[0]
    assert first.label == "alloc_array"
    assert first.notes == ("a := array0",)
    assert first.changes == (
        Change("fits(array0, id1) := true", telling=True),
        Change("arrays.life(array0) := LIVE", telling=False),
    )


def test_what_a_lock_remembers_is_shown_by_its_bar_alone():
    assert not [e for e in unlocked_init().events if e.label.startswith("create_mutex") and e.changes]


def test_what_the_property_reads_comes_first_and_ghosts_are_left_out():
    (event,) = diagram("actions").events
    assert event.changes == (Change("full(box0) := true", telling=True), Change("weight := 1", telling=False))
    assert [lane.title for lane in diagram("actions").lanes] == [BY_ITSELF]
    assert diagram("actions").given == (Change("heavy(box0)", telling=False),)


def test_a_bar_ends_where_a_lock_is_given_up_in_the_middle():
    shown = diagram("waiting")
    labels = [event.label for event in shown.events]
    assert labels == ["m.enter", "give_up", "m.enter", "put", "m.exit", "wake", "empty", "m.exit"]
    assert bars("waiting") == [("take", "m", 0, 1), ("fill", "m", 2, 4), ("take", "m", 5, 7)]


def test_waiting_for_a_lock_is_not_holding_it():
    assert bars("writer") == [("write", "writing", 0, 1), ("write", "writing", 1, 3)]
    assert [holding.waits for holding in diagram("writer").holdings] == [True, False]


def test_what_is_taken_by_an_operation_has_a_bar_with_the_name_of_the_relation():
    assert bars("acquired") == [("hold", "m.held", 0, 1)]
    assert [event.changes for event in diagram("acquired").events] == [(), ()]


def test_a_reference_has_a_bar_and_what_others_write_about_a_thread_has_none():
    assert bars("noted") == [("hold", "note.pinned(box0)", 0, 1)]


def test_known_gap_a_lock_that_remembers_its_holder_as_a_value_has_no_bar_without_with():
    assert bars("valued") == []


def test_the_step_that_an_assertion_forbids_is_drawn_but_not_numbered():
    shown = diagram("twice")
    taken, forbidden = shown.events
    assert (taken.broken, taken.pending) == (False, False)
    assert (forbidden.label, forbidden.broken, forbidden.pending) == ("look", True, True)
    assert shown.lanes[forbidden.lane].title != shown.lanes[taken.lane].title
    assert "after 1 step" in shown.ending


def test_who_waits_for_ever_is_shown_in_a_deadlock():
    shown = diagram("stuck")
    assert [(e.label, e.notes) for e in shown.events if e.pending] == [("never", ("waits for ever",))]
    assert bars("stuck") == [("wait", "m", 0, None)]


def test_what_is_repeated_for_ever_is_marked():
    assert diagram("round").loop == 1
    assert svg_of_diagram(diagram("round")).count('class="loop"') == 2
    assert 'class="loop"' not in svg_of_diagram(diagram("waiting"))


@pytest.mark.parametrize("name", EVERYTHING)
def test_everything_is_within_the_page_and_no_two_texts_overlap(name):
    page = ET.fromstring(svg_of_diagram(diagram(name)))
    width, height = float(page.get("width")), float(page.get("height"))
    rows = {}
    for text in page.iter("{http://www.w3.org/2000/svg}text"):
        if text.get("transform"):
            continue
        kind = text.get("class", "")
        letter = 8.7 if "title" in kind else 6.65 if {"note", "change"} & set(kind.split()) else 7.25
        long = letter * len(text.text)
        left = float(text.get("x")) - (long / 2 if "middle" in kind else long if "right" in kind else 0)
        assert left >= 0, text.text
        assert left + long <= width + 1, text.text
        assert 0 < float(text.get("y")) < height
        rows.setdefault(round(float(text.get("y"))), []).append((left, left + long, text.text))
    for texts in rows.values():
        ordered = sorted(texts)
        for (_, end, one), (begin, _, other) in pairwise(ordered):
            assert end <= begin, (one, other)


@pytest.mark.parametrize("name", EVERYTHING)
def test_a_picture_needs_nothing_but_itself(name):
    svg = svg_of_diagram(diagram(name))
    assert not re.search(r"<script|href|@import|url\(|<image|<foreignObject", svg)
    assert "prefers-color-scheme: dark" in svg


def test_words_are_escaped_and_the_run_can_be_heard():
    svg = svg_of_diagram(diagram("actions"))
    page = ET.fromstring(svg)
    texts = [text.text for text in page.iter("{http://www.w3.org/2000/svg}text")]
    assert 'No box is ever full, & "so on" <forever>.' in texts
    description = page.find("{http://www.w3.org/2000/svg}desc")
    assert description.text.startswith("1. by itself: fill(box0)")


def test_a_property_that_breaks_at_once_has_a_picture():
    text = "module at_once\nsort Box\nvar full(b: Box): Bool = true\ninvariant empty: forall b: Box :: not full(b)\n"
    report = check("at_once.ilk", Request("explore", scope="Box=1"), lambda _: text.encode())
    shown = diagram_of(report.judgements[0].verdict.trace, report.system.property("empty"), report.system)
    assert shown.ending == "empty is violated in an initial state"
    ET.fromstring(svg_of_diagram(shown))
