"""Partial-order reduction changes no verdict, no deadlock and no dead step; and each of its conditions is needed."""

import os
from collections import deque
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from tests.native.random_processes import lower_text, specifications

from interlock.engines.checks import checks_of
from interlock.engines.evaluate import Unsupported, instantiate
from interlock.engines.graph import Threads
from interlock.engines.judge import finite_scope
from interlock.engines.native import ample as ample_module
from interlock.engines.native import exclusion, independence
from interlock.engines.native.ample import Ample, ample_of
from interlock.engines.native.driver import Driver
from interlock.engines.native.explorer import NativeExploration
from interlock.engines.native.generator import SystemGenerator
from interlock.engines.native.judging import Judging
from interlock.engines.native.outcome import Bounds, Reason, Until
from interlock.engines.native.packing import pack_layout
from interlock.engines.native.steps import Steps
from interlock.engines.native.stillness import holds_when_still
from interlock.engines.protocol import Limits
from interlock.pipeline import lower_file, read_bytes

EXAMPLES = 300 if os.environ.get("INTERLOCK_FUZZ") else 20
SETTINGS = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
SPEC = Path(__file__).parents[2] / "spec"
FILES = sorted(str(p.relative_to(SPEC)) for p in SPEC.rglob("*.ilk"))
JUDGED = ("invariant", "lemma", "inferred", "step_invariant", "reachable", "assertion", "unwrap", "range", "deadlock")
STATES = 4000
STATES_COMPILED = 100_000


@dataclass(frozen=True)
class Explored:
    """What a search has found: how many states, and what a reduction must not change."""

    states: int
    settled: frozenset[str]
    deadlock: bool
    taken: frozenset[int]

    @property
    def findings(self):
        return self.settled, self.deadlock, self.taken


def judged_by(system, kinds=JUDGED):
    return [prop for prop in system.properties if prop.kind in kinds]


def explore(system, sizes, props, ample=None, states=STATES):
    """A search with the reference meaning, and with the reduction as its description says; None if it is too large."""
    model = instantiate(system, sizes)
    checks, threads = checks_of(model, props), Threads(model)
    seen = set(islice(model.initial_states(), states + 1))
    pending = deque(seen)
    settled, taken, deadlock = set(), set(), False
    for state in seen:
        settled |= {name for name, check in checks.states.items() if check(state) is not None}
    while pending:
        state = pending.popleft()
        steps = list(model.successors(state))
        if ample is not None:
            steps = chosen(threads, state, steps, ample)
        for step in steps:
            taken.add(step.transition)
            if step.after == state:
                continue
            settled |= {name for name, check in checks.steps.items() if name not in settled and check(state, step)}
            if step.after not in seen:
                if len(seen) > states:
                    return None
                seen.add(step.after)
                pending.append(step.after)
                settled |= {n for n, check in checks.states.items() if n not in settled and check(step.after)}
        deadlock = deadlock or (
            all(step.after == state for step in steps) and any(True for _ in threads.waiting(state))
        )
    return Explored(len(seen), frozenset(settled), deadlock, frozenset(taken))


def chosen(threads, state, steps, ample):
    """The steps of the first thread that has some at a location where they may be taken alone; or all."""
    places = {(process.name, location): numbers for process, location, numbers in ample.places}
    order = list(dict.fromkeys(process.name for process, _, _ in ample.places))
    for thread in sorted(
        threads.all(state), key=lambda t: order.index(t.process.name) if t.process.name in order else 9
    ):
        numbers = places.get((thread.process.name, threads.location(thread, state)), ())
        own = [s for s in steps if s.transition in numbers and s.args[: len(thread.args)] == thread.args]
        if own:
            return own
    return steps


def compiled(system, sizes, ample=None):
    """States, transitions taken, and whether there is a deadlock, by machine code."""
    model = instantiate(system, sizes)
    initial = list(islice(model.initial_states(), STATES))
    packing = pack_layout(model, initial)
    steps = Steps(system, packing)
    generator = SystemGenerator(steps, Judging(system, packing), packing, (), (), deadlock=True, ample=ample)
    with Driver(generator, keyed=False) as driver:
        outcome = driver.run([packing.pack(s) for s in initial], until=Until.ALL, bounds=Bounds(seconds=60))
    assert outcome.reason is Reason.COMPLETE, outcome.detail
    taken = frozenset(number for number, count in enumerate(outcome.transitions) if count)
    return outcome.states, taken, outcome.deadlock is not None


