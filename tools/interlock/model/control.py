"""The control graph of a process: steps, the locations between them, and what is decided on the way.

Control between steps takes no step: from the end of a step one follows branches (conditions over locals), clears the
bookkeeping of walks that are left, and arrives at a location.  A location is a value of the program counter from which
one or more steps may be taken: the head of a loop offers `scan.next` and `scan.end`, a choice the first step of each
branch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from interlock.core.diagnostic import Diagnostic, diagnose
from interlock.core.source import Span
from interlock.core.term import TRUE, Term, conj, negate
from interlock.lang import typed


@dataclass(frozen=True)
class Advance:
    """`scan.next`: take one element of the walk into the loop's variable."""

    walk: typed.Walk
    var: typed.Local


@dataclass(frozen=True)
class Finish:
    """`scan.end`: nothing is owed."""

    walk: typed.Walk
    var: typed.Local


Code: TypeAlias = typed.Block | Advance | Finish


@dataclass(eq=False)
class Region:
    """The inside of a `with` (a lock is held) or of a `for` (a walk goes on)."""

    names: tuple[str, ...]
    held: typed.HeldSection | None = None
    loop: typed.ForItem | None = None


@dataclass(eq=False)
class Step:
    """One atomic step; `next` is where control goes unless the code jumps."""

    label: str
    code: Code
    regions: tuple[Region, ...]
    rest: bool
    span: Span
    next: Node
    break_to: tuple[Node, int] | None = None

    @property
    def path(self) -> str:
        """The label with the loops around it, as a trace shows it."""
        loops = [region.names[0] for region in self.regions if region.loop is not None]
        if self.label.rsplit(".", 1)[0] in loops:
            loops.remove(self.label.rsplit(".", 1)[0])
        return "/".join((*loops, self.label))


@dataclass(eq=False)
class Choice:
    """A location that offers the first steps of several nodes."""

    name: str
    branches: list[Node]
    span: Span


@dataclass(eq=False)
class Branch:
    """A decision by locals."""

    condition: Term
    yes: Node
    no: Node
    span: Span


@dataclass(eq=False)
class Leave:
    """A loop is left by a jump: its walk is forgotten."""

    loop: typed.ForItem
    next: Node


@dataclass(eq=False)
class Returned:
    """A `return` with a value between steps: the result is set at the end of the step before."""

    value: Term
    next: Node
    span: Span


@dataclass(eq=False)
class Forward:
    """A node that is built later: the head of a loop, the target of a `goto`, a label."""

    span: Span
    target: Node | None = None
    regions: tuple[Region, ...] = ()


@dataclass(eq=False)
class End:
    """The process is done."""


Node: TypeAlias = Step | Choice | Branch | Leave | Returned | Forward | End


@dataclass(eq=False)
class Location:
    """A value of the program counter: `steps` may be taken here, each under a condition over locals."""

    name: str
    steps: tuple[tuple[Term, Step], ...]

    @property
    def rest(self) -> bool:
        """Whether waiting here is no deadlock."""
        return any(step.rest for _, step in self.steps)

    @property
    def regions(self) -> tuple[Region, ...]:
        """Regions that all its steps are in."""
        stacks = [step.regions for _, step in self.steps]
        return tuple(r for r in stacks[0] if all(r in stack for stack in stacks))


@dataclass
class Graph:
    """The control graph of one process."""

    process: typed.Process
    entry: Node
    done: End
    steps: list[Step] = field(default_factory=list[Step])
    locations: dict[int, Location] = field(default_factory=dict[int, Location])
    diagnostics: list[Diagnostic] = field(default_factory=list[Diagnostic])
    labels: dict[str, Forward] = field(default_factory=dict[str, Forward])
    exits: dict[tuple[int, int], Node] = field(default_factory=dict[tuple[int, int], "Node"])

    def report(self, code: str, message: str, span: Span, fix: str = "") -> None:
        """Record a diagnostic once, however many paths lead to it."""
        if not any(d.code.name == code and d.span == span for d in self.diagnostics):
            self.diagnostics.append(diagnose(code, message, span, fix=fix))

    def leave(self, step: Step, jump: typed.Jump) -> Node:
        """Where a jump in a step's code leads, through the exits of the regions that it leaves."""
        return self.exits[id(step), id(jump)]

    def location(self, node: Step | Choice) -> Location:
        """The location of a node at which control can rest."""
        return self.locations[id(node)]


