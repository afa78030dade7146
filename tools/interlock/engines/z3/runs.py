"""Runs of a finite instance: its steps spelt out once, and runs of them that grow longer.

The steps are one formula over the cells before and after; each further depth is that formula with the cells renamed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from interlock.core.system import Property
from interlock.core.term import Symbol
from interlock.core.trace import Step, Trace
from interlock.engines.refinement import Simulation, simulation_of
from interlock.engines.z3.ask import Answer, Budget, ask, ground_solver
from interlock.engines.z3.cases import Cases, Truth, both, choose, either, opposite, same_truth
from interlock.engines.z3.finite import Finite, Values, formulas, holds
from interlock.engines.z3.ground import Frame, Row, truth_cell
from interlock.engines.z3.terms import Expr, Model, Solver, z3


@dataclass(frozen=True)
class Template:
    """One step: `facts` relate the cells of `before` and `after` through the transition that is taken.

    `names` are all the constants that differ from depth to depth.
    """

    before: Frame
    after: Frame
    taken: tuple[Expr, ...]
    chosen: tuple[Values, ...]
    facts: tuple[Expr, ...]
    names: tuple[Expr, ...]


def template(finite: Finite) -> Template:
    """Spell out the steps of a finite instance."""
    system = finite.system
    before, _ = finite.arbitrary("before ")
    taken = tuple(z3.Bool(f"take {i}", finite.context) for i in range(len(system.transitions)))
    facts: list[Expr] = [z3.PbEq([(t, 1) for t in taken], 1)] if taken else [z3.BoolVal(False, finite.context)]
    chosen: list[Values] = []
    written: list[dict[Symbol, dict[Row, Cases]]] = []
    names: list[Expr] = list(taken)
    for transition, take in zip(system.transitions, taken, strict=True):
        values, more = finite.values((*transition.params, *transition.witnesses), transition.choices, "")
        chosen.append(values)
        facts += more
        enabled, cells = finite.step(transition, before, values)
        facts += formulas([either((opposite(take), enabled))], finite.context)
        written.append(cells)
        names += [c for cell in values.env.values() for c in _constants(cell)]
        names += [c for table in values.tables.values() for cell in table.values() for c in _constants(cell)]
    after: dict[Symbol, Mapping[Row, Cases]] = dict(before)
    for symbol in sorted(finite.changing, key=lambda s: s.name):
        writers = [(take, cells[symbol]) for take, cells in zip(taken, written, strict=True) if symbol in cells]
        table, more = finite.universe.unknown_table(symbol, "after ")
        facts += more
        untouched = opposite(either(take for take, _ in writers))
        for row, cell in table.items():
            options = [(untouched, before[symbol][row]), *((take, cells[row]) for take, cells in writers)]
            facts += formulas(_becomes(cell, choose(options, finite.context)), finite.context)
            names += [*_constants(cell), *_constants(before[symbol][row])]
        after[symbol] = table
    unique = tuple({c.get_id(): c for c in names}.values())
    return Template(before, after, taken, tuple(chosen), tuple(facts), unique)


def _becomes(cell: Cases, value: Cases) -> Iterator[Truth]:
    """That a cell has a value."""
    if cell.number is not None:
        when, number = value.as_number(cell.number[1].ctx)
        yield both((when, cell.number[1] == number))
    for case, condition in cell.of.items():
        if case is not False:
            yield same_truth(condition, value.of.get(case, False))


def _constants(cell: Cases) -> list[Expr]:
    """The constants that make up an unknown cell."""
    found = [c for value, c in cell.of.items() if value is not False]
    return found if cell.number is None else [*found, cell.number[1]]


@dataclass
class Search:
    """Runs of one finite instance, longer and longer.

    `frames[k]` are the cells after k steps; they are the solver's own constants but for those of the initial state that
    have a value.
    """

    finite: Finite
    step: Template
    budget: Budget
    asked: Solver = field(init=False)
    frames: list[Frame] = field(default_factory=list[Frame])
    goals: dict[tuple[str, bool], Truth] = field(default_factory=dict[tuple[str, bool], Truth])
    renamings: list[list[tuple[Expr, Expr]]] = field(default_factory=list[list[tuple[Expr, Expr]]])

    def __post_init__(self) -> None:
        frame, conditions = self.finite.initial("0 ")
        facts = [*self.finite.facts, *formulas(conditions, self.finite.context)]
        self.asked = ground_solver(self.finite.context, facts, numbers=self.finite.numbers)
        self.frames.append(frame)

    def deepen(self) -> None:
        """Assume one more step."""
        depth = len(self.frames)
        before = self.frames[-1]
        pairs: list[tuple[Expr, Expr]] = []
        after: dict[Symbol, Mapping[Row, Cases]] = dict(before)
        settled: set[int] = set()
        for constant, current in self._cells(before):
            pairs.append((constant, current))
            settled.add(_id(constant))
        renamed = {
            c.get_id(): z3.Const(f"{depth} {c.decl().name()}", c.sort())
            for c in self.step.names
            if c.get_id() not in settled
        }
        pairs += [(c, renamed[c.get_id()]) for c in self.step.names if c.get_id() in renamed]
        for symbol in self.finite.changing:
            after[symbol] = {row: _renamed(cell, renamed) for row, cell in self.step.after[symbol].items()}
        self.asked.add(*substituted(self.step.facts, pairs))
        self.frames.append(after)
        self.renamings.append(pairs)

    def reaches(self, goal: Truth) -> tuple[Answer, Model]:
        """Whether a run of the present length reaches the goal, and the model that does."""
        if goal is False:
            return "unsat", None
        self.asked.push()
        self.asked.add(*formulas([goal], self.finite.context))
        answer = ask(self.asked, self.budget)
        model = self.asked.model() if answer == "sat" else None
        self.asked.pop()
        return answer, model

    def trace(self, model: Model) -> Trace:
        """The run that a model describes."""
        steps: list[Step] = []
        for depth, pairs in enumerate(self.renamings):
            meaning = {old.get_id(): new for old, new in pairs}
            index = next(i for i, take in enumerate(self.step.taken) if holds(model, meaning[take.get_id()]))
            env = {v: _renamed(cell, meaning) for v, cell in self.step.chosen[index].env.items()}
            steps.append(self.finite.taken(model, index, Values(env, {}), self.frames[depth + 1]))
        return Trace(self.finite.state(model, self.frames[0]), tuple(steps))

    def takes(self, path: Sequence[int]) -> list[Expr]:
        """That the steps are those of a path."""
        taken: list[Expr] = []
        for index, pairs in zip(path, self.renamings, strict=True):
            meaning = {old.get_id(): new for old, new in pairs}
            taken.append(meaning[self.step.taken[index].get_id()])
        return taken

    def targets(self, props: Sequence[Property]) -> dict[str, Truth]:
        """For each property, that the run ends where it is broken (or reached).

        A step invariant is broken by the last step, a refinement by it or, in a run without any, by the initial state.
        """
        found: dict[str, Truth] = {p.name: False for p in props}
        now = self._now()
        for steps in (False, True) if self.renamings else (False,):
            about = [p for p in props if steps == self._about_steps(p)]
            goals = {p.name: self._goal(p, steps=steps) for p in about}
            found |= {name: goal for name, goal in goals.items() if isinstance(goal, bool)}
            open_ = {name: goal for name, goal in goals.items() if not isinstance(goal, bool)}
            here = substituted(list(open_.values()), self.renamings[-1] if steps else now)
            for name, goal in zip(open_, here, strict=True):
                simple: Expr = z3.simplify(goal)
                found[name] = False if z3.is_false(simple) else simple
        return found

    def _now(self) -> list[tuple[Expr, Expr]]:
        """The template's cells before a step as the present ones."""
        return list(self._cells(self.frames[-1]))

    def _cells(self, frame: Frame) -> Iterator[tuple[Expr, Expr]]:
        for symbol, table in self.step.before.items():
            if symbol not in self.finite.rigid:
                for row, cell in table.items():
                    for constant, current in _matching(cell, frame[symbol][row]):
                        known = z3.BoolVal(current, self.finite.context) if isinstance(current, bool) else current
                        yield constant, known

    def _about_steps(self, prop: Property) -> bool:
        """Whether the last step of the present runs breaks the property, and not their last state."""
        return prop.kind == "step_invariant" or (prop.kind == "refinement" and bool(self.renamings))

    def _goal(self, prop: Property, *, steps: bool) -> Truth:
        """The target over the template's cells: spelt out once, whatever the depth."""
        key = (prop.name, steps)
        if key not in self.goals:
            self.goals[key] = self._spelt_out(prop, steps=steps)
        return self.goals[key]

    def _spelt_out(self, prop: Property, *, steps: bool) -> Truth:
        finite, before, after = self.finite, self.step.before, self.step.after
        match prop.kind:
            case "reachable":
                return finite.formula(prop.formula, before)
            case "step_invariant":
                moved = either(
                    both((take, finite.moved(transition, before, after)))
                    for take, transition in zip(self.step.taken, finite.system.transitions, strict=True)
                )
                return both((moved, opposite(finite.formula(prop.formula, before, after))))
            case "refinement":
                simulation = simulation_of(finite.system, prop)
                assert isinstance(simulation, Simulation)  # others are not searched for
                if not steps:
                    return opposite(finite.formula(simulation.initial, before))
                return either(
                    both(
                        (
                            take,
                            finite.moved(finite.system.transitions[claim.transition], before, after),
                            opposite(finite.formula(claim.formula, before, after, values.env)),
                        )
                    )
                    for take, values, claim in zip(self.step.taken, self.step.chosen, simulation.steps, strict=True)
                )
            case "assertion" | "unwrap" | "range":
                failures: list[Truth] = []
                for number, obligation in enumerate(finite.system.obligations):
                    if obligation.property == prop.name:
                        failed, facts = finite.failure(obligation, before, f"obligation {number} ")
                        self.asked.add(*facts)
                        failures.append(failed)
                return either(failures)
            case _:
                return opposite(finite.formula(prop.formula, before))


