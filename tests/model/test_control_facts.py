"""Facts of control: what the analysis claims, and that it claims nothing that the prover refutes."""

from __future__ import annotations

from interlock.core.show import show_term
from interlock.core.source import Source
from interlock.core.system import TransitionSystem
from interlock.engines.protocol import Limits
from interlock.engines.z3.prove import Induction
from interlock.lang.check import check_module
from interlock.lang.parse import parse
from interlock.model.lower import lower

WORK = """
module work
sort Thread, Item
var busy(t: Thread): Bool = false
var shared: Bool = false
process run(t: Thread) {
  local got: Item?
  step begin: busy(t) := true
  step fetch: either { pick i: Item; got := i } or { got := none }
  if got != none { step use_it: shared := true }
  step finish: busy(t) := false
}
"""


def lowered(text: str) -> TransitionSystem:
    module, problems = parse(Source("work.ilk", text))
    assert module is not None, problems
    typed, found = check_module(module, {module.name.text: module})
    assert typed is not None, found
    system, late = lower(typed)
    assert system is not None, late
    return system


def claims(system: TransitionSystem) -> dict[str, str]:
    return {p.name: show_term(p.formula) for p in system.properties if p.kind == "inferred"}


def test_a_flag_and_a_local_are_known_where_control_tells_them() -> None:
    found = claims(lowered(WORK))
    assert "run.pc(t) != begin and run.pc(t) != done implies busy(t)" in found["run.control.busy"]
    assert "run.pc(t) = use_it implies run.got(t) != none" in found["run.control.run.got"]


def test_what_all_threads_write_is_nobodys_own() -> None:
    assert not any("shared" in name for name in claims(lowered(WORK)))


def test_what_another_process_writes_is_nobodys_own() -> None:
    found = claims(lowered(WORK + "process meddle(t: Thread) { step clear: busy(t) := false }\n"))
    assert not any("busy" in name for name in found)


def test_places_that_control_never_reaches_are_named() -> None:
    dead = WORK.replace("step fetch: either", "step fetch: await false; either")
    assert "not (run.pc(t) != begin and run.pc(t) != fetch)" in claims(lowered(dead))["run.control.reached"]


def test_every_claim_is_proved() -> None:
    looping = WORK.replace(
        "{ step use_it: shared := true }", "{ loop { step use_it: if shared { break }; shared := true } }"
    )
    for text in (WORK, looping):
        system = lowered(text)
        names = [p.name for p in system.properties if p.kind == "inferred"]
        verdicts = dict(Induction().judge(system, names, Limits()))
        assert names
        assert {v.kind for v in verdicts.values()} == {"proved"}, verdicts


def test_a_walk_owes_only_members_and_its_body_works_on_what_it_visited() -> None:
    text = """
    module walks
    sort Lru
    var registered(l: Lru): Bool = false
    var seen(l: Lru): Bool = false
    process scan { for l in registered as all { step look: seen(l) := true } }
    action add(l: Lru) { registered(l) := true }
    action drop(l: Lru) { registered(l) := false }
    """
    system = lowered(text)
    found = claims(system)
    assert "scan.all.owed(l) implies registered(l)" in found["scan.all.walk"]
    assert "scan.all.visited(l)" in found["scan.all.body"]
    names = [p.name for p in system.properties if p.kind == "inferred"]
    assert {v.kind for _, v in Induction().judge(system, names, Limits())} == {"proved"}


def test_a_process_with_steps_that_nothing_leads_to_can_be_asked_whether_it_started() -> None:
    text = """
    module stuck
    sort Thread
    process run(t: Thread) { loop { step first: await true; return } step second: await true step third: await true }
    deadlock free
    """
    system = lowered(text)
    assert {t.action for t in system.transitions} == {"run.first"}
