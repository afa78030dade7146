"""Terms over a finite instance, with every quantifier spelt out: what bounded search and counterexamples ask z3.

Over a few elements for each sort a formula needs no quantifiers and no functions, only the cells of the symbols'
tables, so that z3 is left with a problem that it always decides (but for unbounded integers).  A sort has *at most* as
many elements as the scope says: each but the first is there only if its presence is assumed, quantifiers pass over
those that are not, and values and arguments are never among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import assert_never

from interlock.core.system import Update
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
    Value,
    Var,
    type_of,
)
from interlock.core.types import BOOL, BoolType, EnumType, IntType, OptionType, RangeType, SortType, Type
from interlock.engines.z3.cases import (
    Cases,
    Truth,
    both,
    calculate,
    choose,
    compare,
    either,
    equal,
    known,
    opposite,
    same_truth,
)
from interlock.engines.z3.terms import Context, Expr, UnsupportedError, z3

Row = tuple[Value, ...]
Table = Mapping[Row, Cases]
"""The cells of one symbol."""

Frame = Mapping[Symbol, Table]
"""One state: the cells of every symbol."""


def truth_cell(condition: Truth) -> Cases:
    """A cell of type Bool."""
    return Cases({True: condition, False: opposite(condition)})


@dataclass(frozen=True)
class Universe:
    """The elements that sorts may have and the integers that end ranges may be.

    `present[sort][i]` is the condition under which element i is there.
    """

    context: Context
    present: Mapping[str, Sequence[Truth]]
    highs: Mapping[str, int]
    ends: Mapping[str, Cases] = field(default_factory=dict[str, Cases])

    def domain(self, type_: Type) -> list[tuple[Value, Truth]]:
        """The values of a type, each with the condition under which it is one."""
        match type_:
            case BoolType():
                return [(False, True), (True, True)]
            case EnumType():
                return [(member, True) for member in type_.members]
            case SortType():
                return list(enumerate(self.present[type_.name]))
            case RangeType(low=low, high=high):
                if isinstance(high, int):
                    return [(number, True) for number in range(low, high + 1)]
                reaches = self.ends[high].of.items()
                numbers = range(low, self.highs[high] + 1)
                return [(n, either(c for v, c in reaches if isinstance(v, int) and v >= n)) for n in numbers]
            case OptionType():
                return [(None, True), *self.domain(type_.of)]
            case IntType():
                raise UnsupportedError("Int has no finite set of values to try")
            case _:
                assert_never(type_)

    def rows(self, types: Sequence[Type]) -> Iterator[tuple[Row, Truth]]:
        """All tuples of values of some types, with the condition under which they are."""
        for chosen in product(*(self.domain(t) for t in types)):
            yield tuple(v for v, _ in chosen), both(c for _, c in chosen)

    def unknown(self, name: str, type_: Type) -> tuple[Cases, list[Expr]]:
        """A cell that the solver may fill with any value of the type, and what keeps it to one."""
        match type_:
            case IntType():
                return Cases({}, (True, z3.Int(name, self.context))), []
            case OptionType(of=IntType()):
                empty = z3.Bool(f"{name} = none", self.context)
                return Cases({None: empty}, (z3.Not(empty), z3.Int(name, self.context))), []
            case BoolType():
                return truth_cell(z3.Bool(name, self.context)), []
            case _:
                pass
        domain = self.domain(type_)
        cells = {value: z3.Bool(f"{name} = {value}", self.context) for value, _ in domain}
        facts: list[Expr] = [z3.PbEq([(cell, 1) for cell in cells.values()], 1)]
        facts += [z3.Implies(cells[v], c) for v, c in domain if c is not True and not isinstance(c, bool)]
        facts += [z3.Not(cells[v]) for v, c in domain if c is False]
        return Cases(cells), facts

    def unknown_table(self, symbol: Symbol, stem: str) -> tuple[dict[Row, Cases], list[Expr]]:
        """A symbol's cells, each unknown."""
        table: dict[Row, Cases] = {}
        facts: list[Expr] = []
        for row, _ in self.rows(symbol.params):
            name = f"{stem}{symbol.name}({', '.join(map(str, row))})"
            table[row], more = self.unknown(name, symbol.result)
            facts += more
        return table, facts