def substituted(formulas_: Sequence[Expr], pairs: Sequence[tuple[Expr, Expr]]) -> list[Expr]:
    """The formulas with constants replaced, all in one call: z3's library looks at every pair on each."""
    if not formulas_:
        return []
    together = z3.And(z3.BoolVal(True, formulas_[0].ctx), *formulas_)
    return list(z3.substitute(together, *pairs).children())[1:]


def _matching(cell: Cases, current: Cases) -> Iterator[tuple[Expr, Truth]]:
    """Each constant of an unknown cell with what it is now."""
    for value, constant in cell.of.items():
        if value is not False:
            yield constant, current.of.get(value, False)
    if cell.number is not None:
        yield cell.number[1], current.as_number(cell.number[1].ctx)[1]


def _id(constant: Expr) -> int:
    """The number by which z3 knows a constant."""
    return int(constant.get_id())


def _renamed(cell: Cases, names: Mapping[int, Expr]) -> Cases:
    """An unknown cell over other constants."""
    if any(value is False for value in cell.of):  # a mere `in` would find 0
        return truth_cell(names[_id(cell.of[True])])
    number = None if cell.number is None else (cell.number[0], names[cell.number[1].get_id()])
    return Cases({value: names[_id(condition)] for value, condition in cell.of.items()}, number)
