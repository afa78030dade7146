"""Lemmas that follow from control alone: what a thread's own symbols are at each of its locations.

`held_init(l)` is written by `init(l)` only, so a walk over its control graph tells that it holds exactly inside the
region; likewise that a local is set, that a flag is still false.  These are the lemmas that nobody wants to write.
They are conjectures here (kind `inferred`): the prover proves them with everything else, and drops one that it cannot.

A symbol is *own* to a kind of process if its first parameters are the process's and every step that writes it writes
only the row of the thread that takes the step.  Rows are abstracted: a Bool or enum by its possible values, an option
by whether it is none, a relation with further parameters by whether it is empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from interlock.core.rewrite import elsewhere, leaves, substitute
from interlock.core.system import ProcessInfo, Property, Transition, TransitionSystem, Update
from interlock.core.term import (
    FALSE,
    TRUE,
    And,
    App,
    Eq,
    Ite,
    Literal,
    Not,
    Some,
    Symbol,
    Term,
    Value,
    Var,
    children,
    conj,
    conjuncts,
    disj,
    equal,
    forall,
    implies,
    negate,
    rebuild,
)
from interlock.core.types import BoolType, EnumType, OptionType

Fact = frozenset[Value]
"""Possible abstract values: truth values, members, "none" and "some", "empty" and "any"."""

Row = dict[Symbol, Fact]


def infer_control_facts(system: TransitionSystem) -> tuple[Property, ...]:
    """One `inferred` property for each process and own symbol of which some location tells something."""
    found: list[Property] = []
    for process in system.processes:
        analysis = Analysis(system, process)
        found.extend(analysis.properties())
    return tuple(found)


@dataclass(frozen=True)
class OwnSymbol:
    """A symbol of which a thread alone writes its row; `extra` are parameters after the thread's."""

    symbol: Symbol
    extra: tuple[Var, ...]

    def everything(self) -> Fact:
        """Nothing is known."""
        if self.extra:
            return frozenset(("empty", "any"))
        match self.symbol.result:
            case BoolType():
                return frozenset((True, False))
            case OptionType():
                return frozenset(("none", "some"))
            case EnumType() as enum:
                return frozenset(enum.members)
            case _:
                return frozenset()


