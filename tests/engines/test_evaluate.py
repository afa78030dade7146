"""The meaning of terms, steps and traces, case by case."""

from dataclasses import replace

import pytest
from tests.engines.systems import (
    const,
    havoc,
    lock_server,
    lost_update,
    mutex,
    ordered,
    philosophers,
    ranged,
    starts,
    var,
    write,
)

from interlock.core.system import Named, Property, Transition, TransitionSystem, Update
from interlock.core.term import (
    FALSE,
    TRUE,
    App,
    Arith,
    Compare,
    Count,
    Eq,
    Implies,
    Ite,
    Literal,
    Not,
    Quant,
    Some,
    Symbol,
    Unwrap,
    Var,
    conj,
    exists,
    forall,
)
from interlock.core.trace import State, Step, Trace
from interlock.core.types import INT, OptionType, RangeType, SortType
from interlock.engines.evaluate import Unsupported, explain, instantiate, replay
from interlock.engines.evaluate.compile import Compiler
from interlock.engines.evaluate.updates import compile_update, point_writes
from interlock.engines.explore import explore
from interlock.engines.protocol import Limits

ITEM = SortType("Item")
MAYBE = OptionType(ITEM)
SLOT = var("slot", ITEM, result=MAYBE)
COUNTER = var("n", result=INT)
FLAG = var("flag", ITEM)
x, y = Var("x", ITEM), Var("y", ITEM)


def system(*symbols, starting=(), transitions=(), **more):
    return TransitionSystem("s", (ITEM,), (), symbols, (), starting, (), transitions, (), (), **more)


SLOTS = system(
    SLOT,
    FLAG,
    COUNTER,
    starting=(
        Update(SLOT, (x,), Ite(Eq(x, App(const("zero", result=ITEM))), Some(x), Literal(None, MAYBE))),
        starts(FLAG, FALSE),
        starts(COUNTER, Literal(0, INT)),
    ),
)
SLOTS = replace(SLOTS, symbols=(const("zero", result=ITEM), *SLOTS.symbols))


def judge(formula, sizes=None):
    model = instantiate(SLOTS, sizes or {})
    return [model.formula(formula)(state) for state in model.initial_states()]


def held(term):
    return Unwrap(App(SLOT, (term,)))


@pytest.mark.parametrize(
    ("formula", "holds"),
    [
        (exists((x,), Eq(held(x), x)), True),
        (forall((x,), Eq(held(x), held(x))), False),
        (forall((x,), Not(Not(Eq(held(x), held(x))))), False),
        (forall((x,), Implies(Eq(held(x), held(x)), Eq(held(x), x))), True),
        (exists((x,), App(FLAG, (held(x),))), False),
        (exists((x,), Not(App(FLAG, (held(x),)))), True),
        (exists((x,), Eq(App(SLOT, (held(x),)), Literal(None, MAYBE))), False),
        (exists((x,), Eq(Some(held(x)), Literal(None, MAYBE))), False),
        (exists((x,), Eq(Eq(held(x), x), FALSE)), True),
        (exists((x,), Eq(Ite(TRUE, x, held(x)), x)), True),
    ],
)
def test_an_atom_that_unwraps_none_is_false(formula, holds):
    assert judge(formula) == [holds, holds]


def test_count_settles_its_body_and_is_an_integer():
    many = Count((x,), Eq(held(x), x))
    assert judge(Eq(Arith("+", many, many), Literal(2, INT))) == [True, True]
    assert judge(Eq(Count((x, y), TRUE), Literal(9, INT)), {"Item": 3}) == [True] * 3


def test_count_inside_count_keeps_its_own_total():
    inner = Compare("<=", Count((y,), Eq(y, x)), Literal(1, INT))
    assert judge(Eq(Count((x,), inner), Literal(3, INT)), {"Item": 3}) == [True] * 3


def test_application_outside_a_range_makes_its_atom_false():
    cells = var("cells", RangeType(0, 2))
    model = instantiate(system(cells, starting=(starts(cells, TRUE),)), {})
    (state,) = model.initial_states()
    reads = lambda i: App(cells, (Arith("+", Literal(i, INT), Literal(1, INT)),))  # noqa: E731
    assert model.formula(reads(1))(state)
    assert not model.formula(reads(2))(state)
    assert not model.formula(App(cells, (Literal(-1, INT),)))(state)


def test_a_variable_may_be_bound_again_inside():
    assert judge(forall((x,), Quant("exists", (x, y), conj((Eq(x, y), Eq(held(x), y))))))[0]


