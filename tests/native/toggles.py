"""Models written by hand in LLVM's language, small enough to know all about them."""

from dataclasses import dataclass

from llvmlite import ir

from interlock.engines.native.code import I1, I64, POINTER, VOID, Code
from interlock.engines.native.kernel import Env


@dataclass(frozen=True)
class Toggles:
    """Bits, each of which may be set once (or with `clears`, cleared once): 2^n states, n 2^(n-1) steps, n deep.

    Bits are spread over the words.  `idle` adds a step that changes nothing to every state; `full` and `pair` are the
    properties "not all bits are set" and "the lowest two are not set together".  `forbidden` is a step property: bit 0
    is not set after bit 1.  `waits` takes every state without a step that changes it for a deadlock.
    """

    bits: int
    words: int = 1
    idle: bool = False
    properties: int = 0
    step_properties: int = 0
    judged: bool = True
    waits: bool = False
    broken_at: int | None = None
    symmetric: bool = False
    clears: bool = False

    @property
    def transitions(self) -> int:
        return 2

    def place(self, bit):
        return bit % self.words, bit // self.words

    def state(self, bits):
        words = [0] * self.words
        for bit in bits:
            word, shift = self.place(bit)
            words[word] |= 1 << shift
        return tuple(words)

    def _has_all(self, code, state, bits):
        wanted, holds = self.state(bits), code.true
        for word in range(self.words):
            part = code.bit_and(code.load(state, word), wanted[word])
            holds = code.bit_and(holds, code.equal(part, wanted[word]))
        return holds

    def successors(self, module, emit):
        code = Code.define(module, "successors", VOID, [POINTER, POINTER])
        env, state = code.args
        after = code.room(self.words)
        if self.broken_at is not None:
            with code.when(self._has_all(code, state, range(self.broken_at))):
                code.store(env, Env.ERROR, 7)
                code.give()
        for bit in range(self.bits):
            word, shift = self.place(bit)
            old = code.load(state, word)
            with code.when(code.equal(code.bit_and(code.shift_right(old, shift), 1), int(self.clears))):
                code.copy(after, state, self.words)
                code.store(after, word, code.xor(old, 1 << shift))
                code.call(emit, env, after, 0)
        if self.idle:
            code.copy(after, state, self.words)
            code.call(emit, env, after, 1)
        code.give()
        return code.function

    def judge(self, module):
        if not self.judged or not self.properties:
            return None
        code = Code.define(module, "judge", VOID, [POINTER, POINTER, POINTER])
        _, state, mask = code.args
        last = self.properties - 1
        for number, bits in ((0, range(self.bits)), (last, range(2))):
            with code.when(self._has_all(code, state, bits)):
                word = number // 64
                code.store(mask, word, code.bit_or(code.load(mask, word), 1 << number % 64))
        code.give()
        return code.function

    def judge_step(self, module):
        if not self.step_properties:
            return None
        code = Code.define(module, "judge_step", VOID, [POINTER, POINTER, POINTER, I64, POINTER])
        _, before, after, _, mask = code.args
        late = code.bit_and(self._has_all(code, before, [1]), code.negate(self._has_all(code, before, [0])))
        with code.when(code.bit_and(late, self._has_all(code, after, [0, 1]))):
            code.store(mask, 0, 1)
        code.give()
        return code.function

    def stuck(self, module):
        code = Code.define(module, "stuck", I1, [POINTER, POINTER])
        code.give(code.true if self.waits else code.false)
        return code.function

    def representative(self, module):
        """All bits are alike: a state stands for those with as many bits (one word only)."""
        if not self.symmetric:
            return None
        code = Code.define(module, "representative", VOID, [POINTER, POINTER])
        _, state = code.args
        function = ir.Function(module, ir.FunctionType(I64, [I64]), "llvm.ctpop.i64")
        number = code.call(function, code.load(state))
        code.store(state, 0, code.sub(code.shift_left(1, number), 1))
        code.give()
        return code.function
