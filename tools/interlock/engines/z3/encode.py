"""Terms as first-order z3 formulas over sorts of any size.

An option-valued symbol is a relation R(arguments, value) with at most one value, not a function into an option:
existence is then claimed only where a formula claims it, which keeps proofs in or near the fragment that z3 decides.
`x = Some(t)` is R(x, t), `x = none` is "no v has R(x, v)", and an atom that unwraps `x` says "some v has R(x, v) and
the atom holds of v", so that it is false at none as `core.term` rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import assert_never

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
    Symbol,
    Term,
    Unwrap,
    Var,
    children,
    rebuild,
    type_of,
)
from interlock.core.types import BOOL, BoolType, EnumType, IntType, OptionType, RangeType, SortType, Type
from interlock.engines.z3.terms import (
    Context,
    Decl,
    Expr,
    Sort,
    UnsupportedError,
    conjunction,
    disjunction,
    existential,
    universal,
    z3,
)

Environment = Mapping[Var, Expr]
"""What variables stand for; a variable of an option type stands for the unary relation that holds of its value."""


@dataclass
class Vocabulary:
    """The z3 sorts and symbols of one system, declared when first met, in a context of their own."""

    context: Context = field(default_factory=z3.Context)
    _sorts: dict[str, Sort] = field(default_factory=dict[str, Sort])
    _members: dict[str, dict[str, Expr]] = field(default_factory=dict[str, dict[str, Expr]])
    _decls: dict[tuple[str, bool], Decl] = field(default_factory=dict[tuple[str, bool], Decl])
    _orders: dict[str, Decl] = field(default_factory=dict[str, Decl])
    _serial: count[int] = field(default_factory=count)

    def sort(self, type_: Type) -> Sort:
        """The z3 sort of a plain type."""
        match type_:
            case BoolType():
                return z3.BoolSort(self.context)
            case IntType() | RangeType():
                return z3.IntSort(self.context)
            case SortType():
                if type_.name not in self._sorts:
                    self._sorts[type_.name] = z3.DeclareSort(type_.name, self.context)
                return self._sorts[type_.name]
            case EnumType():
                self._declare_enum(type_)
                return self._sorts[type_.name]
            case OptionType():
                raise UnsupportedError("an option as an argument or a quantified value")
            case _:
                assert_never(type_)

    def member(self, type_: EnumType, name: str) -> Expr:
        """The z3 constant of an enum's member."""
        self._declare_enum(type_)
        return self._members[type_.name][name]

    def decl(self, symbol: Symbol, *, primed: bool = False) -> Decl:
        """The z3 function of a symbol; a relation with the value as last argument where the result is an option."""
        key = (symbol.name, primed)
        if key not in self._decls:
            params = [self.sort(t) for t in symbol.params]
            result = symbol.result
            if isinstance(result, OptionType):
                params.append(self.sort(result.of))
                result = BOOL
            name = symbol.name + ("'" if primed else "")
            self._decls[key] = z3.Function(name, *params, self.sort(result))
        return self._decls[key]

    def order(self, sort: SortType) -> Decl:
        """The relation `<=` of an ordered sort."""
        if sort.name not in self._orders:
            domain = self.sort(sort)
            self._orders[sort.name] = z3.Function(f"{sort.name} <=", domain, domain, z3.BoolSort(self.context))
        return self._orders[sort.name]

    def fresh_name(self, stem: str) -> str:
        """A name that nothing else has: `#` occurs in no symbol of a system."""
        return f"{stem}#{next(self._serial)}"

    def fresh(self, stem: str, type_: Type) -> Expr:
        """A new constant of a plain type."""
        return z3.Const(self.fresh_name(stem), self.sort(type_))

    def fresh_decl(self, stem: str, params: tuple[Type, ...], result: Type) -> Decl:
        """A new function; a relation where the result is an option."""
        return self.decl(Symbol(self.fresh_name(stem), params, result))

    def fresh_value(self, stem: str, type_: Type) -> Expr:
        """A new constant, or for an option the new unary relation that stands for one."""
        return self.fresh_decl(stem, (), type_) if isinstance(type_, OptionType) else self.fresh(stem, type_)

    def _declare_enum(self, type_: EnumType) -> None:
        """Members are small bit-vectors.

        Over a list_lru design with twelve locations for each kind of process, proofs took half the time that they took
        with z3's own enumerations.  Numbers that stand for no member are excluded by `Encoder.within`.
        """
        if type_.name in self._sorts:
            return
        sort = z3.BitVecSort(max(1, (len(type_.members) - 1).bit_length()), self.context)
        self._sorts[type_.name] = sort
        self._members[type_.name] = {member: z3.BitVecVal(i, sort) for i, member in enumerate(type_.members)}