INITIAL = {"mutex": 1, "lost_update": 1, "lock_server": 1, "ordered": 2, "philosophers": 1, "havoc": 3, "ranged": 2}


@pytest.mark.parametrize("make", [mutex, lost_update, lock_server, ordered, philosophers, havoc, ranged])
def test_initial_states_are_all_and_each_once(make):
    states = list(instantiate(make(), {}).initial_states())
    assert len(states) == len(set(states)) == INITIAL[make().name]


def test_initial_states_are_found_without_trying_all():
    many = SortType("Many")
    f, m, k = var("f", many, many), Var("m", many), Var("k", many)
    told = forall((m, k), Eq(App(f, (m, k)), Eq(m, k)))
    spec = TransitionSystem("s", (many,), (), (f,), (), (), (Named("told", told),), (), (), ())
    ticks = []
    states = list(instantiate(spec, {"Many": 8}).initial_states(lambda: ticks.append(0)))
    assert len(states) == 1
    assert len(ticks) <= 2 * 64


def test_initial_values_may_follow_other_initial_values():
    a, b = var("a", result=ITEM), var("b", result=ITEM)
    spec = system(a, b, starting=(Update(a, (), App(b)),))
    assert sorted(instantiate(spec, {}).initial_states()) == [(0, 0), (1, 1)]


def test_initial_values_in_a_circle_are_refused():
    a, b = var("a", result=ITEM), var("b", result=ITEM)
    spec = system(a, b, starting=(Update(a, (), App(b)), Update(b, (), App(a))))
    with pytest.raises(Unsupported, match="depends on itself"):
        list(instantiate(spec, {}).initial_states())


def test_int_without_a_value_is_refused_with_its_name():
    spec = system(const("limit", result=INT))
    with pytest.raises(Unsupported, match="the constant limit is an Int without a value"):
        list(instantiate(spec, {}).initial_states())


def test_range_that_ends_at_an_int_without_a_value_takes_it_from_the_scope():
    size = const("N", result=INT)
    cells = var("cells", RangeType(0, "N"))
    spec = system(size, cells, starting=(starts(cells, FALSE),))
    with pytest.raises(Unsupported, match="N ends a range"):
        instantiate(spec, {})
    (state,) = instantiate(spec, {"N": 3}).initial_states()
    assert state == (3, False, False, False, False)


def test_updates_read_the_state_before():
    a, b = var("a", result=ITEM), var("b", result=ITEM)
    swap = Transition("swap", (), TRUE, (Update(a, (), App(b)), Update(b, (), App(a))))
    model = instantiate(system(a, b, transitions=(swap,)), {})
    assert [step.after for step in model.successors((0, 1))] == [(1, 0)]


def test_value_outside_its_range_is_refused_not_stored():
    n = var("n", result=RangeType(0, 1))
    grow = Transition("grow", (), TRUE, (Update(n, (), Arith("+", App(n), Literal(1, INT))),))
    model = instantiate(system(n, transitions=(grow,)), {})
    assert [step.after for step in model.successors((0,))] == [(1,)]
    with pytest.raises(Unsupported, match=r"n after grow is 2, outside of 0\.\.1"):
        list(model.successors((1,)))


def two_writes():
    f = var("f", ITEM, ITEM)
    us = (Var("u0", ITEM), Var("u1", ITEM))
    first = write(f, (x, y), TRUE)
    there = conj((Eq(us[0], y), Eq(us[1], x)))
    return f, Update(f, us, Ite(there, FALSE, first.value))


def test_point_writes_are_recognised_and_the_outermost_wins():
    f, update = two_writes()
    writes = point_writes(update)
    assert writes is not None
    assert [w.value for w in writes] == [TRUE, FALSE]
    model = instantiate(system(f), {"Item": 3})
    compiler = Compiler(model.layout)
    scope = compiler.bind({}, (x, y))
    check = lambda value, _: value  # noqa: E731
    for state in (tuple([False] * 9), tuple([True] * 9), tuple(i % 2 == 0 for i in range(9))):
        for a in range(3):
            for b in range(3):
                results = []
                for points in (True, False):
                    apply = compile_update(compiler, update, scope, check, points=points)
                    env, after = compiler.env(), list(state)
                    env[:2] = [a, b]
                    apply(state, after, env)
                    results.append(after)
                assert results[0] == results[1]


@pytest.mark.parametrize("written", [TRUE, FALSE, Eq(x, y)])
def test_every_shape_of_a_point_write_is_recognised(written):
    assert point_writes(write(FLAG, (x,), written)) is not None


def test_bulk_write_is_no_point_write():
    assert point_writes(Update(FLAG, (y,), conj((App(FLAG, (y,)), Eq(y, x))))) is None


