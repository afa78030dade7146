"""Refinement, judged by every engine: what a mapped step may do, why one is refused, and that the engines agree.

The oracle for the formulas is the abstract system itself: under the mapping of each symbol to itself, a step is simulated
if the evaluator finds it among the abstract system's own steps.
"""

import os
from dataclasses import replace
from itertools import islice

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.engines import systems as hand
from tests.engines.random_systems import Features, systems
from tests.engines.test_engines_agree import check_verdicts
from tests.rulings.design import system_of

from interlock.core.rewrite import map_apps
from interlock.core.system import Property, Refinement, Update
from interlock.core.term import FALSE, TRUE, App, conj, negate
from interlock.core.types import BOOL
from interlock.core.verdict import Holds, NoneUpTo, NotInductive, Proved, Unknown, Violated
from interlock.engines.evaluate import instantiate, replay
from interlock.engines.explore import explore
from interlock.engines.exploring import Explorer
from interlock.engines.protocol import Limits
from interlock.engines.refinement import Simulation, simulate
from interlock.engines.z3.bmc import BoundedModelChecker
from interlock.engines.z3.prove import Induction

FUZZ = bool(os.environ.get("INTERLOCK_FUZZ"))
SETTINGS = settings(max_examples=100 if FUZZ else 12, deadline=None, suppress_health_check=list(HealthCheck))
NAME = "refinement.abstract"

REGISTER = "abstract\nsort S\nvar set(x: S): Bool = false\naction put(x: S) { set(x) := true }"
ONCE = REGISTER.replace("{ set", "{ await not set(x); set")
ALONE = REGISTER.replace("{ set", "{ await forall y: S :: not set(y); set")
WRITER = "sort S\nvar own(x: S): Bool = false\nprocess p(x: S) { step look: await true  step store: own(x) := true }\n"
MAPPED = WRITER + "refines abstract { set(y) = own(y)  p.store => put(x) }"


def judged(text, depth=6, **modules):
    """The verdicts of the explorer, of induction, and of bounded search in a scope and over any sizes."""
    return verdicts(system_of(text, **modules), depth)


def verdicts(system, depth=6):
    """As `judged`; the explorer in machine code, where it can, must find the same."""
    limits = Limits(depth=depth)
    found = [explore(system, [NAME], limits).verdicts[NAME]]
    native = dict(Explorer().judge(system, [NAME], limits))[NAME]
    assert (type(native), length(native)) == (type(found[0]), length(found[0]))
    for engine, more in (
        (Induction(), limits), (BoundedModelChecker(), limits), (BoundedModelChecker(), replace(limits, unbounded=True)),
    ):  # fmt: skip
        found.append(dict(engine.judge(system, [NAME], more))[NAME])
    return found


def length(verdict):
    """The number of steps of a verdict's run, if it has one."""
    return len(verdict.trace.steps) if isinstance(verdict, Violated) else None


def agree_on_success(found):
    return [type(v) for v in found] == [Holds, Proved, NoneUpTo, NoneUpTo]


def refuted(text, **modules):
    """Why it is refuted, and after how many steps; all engines that can tell agree."""
    system = system_of(text, **modules)
    explored, proof, bounded, unbounded = verdicts(system)
    assert isinstance(proof, NotInductive | Violated)
    runs = [explored.trace, bounded.trace, unbounded.trace]
    assert [replay(system, run) for run in runs] == [None] * 3
    assert len({len(run.steps) for run in runs}) == 1
    return len(explored.trace.steps), explored.trace.reason


def unknown(text, **modules):
    """Why no engine can tell."""
    found = judged(text, **modules)
    assert all(isinstance(v, Unknown) for v in found)
    (reason,) = {v.reason for v in found}
    return reason


# What a step may do


def test_a_step_takes_the_action_that_is_named_for_it():
    assert agree_on_success(judged(MAPPED, abstract=REGISTER))
    assert agree_on_success(judged(MAPPED, abstract=ONCE))


def test_a_guard_that_is_false_is_named_with_the_elements():
    why = "abstract cannot take put(s1): its guard `forall y: S :: not set(y)` is false for y = s0"
    assert refuted(MAPPED, abstract=ALONE) == (4, why)


