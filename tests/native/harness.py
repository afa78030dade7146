"""Compiled successors and formulas, one state at a time, to compare with the evaluator."""

import ctypes
from collections import Counter
from itertools import islice

from llvmlite import ir

from interlock.engines.evaluate import instantiate
from interlock.engines.native.code import I64, POINTER, VOID, Code
from interlock.engines.native.jit import Library
from interlock.engines.native.judging import Judging
from interlock.engines.native.packing import pack_layout
from interlock.engines.native.steps import Steps

STATE_KINDS = ("invariant", "lemma", "inferred", "reachable", "assertion", "unwrap", "range")


class Native:
    """Every function of a system, compiled."""

    def __init__(self, system, sizes, initial=2000):
        self.system = system
        self.model = instantiate(system, sizes)
        self.initial = list(islice(self.model.initial_states(), initial))
        self.packing = pack_layout(self.model, self.initial)
        module = ir.Module("system")
        self.steps = Steps(system, self.packing)

        def on_step(emission):
            code = emission.code
            count = code.load(emission.context, 0)
            base = code.add(2, code.mul(count, self.packing.words + 1))
            code.store(emission.context, base, emission.transition)
            for word in range(self.packing.words):
                code.store(emission.context, code.add(base, word + 1), code.load(emission.after, word))
            code.store(emission.context, 0, code.add(count, 1))

        def fault(code, context, number):
            code.store(context, 1, number)

        inner = self.steps.define(module, "successors", on_step, fault)
        outer = Code.define(module, "run", VOID, (POINTER, POINTER), public=True)
        outer.call(inner, *outer.args)
        outer.give()
        judging = Judging(system, self.packing)
        self.names = {}
        for number, prop in enumerate(p for p in system.properties if p.kind in STATE_KINDS):
            judged = judging.of_state(module, prop)
            public = Code.define(module, f"property{number}", I64, (POINTER,), public=True)
            public.give(public.widen(public.call(judged, *public.args)))
            self.names[prop.name] = f"property{number}"
        waits = judging.waiting(module)
        public = Code.define(module, "waits", I64, (POINTER,), public=True)
        public.give(public.widen(public.call(waits, *public.args)))
        self.module = module
        self.library = Library.of(module)
        self.run = self.library.function("run", None, [ctypes.c_void_p, ctypes.c_void_p])
        self.out = (ctypes.c_uint64 * (1 << 20))()

    def words(self, state):
        words = self.packing.pack(state)
        return (ctypes.c_uint64 * max(1, len(words)))(*words)

    def successors(self, state):
        """(transition, state after) for every instance, counted."""
        self.out[0] = self.out[1] = 0
        words = self.words(state)  # kept alive during the call
        self.run(ctypes.addressof(self.out), ctypes.addressof(words))
        assert self.out[1] == 0, self.steps.faults[self.out[1] - 1]
        size = self.packing.words + 1
        return Counter(
            (int(self.out[at]), self.packing.unpack([int(w) for w in self.out[at + 1 : at + size]]))
            for at in range(2, 2 + self.out[0] * size, size)
        )

    def settled(self, name, state):
        function = self.library.function(self.names[name], ctypes.c_int64, [ctypes.c_void_p])
        words = self.words(state)
        return bool(function(ctypes.addressof(words)))

    def waits(self, state):
        function = self.library.function("waits", ctypes.c_int64, [ctypes.c_void_p])
        words = self.words(state)
        return bool(function(ctypes.addressof(words)))


def reference(model, state):
    return Counter((step.transition, step.after) for step in model.successors(state))
