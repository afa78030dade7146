"""What conformance runs have exercised: steps of the refined specification, outcomes of operations, antecedents.

It says how much a run that has found nothing is worth, and is never part of a verdict.

A property `A implies B` of which `A` was true in no state is kept by a run that never came near it.  A step of the
specification counts as taken if it is one of those that explain a step of the candidate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Protocol, runtime_checkable

from interlock.core.show import show_term
from interlock.core.system import Property, TransitionSystem
from interlock.core.term import And, Implies, Quant, Term, Var, conj, exists
from interlock_conformance.judging.monitor import Monitor
from interlock_conformance.judging.refinement import Refinement


@dataclass(frozen=True, slots=True)
class Covered:
    """One kind of thing that can be exercised: all there is, and what was."""

    what: str
    everything: tuple[str, ...] = ()
    exercised: frozenset[str] = frozenset()

    @property
    def missed(self) -> tuple[str, ...]:
        """What was not, in order."""
        return tuple(thing for thing in self.everything if thing not in self.exercised)

    def __or__(self, other: Covered) -> Covered:
        return Covered(
            self.what,
            tuple(dict.fromkeys((*self.everything, *other.everything))),
            self.exercised | other.exercised,
        )

    def __str__(self) -> str:
        missed = f"; not: {', '.join(self.missed)}" if self.missed else ""
        return f"{self.what}: {len(self.everything) - len(self.missed)} of {len(self.everything)}{missed}"


@dataclass(frozen=True, slots=True)
class Coverage:
    """What some runs have exercised; runs are added up with `|`."""

    steps: Covered = field(default=Covered("steps"))
    outcomes: Covered = field(default=Covered("outcomes"))
    antecedents: Covered = field(default=Covered("antecedents"))

    def __or__(self, other: Coverage) -> Coverage:
        return Coverage(self.steps | other.steps, self.outcomes | other.outcomes, self.antecedents | other.antecedents)

    @property
    def parts(self) -> tuple[Covered, ...]:
        """Its kinds of things, without those of which there are none."""
        return tuple(part for part in (self.steps, self.outcomes, self.antecedents) if part.everything)


@runtime_checkable
class Exercising(Protocol):
    """A binding that exercises steps of the specification by itself."""

    def exercised(self) -> Covered:
        """The steps that it has exercised up to now."""
        ...


def together(coverages: Sequence[Coverage]) -> Coverage:
    """What several runs have exercised between them."""
    return reduce(Coverage.__or__, coverages, Coverage())


def coverage_of(
    monitor: Monitor,
    refinement: Refinement | None,
    possible: Sequence[tuple[str, str]],
    seen: frozenset[tuple[str, str]],
) -> Coverage:
    """What the executions of one workload have exercised.

    `possible` are operations with an outcome that each may have, `seen` those that were seen.
    """
    return Coverage(
        Covered("steps") if refinement is None else _steps(refinement),
        Covered(
            "outcomes",
            tuple(_outcome(pair) for pair in dict.fromkeys((*possible, *sorted(seen)))),
            frozenset(_outcome(pair) for pair in seen),
        ),
        _antecedents(monitor),
    )


def _outcome(pair: tuple[str, str]) -> str:
    return f"{pair[0]}: {pair[1]}"


def _steps(refinement: Refinement) -> Covered:
    names = names_of_steps(refinement.system)
    return Covered("steps", names, frozenset(names[index] for index in refinement.taken))


def names_of_steps(system: TransitionSystem) -> tuple[str, ...]:
    """A name for each transition; those that an `either` or an `if` makes of one step are told apart by a number."""
    full = [f"{t.process}.{t.label}" if t.process else t.action for t in system.transitions]
    count, number = Counter(full), Counter[str]()
    found: list[str] = []
    for name in full:
        number[name] += 1
        found.append(name if count[name] == 1 else f"{name} ({number[name]} of {count[name]})")
    return tuple(found)


def _antecedents(monitor: Monitor) -> Covered:
    everything: list[str] = []
    met: set[str] = set()
    for prop in monitor.properties:
        for name, antecedent in antecedents_of(prop):
            everything.append(name)
            if monitor.ever(antecedent, steps=prop.kind == "step_invariant"):
                met.add(name)
    return Covered("antecedents", tuple(everything), frozenset(met))


def antecedents_of(prop: Property) -> tuple[tuple[str, Term], ...]:
    """What has to be true somewhere for a property to say anything; named by the property, with the text of several."""
    found = tuple(_antecedents_in(prop.formula, (), ()))
    if len(found) == 1:
        return ((prop.name, found[0][0]),)
    return tuple((f"{prop.name} ({show_term(shown)})", formula) for formula, shown in found)


def _antecedents_in(term: Term, bound: tuple[Var, ...], given: tuple[Term, ...]) -> Iterator[tuple[Term, Term]]:
    """Each antecedent with those around it, closed; and by itself."""
    match term:
        case Quant(kind="forall"):
            yield from _antecedents_in(term.body, (*bound, *term.vars), given)
        case And():
            for part in term.args:
                yield from _antecedents_in(part, bound, given)
        case Implies():
            yield exists(bound, conj((*given, term.left))), term.left
            yield from _antecedents_in(term.right, bound, (*given, term.left))
        case _:
            pass
