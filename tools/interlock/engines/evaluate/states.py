"""A finite instance of a transition system: its initial states, the steps out of a state, and what holds in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple, TypeAlias

from interlock.core.rewrite import symbols_of
from interlock.core.system import Obligation, Transition, TransitionSystem, Update
from interlock.core.term import App, Symbol, Term, Value, Var, conj, conjuncts, negate
from interlock.core.trace import State, Step
from interlock.core.types import BOOL, OptionType, RangeType
from interlock.engines.evaluate.assign import Constraint, Ground, Tick, assignments, ground
from interlock.engines.evaluate.compile import Compiler, Env, Eval, Scope, Undefined
from interlock.engines.evaluate.layout import (
    UNASSIGNED,
    Block,
    Cell,
    Cells,
    Domain,
    Layout,
    Unsupported,
    default_value,
    lay_out,
)
from interlock.engines.evaluate.updates import compile_update

_SINK = Var("#sink", BOOL)
"""The slot of what is called with every solution; its name clashes with no variable of the language."""

Packed: TypeAlias = tuple[Cell, ...]
"""A state as the engines keep it."""


_NOTHING_SEEN: Mapping[int, Cell] = {}


def no_tick() -> None:
    """Never stop a search."""


class Successor(NamedTuple):
    """A step out of a state: the transition's index, values of its parameters and witnesses, the state after."""

    transition: int
    args: tuple[Value, ...]
    witnesses: tuple[Value, ...]
    after: Packed


class Found(NamedTuple):
    """Values of an obligation's parameters and witnesses for which it fails."""

    args: tuple[Value, ...]
    witnesses: tuple[Value, ...]


_Take: TypeAlias = Callable[[Cells, Env], None]
"""Is called with each way to take a step: the state with cells of choices, values of variables."""

_Enabled: TypeAlias = Callable[[Packed, Tick, _Take, Env, Mapping[int, Cell]], None]
"""Finds each way to take a step; of cells of choices, the last argument has those of which the value is known."""


@dataclass(frozen=True)
class _Compiled:
    """A transition or obligation ready to run: `enabled` calls back for every way to take it.

    `domains` are those of its params and witnesses, in that order.
    """

    enabled: _Enabled
    params: tuple[int, ...]
    witnesses: tuple[int, ...]
    updates: tuple[Callable[[Cells, list[Cell], Env], None], ...] = ()
    domains: tuple[Domain, ...] = ()


