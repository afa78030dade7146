"""Events whose order is told by clocks or by intervals: what may come next, and what cannot be in this order."""

import random

import pytest
from tests.trace.runs import event_of, initial_of, judged, random_run

from interlock.engines.traces.judging import Budget, Explained, NotExplained, Undecided
from interlock.engines.traces.order import Clock, Interval, Stamps, before

MUTEX = "spec/gallery/exclusion.ilk"
SPECS = [
    "spec/gallery/exclusion.ilk",
    "spec/gallery/lock_server.ilk",
    "spec/gallery/peterson.ilk",
    "spec/gallery/ticket_lock.ilk",
]


def enter(who, **stamp):
    return {"action": "enter", "args": [who], **stamp}


def leave(who, **stamp):
    return {"action": "leave", "args": [who], **stamp}


def test_before():
    a, b, c = Clock("a", {"a": 1}), Clock("b", {"b": 1}), Clock("b", {"a": 1, "b": 2})
    assert before(a, c)
    assert before(b, c)
    assert not before(a, b)
    assert not before(c, a)
    assert before(Interval(0, 1), Interval(2, 3))
    assert not before(Interval(0, 2), Interval(2, 3))
    assert before(Interval(0, 2, "t"), Interval(2, 3, "t"))
    assert before(None, None)


def test_overlapping_intervals_may_be_in_either_order():
    wrong_by_lines = [enter("a", begin=0, end=1), enter("b", begin=2, end=9), leave("a", begin=3, end=4)]
    assert isinstance(judged(MUTEX, wrong_by_lines), Explained)
    assert isinstance(
        judged(MUTEX, [{k: v for k, v in e.items() if k in ("action", "args")} for e in wrong_by_lines]), NotExplained
    )


def test_intervals_that_do_not_overlap_are_in_order():
    outcome = judged(MUTEX, [enter("a", begin=0, end=1), enter("b", begin=2, end=3), leave("a", begin=4, end=5)])
    assert isinstance(outcome, NotExplained)
    assert (outcome.explained, [event.line for event in outcome.stuck]) == (1, [2])


def test_all_that_could_be_next_is_told_where_nothing_can():
    outcome = judged(MUTEX, [enter("a", begin=0, end=1), enter("b", begin=2, end=9), enter("c", begin=3, end=9)])
    assert isinstance(outcome, NotExplained)
    assert [event.line for event in outcome.stuck] == [2, 3]


def test_what_no_clock_has_heard_of_may_come_first():
    a = {"thread": "a", "clock": {"a": 1}}
    a2 = {"thread": "a", "clock": {"a": 2}}
    b = {"thread": "b", "clock": {"b": 1}}
    assert isinstance(judged(MUTEX, [enter("a", **a), enter("b", **b), leave("a", **a2)]), Explained)
    heard = {"thread": "a", "clock": {"a": 2, "b": 1}}
    outcome = judged(MUTEX, [enter("a", **a), enter("b", **b), leave("a", **heard)])
    assert isinstance(outcome, NotExplained)


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("seed", range(4))
def test_a_run_in_any_order_that_its_clocks_permit_is_explained(spec, seed):
    """Threads hear of one another now and then; lines are in a random order that agrees with the clocks."""
    first, steps = random_run(spec, seed, 40)
    chance = random.Random(seed)
    threads = [str(chance.randrange(3)) for _ in steps]
    clocks = {thread: {} for thread in threads}
    events = []
    for step, thread in zip(steps, threads, strict=True):
        if chance.random() < 0.5:
            other = chance.choice(threads)
            for name, count in clocks[other].items():
                clocks[thread][name] = max(count, clocks[thread].get(name, 0))
        clocks[thread][thread] = clocks[thread].get(thread, 0) + 1
        events.append({**event_of(spec, step), "thread": thread, "clock": dict(clocks[thread])})
    shuffled = []
    while events:
        ready = [e for e in events if not any(_heard(e, other) for other in events if other is not e)]
        shuffled.append(chance.choice(ready[:3]))
        events.remove(shuffled[-1])
    outcome = judged(spec, [initial_of(spec, first), *shuffled], budget=Budget(states=50_000, width=64))
    assert isinstance(outcome, Explained), outcome


def _heard(event, other):
    return event["clock"].get(other["thread"], 0) >= other["clock"][other["thread"]]


def test_a_window_that_is_too_narrow_passes_no_judgement():
    """Thread b could have been first; a window of one line does not see it, and says that it does not know."""
    first = leave("x", thread="a", clock={"a": 1})
    events = [first, enter("x", thread="b", clock={"b": 1})]
    assert isinstance(judged(MUTEX, events, budget=Budget(width=1)), Undecided)
    assert isinstance(judged(MUTEX, events, budget=Budget(width=2)), Explained)


def test_a_thread_that_sleeps_in_the_middle_of_an_event_lets_hundreds_go_by():
    """It began before all of them and came in after them: its line stands 600 lines above its place."""
    events = [enter("slow", begin=0, end=5_000)]
    for round_ in range(300):
        at = 10 * round_
        events += [enter("busy", begin=at + 1, end=at + 2), leave("busy", begin=at + 3, end=at + 4)]
    events.append(leave("slow", begin=6_000, end=6_001))
    assert isinstance(judged(MUTEX, events), Explained)
    assert isinstance(judged(MUTEX, events, budget=Budget(width=64)), Undecided)


def test_a_narrow_window_judges_what_is_in_order():
    """All later events have heard of the first, so no window could make a difference."""
    events = [enter("x", thread="a", clock={"a": 1}), enter("y", thread="b", clock={"a": 1, "b": 1})]
    events += [leave("y", thread="b", clock={"a": 1, "b": n}) for n in range(2, 9)]
    outcome = judged(MUTEX, events, budget=Budget(width=1))
    assert isinstance(outcome, NotExplained)
    assert outcome.explained == 1


@pytest.mark.parametrize(
    ("stamps", "says"),
    [
        ([Interval(0, 1), None], "so far"),
        ([Interval(5, 6), Interval(4, 9)], "sorted by `begin`"),
        ([Clock("a", {"a": 1, "b": 3}), Clock("b", {"b": 2})], "has heard of this event"),
        ([Clock("a", {"a": 2}), Clock("a", {"a": 2})], "has heard of this event"),
    ],
)
def test_lines_that_cannot_be_in_this_order(stamps, says):
    looking = Stamps()
    *front, last = stamps
    assert all(looking.add(stamp) is None for stamp in front)
    assert says in looking.add(last)
