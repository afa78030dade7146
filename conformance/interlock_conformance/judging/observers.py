"""The observers of executions: what judges each state that a step leaves, and the step."""

from __future__ import annotations

from collections.abc import Hashable

from interlock_conformance.binding import AbstractionError, Remembering, Subject
from interlock_conformance.judging.monitor import Monitor
from interlock_conformance.judging.refinement import Place, Refinement
from interlock_conformance.scheduling.footprint import OBSERVED, WRITE
from interlock_conformance.scheduling.machine import Breach, Machine


class Judge:
    """The observer of one execution: remembers the state before."""

    def __init__(self, monitor: Monitor, subject: Subject, machine: Machine, *, audit: bool) -> None:
        self._monitor, self._machine = monitor, machine
        self._watch = monitor.watch(machine, subject.symbols(), audit=audit)
        self._state: int | None = None

    def look(self) -> Breach | None:
        """Judge the state as it is now, and the step to it."""
        try:
            changes = self._watch.changes()
            if not changes and self._state is not None:
                return None
            self._state, found = self._monitor.after(self._state, changes, self._watch)
        except AbstractionError as error:
            return Breach("abstraction", str(error))
        if self._machine.tracing:
            self._machine.touch(OBSERVED, WRITE)
        return found


class Places:
    """Where in the refined specification one execution after the other is, at each number of choices.

    An execution that begins like the one before it is not judged there again, and goes on from where that one was.
    """

    def __init__(self) -> None:
        self._at: list[tuple[int, Place]] = []

    def forget(self, known: int) -> None:
        """Begin an execution whose first choices, up to the number `known`, are those of the last one."""
        while self._at and self._at[-1][0] >= known:
            self._at.pop()

    @property
    def last(self) -> Place | None:
        """Where the execution is; None before its first state."""
        return self._at[-1][1] if self._at else None

    def add(self, step: int, place: Place) -> None:
        """Put down where the execution is after so many choices."""
        self._at.append((step, place))


class RefinementJudge(Judge):
    """Judges by the refined specification too, after the other properties."""

    def __init__(
        self,
        monitor: Monitor,
        subject: Subject,
        machine: Machine,
        refinement: Refinement,
        places: Places,
        *,
        audit: bool,
    ) -> None:
        super().__init__(monitor, subject, machine, audit=audit)
        self._refinement, self._places = refinement, places
        self._history = subject.history if isinstance(subject, Remembering) else _no_history
        self._seen: tuple[int | None, Hashable] | None = None

    def look(self) -> Breach | None:
        """Judge the state as it is now, and the step to it."""
        found = super().look()
        history = self._history()
        seen = (self._state, history)
        if found is not None or self._state is None or seen == self._seen:
            return found
        self._seen = seen
        if self._machine.tracing:
            self._machine.touch(OBSERVED, WRITE)
        try:
            sight = self._refinement.see(self._state, history)
        except AbstractionError as error:
            return Breach("abstraction", str(error))
        last = self._places.last
        place = self._refinement.start(sight) if last is None else self._refinement.after(last, sight)
        if isinstance(place, Breach):
            return place
        if place != last:
            self._places.add(self._machine.step, place)
        return None


def _no_history() -> None:
    return None
