"""States that differ in elements which nobody names count as one, and no verdict changes with that."""

import random

import pytest
from tests.trace.runs import action_of, event_of, judged, model_of, opened, random_run

from interlock.engines.traces.anonymous import Anonymous
from interlock.engines.traces.explaining import Explainer
from interlock.engines.traces.judging import Explained, NotExplained

V13 = "spec/list_lru/v13.ilk"
SPECS = ["spec/gallery/condvar_queue.ilk", "spec/gallery/lock_server.ilk", "spec/gallery/two_lock_queue.ilk", V13]


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("seed", range(4))
def test_verdicts_are_those_without_the_exchange(spec, seed):
    """Logs without arguments, with hidden steps, half of them damaged: the same verdict at the same event."""
    _, steps = random_run(spec, seed, 25)
    chance = random.Random(seed)
    actions = sorted({action_of(spec, step) for step in steps})
    hidden = chance.sample(actions, min(3, len(actions) - 1))
    kept = [step for step in steps if action_of(spec, step) not in hidden]
    events = [{**event_of(spec, step), "args": {}} for step in kept]
    if seed % 2 and len(events) > 3:
        del events[chance.randrange(len(events))]
    one = judged(spec, events, hidden=hidden)
    other = judged(spec, events, hidden=hidden, exchange=False)
    assert type(one) is type(other)
    match one, other:
        case Explained(), Explained():
            assert one.most <= other.most
        case NotExplained(), NotExplained():
            assert one.explained == other.explained
        case _:
            raise AssertionError(one)


def test_exchanging_unnamed_elements_gives_the_same_state():
    model = model_of(V13, "Lru=1,Memcg=3,Id=3,Array=2,List=4,Reader=1")
    same = Anonymous(model, {"Memcg": (0,)})
    swapped = Anonymous(model, {})
    assert same
    merged = 0
    _, steps = random_run(V13, 3, 60, "Lru=1,Memcg=3,Id=3,Array=2,List=4,Reader=1")
    for step in steps:
        one = same(step.after)
        assert same(one) == one
        merged += one != step.after
        assert sorted(map(repr, swapped(step.after))) == sorted(map(repr, swapped(one)))
    assert merged


def closure(lists, *, exchange):
    """How many states there may be when a mount was published of which nothing else is logged."""
    scope = f"Lru=1,Memcg=1,Id=1,Array=1,List={lists},Reader=1"
    log = opened(V13, [{"action": "init.publish", "args": ["sda"]}], scope)
    case = log.case()
    hidden = log.vocabulary.hidden(["init", "activate"])
    explainer = Explainer(case.system, case.sizes, hidden, named=case.named if exchange else None, most=10_000)
    (event,) = log.events()
    states = explainer.after(explainer.closed(explainer.start()), event.claim)
    return len(explainer.closed(states))


def test_hidden_allocations_do_not_multiply_states():
    """Nobody names the lists; twelve to choose from are like three."""
    assert closure(12, exchange=True) == closure(3, exchange=True)
    assert closure(6, exchange=False) > closure(3, exchange=False) > closure(3, exchange=True)


def test_elements_of_ordered_sorts_are_never_exchanged():
    model = model_of("spec/gallery/paxos.ilk")
    assert "Round" not in Anonymous(model, {})._free
    assert not Anonymous(model, {"Node": (0, 1), "Quorum": (0, 1), "Value": (0,)})
