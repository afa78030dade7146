"""Runs over sorts of any size, as formulas about the state in which they start.

As in proofs, a state is never a second copy of the symbols: what a symbol is after k steps is a function of what it was
before the k-th, chosen by the transition that is taken, and so in the end of the initial state.  Only what starts
arbitrary, constants, and the arguments of steps are left for z3 to choose.  A copy of every symbol for each depth with
a quantified equation between neighbours would have z3 build a model of all of them at once; so it need not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

from interlock.core.rewrite import map_apps
from interlock.core.system import Property, Transition, TransitionSystem
from interlock.core.term import App, Term
from interlock.core.types import SortType
from interlock.engines.refinement import Simulation, simulation_of
from interlock.engines.z3.ask import Answer, Budget, ask, solver
from interlock.engines.z3.background import Instance, Substitution, Theory
from interlock.engines.z3.finite import range_ends
from interlock.engines.z3.terms import Context, Expr, Model, Solver, disjunction, z3

_SHRINK_SHARE = 0.2


@dataclass(frozen=True)
class Sighting:
    """What a model says of a run: how many elements each sort has, how far ranges go, and which steps are taken."""

    sizes: Mapping[str, int]
    path: tuple[int, ...]


@dataclass
class Unrolling:
    """Runs of a system, longer and longer.

    `frames[k]` is what each symbol is after k steps, `taken[k]` the choice of the next, `instances` what the last may
    have been, and `moved[k]` that the step changes something.
    """

    system: TransitionSystem
    budget: Budget
    theory: Theory = field(init=False)
    asked: Solver = field(init=False)
    frames: list[Substitution] = field(default_factory=list[Substitution])
    taken: list[tuple[Expr, ...]] = field(default_factory=list[tuple[Expr, ...]])
    moved: list[Expr] = field(default_factory=list[Expr])
    instances: list[Instance] = field(default_factory=list[Instance])

    def __post_init__(self) -> None:
        self.theory = Theory(self.system)
        facts, defined = self.theory.initial()
        known = {decl.name(): body for decl, body in defined}
        frame: Substitution = []
        for symbol in self.system.symbols:
            decl = self.theory.vocabulary.decl(symbol)
            frame.append((decl, known.get(decl.name(), self.theory.itself(symbol))))
        self.frames.append(frame)
        background = [z3.simplify(self._at(fact, frame)) for fact in self.theory.background()]
        self.asked = solver(self._context, [f for f in (*background, *facts) if not z3.is_true(f)])

    @property
    def _context(self) -> Context:
        return self.theory.vocabulary.context

    def starts(self) -> Answer:
        """Whether there is an initial state."""
        return ask(self.asked, self.budget)

    def deepen(self) -> None:
        """Assume one more step; UnsupportedError where the system has one that z3 cannot be asked about."""
        before, depth = self.frames[-1], len(self.taken)
        transitions = [_with_own_choices(transition, depth) for transition in self.system.transitions]
        instances = [self.theory.instance(transition) for transition in transitions]
        takes = tuple(z3.Bool(f"take {i}#{depth}", self._context) for i in range(len(instances)))
        after = {decl.name(): (decl, body) for decl, body in before}
        moves: list[Expr] = []
        for take, instance in zip(takes, instances, strict=True):
            self.asked.add(*(z3.Implies(take, self._at(fact, before)) for fact in instance.assumptions))
            for decl, body in instance.after:
                after[decl.name()] = (decl, z3.If(take, self._at(body, before), after[decl.name()][1]))
            moves.append(z3.And(take, self._at(instance.moves, before)))
        one = z3.PbEq([(take, 1) for take in takes], 1) if takes else z3.BoolVal(False, self._context)
        self.asked.add(one)
        self.frames.append(list(after.values()))
        self.instances = instances
        self.taken.append(takes)
        self.moved.append(disjunction(moves, self._context))

    def reaches(self, prop: Property) -> tuple[Answer, Sighting | None]:
        """Whether a run of the present length breaks the property (or reaches it), and what is seen of one."""
        goals = self._goals(prop)
        if not goals:
            return "unsat", None
        self.asked.push()
        self.asked.add(disjunction(goals, self._context))
        answer = ask(self.asked, self.budget)
        sighting = self._smallest() if answer == "sat" else None
        self.asked.pop()
        return answer, sighting

    def _goals(self, prop: Property) -> list[Expr]:
        """What a run of the present length may end with to break the property, or to reach it."""
        frame = self.frames[-1]
        match prop.kind:
            case "reachable":
                return [self._at(self.theory.formula(prop.formula), frame)]
            case "invariant" | "lemma" | "inferred":
                return [z3.Not(self._at(self.theory.formula(prop.formula), frame))]
            case "step_invariant" if not self.taken:
                return []
            case "step_invariant":
                formula = self.theory.formula(prop.formula)
                primed = zip(self.system.symbols, frame, strict=True)
                primes = [(self.theory.vocabulary.decl(s, primed=True), body) for s, (_, body) in primed]
                holds = self._at(formula, [*self.frames[-2], *primes])
                return [z3.And(self.moved[-1], z3.Not(holds))]
            case "refinement":
                return self._refinement_goals(prop)
            case "assertion" | "unwrap" | "range":
                due = [o for o in self.system.obligations if o.property == prop.name]
                return [self._at(z3.And(*self.theory.violation(o)), frame) for o in due]
            case "deadlock" | "liveness" | "scenario":
                raise ValueError(f"no run shows {prop.kind}")
            case _:
                assert_never(prop.kind)

    def _refinement_goals(self, prop: Property) -> list[Expr]:
        """How the initial state, or else the last step, is none of the abstract system."""
        simulation = simulation_of(self.system, prop)
        assert isinstance(simulation, Simulation)  # others are not searched for
        if not self.taken:
            return [z3.Not(self._at(self.theory.formula(simulation.initial), self.frames[0]))]
        goals: list[Expr] = []
        for take, instance, claim in zip(self.taken[-1], self.instances, simulation.steps, strict=True):
            formula = self.theory.encoder.bind(instance.constants).formula(claim.formula)
            broken = z3.And(instance.moves, z3.Not(z3.substitute_funs(formula, *instance.primes)))
            goals.append(z3.And(take, self._at(broken, self.frames[-2])))
        return goals

    def _smallest(self) -> Sighting:
        """What is seen of the model that was found, or of one with fewer elements, sort by sort."""
        model = self.asked.model()
        bounds: list[Expr] = []
        for sort in self.system.sorts:
            for size in range(1, self._size(model, sort)):
                bound = z3.Bool(self.theory.vocabulary.fresh_name("at most"), self._context)
                self.asked.add(z3.Implies(bound, self._at_most(sort, size)))
                if ask(self.asked, self.budget.share(_SHRINK_SHARE), [*bounds, bound]) == "sat":
                    model = self.asked.model()
                    bounds.append(bound)
                    break
        sizes = {sort.name: self._size(model, sort) for sort in self.system.sorts} | dict(self._ends(model))
        return Sighting(sizes, tuple(_first_true(model, takes) for takes in self.taken))

    def _at_most(self, sort: SortType, size: int) -> Expr:
        """That a sort has no more elements than that."""
        x = self.theory.vocabulary.fresh("x", sort)
        elements = [self.theory.vocabulary.fresh("e", sort) for _ in range(size)]
        return z3.ForAll([x], disjunction((x == e for e in elements), self._context))

    def _size(self, model: Model, sort: SortType) -> int:
        """How many elements a sort has in a model; one that nothing speaks of has one."""
        elements = model.get_universe(self.theory.vocabulary.sort(sort))
        return 1 if elements is None else max(1, len(elements))

    def _ends(self, model: Model) -> Iterator[tuple[str, int]]:
        """The constants that end ranges."""
        for name in range_ends(self.system):
            value = model.eval(self._at(z3.Int(name, self._context), self.frames[0]), model_completion=True)
            yield name, int(value.as_long())

    def _at(self, expression: Expr, frame: Sequence[tuple[Expr, Expr]]) -> Expr:
        """An expression about the state that a frame describes, as one about the initial state."""
        return z3.substitute_funs(expression, *frame)


def _with_own_choices(transition: Transition, depth: int) -> Transition:
    """The transition with choices of this step alone: the next time it may choose otherwise."""
    if not transition.choices:
        return transition
    own = {choice: replace(choice, name=f"{choice.name}#{depth}") for choice in transition.choices}

    def renamed(term: Term) -> Term:
        return map_apps(term, lambda app: App(own.get(app.symbol, app.symbol), app.args, app.primed))

    return replace(
        transition,
        guard=renamed(transition.guard),
        updates=tuple(replace(update, value=renamed(update.value)) for update in transition.updates),
        choices=tuple(own.values()),
    )


def _first_true(model: Model, conditions: Sequence[Expr]) -> int:
    return next(i for i, c in enumerate(conditions) if z3.is_true(model.eval(c, model_completion=True)))
