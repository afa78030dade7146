"""A transition system as first-order formulas: what every state satisfies, and what a step makes of a formula.

The state after a step is never a second copy of the symbols.  It is a function of the state before, so a formula about
it is the formula about the state before with every changed symbol replaced by what the update gives; what a step
leaves alone costs nothing, and each invariant is translated once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from interlock.core.rewrite import free_vars
from interlock.core.system import Obligation, Transition, TransitionSystem, Update
from interlock.core.term import App, Eq, Some, Symbol, Term, Var
from interlock.core.types import BOOL, OptionType, SortType
from interlock.engines.z3.definitions import in_order
from interlock.engines.z3.encode import Encoder, Vocabulary, inner_type, innermost_unwrap, replace_part
from interlock.engines.z3.terms import Decl, Expr, disjunction, existential, universal, z3

Substitution = list[tuple[Decl, Expr]]
"""What each changed symbol becomes: a body whose de Bruijn variables are the arguments."""


@dataclass(frozen=True)
class Instance:
    """A transition with constants for its parameters, witnesses and choices.

    `assumptions` hold of it: the guard, the bounds of the constants, and what defines the values of its updates.
    `after` gives the formulas of the state after, `primes` the same for primed symbols in step formulas.
    """

    transition: Transition
    constants: Mapping[Var, Expr]
    assumptions: tuple[Expr, ...]
    after: Substitution
    primes: Substitution
    changed: frozenset[Symbol]
    moves: Expr


@dataclass
class Theory:
    """The formulas of one system, each translated when first asked for."""

    system: TransitionSystem
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    _formulas: dict[int, tuple[Term, Expr]] = field(default_factory=dict[int, tuple[Term, Expr]])
    _unchanged: dict[Symbol, Expr] = field(default_factory=dict[Symbol, Expr])
    _background: list[Expr] = field(default_factory=list[Expr])

    @property
    def encoder(self) -> Encoder:
        """Translates closed terms of this system."""
        return Encoder(self.vocabulary)

    def formula(self, term: Term) -> Expr:
        """A closed formula of the system, translated once."""
        found = self._formulas.get(id(term))
        if found is None:
            found = self._formulas[id(term)] = (term, self.encoder.formula(term))
        return found[1]

    def background(self) -> list[Expr]:
        """What holds of every state by construction: orders, single values, bounds; and the axioms."""
        if not self._background:
            self._background = self._always()
        return list(self._background)

    def _always(self) -> list[Expr]:
        facts = [f for sort in self.system.sorts if sort.ordered for f in self._total_order(sort)]
        facts += self.type_facts(self.system.symbols)
        facts += [f for update in in_order(self.system) if update.symbol.rigid for f in self._definition(update)]
        return facts + [self.formula(axiom.formula) for axiom in self.system.axioms]

    def type_facts(self, symbols: Iterable[Symbol]) -> list[Expr]:
        """That options have at most one value and that ranges keep their bounds."""
        facts: list[Expr] = []
        for symbol in symbols:
            args = [self.vocabulary.fresh("x", t) for t in symbol.params]
            decl = self.vocabulary.decl(symbol)
            result = symbol.result
            if isinstance(result, OptionType):
                v, w = self.vocabulary.fresh("v", result.of), self.vocabulary.fresh("w", result.of)
                facts.append(universal([*args, v, w], z3.Implies(z3.And(decl(*args, v), decl(*args, w)), v == w)))
                bounds = self.encoder.within(result.of, v)
                if bounds:
                    facts.append(universal([*args, v], z3.Implies(decl(*args, v), z3.And(*bounds))))
            elif bounds := self.encoder.within(result, decl(*args)):
                facts.append(universal(args, z3.And(*bounds)))
        return facts

    def _definition(self, update: Update) -> list[Expr]:
        """That a constant has its value."""
        body, facts = self._body(update, self.encoder)
        decl = self.vocabulary.decl(update.symbol)
        args = [z3.Const(self.vocabulary.fresh_name("x"), decl.domain(i)) for i in range(decl.arity())]
        bounds = [b for t, x in zip(update.symbol.params, args, strict=False) for b in self.encoder.within(t, x)]
        same = decl(*args) == z3.substitute_vars(body, *args)
        return [*facts, universal(args, z3.Implies(z3.And(*bounds), same) if bounds else same)]

    def initial(self) -> tuple[list[Expr], Substitution]:
        """What constrains the initial state, and what defines its symbols."""
        facts: list[Expr] = []
        bodies: Substitution = []
        for update in in_order(self.system):
            body, extra = self._body(update, self.encoder)
            bodies.append((self.vocabulary.decl(update.symbol), z3.substitute_funs(body, *bodies)))
            facts += [z3.substitute_funs(f, *bodies) for f in extra]
        facts += [z3.substitute_funs(self.formula(part.formula), *bodies) for part in self.system.initially]
        return facts, bodies

    def instance(self, transition: Transition) -> Instance:
        """A transition with fresh constants, ready to judge formulas after it."""
        constants, assumptions = self._constants((*transition.params, *transition.witnesses), transition.choices)
        encoder = self.encoder.bind(constants)
        assumptions.append(encoder.formula(transition.guard))
        after: Substitution = []
        primes: Substitution = []
        moves: list[Expr] = []
        for update in transition.updates:
            body, facts = self._body(update, encoder)
            decl = self.vocabulary.decl(update.symbol)
            after.append((decl, body))
            primes.append((self.vocabulary.decl(update.symbol, primed=True), body))
            assumptions += facts
            args = [z3.Const(self.vocabulary.fresh_name("x"), decl.domain(i)) for i in range(decl.arity())]
            bounds = [b for t, x in zip(update.symbol.params, args, strict=False) for b in encoder.within(t, x)]
            moved = z3.And(*bounds, decl(*args) != z3.substitute_vars(body, *args))
            moves.append(existential(args, moved))
        changed = frozenset(u.symbol for u in transition.updates)
        kept = [s for s in self.system.symbols if s not in changed]
        primes += [(self.vocabulary.decl(s, primed=True), self.itself(s)) for s in kept]
        return Instance(
            transition,
            constants,
            tuple(assumptions),
            after,
            primes,
            changed,
            disjunction(moves, self.vocabulary.context),
        )

    def violation(self, obligation: Obligation) -> list[Expr]:
        """That a state is where the obligation is due and does not hold."""
        constants, facts = self._constants((*obligation.params, *obligation.witnesses), obligation.choices)
        encoder = self.encoder.bind(constants)
        return [*facts, encoder.formula(obligation.reach), z3.Not(encoder.formula(obligation.condition))]

    def _constants(self, variables: Sequence[Var], choices: Sequence[Symbol]) -> tuple[dict[Var, Expr], list[Expr]]:
        constants = {v: self.vocabulary.fresh_value(v.name, v.type) for v in variables}
        facts = self.type_facts(choices)
        for v, constant in constants.items():
            if isinstance(v.type, OptionType):
                x, y = self.vocabulary.fresh("v", v.type.of), self.vocabulary.fresh("w", v.type.of)
                one = z3.Implies(z3.And(constant(x), constant(y)), x == y)
                facts.append(z3.ForAll([x, y], one))
                bounds = [z3.Implies(constant(x), b) for b in self.encoder.within(v.type.of, x)]
                facts += [z3.ForAll([x], b) for b in bounds]
            else:
                facts += self.encoder.within(v.type, constant)
        return constants, facts

    def _body(self, update: Update, encoder: Encoder) -> tuple[Expr, list[Expr]]:
        """The new value over de Bruijn variables for the formals, and what defines symbols made for it."""
        formals = {v: self.vocabulary.fresh(v.name, v.type) for v in update.formals}
        inner = encoder.bind(formals)
        args = list(formals.values())
        facts: list[Expr] = []
        if update.symbol.result == BOOL:
            body = inner.formula(update.value)
        elif isinstance(update.symbol.result, OptionType):
            value = Var(self.vocabulary.fresh_name("v"), update.symbol.result.of)
            constant = self.vocabulary.fresh("v", value.type)
            body = inner.bind({value: constant}).formula(Eq(update.value, Some(value)))
            args.append(constant)
        else:
            term, facts = self._without_unwraps(update.value, update.formals, encoder)
            body = inner.value(term)
        return _abstract(args, body), facts

    def _without_unwraps(self, term: Term, formals: Sequence[Var], encoder: Encoder) -> tuple[Term, list[Expr]]:
        """The value with each `x!` as a new symbol that equals what x holds, where it holds something.

        A guard keeps steps from being taken where it holds nothing, so what the symbol is then does not matter.
        """
        facts: list[Expr] = []
        while (found := innermost_unwrap(term)) is not None:
            over = tuple(v for v in formals if v in free_vars(found.arg))
            held = Symbol(self.vocabulary.fresh_name("held"), tuple(v.type for v in over), inner_type(found.arg))
            args = {v: self.vocabulary.fresh(v.name, v.type) for v in over}
            value = self.vocabulary.fresh("v", held.result)
            same = self.vocabulary.decl(held)(*args.values()) == value
            fact = z3.Implies(encoder.bind(args).has(found.arg, value), same)
            facts.append(universal([*args.values(), value], fact))
            term = replace_part(term, found, App(held, over))
        return term, facts

    def itself(self, symbol: Symbol) -> Expr:
        """A symbol as what it becomes where nothing changes it."""
        if symbol not in self._unchanged:
            self._unchanged[symbol] = self._as_body(symbol)
        return self._unchanged[symbol]

    def _as_body(self, symbol: Symbol) -> Expr:
        decl = self.vocabulary.decl(symbol)
        args = [z3.Const(self.vocabulary.fresh_name("x"), decl.domain(i)) for i in range(decl.arity())]
        return _abstract(args, decl(*args))

    def _total_order(self, sort: SortType) -> list[Expr]:
        below = self.vocabulary.order(sort)
        x, y, z = (self.vocabulary.fresh(n, sort) for n in "xyz")
        return [
            z3.ForAll([x], below(x, x)),
            z3.ForAll([x, y], z3.Implies(z3.And(below(x, y), below(y, x)), x == y)),
            z3.ForAll([x, y, z], z3.Implies(z3.And(below(x, y), below(y, z)), below(x, z))),
            z3.ForAll([x, y], z3.Or(below(x, y), below(y, x))),
        ]


def _abstract(args: Sequence[Expr], body: Expr) -> Expr:
    """The body with its arguments as de Bruijn variables, variable 0 being the first as `substitute_funs` wants."""
    return z3.Lambda(list(reversed(args)), body).body() if args else body
