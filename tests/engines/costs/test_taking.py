"""Holdings that begin and end by steps of a thread's own: told from the state, measured as those of `with` are."""

import pytest
from tests.engines.costs.designs import formulas, studied, system_of

from interlock.engines.costs.hidden import UNMEASURED, hidden_in
from interlock.engines.costs.taking import takings_of

TAKEN = """\
module taken
sort Task, Block
use std.mutex as lock
use std.heap(Block) as blocks
var tally: 0..1 = 0
process work(t: Task) {
  local b: Block?
  step enter: acquire lock
  step one: tally := 1
  step two: b := blocks.alloc()
  step leave: tally := 0; release lock
  step after: tally := 1
}
expect lock.exclusive proved
"""

EACH = """\
module each
sort Task, Item
use std.spinlock as lock(i: Item)
var tally: 0..1 = 0
process work(t: Task, i: Item, j: Item) {
  step lock_one: acquire lock(i)
  step lock_other: await i != j; acquire lock(j)
  step work: tally := 1
  step unlock: release lock(j); release lock(i)
}
expect lock.exclusive proved
"""


def sections(text: str) -> dict[str, frozenset[str] | None]:
    """Where each lock that is taken is held."""
    system = system_of(text)
    process = next(p for p in system.processes if p.name == "work")
    return {t.name: None if t.section is None else t.section.places for t in takings_of(system, process)}


def test_what_is_done_between_taking_and_letting_go_is_counted_with_the_step_that_lets_go():
    found = studied(TAKEN)
    told = formulas(found)
    assert told["work", "lock", "steps"] == "3"
    assert told["work", "lock", "allocations"] == "1"
    assert told["work", "", "steps"] == "5"
    assert told["work", "lock", "waiting"] == "-3 + 3·Task"
    assert found.parallel["work", "lock"] is False
    assert not any(note.endswith(UNMEASURED) for note in found.hidden)


def test_a_lock_that_is_let_go_earlier_costs_less():
    early = TAKEN.replace("step one: tally := 1", "step one: tally := 1; release lock").replace(
        "; release lock\n  step af", "\n  step af"
    )
    told = formulas(studied(early))
    assert told["work", "lock", "steps"] == "1"
    assert ("work", "lock", "allocations") not in told


def test_two_locks_of_an_instance_are_one_holding_from_the_first_to_the_last():
    assert sections(EACH) == {"lock": {"lock_other", "work", "unlock"}}
    assert sections(EACH.replace("release lock(j); release lock(i)", "release lock(j)"))["lock"] == {
        "lock_other",
        "work",
        "unlock",
        "done",
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("step enter: acquire lock", "step enter: if tally = 0 { acquire lock }"),
        ("  step one", "  if b = none { step free: release lock }\n  step one"),
    ],
)
def test_where_it_depends_whether_a_lock_is_held_nothing_is_measured(old: str, new: str):
    text = TAKEN.replace(old, new)
    assert text != TAKEN
    assert sections(text) == {"lock": None}
    assert any(note.endswith(UNMEASURED) for note in hidden_in(system_of(text)))
    assert ("work", "lock", "steps") not in formulas(studied(text, seconds=1.0))


def test_a_read_side_section_is_no_lock():
    waits = "process wait { step start: rcu.start() step over: await rcu.over(self) }"
    text = TAKEN.replace("use std.mutex as lock", "use std.rcu(Block) as rcu")
    text = text.replace("acquire lock", "acquire rcu.read").replace("release lock", "release rcu.read")
    assert sections(text.replace("expect lock.exclusive proved", waits)) == {}