def test_an_action_that_does_something_else_is_named_with_the_difference():
    unset = REGISTER.replace(":= true", ":= false")
    assert refuted(MAPPED, abstract=unset) == (2, "put(s0) of abstract leaves set(s0) false, and here it is then true")
    others = MAPPED.replace("own(x) := true }", "own(y: S) := y != x }")
    assert refuted(others, abstract=REGISTER) == (
        2,
        "put(s0) of abstract makes set(s0) true, and here it is then false",
    )
    more = MAPPED.replace("own(x) := true }", "own(y: S) := true }")
    assert refuted(more, abstract=REGISTER) == (2, "put(s0) of abstract leaves set(s1) false, and here it is then true")


def test_a_step_that_is_not_listed_must_leave_the_abstract_state_alone():
    why = "set(s0) changes from false to true, and no action of abstract is named for p.store"
    assert refuted(MAPPED.replace("p.store => put(x)", ""), abstract=REGISTER) == (2, why)


def test_a_listed_step_may_also_leave_the_abstract_state_alone():
    """As a step of which one alternative takes the action and the others do not: a compare-and-swap that fails."""
    maybe = MAPPED.replace("step store: own(x) := true", "step store: either { own(x) := true } or { await true }")
    assert agree_on_success(judged(maybe, abstract=REGISTER))
    again = MAPPED.replace("step store", "step first: own(x) := true  step store")
    again = again.replace("refines abstract {", "refines abstract { p.first => put(x)")
    assert agree_on_success(judged(again, abstract=ONCE))


def test_an_action_that_only_observes_must_be_taken_where_it_is_named():
    seen = REGISTER + "\naction seen(x: S) { await set(x) }"
    look = MAPPED.replace("p.store", "p.look => seen(x)  p.store")
    assert refuted(look, abstract=seen) == (1, "abstract cannot take seen(s0): its guard `set(s0)` is false")
    late = MAPPED.replace(" }\nrefines", "  step done_: await true }\nrefines").replace(
        "p.store", "p.done_ => seen(x)  p.store"
    )
    assert agree_on_success(judged(late, abstract=seen))


def test_a_step_that_is_listed_twice_takes_either_action():
    two = REGISTER + "\naction clear(x: S) { set(x) := false }"
    flip = WRITER.replace("own(x) := true", "own(x) := not own(x)").replace("p(x: S) {", "p(x: S) { loop {") + "}"
    text = flip.replace("}}", "} }") + "\nrefines abstract { set(y) = own(y)  p.store => put(x)  %s }"
    assert agree_on_success(judged(text % "p.store => clear(x)", abstract=two))
    assert refuted(text % "", abstract=two)[1].startswith("put(s0) of abstract leaves set(s0) true")


def test_the_start_must_be_a_start_of_the_abstract_system():
    wrong = MAPPED.replace("= own(y)", "= not own(y)")
    assert refuted(wrong, abstract=REGISTER) == (0, "abstract does not start here: set(s0) is true, not false")
    demand = REGISTER + "\ninitially full: exists x: S :: set(x)"
    loose = demand.replace(" = false", "")
    assert refuted(MAPPED, abstract=loose) == (
        0,
        "abstract does not start here: its full `exists x: S :: set(x)` is false",
    )


def test_constants_are_those_of_the_same_name_and_axioms_speak_of_them():
    limited = REGISTER.replace("{ set", "{ await may(x); set").replace("var", "const may(x: S): Bool\nvar")
    guarded = MAPPED.replace("var own", "const may(x: S): Bool\nvar own").replace(
        "own(x) := true", "await may(x); own(x) := true"
    )
    assert agree_on_success(judged(guarded, abstract=limited))
    assert refuted(guarded, abstract=limited + "\naxiom all: forall x: S :: may(x)")[0] == 0


def test_arguments_may_be_read_after_the_step():
    text = """sort S
    var own(x: S): Bool = false
    process p(x: S) { local y: S?  step choose: pick z: S; y := z; own(z) := true }
    refines abstract { set(z) = own(z)  p.choose => put(%s) }"""
    assert agree_on_success(judged(text % "y'!", abstract=REGISTER))
    assert refuted(text % "y!", abstract=REGISTER) == (1, "abstract cannot take put: p.y(x)! has no value")


