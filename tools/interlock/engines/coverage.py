"""What the judged system never does: steps that no run takes, and properties that hold for want of anything to say.

A proof that rests on a step which can never be taken, or on a condition that is never met, is true and worthless; the
usual cause is a guard that was written wrongly.  A short exploration sees most steps and conditions happen, which
settles them.  For the rest z3 is asked whether the proved invariants rule them out; what it cannot rule out either is
dead in one finite scope, if that was exhausted, and else merely not seen, of which nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from interlock.core.control import Control
from interlock.core.rewrite import subterms
from interlock.core.show import show_term
from interlock.core.system import Property, TransitionSystem
from interlock.core.term import TRUE, And, App, Implies, Quant, Term, Var, conj, exists, negate
from interlock.core.verdict import Holds, Proved, Verdict, Violated
from interlock.engines.explore import Exploration
from interlock.engines.protocol import Limits

SECONDS = 3.0
STATES = 20_000
_UNBOUNDED = "unbounded"


@dataclass(frozen=True)
class Dead:
    """A step that no run takes: whatever the sizes (`unbounded`, proved), or in the scope that was exhausted."""

    step: str
    method: str
    bound: str


@dataclass(frozen=True)
class Vacuous:
    """A property that holds because its `condition` never does, or since nothing changes the state `unchanging`."""

    property: str
    condition: str
    unchanging: tuple[str, ...]
    method: str
    bound: str


@dataclass(frozen=True)
class Coverage:
    """What was found to be dead or vacuous; `unseen` are steps that were neither seen nor ruled out."""

    dead: tuple[Dead, ...] = ()
    vacuous: tuple[Vacuous, ...] = ()
    unseen: tuple[str, ...] = ()
    states: int = 0
    complete: bool = False


class RulesOut(Protocol):
    """Whether the proved invariants rule out steps and conditions (over a state, or over a step if primed)."""

    def __call__(
        self,
        system: TransitionSystem,
        invariants: Sequence[str],
        actions: Sequence[str],
        conditions: Sequence[Term],
        limits: Limits,
    ) -> tuple[frozenset[str], frozenset[Term]]:
        """The actions and the conditions that can never be."""
        ...


@dataclass(frozen=True)
class _Claim:
    """A property that would be vacuous if none of the conditions ever held; `proved` says whether for any size."""

    name: str
    conditions: tuple[Term, ...]
    text: str
    proved: bool

    @property
    def of_steps(self) -> bool:
        """Whether the conditions speak of the state after a step."""
        return any(isinstance(part, App) and part.primed for term in self.conditions for part in subterms(term))


def cover(
    system: TransitionSystem, found: Iterable[tuple[str, Verdict]], rules_out: RulesOut, limits: Limits
) -> Coverage:
    """Find what is dead or vacuous, after the properties have been judged; `limits.sizes` is the finite scope."""
    verdicts = tuple(found)
    good = {name for name, verdict in verdicts if isinstance(verdict, Proved | Holds)}
    proved = {name for name, verdict in verdicts if isinstance(verdict, Proved) and verdict.bound == _UNBOUNDED}
    judged = [p for p in system.properties if p.name in good and p.kind in ("invariant", "step_invariant")]
    claims = [claim for p in judged if p.formula != TRUE for claim in _claims(system, p, proved=p.name in proved)]
    exhausted = max((v.seconds for _, v in verdicts if isinstance(v, Holds)), default=0.0)
    within = replace(
        limits,
        total_seconds=min(limits.total_seconds, SECONDS + 2 * exhausted),
        states=limits.states if exhausted else min(limits.states or STATES, STATES),
    )
    run = Exploration(replace(system, properties=tuple(_probes(claims))), _names(claims), within, cover=True)
    met = {name for name, verdict in run.judge() if isinstance(verdict, Violated)}
    stats = run.stats()
    missing = [action for action, count in stats.actions if count == 0]
    silent = [claim for number, claim in enumerate(claims) if not any(n in met for n in _numbered(number, claim))]
    conditions = [condition for claim in silent for condition in claim.conditions]
    invariants = [
        p.name for p in system.properties if p.name in proved and p.kind in ("invariant", "lemma", "inferred")
    ]
    dead: frozenset[str] = frozenset()
    never: frozenset[Term] = frozenset()
    if missing or conditions:
        dead, never = rules_out(system, invariants, missing, conditions, limits)
    scope = ", ".join(f"{sort}={size}" for sort, size in limits.sizes.items())

    def how(*, ruled_out: bool) -> tuple[str, str]:
        return ("induction", _UNBOUNDED) if ruled_out else ("explore", scope)

    vacuous = [_unchanging(p) for p in judged if p.formula == TRUE]
    for claim in silent:
        ruled_out = never.issuperset(claim.conditions)
        too_small = claim.of_steps and claim.proved  # such a step may take more elements than the scope has
        if ruled_out or (stats.complete and not too_small):
            vacuous.append(Vacuous(claim.name, claim.text, (), *how(ruled_out=ruled_out)))
    told = [action for action in missing if action in dead or stats.complete]
    return Coverage(
        tuple(Dead(action, *how(ruled_out=action in dead)) for action in told),
        tuple(vacuous),
        tuple(action for action in missing if action not in told),
        stats.states,
        stats.complete,
    )


def _unchanging(prop: Property) -> Vacuous:
    return Vacuous(prop.name, "", prop.unchanging, "lowering", _UNBOUNDED)


def _claims(system: TransitionSystem, prop: Property, *, proved: bool) -> Iterator[_Claim]:
    found = conditions_of(prop.formula)
    if found:
        control = Control(system.processes)
        text = " or ".join(show_term(condition, control=control) for _, condition in found)
        yield _Claim(prop.name, tuple(exists(over, condition) for over, condition in found), text, proved)


def conditions_of(formula: Term) -> list[tuple[tuple[Var, ...], Term]]:
    """The conditions without which a formula says nothing, each with the variables over which it stands.

    `forall x :: A implies forall y :: B implies C` says nothing where `A and B` never holds; of a conjunction, each
    part must say nothing.  Empty where the formula has no such form: then it always says something.
    """
    match formula:
        case Quant(kind="forall"):
            return [(formula.vars + over, condition) for over, condition in conditions_of(formula.body)]
        case Implies():
            inner = conditions_of(formula.right)
            return [(over, conj((formula.left, part))) for over, part in inner] or [((), formula.left)]
        case And():
            parts = [conditions_of(part) for part in formula.args]
            return [found for part in parts for found in part] if all(parts) else []
        case _:
            return []


def _numbered(number: int, claim: _Claim) -> list[str]:
    return [f"condition {number}.{i}" for i in range(len(claim.conditions))]


def _names(claims: Sequence[_Claim]) -> list[str]:
    return [name for number, claim in enumerate(claims) for name in _numbered(number, claim)]


def _probes(claims: Sequence[_Claim]) -> Iterator[Property]:
    """That a condition never holds, as properties: a state or step that breaks one is where it does.

    Of a step invariant whose condition speaks of the state before, it is enough that such a state is reached: what is
    claimed of it is often that no step leads on.
    """
    for number, claim in enumerate(claims):
        for name, condition in zip(_numbered(number, claim), claim.conditions, strict=True):
            yield Property(name, "step_invariant" if claim.of_steps else "invariant", negate(condition))
