"""What a claimed refinement demands, as formulas over the refining system: the start, and each of its steps.

A refinement is a forward simulation with stuttering.  The mapping gives each abstract variable a term over the
refining system's state, so the abstract system's initial condition, guards and updates become formulas over that state
and the state after a step, and a step is simulated if one of them is true: it takes the abstract action that is named
for it, or it leaves the abstract state as it is.  No engine needs to know more about refinement than to judge these
formulas.

An action that never changes anything only observes.  To name it for a step is to claim its guard, for stuttering would
make the claim empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from interlock.core.rewrite import free_vars, map_apps, substitute, subterms
from interlock.core.system import Property, Refinement, Transition, TransitionSystem, Update
from interlock.core.term import (
    App,
    Compare,
    Eq,
    Ite,
    Literal,
    Symbol,
    Term,
    Unwrap,
    Var,
    conj,
    conjuncts,
    disj,
    equal,
    exists,
    forall,
    implies,
    may_be_undefined,
    type_of,
)
from interlock.core.types import INT, IntType, OptionType, RangeType, Type


class InexpressibleError(Exception):
    """Something that no formula over the refining system says, in words for the user."""


@dataclass(frozen=True, slots=True)
class Demand:
    """A formula that the abstract system demands: what it calls it, how it states it, and what that means here."""

    name: str
    source: Term
    formula: Term


@dataclass(frozen=True, slots=True)
class Change:
    """What an abstract variable is to become in a step: `after = expected`, for all values of the formals.

    `before` and `after` are what it is here; `formula` is all of it.
    """

    symbol: Symbol
    formals: tuple[Var, ...]
    before: Term
    after: Term
    expected: Term

    @property
    def formula(self) -> Term:
        """That the variable becomes just that."""
        return forall(self.formals, equal(self.after, self.expected))


@dataclass(frozen=True, slots=True)
class Move:
    """One way for the abstract system to take an action: an alternative of it, with arguments.

    Its guards and changes speak of `params`, for which `args` (over the refining system) stand, and of `witnesses`.
    """

    action: str
    params: tuple[Var, ...]
    args: tuple[Term, ...]
    witnesses: tuple[Var, ...]
    guards: tuple[Demand, ...]
    changes: tuple[Change, ...]

    @property
    def formula(self) -> Term:
        """That a step is this one, for some witnesses."""
        parts = (*(g.formula for g in self.guards), *(c.formula for c in self.changes))
        return _bound(self.params, self.args, exists(self.witnesses, conj(parts)))


@dataclass(frozen=True, slots=True)
class StepClaim:
    """What must be true of each step of one transition, over its parameters and the states before and after.

    `moves` are the abstract steps that are named for it, `unchanged` says that the abstract state stays as it is, and
    `stutters` whether that suffices.  `legal` says that the mapped values after the step are values of their types.
    """

    transition: int
    moves: tuple[Move, ...]
    unchanged: tuple[Change, ...]
    stutters: bool
    legal: tuple[Demand, ...]
    formula: Term


@dataclass(frozen=True, slots=True)
class Simulation:
    """All that a refinement demands; `initial` of initial states, and one claim for each transition, in order."""

    property: str
    abstract: TransitionSystem
    start: tuple[Change | Demand, ...]
    initial: Term
    steps: tuple[StepClaim, ...]


Outcome: TypeAlias = "Simulation | str"
"""A simulation, or why there is no formula for one."""


def simulation_of(system: TransitionSystem, prop: Property) -> Outcome:
    """What a property of kind refinement demands of the system."""
    found = next((r for r in system.refinements if r.property == prop.name), None)
    if found is None:
        return prop.reason or "nothing says what is refined"
    return simulate(system, found)


def simulate(system: TransitionSystem, refinement: Refinement) -> Outcome:
    """What one refinement demands of the system."""
    try:
        return _simulation(system, refinement)
    except InexpressibleError as reason:
        return str(reason)


def _simulation(system: TransitionSystem, refinement: Refinement) -> Simulation:
    mapping = Mapped.of(system, refinement)
    start = tuple(mapping.start())
    steps: list[StepClaim] = []
    for index, transition in enumerate(system.transitions):
        after = mapping.after(transition)
        moves = tuple(
            after.move(found, args)
            for step, action, args in refinement.steps
            if step == transition.action
            for found in refinement.abstract.transitions
            if found.action == action
        )
        unchanged = tuple(after.unchanged())
        stutters = not moves or any(t.updates for m in moves for t in _alternatives(refinement.abstract, m.action))
        legal = tuple(after.legal(primed=True))
        stays = [conj(c.formula for c in unchanged)] if stutters else []
        follows = disj((*stays, *(m.formula for m in moves)))
        before = conj(d.formula for d in mapping.legal())
        formula = implies(before, conj((*(d.formula for d in legal), follows)))
        steps.append(StepClaim(index, moves, unchanged, stutters, legal, formula))
    return Simulation(refinement.property, refinement.abstract, start, conj(d.formula for d in start), tuple(steps))


def _alternatives(system: TransitionSystem, action: str) -> Iterator[Transition]:
    return (t for t in system.transitions if t.action == action)


@dataclass(frozen=True)
class Mapped:
    """The abstract system as seen here.

    `variables` give each abstract symbol its value; `moving` are the symbols that the step at hand changes, `None`
    outside of steps; `chosen` are choices of an abstract transition with the variable that becomes each.
    """

    abstract: TransitionSystem
    constants: Mapping[str, Symbol]
    variables: Mapping[Symbol, Update]
    moving: frozenset[Symbol] = frozenset()
    chosen: Mapping[Symbol, Symbol] = field(default_factory=dict[Symbol, Symbol])

    @staticmethod
    def of(system: TransitionSystem, refinement: Refinement) -> Mapped:
        """The mapping of a refinement, total: what it does not list is what bears that name here."""
        for sort in refinement.abstract.sorts:
            if sort not in system.sorts:
                raise InexpressibleError(f"there is no sort `{sort}` here, of which {refinement.abstract.name} speaks")
        given = {u.symbol: u for u in refinement.variables}
        own = {s.name: s for s in system.symbols}
        for symbol in refinement.abstract.symbols:
            if symbol not in given:
                if symbol.name not in own:
                    raise InexpressibleError(f"nothing says what `{symbol.name}` of {refinement.abstract.name} is here")
                formals = _formals(symbol)
                given[symbol] = Update(symbol, formals, App(own[symbol.name], formals))
        return Mapped(refinement.abstract, own, given)

    def after(self, transition: Transition) -> Mapped:
        """The mapping over a step: what the transition leaves alone needs no prime."""
        moving = frozenset(u.symbol for u in transition.updates)
        return Mapped(self.abstract, self.constants, self.variables, moving)

    def start(self) -> Iterator[Change | Demand]:
        """What an initial state must satisfy: variables that have become their initial values, and the rest."""
        for update in self.abstract.initial_values:
            here = self.read(App(update.symbol, update.formals))
            yield Change(update.symbol, update.formals, here, here, self.meaning(update.value))
        for named in (*self.abstract.initially, *self.abstract.axioms):
            yield self._demand(named.name, named.formula)
        yield from self.legal()

    def legal(self, *, primed: bool = False) -> Iterator[Demand]:
        """That the value of each variable here is one of its type, where that is not plain from the types."""
        for symbol, update in self.variables.items():
            formals = _formals(symbol)
            value = self.read(App(symbol, formals, primed))
            if type_of(update.value) == symbol.result and not may_be_undefined(update.value):
                continue
            yield Demand(symbol.name, App(symbol, formals), forall(formals, self._within(value, symbol.result)))

    def unchanged(self) -> Iterator[Change]:
        """That a step leaves the abstract state as it is; one change for each variable that it may touch."""
        for symbol in self.abstract.symbols:
            formals = _formals(symbol)
            before, after = self.read(App(symbol, formals)), self.read(App(symbol, formals, primed=True))
            if before != after:
                yield Change(symbol, formals, before, after, before)

    def move(self, transition: Transition, args: tuple[Term, ...]) -> Move:
        """One alternative of an abstract action."""
        transition = _without_stored_witnesses(transition)
        self._may_quantify(transition.witnesses, transition.action)
        inner = Mapped(self.abstract, self.constants, self.variables, self.moving, _chosen(transition))
        guards = [inner._demand("guard", part) for part in conjuncts(transition.guard)]
        for obligation in self.abstract.obligations:
            if obligation.action != transition.action:
                continue
            if obligation.choices:
                raise InexpressibleError(f"{obligation.property} speaks of values chosen by `havoc`")
            others = [v for v in (*obligation.params, *obligation.witnesses) if v not in transition.params]
            self._may_quantify(others, transition.action)
            claim = forall(others, implies(obligation.reach, obligation.condition))
            guards.append(inner._demand(obligation.property, claim))
        changes: list[Change] = []
        for symbol in self.abstract.symbols:
            update = transition.update_of(symbol)
            formals = _formals(symbol) if update is None else update.formals
            before, after = inner.read(App(symbol, formals)), inner.read(App(symbol, formals, primed=True))
            expected = before if update is None else inner.meaning(update.value)
            if after != expected:
                changes.append(Change(symbol, formals, before, after, expected))
        return Move(transition.action, transition.params, args, transition.witnesses, tuple(guards), tuple(changes))

    def _may_quantify(self, variables: Sequence[Var], action: str) -> None:
        for var in variables:
            if isinstance(var.type, IntType | OptionType):
                raise InexpressibleError(
                    f"{action} of {self.abstract.name} picks a value of type {var.type}, and no formula asks for one"
                )

    def _demand(self, name: str, source: Term) -> Demand:
        return Demand(name, map_apps(source, self._as_written), self.meaning(source))

    def _as_written(self, app: App) -> Term:
        """A choice as the variable after the step, which is how the source speaks of it."""
        return App(self.chosen[app.symbol], app.args, primed=True) if app.symbol in self.chosen else app

    def meaning(self, term: Term) -> Term:
        """An abstract term as a term over the state here."""
        for part in subterms(term):
            if isinstance(part, App) and part.symbol not in self.chosen and not self._is_plain(part.symbol):
                for arg, param in zip(part.args, part.symbol.params, strict=True):
                    if not _surely(arg, param):
                        raise InexpressibleError(
                            f"{self.abstract.name} applies `{part.symbol.name}` to what may have no value or be out of "
                            "range, so that a mapping can only give it another variable"
                        )
        return map_apps(term, self.read)

    def read(self, app: App) -> Term:
        """The value of an abstract application whose arguments are values here."""
        if app.symbol in self.chosen:
            app = App(self.chosen[app.symbol], app.args, primed=True)
        update = self.variables[app.symbol]
        value = map_apps(update.value, self._primed) if app.primed else update.value
        return substitute(value, dict(zip(update.formals, app.args, strict=True)))

    def _primed(self, app: App) -> Term:
        return App(app.symbol, app.args, primed=True) if app.symbol in self.moving else app

    def _is_plain(self, symbol: Symbol) -> bool:
        """Whether the variable is one of this system, so that both are undefined for the same arguments."""
        update = self.variables[symbol]
        value = update.value
        return isinstance(value, App) and value.args == update.formals and value.symbol.params == symbol.params

    def _within(self, value: Term, type_: Type) -> Term:
        match type_:
            case RangeType(low=low, high=high):
                if isinstance(high, str) and high not in self.constants:
                    raise InexpressibleError(f"there is no constant `{high}` here, at which `{type_}` could end")
                top = Literal(high, INT) if isinstance(high, int) else App(self.constants[high])
                return conj((Compare("<=", Literal(low, INT), value), Compare("<=", value, top)))
            case OptionType(of=RangeType() as inner):
                return disj((equal(value, Literal(None, type_)), self._within(Unwrap(value), inner)))
            case _:
                return Eq(value, value)


def _formals(symbol: Symbol) -> tuple[Var, ...]:
    """Variables for a symbol's arguments, under names that no source has."""
    return tuple(Var(f"_{i}", type_) for i, type_ in enumerate(symbol.params))


