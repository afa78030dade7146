"""Lowering: from a typed program to the transition system that every engine reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from interlock.core.diagnostic import Diagnostic
from interlock.core.rewrite import map_apps, symbols_of
from interlock.core.system import (
    Named,
    Obligation,
    Property,
    PropertyKind,
    Refinement,
    Transition,
    TransitionSystem,
    Update,
)
from interlock.core.term import (
    FALSE,
    App,
    Compare,
    Literal,
    Some,
    Symbol,
    Term,
    Var,
    conj,
    equal,
    forall,
    implies,
    negate,
)
from interlock.core.types import EnumType, OptionType, SortType
from interlock.lang import typed
from interlock.lang.names import first_of
from interlock.model.assignment import unset_reads
from interlock.model.control_facts import infer_control_facts
from interlock.model.evaluation import Evaluation
from interlock.model.execute import Executor
from interlock.model.path import Path, formals_of
from interlock.model.processes import Machine, Stepper, build_machine
from interlock.model.simplify import drop_constant_symbols
from interlock.model.split import Places, Split

Written = tuple[Transition, dict[Symbol, Update]]


def lower(
    program: typed.TypedProgram, *, abstract: bool = False
) -> tuple[TransitionSystem | None, tuple[Diagnostic, ...]]:
    """Lower a checked program; what only the control graph shows to be wrong is reported here.

    As an `abstract` system, which something else is to refine, it keeps variables that no step of it ever changes.
    """
    wants_started = uses_started(program)
    machines: list[Machine] = []
    diagnostics: list[Diagnostic] = []
    for process in program.processes:
        machine, found = build_machine(process, wants_started=wants_started)
        machines.append(machine)
        diagnostics.extend(found)
        if not any(d.is_error for d in found):
            diagnostics.extend(unset_reads(machine.graph))
    if any(d.is_error for d in diagnostics):
        return None, tuple(diagnostics)
    return Lowering(program, tuple(machines)).system(abstract=abstract), tuple(diagnostics)


def uses_started(program: typed.TypedProgram) -> bool:
    """Whether anything asks if a process has started: only then is that remembered."""
    claimed = [p.formula for p in program.properties]
    for refinement in program.refinements:
        claimed += [value for _, _, value in refinement.variables]
        claimed += [arg for _, _, args in refinement.steps for arg in args]
    return (
        any(p.kind == "deadlock" for p in program.properties)
        or any(typed.STARTED in symbols_of(term) for term in claimed)
        or any(s == typed.STARTED for s in code_symbols(program))
    )


def code_symbols(program: typed.TypedProgram) -> Iterator[Symbol]:
    """Symbols that the conditions of steps, operations and actions read."""
    from interlock.lang.check import terms_of

    def block(statements: typed.Block, seen: tuple[typed.Operation, ...]) -> Iterator[Symbol]:
        for statement in statements:
            for term in terms_of(statement):
                yield from symbols_of(term)
            match statement:
                case typed.If():
                    yield from block(statement.yes, seen)
                    yield from block(statement.no, seen)
                case typed.Either():
                    for branch in statement.branches:
                        yield from block(branch, seen)
                case typed.Invoke() if statement.operation not in seen:
                    yield from block(statement.operation.body, (*seen, statement.operation))
                case _:
                    pass

    def items(body: tuple[typed.Item, ...]) -> Iterator[Symbol]:
        for item in body:
            match item:
                case typed.StepItem():
                    yield from block(item.body, ())
                case typed.WithItem() | typed.ForItem() | typed.WhileItem():
                    yield from items(item.body)
                case typed.IfItem():
                    yield from items(item.yes)
                    yield from items(item.no)
                case typed.EitherItem():
                    for branch in item.branches:
                        yield from items(branch)
                case typed.Jump():
                    pass

    for process in program.processes:
        yield from items(process.body)
    for action in program.actions:
        yield from block(action.body, ())


@dataclass
class Lowering:
    """Holds what all parts of one lowering share."""

    program: typed.TypedProgram
    machines: tuple[Machine, ...]
    written: list[Written] = field(default_factory=list[Written])
    obligations: list[Obligation] = field(default_factory=list[Obligation])
    initial: list[Update] = field(default_factory=list[Update])

    def __post_init__(self) -> None:
        """Split by kinds of process, and resolve places."""
        self.split = Split(tuple(machine.kind() for machine in self.machines))
        by_name = {machine.process.name: machine for machine in self.machines}
        self.places = Places(
            {
                place.symbol: (by_name[place.process].params, by_name[place.process].place(place))
                for place in self.program.places
            }
        )

    def expand(self, term: Term, taken: frozenset[str] = frozenset()) -> Term:
        """A typed formula as a formula of the transition system."""
        return Evaluation(self.split, self.places, taken=taken).term(term, {})

    def system(self, *, abstract: bool = False) -> TransitionSystem:
        """Lower everything.

        An `abstract` system, which another claims to refine, keeps even the variables that no step of it ever changes:
        that they never change is part of what is claimed.
        """
        program = self.program
        for machine in self.machines:
            stepper = Stepper(machine, self.split, self.places)
            found, obligations = stepper.transitions()
            self.written.extend(found)
            self.obligations.extend(obligations)
            for value in stepper.initial_values():
                self._initial_value(value)
        for action in program.actions:
            self._action(action)
        if not self.machines and not program.actions:
            self._clients()
        for value in program.initial_values:
            self._initial_value(value)
        refinements = tuple(self._refinements())
        properties = {p.name: tuple(self._property(p)) for p in program.properties}
        transitions = tuple(self._finished(transition, store) for transition, store in self.written)
        system = TransitionSystem(
            program.name,
            self._sorts(),
            (*program.enums, *(m.pc.result for m in self.machines if isinstance(m.pc.result, EnumType))),
            self._symbols(),
            tuple(replace(a, formula=self.expand(a.formula)) for a in program.axioms),
            tuple(self.initial),
            tuple(replace(i, formula=self.expand(i.formula)) for i in program.initially),
            transitions,
            tuple(self.obligations),
            (
                *(p for versions in properties.values() for p in versions),
                *self._implied(),
                *(p for p, _ in refinements),
            ),
            tuple(machine.info() for machine in self.machines),
            program.scopes,
            tuple(
                replace(e, property=version.name) if version is not None else e
                for e in program.expects
                for version in properties.get(e.property, (None,))
            ),
            tuple((a.name, a.fairness) for a in program.actions if a.fairness != "none"),
            tuple(refinement for _, refinement in refinements),
            program.doc,
        )
        if abstract:
            return with_least_elements(system)
        system = with_least_elements(drop_constant_symbols(system))
        return replace(system, properties=(*system.properties, *infer_control_facts(system), *self._walk_facts(system)))

    def _walk_facts(self, system: TransitionSystem) -> Iterator[Property]:
        """Lemmas of every walk: what is owed is in the set and not visited; what the body works on is visited."""
        known = set(system.symbols)
        for machine in self.machines:
            for walk in machine.process.walks:
                if walk.owed not in known or walk.visited not in known:
                    continue
                args = (*walk.params, walk.over.var)
                owed, visited = App(walk.owed, args), App(walk.visited, args)
                claims = [implies(owed, negate(visited))]
                if not walk.snapshot:
                    claims.append(implies(owed, reduced_to(system, self.expand(walk.over.body))))
                yield Property(
                    f"{machine.process.name}.{walk.name}.walk",
                    "inferred",
                    forall(args, conj(claims)),
                    doc=f"What the walk {walk.name} owes and has visited.",
                    span=machine.process.span,
                )
            for loop, names in machine.loop_bodies():
                if loop.walk.visited not in known or loop.var.symbol not in known:
                    continue
                element = loop.walk.over.var
                args = (*loop.walk.params, element)
                here = conj((machine.among(names), equal(App(loop.var.symbol, loop.walk.params), Some(element))))
                yield Property(
                    f"{machine.process.name}.{loop.region}.body",
                    "inferred",
                    forall(args, implies(here, App(loop.walk.visited, args))),
                    doc=f"The body of {loop.region} works on what it has visited.",
                    span=machine.process.span,
                )

    # ------------------------------------------------------------ transitions

    def _action(self, action: typed.Action) -> None:
        for params, values in self.split.assignments(action.params):
            executor = Executor(self.split, self.places, action.name, action.name, params, frozenset())
            for path in executor.block(action.body, Path(env=values)):
                transition = Transition(
                    action.name,
                    params,
                    conj(path.guards),
                    (),
                    path.witnesses,
                    path.choices,
                    None,
                    action.name,
                    action.span,
                )
                self.written.append((transition, dict(path.store)))
            self.obligations.extend(executor.obligations)

    def _clients(self) -> None:
        """A module of operations alone is judged for every client that keeps its asserts."""
        for operation in self.program.operations:
            params = (*operation.params, typed.SELF)
            executor = Executor(
                self.split, self.places, operation.name, operation.name, params, frozenset(), assume_only=True
            )
            for path in executor.block(operation.body, Path()):
                transition = Transition(
                    operation.name,
                    params,
                    conj(path.guards),
                    (),
                    path.witnesses,
                    path.choices,
                    None,
                    operation.name,
                    operation.span,
                )
                self.written.append((transition, dict(path.store)))

    def _finished(self, transition: Transition, store: dict[Symbol, Update]) -> Transition:
        """Complete the updates: walks forget what left their sets, and what is written as it was is dropped."""
        for machine in self.machines:
            for walk in machine.process.walks:
                if not walk.snapshot:
                    self._keep_owed(walk, store)
        updates = tuple(u for u in store.values() if u.value != App(u.symbol, u.formals))
        return replace(transition, updates=updates)

    def _keep_owed(self, walk: typed.Walk, store: dict[Symbol, Update]) -> None:
        """Every step that changes the set does owed'(x) := owed(x) and member'(x) (ruling 11)."""
        formals = formals_of(walk.owed)
        env: dict[Var, Term] = dict(zip((*walk.params, walk.over.var), formals, strict=True))
        before = Evaluation(self.split, self.places).term(walk.over.body, env)
        if not symbols_of(before) & store.keys():
            return
        after = Evaluation(self.split, self.places, store).term(walk.over.body, env)
        if after == before:
            return
        update = store.get(walk.owed)
        owed = App(walk.owed, formals) if update is None else update.value
        store[walk.owed] = Update(walk.owed, formals, conj((owed, after)))

    # ------------------------------------------------------------ state and properties

    def _initial_value(self, value: typed.InitialValue) -> None:
        for bound, values in self.split.assignments(value.formals):
            args = tuple(values.get(v, v) for v in value.formals)
            applied = self.split.apply(value.symbol, args)
            assert isinstance(applied, App)
            term = Evaluation(self.split, self.places).term(value.value, values)
            self.initial.append(Update(applied.symbol, bound, term))

    def _symbols(self) -> tuple[Symbol, ...]:
        found: dict[str, Symbol] = {}
        for symbol in (*self.program.symbols, *(v.symbol for m in self.machines for v in m.process.locals)):
            for version, _ in self.split.versions(symbol):
                found[version.name] = version
        for machine in self.machines:
            process = machine.process
            own = [s for walk in process.walks for s in (walk.owed, walk.visited)]
            own += [s for s in (process.result, machine.pc, machine.started) if s is not None]
            found.update((s.name, s) for s in own)
        return tuple(found.values())

    def _sorts(self) -> tuple[SortType, ...]:
        sorts = self.program.sorts
        if self.machines:
            return sorts
        used = any(typed.PROCESS in s.params for s in self.program.symbols) or any(
            typed.SELF in t.params for t, _ in self.written
        )
        return (*sorts, typed.PROCESS) if used else sorts

    def _property(self, prop: Property) -> Iterator[Property]:
        """The property over the system; a claim of each process is one property for each kind of process."""
        if prop.kind == "deadlock":
            yield prop
            return
        choices = tuple(self.split.assignments(prop.params))
        for params, values in choices:
            evaluation = Evaluation(self.split, self.places, taken=frozenset(v.name for v in params))
            kinds = [v.symbol.name for v in values.values() if isinstance(v, App)]
            yield replace(
                prop,
                name="_".join((prop.name, *kinds)) if len(choices) > 1 else prop.name,
                params=params,
                formula=evaluation.term(prop.formula, values),
                leads_to=evaluation.term(prop.leads_to, values),
                schedule=tuple(
                    replace(s, args=tuple(evaluation.term(a, values) for a in s.args)) for s in prop.schedule
                ),
            )

    def _implied(self) -> Iterator[Property]:
        """One property for each name under which obligations are judged, those without any left included."""
        from interlock.lang.check import asserts_in, asserts_in_items

        names: dict[str, PropertyKind] = {}
        for process in self.program.processes:
            names.update(dict.fromkeys(asserts_in_items(process.body), "assertion"))
        for action in self.program.actions:
            names.update(dict.fromkeys(asserts_in(action.body), "assertion"))
        expected = {e.property for e in self.program.expects}
        for owner in (*(p.name for p in self.program.processes), *(a.name for a in self.program.actions)):
            for kind in ("unwrap", "range"):
                name = f"{owner}.{kind}"
                if name in expected or any(o.property == name for o in self.obligations):
                    names[name] = "unwrap" if kind == "unwrap" else "range"
        for name, kind_ in names.items():
            first = next((o for o in self.obligations if o.property == name), None)
            yield Property(name, kind_, span=None if first is None else first.span)

    def _refinements(self) -> Iterator[tuple[Property, Refinement]]:
        for claimed in self.program.refinements:
            abstract = Lowering(claimed.target, ()).system(abstract=True)
            variables = tuple(Update(s, formals, self.expand(value)) for s, formals, value in claimed.variables)
            steps = tuple(
                (step, action, tuple(self.expand(arg) for arg in args)) for step, action, args in claimed.steps
            )
            yield (
                Property(claimed.property, "refinement", doc=claimed.doc, span=claimed.span),
                Refinement(claimed.property, abstract, variables, steps),
            )


def reduced_to(system: TransitionSystem, term: Term) -> Term:
    """The term without symbols that were dropped because they never change from false or none."""
    known = set(system.symbols)

    def value(app: App) -> Term:
        if app.symbol in known or app.symbol.rigid:
            return app
        return Literal(None, app.symbol.result) if isinstance(app.symbol.result, OptionType) else FALSE

    return map_apps(term, value)


def with_least_elements(system: TransitionSystem) -> TransitionSystem:
    """Add `S.first` with its axiom for ordered sorts of which it is used."""
    used = {symbol for term in all_terms(system) for symbol in symbols_of(term)}
    wanted = [s for s in system.sorts if s.ordered and first_of(s) in used]
    axioms: list[Named] = []
    for sort in wanted:
        x = Var("x", sort)
        axioms.append(Named(f"{sort.name}.first", forall((x,), Compare("<=", App(first_of(sort)), x))))
    return replace(
        system,
        symbols=(*system.symbols, *(first_of(s) for s in wanted)),
        axioms=(*system.axioms, *axioms),
    )


def all_terms(system: TransitionSystem) -> Iterator[Term]:
    """Every formula and value in the system."""
    for entry in (*system.axioms, *system.initially):
        yield entry.formula
    for update in system.initial_values:
        yield update.value
    for transition in system.transitions:
        yield transition.guard
        for update in transition.updates:
            yield update.value
    for obligation in system.obligations:
        yield obligation.reach
        yield obligation.condition
    for prop in system.properties:
        yield prop.formula
        yield prop.leads_to
        for step in prop.schedule:
            yield from step.args
    for refinement in system.refinements:
        yield from all_terms(refinement.abstract)
        yield from (variable.value for variable in refinement.variables)
        for _, _, args in refinement.steps:
            yield from args
