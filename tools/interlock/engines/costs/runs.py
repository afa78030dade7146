"""Random runs that look for great costs: what a run has attained is a bound from below, in scopes of any size.

Most of what costs much needs no race.  It needs that others have come before, or that they all come while somebody
waits; so a thread mostly goes on for as long as it can, and threads come in a random order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from random import Random
from time import process_time

from interlock.core.system import TransitionSystem
from interlock.core.term import Value
from interlock.core.trace import Trace
from interlock.engines.costs.quantities import Key, Quantity
from interlock.engines.costs.sections import first_places, place_of
from interlock.engines.evaluate import Model, Packed, Successor, instantiate
from interlock.engines.graph import Thread, Threads, make_trace

PATIENCE = 80
"""Runs without a greater value after which no more are made."""

_MOST_STARTS = 500
_DEPTH = 600
_STICKING = (1.0, 1.0, 0.95, 0.7)
_EVEN, _EVEN_LAST = 0.15, 0.5
"""How often a thread chooses evenly among alternatives; the last to come has most to do, and most to undo."""


@dataclass
class _Best:
    """The greatest values so far, each with the run that attains it."""

    values: dict[Key, int]
    runs: dict[Key, tuple[Packed, tuple[Successor, ...]]] = field(
        default_factory=dict[Key, tuple[Packed, tuple[Successor, ...]]]
    )
    stale: int = 0


def attained(
    system: TransitionSystem,
    quantities: Sequence[Quantity],
    sizes: Mapping[str, int],
    aims: Mapping[Key, int],
    seconds: float,
) -> dict[Key, tuple[int, Trace | None]]:
    """For each quantity the greatest value that some run was seen to attain, and the run (None for 0).

    `aims` are values that none can exceed, as far as they are known: once all are met nothing more is looked for.
    Nothing is told of a scope that has no state.
    """
    until = process_time() + seconds
    model = instantiate(system, sizes)
    starts = list(islice(model.initial_states(), _MOST_STARTS))
    if not starts:
        return {}
    best = _Best({q.key: 0 for q in quantities})
    walker = _Walker(model, quantities, best)
    number = 0
    while (
        best.stale < PATIENCE
        and process_time() < until
        and not all(best.values[k] >= aims.get(k, 1 << 30) for k in best.values)
    ):
        best.stale += 1
        walker.run(Random(number), starts, until)
        number += 1
    return {key: (value, make_trace(model, *best.runs[key]) if value else None) for key, value in best.values.items()}


class _Walker:
    """Makes random runs of one model."""

    def __init__(self, model: Model, quantities: Sequence[Quantity], best: _Best) -> None:
        self._model = model
        self._best = best
        blocks = model.layout.blocks
        self._cells = [(q.key, blocks[q.counter].index(())) for q in quantities if q.counter is not None]
        self._terms = [(q.key, model.formula(q.when), model.formula(q.term)) for q in quantities if q.counter is None]
        self._threads = Threads(model)
        self._steps: dict[tuple[str, str], list[int]] = {}
        self._alone: list[int] = []
        self._first = {p.name: first_places(model.system, p) for p in model.system.processes}
        kinds = {p.name: p for p in model.system.processes}
        for index, transition in enumerate(model.system.transitions):
            if transition.process is None:
                self._alone.append(index)
            else:
                place = place_of(transition, kinds[transition.process])
                self._steps.setdefault((transition.process, place), []).append(index)

    def run(self, random: Random, starts: Sequence[Packed], until: float) -> None:
        """Make one run, and note what it attains."""
        state = initial = random.choice(starts)
        taken: list[Successor] = []
        threads = list(self._threads.all(state))
        random.shuffle(threads)
        sticking = random.choice(_STICKING)
        even = [t for t in threads if random.random() < (_EVEN_LAST if t == threads[-1] else _EVEN)]
        while len(taken) < _DEPTH and process_time() < until:
            if random.random() > sticking:
                random.shuffle(threads)
            step = self._next(state, threads, random, even)
            if step is None:
                return
            taken.append(step)
            state = step.after
            self._note(initial, taken, state)

    def _next(self, state: Packed, threads: list[Thread], random: Random, even: list[Thread]) -> Successor | None:
        """A step of the first thread that can take one, or else one that happens by itself.

        Those in `even` choose evenly among the alternatives of a step, the others among all ways to take it, of which
        those in which memory runs out are few.  A thread that has come back to where it began has had its turn: it
        goes on for ever, and is not asked again.
        """
        for position, thread in enumerate(threads):
            place = self._threads.location(thread, state)
            ways = [
                found
                for i in self._steps.get((thread.process.name, place), ())
                if (found := self._ways(state, i, thread.args))
            ]
            if ways:
                step = random.choice(random.choice(ways) if thread in even else [s for way in ways for s in way])
                del threads[position]
                if self._threads.location(thread, step.after) not in self._first[thread.process.name]:
                    threads.insert(0, thread)
                return step
        moves = [s for i in self._alone for s in self._model.steps(state, i) if s.after != state]
        return random.choice(moves) if moves else None

    def _ways(self, state: Packed, index: int, args: Sequence[Value]) -> list[Successor]:
        return self._model.steps_with(state, index, dict(enumerate(args)))

    def _note(self, initial: Packed, taken: Sequence[Successor], state: Packed) -> None:
        values = [(key, int(state[cell] or 0)) for key, cell in self._cells]
        values += [(key, int(term(state) or 0)) for key, when, term in self._terms if when(state)]
        for key, value in values:
            if value > self._best.values[key]:
                self._best.values[key] = value
                self._best.runs[key] = (initial, tuple(taken))
                self._best.stale = 0