class Model:
    """The instance of a system for given sort sizes; every formula is compiled once.

    Pure apart from memoised closures.  Raises Unsupported where the finite meaning cannot say something.
    """

    def __init__(self, system: TransitionSystem, sizes: Mapping[str, int]) -> None:
        self.system = system
        self.layout: Layout = lay_out(system, sizes)
        self._compiler = Compiler(self.layout)
        self._partial = Compiler(self.layout, partial=True)
        self._transitions = [self._compile_step(t, t.guard) for t in system.transitions]
        self._given_steps: dict[tuple[int, frozenset[int]], _Compiled] = {}
        self._copies: dict[int, Mapping[int, int]] = {}
        self._obligations: dict[int, _Compiled] = {}
        self._formulas: dict[tuple[Term, tuple[Var, ...]], Eval] = {}

    # Initial states

    def initial_states(self, tick: Tick = no_tick) -> Iterator[Packed]:
        """Every initial state, each once."""
        cells: list[Cell] = [UNASSIGNED] * self.layout.length
        owners: dict[int, Block] = {}
        defined = frozenset(update.symbol for update in self.system.initial_values)
        for block in self._state_blocks():
            if block.symbol.name in self.layout.given:
                cells[block.offset] = self.layout.given[block.symbol.name]
            elif block.symbol not in defined:
                self._require_finite(block.symbol)
                owners.update(dict.fromkeys(range(block.offset, block.offset + block.length), block))
        constraints = list(self._definitions())
        for named in (*self.system.axioms, *self.system.initially):
            for piece in ground(named.formula, self._partial, {}):
                constraints += piece.instances(self.layout, self._partial.env())
        for filled in assignments(cells, sorted(owners), self._candidates(owners), constraints, tick):
            yield tuple(filled)

    def initial_cells(self, state: Packed) -> list[Cell]:
        """What the initial values say about a state's cells, given the state itself; UNASSIGNED where nothing."""
        cells: list[Cell] = [UNASSIGNED] * self.layout.length
        for constraint in self._definitions():
            if constraint.defines is not None:
                cells[constraint.defines] = constraint.evaluate(state, state, constraint.env)
        return cells

    def ill_typed(self, state: Packed) -> str | None:
        """Which cell holds a value that its type does not have, if any."""
        for block in self._state_blocks():
            for args, cell in block.rows(state):
                try:
                    fits = self.layout.domain(block.symbol.result).admits(state[cell], state)
                except Unsupported:
                    optional = isinstance(block.symbol.result, OptionType)
                    fits = isinstance(state[cell], int) or (optional and state[cell] is None)
                if not fits:
                    return f"{block.symbol.name} at {args} is {state[cell]}, which is no {block.symbol.result}"
        return None

    def _state_blocks(self) -> Iterator[Block]:
        return (block for block in self.layout.blocks.values() if block.offset < self.layout.length)

    def _require_finite(self, symbol: Symbol) -> None:
        try:
            self.layout.domain(symbol.result)
        except Unsupported:
            kind = "constant" if symbol.rigid else "variable"
            raise Unsupported(f"the {kind} {symbol.name} is an Int without a value: there is no end of them") from None

    def _definitions(self) -> Iterator[Constraint]:
        """A constraint for each cell with an initial value, which computes it."""
        for update in self.system.initial_values:
            yield from self._definition(update)

    def _definition(self, update: Update) -> Iterator[Constraint]:
        block = self.layout.blocks[update.symbol]
        scope = self._partial.bind({}, update.formals)
        compute = self._partial.term(update.value, scope)
        missing = default_value(block.symbol.result, self.layout)
        bounded = [(scope[v], d) for v, d in zip(update.formals, block.domains, strict=True) if d.bound is not None]
        checked = self._in_range(block, f"the initial value of {block.symbol.name}")

        def define(s: Cells, t: Cells, e: Env) -> Cell:
            if any(not d.admits(e[slot], s) for slot, d in bounded):
                return missing
            try:
                return checked(compute(s, t, e), s)
            except Undefined:
                raise Unsupported(f"the initial value of {block.symbol.name} unwraps none") from None

        for args, cell in block.rows():
            env = self._partial.env()
            for var, arg in zip(update.formals, args, strict=True):
                env[scope[var]] = arg
            yield Constraint(define, env, cell)

    def _candidates(self, owners: Mapping[int, Block]) -> Callable[[int, Cells], Sequence[Cell]]:
        """Values to try for a cell, given those before it."""
        dead = {
            cell: [(arg, d) for arg, d in zip(args, block.domains, strict=True) if d.bound is not None]
            for block in dict.fromkeys(owners.values())
            for args, cell in block.rows()
        }
        domains = {cell: self.layout.domain(block.symbol.result) for cell, block in owners.items()}

        def candidates(cell: int, cells: Cells) -> Sequence[Cell]:
            if any(not d.admits(arg, cells) for arg, d in dead[cell]):
                return (default_value(owners[cell].symbol.result, self.layout),)
            return domains[cell].at(cells)

        return candidates

    # Steps

    def successors(self, state: Packed, tick: Tick = no_tick) -> Iterator[Successor]:
        """Every step out of the state, stuttering ones included; one step may be found in more than one way."""
        for index in range(len(self._transitions)):
            yield from self.steps(state, index, tick)

    def steps(self, state: Packed, transition: int, tick: Tick = no_tick) -> list[Successor]:
        """Every step of one transition out of the state."""
        return self._taken(self._transitions[transition], state, transition, self._compiler.env(), tick)

    def steps_with(
        self,
        state: Packed,
        transition: int,
        given: Mapping[int, Value],
        tick: Tick = no_tick,
        *,
        seen: Mapping[int, Cell] = _NOTHING_SEEN,
    ) -> list[Successor]:
        """Every step of one transition whose parameters and witnesses, by their place among both, have given values.

        Nothing is tried for what is given, so that a step which is known costs little however large the sorts are.
        `seen` are cells of the state after: where a `havoc` chooses them, no other value is tried.  What else they
        say is not looked at, so that there may be steps after which things are otherwise.
        """
        compiled = self._transitions[transition]
        if given:
            pattern = (transition, frozenset(given))
            if pattern not in self._given_steps:
                step = self.system.transitions[transition]
                self._given_steps[pattern] = self._compile_step(step, step.guard, given=pattern[1])
            compiled = self._given_steps[pattern]
        slots = (*compiled.params, *compiled.witnesses)
        env = self._compiler.env()
        for place, value in given.items():
            if not compiled.domains[place].admits(value, state):
                return []
            env[slots[place]] = value
        copies: Mapping[int, int] = self._copied(transition) if seen else {}
        known = {copies[cell]: value for cell, value in seen.items() if cell in copies}
        return self._taken(compiled, state, transition, env, tick, known)

    def _copied(self, transition: int) -> Mapping[int, int]:
        """Cells of the state after a step whose value is that of a cell of a choice symbol, and of which."""
        if transition not in self._copies:
            step, blocks = self.system.transitions[transition], self.layout.blocks
            self._copies[transition] = {
                after: chosen
                for update in step.updates
                if isinstance(update.value, App) and update.value.symbol in step.choices
                if update.value.args == update.formals
                for (_, after), (_, chosen) in zip(
                    blocks[update.symbol].rows(), blocks[update.value.symbol].rows(), strict=True
                )
            }
        return self._copies[transition]

    def _taken(
        self,
        compiled: _Compiled,
        state: Packed,
        transition: int,
        env: Env,
        tick: Tick,
        known: Mapping[int, Cell] = _NOTHING_SEEN,
    ) -> list[Successor]:
        found: list[Successor] = []

        def take(cells: Cells, env: Env) -> None:
            after = list(state)
            for update in compiled.updates:
                update(cells, after, env)
            args = tuple([env[slot] for slot in compiled.params])
            found.append(Successor(transition, args, tuple([env[slot] for slot in compiled.witnesses]), tuple(after)))

        compiled.enabled(state, tick, take, env, known)
        return found

    def _compile_step(
        self, step: Transition | Obligation, guard: Term, given: frozenset[int] = frozenset()
    ) -> _Compiled:
        variables = (*step.params, *step.witnesses)
        scope = self._compiler.bind({}, (*variables, _SINK))
        sought = tuple(v for place, v in enumerate(variables) if place not in given)
        enabled = self._enumerate(sought, guard, step.choices, scope)
        params, witnesses = tuple(scope[v] for v in step.params), tuple(scope[v] for v in step.witnesses)
        updates = step.updates if isinstance(step, Transition) else ()
        compiled = tuple(
            compile_update(
                self._compiler,
                update,
                scope,
                self._in_range(self.layout.blocks[update.symbol], f"{update.symbol.name} after {step.action}"),
            )
            for update in updates
        )
        domains = tuple(self.layout.range_of(v.type) for v in variables)
        return _Compiled(enabled, params, witnesses, compiled, domains)

    def _enumerate(
        self, variables: tuple[Var, ...], guard: Term, choices: tuple[Symbol, ...], scope: Scope
    ) -> _Enabled:
        """Call back for all values of variables, then all interpretations of choices, that satisfy the guard.

        The environment that is passed has the values of what is in scope and not sought.
        """
        chosen = frozenset(choices)
        plain = [part for part in conjuncts(guard) if not symbols_of(part) & chosen]
        about = [part for part in conjuncts(guard) if symbols_of(part) & chosen]
        slot = scope[_SINK]

        def found(_s: Cells, _t: Cells, e: Env) -> bool:
            e[slot](e)
            return False

        search = self._compiler.search(variables, plain, scope, found)
        pieces = [piece for part in about for piece in ground(part, self._partial, scope)]
        blocks = [self.layout.blocks[symbol] for symbol in choices]

        def run(state: Packed, tick: Tick, take: _Take, env: Env, known: Mapping[int, Cell]) -> None:
            def solution(e: Env) -> None:
                if not blocks:
                    take(state, e)
                    return
                for filled in self._chosen(state, e, blocks, pieces, known, tick=tick):
                    take(filled, e)

            env[slot] = solution
            search(state, state, env)

        return run

    def _chosen(
        self,
        state: Packed,
        env: Env,
        blocks: Sequence[Block],
        pieces: Sequence[Ground],
        known: Mapping[int, Cell],
        *,
        tick: Tick,
    ) -> Iterator[list[Cell]]:
        """The state followed by cells of choice symbols, for each of their interpretations that has what is known."""
        cells: list[Cell] = [*state, *([None] * (self.layout.width - self.layout.length))]
        owners: dict[int, Block] = {}
        for block in blocks:
            self._require_finite(block.symbol)
            owners.update(dict.fromkeys(range(block.offset, block.offset + block.length), block))
        for cell in owners:
            cells[cell] = UNASSIGNED
        room = self._partial.env()
        padded = [*env, *([None] * max(0, len(room) - len(env)))]
        constraints = [c for piece in pieces for c in piece.instances(self.layout, padded)]
        usual = self._candidates(owners)

        def candidates(cell: int, cells: Cells) -> Sequence[Cell]:
            values = usual(cell, cells)
            return values if cell not in known else (known[cell],) if known[cell] in values else ()

        yield from assignments(cells, sorted(owners), candidates if known else usual, constraints, tick)

    def _in_range(self, block: Block, what: str) -> Callable[[Cell, Cells], Cell]:
        """A check that a value to be stored belongs to the symbol's type; lowering promises that it does."""
        result = block.symbol.result
        plain = result.of if isinstance(result, OptionType) else result
        if not isinstance(plain, RangeType):
            return lambda value, _: value
        domain = self.layout.domain(result)

        def checked(value: Cell, cells: Cells) -> Cell:
            if not domain.admits(value, cells):
                raise Unsupported(f"{what} is {value}, outside of {result}")
            return value

        return checked

    # Formulas

    def formula(self, term: Term, params: tuple[Var, ...] = ()) -> Callable[..., Cell]:
        """A compiled term as a function of (state, state after = state, values of `params` = ())."""
        key = (term, params)
        if key not in self._formulas:
            self._formulas[key] = self._compiler.term(term, self._compiler.bind({}, params))
        evaluate = self._formulas[key]

        def value(state: Packed, after: Packed | None = None, values: Sequence[Value] = ()) -> Cell:
            env = self._compiler.env()
            env[: len(values)] = values
            return evaluate(state, state if after is None else after, env)

        return value

    def assignments_to(self, params: tuple[Var, ...], state: Packed) -> Iterator[tuple[Value, ...]]:
        """All values of some variables in a state."""
        return product(*(self.layout.domain(v.type).at(state) for v in params))

    def obligation_failure(self, index: int, state: Packed, tick: Tick = no_tick) -> Found | None:
        """Values for which an obligation of the system fails in the state, or None."""
        if index not in self._obligations:
            obligation = self.system.obligations[index]
            self._obligations[index] = self._compile_step(
                obligation, conj((obligation.reach, negate(obligation.condition)))
            )
        compiled = self._obligations[index]
        found: list[Found] = []

        def take(_cells: Cells, env: Env) -> None:
            found.append(
                Found(tuple(env[slot] for slot in compiled.params), tuple(env[slot] for slot in compiled.witnesses))
            )

        compiled.enabled(state, tick, take, self._compiler.env(), _NOTHING_SEEN)
        return found[0] if found else None

    # Traces

    def to_state(self, state: Packed) -> State:
        """The state as a plain value."""
        return self.layout.to_state(state)

    def from_state(self, state: State) -> Packed:
        """The packed form of a plain state; Unsupported where it lacks an entry."""
        return self.layout.from_state(state)

    def to_step(self, successor: Successor) -> Step:
        """A step of a trace."""
        transition = self.system.transitions[successor.transition]
        named = tuple((v.name, value, v.type) for v, value in zip(transition.params, successor.args, strict=True))
        picked = tuple(
            (v.name, value, v.type) for v, value in zip(transition.witnesses, successor.witnesses, strict=True)
        )
        return Step(successor.transition, transition.action, named, picked, self.to_state(successor.after))


def instantiate(system: TransitionSystem, sizes: Mapping[str, int]) -> Model:
    """The finite instance of a system; Unsupported says in words why there is none.

    `sizes` gives elements to sorts by name (others get 2) and values to integer constants.
    """
    return Model(system, sizes)
