"""The specification itself as a candidate: what it takes and refuses, by the reference meaning.

It is the candidate that every file of `interlock testgen` must pass, and a stand-in until there is another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from interlock.core.trace import State as FullState
from interlock.engines.evaluate import Model, Packed, instantiate
from interlock.pipeline import lower_file, read_bytes, sizes_of
from interlock_conformance.stepwise import OTHERS, Refused, State, Table, Value


def model_of(path: str, scope: str = "") -> Model:
    """The finite instance of a file, in its own scope or as `--scope` has it; ValueError says why there is none."""
    system, problems = lower_file(path, read_bytes)
    sizes, wrong = ({}, problems) if system is None else sizes_of(system, scope)
    if system is None or wrong:
        raise ValueError(f"{path}: {'; '.join(problem.message for problem in wrong)}")
    return instantiate(system, sizes)


class SpecCandidate:
    """Takes the steps of an instance; a choice that nobody directs falls on the first possibility.

    An instance is compiled once, and serves any number of candidates:

        MODEL = model_of("spec/gallery/lock_server.ilk")

        @pytest.fixture
        def candidate(): return SpecCandidate(MODEL)
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._transitions = model.system.transitions
        self._now: Packed | None = None
        self._wish: State | None = None
        self._observed: frozenset[str] | None = None

    def start(self, state: State) -> None:
        """Begin in the first initial state that is as the given one, and observe no more than that has.

        ValueError where there is no such state.
        """
        self._observed = frozenset(state)
        for packed in self._model.initial_states():
            if self._agrees(packed, state):
                self._now = packed
                return
        raise ValueError("no initial state is like this")

    def steer(self, state: State) -> None:
        """Prefer the outcome of the next step after which this is seen."""
        self._wish = state

    def step(self, name: str, /, **args: Value) -> None:
        """Take the step; LookupError where there is none of that name."""
        wish, self._wish = self._wish, None
        indices = [index for index, t in enumerate(self._transitions) if t.action == name]
        if not indices:
            raise LookupError(f"the specification has no step {name}")
        whole = [index for index in indices if set(args) == set(self._names(index))]
        found = self._outcomes(whole, args) or self._outcomes(indices, args)
        if not found:
            raise Refused
        wished = [after for after in found if wish is not None and self._agrees(after, wish)]
        self._now = (wished or found)[0]

    def state(self) -> State:
        """All variables, places of control and locals included, unless `start` has named some."""
        full = self._model.to_state(self._current())
        return {
            symbol.name: {args[0] if len(args) == 1 else args: value for args, value in table.items()}
            if symbol.params
            else table[()]
            for symbol, table in full.tables.items()
            if self._observed is None or symbol.name in self._observed
        }

    def _current(self) -> Packed:
        if self._now is None:
            self._now = next(iter(self._model.initial_states()))
        return self._now

    def _names(self, index: int) -> list[str]:
        transition = self._transitions[index]
        return [v.name for v in (*transition.params, *transition.witnesses)]

    def _outcomes(self, indices: Sequence[int], args: Mapping[str, Value]) -> list[Packed]:
        """The states to which transitions lead with these arguments; what is not given is anything."""
        found: list[Packed] = []
        for index in indices:
            names = self._names(index)
            if set(args) <= set(names):
                given = {names.index(name): value for name, value in args.items()}
                found += [step.after for step in self._model.steps_with(self._current(), index, given)]
        return found

    def _agrees(self, packed: Packed, seen: State) -> bool:
        full = self._model.to_state(packed)
        return all(_matches(full, name, value) for name, value in seen.items())


def _matches(full: FullState, name: str, seen: Value | Table) -> bool:
    """Whether a variable has these values; of a table with `...` the rows that are not listed count too."""
    table = next((table for symbol, table in full.tables.items() if symbol.name == name), None)
    if table is None:
        return False
    if not isinstance(seen, Mapping):
        return table[()] == seen
    actual: dict[object, Value] = {args[0] if len(args) == 1 else args: value for args, value in table.items()}
    for key, value in seen.items():
        if key is not OTHERS and (key not in actual or actual[key] != value):
            return False
    return OTHERS not in seen or all(value == seen[OTHERS] for key, value in actual.items() if key not in seen)