# Agreement


def explored(system, props, **limits):
    """Verdicts, and the actions that are taken, of the native explorer; None if the scope is too large for a test."""
    limits = Limits(sizes=finite_scope(system), states=STATES_COMPILED, total_seconds=60, symmetry=False, **limits)
    run = NativeExploration(system, [prop.name for prop in props], limits, measure=True)
    try:
        verdicts = dict(run.judge())
    except Unsupported:
        return None
    stats = run.stats()
    return (verdicts, {action for action, count in stats.actions if count}, stats.states) if stats.complete else None


def check_alike(name):
    """With all properties, without lemmas (which see the most), and with none but deadlock and `reachable`."""
    system, _ = lower_file(str(SPEC / name), read_bytes)
    kinds = (JUDGED, [k for k in JUDGED if k not in ("lemma", "inferred")], ("deadlock", "reachable"))
    known = set()
    for wanted in kinds:
        props = judged_by(system, wanted)
        ample = ample_of(system, props)
        if not ample or ample.places in known:
            continue
        known.add(ample.places)
        full = explored(system, props, partial_order=False)
        if full is None:
            return
        verdicts, actions, states = explored(system, props)
        assert states <= full[2]
        assert actions == full[1]
        assert verdicts.keys() == full[0].keys()
        for prop, verdict in verdicts.items():
            assert outline(verdict) == outline(full[0][prop]), (name, prop, str(ample))


def outline(verdict):
    """The kind of a verdict, and the length of its run."""
    trace = getattr(verdict, "trace", None)
    return verdict.kind, None if trace is None else len(trace.steps)


@pytest.mark.parametrize("name", [f for f in FILES if "list_lru" not in f])
def test_the_gallery_and_the_library_are_judged_alike(name):
    check_alike(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [f for f in FILES if "list_lru" in f])
def test_list_lru_is_judged_alike(name):
    check_alike(name)


@SETTINGS
@given(specifications())
def test_random_processes_are_judged_alike(text):
    """Each property alone, which sees the least, and all together."""
    system = lower_text(text)
    props = judged_by(system)
    full = explore(system, {"T": 2}, props, states=1500)
    assume(full is not None)
    for some in (props, *([prop] for prop in props if prop.kind != "inferred")):
        ample = ample_of(system, some)
        if ample:
            reduced = explore(system, {"T": 2}, some, ample)
            names = {prop.name for prop in some}
            assert reduced.findings == (full.settled & names, full.deadlock, full.taken), (str(ample), names, text)


