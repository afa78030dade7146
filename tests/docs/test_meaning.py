"""What lowering does to a design, where a page on the meaning says so and no verdict would show it."""

from interlock.core.rewrite import symbols_of
from interlock.core.show import show_term
from interlock.core.system import TransitionSystem
from interlock.core.term import Literal
from interlock.core.verdict import Proved, Violated
from interlock.engines.explore import explore
from interlock.engines.protocol import Limits
from interlock.pipeline import lower_file


def system_of(text: str) -> TransitionSystem:
    system, diagnostics = lower_file("t.ilk", {"t.ilk": ("module t\n" + text).encode()}.__getitem__)
    assert system is not None, [d.message for d in diagnostics]
    return system


def names(system: TransitionSystem) -> set[str]:
    return {symbol.name for symbol in system.symbols}


def test_a_process_has_a_counter_over_its_parameters():
    system = system_of(
        "sort A\nvar v: Bool = false\nprocess p(a: A, b: Bool) { step one: v := b step two: v := not b }"
    )
    (info,) = system.processes
    assert info.pc.name == "p.pc"
    assert [str(t) for t in info.pc.params] == ["A", "Bool"]
    assert info.pc.result.members == ("one", "two", "done")
    assert {t.action for t in system.transitions} == {"p.one", "p.two"}


def test_the_first_location_depends_on_initial_values():
    system = system_of("""var v: Bool = false
process p(b: Bool) {
  local quick: Bool = b
  if quick { step short: v := true } else { step long: v := false }
}""")
    (start,) = (u for u in system.initial_values if u.symbol.name == "p.pc")
    assert show_term(start.value) == "if b then short else long"


WALK = """sort Lru
var listed(l: Lru): Bool = true
var hidden(l: Lru): Bool = false
var other: Bool = false
process scan { for l in {x: Lru where listed(x) and not hidden(x)} as all { step look: other := true } }
action leave(l: Lru) { listed(l) := false }
action hide(l: Lru) { hidden(l) := true }
action nothing_to_do_with_it { other := false }
"""


def test_every_step_that_changes_the_set_maintains_what_is_owed():
    system = system_of(WALK)
    maintaining = {t.action for t in system.transitions if any(u.symbol.name == "scan.all.owed" for u in t.updates)}
    assert maintaining == {"leave", "hide", "scan.all.start", "scan.all.next", "scan.all.end"}
    (owed,) = (
        u for t in system.transitions if t.action == "hide" for u in t.updates if u.symbol.name == "scan.all.owed"
    )
    assert {"listed", "hidden", "scan.all.owed"} <= {s.name for s in symbols_of(owed.value)}


def test_a_snapshot_is_not_maintained():
    system = system_of(WALK.replace("for l in {", "for l in snapshot {"))
    maintaining = {t.action for t in system.transitions if any(u.symbol.name == "scan.all.owed" for u in t.updates)}
    assert maintaining == {"scan.all.start", "scan.all.next", "scan.all.end"}


THREADS = """sort A, B
var held(p: Process): Bool = false
var before(p, q: Process): Bool = false
process one(a: A) { step take: held(self) := true; before(self, q: Process) := held(q) }
process two(b: B) { step take: held(self) := true; before(q: Process, self) := held(q) }
invariant some: forall p: Process :: held(p) implies done(p)
"""


def test_what_is_indexed_by_processes_is_split_by_kinds():
    system = system_of(THREADS)
    assert {n for n in names(system) if not n.endswith(".pc")} == {
        "held_one", "held_two", "before_one_one", "before_one_two", "before_two_two",
    }  # fmt: skip
    claim = show_term(system.property("some").formula)
    assert "held_one(" in claim
    assert "held_two(" in claim
    assert "Process" not in {sort.name for sort in system.sorts}


def test_symbols_that_never_change_are_dropped():
    """No thread of `two` ever comes before one of `one`: that symbol is gone, and the rest is as it was."""
    kept, dropped = system_of(THREADS), system_of(THREADS.replace("before(self, q: Process) := held(q)", "await true"))
    assert "before_two_one" not in names(kept)
    assert {"before_one_one", "before_one_two"} <= names(kept)
    assert names(kept) - names(dropped) == {"before_one_one"}
    assert all(not isinstance(t.guard, Literal) for t in dropped.transitions)


def test_a_lasso_returns_to_a_state_that_equals_its_last():
    system = system_of("""var v: Bool = false
var w: Bool = false
fair action flip { v := not v }
action lucky { await v; w := true }
liveness at_last: v leads to w""")
    verdict = explore(system, ("at_last",), Limits()).verdicts["at_last"]
    assert isinstance(verdict, Violated)
    assert verdict.trace is not None
    assert verdict.trace.loop is not None
    assert verdict.trace.states[verdict.trace.loop] == verdict.trace.states[-1]


COUNTER = "var n: 0..9 = 0\naction up { await n < 9; n := n + 1 }\n"


def test_each_item_of_an_actions_line_is_one_step():
    system = system_of(COUNTER + "scenario twice possible { up: up, ... then n = 2 }")
    verdict = explore(system, ("twice",), Limits()).verdicts["twice"]
    assert isinstance(verdict, Proved)


def test_an_action_has_no_other_step():
    text = "module t\n" + COUNTER + "scenario odd possible { up: down then n = 1 }"
    system, diagnostics = lower_file("t.ilk", {"t.ilk": text.encode()}.__getitem__)
    assert system is None
    assert [d.code.name for d in diagnostics] == ["E0213"]
