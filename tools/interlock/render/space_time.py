"""A run as a space-time diagram: who does what, in what order, which locks are held meanwhile, and what changes.

Here it is decided what a diagram shows; `space_time_svg` draws it.  A lane is the life of one thread; a row is one
step of the run.  What a thread's own steps change of its locals stands in its box, what they change of the state that
all share stands beside the row.  Less is shown than `lines_of_run` tells, since a picture is to be taken in at a look:
ghosts are left out unless the property reads them, and so is what a lock remembers of its holder, which the bar beside
the lane says.  What the property reads comes first, and the reader is told how much is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from interlock.core.rewrite import symbols_of
from interlock.core.system import ProcessInfo, Property, TransitionSystem
from interlock.core.term import Symbol, Value
from interlock.core.trace import State, Step, Trace, show_value
from interlock.render.facts import Names, call
from interlock.render.lock_bars import Cell, Holding, Taken, holdings, part_of

BY_ITSELF = "by itself"
"""The lane of actions, which no thread takes."""

_MOST = 4
"""Changes of one step that are listed."""

_BEGINS, _OVER = ".start", ".end"
"""Endings of a walk's first step and of its last."""


@dataclass(frozen=True)
class Lane:
    """One thread; `process` is None for what happens by itself.

    `first` and `last` are the rows of its first and last step; after `last` it is `done`, or it goes on.
    """

    title: str
    process: ProcessInfo | None
    key: tuple[Value, ...]
    first: int
    last: int
    done: bool


@dataclass(frozen=True)
class Change:
    """A line on what a step did to the shared state; `telling` if the property reads it."""

    text: str
    telling: bool


@dataclass(frozen=True)
class Event:
    """A step: its lane, its label, the thread's own values, and what it changes.

    `broken` marks the step at which the property breaks; `pending` that it is not taken, since it may not or cannot be.
    """

    lane: int
    label: str
    notes: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    broken: bool = False
    pending: bool = False


@dataclass(frozen=True)
class Diagram:
    """What is drawn.  `given` is what the initial state leaves open; `loop` is as in `Trace`."""

    title: str
    claim: tuple[str, ...]
    given: tuple[Change, ...]
    lanes: tuple[Lane, ...]
    events: tuple[Event, ...]
    holdings: tuple[Holding, ...]
    ending: str
    reason: str
    broken: bool
    loop: int | None = None

    @property
    def locks(self) -> tuple[str, ...]:
        """Names of the locks that are held or waited for, in the order in which that begins."""
        return tuple(dict.fromkeys(holding.lock for holding in self.holdings))


def diagram_of(trace: Trace, prop: Property, system: TransitionSystem) -> Diagram:
    """The diagram of a run that breaks the property, or witnesses it where it is to be reached."""
    names = Names(system)
    broken = prop.kind not in ("reachable", "scenario") or (prop.kind == "scenario" and not prop.possible)
    failing = _failing(trace, prop, system) if broken else None
    lanes = _lanes(trace, names, failing)
    held = _holdings(trace, names, lanes)
    barred = frozenset[Cell]().union(*(holding.cells for holding in held))
    events = list(_events(trace, names, lanes, _told(prop, system), barred))
    pending = list(_pending(trace, prop, lanes, failing)) if broken else []
    if broken and events and not pending and trace.loop is None:
        events[-1] = replace(events[-1], broken=True)
    count = len(trace.steps)
    after = f"after {count} step{'s' * (count != 1)}" if count else "in an initial state"
    return Diagram(
        title=system.name,
        claim=tuple(line.strip() for line in prop.doc.splitlines() if line.strip()),
        given=tuple(_cut([Change(fact, telling=False) for fact in names.given(trace.initial)])),
        lanes=lanes,
        events=(*events, *pending),
        holdings=tuple(held),
        ending=f"{prop.name} is {'violated' if broken else 'reached'} {after}",
        reason=" ".join(trace.reason.split()),
        broken=broken,
        loop=trace.loop,
    )


def _lanes(trace: Trace, names: Names, failing: _Failing | None) -> tuple[Lane, ...]:
    """The threads that take part, in the order in which they begin."""
    rows: dict[str, list[int]] = {}
    whose: dict[str, tuple[ProcessInfo | None, tuple[Value, ...]]] = {}
    for row, step in enumerate(trace.steps):
        process = _process(step, names)
        title = names.actor(step) if process else BY_ITSELF
        rows.setdefault(title, []).append(row)
        whose[title] = (process, tuple(value for _, value, _ in step.args) if process else ())
    if failing is not None:
        rows.setdefault(failing.actor, []).append(len(trace.steps))
        whose.setdefault(failing.actor, (failing.process, failing.key))
    end = trace.states[-1]
    lanes: list[Lane] = []
    for title, found in rows.items():
        process, key = whose[title]
        done = process is not None and end.tables[process.pc][key] == process.done
        lanes.append(Lane(title, process, key, found[0], found[-1], done))
    return tuple(lanes)


def _events(
    trace: Trace, names: Names, lanes: Sequence[Lane], told: frozenset[Symbol], barred: frozenset[Cell]
) -> Iterator[Event]:
    """One for each step."""
    lane_of = {lane.title: number for number, lane in enumerate(lanes)}
    before = trace.initial
    for step in trace.steps:
        process = _process(step, names)
        lane = lane_of[names.actor(step) if process else BY_ITSELF]
        label = names.label(step) if process else names.actor(step)
        own, shared = _changes(before, step, names, lanes[lane], told, barred)
        read = [] if label.endswith(_OVER) else [v for v in names.values(step, before) if not _said(v, own)]
        notes = (*own, *read, *_to_visit(step, names, lanes[lane]))
        if part_of(label)[1]:
            shared = [change for change in shared if change.telling]
        yield Event(lane, label, tuple(notes), tuple(_cut(shared)))
        before = step.after


