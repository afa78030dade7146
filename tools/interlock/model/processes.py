"""From a process's control graph to guarded transitions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import assert_never

from interlock.core.diagnostic import Diagnostic
from interlock.core.rewrite import map_apps, substitute
from interlock.core.source import Span
from interlock.core.system import Obligation, ProcessInfo, Transition, Update
from interlock.core.term import (
    FALSE,
    TRUE,
    App,
    Literal,
    Some,
    Symbol,
    Term,
    Var,
    conj,
    disj,
    equal,
    ite,
    negate,
    type_of,
)
from interlock.core.types import BOOL, EnumType, OptionType
from interlock.lang import typed
from interlock.model.control import (
    Advance,
    Branch,
    Builder,
    Choice,
    End,
    Finish,
    Forward,
    Graph,
    Leave,
    Location,
    Node,
    Returned,
    Step,
)
from interlock.model.execute import Executor
from interlock.model.path import Path, present, write
from interlock.model.split import Kind, Places, Split

DONE = "done"


@dataclass(frozen=True)
class Machine:
    """A process with its graph, program counter and (where its entry is reached again) a flag that it has started."""

    process: typed.Process
    graph: Graph
    pc: Symbol
    started: Symbol | None

    @property
    def params(self) -> tuple[Var, ...]:
        """The process's parameters."""
        return self.process.params

    def at(self, location: str) -> Term:
        """Whether the program counter has this value."""
        return equal(App(self.pc, self.params), Literal(location, self.pc.result))

    def among(self, locations: Iterable[str]) -> Term:
        """Whether the program counter has one of these values; said of the others where those are fewer."""
        assert isinstance(self.pc.result, EnumType)
        chosen = set(locations)
        rest = [m for m in self.pc.result.members if m not in chosen]
        if len(rest) < len(chosen):
            return conj(negate(self.at(m)) for m in rest)
        return disj(self.at(m) for m in self.pc.result.members if m in chosen)

    def kind(self) -> Kind:
        """What other code can ask of the process."""
        if self.started is not None:
            started: Term = App(self.started, self.params)
        else:
            started = negate(self.among(self.entry_names()))
        return Kind(self.process.name, self.params, self.process.constructor, self.at(DONE), started)

    def entry_names(self) -> frozenset[str]:
        """Locations at which the process may begin."""
        return frozenset(self.rests(self.graph.entry))

    def rests(self, node: Node) -> Iterator[str]:
        """Locations at which control may come to rest from a node."""
        match node:
            case Step() | Choice():
                yield self.graph.location(node).name
            case Branch():
                yield from self.rests(node.yes)
                yield from self.rests(node.no)
            case Leave() | Returned():
                yield from self.rests(node.next)
            case Forward():
                assert node.target is not None
                yield from self.rests(node.target)
            case End():
                yield DONE
            case _:
                assert_never(node)

    @property
    def locations(self) -> tuple[Location, ...]:
        """All locations but the end, in the order in which control meets them."""
        return tuple(self.graph.locations.values())

    def place(self, place: typed.Place) -> Term:
        """What `at` or `inside` means, over the process's parameters."""
        if place.kind == "inside":
            inside = (loc.name for loc in self.locations if any(place.label in r.names for r in loc.regions))
            return self.among(inside)
        return disj(
            conj((self.at(loc.name), guard))
            for loc in self.locations
            for guard, step in loc.steps
            if step.label == place.label
        )

    def loop_bodies(self) -> Iterator[tuple[typed.ForItem, tuple[str, ...]]]:
        """Each loop over a walk with the locations inside its body, where its variable is set."""
        loops = {r.names[0]: r for step in self.graph.steps for r in step.regions if r.loop is not None}
        for region in loops.values():
            assert region.loop is not None
            inside = tuple(
                loc.name
                for loc in self.locations
                if region in loc.regions
                and not any(
                    isinstance(s.code, Advance | Finish) and s.code.walk is region.loop.walk for _, s in loc.steps
                )
            )
            if inside:
                yield region.loop, inside

    def info(self) -> ProcessInfo:
        """What engines and renderers need to know of the process."""
        labels: dict[str, list[str]] = {}
        regions: dict[str, list[str]] = {}
        for location in self.locations:
            for label in dict.fromkeys(step.label for _, step in location.steps):
                labels.setdefault(label, []).append(location.name)
            for region in location.regions:
                for name in region.names:
                    regions.setdefault(name, []).append(location.name)
        return ProcessInfo(
            self.process.name,
            self.params,
            self.pc,
            DONE,
            self.kind().started,
            tuple((name, tuple(found)) for name, found in labels.items()),
            tuple((name, tuple(found)) for name, found in regions.items()),
            tuple(loc.name for loc in self.locations if loc.rest),
            self.process.fairness,
            self.process.span,
        )


