"""A transition system as the search's `Generator`: successors, and what is judged of states and steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from llvmlite import ir

from interlock.core.system import Property
from interlock.core.term import Term
from interlock.engines.native.ample import Ample
from interlock.engines.native.code import I1, I64, POINTER, VOID, Code, Value
from interlock.engines.native.judging import Judging
from interlock.engines.native.kernel import MASK_BITS, Env
from interlock.engines.native.packing import Packing
from interlock.engines.native.reducing import define_reduced
from interlock.engines.native.sharing import load_pointer
from interlock.engines.native.steps import Emission, Steps
from interlock.engines.native.symmetry import Symmetry
from interlock.engines.refinement import simulation_of


@dataclass(frozen=True)
class SystemGenerator:
    """Writes a system's machine code for the search.

    `of_states` and `of_steps` are the properties judged of states and of steps, in the order of their bits;
    `deadlock` says whether states without a step are looked at.  `ample` says where the steps of one thread are enough;
    it must have been found for all properties that are judged.  With `symmetry` one state of each orbit is kept.
    """

    steps: Steps
    judging: Judging
    packing: Packing
    of_states: tuple[Property, ...]
    of_steps: tuple[Property, ...]
    deadlock: bool
    ample: Ample | None = None
    symmetry: Symmetry | None = None

    @property
    def words(self) -> int:
        """Words of a state."""
        return self.packing.words

    @property
    def transitions(self) -> int:
        """Number of transitions."""
        return len(self.steps.system.transitions)

    @property
    def properties(self) -> int:
        """Number of properties of states."""
        return len(self.of_states)

    @property
    def step_properties(self) -> int:
        """Number of properties of steps."""
        return len(self.of_steps)

    def successors(self, module: ir.Module, emit: ir.Function) -> ir.Function:
        """Define `void successors(ptr env, ptr state)`."""
        claims = self._claims()

        def on_step(emission: Emission) -> None:
            if claims:
                _note_claims(emission, claims[emission.transition])
            emission.code.call(emit, emission.context, emission.after, emission.transition)

        if self.ample:
            return define_reduced(self.steps, module, "successors", self.ample, on_step, _fault).function
        return self.steps.define(module, "successors", on_step, _fault).function

    @property
    def _refinements(self) -> list[Property]:
        found = [prop for prop in self.of_steps if prop.kind == "refinement"]
        assert len(found) <= MASK_BITS, "more refinements than bits in a note"
        return found

    def _claims(self) -> dict[int, list[Term]]:
        """What each refinement claims of the steps of each transition; empty where there is none."""
        claims: dict[int, list[Term]] = {}
        for prop in self._refinements:
            simulation = simulation_of(self.steps.system, prop)
            assert not isinstance(simulation, str), simulation
            for claim in simulation.steps:
                claims.setdefault(claim.transition, []).append(claim.formula)
        return claims

    def judge(self, module: ir.Module) -> ir.Function | None:
        """Define `void judge(ptr env, ptr state, ptr mask)`."""
        if not self.of_states:
            return None
        code = Code.define(module, "judge", VOID, (POINTER, POINTER, POINTER))
        env, state, mask = code.args
        parts = [self.judging.of_state(module, prop) for prop in self.of_states]
        _settle(code, env, mask, 0, [_calling(part, state) for part in parts])
        code.give()
        return code.function

    def judge_step(self, module: ir.Module) -> ir.Function | None:
        """Define `void judge_step(ptr env, ptr before, ptr after, i64 transition, ptr mask)`."""
        if not self.of_steps:
            return None
        code = Code.define(module, "judge_step", VOID, (POINTER, POINTER, POINTER, I64, POINTER))
        env, before, after, _, mask = code.args
        first = self.properties // MASK_BITS + 1
        parts: list[Callable[[Code], Value]] = []
        for prop in self.of_steps:
            if prop.kind == "refinement":
                bit = 1 << self._refinements.index(prop)
                parts.append(_reading_note(env, bit))
            else:
                part = self.judging.of_step(module, prop.name, prop.formula)
                parts.append(_calling(part, before, after))
        _settle(code, env, mask, first, parts)
        code.give()
        return code.function

    def stuck(self, module: ir.Module) -> ir.Function | None:
        """Define `i1 stuck(ptr env, ptr state)`."""
        if not self.deadlock:
            return None
        waiting = self.judging.waiting(module)
        code = Code.define(module, "stuck", I1, (POINTER, POINTER))
        code.give(code.call(waiting, code.args[1]))
        return code.function

    def representative(self, module: ir.Module) -> ir.Function | None:
        """Define `void representative(ptr env, ptr state)`."""
        return None if self.symmetry is None else self.symmetry.define(module)


def _note_claims(emission: Emission, claims: Sequence[Term]) -> None:
    """Note which refinements a step breaks, for `judge_step`: that takes the values of the step's parameters."""
    code = emission.code
    note = code.number(0)
    for bit, claim in enumerate(claims):
        broken = code.negate(emission.formulas.holds(claim, emission.env))
        note = code.bit_or(note, code.select(broken, 1 << bit, 0))
    code.store(emission.context, Env.NOTE, note)


def _calling(callee: Code, *args: Value) -> Callable[[Code], Value]:
    def write(code: Code) -> Value:
        return code.call(callee, *args)

    return write


def _reading_note(env: Value, bit: int) -> Callable[[Code], Value]:
    def write(code: Code) -> Value:
        return code.compare("!=", code.bit_and(code.load(env, Env.NOTE), bit), 0)

    return write


def _fault(code: Code, env: Value, number: int) -> None:
    code.store(env, Env.ERROR, number)


def _settle(code: Code, env: Value, mask: Value, first: int, parts: Sequence[Callable[[Code], Value]]) -> None:
    """Set the bit of each part that is true; parts that are no longer open are left out."""
    opened = load_pointer(code, env, Env.OPEN)
    for word in range(0, len(parts), MASK_BITS):
        wanted = code.load(opened, first + word // MASK_BITS)
        for bit, part in enumerate(parts[word : word + MASK_BITS]):
            asked = code.compare("!=", code.bit_and(wanted, 1 << bit), 0)
            with code.when(asked), code.when(part(code)):
                here = code.load(mask, word // MASK_BITS)
                code.store(mask, word // MASK_BITS, code.bit_or(here, 1 << bit))
