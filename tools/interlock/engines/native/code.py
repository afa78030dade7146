"""A small structured language over LLVM's instructions: loops, conditions and variables instead of blocks and phis.

What generates code should read like the code that it generates:

    with code.loop(0, n) as i:
        with code.when(code.equal(code.load(table, i), key)):
            code.set(found, code.true)

Numbers are 64-bit integers and truth values single bits.  A variable is a cell on the stack, which LLVM turns into
registers; a pointer points to words of 64 bits unless a method says otherwise.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from llvmlite import ir

Value: TypeAlias = Any
"""An LLVM value (llvmlite has no types): i64, i1, or a pointer."""

Number: TypeAlias = Any
"""An i64 value, or a Python int that becomes one."""

# llvmlite keeps one object for each width, so types of numbers are compared as objects.
I1 = ir.IntType(1)
I32 = ir.IntType(32)
I64 = ir.IntType(64)
POINTER = ir.PointerType()
VOID = ir.VoidType()


class Code:
    """The body of one function while it is being written."""

    def __init__(self, function: ir.Function) -> None:
        self.function = function
        self.module: ir.Module = function.module
        self._entry = function.append_basic_block("entry")
        first = function.append_basic_block("start")
        self._declare = ir.IRBuilder(self._entry)
        self._declare.branch(first)
        self._declare.position_before(self._entry.terminator)
        self.builder = ir.IRBuilder(first)
        self._words: dict[tuple[str, int], Value] = {}
        self._opposites: dict[int, tuple[Value, Value]] = {}

    # Functions

    @classmethod
    def define(
        cls,
        module: ir.Module,
        name: str,
        result: ir.Type,
        params: Sequence[ir.Type],
        *,
        public: bool = False,
        attributes: Sequence[str] = (),
    ) -> Code:
        """Begin a function; only public ones can be called from outside of the module."""
        function = ir.Function(module, ir.FunctionType(result, params), name)
        if not public:
            function.linkage = "internal"
        for attribute in ("nounwind", *attributes):
            function.attributes.add(attribute)
        return cls(function)

    @property
    def args(self) -> tuple[Value, ...]:
        """The function's parameters."""
        return tuple(self.function.args)

    def give(self, value: Number | None = None) -> None:
        """Return from the function."""
        if value is None:
            self.builder.ret_void()
        else:
            self.builder.ret(self._as(value, self.function.function_type.return_type))

    def call(self, callee: Code | ir.Function, *args: Number) -> Value:
        """Call a function."""
        function = callee.function if isinstance(callee, Code) else callee
        types = function.function_type.args
        return self.builder.call(function, [self._as(a, t) for a, t in zip(args, types, strict=True)])

    # Constants and arithmetic

    @property
    def true(self) -> Value:
        """The truth value true."""
        return ir.Constant(I1, 1)

    @property
    def false(self) -> Value:
        """The truth value false."""
        return ir.Constant(I1, 0)

    def number(self, value: Number) -> Value:
        """A number as a value."""
        return self._as(value, I64)

    def add(self, left: Number, right: Number) -> Value:
        """Sum, modulo 2^64."""
        return self._binary("add", left, right)

    def sub(self, left: Number, right: Number) -> Value:
        """Difference, modulo 2^64."""
        return self._binary("sub", left, right)

    def mul(self, left: Number, right: Number) -> Value:
        """Product, modulo 2^64."""
        return self._binary("mul", left, right)

    def bit_and(self, left: Number, right: Number) -> Value:
        """Bitwise and, of numbers or truth values."""
        return self._binary("and_", left, right)

    def bit_or(self, left: Number, right: Number) -> Value:
        """Bitwise or, of numbers or truth values."""
        return self._binary("or_", left, right)

    def xor(self, left: Number, right: Number) -> Value:
        """Bitwise exclusive or."""
        return self._binary("xor", left, right)

    def shift_left(self, left: Number, right: Number) -> Value:
        """Shift towards the high bits, by less than 64."""
        return self._binary("shl", left, right)

    def shift_right(self, left: Number, right: Number) -> Value:
        """Shift towards the low bits, by less than 64; zeros come in."""
        return self._binary("lshr", left, right)

    def negate(self, value: Value) -> Value:
        """The opposite of a truth value."""
        if isinstance(value, ir.Constant):
            return ir.Constant(I1, 1 - int(value.constant))
        if id(value) not in self._opposites:
            opposite = self.builder.not_(value)
            self._opposites[id(opposite)] = (value, opposite)
            return opposite
        return self._opposites[id(value)][0]

    def compare(self, op: str, left: Number, right: Number) -> Value:
        """`==`, `!=`, `<`, `<=`, `>` or `>=` of numbers with a sign, or of truth values."""
        one, two = self._pair(left, right)
        if isinstance(one, ir.Constant) and isinstance(two, ir.Constant):
            return ir.Constant(I1, int(_COMPARE[op](int(one.constant), int(two.constant))))
        return self.builder.icmp_signed(op, one, two)

    def below(self, left: Number, right: Number) -> Value:
        """Whether a number without a sign is less than another."""
        return self.builder.icmp_unsigned("<", *self._pair(left, right))

    def equal(self, left: Number, right: Number) -> Value:
        """Whether two values are the same."""
        return self.compare("==", left, right)

    def select(self, condition: Value, yes: Number, no: Number) -> Value:
        """One of two values that have both been computed."""
        one, two = self._pair(yes, no)
        if isinstance(condition, ir.Constant):
            return one if condition.constant else two
        return self.builder.select(condition, one, two)

    def widen(self, value: Value) -> Value:
        """A truth value or a shorter number as a number without a sign."""
        return value if value.type is I64 else self.builder.zext(value, I64)

    def truth(self, value: Value) -> Value:
        """The lowest bit of a number as a truth value."""
        return value if value.type == I1 else self.builder.trunc(value, I1)

    # Memory

    def at(self, pointer: Value, index: Number) -> Value:
        """The address of a word."""
        return self.builder.gep(pointer, [self.number(index)], source_etype=I64)

    def load(self, pointer: Value, index: Number = 0) -> Value:
        """The word at an index."""
        return self.builder.load(self.at(pointer, index), typ=I64)

    def argument_word(self, argument: Value, index: int) -> Value:
        """A word behind a parameter that nobody writes while the function runs; it is read once, at the start."""
        key = (argument.name, index)
        if key not in self._words:
            here, self.builder = self.builder, self._declare
            self._words[key] = self.load(argument, index)
            self.builder = here
        return self._words[key]

    def store(self, pointer: Value, index: Number, value: Number) -> None:
        """Write the word at an index."""
        self.builder.store(self.number(value), self.at(pointer, index))

    def load_short(self, pointer: Value, index: Number) -> Value:
        """The 32-bit number at an index, as a number without a sign."""
        address = self.builder.gep(pointer, [self.number(index)], source_etype=I32)
        return self.builder.zext(self.builder.load(address, typ=I32), I64)

    def store_short(self, pointer: Value, index: Number, value: Number) -> None:
        """Write the low half of a number as the 32-bit number at an index."""
        address = self.builder.gep(pointer, [self.number(index)], source_etype=I32)
        self.builder.store(self.builder.trunc(self.number(value), I32), address)

    def copy(self, target: Value, source: Value, words: int) -> None:
        """Copy a fixed number of words."""
        for word in range(words):
            self.store(target, word, self.load(source, word))

    def room(self, words: int) -> Value:
        """A pointer to words on the stack, allocated once for the whole function."""
        return self._declare.alloca(I64, size=ir.Constant(I32, words))

    def table(self, name: str, values: Sequence[int]) -> Value:
        """A pointer to constant words in the module."""
        array = ir.ArrayType(I64, len(values))
        constant = ir.GlobalVariable(self.module, array, self.module.get_unique_name(name))
        constant.initializer = ir.Constant(array, [v & (2**64 - 1) for v in values])
        constant.global_constant = True
        constant.linkage = "internal"
        return constant

    # Variables

    def variable(self, value: Number, kind: ir.Type | None = None) -> Value:
        """A variable with a first value."""
        first = value if kind is None and isinstance(value, ir.Value) else self._as(value, kind or I64)
        cell = self._declare.alloca(first.type)
        cell.held = first.type
        self.builder.store(first, cell)
        return cell

    def get(self, variable: Value) -> Value:
        """A variable's value."""
        return self.builder.load(variable, typ=variable.held)

    def set(self, variable: Value, value: Number) -> None:
        """Give a variable another value."""
        self.builder.store(self._as(value, variable.held), variable)

    # Control

    @property
    def ended(self) -> bool:
        """Whether control cannot come here: the code has left this place already."""
        return bool(self.builder.block.is_terminated)

    @contextmanager
    def when(self, condition: Value) -> Generator[None, None, None]:
        """Code that runs if the condition holds."""
        if isinstance(condition, ir.Constant) and condition.constant:
            yield
            return
        then, after = self._block("then"), self._block("after")
        self.builder.cbranch(condition, then, after)
        self.builder.position_at_end(then)
        yield
        self._go(after)
        self.builder.position_at_end(after)

    @contextmanager
    def loop(self, start: Number, stop: Number) -> Generator[Value, None, None]:
        """Code that runs for each number from `start` up to but without `stop` (compared with a sign)."""
        index = self.variable(start)
        limit = self.number(stop)
        head, body, after = self._block("loop"), self._block("body"), self._block("after")
        self.builder.branch(head)
        self.builder.position_at_end(head)
        here = self.get(index)
        self.builder.cbranch(self.builder.icmp_signed("<", here, limit), body, after)
        self.builder.position_at_end(body)
        yield here
        if not self.ended:
            self.set(index, self.add(here, 1))
            self.builder.branch(head)
        self.builder.position_at_end(after)

    @contextmanager
    def repeat(self) -> Generator[Exit, None, None]:
        """Code that runs again and again until it leaves by the exit that this yields."""
        head, after = self._block("again"), self._block("after")
        self.builder.branch(head)
        self.builder.position_at_end(head)
        yield Exit(self, after)
        self._go(head)
        self.builder.position_at_end(after)

    @contextmanager
    def scope(self) -> Generator[Exit, None, None]:
        """Code that may leave early, by the exit that this yields."""
        after = self._block("after")
        yield Exit(self, after)
        self._go(after)
        self.builder.position_at_end(after)

    @contextmanager
    def switch(self, value: Value) -> Generator[Switch, None, None]:
        """Code that goes on in the case for a value; each is written under `with switch.case(n):`."""
        after = self._block("after")
        yield Switch(self, self.builder.switch(value, after), after)
        self.builder.position_at_end(after)

    def _block(self, name: str) -> ir.Block:
        return self.function.append_basic_block(name)

    def _go(self, block: ir.Block) -> None:
        if not self.ended:
            self.builder.branch(block)

    # Coercion

    def _as(self, value: Number, type_: ir.Type) -> Value:
        if isinstance(value, int):
            return ir.Constant(type_, int(value) & (2**64 - 1) if type_ is I64 else int(value))
        return value

    def _pair(self, left: Number, right: Number) -> tuple[Value, Value]:
        type_ = left.type if isinstance(left, ir.Value) else right.type if isinstance(right, ir.Value) else I64
        return _signed(self._as(left, type_)), _signed(self._as(right, type_))

    def _binary(self, op: str, left: Number, right: Number) -> Value:
        one, two = self._pair(left, right)
        if not isinstance(one, ir.Constant) and not isinstance(two, ir.Constant):
            return getattr(self.builder, op)(one, two)
        if _is_number(one) and _is_number(two):
            return ir.Constant(I64, _FOLD[op](one.constant, two.constant) & (2**64 - 1))
        if _is_number(two) and two.constant == 0 and op in _ZERO_KEEPS:
            return one
        if _is_number(one) and one.constant == 0 and op in ("add", "or_", "xor"):
            return two
        if _is_number(two) and two.constant == 1 and op == "mul":
            return one
        if one.type is I1 and op in ("and_", "or_"):
            for this, other in ((one, two), (two, one)):
                if isinstance(this, ir.Constant):
                    return other if bool(this.constant) == (op == "and_") else this
        return getattr(self.builder, op)(one, two)