@dataclass(frozen=True)
class Encoder:
    """Translates terms, with what their free variables stand for."""

    vocabulary: Vocabulary
    env: Environment = field(default_factory=dict[Var, Expr])

    @property
    def context(self) -> Context:
        """The z3 context of every expression made here."""
        return self.vocabulary.context

    def bind(self, values: Environment) -> Encoder:
        """The same with more variables bound."""
        return replace(self, env={**self.env, **values})

    def formula(self, term: Term) -> Expr:
        """A term of type Bool as a z3 formula."""
        match term:
            case Var():
                return self.env[term]
            case Literal():
                return z3.BoolVal(bool(term.value), self.context)
            case Not():
                return z3.Not(self.formula(term.arg))
            case And():
                return conjunction((self.formula(a) for a in term.args), self.context)
            case Or():
                return disjunction((self.formula(a) for a in term.args), self.context)
            case Implies():
                return z3.Implies(self.formula(term.left), self.formula(term.right))
            case Ite():
                return z3.If(self.formula(term.condition), self.formula(term.yes), self.formula(term.no))
            case Quant():
                return self._quantified(term)
            case Eq() if type_of(term.left) == BOOL:
                return self.formula(term.left) == self.formula(term.right)
            case Eq() | Compare() | App() | Unwrap():
                return self._atom(term)
            case Some() | Arith() | Count():
                raise TypeError(f"not a formula: {term}")
            case _:
                assert_never(term)

    def value(self, term: Term) -> Expr:
        """A term of a plain type, without unwraps outside nested formulas, as a z3 expression."""
        if type_of(term) == BOOL:
            return self.formula(term)
        match term:
            case Var():
                return self.env[term]
            case Literal():
                return self._literal(term)
            case App():
                return self.vocabulary.decl(term.symbol, primed=term.primed)(*(self.value(a) for a in term.args))
            case Arith():
                left, right = self.value(term.left), self.value(term.right)
                match term.op:
                    case "+":
                        return left + right
                    case "-":
                        return left - right
                    case "*":
                        return left * right
            case Ite():
                return z3.If(self.formula(term.condition), self.value(term.yes), self.value(term.no))
            case Count():
                raise UnsupportedError("`count` is judged by finite engines only")
            case _:
                raise TypeError(f"not a plain value: {term}")

    def has(self, option: Term, value: Expr) -> Expr:
        """That an option without unwraps is Some(value)."""
        match option:
            case Var():
                return self.env[option](value)
            case Literal():
                return z3.BoolVal(False, self.context)
            case Some():
                return self.value(option.arg) == value
            case App():
                decl = self.vocabulary.decl(option.symbol, primed=option.primed)
                return decl(*(self.value(a) for a in option.args), value)
            case Ite():
                return z3.If(self.formula(option.condition), self.has(option.yes, value), self.has(option.no, value))
            case _:
                raise TypeError(f"not an option: {option}")

    def is_none(self, option: Term) -> Expr:
        """That an option without unwraps is none."""
        match option:
            case Literal() | Some():
                return z3.BoolVal(isinstance(option, Literal), self.context)
            case Ite():
                return z3.If(self.formula(option.condition), self.is_none(option.yes), self.is_none(option.no))
            case _:
                witness = self.vocabulary.fresh("v", inner_type(option))
                return z3.Not(z3.Exists([witness], self.has(option, witness)))

    def within(self, type_: Type, value: Expr) -> list[Expr]:
        """The bounds that a value of the type keeps, where its z3 sort has more values than the type."""
        match type_:
            case RangeType():
                high = type_.high
                if isinstance(high, str):
                    high = z3.Int(high, self.context)
                return [value >= type_.low, value <= high]
            case EnumType(members=members):
                last = self.vocabulary.member(type_, members[-1])
                return [] if 2 ** last.size() == len(members) else [z3.ULE(value, last)]
            case BoolType() | IntType() | SortType():
                return []
            case OptionType():
                raise TypeError("an option has no value to bound")
            case _:
                assert_never(type_)

    def _literal(self, term: Literal) -> Expr:
        match term.type, term.value:
            case ((IntType() | RangeType()), int(number)):
                return z3.IntVal(number, self.context)
            case EnumType() as enum, str(name):
                return self.vocabulary.member(enum, name)
            case _:
                raise TypeError(f"not a plain literal: {term}")

    def _quantified(self, term: Quant) -> Expr:
        bound = {v: self.vocabulary.fresh(v.name, v.type) for v in term.vars}
        body = self.bind(bound).formula(term.body)
        bounds = [b for v, constant in bound.items() for b in self.within(v.type, constant)]
        match term.kind:
            case "forall":
                inner = z3.Implies(conjunction(bounds, self.context), body) if bounds else body
                return universal(list(bound.values()), inner)
            case "exists":
                return existential(list(bound.values()), conjunction([*bounds, body], self.context))

    def _atom(self, term: Term) -> Expr:
        split = _conditional(term)
        if split is not None:
            condition, yes, no = split
            return z3.If(self.formula(condition), self.formula(yes), self.formula(no))
        match term:
            case Eq(left=Unwrap() as left, right=right):
                return self._atom(Eq(left.arg, Some(right)))
            case Eq(left=left, right=Unwrap() as right):
                return self._atom(Eq(right.arg, Some(left)))
            case Unwrap():
                return self._atom(Eq(term.arg, Some(Literal(True, BOOL))))
            case _:
                pass
        unwrap = innermost_unwrap(term)
        if unwrap is None:
            return self._plain_atom(term)
        variable = Var(self.vocabulary.fresh_name("!"), inner_type(unwrap.arg))
        constant = self.vocabulary.fresh("v", variable.type)
        inner = self.bind({variable: constant})
        rest = inner.formula(replace_part(term, unwrap, variable))
        return z3.Exists([constant], z3.And(self.has(unwrap.arg, constant), rest))

    def _plain_atom(self, term: Term) -> Expr:
        inside = self._inside(term)
        atom = self._defined_atom(term)
        return z3.And(*inside, atom) if inside else atom

    def _inside(self, term: Term) -> list[Expr]:
        """That every symbol in the atom is applied within the ranges over which it is declared."""
        found = [bound for part in _value_parts(term) for bound in self._inside(part)]
        if isinstance(term, App):
            found += [b for arg, param in _leaving(term) for b in self.within(param, self.value(arg))]
        return found

    def _defined_atom(self, term: Term) -> Expr:
        match term:
            case App():
                return self.vocabulary.decl(term.symbol, primed=term.primed)(*(self.value(a) for a in term.args))
            case Compare():
                return self._compare(term)
            case Eq() if isinstance(type_of(term.left), OptionType):
                return self._options_equal(term.left, term.right)
            case Eq():
                return self.value(term.left) == self.value(term.right)
            case _:
                raise TypeError(f"not an atom: {term}")

    def _compare(self, term: Compare) -> Expr:
        left, right = self.value(term.left), self.value(term.right)
        type_ = type_of(term.left)
        if isinstance(type_, SortType):
            below = self.vocabulary.order(type_)(left, right)
            return below if term.op == "<=" else z3.And(below, left != right)
        return left <= right if term.op == "<=" else left < right

    def _options_equal(self, left: Term, right: Term) -> Expr:
        for this, other in ((left, right), (right, left)):
            match this:
                case Literal():
                    return self.is_none(other)
                case Some():
                    return self.has(other, self.value(this.arg))
                case _:
                    pass
        constant = self.vocabulary.fresh("v", inner_type(left))
        return z3.ForAll([constant], self.has(left, constant) == self.has(right, constant))


