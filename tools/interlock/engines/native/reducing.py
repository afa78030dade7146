"""Successors with partial-order reduction, as machine code: the steps of one thread alone where that is enough."""

from __future__ import annotations

from contextlib import ExitStack

from llvmlite import ir

from interlock.core.system import ProcessInfo
from interlock.core.term import Var
from interlock.engines.native.ample import Ample
from interlock.engines.native.code import POINTER, VOID, Code, Value
from interlock.engines.native.formulas import Formulas, Operand
from interlock.engines.native.steps import Fault, OnStep, Steps


def define_reduced(steps: Steps, module: ir.Module, name: str, ample: Ample, on_step: OnStep, fault: Fault) -> Code:
    """Define `void name(context, state)`, which finds enough steps out of the state: one thread's, or all.

    Threads are tried in a fixed order.  The first is taken that is at a location where its steps may be taken alone,
    and that has a step there: a thread that has to wait would hold up the others for ever.
    """
    everything = steps.define(module, f"{name}.all", on_step, fault)
    parts = _Parts(steps, module, name, on_step, fault)
    code = Code.define(module, name, VOID, (POINTER, POINTER))
    context, state = code.args
    for process in dict.fromkeys(process for process, _, _ in ample.places):
        with ExitStack() as loops:
            formulas = Formulas(code, steps.packing, state)
            args = [loops.enter_context(formulas.every(param.type)) for param in process.params]
            place = steps.packing.fields[process.pc]
            here = formulas.cell(place, formulas.index(place, args)[0])
            with code.switch(here) as switch:
                for _, location, numbers in (p for p in ample.places if p[0] == process):
                    with switch.case(place.domain.positions[location]):
                        taken = [parts.take(code, process, number, args) for number in numbers]
                        with code.when(_any(code, taken)):
                            code.give()
    code.call(everything, context, state)
    code.give()
    return code


class _Parts:
    """The functions of single transitions of one thread."""

    def __init__(self, steps: Steps, module: ir.Module, name: str, on_step: OnStep, fault: Fault) -> None:
        self._steps = steps
        self._module = module
        self._name = name
        self._on_step = on_step
        self._fault = fault
        self._written: dict[int, Code] = {}

    def take(self, code: Code, process: ProcessInfo, number: int, args: list[Operand]) -> Value:
        """Code that finds a thread's steps of a transition: whether there is one."""
        if number not in self._written:
            known: tuple[Var, ...] = self._steps.system.transitions[number].params[: len(process.params)]
            name = f"{self._name}.alone.{number}"
            self._written[number] = self._steps.define_thread(
                self._module, name, number, known, self._on_step, self._fault
            )
        context, state = code.args
        return code.call(self._written[number], context, state, *(arg.raw for arg in args))


def _any(code: Code, truths: list[Value]) -> Value:
    answer = code.false
    for truth in truths:
        answer = code.bit_or(answer, truth)
    return answer
