"""Terms compiled to closures over a state, the state after a step, and values of variables.

Every formula is true or false.  A term of another type may be *undefined* (it unwraps none, or applies a symbol to an
argument outside the range over which the symbol is declared); undefinedness travels up to the atom around the term,
which is then false.  Formulas are therefore settled each by itself, and conjunctions may be evaluated in any order:
a quantifier tests every conjunct as soon as its variables have values and computes a variable from an equation
where it can instead of trying all values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, assert_never

from interlock.core.term import (
    And,
    App,
    Arith,
    Compare,
    Count,
    Eq,
    Implies,
    Ite,
    Literal,
    Not,
    Or,
    Quant,
    Some,
    Term,
    Unwrap,
    Var,
    conjuncts,
    may_be_undefined,
    may_leave_domain,
    negate,
    type_of,
)
from interlock.core.types import BOOL, INT, BoolType, SortType, Type
from interlock.engines.evaluate.layout import UNASSIGNED, Block, Cells, Domain, Layout, Unassigned
from interlock.engines.plan import Assign, Pick, Test, plan

Env: TypeAlias = list[Any]
"""Values of variables, each at the slot that its scope gave it."""

Eval: TypeAlias = Callable[[Cells, Cells, Env], Any]
"""A compiled term: (state, state after, values of variables) to a value."""

Scope: TypeAlias = Mapping[Var, int]
"""Slots of the variables in scope."""


class Undefined(Exception):  # noqa: N818 - a value that there is not, rather than an error
    """A term without a value."""


def extend(scope: Scope, variables: Sequence[Var]) -> dict[Var, int]:
    """Give slots to variables that are bound inside a scope."""
    start = max(scope.values(), default=-1) + 1
    return {**scope, **{var: start + place for place, var in enumerate(variables)}}


@dataclass
class Compiler:
    """Compiles terms for one layout.

    `partial` closures raise Unassigned for a cell without a value (while initial states are searched for); others do
    not look.
    `slots` grows to the number of slots that an environment needs.
    """

    layout: Layout
    partial: bool = False
    slots: int = field(default=1)

    def env(self) -> Env:
        """An environment that is long enough for everything compiled so far."""
        return [None] * self.slots

    def bind(self, scope: Scope, variables: Sequence[Var]) -> dict[Var, int]:
        """Extend a scope and make room for it."""
        inner = extend(scope, variables)
        self.slots = max(self.slots, max(inner.values(), default=0) + 1)
        return inner

    def term(self, term: Term, scope: Scope) -> Eval:
        """Compile a term whose free variables are in scope."""
        match term:
            case Var():
                slot = scope[term]
                return lambda _s, _t, e: e[slot]
            case Literal():
                value = term.value
                return lambda _s, _t, _e: value
            case App():
                read = self._app(term, scope)
                return _settled(read, (term, *term.args)) if term.symbol.result == BOOL else read
            case Some():
                return self.term(term.arg, scope)
            case Unwrap():
                return (
                    _settled(self._unwrap(term, scope), (term.arg,))
                    if type_of(term) == BOOL
                    else self._unwrap(term, scope)
                )
            case Not():
                arg = self.term(term.arg, scope)
                return lambda s, t, e: not arg(s, t, e)
            case And():
                return _all([self.term(arg, scope) for arg in term.args])
            case Or():
                return _any([self.term(arg, scope) for arg in term.args])
            case Implies():
                left, right = self.term(term.left, scope), self.term(term.right, scope)
                return lambda s, t, e: not left(s, t, e) or right(s, t, e)
            case Eq():
                return _settled(self._equation(term, scope), (term.left, term.right))
            case Compare():
                left, right = self.term(term.left, scope), self.term(term.right, scope)
                less: Eval = (
                    (lambda s, t, e: left(s, t, e) < right(s, t, e))
                    if term.op == "<"
                    else (lambda s, t, e: left(s, t, e) <= right(s, t, e))
                )
                return _settled(less, (term.left, term.right))
            case Arith():
                return _arith(term.op, self.term(term.left, scope), self.term(term.right, scope))
            case Ite():
                condition = self.term(term.condition, scope)
                yes, no = self.term(term.yes, scope), self.term(term.no, scope)
                return lambda s, t, e: yes(s, t, e) if condition(s, t, e) else no(s, t, e)
            case Quant(kind="exists"):
                return self.search(term.vars, conjuncts(term.body), self.bind(scope, term.vars))
            case Quant():
                counterexample = self.search(term.vars, denials(term.body), self.bind(scope, term.vars))
                return lambda s, t, e: not counterexample(s, t, e)
            case Count():
                return self._count(term, scope)
            case _:
                assert_never(term)

    def search(
        self, variables: Sequence[Var], conditions: Sequence[Term], scope: Scope, found: Eval | None = None
    ) -> Eval:
        """Whether some values of the variables (which have slots in the scope) satisfy all conditions and `found`.

        Where it is true the environment keeps the values that were found; a `found` that returns False sees every
        solution in turn, which is how solutions are enumerated and counted.
        """
        rest = found or _true
        for action in reversed(plan(variables, conditions)):
            match action:
                case Test():
                    tests = [self.term(c, scope) for c in action.conditions]
                    rest = _all(tests if rest is _true else [*tests, rest])
                case Assign():
                    domain = self.layout.range_of(action.var.type)
                    rest = self._assign(scope[action.var], domain, self.term(action.value, scope), rest)
                case Pick():
                    rest = _loop(scope[action.var], self.layout.domain(action.var.type), rest)
                case _:
                    assert_never(action)
        return rest

    def _assign(self, slot: int, domain: Domain, value: Eval, rest: Eval) -> Eval:
        def assign(s: Cells, t: Cells, e: Env) -> bool:
            try:
                found = value(s, t, e)
            except Undefined:
                return False
            if found is None or not domain.admits(found, s):
                return False
            e[slot] = found
            return bool(rest(s, t, e))

        return assign

    def _count(self, term: Count, scope: Scope) -> Eval:
        counted = Var("#count", INT)
        inner = self.bind(scope, [*term.vars, counted])
        counter = inner[counted]

        def count_one(_s: Cells, _t: Cells, e: Env) -> bool:
            e[counter] += 1
            return False

        body = self.search(term.vars, conjuncts(term.body), inner, count_one)

        def count(s: Cells, t: Cells, e: Env) -> int:
            e[counter] = 0
            body(s, t, e)
            return int(e[counter])

        return count

    def _equation(self, term: Eq, scope: Scope) -> Eval:
        """An equation; most compare with a constant (a location, none) or two variables, which is worth a case."""
        match term:
            case Eq(left=Var() as one, right=Var() as two):
                here, there = scope[one], scope[two]
                return lambda _s, _t, e: e[here] == e[there]
            case Eq(left=side, right=Literal(value=value)) | Eq(left=Literal(value=value), right=side):
                known = self.term(side, scope)
                return lambda s, t, e: known(s, t, e) == value
            case _:
                left, right = self.term(term.left, scope), self.term(term.right, scope)
                return lambda s, t, e: left(s, t, e) == right(s, t, e)

    def _unwrap(self, term: Unwrap, scope: Scope) -> Eval:
        arg = self.term(term.arg, scope)
        absent = False if type_of(term) == BOOL else None

        def value(s: Cells, t: Cells, e: Env) -> Any:  # noqa: ANN401 - a cell's value
            inside = arg(s, t, e)
            if inside is None:
                if absent is None:
                    raise Undefined
                return absent
            return inside

        return value

    def _app(self, term: App, scope: Scope) -> Eval:
        block = self.layout.blocks[term.symbol]
        place = self._place(term, block, scope)
        primed = term.primed
        if self.partial:

            def read(s: Cells, t: Cells, e: Env) -> Any:  # noqa: ANN401 - a cell's value
                cell = place(s, t, e)
                value = (t if primed else s)[cell]
                if value is UNASSIGNED:
                    raise Unassigned(cell)
                return value

            return read
        simple = _simple_read(term, block, scope)
        if simple is not None:
            return simple
        if primed:
            return lambda s, t, e: t[place(s, t, e)]
        return lambda s, t, e: s[place(s, t, e)]

    def _place(self, term: App, block: Block, scope: Scope) -> Eval:
        """The cell that an application reads; Undefined outside the domain."""
        offset = block.offset
        indices: list[Eval] = []
        for arg, param, domain, stride in zip(term.args, term.symbol.params, block.domains, block.strides, strict=True):
            indices.append(_index(self.term(arg, scope), param, domain, stride))
        match indices:
            case []:
                return lambda _s, _t, _e: offset
            case [first]:
                return lambda s, t, e: offset + first(s, t, e)
            case [first, second]:
                return lambda s, t, e: offset + first(s, t, e) + second(s, t, e)
            case _:
                return lambda s, t, e: offset + sum([index(s, t, e) for index in indices])


def denials(term: Term) -> tuple[Term, ...]:
    """Formulas whose conjunction is the term's negation."""
    match term:
        case Implies():
            return (*conjuncts(term.left), *denials(term.right))
        case Or():
            return tuple(part for arg in term.args for part in denials(arg))
        case Not():
            return conjuncts(term.arg)
        case _:
            return (negate(term),)


