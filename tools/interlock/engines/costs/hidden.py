"""Where an abstraction hides a cost: single steps that stand for loops, and locks that are taken without `with`."""

from __future__ import annotations

from collections.abc import Iterator

from interlock.core.rewrite import subterms
from interlock.core.system import Transition, TransitionSystem, Update
from interlock.core.term import App, Eq, Quant, Symbol, Term, Var
from interlock.core.types import SortType

UNMEASURED = "that holding is not measured"
"""How a note ends that tells of a lock which is taken without `with`."""

_BOOKKEEPING = ("owed", "visited")
_OF_RCU = ("owes_", "delays_", "sees_")
_LOCKS = ("held_", "reading_", "writing_")


def hidden_in(system: TransitionSystem) -> tuple[str, ...]:
    """What a reader of the costs should know, as sentences; ghosts and bookkeeping cost nothing in any case."""
    found: dict[str, None] = {}
    for transition in system.transitions:
        if transition.process is None:
            continue
        for update in transition.updates:
            sorts = ", ".join(dict.fromkeys(_written_at_once(update)))
            if sorts:
                found[f"{transition.action} writes {update.symbol.name} for every {sorts} in one step"] = None
        for symbol in _locked_by_itself(transition):
            if _of_rcu(symbol, system):
                found[f"{transition.action} enters or leaves a read-side section without `with`"] = None
            else:
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


def _locked_by_itself(transition: Transition) -> Iterator[Symbol]:
    """What says who holds a lock, where a step changes it that is not the `with`'s own."""
    by_with = transition.label.endswith((".enter", ".exit", ".request"))
    for update in transition.updates:
        last = update.symbol.name.rpartition(".")[2]
        if not by_with and last.startswith(_LOCKS) and update.value != App(update.symbol, update.formals):
            yield update.symbol


def _of_rcu(symbol: Symbol, system: TransitionSystem) -> bool:
    """Whether a section is that of an RCU, on which only grace periods wait, and so no lock."""
    instance = symbol.name.rpartition(".")[0]
    return any(s.name.startswith(tuple(f"{instance}.{kind}" for kind in _OF_RCU)) for s in system.symbols)
