"""Counterexamples to induction, as small as they can be made.

They are looked for in finite instances that grow until there is one, then stripped: first of elements, then of facts
that are true before the step.  What is left is what a reader needs in order to see the missing invariant.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from interlock.core.system import Obligation, Property, TransitionSystem
from interlock.core.term import Count, Quant, Term, children
from interlock.core.trace import Trace
from interlock.core.types import BoolType, EnumType, IntType, OptionType, RangeType, SortType
from interlock.engines.z3.ask import Budget, ask, ground_solver
from interlock.engines.z3.cases import Truth, both, opposite
from interlock.engines.z3.finite import Finite, Values, formulas, holds, range_ends
from interlock.engines.z3.ground import Frame
from interlock.engines.z3.terms import Expr, Model, Solver

LARGEST = 4
"""Elements of each sort beyond which no counterexample is looked for."""

_EMPTY = -1
"""Where ranges have no values: nobody thinks of that, and it breaks what is true otherwise."""

_STRIP_SHARE = 0.1
_LARGEST_EXPANSION = 400_000


@dataclass(frozen=True)
class Question:
    """A counterexample that is asked for, in one finite instance."""

    finite: Finite
    frame: Frame
    facts: Sequence[Expr]
    transition: int | None = None
    chosen: Values | None = None
    after: Frame | None = None

    def trace(self, model: Model) -> Trace:
        """The counterexample that a model describes."""
        before = self.finite.state(model, self.frame)
        if self.transition is None or self.chosen is None or self.after is None:
            return Trace(before, ())
        return Trace(before, (self.finite.taken(model, self.transition, self.chosen, self.after),))


def step_question(
    finite: Finite, assumed: Sequence[Term], index: int, prop: Property, claim: Term | None = None
) -> Question:
    """A step of one transition from a state that satisfies the assumed formulas to one that breaks the property.

    `claim` is what the property says of the steps of that transition, where it says of each something else.
    """
    transition = finite.system.transitions[index]
    frame, facts = finite.arbitrary()
    chosen, more = finite.values((*transition.params, *transition.witnesses), transition.choices, "step ")
    enabled, written = finite.step(transition, frame, chosen)
    after = {**frame, **written}
    if prop.kind == "step_invariant" or claim is not None:
        kept = finite.formula(prop.formula if claim is None else claim, frame, after, chosen.env)
        broken = both((opposite(kept), finite.moved(transition, frame, after)))
    else:
        broken = opposite(finite.formula(prop.formula, after))
    conditions = [*(finite.formula(term, frame) for term in assumed), enabled, broken]
    return Question(
        finite, frame, [*finite.facts, *facts, *more, *formulas(conditions, finite.context)], index, chosen, after
    )


def state_question(finite: Finite, assumed: Sequence[Term], obligation: Obligation) -> Question:
    """A state that satisfies the assumed formulas and breaks an obligation."""
    frame, facts = finite.arbitrary()
    broken, more = finite.failure(obligation, frame, "obligation ")
    conditions = [*(finite.formula(term, frame) for term in assumed), broken]
    return Question(finite, frame, [*finite.facts, *facts, *more, *formulas(conditions, finite.context)])


def initial_question(finite: Finite, formula: Term) -> Question:
    """An initial state in which a formula is false."""
    frame, conditions = finite.initial()
    broken = opposite(finite.formula(formula, frame))
    return Question(finite, frame, [*finite.facts, *formulas([*conditions, broken], finite.context)])


def smallest(system: TransitionSystem, make: Callable[[Finite], Question], budget: Budget) -> Trace | None:
    """The smallest counterexample that is found in the time, or None."""
    ends = _open_ends(system)
    for size in (*range(1, LARGEST + 1), *((_EMPTY,) if ends else ())):
        sizes = {sort.name: max(1, size) for sort in system.sorts}
        if not budget.left() or (size > 1 and too_large(system, size)):
            return None
        finite = Finite(system, {**sizes, **dict.fromkeys(ends, size)})
        question = make(finite)
        asked = ground_solver(finite.context, question.facts, numbers=finite.numbers)
        if ask(asked, budget) == "sat":
            return question.trace(_strip(question, asked, budget))
        if not sizes and not ends:
            return None
    return None


def _open_ends(system: TransitionSystem) -> tuple[str, ...]:
    """Constants that end ranges and may be as large as they like, or so small that a range is empty."""
    names = range_ends(system)
    return tuple(
        symbol.name
        for symbol in system.sized_constants()
        if symbol.name in names and not (isinstance(symbol.result, RangeType) and isinstance(symbol.result.high, int))
    )


def _strip(question: Question, asked: Solver, budget: Budget) -> Model:
    """A model with as few elements, and then as few facts before the step, as greed achieves.

    What is quiet in the model stays so, and each loud cell is asked to be quiet as well; no subset of what is left
    loud can be quiet.
    """
    model = asked.model()
    kept: list[Expr] = []
    for wishes in (_absences(question.finite), _quiet_cells(question)):
        fixed = [*kept, *(wish for wish in wishes if holds(model, wish))]
        for wish in wishes:
            if not holds(model, wish) and ask(asked, budget.share(_STRIP_SHARE), [*fixed, wish]) == "sat":
                model = asked.model()
                fixed = [*kept, *(w for w in wishes if holds(model, w))]
        kept = fixed
    return model


def _absences(finite: Finite) -> list[Expr]:
    """That elements are not there, the last of each sort first."""
    present = finite.universe.present.values()
    return [opposite(c) for conditions in present for c in reversed(conditions) if not isinstance(c, bool)]


def _quiet_cells(question: Question) -> list[Expr]:
    """That cells are false, none, or an enum's first member (where processes start)."""
    wishes: list[Truth] = []
    for symbol, table in question.frame.items():
        for cell in table.values():
            match symbol.result:
                case BoolType():
                    wishes.append(cell.is_(False))
                case OptionType():
                    wishes.append(cell.is_(None))
                case EnumType(members=members):
                    wishes.append(cell.is_(members[0]))
                case SortType() | RangeType() | IntType():
                    wishes.append(cell.is_(0))
    return [wish for wish in wishes if not isinstance(wish, bool)]


def too_large(system: TransitionSystem, size: int) -> bool:
    """Whether spelling out the system's formulas over that many elements would take longer than solving them."""
    terms = [p.formula for p in system.properties] + [t.guard for t in system.transitions]
    return sum(_instances(term, size) for term in terms) > _LARGEST_EXPANSION


def _instances(term: Term, size: int) -> int:
    """About how many nodes a term has when its quantifiers are spelt out."""
    inner = 1 + sum(_instances(child, size) for child in children(term))
    if isinstance(term, Quant | Count):
        sorts = sum(isinstance(v.type, SortType) for v in term.vars)
        return inner * int(size**sorts)
    return inner