def broken_run():
    system = mutex(broken=True)
    trace = explore(system, ["exclusion"], Limits()).verdicts["exclusion"].trace
    return system, trace


def test_replay_accepts_the_explorers_traces():
    system, trace = broken_run()
    assert replay(system, trace) is None


def test_replay_refuses_a_step_that_the_guard_forbids():
    _, trace = broken_run()
    assert "step 2 (work.enter): it is not enabled" in replay(mutex(), trace)


def test_replay_refuses_other_arguments():
    system, trace = broken_run()
    first = trace.steps[0]
    name, value, type_ = first.args[0]
    forged = replace(trace, steps=(replace(first, args=((name, 1 - value, type_),)), *trace.steps[1:]))
    assert "leads to another state" in replay(system, forged)


def test_replay_refuses_another_initial_state():
    system, trace = broken_run()
    later = replace(trace, initial=trace.steps[0].after, steps=trace.steps[1:])
    assert replay(system, later) == "work.pc at (0,) starts as crit, not idle"


def test_replay_without_initial_starts_anywhere_the_axioms_allow():
    system, trace = broken_run()
    assert replay(system, replace(trace, initial=trace.steps[0].after, steps=trace.steps[1:]), initial=False) is None


def test_replay_refuses_a_state_with_a_hole_and_values_of_no_type():
    system, trace = broken_run()
    empty = State(trace.initial.sizes, {})
    assert "has no value" in replay(system, replace(trace, initial=empty))
    _pc, owner = system.symbols
    odd = State(trace.initial.sizes, {**trace.initial.tables, owner: {(): 7}})
    assert "which is no Proc?" in replay(system, replace(trace, initial=odd))


def test_replay_refuses_an_unknown_transition():
    system, trace = broken_run()
    assert "no transition 99" in replay(system, replace(trace, steps=(replace(trace.steps[0], transition=99),)))


def test_replay_finds_choices_by_itself():
    system = havoc()
    result = explore(system, ["all_marked"], Limits()).verdicts["all_marked"]
    assert replay(system, result.trace) is None


def test_replay_takes_constants_at_ends_of_ranges_from_the_trace():
    system = ranged(3)
    verdict = explore(system, ["all_full"], Limits(sizes={"N": 3})).verdicts["all_full"]
    assert len(verdict.trace.steps) == 3
    assert replay(system, verdict.trace) is None


def test_explanation_names_the_failing_conjunct_and_its_witnesses():
    _, trace = broken_run()
    assert trace.reason == (
        "with p = proc0, q = proc1: at(work(proc0), leave) and at(work(proc1), leave) hold but proc0 = proc1 does not hold"
    )


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (conj((forall((x,), Not(App(FLAG, (x,)))), exists((x,), App(FLAG, (x,))))), "there is no x such that flag(x)"),
        (Not(exists((x,), Not(App(FLAG, (x,))))), "with x = item0: not flag(item0) holds"),
        (Eq(App(COUNTER), Literal(3, INT)), "n = 3 does not hold (n is 0)"),
        (
            forall((x,), Eq(held(x), x)),
            "with x = item1: slot(item1)! = item1 does not hold (slot(item1)! is undefined)",
        ),
        (
            Eq(exists((x,), App(FLAG, (x,))), Eq(App(COUNTER), Literal(0, INT))),
            "(exists x: Item :: flag(x)) is false but n = 0 is true",
        ),
    ],
)
def test_explanations_read_well(formula, text):
    model = instantiate(SLOTS, {})
    state = next(model.initial_states())
    assert explain(model, formula, state) == text


def test_explanation_of_a_true_formula_is_empty():
    model = instantiate(SLOTS, {})
    assert explain(model, TRUE, next(model.initial_states())) == ""


def test_known_gap_two_atoms_do_not_share_an_undefined_value():
    """`a! != b` is true where a is none, though `a! = b` is false: lowering's obligations guard against the surprise."""
    assert judge(exists((x,), Not(Eq(held(x), x)))) == [True, True]


def test_symbols_and_steps_are_plain_values():
    model = instantiate(mutex(), {})
    state = next(model.initial_states())
    step = model.to_step(next(iter(model.successors(state))))
    assert isinstance(step, Step)
    assert step.action == "work.enter"
    assert [arg[:2] for arg in step.args] == [("p", 0)]
    assert Trace(model.to_state(state), (step,)).states[1] == step.after
    assert Symbol("owner", (), MAYBE) in step.after.tables
    assert Property("p", "invariant").formula == TRUE
