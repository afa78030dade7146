"""Proof by induction, for sorts of any size.

All invariants, lemmas and inferred lemmas are proved together: each must hold initially, and each step must lead from
states that satisfy all of them to states that satisfy it.  What fails is dropped and the rest judged again without it
until nothing more fails, so that a proof rests on proved properties only (Houdini's algorithm).  Assertions, unwraps
and ranges must follow from what is proved in any state, and step invariants of any step from such a state.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

from interlock.core.rewrite import symbols_of
from interlock.core.system import Obligation, Property, TransitionSystem
from interlock.core.verdict import Proved, Unknown, Verdict
from interlock.engines.protocol import Limits
from interlock.engines.z3.ask import Answer, Budget, ask, solver
from interlock.engines.z3.background import Instance, Theory
from interlock.engines.z3.sanity import contradiction
from interlock.engines.z3.terms import Expr, Solver, UnsupportedError, disjunction, z3

METHOD = "induction"
INVARIANTS = frozenset(("invariant", "lemma", "inferred"))
OBLIGATIONS = frozenset(("assertion", "unwrap", "range"))


@dataclass(frozen=True)
class Failure:
    """Where the induction of a property breaks: initially, at a step, or at an obligation's place.

    `answer` is what z3 said of there being a counterexample, `hypotheses` the names assumed, `reason` why z3 was not
    asked where it could not be.
    """

    answer: Answer
    transition: int | None = None
    obligation: Obligation | None = None
    hypotheses: tuple[str, ...] = ()
    reason: str = ""


@dataclass
class Proof:
    """The proof of one system: what is assumed, what failed and where."""

    system: TransitionSystem
    budget: Budget
    limits: Limits
    theory: Theory = field(init=False)
    failures: dict[str, Failure] = field(default_factory=dict[str, Failure])
    supporters: dict[str, str] = field(default_factory=dict[str, str])
    instances: list[Instance | str] = field(default_factory=list["Instance | str"])

    def __post_init__(self) -> None:
        self.theory = Theory(self.system)
        for transition in self.system.transitions:
            try:
                self.instances.append(self.theory.instance(transition))
            except UnsupportedError as unsupported:
                self.instances.append(str(unsupported))

    def invariants(self) -> list[Property]:
        """Prove invariants and lemmas together; returns those that are proved."""
        kept = [p for p in self.system.properties if p.kind in INVARIANTS and self._understood(p)]
        self._initiation(kept)
        kept = self._without_failures(kept)
        self.strongest = list(kept)
        dropped: list[Property] = []
        while True:
            found = self._consecution(kept)
            if not found:
                return kept
            if dropped:
                for name, failure in found.items():
                    self._blame(name, failure, kept, dropped)
            self.failures |= found
            dropped = [p for p in kept if p.name in found]
            kept = self._without_failures(kept)

    def _blame(self, name: str, failure: Failure, kept: Sequence[Property], dropped: Sequence[Property]) -> None:
        """Name the unproved property without which this one is not inductive."""
        for lemma in dropped:
            rest = [lemma, *kept]
            if failure.transition is None:
                continue
            prop = self.system.property(name)
            if self._step_breaks(failure.transition, rest, [prop]) == {}:
                self.supporters[name] = lemma.name
                return
        self.supporters[name] = dropped[0].name

    def _understood(self, prop: Property) -> bool:
        try:
            self.theory.formula(prop.formula)
        except UnsupportedError as unsupported:
            self.failures[prop.name] = Failure("unknown", reason=str(unsupported))
            return False
        return True

    def _without_failures(self, props: Sequence[Property]) -> list[Property]:
        return [p for p in props if p.name not in self.failures]

    def _initiation(self, props: Sequence[Property]) -> None:
        facts, bodies = self.theory.initial()
        asked = solver(self.theory.vocabulary.context, [*self.theory.background(), *facts])
        goals = {p.name: z3.substitute_funs(self.theory.formula(p.formula), *bodies) for p in props}
        for name, answer in self._breaks(asked, goals).items():
            self.failures[name] = Failure(answer)

    def _consecution(self, props: Sequence[Property]) -> dict[str, Failure]:
        found: dict[str, Failure] = {}
        names = tuple(p.name for p in props)
        for index in range(len(self.instances)):
            self.limits.progress(f"{METHOD}: step {self.system.transitions[index].action}")
            goals = [p for p in props if p.name not in found]
            for name, failure in self._step_breaks(index, props, goals).items():
                found[name] = Failure(failure.answer, index, None, names, failure.reason)
        return found

    def _step_breaks(self, index: int, assumed: Sequence[Property], goals: Sequence[Property]) -> dict[str, Failure]:
        transition = self.system.transitions[index]
        changed = {u.symbol for u in transition.updates}
        touched = [p for p in goals if not changed.isdisjoint(symbols_of(p.formula))]
        if not touched:
            return {}
        instance = self.instances[index]
        if isinstance(instance, str):
            return {p.name: Failure("unknown", index, reason=instance) for p in touched}
        asked = self._state(assumed)
        asked.add(*instance.assumptions)
        after = {p.name: z3.substitute_funs(self.theory.formula(p.formula), *instance.after) for p in touched}
        return {name: Failure(answer, index) for name, answer in self._breaks(asked, after).items()}

    def _state(self, assumed: Sequence[Property]) -> Solver:
        facts = self.theory.background() + [self.theory.formula(p.formula) for p in assumed]
        return solver(self.theory.vocabulary.context, facts)

    def _breaks(self, asked: Solver, goals: Mapping[str, Expr]) -> dict[str, Answer]:
        """Which goals do not follow: all at once first, which is one query where everything is proved."""
        if not goals:
            return {}
        asked.push()
        asked.add(disjunction((z3.Not(g) for g in goals.values()), self.theory.vocabulary.context))
        together = ask(asked, self.budget)
        asked.pop()
        if together == "unsat":
            return {}
        if len(goals) == 1:
            return dict.fromkeys(goals, together)
        found: dict[str, Answer] = {}
        for name, goal in goals.items():
            asked.push()
            asked.add(z3.Not(goal))
            answer = ask(asked, self.budget)
            asked.pop()
            if answer != "unsat":
                found[name] = answer
        return found


@dataclass(frozen=True)
class Induction:
    """The engine `induction`."""

    name: str = METHOD

    def judge(
        self, system: TransitionSystem, properties: Sequence[str], limits: Limits
    ) -> Iterator[tuple[str, Verdict]]:
        """Judge invariants, lemmas, step invariants and obligations; see `interlock.engines.protocol`."""
        start = monotonic()
        induction = Proof(system, Budget.of(limits), limits)
        reason = contradiction(induction.theory, induction.budget)
        if reason is not None:
            for name in properties:
                yield name, Unknown(METHOD, reason)
            return
        proved = {p.name for p in induction.invariants()}
        for name in properties:
            seconds = monotonic() - start
            if name in proved:
                yield name, Proved(METHOD, seconds=seconds)
            else:
                yield name, Unknown(METHOD, f"{induction.failures.get(name)}")
