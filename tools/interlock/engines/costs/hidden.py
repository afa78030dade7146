"""Where an abstraction hides a cost: single steps that stand for loops, and locks whose holdings cannot be told."""

from __future__ import annotations

from collections.abc import Iterator

from interlock.core.rewrite import subterms
from interlock.core.system import TransitionSystem, Update
from interlock.core.term import Eq, Quant, Term, Var
from interlock.core.types import SortType
from interlock.engines.costs.taking import is_of_rcu, locked_by_itself, takings_of

UNMEASURED = "that holding is not measured"
"""How a note ends that tells of a lock which is taken without `with`, now here and now not."""

_BOOKKEEPING = ("owed", "visited")
_LOCKS = ("held_", "reading_", "writing_")


def hidden_in(system: TransitionSystem) -> tuple[str, ...]:
    """What a reader of the costs should know, as sentences; ghosts and bookkeeping cost nothing in any case."""
    found: dict[str, None] = {}
    measured = {
        (process.name, taking.holder)
        for process in system.processes
        for taking in takings_of(system, process)
        if taking.section is not None
    }
    for transition in system.transitions:
        if transition.process is None:
            continue
        for update in transition.updates:
            sorts = ", ".join(dict.fromkeys(_written_at_once(update)))
            if sorts:
                found[f"{transition.action} writes {update.symbol.name} for every {sorts} in one step"] = None
        for symbol in locked_by_itself(transition):
            if is_of_rcu(symbol, system):
                found[f"{transition.action} enters or leaves a read-side section without `with`"] = None
            elif (transition.process, symbol) not in measured:
                found[f"{transition.action} enters or leaves a section without `with`: {UNMEASURED}"] = None
    return tuple(found)


def _written_at_once(update: Update) -> Iterator[str]:
    """The sorts over which one update ranges: its value at an element is not tied to any one element."""
    symbol = update.symbol
    if symbol.ghost or symbol.name.rpartition(".")[2] in _BOOKKEEPING or _of_std(symbol.name):
        return
    for formal in update.formals:
        if isinstance(formal.type, SortType) and not any(_ties(term, formal) for term in subterms(update.value)):
            yield formal.type.name


def _of_std(name: str) -> bool:
    """Whether the state is that of a lock or of RCU, whose operations are atomic as the kernel's are meant to be."""
    return name.rpartition(".")[2].startswith((*_LOCKS, "owes_", "delays_", "sees_", "waiting_", "retired", "pending"))


def _ties(term: Term, formal: Var) -> bool:
    """Whether a term says which element the formal is; inside a quantifier it may be another one."""
    return isinstance(term, Eq) and formal in (term.left, term.right) and not isinstance(term, Quant)