def _true(_s: Cells, _t: Cells, _e: Env) -> bool:
    return True


def _loop(slot: int, domain: Domain, rest: Eval) -> Eval:
    values = domain.values
    if domain.bound is None:

        def over_all(s: Cells, t: Cells, e: Env) -> bool:
            for value in values:
                e[slot] = value
                if rest(s, t, e):
                    return True
            return False

        return over_all

    def over_present(s: Cells, t: Cells, e: Env) -> bool:
        for value in domain.at(s):
            e[slot] = value
            if rest(s, t, e):
                return True
        return False

    return over_present


def _settled(atom: Eval, terms: Sequence[Term]) -> Eval:
    """An atom over the terms: false where one of them is undefined."""
    if not any(map(may_be_undefined, terms)) and not any(isinstance(t, App) and may_leave_domain(t) for t in terms):
        return atom

    def settled(s: Cells, t: Cells, e: Env) -> bool:
        try:
            return bool(atom(s, t, e))
        except Undefined:
            return False

    return settled


def _index(arg: Eval, param: Type, domain: Domain, stride: int) -> Eval:
    """How far an argument moves the place that is read."""
    if isinstance(param, SortType | BoolType):
        return arg if stride == 1 else lambda s, t, e: arg(s, t, e) * stride
    positions = domain.positions

    def looked_up(s: Cells, t: Cells, e: Env) -> int:
        value = arg(s, t, e)
        if not domain.admits(value, s):
            raise Undefined
        return positions[value] * stride

    return looked_up