class Analysis:
    """Forward analysis of one kind of process over its locations."""

    def __init__(self, system: TransitionSystem, process: ProcessInfo) -> None:
        self.system = system
        self.process = process
        self.steps = tuple(t for t in system.transitions if t.process == process.name)
        self.own = tuple(self._own())
        self.initial = {u.symbol: u for u in system.initial_values}

    # ------------------------------------------------------------ which symbols

    def _own(self) -> Iterator[OwnSymbol]:
        types = tuple(v.type for v in self.process.params)
        for symbol in self.system.symbols:
            if symbol.rigid or symbol == self.process.pc or symbol.params[: len(types)] != types:
                continue
            extra = tuple(Var(f"e{i}", t) for i, t in enumerate(symbol.params[len(types) :]))
            candidate = OwnSymbol(symbol, extra)
            if not candidate.everything() or (extra and not isinstance(symbol.result, BoolType)):
                continue
            if all(self._keeps_to_its_row(t, candidate) for t in self.system.transitions):
                yield candidate

    def _keeps_to_its_row(self, transition: Transition, own: OwnSymbol) -> bool:
        update = transition.update_of(own.symbol)
        if update is None:
            return True
        if own.extra and only_shrinks(update):
            return True
        if transition.process != self.process.name:
            return False
        return all(
            elsewhere(update.value, formal, param) == App(own.symbol, update.formals)
            for formal, param in zip(update.formals, transition.params, strict=False)
        )

    # ------------------------------------------------------------ the fixpoint

    def _start(self) -> dict[str, Row]:
        """Rows at the locations at which a thread may begin."""
        start: Row = {}
        for own in self.own:
            update = self.initial.get(own.symbol)
            start[own.symbol] = own.everything() if update is None else self._abstract(own, update, {}, ())
        entry = self.initial[self.process.pc].value
        return {str(name): dict(start) for name in leaves(entry)}

    def rows(self) -> dict[str, Row]:
        """What is known at each location that can be reached."""
        rows = self._start()
        pending = list(rows)
        while pending:
            name = pending.pop()
            for step in self.steps:
                before = self._under(step, name, rows[name])
                if before is None:
                    continue
                for target in self._targets(step):
                    after = {own.symbol: self._after(own, step, before) for own in self.own}
                    known = rows.get(target)
                    joined = after if known is None else {s: known[s] | after[s] for s in after}
                    if joined != known:
                        rows[target] = joined
                        if target not in pending:
                            pending.append(target)
        return rows

    def _targets(self, step: Transition) -> Iterator[str]:
        update = step.update_of(self.process.pc)
        if update is None:
            return
        value = substitute(update.value, dict(zip(update.formals, step.params, strict=True)))
        for leaf in leaves(value):
            yield str(leaf)

    def _under(self, step: Transition, location: str, row: Row) -> Row | None:
        """The row before a step that is taken at a location, narrowed by the step's guard; None if it cannot be."""
        here = App(self.process.pc, step.params)

        def decide(term: Term) -> Term:
            match term:
                case Eq(left=App() as read, right=Literal() as literal) if read == here:
                    return TRUE if literal.value == location else FALSE
                case _:
                    parts = children(term)
                    return rebuild(term, tuple(decide(p) for p in parts)) if parts else term

        guard = decide(step.guard)
        if guard == FALSE:
            return None
        narrowed = dict(row)
        for part in conjuncts(guard):
            for own in self.own:
                fact = self._told(own, part, step)
                if fact is not None:
                    narrowed[own.symbol] = narrowed[own.symbol] & fact
                    if not narrowed[own.symbol]:
                        return None
        return narrowed

    def _told(self, own: OwnSymbol, part: Term, step: Transition) -> Fact | None:
        """What one conjunct of a guard tells of the row."""
        if own.extra:
            return None
        read = App(own.symbol, step.params)
        match part:
            case App() if part == read:
                return frozenset((True,))
            case Not(arg=inner) if inner == read:
                return frozenset((False,))
            case Eq(left=left, right=right) if read in (left, right):
                other = right if left == read else left
                return abstract_value(other) or None
            case Not(arg=Eq(left=left, right=right)) if read in (left, right):
                other = right if left == read else left
                return own.everything() - abstract_value(other) if isinstance(other, Literal) else None
            case _:
                return None

    def _after(self, own: OwnSymbol, step: Transition, before: Row) -> Fact:
        update = step.update_of(own.symbol)
        if update is None:
            return before[own.symbol]
        return self._abstract(own, update, before, step.params)

    def _abstract(self, own: OwnSymbol, update: Update, before: Row, params: tuple[Var, ...]) -> Fact:
        """Possible values of the row after an update; without `params`, of an initial value."""
        count = len(update.formals) - len(own.extra)
        given: tuple[Term, ...] = (*(params or update.formals[:count]), *own.extra)
        value = substitute(update.value, dict(zip(update.formals, given, strict=True)))
        return self._values(own, value, before, params)

    def _values(self, own: OwnSymbol, value: Term, before: Row, params: tuple[Var, ...]) -> Fact:
        if own.extra:
            unchanged = App(own.symbol, (*params, *own.extra))
            if value == FALSE:
                return frozenset(("empty",))
            if value == unchanged or (isinstance(value, And) and unchanged in value.args):
                return before[own.symbol]
            return own.everything()
        match value:
            case Literal() | Some():
                return abstract_value(value) or own.everything()
            case Ite():
                return self._values(own, value.yes, before, params) | self._values(own, value.no, before, params)
            case App() if value.args == params and value.symbol in before:
                return before[value.symbol]
            case _:
                return own.everything()

    # ------------------------------------------------------------ what is claimed

    def properties(self) -> Iterator[Property]:
        """The facts as properties, one for each own symbol."""
        if not self.steps or self.process.pc not in self.initial:
            return
        rows = self.rows()
        assert isinstance(self.process.pc.result, EnumType)
        unreached = [name for name in self.process.pc.result.members if name not in rows]
        if unreached:
            yield Property(
                f"{self.process.name}.control.reached",
                "inferred",
                forall(self.process.params, negate(self._among(unreached))),
                doc=f"Where control of {self.process.name} never comes.",
                span=self.process.span,
            )
        for own in self.own:
            claims: list[Term] = []
            by_fact: dict[Fact, list[str]] = {}
            for name in self.process.pc.result.members:
                fact = rows[name][own.symbol] if name in rows else None
                if fact is not None and len(fact) == 1:
                    by_fact.setdefault(fact, []).append(name)
            for fact, names in by_fact.items():
                claims.append(implies(self._among(names), self._claim(own, fact)))
            if claims:
                yield Property(
                    f"{self.process.name}.control.{own.symbol.name}",
                    "inferred",
                    forall(self.process.params, conj(claims)),
                    doc=f"What {own.symbol.name} is at each location of {self.process.name}.",
                    span=self.process.span,
                )

    def _among(self, names: list[str]) -> Term:
        here = App(self.process.pc, self.process.params)
        places = self.process.pc.result
        assert isinstance(places, EnumType)
        rest = [m for m in places.members if m not in names]
        if len(rest) < len(names):
            return conj(negate(equal(here, Literal(m, places))) for m in rest)
        return disj(equal(here, Literal(m, places)) for m in names)

    def _claim(self, own: OwnSymbol, fact: Fact) -> Term:
        (value,) = fact
        read = App(own.symbol, (*self.process.params, *own.extra))
        if own.extra:
            return forall(own.extra, negate(read)) if value == "empty" else TRUE
        match own.symbol.result:
            case BoolType():
                return read if value else negate(read)
            case OptionType() as option:
                absent = equal(read, Literal(None, option))
                return absent if value == "none" else negate(absent)
            case _:
                return equal(read, Literal(value, own.symbol.result))


def abstract_value(term: Term) -> Fact:
    """The abstract value of a literal or of a present option; empty where it is neither."""
    match term:
        case Literal(value=None):
            return frozenset(("none",))
        case Literal():
            return frozenset((term.value,))
        case Some():
            return frozenset(("some",))
        case _:
            return frozenset()


def only_shrinks(update: Update) -> bool:
    """Whether the new relation is a part of the old one."""
    return App(update.symbol, update.formals) in conjuncts(update.value)
