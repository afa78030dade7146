"""One thread by itself, while others may do anything: what it costs there, it costs at most anywhere.

Of the state, what only the thread itself changes is kept: where it is, which elements its walks have visited, its
numbers and truth values.  Whatever else a step asks is answered both ways.  So every run of the system, seen from the
thread, is among the runs of this one, whose states are few in any scope: the greatest value of a counter here is a
bound from above.  Where a run of the whole system attains it, the cost is known exactly, though nothing was exhausted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

from interlock.core.rewrite import elsewhere, free_vars, symbols_of
from interlock.core.system import ProcessInfo, Transition, TransitionSystem, Update
from interlock.core.term import (
    And,
    App,
    Eq,
    Implies,
    Ite,
    Not,
    Or,
    Some,
    Symbol,
    Term,
    children,
    conj,
    conjuncts,
    rebuild,
    type_of,
)
from interlock.core.types import BOOL, BoolType, EnumType, IntType, OptionType, RangeType, SortType, Type
from interlock.engines.costs.slicing import sliced


def alone(
    system: TransitionSystem, process: ProcessInfo, who: tuple[Symbol, ...], counters: Collection[Symbol]
) -> TransitionSystem:
    """The system in which one thread alone takes steps, the one that rigid symbols name; the rest is arbitrary.

    There must be no other that moves the thread: its `pc` is `private`.
    """
    own = private(system, process, counters)
    transitions = tuple(
        _abstract(
            number, replace(t, guard=conj((t.guard, *(Eq(p, App(s)) for p, s in zip(t.params, who, strict=True))))), own
        )
        for number, t in enumerate(system.transitions)
        if t.process == process.name
    )
    return sliced(
        replace(
            system,
            processes=(process,),
            symbols=tuple(s for s in system.symbols if s.rigid or s in own),
            initial_values=tuple(u for u in system.initial_values if u.symbol.rigid or u.symbol in own),
            initially=tuple(i for i in system.initially if all(s.rigid or s in own for s in symbols_of(i.formula))),
            transitions=transitions,
        ),
        counters,
    )


def private(system: TransitionSystem, process: ProcessInfo, counters: Collection[Symbol]) -> frozenset[Symbol]:
    """State that tells of a thread, that only this thread changes, and that is worth to be kept.

    What a thread has read from an array, say, is not: it stands for blocks of which there are many, and nothing that
    can be counted hangs on which it is.
    """
    own = frozenset(s for s in system.symbols if s in counters or (_small(s.result) and _of(s, process)))
    while True:
        bad = {
            u.symbol
            for t in system.transitions
            for u in t.updates
            if u.symbol in own.difference(counters) and not _owns(t, u, own, process)
        }
        if not bad:
            return own
        own -= bad


def _of(symbol: Symbol, process: ProcessInfo) -> bool:
    """Whether the first arguments are the thread."""
    return symbol.params[: len(process.params)] == tuple(p.type for p in process.params)


def _small(type_: Type) -> bool:
    """Whether there are few values, whatever the sizes of sorts."""
    match type_:
        case BoolType() | EnumType() | RangeType():
            return True
        case OptionType():
            return _small(type_.of)
        case IntType() | SortType():
            return False


def _owns(transition: Transition, update: Update, own: frozenset[Symbol], process: ProcessInfo) -> bool:
    """Whether an update is made by the thread whose state it is, and by what it has of its own or one answer."""
    if transition.process != process.name or len(transition.params) != len(process.params):
        return False
    unchanged = App(update.symbol, update.formals)
    for formal, param in zip(update.formals, transition.params, strict=False):
        if elsewhere(update.value, formal, param) != unchanged:
            return False
    return all(not free_vars(term).intersection(update.formals) for term in _foreign(update.value, own))


def _foreign(term: Term, own: frozenset[Symbol]) -> Iterator[Term]:
    """The largest parts of a term that stand for one answer of the others."""
    if all(s.rigid or s in own for s in symbols_of(term)):
        return
    if _is_structure(term):
        for part in children(term):
            yield from _foreign(part, own)
    else:
        yield term


def _is_structure(term: Term) -> bool:
    """Whether a term only puts others together, none of them under a variable of its own."""
    match term:
        case And() | Or() | Not() | Implies() | Ite() | Some():
            return True
        case Eq():
            return type_of(term.left) == BOOL
        case _:
            return False


@dataclass
class _Answers:
    """Fresh symbols of one step, one for each question that is put to the others; the same question has one answer."""

    number: int
    own: frozenset[Symbol]
    given: dict[Term, Symbol] = field(default_factory=dict[Term, Symbol])

    def abstract(self, term: Term) -> Term:
        """The term with every question replaced by its answer."""
        if all(s.rigid or s in self.own for s in symbols_of(term)):
            return term
        if _is_structure(term):
            return rebuild(term, tuple(self.abstract(part) for part in children(term)))
        name = f"cost.answer{self.number}.{len(self.given)}"
        return App(self.given.setdefault(term, Symbol(name, (), type_of(term), rigid=True)))


def _abstract(number: int, transition: Transition, own: frozenset[Symbol]) -> Transition:
    """A step whose questions about what others change have any answer."""
    answers = _Answers(number, own)
    updates = tuple(replace(u, value=answers.abstract(u.value)) for u in transition.updates if u.symbol in own)
    asked = frozenset(s for u in updates for s in symbols_of(u.value))
    guard = [part for c in conjuncts(transition.guard) if not _free(part := answers.abstract(c), asked, answers)]
    used = asked.union(*(symbols_of(part) for part in guard))
    witnesses = frozenset(v for t in (*guard, *(u.value for u in updates)) for v in free_vars(t))
    return replace(
        transition,
        guard=conj(guard),
        updates=updates,
        witnesses=tuple(w for w in transition.witnesses if w in witnesses),
        choices=tuple(s for s in answers.given.values() if s in used)
        + tuple(c for c in transition.choices if c in used),
    )


def _free(part: Term, asked: frozenset[Symbol], answers: _Answers) -> bool:
    """Whether a conjunct is nothing but one answer that nothing else of the step hangs on."""
    inner = part.arg if isinstance(part, Not) else part
    return isinstance(inner, App) and inner.symbol in answers.given.values() and inner.symbol not in asked
