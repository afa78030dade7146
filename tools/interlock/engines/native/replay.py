"""From indices of states back to a run that a reader can follow, by taking the steps again in the reference meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import eq

from interlock.engines.evaluate import Model, Packed, Successor
from interlock.engines.native.packing import Packing

Words = tuple[int, ...]


class Disagreement(Exception):  # noqa: N818 - two of our engines disagree, which `judge.ask` reports as such
    """The machine code found a step or a violation that the reference meaning does not have."""


@dataclass(frozen=True)
class Replay:
    """Follows paths of packed states; `alike` tells whether one state stands for another in the search."""

    model: Model
    packing: Packing
    alike: Callable[[Words, Words], bool] = eq

    def run(self, initial: Iterable[Packed], path: Sequence[Words]) -> tuple[Packed, list[Successor]]:
        """An initial state and steps through states for which those of the path stand."""
        start = next((s for s in initial if self._stands_for(path[0], s)), None)
        if start is None:
            raise Disagreement("a run of the native explorer starts in no initial state")
        steps: list[Successor] = []
        here = start
        for wanted in path[1:]:
            step = self.step(here, wanted)
            if step is None:
                raise Disagreement(f"step {len(steps) + 1} of a run of the native explorer is none of the reference's")
            steps.append(step)
            here = step.after
        return start, steps

    def step(self, state: Packed, wanted: Words) -> Successor | None:
        """A step from a state to one for which some words stand."""
        return next((s for s in self.model.successors(state) if self._stands_for(wanted, s.after)), None)

    def _stands_for(self, words: Words, state: Packed) -> bool:
        return self.alike(words, self.packing.pack(state))