def inner_type(option: Term) -> Type:
    """The type of what an option holds."""
    type_ = type_of(option)
    return type_.of if isinstance(type_, OptionType) else type_


def _value_parts(term: Term) -> tuple[Term, ...]:
    """The subterms whose being undefined makes the term undefined; formulas (an `x!` of type Bool is one) never are."""
    parts = (term.yes, term.no) if isinstance(term, Ite) else children(term)
    return tuple(p for p in parts if type_of(p) != BOOL)


def _conditional(term: Term) -> tuple[Term, Term, Term] | None:
    """The first conditional that may be undefined in a branch, as its condition and the atom for each branch.

    Whether such an atom is defined depends on the branch taken, so the conditional is lifted out of it.
    """
    if isinstance(term, Ite) and _may_be_undefined(term):
        return term.condition, term.yes, term.no
    for part in _value_parts(term):
        split = _conditional(part)
        if split is not None:
            condition, yes, no = split
            return condition, replace_part(term, part, yes), replace_part(term, part, no)
    return None


def _leaving(term: App) -> list[tuple[Term, Type]]:
    """Arguments of an application that may lie outside the range over which the symbol is declared."""
    pairs = zip(term.args, term.symbol.params, strict=True)
    return [(arg, param) for arg, param in pairs if isinstance(param, RangeType) and type_of(arg) != param]


def _may_be_undefined(term: Term) -> bool:
    """Whether a term unwraps an option or leaves a range, outside nested formulas."""
    if isinstance(term, Unwrap) or (isinstance(term, App) and _leaving(term)):
        return True
    return any(_may_be_undefined(part) for part in _value_parts(term))


def innermost_unwrap(term: Term) -> Unwrap | None:
    """An unwrap that decides whether the atom is defined and has none inside."""
    for part in _value_parts(term):
        found = innermost_unwrap(part)
        if found is not None:
            return found
    return term if isinstance(term, Unwrap) else None


def replace_part(term: Term, old: Term, new: Term) -> Term:
    """The atom with `new` for every `old` outside nested formulas."""
    if term == old:
        return new
    positions = {id(p) for p in _value_parts(term)}
    parts = tuple(replace_part(c, old, new) if id(c) in positions else c for c in children(term))
    return rebuild(term, parts)
