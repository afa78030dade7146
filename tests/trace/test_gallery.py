"""Logs of random runs of every specification of the gallery are explained, whatever they leave out; damaged ones are not."""

import random

import pytest
from tests.trace.runs import GALLERY, ROOT, action_of, event_of, initial_of, judged, random_run, state_of, system_of

from interlock.engines.evaluate import instantiate
from interlock.engines.traces.judging import Explained, NotExplained

SPECS = [str(path.relative_to(ROOT)) for path in GALLERY]
LENGTH = 40


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("seed", range(3))
def test_a_run_told_in_full_is_explained(spec, seed):
    first, steps = random_run(spec, seed, LENGTH)
    events = [initial_of(spec, first), *(event_of(spec, step) for step in steps)]
    outcome = judged(spec, events)
    assert isinstance(outcome, Explained), outcome
    assert outcome.events == len(steps)


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("seed", range(3))
def test_a_run_of_which_arguments_and_steps_are_missing_is_explained(spec, seed):
    """Some arguments are not told, and two actions are never logged."""
    first, steps = random_run(spec, seed, LENGTH)
    chance = random.Random(seed)
    actions = sorted({action_of(spec, step) for step in steps})
    hidden = chance.sample(actions, min(2, len(actions) - 1))
    events = [{**initial_of(spec, first), "hidden": hidden}]
    for step in steps:
        event = event_of(spec, step)
        if event["action"] not in hidden:
            events.append({**event, "args": {k: v for k, v in event["args"].items() if chance.random() < 0.7}})
    outcome = judged(spec, events)
    assert isinstance(outcome, Explained), outcome


@pytest.mark.parametrize("spec", SPECS)
def test_states_that_were_seen_between_any_steps_are_explained(spec):
    first, steps = random_run(spec, 5, LENGTH)
    names = [symbol.name for symbol in system_of(spec).symbols if not symbol.rigid]
    seen = random.Random(5).sample(names, max(1, len(names) // 2))
    events = [initial_of(spec, first)]
    events += [{"action": "*", "state": state_of(spec, step.after, seen)} for step in steps]
    outcome = judged(spec, events)
    assert isinstance(outcome, Explained), outcome


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("seed", range(3))
def test_a_run_in_another_order_that_its_intervals_permit_is_explained(spec, seed):
    """Events have moments within intervals that overlap, and lines are sorted by where these begin."""
    first, steps = random_run(spec, seed, LENGTH)
    chance = random.Random(seed)
    timed = []
    for moment, step in enumerate(steps):
        begin, end = moment - 2 * chance.random(), moment + 2 * chance.random()
        timed.append({**event_of(spec, step), "begin": begin, "end": end})
    timed.sort(key=lambda event: event["begin"])
    outcome = judged(spec, [initial_of(spec, first), *timed])
    assert isinstance(outcome, Explained), outcome


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("seed", range(4))
def test_damage_is_found_where_a_plain_search_finds_it(spec, seed):
    """An event is dropped, two are swapped, or an argument is changed: the verdict and the furthest event are right.

    The reference follows all events told in full, by the evaluator alone.
    """
    first, steps = random_run(spec, seed, LENGTH)
    chance = random.Random(seed)
    events = [event_of(spec, step) for step in steps]
    place = chance.randrange(len(events) - 1)
    match seed % 3:
        case 0:
            del events[place]
        case 1:
            events[place], events[place + 1] = events[place + 1], events[place]
        case _:
            other = chance.choice(events)
            events[place] = {**other, "args": dict(other["args"])}
    outcome = judged(spec, [initial_of(spec, first), *events])
    expected = _prefix(spec, first, events)
    if expected == len(events):
        assert isinstance(outcome, Explained)
    else:
        assert isinstance(outcome, NotExplained)
        assert outcome.explained == expected
        assert outcome.stuck[0].line == expected + 2  # after the header
        assert outcome.nearest


def _prefix(spec, first, events):
    """How many events some run has, by the evaluator."""
    from tests.trace.runs import model_of

    model = model_of(spec)
    states = {first}
    for number, event in enumerate(events):
        states = {step.after for state in states for step in model.successors(state) if event_of(spec, step) == event}
        if not states:
            return number
    return len(events)


def test_the_scope_grows_to_what_the_log_names():
    names = ["t7", 12, "x", True, 1.5]
    events = [{"action": a, "args": [name]} for name in names for a in ("enter", "leave")]
    assert isinstance(judged("spec/gallery/exclusion.ilk", events), Explained)
    assert instantiate(system_of("spec/gallery/exclusion.ilk"), {"Thread": 5})