def test_the_abstract_system_picks_what_fits():
    some = "abstract\nsort S\nvar set(x: S): Bool = false\naction put { pick x: S where not set(x); set(x) := true }"
    text = MAPPED.replace("put(x)", "put")
    assert agree_on_success(judged(text, abstract=some))
    text = text.replace("own(x) := true", "own(y: S) := true")
    assert refuted(text, abstract=some)[1] == "put of abstract leaves set(s1) false, and here it is then true"
    none = some.replace("not set(x);", "set(x);")
    assert refuted(text, abstract=none)[1] == "abstract cannot take put: its guard is false for every x"


def test_a_choice_of_the_abstract_system_is_what_the_step_makes_of_it():
    any_ = "abstract\nsort S\nvar set(x: S): Bool = false\naction put(y: S) { havoc set such that set(y)' }"
    assert agree_on_success(judged(MAPPED, abstract=any_))
    wrong = MAPPED.replace("own(x) := true", "own(y: S) := y != x")
    assert refuted(wrong, abstract=any_)[1] == "abstract cannot take put(s0): its guard `set(s0)'` is false"


def test_asserts_of_the_abstract_system_hold_where_its_action_is_taken():
    checked = REGISTER.replace("{ set", "{ assert new: not set(x); set")
    assert agree_on_success(judged(MAPPED, abstract=checked))
    other = checked.replace("new: not set(x)", "alone: forall y: S :: not set(y)")
    assert refuted(MAPPED, abstract=other)[0] == 4


def test_actions_with_the_name_of_an_abstract_action_are_that_action():
    text = "sort S\nvar set(x: S): Bool = false\naction put(x: S) { set(x) := true }\nrefines abstract {}"
    assert agree_on_success(judged(text, abstract=ONCE))
    assert refuted(text.replace("put(x", "add(x"), abstract=ONCE)[0] == 1
    assert agree_on_success(judged(text.replace("put(x", "add(x").replace("{}", "{ add => put(x) }"), abstract=ONCE))


def test_a_variable_that_nothing_changes_is_part_of_the_claim():
    """Lowering drops such variables elsewhere, which here would pass what changes them."""
    calm = REGISTER + "\nvar broken: Bool = false"
    text = MAPPED.replace("set(y) =", "broken = exists z: S :: own(z)  set(y) =")
    assert refuted(text, abstract=calm) == (2, "put(s0) of abstract leaves broken false, and here it is then true")


def test_a_variable_here_that_nothing_changes_may_stand_for_one_there():
    """Lowering has dropped `never` from this system, and from the mapping and its arguments with it."""
    flag = "abstract\nvar flag: Bool = false\naction raise(b: Bool) { flag := b }"
    text = "var never: Bool = false\nvar go: Bool = false\nprocess p { step s: go := true }\n"
    text += "refines abstract { flag = never  p.s => raise(never) }"
    assert agree_on_success(judged(text, abstract=flag))


def test_a_value_out_of_the_type_there_is_refused():
    small = "abstract\nvar n: 0..2\naction set { havoc n }"
    text = "var m: Int = 0\nprocess p { step one: m := 2  step two: m := 3 }\nrefines abstract { n = m  p.one => set  p.two => set }"
    assert refuted(text, abstract=small) == (2, "afterwards `n` of abstract has no value of its type")
    assert agree_on_success(judged(text.replace("m := 3", "m := 1"), abstract=small))


def test_a_mapping_may_rest_on_what_is_proved():
    text = MAPPED.replace("own(x) := true }", "own(x) := true  step again: await true }").replace(
        "p.store", "p.again => seen(x)  p.store"
    )
    seen = REGISTER + "\naction seen(x: S) { await set(x) }"
    plain = judged(text, abstract=seen)
    lemma = "\nlemma stored: forall x: S :: at(p(x), again) implies own(x)"
    assert agree_on_success(judged(text + lemma, abstract=seen))
    assert isinstance(plain[0], Holds)
    assert isinstance(plain[1], NotInductive | Proved)  # it may infer the lemma