def build_machine(process: typed.Process, *, wants_started: bool) -> tuple[Machine, list[Diagnostic]]:
    """Build the control graph and choose the symbols of control."""
    graph = Builder(process).build()
    names = tuple(location.name for location in graph.locations.values())
    types = tuple(v.type for v in process.params)
    pc = Symbol(f"{process.name}.pc", types, EnumType(f"{process.name}.pc", (*names, DONE)))
    machine = Machine(process, graph, pc, None)
    if any(d.is_error for d in graph.diagnostics):
        return machine, graph.diagnostics
    if wants_started:
        entry = machine.entry_names()
        again = any(
            name in entry
            for location in graph.locations.values()
            for _, step in location.steps
            for node in (step.next, *(n for (owner, _), n in graph.exits.items() if owner == id(step)))
            for name in machine.rests(node)
            if name != DONE
        )
        if again:
            machine = replace(machine, started=Symbol(f"{process.name}.started", types, BOOL))
    return machine, graph.diagnostics


@dataclass
class Stepper:
    """Turns the steps of one machine into transitions and obligations."""

    machine: Machine
    split: Split
    places: Places

    def transitions(self) -> tuple[list[tuple[Transition, dict[Symbol, Update]]], list[Obligation]]:
        """All transitions (with what each writes) and all obligations."""
        offered: dict[int, list[tuple[Location, Term, Step]]] = {}
        for location in self.machine.locations:
            for guard, step in location.steps:
                offered.setdefault(id(step), []).append((location, guard, step))
        found: list[tuple[Transition, dict[Symbol, Update]]] = []
        obligations: list[Obligation] = []
        for places in offered.values():
            executor = self._executor(places[0][2])
            found.extend(self._step(places, executor))
            obligations.extend(executor.obligations)
        return found, obligations

    def _executor(self, step: Step) -> Executor:
        process = self.machine.process
        implicit = frozenset(local.symbol for local in process.locals if local.implicit)
        name = process.name
        return Executor(self.split, self.places, f"{name}.{step.label}", name, process.params, implicit)

    def _step(
        self, places: list[tuple[Location, Term, Step]], executor: Executor
    ) -> Iterator[tuple[Transition, dict[Symbol, Update]]]:
        step = places[0][2]
        process = self.machine.process
        here = Path(env={typed.SELF: App(process.constructor, process.params)})
        control = disj(conj((self.machine.at(location.name), guard)) for location, guard, _ in places)
        start = executor.value(control, here, step.span)
        if start is None:
            return
        began = start[1].guarded(start[0])
        if began is None:
            return
        for path in self._run(step, began, executor):
            node = step.next if path.jump is None else self.machine.graph.leave(step, path.jump)
            after: Path | None = path
            if path.jump is not None and path.value is not None:
                after = self._returned(path, path.value, executor, path.jump.span)
            if after is None:
                continue
            for settled, location in self._settle(node, replace(after, jump=None, value=None), executor, step):
                yield self._transition(step, settled, location, executor)

    def _run(self, step: Step, path: Path, executor: Executor) -> list[Path]:
        match step.code:
            case Advance():
                return [
                    self._set(after, step.code.var, Some(element))
                    for element, after in executor.walk_next(step.code.walk, path)
                ]
            case Finish():
                return [self._unset(after, step.code.var) for after in executor.walk_end(step.code.walk, path)]
            case _:
                return executor.block(step.code, path)

    def _set(self, path: Path, local: typed.Local, value: Term) -> Path:
        return write(path, local.symbol, self.machine.params, value, TRUE, frozenset())

    def _unset(self, path: Path, local: typed.Local) -> Path:
        return self._set(path, local, Literal(None, local.symbol.result))

    def _returned(self, path: Path, value: Term, executor: Executor, span: Span) -> Path | None:
        result = self.machine.process.result
        inside = path if result is None else executor.in_range(result.result, value, path, span)
        if result is None or inside is None:
            return inside
        held = value if isinstance(type_of(value), OptionType) else Some(value)
        return write(inside, result, self.machine.params, held, TRUE, frozenset())

    def _settle(self, node: Node, path: Path, executor: Executor, step: Step) -> Iterator[tuple[Path, str]]:
        """Follow control from the end of a step to where it comes to rest."""
        match node:
            case Step() | Choice():
                yield path, self.machine.graph.location(node).name
            case End():
                yield path, DONE
            case Forward():
                assert node.target is not None
                yield from self._settle(node.target, path, executor, step)
            case Leave():
                after = executor.walk_forget(node.loop.walk, self._unset(path, node.loop.var))
                yield from self._settle(node.next, after, executor, step)
            case Returned():
                found = executor.value(node.value, path, step.span)
                returned = None if found is None else self._returned(found[1], found[0], executor, node.span)
                if returned is not None:
                    yield from self._settle(node.next, returned, executor, step)
            case Branch():
                found = executor.value(node.condition, path, step.span)
                if found is None:
                    return
                for condition, branch in ((found[0], node.yes), (negate(found[0]), node.no)):
                    for taken in present(found[1].guarded(condition)):
                        yield from self._settle(branch, taken, executor, step)
            case _:
                assert_never(node)

    def _transition(
        self, step: Step, path: Path, location: str, executor: Executor
    ) -> tuple[Transition, dict[Symbol, Update]]:
        machine = self.machine
        after = write(path, machine.pc, machine.params, Literal(location, machine.pc.result), TRUE, frozenset())
        if machine.started is not None:
            after = write(after, machine.started, machine.params, TRUE, TRUE, frozenset())
        transition = Transition(
            executor.action,
            machine.params,
            conj(after.guards),
            (),
            after.witnesses,
            after.choices,
            machine.process.name,
            step.path,
            step.span,
        )
        return transition, dict(after.store)

    # ------------------------------------------------------------ the beginning

    def initial_values(self) -> Iterator[typed.InitialValue]:
        """Where the process begins, and with what in its locals."""
        machine, process = self.machine, self.machine.process
        for local in process.locals:
            yield typed.InitialValue(local.symbol, local.formals, local.initial)
        if process.result is not None:
            yield typed.InitialValue(process.result, process.params, Literal(None, process.result.result))
        for walk in process.walks:
            for symbol in (walk.owed, walk.visited):
                yield typed.InitialValue(symbol, (*process.params, Var("_e", walk.over.var.type)), FALSE)
        yield typed.InitialValue(machine.pc, process.params, self._entry(machine.graph.entry))
        if machine.started is not None:
            yield typed.InitialValue(machine.started, process.params, FALSE)

    def _entry(self, node: Node) -> Term:
        machine = self.machine
        match node:
            case Step() | Choice():
                return Literal(machine.graph.location(node).name, machine.pc.result)
            case End():
                return Literal(DONE, machine.pc.result)
            case Branch():
                return ite(self._initially(node.condition), self._entry(node.yes), self._entry(node.no))
            case Leave() | Returned():
                return self._entry(node.next)
            case Forward():
                assert node.target is not None
                return self._entry(node.target)
            case _:
                assert_never(node)

    def _initially(self, condition: Term) -> Term:
        """A condition over locals, as it is when the process begins."""
        locals_ = {local.symbol: local for local in self.machine.process.locals}

        def start(app: App) -> Term:
            local = locals_.get(app.symbol)
            if local is None:
                return app
            return substitute(local.initial, dict(zip(local.formals, app.args, strict=True)))

        return map_apps(condition, start)
