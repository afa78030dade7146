"""A finite instance of a system as ground formulas: its states, its steps, and what a model says of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from interlock.core.rewrite import subterms
from interlock.core.system import Obligation, Transition, TransitionSystem
from interlock.core.term import Count, Literal, Quant, Symbol, Term, Value, Var, conj, exists, negate
from interlock.core.trace import State, Step
from interlock.core.types import INT, OptionType, RangeType, Type
from interlock.engines.z3.cases import Cases, Truth, both, known
from interlock.engines.z3.definitions import in_order
from interlock.engines.z3.ground import Frame, Grounder, Row, Universe, differs
from interlock.engines.z3.terms import Context, Expr, Model, UnsupportedError, z3

DEFAULT_SIZE = 2
"""Elements of a sort that the scope does not mention."""


@dataclass(frozen=True)
class Values:
    """Values that the solver chooses for variables, and for choice symbols."""

    env: Mapping[Var, Cases]
    tables: Frame


class Finite:
    """A system over at most `sizes` elements of each sort.

    `rigid` holds the cells that no step changes, `facts` what is true of them; a state's frame is `rigid` and the
    cells of the changing symbols.
    """

    def __init__(self, system: TransitionSystem, sizes: Mapping[str, int], context: Context | None = None) -> None:
        self.system = system
        self.sizes = {sort.name: max(1, sizes.get(sort.name, DEFAULT_SIZE)) for sort in system.sorts}
        self.context = z3.Context() if context is None else context
        self.facts: list[Expr] = []
        present: dict[str, list[Truth]] = {}
        for name, size in self.sizes.items():
            bools = [z3.Bool(f"{name}#{i}", self.context) for i in range(1, size)]
            present[name] = [True, *bools]
            self.facts += [z3.Implies(later, earlier) for earlier, later in pairwise(bools)]
        ends = self._ends(sizes)
        highs = {name: max(v for v in cases.of if isinstance(v, int)) for name, cases in ends.items()}
        self.universe = Universe(self.context, present, highs, ends)
        self.changing = frozenset(u.symbol for t in system.transitions for u in t.updates)
        self.given = {s.name: sizes[s.name] for s in system.sized_constants() if s.name in sizes}
        self.rigid = self._rigid(ends)
        self.numbers = _has_numbers(system)

    # States

    def arbitrary(self, stem: str = "") -> tuple[Frame, list[Expr]]:
        """A state with unknown cells, and what types promise of them."""
        frame = dict(self.rigid)
        facts: list[Expr] = []
        for symbol in self.system.symbols:
            if symbol not in frame:
                frame[symbol], more = self.universe.unknown_table(symbol, stem)
                facts += more
        return frame, facts

    def initial(self, stem: str = "") -> tuple[Frame, list[Truth]]:
        """An initial state: computed where there are initial values, unknown cells elsewhere."""
        frame = dict(self.rigid)
        facts: list[Truth] = []
        defined = {update.symbol for update in self.system.initial_values}
        for symbol in self.system.symbols:
            if symbol not in frame and symbol not in defined:
                frame[symbol], more = self.universe.unknown_table(symbol, stem)
                facts += more
        for update in in_order(self.system):
            if update.symbol not in frame:
                grounder = Grounder(self.universe, frame, frame)
                frame[update.symbol] = {
                    row: grounder.updated(update, row) for row, _ in self.universe.rows(update.symbol.params)
                }
        facts += [self.formula(part.formula, frame) for part in self.system.initially]
        return frame, facts

    def formula(
        self, term: Term, frame: Frame, after: Frame | None = None, env: Mapping[Var, Cases] | None = None
    ) -> Truth:
        """The condition under which a formula is true in a state (and the state after it); `env` has its variables."""
        return Grounder(self.universe, frame, frame if after is None else after, env or {}).formula(term)

    # Steps

    def values(self, variables: Sequence[Var], choices: Sequence[Symbol], stem: str) -> tuple[Values, list[Expr]]:
        """Unknown values for the variables and choices of a transition or an obligation."""
        env: dict[Var, Cases] = {}
        tables: dict[Symbol, Mapping[Row, Cases]] = {}
        facts: list[Expr] = []
        for var in variables:
            # The type is in the name: in another transition a variable of this name may have another type.
            env[var], more = self.universe.unknown(f"{stem}{var.name}: {var.type}", var.type)
            facts += more
        for symbol in choices:
            signature = f"{stem}{', '.join(map(str, symbol.params))} -> {symbol.result}: "
            tables[symbol], more = self.universe.unknown_table(symbol, signature)
            facts += more
        return Values(env, tables), facts

    def step(
        self, transition: Transition, frame: Frame, chosen: Values
    ) -> tuple[Truth, dict[Symbol, dict[Row, Cases]]]:
        """When a transition is enabled, and the cells that it writes."""
        grounder = Grounder(self.universe, {**frame, **chosen.tables}, {}, chosen.env)
        guard = grounder.formula(transition.guard)
        written = {
            update.symbol: {row: grounder.updated(update, row) for row, _ in self.universe.rows(update.symbol.params)}
            for update in transition.updates
        }
        values = [cell.defined() for table in written.values() for cell in table.values()]
        return both((guard, *values)), written

    def moved(self, transition: Transition, frame: Frame, after: Frame) -> Truth:
        """That a step of the transition was not a stuttering one."""
        return differs(self.universe, frame, after, [u.symbol for u in transition.updates])

    def failure(self, obligation: Obligation, frame: Frame, stem: str) -> tuple[Truth, list[Expr]]:
        """That an obligation does not hold in a state, for some values."""
        chosen, facts = self.values((), obligation.choices, stem)
        grounder = Grounder(self.universe, {**frame, **chosen.tables}, {})
        broken = conj((obligation.reach, negate(obligation.condition)))
        if all(not isinstance(v.type, OptionType) for v in (*obligation.params, *obligation.witnesses)):
            broken = exists((*obligation.params, *obligation.witnesses), broken)
            return grounder.formula(broken), facts
        given, more = self.values((*obligation.params, *obligation.witnesses), (), stem)
        return grounder.bind(given.env).formula(broken), [*facts, *more]

    # What a model says

    def read(self, model: Model, cell: Cases) -> Value:
        """The value of a cell in a model."""
        for value, condition in cell.of.items():
            if holds(model, condition):
                return value
        if cell.number is not None:
            return int(model.eval(cell.number[1], model_completion=True).as_long())
        raise ValueError("a cell without a value")

    def state(self, model: Model, frame: Frame) -> State:
        """The state that a model describes."""
        sizes = {
            name: sum(holds(model, condition) for condition in present)
            for name, present in self.universe.present.items()
        }
        tables = {
            symbol: {
                row: self.read(model, frame[symbol][row])
                for row, present in self.universe.rows(symbol.params)
                if holds(model, present)
            }
            for symbol in self.system.symbols
        }
        return State(sizes, tables)

    def taken(self, model: Model, index: int, chosen: Values, after: Frame) -> Step:
        """The step of a transition that a model describes."""
        transition = self.system.transitions[index]
        shown = [
            tuple((v.name, self.read(model, chosen.env[v]), v.type) for v in variables)
            for variables in (transition.params, transition.witnesses)
        ]
        return Step(index, transition.action, shown[0], shown[1], self.state(model, after))

    # Construction

    def _ends(self, sizes: Mapping[str, int]) -> dict[str, Cases]:
        """Constants that end ranges: given by the scope, by their value, or at most what their type allows."""
        values = {u.symbol.name: u.value for u in self.system.initial_values}
        symbols = {s.name: s for s in self.system.symbols}
        draft = Universe(self.context, {}, {})
        ends: dict[str, Cases] = {}
        for name in sorted(range_ends(self.system)):
            value = values.get(name)
            match value, symbols[name].result:
                case _ if name in sizes:
                    ends[name] = known(sizes[name])
                case Literal(value=int() as number), _:
                    ends[name] = known(number)
                case _, RangeType(high=int()) as type_:
                    ends[name], facts = draft.unknown(name, type_)
                    self.facts += facts
                case _:
                    raise UnsupportedError(f"{name} ends a range but has no value; give it one or a size in the scope")
        return ends

    def _rigid(self, ends: Mapping[str, Cases]) -> dict[Symbol, Mapping[Row, Cases]]:
        """Constants: computed where they have a value."""
        frame: dict[Symbol, Mapping[Row, Cases]] = {}
        defined = {update.symbol for update in self.system.initial_values}
        for symbol in self.system.symbols:
            if symbol.name in ends:
                frame[symbol] = {(): ends[symbol.name]}
            elif symbol.name in self.given:
                frame[symbol] = {(): known(self.given[symbol.name])}
            elif symbol.rigid and symbol not in defined:
                frame[symbol], facts = self.universe.unknown_table(symbol, "")
                self.facts += facts
        for update in in_order(self.system):
            if update.symbol.rigid and update.symbol not in frame:
                grounder = Grounder(self.universe, frame, frame)
                frame[update.symbol] = {
                    row: grounder.updated(update, row) for row, _ in self.universe.rows(update.symbol.params)
                }
        grounder = Grounder(self.universe, frame, frame)
        self.facts += formulas((grounder.formula(axiom.formula) for axiom in self.system.axioms), self.context)
        return frame


def formulas(conditions: Iterable[Truth], context: Context) -> list[Expr]:
    """Conditions as formulas; those that are true are left out."""
    return [z3.BoolVal(False, context) if c is False else c for c in conditions if c is not True]


def holds(model: Model, condition: Truth) -> bool:
    """Whether a condition is true in a model."""
    return condition if isinstance(condition, bool) else bool(z3.is_true(model.eval(condition, model_completion=True)))


def _has_numbers(system: TransitionSystem) -> bool:
    """Whether integers without bounds occur in the formulas of a finite instance: values of Int, or counts."""
    steps: list[Transition | Obligation] = [*system.transitions, *system.obligations]
    symbols = [*system.symbols, *(c for step in steps for c in step.choices)]
    variables = [v for step in steps for v in (*step.params, *step.witnesses)]
    types = [*(s.result for s in symbols), *(v.type for v in variables)]
    return any(_plain(t) == INT for t in types) or any(isinstance(t, Count) for t in _parts(system))


def _plain(type_: Type) -> Type:
    return type_.of if isinstance(type_, OptionType) else type_


def _parts(system: TransitionSystem) -> Iterator[Term]:
    """Every subterm of the system."""
    for named in (*system.axioms, *system.initially):
        yield from subterms(named.formula)
    for update in system.initial_values:
        yield from subterms(update.value)
    for transition in system.transitions:
        yield from subterms(transition.guard)
        for update in transition.updates:
            yield from subterms(update.value)
    for obligation in system.obligations:
        yield from subterms(obligation.reach)
        yield from subterms(obligation.condition)
    for prop in system.properties:
        yield from subterms(prop.formula)
    for refinement in system.refinements:
        yield from _parts(refinement.abstract)
        for term in (*(v.value for v in refinement.variables), *(a for _, _, args in refinement.steps for a in args)):
            yield from subterms(term)


def range_ends(system: TransitionSystem) -> frozenset[str]:
    """Names of the constants that end ranges."""
    types: list[Type] = []
    for symbol in system.symbols:
        types += [*symbol.params, symbol.result]
    for transition in system.transitions:
        types += [v.type for v in (*transition.params, *transition.witnesses)]
        types += [type_ for symbol in transition.choices for type_ in (*symbol.params, symbol.result)]
    types += [v.type for part in _parts(system) if isinstance(part, Quant | Count) for v in part.vars]
    plain = [_plain(t) for t in types]
    ends = frozenset(t.high for t in plain if isinstance(t, RangeType) and isinstance(t.high, str))
    return ends.union(*(range_ends(refinement.abstract) for refinement in system.refinements))
