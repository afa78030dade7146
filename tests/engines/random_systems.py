"""Random small transition systems for differential tests.

`systems()` draws well-typed systems that every engine must read alike: sorts (one perhaps ordered), an enum, ranges,
options, relations, functions and constants; axioms, initial values and constraints; transitions with guards, witnesses,
choices, point writes and bulk writes; quantified invariants, step invariants and obligations, with options unwrapped
inside atoms and ranges left by computed arguments.  Values that are written are always defined and in range, as
lowering promises.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st

from interlock.core.system import Named, Obligation, Property, Transition, TransitionSystem, Update
from interlock.core.term import (
    FALSE,
    TRUE,
    App,
    Arith,
    Compare,
    Count,
    Eq,
    Ite,
    Literal,
    Quant,
    Some,
    Symbol,
    Term,
    Unwrap,
    Var,
    conj,
    disj,
    equal,
    implies,
    ite,
    negate,
)
from interlock.core.types import BOOL, INT, EnumType, OptionType, PlainType, RangeType, SortType, Type

COLOUR = EnumType("Colour", ("red", "green"))
SMALL = RangeType(0, 2)
BOUND = Symbol("N", (), RangeType(1, 2), rigid=True)
UP_TO_N = RangeType(0, "N")


@dataclass(frozen=True)
class Features:
    """What may occur: engines that lack something switch it off and say so in their tests."""

    ranges: bool = True
    symbolic_ranges: bool = False
    counts: bool = False
    choices: bool = True
    arbitrary_starts: bool = True


@dataclass(frozen=True)
class Draw:
    """A signature, and a source of random choices over it."""

    draw: Callable[[st.SearchStrategy], object]
    features: Features
    plain: tuple[PlainType, ...]
    symbols: tuple[Symbol, ...]

    def pick(self, *options):
        """One of the options, by number: strategies are cached by value, and symbols are equal when their names are."""
        return options[self.draw(st.integers(0, len(options) - 1))]

    def chance(self, percent: int) -> bool:
        return self.draw(st.integers(0, 99)) < percent

    def formula(self, scope: tuple[Var, ...], depth: int, *, rigid: bool = False, primed: bool = False) -> Term:
        """A formula over variables in scope; `rigid` keeps to constants, `primed` allows the state after."""
        again = lambda *more: self.formula((*scope, *more), depth - 1, rigid=rigid, primed=primed)  # noqa: E731
        if depth == 0 or self.chance(20):
            return self.atom(scope, rigid=rigid, primed=primed)
        kind = self.pick("and", "or", "not", "implies", "iff", "forall", "exists", "forall", "ite")
        match kind:
            case "and":
                return conj((again(), again()))
            case "or":
                return disj((again(), again()))
            case "not":
                return negate(again())
            case "implies":
                return implies(again(), again())
            case "iff":
                return equal(again(), again())
            case "ite":
                return ite(again(), again(), again())
            case _:
                used = {v.name for v in scope}
                fresh = Var(next(n for n in "xyzwvutsrq" if n not in used), self.pick(*self.plain))
                return Quant(kind, (fresh,), again(fresh))

    def atom(self, scope: tuple[Var, ...], *, rigid: bool = False, primed: bool = False, depth: int = 2) -> Term:
        usable = [s for s in self.symbols if s.result == BOOL and (s.rigid or not rigid)]
        kinds = ["eq", "eq", "compare"] + ["app"] * 3 * bool(usable)
        if self.features.counts:
            kinds.append("count")
        match self.pick(*kinds):
            case "app":
                return self.app(self.pick(*usable), scope, depth - 1, rigid=rigid, primed=primed)
            case "compare":
                ordered = [t for t in self.plain if isinstance(t, RangeType) or getattr(t, "ordered", False)]
                if ordered:
                    type_ = self.pick(*ordered)
                    sides = [self.value(type_, scope, depth, rigid=rigid, primed=primed) for _ in range(2)]
                    if isinstance(type_, RangeType) and self.chance(40):
                        sides[0] = Arith(self.pick("+", "-", "*"), sides[0], Literal(self.pick(0, 1, 2), INT))
                    return Compare(self.pick("<", "<="), *sides)
            case "count":
                var = Var("c", self.pick(*self.plain))
                return Compare(
                    "<=", Count((var,), self.atom((*scope, var), rigid=rigid, primed=primed, depth=1)), Literal(1, INT)
                )
            case _:
                pass
        type_ = self.pick(*self.plain)
        if self.chance(40):
            type_ = OptionType(type_)
        return Eq(*(self.value(type_, scope, depth, rigid=rigid, primed=primed) for _ in range(2)))

    def value(
        self,
        type_: Type,
        scope: tuple[Var, ...],
        depth: int,
        *,
        rigid: bool = False,
        primed: bool = False,
        total: bool = False,
    ) -> Term:
        """A term of exactly that type; `total` keeps it defined (no unwrap)."""
        options: list[Callable[[], Term]] = [(lambda v=v: v) for v in scope if v.type == type_]
        again = lambda t: self.value(t, scope, depth - 1, rigid=rigid, primed=primed, total=total)  # noqa: E731
        if depth:
            options += [
                (lambda s=s: self.app(s, scope, depth - 1, rigid=rigid, primed=primed, total=total))
                for s in self.symbols
                if s.result == type_ and (s.rigid or not rigid)
            ]
        if depth > 1:
            condition = lambda: self.atom(scope, rigid=rigid, primed=primed, depth=1)  # noqa: E731
            options.append(lambda: Ite(condition(), again(type_), again(type_)))
        if depth:
            held = (
                [s for s in self.symbols if s.result == OptionType(type_) and (s.rigid or not rigid)]
                if not isinstance(type_, OptionType)
                else []
            )
            if not total:
                options += [
                    (lambda s=s: Unwrap(self.app(s, scope, depth - 1, rigid=rigid, primed=primed))) for s in held
                ]
        match type_:
            case OptionType(of=inner):
                options.append(lambda: Literal(None, type_))
                options.append(
                    lambda: Some(self.value(inner, scope, max(depth - 1, 0), rigid=rigid, primed=primed, total=total))
                )
            case EnumType():
                options.append(lambda: Literal(self.pick(*type_.members), type_))
            case RangeType(low=low, high=high):
                top = high if isinstance(high, int) else low
                options.append(lambda: Literal(self.draw(st.integers(low, top)), type_))
            case _ if not options:
                options.append(lambda: App(Symbol(f"some_{type_.name}", (), type_, rigid=True)))
            case _:
                pass
        return self.pick(*options)()

    def app(
        self,
        symbol: Symbol,
        scope: tuple[Var, ...],
        depth: int,
        *,
        rigid: bool = False,
        primed: bool = False,
        total: bool = False,
    ) -> Term:
        values = (self.value(p, scope, depth, rigid=rigid, primed=primed, total=total) for p in symbol.params)
        args = tuple(v if total else self.index(v, p) for v, p in zip(values, symbol.params, strict=True))
        return App(symbol, args, primed=primed and not symbol.rigid and self.chance(50))

    def index(self, value: Term, type_: Type) -> Term:
        """The value as an argument: one of a range type is sometimes computed, and may then be outside."""
        if isinstance(type_, RangeType) and self.chance(25):
            return Arith(self.pick("+", "-"), value, Literal(1, INT))
        return value

    def update(self, symbol: Symbol, scope: tuple[Var, ...]) -> Update:
        formals = tuple(Var(f"u{i}", type_) for i, type_ in enumerate(symbol.params))
        new = lambda vs: self.formula(vs, 1) if symbol.result == BOOL else self.value(symbol.result, vs, 2, total=True)  # noqa: E731
        if not formals or self.chance(30):
            return Update(symbol, formals, new((*scope, *formals)))
        value: Term = App(symbol, formals)
        for _ in range(self.pick(1, 1, 2)):
            there = conj(equal(u, self.value(u.type, scope, 1)) for u in formals)
            written = self.pick(TRUE, FALSE) if symbol.result == BOOL and self.chance(60) else new(scope)
            value = ite(there, written, value)
        return Update(symbol, formals, value)


@st.composite
def systems(draw, features: Features = Features()) -> TransitionSystem:
    """A random system; small enough that its state space under sizes 1 to 2 is usually below a few thousand states."""
    pick = Draw(draw, features, (), ()).pick
    sorts = (
        (SortType("A"), SortType("K", ordered=True))[: pick(1, 2)]
        if pick(0, 1)
        else (SortType("K", ordered=pick(False, True)),)
    )
    plain: list[PlainType] = [*sorts, COLOUR]
    if features.ranges:
        plain.append(SMALL)
    if features.symbolic_ranges and pick(0, 1):
        plain.append(UP_TO_N)
    results: list[Type] = [BOOL, BOOL, BOOL, *plain, *(OptionType(t) for t in plain)]
    constants = [Symbol(f"some_{s.name}", (), s, rigid=True) for s in sorts]
    if UP_TO_N in plain:
        constants.append(BOUND)
    constants += [
        Symbol(f"c{i}", tuple(pick(*sorts) for _ in range(pick(0, 1))), pick(BOOL, *sorts), rigid=True)
        for i in range(pick(0, 1))
    ]
    variables = [
        Symbol(
            f"s{i}", tuple(pick(*plain) for _ in range(pick(0, 1, 1, 2) if i else 1)), BOOL if not i else pick(*results)
        )
        for i in range(pick(1, 2, 2, 3))
    ]
    make = Draw(draw, features, tuple(plain), (*constants, *variables))
    starts, free = [], 0
    for symbol in variables:
        formals = tuple(Var(f"u{i}", type_) for i, type_ in enumerate(symbol.params))
        if features.arbitrary_starts and len(formals) < 2 and free < 1 and make.chance(20):
            free += 1
        elif symbol.result == BOOL:
            starts.append(Update(symbol, formals, pick(FALSE, FALSE, TRUE)))
        else:
            value = (
                Literal(None, symbol.result)
                if isinstance(symbol.result, OptionType)
                else make.value(symbol.result, formals, 1, rigid=True, total=True)
            )
            starts.append(Update(symbol, formals, value))
    axioms = (
        (Named("axiom", make.formula((), 2, rigid=True)),) if len(constants) > len(sorts) and make.chance(50) else ()
    )
    initially = (Named("start", make.formula((), 2)),) if free or make.chance(15) else ()
    transitions, obligations = [], []
    for number in range(pick(1, 2, 3)):
        params = tuple(Var(f"p{i}", pick(*plain)) for i in range(pick(0, 1, 2)))
        witnesses = tuple(Var(f"w{i}", pick(*plain)) for i in range(pick(0, 0, 1)))
        scope = (*params, *witnesses)
        parts = [make.formula(scope, pick(0, 1, 2)) for _ in range(pick(1, 2))]
        choices: tuple[Symbol, ...] = ()
        targets = list(dict.fromkeys(pick(*variables) for _ in range(pick(1, 2))))
        updates = [make.update(symbol, scope) for symbol in targets]
        if features.choices and len(targets[0].params) < 2 and make.chance(20):
            fresh = Symbol(f"fresh{number}", targets[0].params, targets[0].result, rigid=True)
            choices = (fresh,)
            within = Draw(draw, features, tuple(plain), (*make.symbols, fresh))
            parts.append(within.formula(scope, 2))
            updates[0] = Update(targets[0], updates[0].formals, App(fresh, updates[0].formals))
        transitions.append(Transition(f"act{number}", params, conj(parts), tuple(updates), witnesses, choices))
        if make.chance(30):
            obligations.append(
                Obligation(
                    f"act{number}.check",
                    f"act{number}",
                    params,
                    witnesses,
                    make.formula(scope, 1),
                    make.formula(scope, 1),
                )
            )
    properties = [
        Property("inv", "invariant", make.formula((), 3)),
        Property("lem", "lemma", make.formula((), 2)),
        Property("step", "step_invariant", make.formula((), 2, primed=True)),
        Property("reach", "reachable", make.formula((), 2)),
        *(Property(o.property, "assertion") for o in obligations),
    ]
    return TransitionSystem(
        "random", sorts, (COLOUR,), (*constants, *variables), axioms, tuple(starts), initially,
        tuple(transitions), tuple(obligations), tuple(properties),
    )  # fmt: skip


def size(system: TransitionSystem, sizes: dict[str, int]) -> int:
    """How many interpretations the symbols have in a scope: what a brute-force search would enumerate."""

    def count(type_: Type) -> int:
        known = {BOOL: 2, COLOUR: 2, SMALL: 3, UP_TO_N: 3, BOUND.result: 2}
        return known.get(type_) or sizes.get(getattr(type_, "name", ""), 2)

    total = 1
    for symbol in (*system.symbols, *(c for t in system.transitions for c in t.choices)):
        cells = 1
        for param in symbol.params:
            cells *= count(param)
        inner = symbol.result
        total *= (count(inner.of) + 1 if isinstance(inner, OptionType) else count(inner)) ** cells
    return total
