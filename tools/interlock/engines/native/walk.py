"""Random runs in machine code: a kernel that walks, many runs to a call.

At each state every step is enumerated once, and one of them is kept with the probability that its weight gives it
among those so far (reservoir sampling), so no list of steps is ever made.  Random numbers come from SplitMix64 (Steele,
Lea and Flood, 2014), started anew for every run from the seed and the run's number.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from llvmlite import ir

from interlock.core.system import Property, TransitionSystem
from interlock.engines.evaluate import Model, Packed
from interlock.engines.native.code import I1, I64, POINTER, VOID, Code, Value
from interlock.engines.native.jit import Library
from interlock.engines.native.judging import Judging
from interlock.engines.native.packing import Packing, pack_layout
from interlock.engines.native.sharing import Sharing, load_pointer, rarely
from interlock.engines.native.steps import Emission, Steps
from interlock.engines.native.table import write_equal, write_hash
from interlock.engines.refinement import simulation_of
from interlock.engines.walks import REGISTER_BITS, Path, Sighting, Tally

_PORTION = 100_000
"""Steps, at most, of each of the first calls: a second of a slow model, a hundredth of a fast one."""

_GROWTH = 64
"""How much larger later calls are, since runs may be much shorter than they may be."""

_GAMMA = 0x9E3779B97F4A7C15


class _Word(IntEnum):
    """Words of a call's memory, by index; `_Layout` says what follows them."""

    ERROR = 0
    """Number of the text of what went wrong, or 0."""
    STOP = 1
    """Address of a word that is set when all calls are to return."""
    SEED = 2
    FIRST = 3
    COUNT = 4
    DEPTH = 5
    INITIAL = 6
    """Address of the initial states."""
    INITIALS = 7
    PATH = 8
    """Address where the run's steps are written down, or 0."""
    RANDOM = 9
    """The generator's state."""
    TOTAL = 10
    """Weight of the steps found so far in this state."""
    MOVES = 11
    """Whether any step changes this state."""
    CHOSEN = 12
    """The transition of the step that is kept."""
    RUNS = 13
    STEPS = 14
    LONGEST = 15
    SIZE = 16


@dataclass(frozen=True)
class _Layout:
    """Where the variable part of a call's memory is; a word for each property says within how many steps to look."""

    words: int
    transitions: int
    properties: int
    of_steps: int

    @property
    def here(self) -> int:
        """The state."""
        return _Word.SIZE

    @property
    def next(self) -> int:
        """The state after the step that is kept."""
        return self.here + self.words

    @property
    def breaks(self) -> int:
        """For each property of steps, whether that step settles it."""
        return self.next + self.words

    @property
    def limit(self) -> int:
        """For each property the steps within which to look for it."""
        return self.breaks + self.of_steps

    @property
    def run(self) -> int:
        """For each property 1 + the run that settles it in `limit` + 1 steps; 0 for none."""
        return self.limit + self.properties

    @property
    def taken(self) -> int:
        """For each transition the number of its steps."""
        return self.run + self.properties

    @property
    def registers(self) -> int:
        """What the estimate of distinct states is made of."""
        return self.taken + self.transitions

    @property
    def size(self) -> int:
        """Words in all."""
        return self.registers + (1 << REGISTER_BITS)


