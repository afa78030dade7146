"""Steps of which the state after has been seen: what a `havoc` chooses is read off, and nothing else is tried."""

import pytest
from tests.rulings.design import system_of

from interlock.engines.evaluate import instantiate

TEXT = """
sort Lru, Memcg, List
var live(l: Lru): Bool = false
var finds(l: Lru, m: Memcg, x: List): Bool = false
var last: 0..3 = 0
var kept(l: Lru): List? = none
action init(l: Lru) {
  await not live(l);
  live(l) := true;
  havoc finds
    such that (forall k: Lru, m: Memcg, x: List :: k != l implies (finds(k, m, x)' iff finds(k, m, x)))
    and (forall m: Memcg :: exists x: List :: finds(l, m, x)')
    and (forall m: Memcg, x, y: List :: finds(l, m, x)' and finds(l, m, y)' implies x = y)
}
action keep(l: Lru) { await live(l); havoc kept such that forall k: Lru :: k != l implies kept(k)' = kept(k) }
action tally { havoc last such that last' > last; pick l: Lru where live(l); live(l) := false }
"""
SIZES = {"Lru": 2, "Memcg": 2, "List": 3}


@pytest.fixture(scope="module")
def model():
    return instantiate(system_of(TEXT), SIZES)


def reachable(model, most):
    found = list(model.initial_states())
    for state in found:
        found += [s.after for s in model.successors(state) if s.after not in found][: max(0, most - len(found))]
    return found


def test_the_steps_to_a_state_are_those_of_all_that_lead_there(model):
    compared = 0
    for state in reachable(model, 40):
        for index in range(len(model.system.transitions)):
            steps = model.steps(state, index)
            for after in {step.after for step in steps}:
                guided = model.steps_with(state, index, {}, seen=dict(enumerate(after)))
                assert [s for s in guided if s.after == after] == [s for s in steps if s.after == after]
                assert len(guided) <= len(steps)
                compared += 1
    assert compared > 500


def test_a_part_of_what_is_after_is_enough(model):
    (start,) = model.initial_states()
    steps = model.steps(start, 0)
    block = next(b for s, b in model.layout.blocks.items() if s.name == "finds")
    cell = block.index((0, 1, 2))
    guided = model.steps_with(start, 0, {}, seen={cell: True})
    assert guided == [s for s in steps if s.after[cell] is True]
    assert 0 < len(guided) < len(steps)


def test_what_a_type_does_not_have_is_never_chosen(model):
    (start,) = model.initial_states()
    live = model.steps(start, 0)[0].after
    cell = next(b for s, b in model.layout.blocks.items() if s.name == "kept").index((0,))
    index = next(i for i, t in enumerate(model.system.transitions) if t.action == "keep")
    assert {s.after[cell] for s in model.steps_with(live, index, {0: 0}, seen={cell: 2})} == {2}
    assert model.steps_with(live, index, {0: 0}, seen={cell: 3}) == []


def test_many_elements_cost_no_more_than_one_way():
    """All ways are 20 ** 6 here."""
    model = instantiate(system_of(TEXT), {"Lru": 1, "Memcg": 6, "List": 20})
    (start,) = model.initial_states()
    block = next(b for s, b in model.layout.blocks.items() if s.name == "finds")
    seen = {cell: args[1] == args[2] for args, cell in block.rows()}
    (step,) = model.steps_with(start, 0, {}, seen=seen)
    assert all(step.after[cell] is value for cell, value in seen.items())
