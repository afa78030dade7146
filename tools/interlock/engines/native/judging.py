"""What is judged of a state or a step, as machine code."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from llvmlite import ir

from interlock.core.system import ProcessInfo, Property, TransitionSystem
from interlock.core.term import Term, conj, conjuncts, disj, exists, negate
from interlock.engines.evaluate import Unsupported
from interlock.engines.native.code import I1, POINTER, Code, Value
from interlock.engines.native.formulas import Env, Formulas, Operand
from interlock.engines.native.packing import Packing


class Judging:
    """Writes the properties of a system into a module, each as a function that tells whether it is settled there."""

    def __init__(self, system: TransitionSystem, packing: Packing) -> None:
        self.system = system
        self.packing = packing

    def of_state(self, module: ir.Module, prop: Property) -> Code:
        """Define `i1 f(state)`: whether the state settles a property (breaks it, or for `reachable`, shows it)."""
        code, formulas = self._begin(module, f"settles.{prop.name}")
        match prop.kind:
            case "invariant" | "lemma" | "inferred":
                code.give(code.negate(formulas.holds(prop.formula, {})))
            case "reachable":
                code.give(formulas.holds(prop.formula, {}))
            case "assertion" | "unwrap" | "range":
                code.give(formulas.holds(self._failure(prop), {}))
            case "step_invariant" | "deadlock" | "liveness" | "scenario" | "refinement":
                raise AssertionError(f"no state settles {prop.name}")
            case _:
                assert_never(prop.kind)
        return code

    def of_step(self, module: ir.Module, name: str, formula: Term) -> Code:
        """Define `i1 f(state, state after)`: whether a step breaks a formula."""
        code = Code.define(module, f"settles.{name}", I1, (POINTER, POINTER))
        before, after = code.args
        code.give(code.negate(Formulas(code, self.packing, before, after).holds(formula, {})))
        return code

    def waiting(self, module: ir.Module) -> Code:
        """Define `i1 waiting(state)`: whether some thread is started, not done and not at a place of rest."""
        code, formulas = self._begin(module, "waiting")
        for process in self.system.processes:
            self._threads(formulas, process, lambda started: self._give_if(code, started))
        code.give(code.false)
        return code

    def _failure(self, prop: Property) -> Term:
        """That one of the obligations fails which a property collects."""
        obligations = [o for o in self.system.obligations if o.property == prop.name]
        for obligation in obligations:
            if obligation.choices:
                raise Unsupported(f"an assertion in {obligation.action} speaks of what was chosen just before")
        return disj(exists((*o.params, *o.witnesses), conj((o.reach, negate(o.condition)))) for o in obligations)

    def _begin(self, module: ir.Module, name: str) -> tuple[Code, Formulas]:
        code = Code.define(module, name, I1, (POINTER,))
        return code, Formulas(code, self.packing, code.args[0])

    def _threads(self, formulas: Formulas, process: ProcessInfo, found: Callable[[Value], None]) -> None:
        code = formulas.code
        place = self.packing.fields[process.pc]
        quiet = [place.domain.positions[label] for label in {process.done, *process.rest}]

        def thread(env: Env) -> None:
            index, _ = formulas.index(place, [Operand(env[param].raw) for param in process.params])
            here = formulas.cell(place, index)
            busy = code.true
            for position in sorted(quiet):
                busy = code.bit_and(busy, code.compare("!=", here, position))
            found(busy)

        started = conjuncts(process.started)
        formulas.search(process.params, started, {}, thread)

    def _give_if(self, code: Code, condition: Value) -> None:
        with code.when(condition):
            code.give(code.true)
