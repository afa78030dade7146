"""First-order terms over the symbols of a transition system: the language below which there is no sugar.

Sixteen node kinds.  A formula is a term of type Bool.

Meaning of `Unwrap` (the `x!` of the language): an *atom* (an equation, a comparison, an application of a Bool
symbol, `count`) that unwraps none is false.  Lowering gives every `!` in code an obligation of its own, so this
convention only decides what a formula means where it should not have been written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal as OneOf
from typing import TypeAlias, assert_never

from interlock.core.types import BOOL, INT, OptionType, RangeType, Type

Value: TypeAlias = bool | int | str | None
"""A value in a state: see the types for which Python value stands for what."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A function symbol: part of the state unless `rigid`.

    `name` is unique in its transition system and is what a reader sees: `registered`, `arrays.life`,
    `init.a` (a local), `init.pc`, `init.fill.owed`.  Two symbols are the same if their names are.
    """

    name: str
    params: tuple[Type, ...]
    result: Type
    rigid: bool = False
    ghost: bool = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Symbol) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)


@dataclass(frozen=True, slots=True)
class Var:
    """A bound variable, or a parameter or witness of a transition."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant: a truth value, an integer, an enum member, or none."""

    value: Value
    type: Type


@dataclass(frozen=True, slots=True)
class App:
    """A symbol applied to all its arguments, in the state before, or (`primed`) after the step."""

    symbol: Symbol
    args: tuple[Term, ...] = ()
    primed: bool = False


@dataclass(frozen=True, slots=True)
class Some:
    """A plain value as an option: the explicit form of the lift from T to T?."""

    arg: Term


@dataclass(frozen=True, slots=True)
class Unwrap:
    """The value inside an option; see the module's docstring for what happens at none."""

    arg: Term


@dataclass(frozen=True, slots=True)
class Not:
    """Negation."""

    arg: Term


