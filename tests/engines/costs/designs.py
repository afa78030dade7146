"""Small specifications whose costs can be told by hand."""

from collections.abc import Collection
from pathlib import Path

from interlock.core.system import TransitionSystem
from interlock.engines.costs.results import Study
from interlock.engines.costs.study import study
from interlock.pipeline import lower_file

STEPS = """\
module steps
sort Task
use std.mutex as lock
var tally: 0..1 = 0
process work(t: Task) {
  with lock {
    step one: tally := 1
    step two: tally := 0
    step three: tally := 1
  }
  step after: tally := 0
}
expect lock.exclusive proved
"""

FILLING = """\
module filling
sort Task, Item, Block
use std.mutex as lock
use std.heap(Block) as blocks
var wanted(i: Item): Bool = false
var kept(i: Item): Block? = none
ghost made_for(b: Block): Item? = none
ghost made_by(b: Block): Task? = none
process ask(i: Item) { step ask: wanted(i) := true }
process fill(t: Task) {
  local b: Block?
  with lock {
    for i in wanted as scan {
      step take: b := blocks.alloc(); if b != none { kept(i) := b }
    }
  }
}
invariant fine: true
expect fine proved
"""

OUTSIDE = (
    FILLING.replace("  with lock {\n", "")
    .replace("      step take", "      step take")
    .replace("    }\n  }\n}\ninvariant", "    }\n  with lock { step publish: b := none }\n}\ninvariant")
)
"""The same walk, with the lock held for no more than a step after it."""

READERS = """\
module rw
sort Reader, Writer
use std.rwsem as sem
var value: 0..1 = 0
process look(r: Reader) {
  local seen: 0..1
  with sem.read { step load: seen := value }
}
process change(w: Writer) {
  with sem.write { step store: value := 1 - value }
}
expect sem.exclusive proved
"""

ENDLESS = """\
module endless
sort Task
use std.mutex as lock
var ready: Bool = false
process work(t: Task) {
  with lock {
    loop {
      step look: ready := not ready
      step maybe: either { return } or { await true }
    }
  }
}
expect lock.exclusive proved
"""

WAITING = """\
module replace
sort Task, Reader, Block
use std.heap(Block) as blocks
use std.rcu(Block) as rcu
use std.spinlock as lock
ghost made_by(b: Block): Task? = none
process read(r: Reader) { loop { with rcu.read { step look: await true } } }
process replace(t: Task) {
  local b: Block?
  with lock {
    step take: b := blocks.alloc(); await b != none
    step begin: rcu.start()
    step over: await rcu.over(self)
    step drop: blocks.free(b!)
  }
}
invariant fine: true
expect fine proved
"""


def system_of(text: str) -> TransitionSystem:
    """The system that a text denotes; `use` is resolved as everywhere."""
    name = f"{text.split()[1]}.ilk"
    system, problems = lower_file(name, lambda path: text.encode() if path == name else Path(path).read_bytes())
    assert system is not None, problems
    return system


def studied(
    text: str,
    *,
    native: bool = False,
    seconds: float = 600.0,
    sleeping: Collection[str] = frozenset(),
    exhausting: bool = True,
) -> Study:
    """What is measured of a text."""
    return study(system_of(text), seconds, sleeping=sleeping, native=native, exhausting=exhausting)


def formulas(found: Study) -> dict[tuple[str, str, str], str]:
    """How every cost grows."""
    return {cost.key: "no bound" if cost.unbounded else str(cost.fit) for cost in found.costs}
