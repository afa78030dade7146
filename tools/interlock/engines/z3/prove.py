"""Proof by induction, for sorts of any size.

All invariants, lemmas and inferred lemmas are proved together: each must hold initially, and each step must lead from
states that satisfy all of them to states that satisfy it.  What fails is dropped and the rest judged again without it
until nothing more fails, so that a proof rests on proved properties only (Houdini's algorithm).  Assertions, unwraps
and ranges must follow from what is proved in any state, and step invariants of any step from such a state; so must what
a refinement claims of the steps of each transition, while what it claims of the start must follow from that alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import assert_never

from interlock.core.rewrite import symbols_of
from interlock.core.system import Obligation, Property, TransitionSystem
from interlock.core.term import Term
from interlock.core.trace import Trace
from interlock.core.verdict import NotInductive, Proved, Unknown, Verdict, Violated
from interlock.engines.protocol import Limits
from interlock.engines.refinement import Simulation, simulation_of
from interlock.engines.z3.alternation import alternates
from interlock.engines.z3.ask import Answer, Budget, ask, solver
from interlock.engines.z3.background import Instance, Theory
from interlock.engines.z3.confirm import confirm
from interlock.engines.z3.cti import Question, initial_question, smallest, state_question, step_question
from interlock.engines.z3.finite import Finite
from interlock.engines.z3.sanity import contradiction
from interlock.engines.z3.terms import Expr, Solver, UnsupportedError, z3

METHOD = "induction"
INVARIANTS = frozenset(("invariant", "lemma", "inferred"))
OBLIGATIONS = frozenset(("assertion", "unwrap", "range"))

_PLAIN_SHARE = 0.3


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
    """The proof of one system: what is assumed, what failed and where.

    `wanted` are the properties that somebody asks about; of the others, those that the file expects to be violated
    are not tried as lemmas.
    """

    system: TransitionSystem
    budget: Budget
    limits: Limits
    wanted: frozenset[str]
    theory: Theory = field(init=False)
    failures: dict[str, Failure] = field(default_factory=dict[str, Failure])
    supporters: dict[str, str] = field(default_factory=dict[str, str])
    instances: list[Instance | str] = field(default_factory=list["Instance | str"])
    simulations: dict[str, Simulation] = field(default_factory=dict[str, Simulation])
    strongest: list[Property] = field(default_factory=list[Property])
    proved: list[Property] = field(default_factory=list[Property])

    def __post_init__(self) -> None:
        self.theory = Theory(self.system)
        for transition in self.system.transitions:
            try:
                self.instances.append(self.theory.instance(transition))
            except UnsupportedError as unsupported:
                self.instances.append(str(unsupported))

    def run(self) -> None:
        """Prove what can be proved and note the failures of the rest."""
        self._invariants()
        for prop in self.system.properties:
            if prop.name not in self.wanted:
                continue
            if prop.kind == "step_invariant":
                self._judge_alone(prop, self._step_invariant_breaks)
            elif prop.kind in OBLIGATIONS:
                self._judge_alone(prop, self._obligation_breaks)
            elif prop.kind == "refinement":
                self._refinement(prop)

    def verdict(self, prop: Property) -> Verdict:
        """What is found of a property, with a counterexample where its induction breaks."""
        if prop.kind not in INVARIANTS | OBLIGATIONS | {"step_invariant", "refinement"}:
            return Unknown(METHOD, f"induction does not judge {prop.kind}")
        failure = self.failures.get(prop.name)
        if failure is None:
            return Proved(METHOD)
        if failure.reason:
            return Unknown(METHOD, failure.reason)
        if prop.name in self.supporters:
            needed = self.supporters[prop.name]
            return Unknown(METHOD, f"rests on {needed}, which is not proved", rests_on=needed)
        place = self._place(failure)
        found = self._counterexample(prop, failure)
        match found:
            case None if failure.answer == "sat":
                return Unknown(METHOD, f"not inductive {place}; no small counterexample to show it")
            case None if not self.budget.left():
                return Unknown(METHOD, f"no time left {place}: {self.limits.total_seconds:.3g} s are over")
            case None:
                return Unknown(METHOD, f"no answer {place} within {self.limits.query_seconds:g} s")
            case str():
                return Unknown(METHOD, found)
            case Trace() if failure.transition is None and failure.obligation is None:
                return Violated(METHOD, "initial state", found)
            case Trace():
                return NotInductive(METHOD, "unbounded", found)
            case _:
                assert_never(found)

    def _counterexample(self, prop: Property, failure: Failure) -> Trace | str | None:
        """The smallest counterexample, as the evaluator confirms it."""
        assumed = [self.system.property(name).formula for name in failure.hypotheses]
        index, obligation = failure.transition, failure.obligation
        initial = index is None and obligation is None
        simulation = self.simulations.get(prop.name)

        def make(finite: Finite) -> Question:
            if obligation is not None:
                return state_question(finite, assumed, obligation)
            if index is not None:
                claim = None if simulation is None else simulation.steps[index].formula
                return step_question(finite, assumed, index, prop, claim)
            return initial_question(finite, prop.formula if simulation is None else simulation.initial)

        try:
            found = smallest(self.system, make, self.budget)
        except UnsupportedError:
            return None
        return None if found is None else confirm(self.system, prop, found, initial=initial, assumed=assumed)

    def _place(self, failure: Failure) -> str:
        if failure.transition is not None:
            return f"after {self.system.transitions[failure.transition].action}"
        if failure.obligation is not None:
            return f"at {failure.obligation.action}"
        return "initially"

    def _invariants(self) -> None:
        """Prove invariants and lemmas together."""
        hopeless = {e.property for e in self.system.expects if e.verdict == "violated"} - self.wanted
        tried = [p for p in self.system.properties if p.kind in INVARIANTS and p.name not in hopeless]
        kept = [p for p in tried if self._understood(p)]
        self._initiation(kept)
        kept = self._without_failures(kept)
        self.strongest = list(kept)
        dropped: list[Property] = []
        while found := self._consecution(kept):
            if dropped:
                for name, failure in found.items():
                    self._blame(name, failure, kept, dropped)
            self.failures |= found
            dropped = [p for p in kept if p.name in found]
            kept = self._without_failures(kept)
        self.proved = kept

    def _judge_alone(self, prop: Property, breaks: Callable[[Property, Sequence[Property]], Failure | None]) -> None:
        """Judge a property that no other rests on, from what is proved."""
        failure = breaks(prop, self.proved)
        if failure is None:
            return
        if len(self.strongest) > len(self.proved) and self.budget.left():
            stronger = breaks(prop, self.strongest)
            if stronger is None:
                unproved = [p for p in self.strongest if p not in self.proved]
                needed = [p for p in unproved if breaks(prop, [*self.proved, p]) is None]
                self.supporters[prop.name] = (needed or unproved)[0].name
            failure = stronger or failure
        self.failures[prop.name] = failure

    def _refinement(self, prop: Property) -> None:
        """Judge the start by itself, and then the steps as those of a step invariant."""
        simulation = simulation_of(self.system, prop)
        if isinstance(simulation, str):
            self.failures[prop.name] = Failure("unknown", reason=simulation)
            return
        self.simulations[prop.name] = simulation
        try:
            answer = self._starts(simulation.initial)
        except UnsupportedError as unsupported:
            self.failures[prop.name] = Failure("unknown", reason=str(unsupported))
            return
        if answer == "unsat":
            self._judge_alone(prop, self._step_claim_breaks)
        else:
            self.failures[prop.name] = Failure(answer)

    def _starts(self, formula: Term) -> Answer:
        """Whether an initial state may break a formula."""
        facts, bodies = self.theory.initial()
        asked = solver(self.theory.vocabulary.context, [*self.theory.background(), *facts])
        asked.add(z3.Not(z3.substitute_funs(self.theory.formula(formula), *bodies)))
        return ask(asked, self.budget)

    def _step_invariant_breaks(self, prop: Property, assumed: Sequence[Property]) -> Failure | None:
        try:
            formula = self.theory.formula(prop.formula)
        except UnsupportedError as unsupported:
            return Failure("unknown", reason=str(unsupported))
        return self._steps_break(lambda _index, _instance: formula, assumed)

    def _step_claim_breaks(self, prop: Property, assumed: Sequence[Property]) -> Failure | None:
        claims = self.simulations[prop.name].steps

        def claim(index: int, instance: Instance) -> Expr:
            return self.theory.encoder.bind(instance.constants).formula(claims[index].formula)

        return self._steps_break(claim, assumed)

    def _steps_break(self, claim: Callable[[int, Instance], Expr], assumed: Sequence[Property]) -> Failure | None:
        """The first transition of which some step breaks what is claimed of it."""
        names = tuple(p.name for p in assumed)
        asked = self.state(assumed)
        for index, instance in enumerate(self.instances):
            if isinstance(instance, str):
                return Failure("unknown", index, reason=instance)
            if not instance.changed:
                continue
            if not self.budget.left():
                return Failure("unknown", index, None, names)
            try:
                after = z3.substitute_funs(claim(index, instance), *instance.primes)
            except UnsupportedError as unsupported:
                return Failure("unknown", index, reason=str(unsupported))
            asked.push()
            asked.add(*instance.assumptions, z3.Not(after))
            answer = ask(asked, self.budget)
            if answer != "unsat":
                asked.add(instance.moves)
                answer = ask(asked, self.budget)
            asked.pop()
            if answer != "unsat":
                return Failure(answer, index, None, names)
        return None

    def _obligation_breaks(self, prop: Property, assumed: Sequence[Property]) -> Failure | None:
        names = tuple(p.name for p in assumed)
        asked = self.state(assumed)
        for obligation in self.system.obligations:
            if obligation.property != prop.name:
                continue
            try:
                violation = self.theory.violation(obligation)
            except UnsupportedError as unsupported:
                return Failure("unknown", None, obligation, reason=str(unsupported))
            asked.push()
            asked.add(*violation)
            answer = ask(asked, self.budget)
            asked.pop()
            if answer != "unsat":
                return Failure(answer, None, obligation, names)
        return None

    def _blame(self, name: str, failure: Failure, kept: Sequence[Property], dropped: Sequence[Property]) -> None:
        """Name the unproved property without which this one is not inductive."""
        for lemma in dropped:
            rest = [lemma, *kept]
            if failure.transition is None or not self.budget.left():
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
        if not self.budget.left():  # to write a question down that cannot be asked takes time as well
            return {p.name: Failure("unknown", index) for p in touched}
        after = {p.name: z3.substitute_funs(self.theory.formula(p.formula), *instance.after) for p in touched}
        open_ = self._breaks_plainly(instance, assumed, touched, after)
        if not open_:
            return {}
        asked = self.state(assumed)
        asked.add(*instance.assumptions)
        goals_left = {name: after[name] for name in open_}
        return {name: Failure(answer, index) for name, answer in self._breaks(asked, goals_left).items()}

    def _breaks_plainly(
        self, instance: Instance, assumed: Sequence[Property], goals: Sequence[Property], after: Mapping[str, Expr]
    ) -> list[str]:
        """Which goals do not soon follow from themselves and the hypotheses whose quantifiers do not alternate.

        Most goals follow from these, and z3 finds it far sooner; only what is left is asked with all that is assumed.
        """
        plain = [p for p in assumed if not alternates(p.formula)]
        if len(plain) == len(assumed):
            return list(after)
        budget = self.budget.share(_PLAIN_SHARE)
        asked = self.state(plain)
        asked.add(*instance.assumptions)
        found: list[str] = []
        for goal in goals:
            asked.push()
            if goal in assumed:
                asked.add(self.theory.formula(goal.formula))
            asked.add(z3.Not(after[goal.name]))
            if ask(asked, budget) != "unsat":
                found.append(goal.name)
            asked.pop()
        return found

    def state(self, assumed: Sequence[Property]) -> Solver:
        """A solver that knows a state which satisfies the assumed properties."""
        facts = self.theory.background() + [self.theory.formula(p.formula) for p in assumed]
        return solver(self.theory.vocabulary.context, facts)

    def _breaks(self, asked: Solver, goals: Mapping[str, Expr]) -> dict[str, Answer]:
        """Which goals do not follow.

        Each is asked alone: one query for all of them together would branch over every goal and instantiate the
        quantifiers of each, although most goals follow at once.  With dozens of lemmas that is a hundred times slower.
        """
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
        """Judge invariants, lemmas, step invariants, obligations and refinements; see `interlock.engines.protocol`."""
        start = monotonic()
        for name, verdict in _judge(system, properties, limits):
            yield name, replace(verdict, seconds=monotonic() - start)


def _judge(system: TransitionSystem, names: Sequence[str], limits: Limits) -> Iterator[tuple[str, Verdict]]:
    try:
        proof = Proof(system, Budget.of(limits), limits, frozenset(names))
        reason = contradiction(proof.theory, proof.budget)
        if reason is None:
            proof.run()
    except UnsupportedError as unsupported:
        for name in names:
            yield name, Unknown(METHOD, str(unsupported))
        return
    for name in names:
        yield name, Unknown(METHOD, reason) if reason is not None else proof.verdict(system.property(name))
