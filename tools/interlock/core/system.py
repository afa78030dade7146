"""The transition system that every engine reads: sorts, symbols, initial condition, guarded transitions, properties."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal as OneOf

from interlock.core.source import Span
from interlock.core.term import TRUE, Symbol, Term, Var
from interlock.core.types import EnumType, IntType, RangeType, SortType

Fairness = OneOf["none", "weak", "strong"]
PropertyKind = OneOf[
    "invariant",
    "lemma",
    "inferred",
    "step_invariant",
    "assertion",
    "unwrap",
    "range",
    "deadlock",
    "reachable",
    "liveness",
    "refinement",
    "scenario",
]
"""`assertion`, `unwrap` and `range` collect the obligations of that name; `inferred` is a lemma found by the tool."""

Expectation = OneOf["proved", "holds", "violated", "unknown"]


@dataclass(frozen=True, slots=True)
class Update:
    """New value of a symbol, everywhere: `symbol(formals)' = value`, where `value` reads the state before.

    Point writes are conditionals over the formals: `slot(a, i) := x` is
    `slot(u, v)' = if u = a and v = i then x else slot(u, v)`.
    """

    symbol: Symbol
    formals: tuple[Var, ...]
    value: Term


@dataclass(frozen=True, slots=True)
class Transition:
    """One guarded atomic step, or one of its alternatives (several transitions may share `action`).

    Enabled for values of `params` and `witnesses` and an interpretation of `choices` that satisfy `guard` (which
    reads only the state before and the choices).  `process` and `label` are None and the action's name for an action
    that happens by itself; otherwise `label` is the step's with the loops around it, `fill/alloc_list`, and `action`
    the process and the plain label, `init.alloc_list`.  `params` are what a reader wants to see: the process's or
    action's own parameters; `witnesses` are values picked inside the step.  `choices` are fresh rigid symbols that a
    `havoc` of a whole symbol needs.  Symbols without an update keep their interpretation.
    `changes_nothing` is True where no update exists (a stuttering step).
    """

    action: str
    params: tuple[Var, ...]
    guard: Term
    updates: tuple[Update, ...]
    witnesses: tuple[Var, ...] = ()
    choices: tuple[Symbol, ...] = ()
    process: str | None = None
    label: str = ""
    span: Span | None = field(default=None, compare=False)

    def update_of(self, symbol: Symbol) -> Update | None:
        """The update of `symbol`, or None where the transition leaves it alone."""
        return next((u for u in self.updates if u.symbol == symbol), None)


@dataclass(frozen=True, slots=True)
class Obligation:
    """What must hold in every reachable state: for all values of `vars` (and choices), `reach` implies `condition`.

    `reach` says that control is at the place and the awaits before it have passed.  `property` names the property
    that it belongs to; `action` and `params` the step in which it is written (for messages).
    """

    property: str
    action: str
    params: tuple[Var, ...]
    witnesses: tuple[Var, ...]
    reach: Term
    condition: Term
    choices: tuple[Symbol, ...] = ()
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ScenarioStep:
    """One line item of a scenario: a process or action with arguments, and what it does next.

    `label` is a step's label or an action's name; `run` is "step" for that one step, "region" to run the process to
    the end of the region `label` (through its last exit or `.end` step), "end" to run it until it is done.
    """

    process: str
    args: tuple[Term, ...]
    label: str
    run: OneOf["step", "region", "end"]
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Property:
    """Something to judge.  Unused fields keep their defaults.

    `formula`: invariant, lemma, inferred, reachable: over one state; step_invariant: over a step (primed
    applications); liveness: the left side of `leads to`, with `leads_to` the right.
    scenario: `params` existential, `schedule` in order, `formula` at its end, `possible` what is claimed.
    refinement: what is claimed is the system's `Refinement` of that name; `reason` tells why where there is none.
    `unchanging` names state of which the formula spoke as written, and which was dropped since nothing changes it.
    """

    name: str
    kind: PropertyKind
    formula: Term = TRUE
    leads_to: Term = TRUE
    params: tuple[Var, ...] = ()
    schedule: tuple[ScenarioStep, ...] = ()
    possible: bool = True
    reason: str = ""
    doc: str = ""
    unchanging: tuple[str, ...] = ()
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ProcessInfo:
    """A kind of process: one thread for each value of `params`.

    `pc` is a symbol over the parameters whose result is an enum of locations; `done` is the location of a thread that
    has ended; `labels` maps each step's label to the locations from which the step may be taken, `regions` each
    `with`, `for` and walk's name to the locations inside it; `rest` are locations at which waiting is no deadlock.
    `started` is a formula over `params`.
    """

    name: str
    params: tuple[Var, ...]
    pc: Symbol
    done: str
    started: Term
    labels: tuple[tuple[str, tuple[str, ...]], ...]
    regions: tuple[tuple[str, tuple[str, ...]], ...]
    rest: tuple[str, ...]
    fairness: Fairness = "none"
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Scope:
    """A named choice of sizes: sort name to number of elements (at least 1)."""

    name: str
    sizes: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Expect:
    """What the file says a property's verdict will be."""

    property: str
    verdict: Expectation
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Named:
    """A formula with a name: an axiom or a part of the initial condition."""

    name: str
    formula: Term
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Refinement:
    """A claimed refinement of an abstract system: what its variables and its steps are here.

    `variables` give each abstract variable a value over this system's state; one that is not listed is the variable of
    the same name.  `steps` name the abstract action, with arguments over the parameters of this system's action and
    over its state before and after, that a step takes unless it leaves the abstract state as it is.  A step that is
    named twice may take either; one that is not named must leave the abstract state as it is.
    """

    property: str
    abstract: TransitionSystem
    variables: tuple[Update, ...]
    steps: tuple[tuple[str, str, tuple[Term, ...]], ...]
    """(this system's action, the abstract action, its arguments)."""


@dataclass(frozen=True)
class TransitionSystem:
    """What a module denotes.  Symbols with an entry in `initial_values` start there; others start arbitrary.

    `axioms` speak of rigid symbols only and hold in every state; `initially` constrains the initial state.
    Total orders of ordered sorts are built in and are not listed as axioms.
    """

    name: str
    sorts: tuple[SortType, ...]
    enums: tuple[EnumType, ...]
    symbols: tuple[Symbol, ...]
    axioms: tuple[Named, ...]
    initial_values: tuple[Update, ...]
    initially: tuple[Named, ...]
    transitions: tuple[Transition, ...]
    obligations: tuple[Obligation, ...]
    properties: tuple[Property, ...]
    processes: tuple[ProcessInfo, ...] = ()
    scopes: tuple[Scope, ...] = ()
    expects: tuple[Expect, ...] = ()
    action_fairness: tuple[tuple[str, Fairness], ...] = ()
    refinements: tuple[Refinement, ...] = ()
    doc: str = ""

    def sized_constants(self) -> tuple[Symbol, ...]:
        """The constants that a scope may give a value: integers without parameters and without a value of their own."""
        defined = {update.symbol for update in self.initial_values}
        free = (s for s in self.symbols if s.rigid and not s.params and s not in defined)
        return tuple(s for s in free if isinstance(s.result, IntType | RangeType))

    def property(self, name: str) -> Property:
        """The property of that name; KeyError where there is none."""
        for prop in self.properties:
            if prop.name == name:
                return prop
        raise KeyError(name)
