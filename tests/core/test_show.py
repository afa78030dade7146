import pytest

from interlock.core.show import show_term
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
    Unwrap,
    Var,
)
from interlock.core.types import BOOL, INT, OptionType, SortType

S = SortType("Lru")
x, y = Var("x", S), Var("y", S)
p, q, r = (App(Symbol(name, (), BOOL)) for name in "pqr")
n = App(Symbol("n", (), INT))
next_ = Symbol("next", (S,), OptionType(S))
a = Symbol("a", (S,), S)


@pytest.mark.parametrize(
    ("term", "text"),
    [
        (Or((And((p, q)), r)), "p and q or r"),
        (And((Or((p, q)), r)), "(p or q) and r"),
        (Implies(p, Implies(q, r)), "p implies q implies r"),
        (Implies(Implies(p, q), r), "(p implies q) implies r"),
        (Eq(p, Eq(q, r)), "p iff (q iff r)"),
        (Not(And((p, q))), "not (p and q)"),
        (Not(Eq(x, y)), "x != y"),
        (Not(Eq(p, q)), "not (p iff q)"),
        (Not(Compare("<", n, Literal(3, INT))), "not n < 3"),
        (And((p, Quant("forall", (x, y), Eq(x, y)))), "p and forall x, y: Lru :: x = y"),
        (And((Quant("forall", (x, y), Eq(x, y)), p)), "(forall x, y: Lru :: x = y) and p"),
        (Or((And((p, Quant("exists", (x,), q))), r)), "p and (exists x: Lru :: q) or r"),
        (Implies(p, Not(Quant("exists", (x,), q))), "p implies not exists x: Lru :: q"),
        (Eq(Unwrap(App(next_, (x,))), y), "next(x)! = y"),
        (Eq(App(next_, (x,)), Some(y)), "next(x) = y"),
        (Eq(App(next_, (x,)), Literal(None, OptionType(S))), "next(x) = none"),
        (Eq(App(a, (App(a, (x,), primed=True),), primed=True), y), "a(a(x))' = y"),
        (Eq(App(a, (App(a, (x,)),), primed=True), y), "a'(a(x)) = y"),
        (Arith("-", n, Arith("-", n, Literal(-1, INT))), "n - (n - -1)"),
        (Arith("*", Arith("+", n, n), n), "(n + n) * n"),
        (Eq(Ite(p, x, y), y), "(if p then x else y) = y"),
        (Compare("<=", Count((x,), p), n), "count(x: Lru where p) <= n"),
    ],
)
def test_shows_with_minimal_brackets(term, text):
    assert show_term(term) == text


def test_shows_values_in_place_of_variables():
    assert show_term(Eq(App(next_, (x,)), y), {x: 0, y: 1}) == "next(lru0) = lru1"


def test_keeps_bound_variables_that_shadow_values():
    term = And((p, Quant("forall", (x,), Eq(x, y))))
    assert show_term(term, {x: 0, y: 1}) == "p and forall x: Lru :: x = lru1"