def _simple_read(term: App, block: Block, scope: Scope) -> Eval | None:
    """Fast closures for what most applications are: no argument, or one or two variables over sorts."""
    if term.primed or not all(
        isinstance(arg, Var) and arg.type == p for arg, p in zip(term.args, term.symbol.params, strict=True)
    ):
        return None
    if not all(domain.identity for domain in block.domains):
        return None
    slots = [scope[arg] for arg in term.args if isinstance(arg, Var)]
    offset = block.offset
    match slots:
        case []:
            return lambda s, _t, _e: s[offset]
        case [one]:
            return lambda s, _t, e: s[offset + e[one]]
        case [one, two]:
            stride = block.strides[0]
            return lambda s, _t, e: s[offset + e[one] * stride + e[two]]
        case _:
            return None


def _all(parts: Sequence[Eval]) -> Eval:
    match parts:
        case []:
            return _true
        case [one]:
            return one
        case [one, two]:
            return lambda s, t, e: one(s, t, e) and two(s, t, e)
        case [one, two, three]:
            return lambda s, t, e: one(s, t, e) and two(s, t, e) and three(s, t, e)
        case _:

            def every(s: Cells, t: Cells, e: Env) -> bool:
                return all(part(s, t, e) for part in parts)

            return every


def _any(parts: Sequence[Eval]) -> Eval:
    match parts:
        case [one]:
            return one
        case [one, two]:
            return lambda s, t, e: one(s, t, e) or two(s, t, e)
        case _:

            def some(s: Cells, t: Cells, e: Env) -> bool:
                return any(part(s, t, e) for part in parts)

            return some


def _arith(op: str, left: Eval, right: Eval) -> Eval:
    match op:
        case "+":
            return lambda s, t, e: left(s, t, e) + right(s, t, e)
        case "-":
            return lambda s, t, e: left(s, t, e) - right(s, t, e)
        case _:
            return lambda s, t, e: left(s, t, e) * right(s, t, e)