def jumps_in(block: typed.Block) -> Iterator[typed.Jump]:
    """Jumps of a step's own code (returns of operations that it calls are not jumps of the step)."""
    for statement in block:
        match statement:
            case typed.Jump():
                yield statement
            case typed.If():
                yield from jumps_in(statement.yes)
                yield from jumps_in(statement.no)
            case typed.Either():
                for branch in statement.branches:
                    yield from jumps_in(branch)
            case _:
                pass


class Builder:
    """Builds the graph of one process, last item first."""

    def __init__(self, process: typed.Process) -> None:
        self.done = End()
        self.graph = Graph(process, self.done, self.done)
        self._leaving: dict[tuple[int, int], Node] = {}
        self._gotos: list[tuple[Forward, typed.Jump, tuple[Region, ...]]] = []

    def build(self) -> Graph:
        """The whole graph, with its locations and diagnostics."""
        process = self.graph.process
        self.graph.entry = self._items(process.body, self.done, (), None)
        if not self.graph.steps:
            self.graph.report("E0510", f"process `{process.name}` has no step", process.span, "add `step NAME: ..`")
            return self.graph
        for step in tuple(self.graph.steps):
            if not isinstance(step.code, Advance | Finish):
                for jump in jumps_in(step.code):
                    self.graph.exits[id(step), id(jump)] = self._target(jump, step.regions, step.break_to)
        for forward, jump, regions in self._gotos:
            self._resolve(forward, jump, regions)
        if not self.graph.diagnostics:
            Locations(self.graph).find()
        return self.graph

    # ------------------------------------------------------------ nodes

    def _items(
        self, items: tuple[typed.Item, ...], after: Node, regions: tuple[Region, ...], loop: tuple[Node, int] | None
    ) -> Node:
        node = after
        for item in reversed(items):
            node = self._item(item, node, regions, loop)
        return node

    def _item(self, item: typed.Item, after: Node, regions: tuple[Region, ...], loop: tuple[Node, int] | None) -> Node:
        match item:
            case typed.StepItem():
                return self._step(item.label, item.body, regions, after, item.span, rest=item.rest, loop=loop)
            case typed.WithItem():
                return self._with(item, after, regions, loop)
            case typed.ForItem():
                return self._for(item, after, regions)
            case typed.WhileItem():
                head = Forward(item.span)
                body = self._items(item.body, head, regions, (after, len(regions)))
                head.target = body if item.condition == TRUE else Branch(item.condition, body, after, item.span)
                return head
            case typed.IfItem():
                yes = self._items(item.yes, after, regions, loop)
                no = self._items(item.no, after, regions, loop)
                return Branch(item.condition, yes, no, item.span)
            case typed.EitherItem():
                branches = [self._items(branch, after, regions, loop) for branch in item.branches]
                return Choice("", branches, item.span)
            case typed.Jump():
                return self._jump_item(item, regions, loop)
            case _:
                assert_never(item)

    def _step(
        self,
        label: str,
        code: Code,
        regions: tuple[Region, ...],
        after: Node,
        span: Span,
        *,
        rest: bool = False,
        loop: tuple[Node, int] | None = None,
    ) -> Step:
        step = Step(label, code, regions, rest, span, after, loop)
        self.graph.steps.append(step)
        self._label(label, step, regions, span)
        return step

    def _label(self, label: str, node: Node, regions: tuple[Region, ...], span: Span) -> None:
        forward = self.graph.labels.setdefault(label, Forward(span))
        if forward.target is None:
            forward.target = node
            forward.regions = regions

    def _with(
        self, item: typed.WithItem, after: Node, regions: tuple[Region, ...], loop: tuple[Node, int] | None
    ) -> Node:
        inner = regions
        for number, held in enumerate(item.sections):
            last = number + 1 == len(item.sections)
            names = (held.region, item.alias) if last and item.alias else (held.region,)
            inner = (*inner, Region(names, held=held))
        own = inner[len(regions) :]
        node = after
        for region in own:
            node = self._leave_region(region, node, inner, item.span)
        node = self._items(item.body, node, inner, loop)
        for depth in range(len(own) - 1, -1, -1):
            held, outer = item.sections[depth], inner[: len(regions) + depth]
            node = self._enter(held, node, outer, item.span)
            if depth == 0 and item.alias:
                self._label(item.alias, node, outer, item.span)
        return node

    def _enter(self, held: typed.HeldSection, after: Node, outer: tuple[Region, ...], span: Span) -> Node:
        call = typed.Invoke(held.section.enter, held.args, None, span)
        node: Node = self._step(f"{held.region}.enter", (call,), outer, after, span)
        if held.section.request is not None:
            request = typed.Invoke(held.section.request, held.args, None, span)
            node = self._step(f"{held.region}.request", (request,), outer, node, span)
        self._label(held.region, node, outer, span)
        return node

    def _leave_region(self, region: Region, after: Node, stack: tuple[Region, ...], span: Span) -> Node:
        """Leave one region towards `after`: the exit step of a lock, or forgetting a walk."""
        key = (id(region), id(after))
        if key not in self._leaving:
            if region.held is not None:
                call = typed.Invoke(region.held.section.exit, region.held.args, None, span)
                inside = stack[: stack.index(region) + 1]
                self._leaving[key] = self._step(f"{region.held.region}.exit", (call,), inside, after, span)
            else:
                assert region.loop is not None
                self._leaving[key] = Leave(region.loop, after)
        return self._leaving[key]

    def _for(self, item: typed.ForItem, after: Node, regions: tuple[Region, ...]) -> Node:
        region = Region((item.region,), loop=item)
        inner = (*regions, region)
        head = Forward(item.span)
        body = self._items(item.body, head, inner, (after, len(regions)))
        advance = self._step(f"{item.region}.next", Advance(item.walk, item.var), inner, body, item.span)
        finish = self._step(f"{item.region}.end", Finish(item.walk, item.var), inner, after, item.span)
        head.target = Choice(item.region, [advance, finish], item.span)
        start = self._step(f"{item.region}.start", (typed.WalkStart(item.walk, item.span),), regions, head, item.span)
        self._label(item.region, start, regions, item.span)
        return start

    # ------------------------------------------------------------ jumps

    def _jump_item(self, jump: typed.Jump, regions: tuple[Region, ...], loop: tuple[Node, int] | None) -> Node:
        node = self._target(jump, regions, loop)
        return node if jump.value is None else Returned(jump.value, node, jump.span)

    def _target(self, jump: typed.Jump, regions: tuple[Region, ...], loop: tuple[Node, int] | None) -> Node:
        match jump.kind:
            case "return":
                return self._exit_to(self.done, 0, regions, jump.span)
            case "break":
                assert loop is not None
                return self._exit_to(loop[0], loop[1], regions, jump.span)
            case "goto":
                forward = Forward(jump.span)
                self._gotos.append((forward, jump, regions))
                return forward

    def _exit_to(self, node: Node, depth: int, regions: tuple[Region, ...], span: Span) -> Node:
        for region in regions[depth:]:
            node = self._leave_region(region, node, regions, span)
        return node

    def _resolve(self, forward: Forward, jump: typed.Jump, regions: tuple[Region, ...]) -> None:
        """Connect a `goto` once all labels are known."""
        label = self.graph.labels.get(jump.label)
        assert label is not None
        assert label.target is not None
        depth = len(label.regions)
        if regions[:depth] != label.regions:
            inner = label.regions[-1].names[0]
            self.graph.report(
                "E0507",
                f"`goto {jump.label}` jumps into `{inner}` from outside it",
                jump.span,
                fix=f"jump to `{inner}` itself, which begins it",
            )
            forward.target = self.done
            return
        forward.target = self._exit_to(label.target, depth, regions, jump.span)