def test_counting_is_judged_in_scopes_and_by_the_prover_not():
    """A mapping that counts: explored and searched, and Unknown to induction with the reason."""
    number = "abstract\nvar n: Int = 0\naction up { n := n + 1 }"
    text = WRITER + "refines abstract { n = count(y: S where own(y))  p.store => up }"
    explored, proof, bounded, unbounded = judged(text, abstract=number)
    assert isinstance(explored, Holds)
    assert isinstance(bounded, NoneUpTo)
    assert {proof.reason, unbounded.reason} == {"`count` is judged by finite engines only"}


# What no formula says


def test_known_gap_what_may_be_out_of_range_there_can_only_be_another_variable_here():
    cells = (
        "abstract\nvar n: 0..2 = 0\nvar set(i: 0..2): Bool = false\naction put { await not set(n + 1); set(n) := true }"
    )
    text = "var n: 0..2 = 0\nvar own(i: 0..2): Bool = false\nprocess p { step s: await n < 2; own(n) := true }\n"
    text += "refines abstract { set(i) = %s  p.s => put }"
    assert agree_on_success(judged(text % "own(i)", abstract=cells))
    assert "applies `set` to what may have no value" in unknown(text % "own(i) and n < 3", abstract=cells)


def test_known_gap_an_abstract_action_cannot_pick_an_integer_unless_it_stores_it():
    text = (
        "var m: %s = 0\nprocess p { step a: m := 3  step b: m := %s }\nrefines abstract { n = m  p.a => up  p.b => up }"
    )
    up = "abstract\nvar n: %s = 0\naction up { havoc n such that %s }"
    assert isinstance(judged(text % ("Int", "5"), abstract=up % ("Int", "n' > n"))[0], Holds)
    assert (
        refuted(text % ("Int", "2"), abstract=up % ("Int", "n' > n"))[1]
        == "abstract cannot take up: its guard `n < n'` is false"
    )
    reason = unknown(text % ("Int?", "5"), abstract=up % ("Int?", "n' != n"))
    assert reason.startswith("up of abstract picks a value of type Int")


def test_a_property_without_a_refinement_is_unknown_with_the_reason_given():
    for reason in ("not yet", ""):
        system = replace(hand.mutex(), properties=(Property(NAME, "refinement", reason=reason),))
        assert {v.reason for v in verdicts(system)} == {reason or "nothing says what is refined"}


def test_sorts_that_are_not_here_are_unknown():
    system = hand.mutex()
    wanted = hand.lock_server()
    assert simulate(system, Refinement(NAME, wanted, (), ())).startswith("there is no sort `Client` here")


# Random systems


def claiming(system, abstract):
    """The system with the claim that it refines the abstract one, action by action."""
    steps = tuple(dict.fromkeys((t.action, t.action, t.params) for t in system.transitions))
    refinement = Refinement(NAME, abstract, (), steps)
    return replace(system, properties=(*system.properties, Property(NAME, "refinement")), refinements=(refinement,))


def bare(system):
    return replace(system, obligations=(), properties=tuple(p for p in system.properties if p.kind != "assertion"))


def first_refusal(system, abstract, depth):
    """The length of the shortest run whose last step the abstract system lacks, as its own successors tell."""
    model, other = instantiate(system, {}), instantiate(abstract, {})
    level = list(islice(model.initial_states(), 400))
    seen = set(level)
    for length in range(1, depth + 1):
        found = []
        for state in level:
            for step in model.successors(state):
                if step.after == state:
                    continue
                action = system.transitions[step.transition].action
                theirs = [
                    s.after
                    for i, t in enumerate(abstract.transitions)
                    if t.action == action
                    for s in other.steps(state, i)
                    if s.args == step.args
                ]
                if step.after not in theirs:
                    return length
                if step.after not in seen:
                    seen.add(step.after)
                    found.append(step.after)
        level = found
    return None