class Exit:
    """The way out of a `repeat` or `scope`."""

    def __init__(self, code: Code, block: ir.Block) -> None:
        self._code = code
        self._block = block

    def leave(self) -> None:
        """Go on behind the construct; nothing may be written here afterwards."""
        self._code.builder.branch(self._block)

    def leave_if(self, condition: Value) -> None:
        """Go on behind the construct if the condition holds."""
        following = self._code.function.append_basic_block("stay")
        self._code.builder.cbranch(condition, self._block, following)
        self._code.builder.position_at_end(following)


class Switch:
    """The cases of a `switch`."""

    def __init__(self, code: Code, instruction: Any, after: ir.Block) -> None:  # noqa: ANN401 - llvmlite has no types
        self._code = code
        self._switch = instruction
        self._after = after

    @contextmanager
    def case(self, value: int) -> Generator[None, None, None]:
        """Code for one value."""
        block = self._code.function.append_basic_block("case")
        self._switch.add_case(ir.Constant(I64, value), block)
        self._code.builder.position_at_end(block)
        yield
        if not self._code.ended:
            self._code.builder.branch(self._after)


def _signed(value: Value) -> Value:
    """A constant number with its sign, so that constants compare as their values do."""
    if isinstance(value, ir.Constant) and value.type is I64 and isinstance(value.constant, int):
        number = value.constant & (2**64 - 1)
        return ir.Constant(I64, number - 2**64 if number >= 2**63 else number)
    return value


def _is_number(value: Value) -> bool:
    return isinstance(value, ir.Constant) and value.type is I64


_ZERO_KEEPS = ("add", "sub", "or_", "xor", "shl", "lshr")


def _logical_shift(number: int, by: int) -> int:
    return (number & (2**64 - 1)) >> by


_FOLD: Mapping[str, Callable[[int, int], int]] = {
    "add": int.__add__,
    "sub": int.__sub__,
    "mul": int.__mul__,
    "and_": int.__and__,
    "or_": int.__or__,
    "xor": int.__xor__,
    "shl": int.__lshift__,
    "lshr": _logical_shift,
}

_COMPARE: Mapping[str, Callable[[int, int], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