def _changes(
    before: State, step: Step, names: Names, lane: Lane, told: frozenset[Symbol], barred: frozenset[Cell]
) -> tuple[list[str], list[Change]]:
    """What a step changes of its thread's locals, and of all else; what the property reads comes first."""
    own: list[str] = []
    shared: list[Change] = []
    for symbol, key, _, new in names.changes(before, step.after):
        value = show_value(new, symbol.result)
        mine = lane.process is not None and names.process_of(symbol) == lane.process
        if mine and key[: len(lane.key)] == lane.key:
            if new is not None:  # a local that is given up tells nothing
                own.append(f"{_local(names.place(symbol, key))} := {value}")
        elif symbol in told or not (symbol.ghost or (symbol, key) in barred):
            shared.append(Change(f"{names.place(symbol, key)} := {value}", symbol in told))
    return own, sorted(shared, key=lambda change: not change.telling)


def _local(place: str) -> str:
    """`init(lru0).a` as its thread calls it."""
    return place.rpartition(").")[2] if ")." in place else place.partition(".")[2]


def _said(value: str, own: Sequence[str]) -> bool:
    """Whether `m = memcg0` is said by `n := memcg0` too."""
    return any(value.partition(" = ")[2] == said.partition(" := ")[2] for said in own)


def _to_visit(step: Step, names: Names, lane: Lane) -> list[str]:
    """What a walk finds when it starts: what is not among it may be missed."""
    if lane.process is None or not names.label(step).endswith(_BEGINS):
        return []
    walk = names.label(step).rpartition("/")[2].removesuffix(_BEGINS)
    owed = next((s for s in step.after.tables if s.name == f"{lane.process.name}.{walk}.owed"), None)
    if owed is None:
        return []
    count = len(lane.key)
    keys = [key[count:] for key, value in step.after.tables[owed].items() if value and key[:count] == lane.key]
    types = owed.params[count:]
    found = [", ".join(show_value(v, t) for v, t in zip(key, types, strict=True)) for key in keys]
    return [f"to visit: {', '.join(found) or 'none'}"]


def _holdings(trace: Trace, names: Names, lanes: Sequence[Lane]) -> list[Holding]:
    """Which thread holds which lock from which row to which."""
    lane_of = {lane.title: number for number, lane in enumerate(lanes)}
    taken: list[Taken | None] = []
    numbers: list[int] = []
    for step in trace.steps:
        process = _process(step, names)
        key = tuple(value for _, value, _ in step.args)
        taken.append(None if process is None else (process, key, names.label(step)))
        numbers.append(lane_of[names.actor(step) if process else BY_ITSELF])
    return holdings(trace, taken, numbers)


@dataclass(frozen=True)
class _Failing:
    """The step that may not be taken where an assertion breaks."""

    actor: str
    process: ProcessInfo | None
    key: tuple[Value, ...]
    label: str


def _failing(trace: Trace, prop: Property, system: TransitionSystem) -> _Failing | None:
    """Whose step an assertion forbids: the one that the reason begins with."""
    end = trace.states[-1]
    for obligation in system.obligations:
        step = next((t for t in system.transitions if t.action == obligation.action), None)
        if obligation.property != prop.name or step is None:
            continue
        process = next((p for p in system.processes if p.name == step.process), None)
        if process is None:
            who, colon, _ = trace.reason.partition(":")
            if colon and who.partition("(")[0] == obligation.action:
                return _Failing(BY_ITSELF, None, (), who)
            continue
        for key in end.tables[process.pc]:
            actor = _thread(process, key)
            if trace.reason.startswith(f"{actor} at {step.label}:"):
                return _Failing(actor, process, key, step.label)
    return None


def _pending(trace: Trace, prop: Property, lanes: Sequence[Lane], failing: _Failing | None) -> Iterator[Event]:
    """Steps that do not happen: the one that an assertion forbids, or those that wait for ever in a deadlock."""
    if failing is not None:
        number = next(n for n, lane in enumerate(lanes) if lane.title == failing.actor)
        yield Event(number, failing.label, broken=True, pending=True)
    if prop.kind == "deadlock":
        for number, lane in enumerate(lanes):
            if lane.process is None or lane.done:
                continue
            place = trace.states[-1].tables[lane.process.pc][lane.key]
            if place not in lane.process.rest:
                labels = [label for label, places in lane.process.labels if place in places]
                yield Event(number, " or ".join(labels), ("waits for ever",), broken=True, pending=True)


def _told(prop: Property, system: TransitionSystem) -> frozenset[Symbol]:
    """What the property speaks of."""
    told = symbols_of(prop.formula) | symbols_of(prop.leads_to)
    for obligation in system.obligations:
        if obligation.property == prop.name:
            told |= symbols_of(obligation.condition)
    for refinement in system.refinements:
        if refinement.property == prop.name:
            told = told.union(*(symbols_of(update.value) for update in refinement.variables))
    return told


def _cut(changes: Sequence[Change]) -> Sequence[Change]:
    """The first few, and how many more there are."""
    if len(changes) <= _MOST:
        return changes
    left = len(changes) - _MOST + 1
    return [*changes[: _MOST - 1], Change(f"... and {left} more", telling=False)]


def _process(step: Step, names: Names) -> ProcessInfo | None:
    """The kind of process whose step it is."""
    if not 0 <= step.transition < len(names.system.transitions):
        return None
    name = names.system.transitions[step.transition].process
    return next((process for process in names.system.processes if process.name == name), None)


def _thread(process: ProcessInfo, key: Sequence[Value]) -> str:
    return process.name + call([show_value(v, p.type) for v, p in zip(key, process.params, strict=True)])
