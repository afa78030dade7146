"""One search by machine code for what settles some properties, with the reductions that are chosen for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from interlock.core.system import Property
from interlock.core.trace import Trace
from interlock.engines.checks import Checks
from interlock.engines.evaluate import Model, Packed, Successor, Unsupported
from interlock.engines.graph import Threads, make_trace
from interlock.engines.native.ample import Ample
from interlock.engines.native.checkpoint import Checkpoint, identity_of
from interlock.engines.native.driver import Driver
from interlock.engines.native.generator import SystemGenerator
from interlock.engines.native.judging import Judging
from interlock.engines.native.memory import WORD
from interlock.engines.native.outcome import Bounds, Finding, Outcome, Progress, Reason, Until
from interlock.engines.native.packing import Packing
from interlock.engines.native.replay import Disagreement, Replay
from interlock.engines.native.steps import Steps
from interlock.engines.native.symmetry import Symmetry


@dataclass(frozen=True)
class Subject:
    """What is searched: an instance, its packed states, the initial ones, and what settles properties in it."""

    model: Model
    packing: Packing
    initial: Sequence[Packed]
    checks: Checks


@dataclass(frozen=True)
class Resources:
    """What a search may use: threads, bytes of memory (None: most of what there is), and folders.

    `checkpoint` is for one search only, and `every` the seconds between two savings.
    """

    threads: int
    memory: int | None
    spill: Path | None = None
    checkpoint: Path | None = None
    every: float = 30.0


@dataclass(frozen=True)
class Hit:
    """A property that was settled, the run that settles it, and how long that is."""

    prop: Property
    trace: Trace


class Hunt:
    """A search, whose memory is its own until it is closed; a context manager closes it.

    `indexed` keeps the index of each state, which a later search for fair runs needs.
    """

    def __init__(
        self,
        subject: Subject,
        props: Sequence[Property],
        resources: Resources,
        *,
        ample: Ample | None = None,
        symmetry: Symmetry | None = None,
        indexed: bool = False,
    ) -> None:
        system, packing = subject.model.system, subject.packing
        self.subject = subject
        self.steps = Steps(system, packing)
        self._symmetry = symmetry
        self._of_states = tuple(p for p in props if p.name in subject.checks.states)
        self._of_steps = tuple(p for p in props if p.name in subject.checks.steps)
        self._deadlocks = tuple(p for p in props if p.kind == "deadlock")
        generator = SystemGenerator(
            self.steps,
            Judging(system, packing),
            packing,
            self._of_states,
            self._of_steps,
            bool(self._deadlocks),
            ample,
            symmetry,
        )
        keyed = packing.words == 1 and packing.bits < 64 and not indexed
        self._initial = [packing.pack(state) for state in subject.initial]
        self._checkpoint: Checkpoint | None = None
        if resources.checkpoint is not None:
            sizes = ", ".join(f"{sort}={size}" for sort, size in subject.model.layout.sizes.items())
            title = f"{system.name} with {sizes}" if sizes else system.name
            names = (title, *(p.name for p in (*self._of_states, *self._of_steps)), f"keyed={keyed}")
            self._checkpoint = Checkpoint(
                resources.checkpoint,
                identity_of(generator, self._initial, names),
                title,
                every=resources.every,
                state_size=packing.words * WORD,
            )
        try:
            self.driver = Driver(
                generator,
                keyed=keyed,
                threads=resources.threads,
                memory=resources.memory,
                spill=resources.spill,
                checkpoint=self._checkpoint,
            )
        except BaseException:
            self._unlock()
            raise
        self._told: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.driver.close()
        self._unlock()

    def _unlock(self) -> None:
        if self._checkpoint is not None:
            self._checkpoint.close()

    def run(
        self, bounds: Callable[[], Bounds], progress: Callable[[Progress], None], *, all_states: bool
    ) -> Iterator[tuple[Outcome, list[Hit]]]:
        """Search on and on, and yield what was newly found whenever a level brought something, and at the end.

        Without `all_states` the search ends once every property is settled.
        """
        total = len(self._of_states) + len(self._of_steps) + len(self._deadlocks)
        while True:
            outcome = self.driver.run(self._initial, until=Until.LEVEL, bounds=bounds(), progress=progress)
            if outcome.error is not None:
                raise Unsupported(self.steps.faults[outcome.error[0] - 1])
            hits = list(self._news(outcome))
            self._told |= {hit.prop.name for hit in hits}
            yield outcome, hits
            if outcome.reason is not Reason.FOUND or (len(self._told) == total and not all_states):
                return

    def _news(self, outcome: Outcome) -> Iterator[Hit]:
        for number, finding in outcome.found.items():
            if self._of_states[number].name not in self._told:
                yield self._state(self._of_states[number], finding)
        for number, finding in outcome.step_found.items():
            if self._of_steps[number].name not in self._told:
                yield self._step(self._of_steps[number], finding)
        for prop in self._deadlocks if outcome.deadlock is not None else ():
            if prop.name not in self._told and outcome.deadlock is not None:
                yield self._stuck(prop, outcome.deadlock)

    # The run to what was found, in the reference meaning, which must agree

    def _follow(self, finding: Finding) -> tuple[Packed, list[Successor]]:
        path = [self.driver.state(index) for index in self.driver.path(finding.index)]
        subject = self.subject
        if self._symmetry is None:
            return Replay(subject.model, subject.packing).run(subject.initial, path)
        return Replay(subject.model, subject.packing, self._symmetry.alike).run(subject.initial, path)

    def _state(self, prop: Property, finding: Finding) -> Hit:
        start, steps = self._follow(finding)
        reason = self.subject.checks.states[prop.name](steps[-1].after if steps else start)
        if reason is None:
            raise Disagreement(f"the reference meaning does not find {prop.name} settled")
        return Hit(prop, make_trace(self.subject.model, start, steps, reason=reason))

    def _step(self, prop: Property, finding: Finding) -> Hit:
        start, steps = self._follow(finding)
        here = steps[-1].after if steps else start
        check = self.subject.checks.steps[prop.name]
        for step in self.subject.model.successors(here):
            reason = None if step.after == here else check(here, step)
            if reason is not None:
                return Hit(prop, make_trace(self.subject.model, start, [*steps, step], reason=reason))
        raise Disagreement(f"the reference meaning has no step that breaks {prop.name}")

    def _stuck(self, prop: Property, finding: Finding) -> Hit:
        start, steps = self._follow(finding)
        reason = Threads(self.subject.model).stuck(steps[-1].after if steps else start)
        if reason is None:
            raise Disagreement("the reference meaning finds nobody waiting where machine code found a deadlock")
        return Hit(prop, make_trace(self.subject.model, start, steps, reason=reason))