@dataclass(frozen=True)
class Grounder:
    """Evaluates terms to cases and conditions, in a state, the state after it, and values of variables."""

    universe: Universe
    frame: Frame
    after: Frame
    env: Mapping[Var, Cases] = field(default_factory=dict[Var, Cases])

    def bind(self, values: Mapping[Var, Cases]) -> Grounder:
        """The same with more variables bound."""
        return replace(self, env={**self.env, **values})

    def formula(self, term: Term) -> Truth:
        """The condition under which a formula is true."""
        match term:
            case Literal():
                return bool(term.value)
            case Var() | App() | Unwrap():
                return self.value(term).is_(True)
            case Not():
                return opposite(self.formula(term.arg))
            case And():
                return both(self._until(term.args, stop=False))
            case Or():
                return either(self._until(term.args, stop=True))
            case Implies():
                left = self.formula(term.left)
                return True if left is False else either((opposite(left), self.formula(term.right)))
            case Ite():
                return self._conditional(term)
            case Quant():
                return self._quantified(term)
            case Eq() if type_of(term.left) == BOOL:
                return same_truth(self.formula(term.left), self.formula(term.right))
            case Eq():
                return equal(self.value(term.left), self.value(term.right))
            case Compare():
                return compare(term.op, self.value(term.left), self.value(term.right), self.universe.context)
            case Some() | Arith() | Count():
                raise TypeError(f"not a formula: {term}")
            case _:
                assert_never(term)

    def value(self, term: Term) -> Cases:
        """The value of a term by cases; of a formula too."""
        match term:
            case Var():
                return self.env[term]
            case Literal():
                return known(term.value)
            case App():
                return self._application(term)
            case Some():
                return self.value(term.arg)
            case Unwrap():
                inside = self.value(term.arg).without_none()
                return inside if type_of(term) != BOOL else truth_cell(inside.is_(True))
            case Arith():
                return calculate(term.op, self.value(term.left), self.value(term.right), self.universe.context)
            case Ite() if type_of(term) != BOOL:
                condition = self.formula(term.condition)
                branches = ((condition, term.yes), (opposite(condition), term.no))
                taken = [(c, self.value(branch)) for c, branch in branches if c is not False]
                return choose(taken, self.universe.context)
            case Count():
                return self._count(term)
            case Not() | And() | Or() | Implies() | Eq() | Compare() | Quant() | Ite():
                return truth_cell(self.formula(term))
            case _:
                assert_never(term)

    def updated(self, update: Update, row: Row) -> Cases:
        """What an update gives for one row of its symbol."""
        formals = {v: known(value) for v, value in zip(update.formals, row, strict=True)}
        return self.bind(formals).value(update.value)

    def _until(self, terms: Sequence[Term], *, stop: bool) -> Iterator[Truth]:
        for term in terms:
            found = self.formula(term)
            yield found
            if found is stop:
                return

    def _conditional(self, term: Ite) -> Truth:
        condition = self.formula(term.condition)
        if isinstance(condition, bool):
            return self.formula(term.yes if condition else term.no)
        yes, no = self.formula(term.yes), self.formula(term.no)
        return either((both((condition, yes)), both((opposite(condition), no))))

    def _application(self, term: App) -> Cases:
        table = (self.after if term.primed else self.frame)[term.symbol]
        args = [self.value(arg) for arg in term.args]
        inside = self._inside(term)
        options = [
            (both((self._is_row(args, row), inside(row))), cell)
            for row, cell in self._reachable(args, term.symbol, table)
        ]
        if term.symbol.result == BOOL:
            return truth_cell(either(both((here, cell.is_(True))) for here, cell in options))
        return choose(options, self.universe.context)

    def _reachable(self, args: Sequence[Cases], symbol: Symbol, table: Table) -> Iterator[tuple[Row, Cases]]:
        if all(arg.number is None for arg in args):
            for row in product(*(arg.of for arg in args)):
                if row in table:
                    yield row, table[row]
        else:
            for row, present in self.universe.rows(symbol.params):
                if present is not False:
                    yield row, table[row]

    def _inside(self, term: App) -> Callable[[Row], Truth]:
        """Whether a row is one of the table: an integer beyond the constant that ends a range selects none."""
        places = [
            (place, dict(self.universe.domain(param)))
            for place, (arg, param) in enumerate(zip(term.args, term.symbol.params, strict=True))
            if isinstance(param, RangeType) and isinstance(param.high, str) and type_of(arg) != param
        ]
        return lambda row: both(domain.get(row[place], False) for place, domain in places)

    def _is_row(self, args: Sequence[Cases], row: Row) -> Truth:
        return both(arg.is_(value) for arg, value in zip(args, row, strict=True))

    def _quantified(self, term: Quant) -> Truth:
        found: list[Truth] = []
        stop = term.kind == "exists"
        for row, present in self.universe.rows([v.type for v in term.vars]):
            if present is False:
                continue
            inner = self.bind({v: known(value) for v, value in zip(term.vars, row, strict=True)})
            body = inner.formula(term.body)
            instance = both((present, body)) if stop else either((opposite(present), body))
            if instance is stop:
                return stop
            found.append(instance)
        return either(found) if stop else both(found)

    def _count(self, term: Count) -> Cases:
        one, zero = z3.IntVal(1, self.universe.context), z3.IntVal(0, self.universe.context)
        decided = 0
        open_: list[Expr] = []
        for row, present in self.universe.rows([v.type for v in term.vars]):
            inner = self.bind({v: known(value) for v, value in zip(term.vars, row, strict=True)})
            here = both((present, inner.formula(term.body)))
            if isinstance(here, bool):
                decided += here
            else:
                open_.append(z3.If(here, one, zero))
        if not open_:
            return known(decided)
        return Cases({}, (True, z3.Sum([z3.IntVal(decided, self.universe.context), *open_])))


def differs(universe: Universe, frame: Frame, after: Frame, symbols: Iterable[Symbol]) -> Truth:
    """That a step changed something: it is not a stuttering one."""
    return either(
        both((present, opposite(equal(frame[symbol][row], after[symbol][row]))))
        for symbol in symbols
        for row, present in universe.rows(symbol.params)
    )