def _without_stored_witnesses(transition: Transition) -> Transition:
    """The transition without witnesses that it stores as they are: where it speaks of one, the variable after the step.

    So a formula need not ask for a value that the step shows, and can speak of those for which it could not ask.
    """
    for update in transition.updates:
        stored = _stored(update, transition.witnesses)
        if stored is not None:
            witness, place = stored
            rest = tuple(w for w in transition.witnesses if w != witness)
            values: dict[Var, Term] = {witness: place}
            return _without_stored_witnesses(
                replace(
                    transition,
                    guard=substitute(transition.guard, values),
                    updates=tuple(replace(u, value=substitute(u.value, values)) for u in transition.updates),
                    witnesses=rest,
                )
            )
    return transition


def _stored(update: Update, witnesses: Sequence[Var]) -> tuple[Var, Term] | None:
    """A witness that an update stores, and where: as `symbol(args)` after the step."""
    match update.value:
        case Var() as witness if not update.formals:
            args: tuple[Term, ...] = ()
        case Ite(condition=condition, yes=Var() as witness, no=App(symbol=symbol, args=kept)):
            pinned = {part.left: part.right for part in conjuncts(condition) if isinstance(part, Eq)}
            args = tuple(pinned.get(formal, formal) for formal in update.formals)
            whole = len(conjuncts(condition)) == len(update.formals) and pinned.keys() == set(update.formals)
            if symbol != update.symbol or kept != update.formals or not whole:
                return None
        case _:
            return None
    if witness not in witnesses or witness.type != update.symbol.result:
        return None
    loose = any(not _surely(a, p) or witness in free_vars(a) for a, p in zip(args, update.symbol.params, strict=True))
    return None if loose else (witness, App(update.symbol, args, primed=True))


