"""One state of a system as each of the encodings has it, for tests to ask what is true in it and where it leads."""

from itertools import pairwise

from interlock.core.types import BOOL, EnumType, OptionType, SortType
from interlock.engines.z3.background import Theory
from interlock.engines.z3.finite import Finite, formulas
from interlock.engines.z3.runs import template
from interlock.engines.z3.terms import z3


class Ground:
    """One state of a finite instance, as the ground encoding has it."""

    def __init__(self, system, state):
        self.finite = Finite(system, {**state.sizes, **constants(system, state)})
        self.context = self.finite.context
        self.step = template(self.finite)
        self.facts = [*self.finite.facts, *self.finite.arbitrary("before ")[1]]
        for conditions in self.finite.universe.present.values():
            self.facts += formulas(conditions, self.context)
        self.facts += self.equal(self.step.before, state)

    def equal(self, frame, state):
        conditions = [frame[s][row].is_(value) for s, table in state.tables.items() for row, value in table.items()]
        return formulas(conditions, self.context)

    def true(self, formula):
        claim = formulas([self.finite.formula(formula, self.step.before)], self.context)
        return self.possible(claim)

    def possible(self, claim):
        solver = z3.Solver(ctx=self.context)
        solver.add(*self.facts, *claim)
        answer = solver.check()
        assert answer != z3.unknown
        return answer == z3.sat

    def steps(self, index, successors):
        """Whether each step is possible, and whether another one is."""
        transition = self.finite.system.transitions[index]
        variables = (*transition.params, *transition.witnesses)
        env = self.step.chosen[index].env
        claims = []
        for step, state in successors:
            given = zip(variables, (*step.args, *step.witnesses), strict=True)
            claims.append(
                z3.And(
                    z3.BoolVal(True, self.context),
                    *formulas([env[v].is_(value) for v, value in given], self.context),
                    *self.equal(self.step.after, state),
                )
            )
        base = [*self.step.facts, self.step.taken[index]]
        possible = all(self.possible([*base, claim]) for claim in claims)
        other = self.possible([*base, *(z3.Not(c) for c in claims)])
        return possible, other


class UndecidedError(Exception):
    """z3 gave up on a quantified formula; that contradicts nobody."""


class Unbounded:
    """One state, pinned down by axioms in the first-order encoding."""

    def __init__(self, system, state):
        self.system = system
        self.theory = Theory(system)
        self.context = self.theory.vocabulary.context
        self.facts = self.theory.background()
        self.elements = {}
        for sort in system.sorts:
            domain = self.theory.vocabulary.sort(sort)
            names = [z3.Const(f"{sort.name}!{i}", domain) for i in range(state.sizes[sort.name])]
            self.elements[sort.name] = names
            x = z3.Const("x!", domain)
            self.facts.append(z3.ForAll([x], z3.Or(*(x == name for name in names))))
            if len(names) > 1:
                self.facts.append(z3.Distinct(*names))
            if sort.ordered:
                below = self.theory.vocabulary.order(sort)
                self.facts += [below(a, b) for a, b in pairwise(names)]
        self.facts += self.equal(state, lambda e: e)

    def constant(self, value, type_):
        match type_:
            case SortType():
                return self.elements[type_.name][value]
            case EnumType():
                return self.theory.vocabulary.member(type_, value)
            case _:
                return z3.BoolVal(value, self.context) if type_ == BOOL else z3.IntVal(value, self.context)

    def equal(self, state, change):
        claims = []
        for symbol, table in state.tables.items():
            decl = self.theory.vocabulary.decl(symbol)
            for row, value in table.items():
                args = [self.constant(a, t) for a, t in zip(row, symbol.params, strict=True)]
                if not isinstance(symbol.result, OptionType):
                    claims.append(change(decl(*args)) == self.constant(value, symbol.result))
                elif value is None:
                    v = z3.Const("v!", self.theory.vocabulary.sort(symbol.result.of))
                    claims.append(z3.Not(z3.Exists([v], change(decl(*args, v)))))
                else:
                    claims.append(change(decl(*args, self.constant(value, symbol.result.of))))
        return claims

    def true(self, formula):
        return self.possible([self.theory.formula(formula)])

    def possible(self, claim):
        solver = z3.SimpleSolver(ctx=self.context)
        solver.set("timeout", 20_000)
        solver.add(*self.facts, *claim)
        answer = solver.check()
        if answer == z3.unknown:
            raise UndecidedError(solver.reason_unknown())
        return answer == z3.sat

    def steps(self, index, successors):
        instance = self.theory.instance(self.system.transitions[index])
        transition = instance.transition
        variables = (*transition.params, *transition.witnesses)
        claims = []
        for step, state in successors:
            given = zip(variables, (*step.args, *step.witnesses), strict=True)
            claims.append(
                z3.And(
                    z3.BoolVal(True, self.context),
                    *(instance.constants[v] == self.constant(value, v.type) for v, value in given),
                    *self.equal(state, lambda e: z3.substitute_funs(e, *instance.after) if instance.after else e),
                )
            )
        possible = all(self.possible([*instance.assumptions, claim]) for claim in claims)
        other = self.possible([*instance.assumptions, *(z3.Not(c) for c in claims)])
        return possible, other


def constants(system, state):
    return {
        s.name: t[()] for s, t in state.tables.items() if s.rigid and () in t and type(t[()]) is int and s.name == "N"
    }