@settings(SETTINGS, max_examples=EXAMPLES // 5)
@given(specifications())
def test_machine_code_takes_the_steps_that_the_description_says(text):
    system = lower_text(text)
    ample = ample_of(system, [])
    assume(ample)
    expected = explore(system, {"T": 2}, [], ample, states=1500)
    assume(expected is not None)
    assert compiled(system, {"T": 2}, ample) == (expected.states, expected.taken, expected.deadlock)


def test_threads_of_several_parameters_are_reduced_in_machine_code():
    system = lower_text("""module random
    sort T
    var f(t: T): Bool = false
    process p(t, u: T) { local a: Bool
      step one: a := true
      step two: f(t) := a
      step three: a := false
    }
    deadlock free""")
    ample = ample_of(system, [])
    assert [location for _, location, _ in ample.places] == ["one", "three"]  # f(t) is of several threads
    expected = explore(system, {"T": 2}, [], ample)
    assert compiled(system, {"T": 2}, ample) == (expected.states, expected.taken, expected.deadlock)
    assert expected.states < compiled(system, {"T": 2})[0]


# What each condition is for: a system that is judged wrongly without it


def judged_alike(text, sizes=None):
    """Whether the reduction, as it is now, leaves the findings of every single property as they are."""
    system = lower_text(text)
    alike = []
    for prop in judged_by(system):
        full = explore(system, sizes or {}, [prop])
        ample = ample_of(system, [prop])
        alike.append(explore(system, sizes or {}, [prop], ample).findings == full.findings)
    return all(alike)


VISIBLE = """module random
var seen: Bool = false
var done_first: Bool = false
process p { step a: seen := true }
process q { step b: done_first := true }
reachable only_q: done_first and not seen
"""

CIRCLING = """module random
var hit: Bool = false
process p { local a: Bool loop { step turn: a := not a } }
process q { step b: hit := true }
invariant never: not hit
"""

KIN = """module random
ordered sort T
var y: Bool = false
process p(t: T) { local saw: Bool
  step look: saw := y
  step write: y := true
}
reachable first_saw: exists t, u: T :: t < u and p(t).saw
"""

OTHERS = """module random
var y: Bool = false
process p { local saw: Bool step look: saw := y }
process q { step write: y := true }
reachable p_saw: p.saw
"""

STILL = """module random
var hit: Bool = false
process p { local a: Bool step set: a := true }
process q { step b: hit := true }
step invariant moves_on: hit implies not hit'
"""

TOGETHER = """module random
sort T
process p(t: T) { local a: Bool local b: Bool
  step set: a := true
  step unset: b := true
}
reachable apart: exists t, u: T :: t != u and p(t).a and not p(t).b and p(u).a and not p(u).b
"""

LOCKED = """module random
sort T
var y: Bool = false
use std.mutex as m
process p(t: T) { local saw: Bool
  with m { step look: saw := y step write: y := true }
}
process q { with m { step clear: y := false } }
reachable one_saw: exists t: T :: p(t).saw
"""

SYSTEMS = {"visible": VISIBLE, "circling": CIRCLING, "kin": KIN, "others": OTHERS, "still": STILL,
           "together": TOGETHER, "locked": LOCKED}  # fmt: skip


@pytest.mark.parametrize("name", SYSTEMS)
def test_small_systems_are_judged_alike(name):
    assert judged_alike(SYSTEMS[name], {"T": 2})


def test_steps_that_a_property_sees_must_not_be_taken_alone(monkeypatch):
    monkeypatch.setattr(ample_module, "sees", lambda _reads, _footprint: False)
    assert not judged_alike(VISIBLE)
    assert not judged_alike(TOGETHER, {"T": 2})


def test_only_a_property_of_one_thread_is_exempt(monkeypatch):
    monkeypatch.setattr(ample_module, "_is_of_one_thread", lambda *_: True)
    assert not judged_alike(TOGETHER, {"T": 2})


def test_a_thread_that_circles_must_not_put_off_the_others(monkeypatch):
    monkeypatch.setattr(ample_module, "without_cycles", lambda _flow, chosen: tuple(chosen))
    assert not judged_alike(CIRCLING)


def test_other_threads_of_the_same_process_count(monkeypatch):
    disturbs = ample_module.disturbs
    monkeypatch.setattr(ample_module, "disturbs", lambda a, b, met: a.process != b.process and disturbs(a, b, met))
    assert not judged_alike(KIN, {"T": 2})


def test_threads_of_other_processes_count(monkeypatch):
    disturbs = ample_module.disturbs
    monkeypatch.setattr(ample_module, "disturbs", lambda a, b, met: a.process == b.process and disturbs(a, b, met))
    assert not judged_alike(OTHERS)


def test_what_is_read_counts(monkeypatch):
    monkeypatch.setattr(independence, "meets", lambda *_: False)
    assert not judged_alike(OTHERS)


HANDED = """module random
ordered sort T
var given(t: T): Bool = false
var open: Bool = false
process p(t: T) { local a: Bool
  step wait: await given(t); a := open
  step leave: await open
}
process q(t: T) { local a: Bool step give: given(t) := true step more: a := true }
action unlock { open := true }
reachable one: exists t: T :: p(t).a
"""


def test_what_all_steps_need_and_others_only_give_is_no_reason_to_wait():
    """Where a thread has a step at all, it has been given what it needs; nobody takes that away."""
    ample = ample_of(lower_text(HANDED), [])
    assert [place for _, place, _ in ample.places] == ["leave", "give", "more"]
    taken_away = HANDED + "action lock { open := false }"
    assert "leave" not in [place for _, place, _ in ample_of(lower_text(taken_away), []).places]
    assert judged_alike(HANDED, {"T": 2})
    assert judged_alike(taken_away, {"T": 2})


def test_a_need_of_one_step_only_may_yet_be_met():
    """A thread that has another step at the place would miss the one that is not yet enabled."""
    text = """module random
    var open: Bool = false
    var hit: Bool = false
    process p { local a: Bool either { step go: await open; a := true } or { step stay: a := false } }
    action unlock { open := true }
    reachable went: p.a"""
    assert not [place for _, place, _ in ample_of(lower_text(text), []).places]
    assert judged_alike(text)


def test_a_step_invariant_that_sees_still_steps_needs_all_steps(monkeypatch):
    monkeypatch.setattr(ample_module, "holds_when_still", lambda _: True)
    assert not judged_alike(STILL)


def test_threads_are_apart_only_where_a_lock_is_held(monkeypatch):
    monkeypatch.setattr(exclusion.Exclusion, "apart", lambda *_: True)
    assert not judged_alike(OTHERS)
    assert not judged_alike(KIN, {"T": 2})


def test_a_lock_keeps_threads_apart_from_its_first_step_to_its_last():
    system = lower_text(LOCKED)
    ample = ample_of(system, [])
    assert [(p.name, location) for p, location, _ in ample.places] == [
        ("p", "look"), ("p", "write"), ("p", "m.exit"), ("q", "clear"), ("q", "m.exit"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("", False),
        ("action tick { z := true } var z: Bool = false", False),
        ("process thief(t: T) { step force: pick o: T where true; m.held(p(o)) := true }", True),
        ("process thief(t: T) { step force: m.held(self) := true step look: await y step give: y := true }", True),
        ("action unlock(t: T) { m.held(p(t)) := false }", True),
    ],
)
def test_a_lock_that_can_be_had_without_asking_is_none(change, broken):
    system = lower_text(LOCKED + change)
    ample = ample_of(system, [])
    assert ("look" in [place for p, place, _ in ample.places if p.name == "p"]) != broken
    assert judged_alike(LOCKED + change, {"T": 2})


# The parts


def test_whether_a_step_invariant_holds_of_still_steps_is_told_from_its_form():
    system = lower_text("""module random
    sort T, V
    enum State { FREE, USED, GONE }
    var f(t: T): V? = none
    var on(t: T): Bool = false
    var life(t: T): State = FREE
    step invariant yes1: forall t: T :: on(t) and not on(t)' implies f(t) = none
    step invariant yes2: forall t: T, v, w: V :: f(t) = v and f(t)' = w implies v = w
    step invariant yes3: forall t: T :: on(t) implies on(t)'
    step invariant yes4: forall t: T :: life(t) = USED implies not (life(t)' = FREE or life(t)' = GONE)
    step invariant yes5: (forall t: T :: on(t)) implies forall t: T :: on(t)'
    step invariant no1: forall t: T :: on(t) implies not on(t)'
    step invariant no2: forall t: T, v: V :: f(t) = v implies life(t)' = USED
    step invariant no3: forall t: T :: on(t)'
    action go(t: T, v: V) { f(t) := v; on(t) := true; life(t) := USED }""")
    told = {p.name: holds_when_still(p.formula) for p in system.properties if p.kind == "step_invariant"}
    assert told == {name: name.startswith("yes") for name in told}
    assert len(told) == 8


@pytest.mark.parametrize(
    ("prop", "reason"),
    [
        ("liveness l: y leads to not y", "l speaks of infinite runs"),
        ("step invariant s: y implies not y'", "s may say something of steps that change nothing it speaks of"),
        ("invariant i: y or not y", ""),
    ],
)
def test_a_property_that_needs_every_step_is_the_reason_for_none(prop, reason):
    system = lower_text(LOCKED + prop)
    ample = ample_of(
        system, system.properties[-1:] if reason == "" else [p for p in system.properties if p.name in "ls"]
    )
    assert ample.reason == reason
    assert bool(ample) == (reason == "")


def test_the_reduction_is_told_in_words():
    system = lower_text(LOCKED)
    assert str(ample_of(system, [])) == "partial-order reduction at 5 of 7 steps"
    assert not Ample((), 7)
