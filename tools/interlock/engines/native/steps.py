"""Transitions as machine code: one function for each, which enumerates its instances and writes the states after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from math import prod
from typing import TypeAlias

from llvmlite import ir

from interlock.core.rewrite import symbols_of
from interlock.core.system import Transition, TransitionSystem, Update
from interlock.core.term import TRUE, Ite, Literal, Some, Term, Unwrap, Var, conjuncts, type_of
from interlock.core.types import INT, BoolType, OptionType, RangeType, Type
from interlock.engines.evaluate import Unsupported
from interlock.engines.evaluate.updates import PointWrite, point_writes
from interlock.engines.native.code import I1, I64, POINTER, VOID, Code, Value
from interlock.engines.native.formulas import Env, Formulas, Operand
from interlock.engines.native.packing import INTEGERS, Field, Packing

MOST_CHOICES = 1 << 16
"""Interpretations of the choice symbols of one step; what has more is left to the reference explorer."""


@dataclass(frozen=True)
class Emission:
    """A place in generated code where a step has been found: its values, and the words of the states around it."""

    code: Code
    context: Value
    transition: int
    formulas: Formulas
    env: Env

    @property
    def before(self) -> Value:
        """The words of the state before the step."""
        return self.formulas.before

    @property
    def after(self) -> Value:
        """The words of the state after the step."""
        return self.formulas.after


OnStep: TypeAlias = Callable[[Emission], None]
"""Writes what is to be done with a step."""

Fault: TypeAlias = Callable[[Code, Value, int], None]
"""Writes what is to be done where a step goes wrong: the code, the context, the number of a text in `faults`."""


class Steps:
    """Writes the transitions of a system into a module.

    `faults` are texts of what may go wrong at run time: lowering promises that nothing does, and that is checked.
    """

    def __init__(self, system: TransitionSystem, packing: Packing) -> None:
        self.system = system
        self.packing = packing
        self.faults: list[str] = []
        for transition in system.transitions:
            self._require_few_choices(transition)

    def define(
        self, module: ir.Module, name: str, on_step: OnStep, fault: Fault, chosen: Sequence[int] | None = None
    ) -> Code:
        """Define `void name(context, state)`, which finds every step out of the state, of some transitions only."""
        numbers = range(len(self.system.transitions)) if chosen is None else chosen
        parts = [self._transition(module, f"{name}.{n}", n, on_step, fault) for n in numbers]
        code = Code.define(module, name, VOID, (POINTER, POINTER))
        context, state = code.args
        for part in parts:
            code.call(part, context, state)
        code.give()
        return code

    def define_thread(
        self, module: ir.Module, name: str, number: int, known: Sequence[Var], on_step: OnStep, fault: Fault
    ) -> Code:
        """Define `i1 name(context, state, value..)`, which finds the steps of a transition for some known parameters.

        It tells whether there is one.  A value comes as formulas have it: a bit for a Bool, else a number.
        """
        kinds = [I1 if isinstance(param.type, BoolType) else I64 for param in known]
        code = Code.define(module, name, I1, (POINTER, POINTER, *kinds))
        found = code.variable(code.false)

        def noted(emission: Emission) -> None:
            code.set(found, code.true)
            on_step(emission)

        given = {param: Operand(value) for param, value in zip(known, code.args[2:], strict=True)}
        self._write(code, number, given, noted, fault)
        code.give(code.get(found))
        return code

    def _transition(self, module: ir.Module, name: str, number: int, on_step: OnStep, fault: Fault) -> Code:
        code = Code.define(module, name, VOID, (POINTER, POINTER))
        self._write(code, number, {}, on_step, fault)
        code.give()
        return code

    def _write(self, code: Code, number: int, given: Env, on_step: OnStep, fault: Fault) -> None:
        """Write the body of a transition's function; the first two arguments are the context and the state."""
        transition = self.system.transitions[number]
        context, state, *_ = code.args
        after = code.room(self.packing.words)
        choices = code.room(max(1, self.packing.choice_words)) if transition.choices else None
        for word in range(self.packing.choice_words if transition.choices else 0):
            code.store(choices, word, 0)
        formulas = Formulas(code, self.packing, state, after, choices)

        def found(env: Env) -> None:
            code.copy(after, state, self.packing.words)
            for update in transition.updates:
                self._update(formulas, update, env, lambda text: fault(code, context, self._fault(text)))
            on_step(Emission(code, context, number, formulas, env))

        self._enumerate(formulas, transition, given, found)

    def _enumerate(self, formulas: Formulas, transition: Transition, given: Env, found: Callable[[Env], None]) -> None:
        """Write a loop over all values of variables, then all interpretations of choices, that satisfy the guard."""
        chosen = frozenset(transition.choices)
        variables = [var for var in (*transition.params, *transition.witnesses) if var not in given]
        plain = [part for part in conjuncts(transition.guard) if not symbols_of(part) & chosen]
        about = [part for part in conjuncts(transition.guard) if symbols_of(part) & chosen]

        def choose(env: Env) -> None:
            with ExitStack() as loops:
                for symbol in transition.choices:
                    place = self.packing.choices[symbol]
                    for index in range(place.block.length):
                        position = loops.enter_context(formulas.code.loop(0, len(place.domain.values)))
                        formulas.write(place, index, position, formulas.choices)
                formulas.search((), about, env, found)

        formulas.search(variables, plain, given, choose if chosen else found)

    # Updates

    def _update(self, formulas: Formulas, update: Update, env: Env, fault: Callable[[str], None]) -> None:
        place = self.packing.fields[update.symbol]
        writes = point_writes(update)
        if writes is None:
            self._everywhere(formulas, place, update, env, fault)
            return
        for write in writes:
            self._point(formulas, place, update, write, env, fault)

    def _everywhere(
        self, formulas: Formulas, place: Field, update: Update, env: Env, fault: Callable[[str], None]
    ) -> None:
        with ExitStack() as loops:
            inner = dict(env)
            for formal in update.formals:
                inner[formal] = loops.enter_context(formulas.every(formal.type))
            index, _ = formulas.index(place, [inner[formal] for formal in update.formals])
            self._store(formulas, place, index, update.value, inner, fault)

    def _point(
        self,
        formulas: Formulas,
        place: Field,
        update: Update,
        write: PointWrite,
        env: Env,
        fault: Callable[[str], None],
    ) -> None:
        code = formulas.code
        args = [formulas.value(term, env) for term in write.point]
        index, known = formulas.index(place, args)
        inner = dict(env)
        for formal, arg in zip(update.formals, args, strict=True):
            inner[formal] = replace(arg, defined=None)
        condition = code.true if write.condition == TRUE else formulas.holds(write.condition, inner)
        if known is not None:
            condition = code.bit_and(condition, known)
        with code.when(condition):
            self._store(formulas, place, index, write.value, inner, fault)

    def _store(
        self, formulas: Formulas, place: Field, index: Value, term: Term, env: Env, fault: Callable[[str], None]
    ) -> None:
        code, symbol = formulas.code, place.block.symbol
        value = formulas.value(term, env)
        if value.defined is not None:
            with code.when(code.negate(value.defined)):
                fault(f"a step writes a value to {symbol.name} that does not exist")
        plain = INTEGERS if _plain(symbol.result) == INT else _plain(symbol.result)
        if isinstance(plain, RangeType) and not stays_within(term, symbol.result):
            inside = formulas.within(Operand(value.raw), plain)
            if value.present is not None:
                inside = code.bit_or(inside, code.negate(value.present))
            with code.when(code.negate(inside)):
                fault(f"a step writes a value to {symbol.name} that is outside of {plain}")
            value = replace(value, raw=code.select(inside, value.raw, plain.low))
        formulas.write(place, index, formulas.encode(place.domain, symbol.result, value), formulas.after)

    def _fault(self, text: str) -> int:
        """The number of a text, from 1."""
        if text not in self.faults:
            self.faults.append(text)
        return self.faults.index(text) + 1

    def _require_few_choices(self, transition: Transition) -> None:
        places = [self.packing.choices[symbol] for symbol in transition.choices]
        if any(domain.bound is not None for p in places for domain in (p.domain, *p.block.domains)):
            raise Unsupported(f"{transition.action} chooses over a range whose end is no number")
        if prod(len(p.domain.values) ** p.block.length for p in places) > MOST_CHOICES:
            raise Unsupported(f"{transition.action} has more than {MOST_CHOICES} interpretations to choose from")


def stays_within(term: Term, type_: Type) -> bool:
    """Whether a term's values can be seen to belong to a type; to Int, whether they have room in its place."""
    match term:
        case Ite():
            return stays_within(term.yes, type_) and stays_within(term.no, type_)
        case Some() | Unwrap():
            return stays_within(term.arg, type_)
        case Literal(value=int() as value):
            plain = INTEGERS if _plain(type_) == INT else _plain(type_)
            return isinstance(plain, RangeType) and isinstance(plain.high, int) and plain.low <= value <= plain.high
        case Literal():
            return True
        case _ if _plain(type_) == INT:
            return False
        case _:
            return _plain(type_of(term)) == _plain(type_)


def _plain(type_: Type) -> Type:
    return type_.of if isinstance(type_, OptionType) else type_