class NativeWalker:
    """Random runs of a system, compiled when it is made; raises Unsupported for what cannot be packed."""

    def __init__(
        self,
        model: Model,
        initial: Sequence[Packed],
        weights: Sequence[int],
        seed: int,
        depth: int,
        props: Sequence[Property],
        threads: int,
    ) -> None:
        self._packing = pack_layout(model, initial)
        self._kernel = _Kernel(model.system, self._packing, weights, props)
        self._library = Library.of(self._kernel.module)
        self._walk = self._library.function("walk", None, [ctypes.c_void_p])
        packed = [word for state in initial for word in self._packing.pack(state)] or [0]
        self._initial = (ctypes.c_uint64 * len(packed))(*packed)
        self._initials = len(initial)
        self._seed = seed
        self._depth = depth
        self._stop = ctypes.c_uint64(0)
        self._never = ctypes.c_uint64(0)
        self.threads = threads
        least = max(1, _PORTION // max(1, depth))
        self.portions = (least, _GROWTH * least)

    def stop(self) -> None:
        """Have every `walk` return after the step that it is at."""
        self._stop.value = 1

    def walk(self, first: int, count: int, wanted: Mapping[str, int]) -> Tally:
        """Make some runs; other threads may do so at the same time."""
        layout = self._kernel.layout
        env = self._memory(self._stop, first, count, self._depth)
        for number, prop in enumerate(self._kernel.order):
            env[layout.limit + number] = wanted.get(prop.name, -1) & (2**64 - 1)
        self._walk(ctypes.addressof(env))
        found = {
            prop.name: Sighting((env[layout.limit + number] + 1) & (2**64 - 1), env[layout.run + number] - 1)
            for number, prop in enumerate(self._kernel.order)
            if env[layout.run + number]
        }
        faults = self._kernel.steps.faults
        return Tally(
            int(env[_Word.RUNS]),
            int(env[_Word.STEPS]),
            int(env[_Word.LONGEST]),
            tuple(env[layout.taken : layout.registers]),
            bytes(env[layout.registers : layout.size]),
            found,
            faults[int(env[_Word.ERROR]) - 1] if env[_Word.ERROR] else "",
        )

    def path(self, run: int, steps: int) -> Path:
        """The beginning of a run, which is made again for it."""
        layout = self._kernel.layout
        env = self._memory(self._never, run, 1, steps)
        for number in range(layout.properties):
            env[layout.limit + number] = 2**64 - 1
        length = layout.words + 1
        path = (ctypes.c_uint64 * (length * (steps + 1)))()
        env[_Word.PATH] = ctypes.addressof(path)
        self._walk(ctypes.addressof(env))
        assert env[_Word.STEPS] == steps, "a run is the same whenever it is made"
        states = [self._packing.unpack(path[at + 1 : at + length]) for at in range(0, len(path), length)]
        return states[0], [(int(path[n * length]), state) for n, state in enumerate(states[1:], start=1)]

    def _memory(self, stop: ctypes.c_uint64, first: int, count: int, depth: int) -> ctypes.Array[ctypes.c_uint64]:
        env = (ctypes.c_uint64 * self._kernel.layout.size)()
        env[_Word.STOP] = ctypes.addressof(stop)
        env[_Word.SEED] = self._seed & (2**64 - 1)
        env[_Word.FIRST], env[_Word.COUNT], env[_Word.DEPTH] = first, count, depth
        env[_Word.INITIAL], env[_Word.INITIALS] = ctypes.addressof(self._initial), self._initials
        return env


class _Kernel:
    """Writes the machine code: `void walk(memory)`."""

    def __init__(
        self, system: TransitionSystem, packing: Packing, weights: Sequence[int], props: Sequence[Property]
    ) -> None:
        self.module = ir.Module("walk")
        self.steps = Steps(system, packing)
        self._system = system
        self._words = packing.words
        self._weights = weights
        self._judging = Judging(system, packing)
        self._of_steps = [p for p in props if p.kind in ("step_invariant", "refinement")]
        self._of_states = [p for p in props if p not in self._of_steps and p.kind != "deadlock"]
        self._deadlocks = [p for p in props if p.kind == "deadlock"]
        self.order = (*self._of_steps, *self._of_states, *self._deadlocks)
        self.layout = _Layout(self._words, len(system.transitions), len(self.order), len(self._of_steps))
        self._settle = self._define_settle()
        self._random = self._define_random()
        self._arrive = self._define_arrive()
        self._successors = self._define_successors()
        self._define_walk()

    # Random numbers

    def _define_random(self) -> Code:
        """`i64 random(memory)`: 32 random bits."""
        code = Code.define(self.module, "random", I64, (POINTER,))
        (env,) = code.args
        state = code.add(code.load(env, _Word.RANDOM), _GAMMA)
        code.store(env, _Word.RANDOM, state)
        code.give(code.shift_right(_mix(code, state), 32))
        return code

    def _lot(self, code: Code, env: Value, below: Value) -> Value:
        """A number from 0 up to but without a 32-bit one; the bias is less than a 2^-32nd of it."""
        return code.shift_right(code.mul(code.call(self._random, env), below), 32)

    # Steps

    def _define_successors(self) -> Code:
        """`void successors(memory, state)`: keep one of the steps."""
        layout = self.layout
        broken = {
            prop.name: self._judging.of_step(self.module, prop.name, prop.formula)
            for prop in self._of_steps
            if prop.kind == "step_invariant"
        }
        claims = {p.name: simulation_of(self._system, p) for p in self._of_steps if p.kind == "refinement"}

        def breaks(prop: Property, step: Emission) -> Value:
            if prop.name in broken:
                return step.code.call(broken[prop.name], step.before, step.after)
            claim = claims[prop.name]
            assert not isinstance(claim, str)
            return step.code.negate(step.formulas.holds(claim.steps[step.transition].formula, step.env))

        def on_step(step: Emission) -> None:
            code, env = step.code, step.context
            weight = self._weights[step.transition]
            with code.when(code.negate(write_equal(code, step.before, step.after, self._words))):
                code.store(env, _Word.MOVES, 1)
                if not weight:
                    return
                total = code.add(code.load(env, _Word.TOTAL), weight)
                code.store(env, _Word.TOTAL, total)
                with code.when(code.below(self._lot(code, env, total), weight)):
                    code.store(env, _Word.CHOSEN, step.transition)
                    code.copy(code.at(env, layout.next), step.after, self._words)
                    for number, prop in enumerate(self._of_steps):
                        code.store(env, layout.breaks + number, code.widen(breaks(prop, step)))

        def fault(code: Code, env: Value, number: int) -> None:
            code.store(env, _Word.ERROR, number)

        return self.steps.define(self.module, "successors", on_step, fault)

    # What is looked for

    def _define_settle(self) -> Code:
        """`void settle(memory, property, run, steps)`: it is settled here; look for less from now on."""
        code = Code.define(self.module, "settle", VOID, (POINTER, I64, I64, I64), attributes=("noinline", "cold"))
        env, prop, run, steps = code.args
        code.store(env, code.add(self.layout.limit, prop), code.sub(steps, 1))
        code.store(env, code.add(self.layout.run, prop), code.add(run, 1))
        code.give()
        return code

    def _wanted(self, code: Code, env: Value, number: int, steps: Value) -> Value:
        return code.compare("<=", steps, code.load(env, self.layout.limit + number))

    def _define_arrive(self) -> Code:
        """`void arrive(memory, run, steps)`: judge the state and take note of it."""
        code = Code.define(self.module, "arrive", VOID, (POINTER, I64, I64))
        env, run, steps = code.args
        here = code.at(env, self.layout.here)
        for number, prop in enumerate(self._of_states, start=len(self._of_steps)):
            settles = self._judging.of_state(self.module, prop)
            with code.when(self._wanted(code, env, number, steps)), code.when(rarely(code, code.call(settles, here))):
                code.call(self._settle, env, number, run, steps)
        hashed = write_hash(code, here, self._words)
        index = code.add(self.layout.registers, code.shift_right(hashed, 64 - REGISTER_BITS))
        # The bit that is set ends the zeros that are counted where the rest of the hash has no one.
        rest = code.bit_or(code.shift_left(hashed, REGISTER_BITS), 1 << (REGISTER_BITS - 1))
        builder: Any = code.builder
        rank = code.add(builder.ctlz(rest, ir.Constant(I1, 1)), 1)
        with code.when(rarely(code, code.compare(">", rank, code.load(env, index)))):
            code.store(env, index, rank)
        path = load_pointer(code, env, _Word.PATH)
        with code.when(rarely(code, code.compare("!=", code.load(env, _Word.PATH), 0))):
            place = code.mul(steps, self._words + 1)
            code.store(path, place, code.load(env, _Word.CHOSEN))
            code.copy(code.at(path, code.add(place, 1)), here, self._words)
        code.give()
        return code

    # Runs

    def _define_walk(self) -> None:
        """`void walk(memory)`: make the runs that are asked for, unless told to stop."""
        one = self._define_run()
        code = Code.define(self.module, "walk", VOID, (POINTER,), public=True)
        (env,) = code.args
        first, count = code.load(env, _Word.FIRST), code.load(env, _Word.COUNT)
        with code.scope() as out, code.loop(0, count) as number:
            out.leave_if(self._told_to_stop(code, env))
            code.call(one, env, code.add(first, number))
            out.leave_if(code.compare("!=", code.load(env, _Word.ERROR), 0))
        code.give()

    def _define_run(self) -> Code:
        """`void run(memory, number)`: make one run."""
        waiting = self._judging.waiting(self.module) if self._deadlocks else None
        code = Code.define(self.module, "run", VOID, (POINTER, I64))
        env, run = code.args
        layout = self.layout
        here = code.at(env, layout.here)
        code.store(env, _Word.RANDOM, _mix(code, code.xor(_mix(code, code.load(env, _Word.SEED)), run)))
        start = code.mul(self._lot(code, env, code.load(env, _Word.INITIALS)), self._words)
        code.copy(here, code.at(load_pointer(code, env, _Word.INITIAL), start), self._words)
        code.store(env, _Word.RUNS, code.add(code.load(env, _Word.RUNS), 1))
        steps = code.variable(0)
        code.call(self._arrive, env, run, 0)
        with code.repeat() as out:
            out.leave_if(code.compare(">=", code.get(steps), code.load(env, _Word.DEPTH)))
            out.leave_if(self._told_to_stop(code, env))
            code.store(env, _Word.TOTAL, 0)
            code.store(env, _Word.MOVES, 0)
            code.call(self._successors, env, here)
            out.leave_if(code.compare("!=", code.load(env, _Word.ERROR), 0))
            with code.when(code.equal(code.load(env, _Word.TOTAL), 0)):
                if waiting is not None:
                    with code.when(code.equal(code.load(env, _Word.MOVES), 0)), code.when(code.call(waiting, here)):
                        for number in range(layout.properties - len(self._deadlocks), layout.properties):
                            with code.when(self._wanted(code, env, number, code.get(steps))):
                                code.call(self._settle, env, number, run, code.get(steps))
                out.leave()
            code.set(steps, code.add(code.get(steps), 1))
            taken = code.add(layout.taken, code.load(env, _Word.CHOSEN))
            code.store(env, taken, code.add(code.load(env, taken), 1))
            for number in range(layout.of_steps):
                broken = code.compare("!=", code.load(env, layout.breaks + number), 0)
                with code.when(rarely(code, broken)), code.when(self._wanted(code, env, number, code.get(steps))):
                    code.call(self._settle, env, number, run, code.get(steps))
            code.copy(here, code.at(env, layout.next), self._words)
            code.call(self._arrive, env, run, code.get(steps))
        made = code.get(steps)
        code.store(env, _Word.STEPS, code.add(code.load(env, _Word.STEPS), made))
        with code.when(code.compare(">", made, code.load(env, _Word.LONGEST))):
            code.store(env, _Word.LONGEST, made)
        code.give()
        return code

    def _told_to_stop(self, code: Code, env: Value) -> Value:
        told = Sharing(threads=True).load(code, load_pointer(code, env, _Word.STOP))
        return rarely(code, code.compare("!=", told, 0))


def _mix(code: Code, value: Value) -> Value:
    """A number whose every bit depends on every bit of another."""
    mixed = code.mul(code.xor(value, code.shift_right(value, 30)), 0xBF58476D1CE4E5B9)
    mixed = code.mul(code.xor(mixed, code.shift_right(mixed, 27)), 0x94D049BB133111EB)
    return code.xor(mixed, code.shift_right(mixed, 31))