@dataclass(frozen=True, slots=True)
class And:
    """Conjunction of any number of formulas."""

    args: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Disjunction of any number of formulas."""

    args: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Implies:
    """Implication."""

    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class Eq:
    """Equality of two terms of one type; of formulas, this is `iff`."""

    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class Compare:
    """Order on integers, ranges and elements of ordered sorts."""

    op: OneOf["<", "<="]
    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class Arith:
    """Integer arithmetic."""

    op: OneOf["+", "-", "*"]
    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class Ite:
    """`if condition then yes else no`, of any type."""

    condition: Term
    yes: Term
    no: Term


@dataclass(frozen=True, slots=True)
class Quant:
    """`forall` or `exists` over at least one variable; never over Int or an option."""

    kind: OneOf["forall", "exists"]
    vars: tuple[Var, ...]
    body: Term


@dataclass(frozen=True, slots=True)
class Count:
    """The number of assignments to the variables that satisfy the body (finite engines only)."""

    vars: tuple[Var, ...]
    body: Term


Term: TypeAlias = (
    Var | Literal | App | Some | Unwrap | Not | And | Or | Implies | Eq | Compare | Arith | Ite | Quant | Count
)

TRUE = Literal(True, BOOL)
FALSE = Literal(False, BOOL)


def type_of(term: Term) -> Type:
    """Type of a term."""
    match term:
        case Var() | Literal():
            return term.type
        case App():
            return term.symbol.result
        case Some():
            inner = type_of(term.arg)
            return inner if isinstance(inner, OptionType) else OptionType(inner)
        case Unwrap():
            inner = type_of(term.arg)
            return inner.of if isinstance(inner, OptionType) else inner
        case Ite():
            return type_of(term.yes)
        case Arith() | Count():
            return INT
        case Not() | And() | Or() | Implies() | Eq() | Compare() | Quant():
            return BOOL
        case _:
            assert_never(term)


def children(term: Term) -> tuple[Term, ...]:
    """Direct subterms, left to right."""
    match term:
        case Var() | Literal():
            return ()
        case App() | And() | Or():
            return term.args
        case Some() | Unwrap() | Not():
            return (term.arg,)
        case Implies() | Eq() | Compare() | Arith():
            return (term.left, term.right)
        case Ite():
            return (term.condition, term.yes, term.no)
        case Quant() | Count():
            return (term.body,)
        case _:
            assert_never(term)


def rebuild(term: Term, parts: tuple[Term, ...]) -> Term:
    """The same node over other subterms (as many as `children` gave), simplified."""
    match term:
        case Var() | Literal():
            return term
        case App():
            return App(term.symbol, parts, term.primed)
        case And():
            return conj(parts)
        case Or():
            return disj(parts)
        case Some():
            return Some(parts[0])
        case Unwrap():
            return unwrap(parts[0])
        case Not():
            return negate(parts[0])
        case Implies():
            return implies(*parts)
        case Eq():
            return equal(*parts)
        case Compare():
            return Compare(term.op, *parts)
        case Arith():
            return Arith(term.op, *parts)
        case Ite():
            return ite(*parts)
        case Quant():
            return quantify(term.kind, term.vars, parts[0])
        case Count():
            return Count(term.vars, parts[0])
        case _:
            assert_never(term)


def conj(parts: Iterable[Term]) -> Term:
    """Conjunction, flattened, without `true`; `false` absorbs."""
    flat: list[Term] = []
    for part in parts:
        if part == FALSE:
            return FALSE
        if isinstance(part, And):
            flat.extend(part.args)
        elif part != TRUE:
            flat.append(part)
    if not flat:
        return TRUE
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def disj(parts: Iterable[Term]) -> Term:
    """Disjunction, flattened, without `false`; `true` absorbs."""
    flat: list[Term] = []
    for part in parts:
        if part == TRUE:
            return TRUE
        if isinstance(part, Or):
            flat.extend(part.args)
        elif part != FALSE:
            flat.append(part)
    if not flat:
        return FALSE
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def negate(term: Term) -> Term:
    """Negation; folds constants and double negation."""
    if term == TRUE:
        return FALSE
    if term == FALSE:
        return TRUE
    return term.arg if isinstance(term, Not) else Not(term)


def implies(left: Term, right: Term) -> Term:
    """Implication; folds constants."""
    if left == TRUE:
        return right
    if left == FALSE or right == TRUE:
        return TRUE
    return negate(left) if right == FALSE else Implies(left, right)


def equal(left: Term, right: Term) -> Term:
    """Equality; folds what is decided by the shape alone."""
    match left, right:
        case Literal(), Literal():
            return TRUE if left.value == right.value else FALSE
        case Some(arg=a), Some(arg=b):
            return equal(a, b)
        case (Some(), Literal(value=None)) | (Literal(value=None), Some()):
            return FALSE
        case _:
            pass
    if left == right and not has_unwrap(left):
        return TRUE
    if type_of(left) == BOOL:
        for this, other in ((left, right), (right, left)):
            if this == TRUE:
                return other
            if this == FALSE:
                return negate(other)
    return Eq(left, right)


def ite(condition: Term, yes: Term, no: Term) -> Term:
    """Conditional; folds constants and Boolean branches."""
    if condition == TRUE or yes == no:
        return yes
    if condition == FALSE:
        return no
    if yes == TRUE:
        return disj((condition, no))
    if no == FALSE:
        return conj((condition, yes))
    if yes == FALSE:
        return conj((negate(condition), no))
    if no == TRUE:
        return implies(condition, yes)
    return Ite(condition, yes, no)


def unwrap(term: Term) -> Term:
    """The value inside an option; `Some(x)!` is `x`."""
    return term.arg if isinstance(term, Some) else Unwrap(term)


def quantify(kind: OneOf["forall", "exists"], variables: Iterable[Var], body: Term) -> Term:
    """Quantify; no variables or a constant body give the body itself (sorts are never empty)."""
    bound = tuple(variables)
    if not bound or body in (TRUE, FALSE):
        return body
    if isinstance(body, Quant) and body.kind == kind and not {v.name for v in bound} & {v.name for v in body.vars}:
        return Quant(kind, bound + body.vars, body.body)
    return Quant(kind, bound, body)


def forall(variables: Iterable[Var], body: Term) -> Term:
    """Universal quantification."""
    return quantify("forall", variables, body)


def exists(variables: Iterable[Var], body: Term) -> Term:
    """Existential quantification."""
    return quantify("exists", variables, body)


def conjuncts(term: Term) -> tuple[Term, ...]:
    """The formulas whose conjunction the term is."""
    if term == TRUE:
        return ()
    return term.args if isinstance(term, And) else (term,)


def has_unwrap(term: Term) -> bool:
    """Whether the term unwraps an option outside any nested formula."""
    match term:
        case Unwrap():
            return True
        case App() | Some() | Arith():
            return any(has_unwrap(child) for child in children(term))
        case Ite():
            return has_unwrap(term.yes) or has_unwrap(term.no)
        case _:
            return False


def may_be_undefined(term: Term) -> bool:
    """Whether the term can lack a value in some state; never so for a formula."""
    if type_of(term) == BOOL:
        return False
    match term:
        case Unwrap():
            return True
        case App():
            return may_leave_domain(term) or any(map(may_be_undefined, term.args))
        case Ite():
            return may_be_undefined(term.yes) or may_be_undefined(term.no)
        case Some() | Arith():
            return any(map(may_be_undefined, children(term)))
        case Var() | Literal() | Count():
            return False
        case Not() | And() | Or() | Implies() | Eq() | Compare() | Quant():
            return False
        case _:
            assert_never(term)


def may_leave_domain(term: App) -> bool:
    """Whether a symbol may be applied to an argument outside the range over which it is declared."""
    pairs = zip(term.args, term.symbol.params, strict=True)
    return any(isinstance(param, RangeType) and type_of(arg) != param for arg, param in pairs)