class Locations:
    """Finds the locations at which control can rest, from the entry on."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._names: set[str] = set()
        self._reached: set[int] = set()
        self._stack: list[int] = []

    def find(self) -> None:
        """Fill `graph.locations`; report cycles without a step, and steps that nothing leads to."""
        pending: list[Node] = [self.graph.entry]
        while pending:
            for place in self._places(pending.pop()):
                if id(place) in self.graph.locations:
                    continue
                steps = tuple(self._offers(place, TRUE, place.span))
                self.graph.locations[id(place)] = Location(self._name(place), steps)
                for _, step in steps:
                    if id(step) not in self._reached:
                        self._reached.add(id(step))
                        pending.append(step.next)
                        pending.extend(node for (owner, _), node in self.graph.exits.items() if owner == id(step))
        labels = {step.label for step in self.graph.steps if id(step) in self._reached}
        for step in self.graph.steps:
            if step.label not in labels:
                labels.add(step.label)
                self.graph.report(
                    "W0501", f"nothing leads to step `{step.label}`", step.span, "remove it, or lead to it"
                )

    def _places(self, node: Node) -> Iterator[Step | Choice]:
        """Where control comes to rest from a node."""
        if id(node) in self._stack:
            span = node.span if isinstance(node, Branch | Forward) else self.graph.process.span
            self.graph.report("E0506", "this loop comes round without taking a step", span, "put a step into it")
            return
        self._stack.append(id(node))
        match node:
            case Step() | Choice():
                yield node
            case Branch():
                yield from self._places(node.yes)
                yield from self._places(node.no)
            case Leave() | Returned():
                yield from self._places(node.next)
            case Forward():
                assert node.target is not None
                yield from self._places(node.target)
            case End():
                pass
            case _:
                assert_never(node)
        self._stack.pop()

    def _offers(self, node: Node, guard: Term, choice: Span) -> Iterator[tuple[Term, Step]]:
        """Steps that a location offers, each with the condition under which it does; `choice` is what offers them."""
        match node:
            case Step():
                yield guard, node
            case Choice():
                for branch in node.branches:
                    yield from self._offers(branch, guard, node.span)
            case Branch():
                yield from self._offers(node.yes, conj((guard, node.condition)), choice)
                yield from self._offers(node.no, conj((guard, negate(node.condition))), choice)
            case Forward():
                assert node.target is not None
                if id(node) in self._stack:
                    self.graph.report(
                        "E0506", "this loop comes round without taking a step", node.span, "put a step into it"
                    )
                    return
                self._stack.append(id(node))
                yield from self._offers(node.target, guard, choice)
                self._stack.pop()
            case Leave() | Returned() | End():
                self.graph.report(
                    "E0508",
                    "a branch of `either` between steps must begin with a step",
                    choice,
                    "begin the branch with a step, or make the choice inside a step",
                )
            case _:
                assert_never(node)

    def _name(self, place: Step | Choice) -> str:
        if isinstance(place, Step):
            name = place.label
        else:
            name = place.name or "|".join(
                dict.fromkeys(step.label for _, step in self._offers(place, TRUE, place.span))
            )
        unique, number = name, 2
        while unique in self._names:
            unique, number = f"{name}~{number}", number + 1
        self._names.add(unique)
        return unique
