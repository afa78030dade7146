"""The reachable states of a finite instance, found breadth first, each with a shortest way to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import TypeAlias

from interlock.core.system import ProcessInfo
from interlock.core.term import Value
from interlock.core.trace import Trace, show_value
from interlock.engines.evaluate import Model, Packed, Successor

Edge: TypeAlias = tuple[int, int, tuple[Value, ...]]
"""A step out of a state: (number of the state after, transition, values of its parameters)."""


class OutOfTime(Exception):  # noqa: N818 - a limit, not a mistake
    """The engine's time is used up."""


@dataclass(frozen=True)
class Clock:
    """Measures one run of an engine and stops it: a search calls `tick` at every turn."""

    seconds: float
    started: float = field(default_factory=monotonic)

    @property
    def spent(self) -> float:
        """Seconds since the start."""
        return monotonic() - self.started

    def tick(self) -> None:
        """Raise OutOfTime once the time is over."""
        if self.spent > self.seconds:
            raise OutOfTime


@dataclass
class Graph:
    """States in the order in which they were found, with the step that found each (None for initial ones)."""

    model: Model
    states: list[Packed] = field(default_factory=list[Packed])
    number: dict[Packed, int] = field(default_factory=dict[Packed, int])
    found_by: list[tuple[int, Successor] | None] = field(default_factory=list[tuple[int, Successor] | None])
    depth: list[int] = field(default_factory=list[int])

    def add(self, state: Packed, origin: tuple[int, Successor] | None = None) -> bool:
        """Number a state; False if it is known already."""
        if state in self.number:
            return False
        self.number[state] = len(self.states)
        self.states.append(state)
        self.found_by.append(origin)
        self.depth.append(0 if origin is None else self.depth[origin[0]] + 1)
        return True

    def steps_to(self, number: int) -> tuple[Packed, list[Successor]]:
        """An initial state and the steps of a shortest run from it to a state."""
        steps: list[Successor] = []
        origin = self.found_by[number]
        while origin is not None:
            number, step = origin
            steps.append(step)
            origin = self.found_by[number]
        return self.states[number], steps[::-1]

    def trace_to(self, number: int, *more: Successor, reason: str = "") -> Trace:
        """A shortest run to a state, and further steps from there."""
        initial, steps = self.steps_to(number)
        return make_trace(self.model, initial, [*steps, *more], reason=reason)


def make_trace(
    model: Model, initial: Packed, steps: Sequence[Successor], *, reason: str = "", loop: int | None = None
) -> Trace:
    """A run as a plain value."""
    return Trace(model.to_state(initial), tuple(model.to_step(step) for step in steps), reason, loop)


@dataclass(frozen=True)
class Thread:
    """One instance of a process."""

    process: ProcessInfo
    args: tuple[Value, ...]

    def __str__(self) -> str:
        shown = ", ".join(show_value(a, p.type) for a, p in zip(self.args, self.process.params, strict=True))
        return f"{self.process.name}({shown})" if shown else self.process.name


class Threads:
    """Where the threads of a model are."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._started: list[tuple[ProcessInfo, Callable[..., object]]] = [
            (process, model.formula(process.started, process.params)) for process in model.system.processes
        ]

    def all(self, state: Packed) -> Iterator[Thread]:
        """Every thread, started or not."""
        for process in self._model.system.processes:
            for args in self._model.assignments_to(process.params, state):
                yield Thread(process, args)

    def location(self, thread: Thread, state: Packed) -> str:
        """The value of the thread's program counter."""
        block = self._model.layout.blocks[thread.process.pc]
        return str(state[block.index(thread.args)])

    def waiting(self, state: Packed) -> Iterator[tuple[Thread, str]]:
        """Threads that are started, not done and not at a place of rest, each with what it is about to do."""
        for process, started in self._started:
            labels = {place: label for label, places in process.labels for place in places}
            for args in self._model.assignments_to(process.params, state):
                thread = Thread(process, args)
                place = self.location(thread, state)
                if place != process.done and place not in process.rest and started(state, None, args):
                    yield thread, labels.get(place, place)

    def stuck(self, state: Packed) -> str | None:
        """Who waits, in words, in a state that no step changes; None if nobody does."""
        waiting = [
            f"{thread} waits to take {label}{self._broken(thread, label, state)}"
            for thread, label in self.waiting(state)
        ]
        return f"no step is enabled: {', '.join(waiting)}" if waiting else None

    def _broken(self, thread: Thread, label: str, state: Packed) -> str:
        """What the thread would violate by its step: it does not wait for others, it is where the step fails."""
        for index, obligation in enumerate(self._model.system.obligations):
            if obligation.action == f"{thread.process.name}.{label}":
                failure = self._model.obligation_failure(index, state)
                if failure is not None and failure.args == thread.args:
                    return f" (which violates {obligation.property})"
        return ""
