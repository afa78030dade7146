"""Access to memory that the threads of a search share: atomic if there are several, plain if there is one."""

from __future__ import annotations

from dataclasses import dataclass

from llvmlite import ir

from interlock.engines.native.code import I1, I32, I64, POINTER, VOID, Code, Number, Value


@dataclass(frozen=True)
class Sharing:
    """How code reads and writes shared words.

    The same search is written once; with one thread every access is an ordinary one, which the compiler may keep in
    registers and which costs no locked instruction.
    """

    threads: bool

    def load(self, code: Code, pointer: Value, index: Number = 0) -> Value:
        """The word at an index, with all that was written before it was."""
        if not self.threads:
            return code.load(pointer, index)
        return code.builder.load_atomic(code.at(pointer, index), "acquire", 8, typ=I64)

    def store(self, code: Code, pointer: Value, index: Number, value: Number) -> None:
        """Write the word at an index."""
        if self.threads:
            code.builder.atomic_rmw("xchg", code.at(pointer, index), code.number(value), "release")
        else:
            code.store(pointer, index, value)

    def take(self, code: Code, pointer: Value, index: Number, by: Number) -> Value:
        """Add to the word at an index; its value before."""
        if self.threads:
            return code.builder.atomic_rmw("add", code.at(pointer, index), code.number(by), "monotonic")
        before = code.load(pointer, index)
        code.store(pointer, index, code.add(before, by))
        return before

    def claim(self, code: Code, pointer: Value, index: Number, value: Number) -> tuple[Value, Value]:
        """Write an empty word at an index: whether this thread has done it, and what was there."""
        if not self.threads:
            code.store(pointer, index, value)
            return code.true, code.number(0)
        pair = code.builder.cmpxchg(
            code.at(pointer, index), code.number(0), code.number(value), "acq_rel", failordering="acquire"
        )
        return code.builder.extract_value(pair, 1), code.builder.extract_value(pair, 0)


def load_pointer(code: Code, pointer: Value, index: Number) -> Value:
    """The address that a word holds."""
    return code.builder.load(code.at(pointer, index), typ=POINTER)


def prefetch(code: Code, address: Value) -> None:
    """Have a cache line on its way before it is needed."""
    name = "llvm.prefetch.p0"
    function = code.module.globals.get(name)
    if function is None:
        function = ir.Function(code.module, ir.FunctionType(VOID, [POINTER, I32, I32, I32]), name)
    code.builder.call(function, [address, *(ir.Constant(I32, n) for n in (0, 3, 1))])


def rarely(code: Code, condition: Value) -> Value:
    """A condition that the compiler may take for false when it lays out the code."""
    name = "llvm.expect.i1"
    function = code.module.globals.get(name)
    if function is None:
        function = ir.Function(code.module, ir.FunctionType(I1, [I1, I1]), name)
    return code.builder.call(function, [condition, ir.Constant(I1, 0)])
