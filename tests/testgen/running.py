"""Written files as their tests use them: generated, run without pytest, and compared with a second exploration."""

import unittest
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from interlock.core.system import TransitionSystem
from interlock.engines.evaluate import Model, Packed, instantiate
from interlock.engines.testgen import Bounds, Cases, cover
from interlock.pipeline import lower_file, read_bytes, sizes_of
from interlock.render.pytest_cases import all_state, shared_state, text_of_cases
from interlock_conformance.spec_candidate import SpecCandidate

ROOT = Path(__file__).parents[2]
GALLERY = ROOT / "spec/gallery"


def lowered(path: Path) -> TransitionSystem:
    system, problems = lower_file(str(path), read_bytes)
    assert system is not None, problems
    return system


def from_text(text: str) -> TransitionSystem:
    system, problems = lower_file("given.ilk", lambda _: text.encode())
    assert system is not None, problems
    return system


@dataclass(frozen=True)
class Written:
    """What was written for a system in a scope."""

    cases: Cases
    text: str

    @property
    def sizes(self) -> dict[str, int]:
        return dict(self.cases.sizes)

    @cached_property
    def model(self) -> Model:
        return instantiate(self.cases.system, self.sizes)

    def candidate(self) -> SpecCandidate:
        return SpecCandidate(self.model)

    def notices(self, sabotaged: TransitionSystem) -> bool:
        """Whether a test fails for a candidate that takes the steps of another system."""
        model = instantiate(sabotaged, self.sizes)
        for test in self.tests().values():
            try:
                test(SpecCandidate(model))
            except AssertionError:
                return True
            except unittest.SkipTest:
                pass
        return False

    def tests(self) -> dict[str, Callable]:
        names: dict = {}
        exec(compile(self.text, "written.py", "exec"), names)
        return {name: test for name, test in names.items() if name.startswith("test_")}

    def outcomes(self, candidate: Callable[[], object]) -> dict[str, str]:
        """What becomes of each test: nothing if it passes, or why it is skipped, or how it fails."""
        found = {}
        for name, test in self.tests().items():
            try:
                test(candidate())
            except unittest.SkipTest as reason:
                found[name] = f"skipped: {reason}"
            except AssertionError as error:
                found[name] = str(error)
            else:
                found[name] = ""
        return found


def write(system: TransitionSystem, scope: str = "", *, refusals=False, state="shared", **bounds) -> Written:
    sizes, problems = sizes_of(system, scope)
    assert not problems
    cases = cover(system, sizes, Bounds(**bounds), refusals=refusals)
    seen = {"shared": shared_state, "all": all_state}[state](system)
    return Written(cases, text_of_cases(cases, "given.ilk", "interlock testgen given.ilk", seen))


def possible(system: TransitionSystem, sizes: dict[str, int]) -> tuple[set[int], set[tuple[int, int]]]:
    """All steps and pairs of a scope, found in the plainest way."""
    model = instantiate(system, sizes)
    steps: set[int] = set()
    pairs: set[tuple[int, int]] = set()
    into: dict[Packed, set[int]] = {state: set() for state in model.initial_states()}
    waiting = list(into)
    out: dict[Packed, set[int]] = {}
    while waiting:
        state = waiting.pop()
        out[state] = set()
        for step in model.successors(state):
            steps.add(step.transition)
            out[state].add(step.transition)
            if step.after not in into:
                into[step.after] = set()
                waiting.append(step.after)
            into[step.after].add(step.transition)
    for state, ways in into.items():
        pairs |= {(before, after) for before in ways for after in out[state]}
    return steps, pairs


class Recorder(SpecCandidate):
    """The specification as a candidate that notes which transitions each of its steps can have been."""

    def __init__(self, model: Model, log: list[list[set[int]]]) -> None:
        super().__init__(model)
        self.run: list[set[int]] = []
        log.append(self.run)

    def step(self, name, /, **args):
        before = self._current()
        super().step(name, **args)
        found = set()
        for step in self._model.successors(before):
            transition = self._transitions[step.transition]
            names = [v.name for v in (*transition.params, *transition.witnesses)]
            named = dict(zip(names, (*step.args, *step.witnesses), strict=True))
            if (transition.action, named, step.after) == (name, args, self._current()):
                found.add(step.transition)
        self.run.append(found)


def replayed(written: Written) -> tuple[set[int], set[tuple[int, int]]]:
    """The steps and pairs that the written text covers, told by the candidate that it was run on."""
    log: list[list[set[int]]] = []
    outcomes = written.outcomes(lambda: Recorder(written.model, log))
    assert set(outcomes.values()) == {""}
    for run in log:
        assert all(len(found) == 1 for found in run), "a step that can be several"
    runs = [[min(found) for found in run] for run in log]
    return {step for run in runs for step in run}, {pair for run in runs for pair in pairwise(run)}


def without(system: TransitionSystem, only: Iterable[int] | None = None) -> Iterator[tuple[str, TransitionSystem]]:
    """The system again and again, each time without one assignment to a place or to what is shared."""
    wanted = range(len(system.transitions)) if only is None else sorted(only)
    seen = shared_state(system)
    places = {process.pc for process in system.processes}
    for number, transition in ((number, system.transitions[number]) for number in wanted):
        for update in (u for u in transition.updates if seen(u.symbol) or u.symbol in places):
            rest = replace(transition, updates=tuple(u for u in transition.updates if u is not update))
            changed = (*system.transitions[:number], rest, *system.transitions[number + 1 :])
            yield f"{transition.action} without {update.symbol.name}", replace(system, transitions=changed)