def _chosen(transition: Transition) -> dict[Symbol, Symbol]:
    """For each choice of a transition, the variable that becomes it.

    The value that is chosen for a variable is what the step makes of it, so no formula need ask for a choice: where
    the transition speaks of it, it speaks of the variable after the step.
    """
    found: dict[Symbol, Symbol] = {}
    for choice in transition.choices:
        takers = [u.symbol for u in transition.updates if _takes(u, choice)]
        if not takers:
            raise InexpressibleError(f"{transition.action} chooses {choice.name.split('%')[0]} in a way not understood")
        found[choice] = takers[0]
    return found


def _takes(update: Update, choice: Symbol) -> bool:
    """Whether the update gives the choice itself, everywhere or under a condition on its arguments."""
    match update.value:
        case App() as chosen:
            return chosen == App(choice, update.formals)
        case Ite(condition=condition, yes=App(symbol=symbol, args=args), no=App() as kept) if symbol == choice:
            same = [part for part in conjuncts(condition) if isinstance(part, Eq)]
            pinned = [
                arg == formal or equal(formal, arg) in same for formal, arg in zip(update.formals, args, strict=True)
            ]
            return kept == App(update.symbol, update.formals) and all(pinned)
        case _:
            return False


def _surely(term: Term, type_: Type) -> bool:
    """Whether the term always has a value, and one of the type."""
    of_type = not isinstance(type_, RangeType) or type_of(term) == type_
    return of_type and not may_be_undefined(term)


def _bound(params: Sequence[Var], args: Sequence[Term], body: Term) -> Term:
    """The body with arguments for its parameters; one that has no value makes it false."""
    values: dict[Var, Term] = {}
    asked: list[tuple[Var, Term]] = []
    taken = {v.name for arg in args for v in free_vars(arg)}
    for param, arg in zip(params, args, strict=True):
        if _surely(arg, param.type):
            values[param] = arg
            continue
        if isinstance(param.type, IntType | OptionType):
            raise InexpressibleError(f"the argument for `{param.name}` may have no value")
        name = param.name
        while name in taken:
            name += "'"
        taken.add(name)
        fresh = Var(name, param.type)
        values[param] = fresh
        asked.append((fresh, arg))
    inner = substitute(body, values)
    return exists((v for v, _ in asked), conj((*(Eq(v, arg) for v, arg in asked), inner)))