@SETTINGS
@given(systems(Features(symbolic_ranges=True)))
def test_random_systems_refine_themselves(system):
    system = bare(system)
    verdict = explore(claiming(system, system), [NAME], Limits(states=1500)).verdicts[NAME]
    assert not isinstance(verdict, Violated), verdict
    check_verdicts(claiming(system, system), depth=2)


@SETTINGS
@given(systems(), st.data())
def test_a_strengthened_guard_is_refused_where_the_abstract_system_lacks_the_step(system, data):
    system = bare(system)
    number = data.draw(st.integers(0, len(system.transitions) - 1))
    own = [p.formula for p in system.properties if p.kind in ("invariant", "lemma", "reachable")]
    extra = data.draw(st.sampled_from([*own, *map(negate, own), FALSE]))
    changed = list(system.transitions)
    changed[number] = replace(changed[number], guard=conj((changed[number].guard, extra)))
    abstract = replace(system, transitions=tuple(changed))
    claimed = claiming(system, abstract)
    assume(isinstance(simulate(claimed, claimed.refinements[0]), Simulation))
    found = explore(claimed, [NAME], Limits(states=1500)).verdicts[NAME]
    if isinstance(found, Holds | Violated):
        native = dict(Explorer().judge(claimed, [NAME], Limits()))[NAME]
        assert isinstance(native, Unknown) or (type(native), length(native)) == (type(found), length(found))
    expected = first_refusal(system, abstract, 3)
    if isinstance(found, Violated):
        assert expected == len(found.trace.steps) or (expected is None and len(found.trace.steps) > 3)
    elif isinstance(found, Holds):
        assert expected is None
    check_verdicts(claimed, depth=2)


@SETTINGS
@given(systems(Features(choices=False)))
def test_random_systems_refine_their_mirror_images(system):
    """Each Bool variable stands for its negation: values, guards and updates pass through a mapping that is no name."""
    system = bare(system)
    flipped = frozenset(s for s in system.symbols if s.result == BOOL and not s.rigid)

    def mirror(term):
        return map_apps(term, lambda a: negate(a) if a.symbol in flipped else a)

    def written(update):
        value = mirror(update.value)
        return replace(update, value=negate(value) if update.symbol in flipped else value)

    abstract = replace(
        system,
        initial_values=tuple(map(written, system.initial_values)),
        initially=tuple(replace(n, formula=mirror(n.formula)) for n in system.initially),
        transitions=tuple(
            replace(t, guard=mirror(t.guard), updates=tuple(map(written, t.updates))) for t in system.transitions
        ),
    )
    variables = []
    for symbol in flipped:
        formals = hand.formals(symbol)
        variables.append(Update(symbol, formals, negate(App(symbol, formals))))
    claimed = claiming(system, abstract)
    refinement = replace(claimed.refinements[0], variables=tuple(variables))
    claimed = replace(claimed, refinements=(refinement,))
    outcome = simulate(claimed, refinement)
    if isinstance(outcome, str):
        assert "what may have no value" in outcome
        return
    assert not isinstance(explore(claimed, [NAME], Limits(states=1500)).verdicts[NAME], Violated)
    check_verdicts(claimed, depth=2)


# Sabotage


@pytest.mark.parametrize(
    "system", [hand.mutex(), hand.lock_server(), hand.havoc(), hand.ranged()], ids=lambda s: s.name
)
def test_hand_built_systems_refine_themselves_and_nothing_less(system):
    system = bare(system)
    assert isinstance(verdicts(claiming(system, system), depth=3)[0], Holds)
    for number, transition in enumerate(system.transitions):
        changed = list(system.transitions)
        changed[number] = replace(transition, guard=FALSE)
        found = verdicts(claiming(system, replace(system, transitions=tuple(changed))), depth=3)
        assert isinstance(found[0], Violated)
        assert not isinstance(found[1], Proved)


def test_claims_say_nothing_of_steps_that_touch_nothing_mapped():
    system = system_of(MAPPED, abstract=REGISTER)
    outcome = simulate(system, system.refinements[0])
    assert isinstance(outcome, Simulation)
    look, store = outcome.steps
    assert look.formula == TRUE
    assert store.formula != TRUE
