"""Random runs: what some of them add up to, what makes them, and the maker that follows the reference meaning.

A run starts in an initial state, each as likely as another, and takes one of the steps that change the state, each as
likely as its weight says, until there is none or the run is long enough.  Run number `n` under a seed is always the
same run, whoever makes it next to which others; so a result is told by two numbers and can be made again.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from random import Random
from typing import NamedTuple, Protocol, TypeAlias

from interlock.engines.checks import Checks
from interlock.engines.evaluate import Model, Packed, Successor
from interlock.engines.graph import Threads

REGISTER_BITS = 12
"""The logarithm of the number of registers from which distinct states are estimated, to about 1.6 %."""


class Sighting(NamedTuple):
    """Where a property was settled: after so many steps of a run.  The least one is the shortest, then the earliest."""

    steps: int
    run: int


Path: TypeAlias = tuple[Packed, list[tuple[int, Packed]]]
"""A run: its initial state, and for each step the transition and the state after it."""


@dataclass(frozen=True)
class Tally:
    """What some runs add up to; `taken` counts the steps of each transition."""

    runs: int
    steps: int
    longest: int
    taken: tuple[int, ...]
    registers: bytes
    found: Mapping[str, Sighting]
    fault: str = ""

    @classmethod
    def nothing(cls, transitions: int) -> Tally:
        """No runs."""
        return cls(0, 0, 0, (0,) * transitions, bytes(1 << REGISTER_BITS), {})

    def __add__(self, other: Tally) -> Tally:
        both = {**self.found, **other.found}
        found = {name: min(part[name] for part in (self.found, other.found) if name in part) for name in both}
        return Tally(
            self.runs + other.runs,
            self.steps + other.steps,
            max(self.longest, other.longest),
            tuple(one + two for one, two in zip(self.taken, other.taken, strict=True)),
            bytes(map(max, self.registers, other.registers)),
            found,
            self.fault or other.fault,
        )

    @property
    def distinct(self) -> int:
        """An estimate of how many different states were visited (HyperLogLog; Flajolet and others, 2007)."""
        count = len(self.registers)
        empty = self.registers.count(0)
        raw = 0.7213 / (1 + 1.079 / count) * count**2 / sum(2.0**-rank for rank in self.registers)
        if empty and raw <= 2.5 * count:
            return round(count * math.log(count / empty))
        return round(raw)


class Walker(Protocol):
    """Makes random runs of one system under one seed."""

    @property
    def threads(self) -> int:
        """How many calls of `walk` at a time are of use."""
        ...

    @property
    def portions(self) -> tuple[int, int]:
        """Runs for the first calls of `walk`, and for each at most."""
        ...

    def walk(self, first: int, count: int, wanted: Mapping[str, int]) -> Tally:
        """Make the runs from number `first` on, and look for properties each in its first so many steps."""
        ...

    def path(self, run: int, steps: int) -> Path:
        """The beginning of a run."""
        ...

    def stop(self) -> None:
        """Have every `walk` return soon, with what it has."""
        ...


class ReferenceWalker:
    """Random runs by the evaluator: slow, and able to take all that it can say."""

    threads = 1

    def __init__(
        self, model: Model, initial: Sequence[Packed], weights: Sequence[int], seed: int, depth: int, checks: Checks
    ) -> None:
        self._model = model
        self._initial = initial
        self._weights = weights
        self._seed = seed
        self._depth = depth
        self._checks = checks
        self._threads = Threads(model)
        self._stopped = False
        portion = max(1, 1000 // max(1, depth))
        self.portions = (portion, portion)

    def stop(self) -> None:
        """Have `walk` return after the step that it is at."""
        self._stopped = True

    def walk(self, first: int, count: int, wanted: Mapping[str, int]) -> Tally:
        """Make some runs."""
        whole = Tally.nothing(len(self._weights))
        for run in range(first, first + count):
            if self._stopped:
                break
            whole += self._run(run, {name: min(most, _before(whole.found.get(name))) for name, most in wanted.items()})
        return whole

    def path(self, run: int, steps: int) -> Path:
        """The beginning of a run."""
        random = self._random(run)
        state = random.choice(self._initial)
        initial, taken = state, list[tuple[int, Packed]]()
        for _ in range(steps):
            step, _ = self._next(state, random)
            assert step is not None
            state = step.after
            taken.append((step.transition, state))
        return initial, taken

    def _run(self, run: int, wanted: Mapping[str, int]) -> Tally:
        random = self._random(run)
        state = random.choice(self._initial)
        taken = [0] * len(self._weights)
        registers = bytearray(1 << REGISTER_BITS)
        found: dict[str, Sighting] = {}
        steps = 0

        def settle(names: Sequence[str]) -> None:
            for name in names:
                if name not in found and steps <= wanted[name]:
                    found[name] = Sighting(steps, run)

        _note(registers, state)
        settle([name for name in wanted if name in self._checks.states and self._checks.states[name](state)])
        while steps < self._depth and not self._stopped:
            step, stuck = self._next(state, random)
            if step is None:
                if stuck and next(self._threads.waiting(state), None) is not None:
                    settle([name for name in wanted if self._model.system.property(name).kind == "deadlock"])
                break
            steps += 1
            taken[step.transition] += 1
            settle([name for name in wanted if name in self._checks.steps and self._checks.steps[name](state, step)])
            state = step.after
            _note(registers, state)
            settle([name for name in wanted if name in self._checks.states and self._checks.states[name](state)])
        return Tally(1, steps, steps, tuple(taken), bytes(registers), found)

    def _next(self, state: Packed, random: Random) -> tuple[Successor | None, bool]:
        """A step that changes the state, and if there is none to take, whether there is none at all."""
        moves = [step for step in self._model.successors(state) if step.after != state]
        weights = [self._weights[step.transition] for step in moves]
        if not any(weights):
            return None, not moves
        return random.choices(moves, weights)[0], False

    def _random(self, run: int) -> Random:
        return Random(self._seed << 64 | run)


def _before(sighting: Sighting | None) -> int:
    """The number of steps within which another sighting is better."""
    return sys.maxsize if sighting is None else sighting.steps - 1


def _note(registers: bytearray, state: Packed) -> None:
    """Have the registers know a state."""
    hashed = int.from_bytes(blake2b(repr(state).encode(), digest_size=8).digest(), "big")
    index = hashed >> (64 - REGISTER_BITS)
    rest = 64 - REGISTER_BITS
    rank = rest - (hashed & ((1 << rest) - 1)).bit_length() + 1
    registers[index] = max(registers[index], rank)
