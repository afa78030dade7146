"""Scenarios: whether some run follows a schedule, item by item, and ends where it should.

The search is over pairs of a state and a place in the schedule.  A schedule is complete: no other step happens in
between.  `scan...` starts inside the region or with the step that enters it (or one labelled `scan.` and more, such as
a request for a lock), and ends with the step after which the thread is outside; `...` ends when the thread is done.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, assert_never

from interlock.core.control import Control
from interlock.core.show import show_term
from interlock.core.system import ProcessInfo, Property, ScenarioStep
from interlock.core.term import Value
from interlock.core.trace import Trace
from interlock.engines.evaluate import Model, Packed, Successor
from interlock.engines.evaluate.assign import Tick
from interlock.engines.graph import Thread, Threads, make_trace


@dataclass(frozen=True)
class Played:
    """A run that follows the schedule, or how far the best one came."""

    trace: Trace | None
    complete: bool
    furthest: str


class _Place(NamedTuple):
    """A node of the search: values of the scenario's parameters, the item at hand, whether its region was entered."""

    values: tuple[Value, ...]
    item: int
    entered: bool
    state: Packed


class _Player:
    """Moves through one schedule."""

    def __init__(self, model: Model, prop: Property, tick: Tick) -> None:
        self.model = model
        self.prop = prop
        self.tick = tick
        self.threads = Threads(model)
        self.processes = {process.name: process for process in model.system.processes}
        self.args = [[model.formula(arg, prop.params) for arg in item.args] for item in prop.schedule]
        self.goal = model.formula(prop.formula, prop.params)

    def next(self, place: _Place) -> list[tuple[_Place, Successor | None]]:
        """What may follow: a step, or (None) the item being over without one."""
        item = self.prop.schedule[place.item]
        thread = self._thread(item, place)
        found: list[tuple[_Place, Successor | None]] = []
        done = place._replace(item=place.item + 1, entered=False)
        if item.run == "end" and thread is not None and self._at(thread, place.state) == thread.process.done:
            return [(done, None)]
        for index, transition in enumerate(self.model.system.transitions):
            if (transition.process or transition.action) != item.process:
                continue
            label = transition.action.removeprefix(f"{item.process}.")
            if item.run == "step" and transition.process is not None and label != item.label:
                continue
            for step in self.model.steps(place.state, index, self.tick):
                if step.args[: len(item.args)] == self._args(place):
                    following = self._after(item, thread, place, label, step)
                    found.extend((after, step) for after in following)
        return found

    def _after(
        self, item: ScenarioStep, thread: Thread | None, place: _Place, label: str, step: Successor
    ) -> list[_Place]:
        done = place._replace(item=place.item + 1, entered=False, state=step.after)
        stay = place._replace(state=step.after)
        match item.run:
            case "step":
                return [done]
            case "end":
                return [stay]
            case "region":
                if thread is None:
                    return []
                region = dict(thread.process.regions).get(item.label, ())
                was, now = (self._at(thread, state) in region for state in (place.state, step.after))
                if now:
                    return [stay._replace(entered=True)]
                if was or place.entered:
                    return [done]
                return [stay] if label.startswith(f"{item.label}.") else []
            case _:
                assert_never(item.run)

    def _args(self, place: _Place) -> tuple[Value, ...]:
        return tuple(arg(place.state, None, place.values) for arg in self.args[place.item])

    def _thread(self, item: ScenarioStep, place: _Place) -> Thread | None:
        process: ProcessInfo | None = self.processes.get(item.process)
        return None if process is None else Thread(process, self._args(place))

    def _at(self, thread: Thread, state: Packed) -> str:
        return self.threads.location(thread, state)


def play(model: Model, prop: Property, limit: int, tick: Tick) -> Played:
    """Look for a run that follows the schedule of a scenario and ends in a state that satisfies its formula.

    `limit` bounds the pairs of state and place that are kept.
    """
    player = _Player(model, prop, tick)
    origin: dict[_Place, tuple[_Place, Successor | None] | None] = {}
    queue: deque[_Place] = deque()
    for state in model.initial_states(tick):
        for values in model.assignments_to(prop.params, state):
            place = _Place(values, 0, entered=False, state=state)
            origin[place] = None
            queue.append(place)
    best = 0
    while queue:
        tick()
        place = queue.popleft()
        best = max(best, place.item)
        if place.item == len(prop.schedule):
            if player.goal(place.state, None, place.values):
                return Played(_trace(model, prop, origin, place), complete=True, furthest="")
            continue
        for after, step in player.next(place):
            if after not in origin:
                if len(origin) >= limit:
                    return Played(None, complete=False, furthest=_furthest(model, prop, best))
                origin[after] = (place, step)
                queue.append(after)
    return Played(None, complete=True, furthest=_furthest(model, prop, best))


def _trace(
    model: Model, prop: Property, origin: dict[_Place, tuple[_Place, Successor | None] | None], place: _Place
) -> Trace:
    steps: list[Successor] = []
    values = dict(zip(prop.params, place.values, strict=True))
    reason = f"the schedule ends with {show_term(prop.formula, values, Control(model.system.processes))}"
    link = origin[place]
    while link is not None:
        place, step = link
        steps.extend(() if step is None else (step,))
        link = origin[place]
    return make_trace(model, place.state, steps[::-1], reason=reason)


def _furthest(model: Model, prop: Property, best: int) -> str:
    """How far the schedule can be followed."""
    if best == len(prop.schedule):
        goal = show_term(prop.formula, control=Control(model.system.processes))
        return f"the schedule can be followed, but never ends with {goal}"
    return f"no run gets past `{show_item(prop.schedule[best])}`"


def show_item(item: ScenarioStep) -> str:
    """An item of a schedule as it is written: `init(l): scan...`."""
    args = _shown([show_term(arg) for arg in item.args])
    match item.run:
        case "step":
            return f"{item.process}{args}: {item.label}"
        case "region":
            return f"{item.process}{args}: {item.label}..."
        case "end":
            return f"{item.process}{args}: ..."
        case _:
            assert_never(item.run)


def _shown(args: Sequence[str]) -> str:
    return f"({', '.join(args)})" if args else ""
