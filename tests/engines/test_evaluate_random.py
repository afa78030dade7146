"""The compiled evaluator and the naive meaning agree on random systems."""

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.engines.naive import Naive
from tests.engines.random_systems import Features, size, systems

from interlock.engines.evaluate import explain, instantiate, replay
from interlock.engines.explore import explore
from interlock.engines.protocol import Limits

EVERYTHING = Features(symbolic_ranges=True, counts=True)
SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def frozen(tables):
    return frozenset((symbol.name, frozenset(table.items())) for symbol, table in tables.items())


def scope(system, elements):
    return {sort.name: elements for sort in system.sorts}


@SETTINGS
@given(systems(EVERYTHING), st.integers(1, 2))
def test_initial_states_and_successors_agree_with_the_naive_meaning(system, elements):
    sizes = scope(system, elements)
    assume(size(system, sizes) <= 20_000)
    model, naive = instantiate(system, sizes), Naive(system, sizes)
    packed = list(model.initial_states())
    expected = list(naive.initial_states())
    assert len(set(packed)) == len(packed)
    assert {frozen(model.to_state(s).tables) for s in packed} == {frozen(s) for s in expected}
    for state in packed[:4]:
        tables = dict(model.to_state(state).tables)
        assert model.from_state(model.to_state(state)) == state
        found = {
            (s.transition, s.args, s.witnesses, frozen(model.to_state(s.after).tables)) for s in model.successors(state)
        }
        assert found == {(i, a, w, frozen(after)) for i, a, w, after in naive.successors(tables)}


@SETTINGS
@given(systems(EVERYTHING), st.integers(1, 3))
def test_formulas_agree_with_the_naive_meaning_and_explanations_exist_where_false(system, elements):
    sizes = scope(system, elements)
    model, naive = instantiate(system, sizes), Naive(system, sizes)
    for number, state in enumerate(model.initial_states()):
        if number == 2:
            break
        tables = dict(model.to_state(state).tables)
        for prop in system.properties:
            if prop.kind != "step_invariant":
                true = model.formula(prop.formula)(state)
                assert bool(true) == naive.value(prop.formula, tables, tables, {})
                assert (explain(model, prop.formula, state) == "") == bool(true)
        for step in list(model.successors(state))[:5]:
            after = dict(model.to_state(step.after).tables)
            formula = system.property("step").formula
            assert bool(model.formula(formula)(state, step.after)) == naive.value(formula, tables, after, {})


@SETTINGS
@given(systems(EVERYTHING))
def test_traces_of_the_explorer_replay(system):
    result = explore(system, [p.name for p in system.properties], Limits(states=300, sizes=scope(system, 2)))
    assert set(result.verdicts) == {p.name for p in system.properties}
    for verdict in result.verdicts.values():
        trace = getattr(verdict, "trace", None)
        if trace is not None:
            assert replay(system, trace) is None
