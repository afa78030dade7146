"""The meaning once more, as directly as it can be written, for tests to compare the evaluator with.

No compilation, no pruning, no shortcuts: interpretations are dictionaries, everything is tried.
"""

from itertools import product
from operator import le, lt

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
    Unwrap,
    Var,
    type_of,
)
from interlock.core.types import BOOL, BoolType, EnumType, OptionType, RangeType

NOTHING = object()
"""The value of a term that has none."""


class Naive:
    def __init__(self, system, sizes):
        self.system, self.sizes = system, sizes

    def domain(self, type_, state):
        match type_:
            case BoolType():
                return [False, True]
            case EnumType():
                return list(type_.members)
            case OptionType():
                return [None, *self.domain(type_.of, state)]
            case RangeType(high=str() as name):
                return list(range(type_.low, next(t[()] for s, t in state.items() if s.name == name) + 1))
            case RangeType():
                return list(range(type_.low, type_.high + 1))
            case _:
                return list(range(self.sizes[type_.name]))

    def tuples(self, variables, state):
        return product(*(self.domain(v.type, state) for v in variables))

    def value(self, term, now, then, env):
        """The term's value, or NOTHING; a formula always has one."""
        result = self.raw(term, now, then, env)
        return False if result is NOTHING and type_of(term) == BOOL else result

    def raw(self, term, now, then, env):
        go = lambda t, e=env: self.value(t, now, then, e)  # noqa: E731
        match term:
            case Var():
                return env[term]
            case Literal():
                return term.value
            case App():
                args = tuple(go(a) for a in term.args)
                return (then if term.primed else now)[term.symbol].get(args, NOTHING)
            case Some():
                return go(term.arg)
            case Unwrap():
                inside = go(term.arg)
                return NOTHING if inside is None else inside
            case Not():
                return not go(term.arg)
            case And():
                return all(go(a) for a in term.args)
            case Or():
                return any(go(a) for a in term.args)
            case Implies():
                return (not go(term.left)) or go(term.right)
            case Ite():
                return go(term.yes) if go(term.condition) else go(term.no)
            case Quant():
                each = [
                    go(term.body, {**env, **dict(zip(term.vars, vs, strict=True))})
                    for vs in self.tuples(term.vars, now)
                ]
                return all(each) if term.kind == "forall" else any(each)
            case Count():
                return sum(
                    go(term.body, {**env, **dict(zip(term.vars, vs, strict=True))})
                    for vs in self.tuples(term.vars, now)
                )
            case Eq() | Compare() | Arith():
                left, right = go(term.left), go(term.right)
                if left is NOTHING or right is NOTHING:
                    return NOTHING
                if isinstance(term, Eq):
                    return left == right
                if isinstance(term, Compare):
                    return {"<": lt, "<=": le}[term.op](left, right)
                return {"+": left + right, "-": left - right, "*": left * right}[term.op]

    def interpretations(self, symbols, base):
        """Every extension of an interpretation to more symbols."""
        if not symbols:
            yield base
            return
        first, *rest = symbols
        rows = list(product(*(self.domain(p, base) for p in first.params)))
        for values in product(self.domain(first.result, base), repeat=len(rows)):
            yield from self.interpretations(rest, {**base, first: dict(zip(rows, values, strict=True))})

    def initial_states(self):
        symbols = sorted(self.system.symbols, key=lambda s: s.name != "N")
        for state in self.interpretations(symbols, {}):
            formulas = [named.formula for named in (*self.system.axioms, *self.system.initially)]
            if all(self.value(f, state, state, {}) for f in formulas) and all(
                self.starts(u, state) for u in self.system.initial_values
            ):
                yield state

    def starts(self, update, state):
        return all(
            self.value(update.value, state, state, dict(zip(update.formals, args, strict=True)))
            == state[update.symbol][args]
            for args in self.tuples(update.formals, state)
        )

    def successors(self, state):
        for index, t in enumerate(self.system.transitions):
            for values in self.tuples((*t.params, *t.witnesses), state):
                env = dict(zip((*t.params, *t.witnesses), values, strict=True))
                for full in self.interpretations(list(t.choices), state):
                    if self.value(t.guard, full, full, env):
                        after = dict(state)
                        for u in t.updates:
                            after[u.symbol] = {
                                args: self.value(
                                    u.value, full, full, {**env, **dict(zip(u.formals, args, strict=True))}
                                )
                                for args in self.tuples(u.formals, state)
                            }
                        n = len(t.params)
                        yield index, values[:n], values[n:], after
