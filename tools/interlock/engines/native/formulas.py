"""Terms as machine code over a packed state.

An operand of a plain type is a number, or one bit for Bool, that is always a value of its type; whether it is what the
term means is told by `defined` (see `engines.evaluate.compile` for what undefined terms mean: the atom around one is
false).  So nothing that is computed can go wrong, and formulas are computed without branches; only quantifiers are
loops, which stand behind the conditions that make them unnecessary.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import assert_never

from llvmlite import ir

from interlock.core.rewrite import subterms
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
    type_of,
)
from interlock.core.types import BoolType, EnumType, IntType, OptionType, PlainType, RangeType, SortType, Type
from interlock.engines.evaluate.compile import denials
from interlock.engines.evaluate.layout import Domain
from interlock.engines.native.code import Code, Number, Value
from interlock.engines.native.packing import Field, Packing
from interlock.engines.plan import Action, Assign, Pick, Test, plan


@dataclass(frozen=True, slots=True)
class Operand:
    """A term's value: `present` for an option, `defined` where it may lack a value; None stands for always."""

    raw: Number
    present: Value | None = None
    defined: Value | None = None


Env = Mapping[Var, Operand]
"""Values of the variables in scope."""


@dataclass(frozen=True)
class Formulas:
    """Writes terms into a function: over `before`, for primed symbols `after`, and the choices of a transition."""

    code: Code
    packing: Packing
    before: Value
    after: Value | None = None
    choices: Value | None = None

    def holds(self, term: Term, env: Env) -> Value:
        """A formula as one bit."""
        code = self.code
        match term:
            case Not():
                return code.negate(self.holds(term.arg, env))
            case And():
                return self._all([(part, False) for part in term.args], env)
            case Or():
                return code.negate(self._all([(part, True) for part in term.args], env))
            case Implies():
                return code.negate(self._all([(term.left, False), (term.right, True)], env))
            case Eq():
                return self._atom(self._same, term.left, term.right, env)
            case Compare():
                op = term.op
                return self._atom(lambda a, b: code.compare(op, a.raw, b.raw), term.left, term.right, env)
            case Quant(kind="exists"):
                return self._exists(term.vars, conjuncts(term.body), env)
            case Quant():
                return code.negate(self._exists(term.vars, denials(term.body), env))
            case Ite() if not (_is_cheap(term.yes) and _is_cheap(term.no)):
                return self._either(term, env)
            case Var() | Literal() | App() | Some() | Unwrap() | Ite() | Arith() | Count():
                value = self.value(term, env)
                return value.raw if value.defined is None else code.bit_and(value.raw, value.defined)
            case _:
                assert_never(term)

    def value(self, term: Term, env: Env) -> Operand:
        """A term's value."""
        code = self.code
        match term:
            case Var():
                return env[term]
            case Literal():
                return self._literal(term)
            case App():
                return self._settled(self._read(term, env), type_of(term))
            case Some():
                inner = self.value(term.arg, env)
                return inner if inner.present is not None else replace(inner, present=code.true)
            case Unwrap():
                return self._settled(self._unwrap(term, env), type_of(term))
            case Arith():
                left, right = self.value(term.left, env), self.value(term.right, env)
                operation = {"+": code.add, "-": code.sub, "*": code.mul}[term.op]
                return Operand(operation(left.raw, right.raw), None, self._both(left.defined, right.defined))
            case Ite():
                return self._select(term, env)
            case Count():
                return Operand(self._count(term, env))
            case Not() | And() | Or() | Implies() | Eq() | Compare() | Quant():
                return Operand(self.holds(term, env))
            case _:
                assert_never(term)

    # Search

    def search(
        self, variables: Sequence[Var], conditions: Sequence[Term], env: Env, found: Callable[[Env], None]
    ) -> None:
        """Write code that runs `found` for all values of the variables that satisfy the conditions."""
        self._search(plan(variables, conditions), 0, dict(env), found)

    def _search(
        self, actions: Sequence[Action], number: int, env: dict[Var, Operand], found: Callable[[Env], None]
    ) -> None:
        if number == len(actions):
            found(env)
            return
        action = actions[number]
        match action:
            case Test():
                with self.code.when(self._all([(c, False) for c in action.conditions], env)):
                    self._search(actions, number + 1, env, found)
            case Assign():
                value = self.value(action.value, env)
                inside = self.within(value, action.var.type)
                with self.code.when(inside):
                    self._search(actions, number + 1, {**env, action.var: Operand(value.raw)}, found)
            case Pick():
                with self.every(action.var.type) as operand:
                    self._search(actions, number + 1, {**env, action.var: operand}, found)
            case _:
                assert_never(action)

    @contextmanager
    def every(self, type_: Type) -> Generator[Operand, None, None]:
        """A loop over the values of a type in the state; none where a type has one value."""
        domain = self.packing.layout.domain(type_)
        low, high = self.bounds(type_) if isinstance(type_, RangeType) else (0, len(domain.values) - 1)
        if low == high:
            yield self._at(domain, type_, self.code.number(low))
            return
        with self.code.loop(low, self.code.add(high, 1)) as number:
            yield self._at(domain, type_, number)

    def _at(self, domain: Domain, type_: Type, number: Value) -> Operand:
        """The integer of a range, or the value at a position of another type."""
        return Operand(number) if isinstance(type_, RangeType) else self.decode(domain, type_, number)

    def within(self, value: Operand, type_: Type) -> Value:
        """Whether an operand has a value, and that belongs to a plain type in the state."""
        known = self._both(value.present, value.defined)
        inside = self.code.true if known is None else known
        if isinstance(type_, RangeType):
            low, high = self.bounds(type_)
            inside = self.code.bit_and(inside, self.code.compare(">=", value.raw, low))
            inside = self.code.bit_and(inside, self.code.compare("<=", value.raw, high))
        return inside

    def bounds(self, type_: RangeType) -> tuple[int, Number]:
        """The least and the greatest integer of a range in the state."""
        if isinstance(type_.high, int):
            return type_.low, type_.high
        layout = self.packing.layout
        cell = layout.bounds[type_.high]
        field = next(f for f in self.packing.fields.values() if f.block.offset == cell)
        return type_.low, self.decode(field.domain, field.block.symbol.result, self.cell(field, 0)).raw

    def _exists(self, variables: Sequence[Var], conditions: Sequence[Term], env: Env) -> Value:
        code = self.code
        answer = code.variable(code.false)
        with code.scope() as outside:

            def found(_: Env) -> None:
                code.set(answer, code.true)
                outside.leave()

            self.search(variables, conditions, env, found)
        return code.get(answer)

    def _count(self, term: Count, env: Env) -> Value:
        code = self.code
        total = code.variable(0)
        self.search(term.vars, conjuncts(term.body), env, lambda _: code.set(total, code.add(code.get(total), 1)))
        return code.get(total)

    # Connectives

    def _all(self, parts: Sequence[tuple[Term, bool]], env: Env) -> Value:
        """Whether all parts hold (those marked: do not hold); what has loops is computed only if the rest holds."""
        code = self.code
        result = code.true
        for part, opposite in parts:
            if _is_cheap(part):
                result = code.bit_and(result, self._side(part, env, opposite=opposite))
        costly = [(part, opposite) for part, opposite in parts if not _is_cheap(part)]
        if not costly:
            return result
        answer = code.variable(code.false)
        with code.scope() as outside:
            outside.leave_if(code.negate(result))
            for part, opposite in costly[:-1]:
                outside.leave_if(code.negate(self._side(part, env, opposite=opposite)))
            last, opposite = costly[-1]
            code.set(answer, self._side(last, env, opposite=opposite))
        return code.get(answer)

    def _side(self, part: Term, env: Env, *, opposite: bool) -> Value:
        value = self.holds(part, env)
        return self.code.negate(value) if opposite else value

    def _either(self, term: Ite, env: Env) -> Value:
        code = self.code
        answer = code.variable(code.false)
        condition = self.holds(term.condition, env)
        with code.when(condition):
            code.set(answer, self.holds(term.yes, env))
        with code.when(code.negate(condition)):
            code.set(answer, self.holds(term.no, env))
        return code.get(answer)

    def _atom(self, test: Callable[[Operand, Operand], Value], left: Term, right: Term, env: Env) -> Value:
        one, two = self.value(left, env), self.value(right, env)
        known = self._both(one.defined, two.defined)
        answer = test(one, two)
        return answer if known is None else self.code.bit_and(answer, known)

    def _settled(self, value: Operand, type_: Type) -> Operand:
        """A truth value that is read is an atom, wherever it stands: false where it lacks a value."""
        if not isinstance(type_, BoolType) or value.defined is None:
            return value
        return Operand(self.code.bit_and(value.raw, value.defined))

    def _same(self, one: Operand, two: Operand) -> Value:
        code = self.code
        same = code.equal(one.raw, two.raw)
        if one.present is None and two.present is None:
            return same
        here = code.true if one.present is None else one.present
        there = code.true if two.present is None else two.present
        alike = code.negate(code.xor(here, there))
        return code.bit_and(alike, code.bit_or(code.negate(here), same))

    def _both(self, one: Value | None, two: Value | None) -> Value | None:
        if one is None or two is None:
            return two if one is None else one
        return self.code.bit_and(one, two)

    # Values

    def _literal(self, term: Literal) -> Operand:
        plain = term.type.of if isinstance(term.type, OptionType) else term.type
        if term.value is None:
            return Operand(self._raw(default_of(plain), plain), self.code.false)
        present = self.code.true if isinstance(term.type, OptionType) else None
        return Operand(self._raw(term.value, plain), present)

    def _raw(self, value: object, plain: PlainType) -> Number:
        match plain:
            case BoolType():
                return self.code.true if value else self.code.false
            case EnumType():
                return self.code.number(plain.members.index(str(value)))
            case IntType() | RangeType() | SortType():
                assert isinstance(value, int)
                return self.code.number(value)
            case _:
                assert_never(plain)

    def _unwrap(self, term: Unwrap, env: Env) -> Operand:
        inner = self.value(term.arg, env)
        if inner.present is None:
            return inner
        raw = self.code.select(inner.present, inner.raw, self._raw(default_of(type_of(term)), _plain(type_of(term))))
        return Operand(raw, None, self._both(inner.defined, inner.present))

    def _select(self, term: Ite, env: Env) -> Operand:
        code = self.code
        condition = self.holds(term.condition, env)
        yes, no = self.value(term.yes, env), self.value(term.no, env)

        def merged(one: Value | None, two: Value | None) -> Value | None:
            if one is None and two is None:
                return None
            return code.select(condition, code.true if one is None else one, code.true if two is None else two)

        raw = code.select(condition, yes.raw, no.raw)
        return Operand(raw, merged(yes.present, no.present), merged(yes.defined, no.defined))

    # Cells

    def _read(self, term: App, env: Env) -> Operand:
        place, base = self._field(term)
        index, defined = self.index(place, [self.value(arg, env) for arg in term.args])
        value = self.decode(place.domain, place.block.symbol.result, self.cell(place, index, base))
        return replace(value, defined=defined)

    def _field(self, term: App) -> tuple[Field, Value]:
        if term.symbol in self.packing.choices:
            return self.packing.choices[term.symbol], self.choices
        return self.packing.fields[term.symbol], self.after if term.primed else self.before

    def index(self, place: Field, args: Sequence[Operand]) -> tuple[Number, Value | None]:
        """The cell for arguments, and whether they are in the symbol's domain; the cell exists in any case."""
        code = self.code
        index: Number = 0
        known: Value | None = None
        block = place.block
        for arg, type_, domain, stride in zip(args, block.symbol.params, block.domains, block.strides, strict=True):
            known = self._both(known, arg.defined)
            raw = arg.raw
            plain = type_.of if isinstance(type_, OptionType) else type_
            if isinstance(plain, RangeType):
                inside = self.within(Operand(raw), plain)
                if arg.present is not None:
                    inside = code.bit_or(inside, code.negate(arg.present))
                known = self._both(known, inside)
                raw = code.select(inside, raw, plain.low)
            position = self.encode(domain, type_, replace(arg, raw=raw))
            index = code.add(index, code.mul(position, stride)) if stride != 1 else code.add(index, position)
        return index, known

    def cell(self, place: Field, index: Number, base: Value | None = None) -> Value:
        """The position in a cell."""
        code = self.code
        if place.constant is not None:
            positions = place.positions
            if len(set(positions)) == 1:
                return code.number(positions[0])
            return code.load(code.table(place.block.symbol.name, positions), index)
        if place.width == 0:
            return code.number(0)
        word, shift = self.address(place, index)
        where = self.before if base is None else base
        held = code.argument_word(where, word) if self._is_fixed(where, word) else code.load(where, word)
        return code.bit_and(code.shift_right(held, shift), (1 << place.width) - 1)

    def _is_fixed(self, base: Value, word: Number) -> bool:
        """Whether a word is the same all through the function: of a state that came as an argument."""
        return isinstance(base, ir.Argument) and isinstance(word, int)

    def write(self, place: Field, index: Number, position: Value, base: Value) -> None:
        """Put a position into a cell of the words at `base`."""
        if place.width == 0:
            return
        code = self.code
        word, shift = self.address(place, index)
        mask = code.xor(code.shift_left((1 << place.width) - 1, shift), -1)
        kept = code.bit_and(code.load(base, word), mask)
        code.store(base, word, code.bit_or(kept, code.shift_left(position, shift)))

    def address(self, place: Field, index: Number) -> tuple[Number, Number]:
        """Word and bit of a cell."""
        code = self.code
        if not place.long:
            return place.word, code.add(place.shift, code.mul(index, place.width))
        bits = place.per.bit_length() - 1
        word = code.add(place.word, code.shift_right(index, bits))
        return word, code.mul(code.bit_and(index, place.per - 1), place.width)

    def decode(self, domain: Domain, type_: Type, position: Number) -> Operand:
        """The value at a position of a domain."""
        code = self.code
        match type_:
            case OptionType():
                inner = self.decode(domain, type_.of, code.sub(position, 1))
                return Operand(inner.raw, code.compare("!=", position, 0))
            case BoolType():
                return Operand(code.truth(position))
            case RangeType():
                return Operand(code.add(position, type_.low) if type_.low else position)
            case IntType():  # a constant's position is its value
                return Operand(code.add(position, domain.low) if domain.low else position)
            case EnumType() | SortType():
                return Operand(position)
            case _:
                assert_never(type_)

    def encode(self, domain: Domain, type_: Type, value: Operand) -> Value:
        """The position of a value of the type in its domain."""
        code = self.code
        match type_:
            case OptionType():
                inner = code.add(self.encode(domain, type_.of, Operand(value.raw)), 1)
                return inner if value.present is None else code.select(value.present, inner, 0)
            case BoolType():
                return code.widen(value.raw)
            case RangeType():
                return code.sub(value.raw, type_.low) if type_.low else code.number(value.raw)
            case IntType():
                return code.sub(value.raw, domain.low) if domain.low else code.number(value.raw)
            case EnumType() | SortType():
                return code.number(value.raw)
            case _:
                assert_never(type_)


def default_of(type_: Type) -> object:
    """Some value of a plain type."""
    match type_:
        case RangeType():
            return type_.low
        case EnumType():
            return type_.members[0]
        case BoolType():
            return False
        case IntType() | SortType():
            return 0
        case OptionType():
            return None
        case _:
            assert_never(type_)


def _plain(type_: Type) -> PlainType:
    return type_.of if isinstance(type_, OptionType) else type_


def _is_cheap(term: Term) -> bool:
    """Whether computing the term takes no loop."""
    return not any(isinstance(part, Quant | Count) for part in subterms(term))
