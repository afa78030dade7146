"""Linearizability: whether calls that overlap can be put into an order in which a sequential specification has them.

The order must keep what is certain: a call that returned before another began comes first.  What a call does is an
action of the specification, which takes effect at one moment between call and return; so the search takes calls one by
one, each that no untaken one must precede, and remembers every pair of calls taken and state reached (Wing and Gong's
search, with Lowe's memory).  Calls that never returned may be taken or left.

Objects that have nothing to do with one another are judged one by one (Herlihy and Wing's locality): if every action
and every variable of the specification has an object as its first argument and touches no other, then a history is
linearizable if the calls on each object are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from interlock.core.rewrite import elsewhere, subterms
from interlock.core.system import Transition, TransitionSystem
from interlock.core.term import App, Term, Value, Var
from interlock.core.types import BoolType, EnumType, IntType, OptionType, RangeType, SortType, Type
from interlock.engines.evaluate import Packed
from interlock.engines.traces.explaining import Explainer
from interlock.engines.traces.nearest import Refusal, refusals
from interlock.engines.traces.vocabulary import Claim, Move
from interlock_conformance.judging.history import Call, History, lines_of_history
from interlock_conformance.scheduling.machine import Breach

PROPERTY = "linearizable"
"""The name of what is judged here."""

THREAD = "Thread"
"""A first parameter of this sort is the thread that calls."""


@dataclass(frozen=True, slots=True)
class Order:
    """A linearization: calls in an order in which the specification has them."""

    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Stuck:
    """There is none.  As many calls as can be taken are `calls`; `nearest` is why each that could be next is not."""

    calls: tuple[Call, ...]
    nearest: tuple[tuple[Call, tuple[Refusal, ...]], ...]


class Sequential:
    """A specification of which each call is one action, over one choice of sizes.

    A call of `deq` is an action `deq`, or one whose name begins with `deq_`, such as `deq_empty`, unless that is an
    operation itself (`operations` are the names of all).  Its parameters are the arguments of the call and then, if it
    returns something, the result; a first parameter of a sort `Thread` is who calls.  Where no action has a parameter
    for the result, the specification says nothing of it.
    """

    def __init__(self, system: TransitionSystem, sizes: Mapping[str, int], operations: frozenset[str]) -> None:
        self.system = system
        self._explainer = Explainer(system, {s.name: sizes.get(s.name, 1) for s in system.sorts}, properties=())
        self._operations = operations
        self.taken: set[int] = set()
        """The actions that calls of some history were, by their numbers."""
        self._by_object = is_by_object(system)
        self._start = tuple(self._explainer.start())
        self._known: dict[History, Breach | None] = {}
        self._claims: dict[tuple[int, str, tuple[int, ...], object], Claim | str] = {}

    def judge(self, history: History) -> Breach | None:
        """What is wrong with a history, if it is not linearizable; remembered."""
        if history not in self._known:
            self._known[history] = self._judge(history)
        return self._known[history]

    def _judge(self, history: History) -> Breach | None:
        for part in self._parts(history):
            for call in part:
                claim = self.claim(call)
                if isinstance(claim, str):
                    return Breach(PROPERTY, claim)
            found = self.order(part)
            if isinstance(found, Stuck):
                clause = next((r.clause for _, why in found.nearest for r in why if r.clause), "")
                return Breach(PROPERTY, "\n".join(self._lines(history, found)), clause)
        return None

    def _parts(self, history: History) -> list[History]:
        """The calls on each object by themselves, where objects have nothing to do with one another."""
        if not self._by_object or any(not call.args for call in history):
            return [history]
        return [tuple(c for c in history if c.args[0] == o) for o in dict.fromkeys(c.args[0] for c in history)]

    def _lines(self, history: History, found: Stuck) -> list[str]:
        last = ", ".join(map(str, found.calls)) or "nothing"
        lines = [f"there is no order of these calls in which {self.system.name} has them"]
        lines += [f"  {line}" for line in lines_of_history(history)]
        lines += [f"  at most: {last}; then"]
        for call, why in found.nearest:
            lines += [f"    {call}: {_told(refusal)}" for refusal in why[:2]]
        return lines

    # What a call is

    def claim(self, call: Call) -> Claim | str:
        """The actions that a call may be, or why it is none."""
        question = (call.thread, call.name, call.args, _key(call))
        if question not in self._claims:
            self._claims[question] = self._claim(call)
        return self._claims[question]

    def _claim(self, call: Call) -> Claim | str:
        actions = [(i, t) for i, t in enumerate(self.system.transitions) if self.is_of(t, call.name)]
        if not actions:
            return f"{call.name} is no action of {self.system.name}"
        shapes: tuple[tuple[object, ...], ...] = (call.args,)
        if call.result is not None:
            shapes = ((*call.args, call.result), call.args)
        for values in shapes:
            made = [_move(i, t, call.thread, values, returned=call.ended is not None) for i, t in actions]
            moves = tuple(move for move in made if isinstance(move, Move))
            if moves:
                return Claim(moves)
            wrong = [why for why in made if isinstance(why, str)]
            if wrong:
                return f"{call}: {wrong[0]}"
        takes = "; ".join(f"{t.action}({', '.join(f'{p.name}: {p.type}' for p in t.params)})" for _, t in actions)
        return f"{call} is none of {takes}"

    def is_of(self, step: Transition, name: str) -> bool:
        """Whether an action is one that a call of that name may be."""
        if step.process is not None:
            return False
        other = step.action.startswith(f"{name}_") and step.action not in self._operations
        return step.action == name or other

    # The search

    def order(self, history: History) -> Order | Stuck:
        """An order of the calls that the specification has, or how far one gets."""
        search = _Search(self, history, self._explainer)
        found = search.run(self._start)
        self.taken |= search.taken
        return found


class _Search:
    """Depth first, over the calls that are taken (a set of bits) and the states in which the specification is then."""

    def __init__(self, sequential: Sequential, history: History, explainer: Explainer) -> None:
        self._explainer, self._history = explainer, history
        claims = [sequential.claim(call) for call in history]
        self._claims = [claim for claim in claims if isinstance(claim, Claim)]
        self._before = [sum(1 << j for j, b in enumerate(history) if _precedes(b, a)) for a in history]
        self.taken: set[int] = set()
        """The actions of the order that was found."""
        self._must = sum(1 << i for i, call in enumerate(history) if call.ended is not None)

    def run(self, start: Sequence[Packed]) -> Order | Stuck:
        seen = {(0, state) for state in start}
        waiting: list[tuple[int, Packed, tuple[int, ...], tuple[int, ...]]] = [(0, state, (), ()) for state in start]
        furthest: dict[tuple[int, ...], list[Packed]] = {(): list(start)}
        while waiting:
            taken, state, path, actions = waiting.pop()
            if taken & self._must == self._must:
                self.taken = set(actions)
                return Order(tuple(self._history[i] for i in path))
            if len(path) > len(next(iter(furthest))):
                furthest = {}
            if not furthest or len(path) == len(next(iter(furthest))):
                furthest.setdefault(path, []).append(state)
            for index in self._next(taken):
                after = taken | 1 << index
                for step in self._explainer.steps(state, self._claims[index]):
                    if (after, step.after) not in seen:
                        seen.add((after, step.after))
                        waiting.append((after, step.after, (*path, index), (*actions, step.transition)))
        return self._stuck(*next(iter(furthest.items())))

    def _next(self, taken: int) -> list[int]:
        """Calls that may be taken now: what returned before them is taken."""
        return [i for i, before in enumerate(self._before) if not taken >> i & 1 and before & ~taken == 0]

    def _stuck(self, path: tuple[int, ...], states: Sequence[Packed]) -> Stuck:
        taken = sum(1 << i for i in path)
        pool = dict.fromkeys(states)
        why = ((i, refusals(self._explainer, ((pool, self._claims[i]),))) for i in self._next(taken))
        return Stuck(tuple(self._history[i] for i in path), tuple((self._history[i], nearest) for i, nearest in why))


def _precedes(first: Call, second: Call) -> bool:
    return first.ended is not None and first.ended < second.begun


# Calls as actions


def _move(index: int, step: Transition, thread: int, values: Sequence[object], *, returned: bool) -> Move | str | None:
    """The action with these arguments: None if it takes another number of them, a text if it takes none such.

    A call that has not returned may be an action with any result.
    """
    found = list(_caller(step, thread))
    left = len(step.params) - len(found) - len(values)
    if left != 0 and (returned or left != 1):
        return None
    for place, value in enumerate(values, len(found)):
        converted = _value(step.params[place].type, value)
        if isinstance(converted, _NotOne):
            return f"{value!r} is no {step.params[place].type}"
        found.append((place, converted))
    return Move(index, tuple(found))


def _caller(step: Transition, thread: int) -> tuple[tuple[int, Value], ...]:
    """The thread, where the first parameter is one."""
    first = step.params[0].type if step.params else None
    return ((0, thread),) if isinstance(first, SortType) and _is_thread(first) else ()


def _is_thread(sort: SortType) -> bool:
    return sort.name.rpartition(".")[2] == THREAD


class _NotOne:
    """What is no value of a type."""


def _value(type_: Type, given: object) -> Value | _NotOne:
    """What a result is in the specification; enum members are told by their names."""
    match type_:
        case OptionType():
            return None if given is None else _value(type_.of, given)
        case BoolType():
            return given if isinstance(given, bool) else _NotOne()
        case EnumType():
            name = getattr(given, "name", given)
            return name if isinstance(name, str) and name in type_.members else _NotOne()
        case SortType() | RangeType() | IntType():
            return given if isinstance(given, int) and not isinstance(given, bool) else _NotOne()


def _key(call: Call) -> object:
    """What of a call's result makes a difference; results that are equal to numbers are told from them."""
    return (call.ended is None, type(call.result).__name__, str(call.result))


