"""Judging states and steps of a candidate by the invariants of the specification itself.

The concrete state becomes a state of the lowered specification through the abstraction function; the formulas are
those of the file, evaluated by the reference evaluator, and nothing is restated here.  States repeat all the time
between the executions of one workload, so verdicts are remembered for each state and each step.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

from interlock.core.rewrite import symbols_of
from interlock.core.show import show_term
from interlock.core.system import Property, TransitionSystem
from interlock.core.term import Symbol, Term, Value
from interlock.core.trace import State
from interlock.core.types import BoolType, EnumType, IntType, OptionType, RangeType, SortType, Type
from interlock.engines.evaluate import Packed, explain, instantiate
from interlock_conformance.binding import AbstractionError, Symbols
from interlock_conformance.judging.watch import Changes, Rows, Watch
from interlock_conformance.scheduling.machine import Breach, Machine

Observed: TypeAlias = tuple[Value, ...]
"""The value of every observed symbol that a judged property speaks of, at every argument, in a fixed order."""


@dataclass(frozen=True, slots=True)
class NotJudged:
    """A property that the observed symbols say nothing about, and why."""

    property: str
    reason: str


class Monitor:
    """The state properties and step properties of one specification over one choice of sizes."""

    def __init__(
        self,
        system: TransitionSystem,
        sizes: Mapping[str, int],
        observed: frozenset[str],
        only: frozenset[str] | None = None,
        also: frozenset[str] = frozenset(),
    ) -> None:
        """Judge the properties `only` (None: all); observe, too, the symbols `also`, which somebody else looks at."""
        self._sizes = {sort.name: sizes.get(sort.name, 1) for sort in system.sorts}
        self._model = instantiate(system, self._sizes)
        self._observed = tuple(symbol for symbol in system.symbols if symbol.name in observed)
        judged = [p for p in system.properties if p.kind in ("invariant", "step_invariant")]
        why_not = {p.name: self._why_not(p) for p in judged}
        why_not |= {p.name: "not asked for" for p in judged if only is not None and p.name not in only}
        self.not_judged = tuple(NotJudged(name, reason) for name, reason in why_not.items() if reason)
        self._states = tuple(p for p in judged if p.kind == "invariant" and not why_not[p.name])
        self._steps = tuple(p for p in judged if p.kind == "step_invariant" and not why_not[p.name])
        used = {symbol for p in (*self._states, *self._steps) for symbol in symbols_of(p.formula)}
        used |= {symbol for symbol in self._observed if symbol.name in also}
        shown = tuple(symbol for symbol in self._observed if symbol in used)
        self._rows = tuple((s, tuple(product(*map(self._domain, s.params)))) for s in shown)
        self._shown = Rows((symbol.name, row) for symbol, rows in self._rows for row in rows)
        self._ranges = tuple(frozenset((isinstance(v, bool), v) for v in self._domain(s.result)) for s in shown)
        self._rest = tuple(symbol for symbol in system.symbols if symbol not in used)
        self._packed: dict[Observed, Packed] = {}
        self._numbers: dict[Observed, int] = {}
        self._met: list[Observed] = []
        self._state_verdicts: list[Breach | None] = []
        self._step_verdicts: dict[tuple[int, int], Breach | None] = {}
        self._after: dict[tuple[int | None, Changes], tuple[int, Breach | None]] = {}

    @property
    def judged(self) -> tuple[str, ...]:
        """Names of the properties that are judged."""
        return tuple(p.name for p in self.properties)

    @property
    def properties(self) -> tuple[Property, ...]:
        """The properties that are judged."""
        return (*self._states, *self._steps)

    def ever(self, formula: Term, *, steps: bool) -> bool:
        """Whether a formula was true in some state that was judged, or of some step; for coverage."""
        evaluate = self._model.formula(formula)
        pairs = self._step_verdicts if steps else ((state, state) for state in range(len(self._met)))
        states = [self._pack(observed) for observed in self._met]
        return any(evaluate(states[before], states[after]) for before, after in pairs)

    def watch(self, machine: Machine, symbols: Symbols, *, audit: bool = False) -> Watch:
        """The abstract state of one execution, as it changes; an audit computes it from scratch after every step."""
        return Watch(machine, symbols, self._shown, audit=audit)

    def _check(self, observed: Observed) -> None:
        """Refuse values that are none of the specification's; a state is looked at once."""
        values = iter(observed)
        for (symbol, rows), allowed in zip(self._rows, self._ranges, strict=True):
            for row in rows:
                value = next(values)
                if not isinstance(value, Hashable) or (isinstance(value, bool), value) not in allowed:
                    raise AbstractionError(f"{symbol.name}{row} is {value!r}, which is no {symbol.result} here")

    def meet(self, observed: Observed) -> int:
        """The number of an abstract state, the same whenever it is met; AbstractionError where it is none."""
        try:
            return self._numbers[observed]
        except (KeyError, TypeError):  # the latter where a value cannot be one of any specification
            self._check(observed)
        self._met.append(observed)
        self._state_verdicts.append(self._judge(self._states, observed, observed))
        return self._numbers.setdefault(observed, len(self._numbers))

    def met(self, state: int) -> Observed:
        """The abstract state of that number."""
        return self._met[state]

    def after(self, before: int | None, changes: Changes, watch: Watch) -> tuple[int, Breach | None]:
        """The state that the changes of a watch lead to, and what is broken there; remembered by what has changed.

        A state may have many values, of which a step changes few: those are what it costs to look it up.
        """
        try:
            return self._after[before, changes]
        except (KeyError, TypeError):  # as in `meet`
            after = self.meet(watch.values)
        return self._after.setdefault((before, changes), (after, self.judge(before, after)))

    def judge(self, before: int | None, after: int) -> Breach | None:
        """The first broken property of the state `after`, or of the step that led to it."""
        found = self._state_verdicts[after]
        if found is None and before is not None and before != after:
            step = (before, after)
            if step not in self._step_verdicts:
                self._step_verdicts[step] = self._judge(self._steps, self._met[before], self._met[after])
            found = self._step_verdicts[step]
        return found

    def _judge(self, properties: tuple[Property, ...], before: Observed, after: Observed) -> Breach | None:
        first, second = self._pack(before), self._pack(after)
        for prop in properties:
            if not self._model.formula(prop.formula)(first, second):
                why = explain(self._model, prop.formula, first, after=second)
                return Breach(prop.name, why, show_term(prop.formula))
        return None

    def _pack(self, observed: Observed) -> Packed:
        if observed not in self._packed:
            self._packed[observed] = self._model.from_state(self.state(observed))
        return self._packed[observed]

    def state(self, observed: Observed) -> State:
        """The abstract state as a plain value.  Symbols that are not observed get some value: nobody reads it."""
        tables = self.tables(observed)
        for symbol in self._rest:
            default = self._domain(symbol.result)[0]
            tables[symbol] = dict.fromkeys(product(*map(self._domain, symbol.params)), default)
        return State(self._sizes, tables)

    def tables(self, observed: Observed) -> dict[Symbol, dict[tuple[Value, ...], Value]]:
        """The values of the symbols that are observed."""
        values = iter(observed)
        return {symbol: {row: next(values) for row in rows} for symbol, rows in self._rows}

    def _why_not(self, prop: Property) -> str:
        """Why the property cannot be judged, or that it says nothing; empty where it can."""
        names = {symbol.name for symbol in symbols_of(prop.formula)}
        if not names:
            return "it speaks of no state: nothing in this module changes what it is about"
        unseen = names - {symbol.name for symbol in self._observed}
        return f"{', '.join(sorted(unseen))} not observed" if unseen else ""

    def _domain(self, type_: Type) -> tuple[Value, ...]:
        match type_:
            case OptionType():
                return (None, *self._domain(type_.of))
            case BoolType():
                return (False, True)
            case EnumType():
                return type_.members
            case SortType():
                return tuple(range(self._sizes[type_.name]))
            case RangeType(high=int()):
                return tuple(range(type_.low, int(type_.high) + 1))
            case RangeType() | IntType():
                return (0,)
