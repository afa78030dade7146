"""What is said where nothing explains an event: the nearest steps, and the clause that is false of each."""

from tests.trace.runs import judged

from interlock.engines.traces.judging import NotExplained

PETERSON, BROKEN = "spec/gallery/peterson.ilk", "spec/gallery/broken/peterson.ilk"
COMMIT = "spec/gallery/two_phase_commit.ilk"
QUEUE = "spec/gallery/two_lock_queue.ilk"
FILTER = "spec/gallery/filter_lock.ilk"


def nearest(spec, events, **options):
    outcome = judged(spec, events, **options)
    assert isinstance(outcome, NotExplained)
    return outcome


def test_the_clause_that_is_false():
    outcome = nearest(COMMIT, [{"action": "prepare", "args": ["a"]}, {"action": "decide_commit"}])
    (refusal,) = outcome.nearest
    assert refusal.step == "decide_commit"
    assert refusal.clause == "forall m: Manager :: heard(m)"
    assert "heard(manager0) does not hold" in refusal.reason
    assert "hear(manager0)" in outcome.possible


def test_all_that_is_false_counts_and_the_values_that_come_nearest_are_told():
    """Both managers have gone on; each lacks one thing, and one of them is told."""
    events = [{"action": "give_up", "args": ["a"]}, {"action": "prepare", "args": ["b"]}, {"action": "prepare"}]
    outcome = nearest(COMMIT, events)
    assert {r.distance for r in outcome.nearest} == {1}
    assert outcome.nearest[0].clause in ("state(manager0) = WORKING", "state(manager1) = WORKING")


def test_where_a_process_is():
    outcome = nearest(PETERSON, [{"action": "thread.critical", "args": ["LEFT"]}])
    assert outcome.nearest[0].clause == "at(thread(LEFT), critical)"
    assert "thread(LEFT) is at announce" in outcome.nearest[0].reason


def test_what_was_seen_otherwise():
    outcome = nearest(PETERSON, [{"action": "*", "state": {"wants(LEFT)": True, "wants(RIGHT)": True}}])
    first, second, *_ = outcome.nearest
    assert {first.step, second.step} == {"thread(LEFT) announce", "thread(RIGHT) announce"}
    assert first.reason == "after it, wants(RIGHT) is false, and was seen as true"


def test_a_state_that_was_seen_and_no_step():
    outcome = nearest(PETERSON, [{"state": {"turn": "RIGHT"}}])
    (refusal,) = outcome.nearest
    assert refusal.reason == "turn is LEFT, and was seen as RIGHT"


def test_an_argument_outside_of_its_range():
    outcome = nearest(FILTER, [{"action": "thread", "args": ["a"], "state": {"level(a)": 7}}])
    assert any("was seen as 7" in r.reason for r in outcome.nearest)


def test_a_hidden_step_that_is_forbidden_is_told():
    """The event needs a step that was not logged and that breaks the invariant; without this its absence would be odd."""
    run = [("yield", "LEFT"), ("yield", "RIGHT"), ("announce", "RIGHT"), ("wait", "RIGHT"), ("announce", "LEFT")]
    events = [{"action": f"thread.{label}", "args": [side]} for label, side in [*run, ("critical", "LEFT")]]
    outcome = nearest(BROKEN, events, hidden=["thread.wait"])
    broken = [r for r in outcome.nearest if r.property]
    assert [(r.step, r.property) for r in broken] == [("hidden: thread(LEFT) wait", "exclusive")]


def test_the_events_before_are_told_and_not_more():
    turn = [
        {"action": f"thread.{label}", "args": ["LEFT"]} for label in ("announce", "yield", "wait", "critical", "leave")
    ]
    outcome = nearest(PETERSON, [*turn * 3, {"action": "thread.leave", "args": ["LEFT"]}])
    assert outcome.explained == 15
    assert [event.line for event in outcome.recent] == list(range(8, 16))
    assert outcome.stuck[0].line == 16


def test_damage_far_back_is_told_where_it_is_first_felt():
    """A lost `put` of a queue is missed at the last `take`, since nothing was left: not before, and not never."""
    put = [
        {"action": f"produce.{label}", "args": ["x"]} for label in ("put_lock.enter", "wait", "put", "put_lock.exit")
    ]
    take = [{"action": f"consume.{label}"} for label in ("take_lock.enter", "wait", "take", "take_lock.exit")]
    outcome = nearest(QUEUE, [*put, *take, *take])
    assert (outcome.explained, outcome.stuck[0].line) == (9, 10)
    assert outcome.nearest[0].clause == "0 < length"