def _told(refusal: Refusal) -> str:
    if refusal.clause:
        return f"{refusal.step} needs `{refusal.clause}`, and {refusal.reason}"
    return f"{refusal.step}: {refusal.reason}"


# Objects


def is_by_object(system: TransitionSystem) -> bool:
    """Whether all that an action reads and writes belongs to its first argument, an element of one sort.

    Told from the text of the actions alone, so that a false answer costs time and a true one is right.
    """
    sorts = {t.params[0].type for t in system.transitions if t.params}
    symbols = {symbol for symbol in system.symbols if not symbol.rigid}
    if len(sorts) != 1 or system.initially or system.axioms:
        return False
    (sort,) = sorts
    if not isinstance(sort, SortType) or _is_thread(sort) or any(not s.params or s.params[0] != sort for s in symbols):
        return False
    return all(_is_own(step) for step in system.transitions)


def _is_own(step: Transition) -> bool:
    if not step.params or step.choices or step.process is not None:
        return False
    own = step.params[0]
    if not _reads_only(step.guard, (own,)):
        return False
    for update in step.updates:
        formal = update.formals[0]
        kept = App(update.symbol, update.formals)
        if not _reads_only(update.value, (own, formal)) or elsewhere(update.value, formal, own) != kept:
            return False
    return True


def _reads_only(term: Term, owners: Sequence[Var]) -> bool:
    read = (part for part in subterms(term) if isinstance(part, App) and not part.symbol.rigid)
    return all(part.args and part.args[0] in owners for part in read)


__all__ = ["PROPERTY", "Order", "Sequential", "Stuck", "is_by_object"]
