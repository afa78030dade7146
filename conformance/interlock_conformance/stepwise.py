"""Runs that a candidate is led through step by step: what the files that `interlock testgen` writes are made of.

    class Adapter:
        def __init__(self): self.server = LockServer()
        def step(self, name, /, **args): ...      # take the step of that name, or raise Refused
        def state(self): return {"here": self.server.here, "holds": {0: ..., 1: ...}}

    @pytest.fixture
    def candidate(): return Adapter()

Names of steps and of state are those of the specification.  What `state` leaves out is not observed, and compared with
nothing; it must observe something.  Elements of sorts are numbers from 0, enum members strings, none is None; a table
maps an argument, or a tuple of several, to a value.

This module needs neither the specification nor any other part of Interlock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Protocol, TypeAlias, cast, runtime_checkable
from unittest import SkipTest

Value: TypeAlias = bool | int | str | None
"""A value of the specification."""

Table: TypeAlias = Mapping[object, Value]
"""A value for each argument; in what a case says, `...` stands for the arguments that it does not list."""

State: TypeAlias = Mapping[str, "Value | Table"]
"""Values and tables by the names of the specification's variables."""

OTHERS = cast("object", ...)
"""The key that stands for all arguments that a table does not list."""


class Refused(Exception):  # noqa: N818 - an answer, and no mistake
    """Raised by an adapter: the candidate cannot take this step now; it waits, or says no."""


class CannotSteer(Exception):  # noqa: N818 - an answer, and no mistake
    """Raised by an adapter: the candidate may take this step, but cannot be made to take it in the way asked for.

    Such as to pick just that element, or to run out of memory just there.  The case is skipped.
    """


class Adapter(Protocol):
    """What a case needs of a candidate.

    A candidate that can be begun in more than one way also has `start` (see `Starts`), and one whose choices can be
    directed `steer` (see `Steers`).
    """

    def step(self, name: str, /, **args: Value) -> object:
        """Take a step, with the arguments that the specification gives it; raise Refused where that is impossible."""
        ...

    def state(self) -> State:
        """What can be observed now."""
        ...


@runtime_checkable
class Starts(Protocol):
    """A candidate that can be set up in a given state."""

    def start(self, state: State, /) -> object:
        """Be in this state before the first step."""
        ...


@runtime_checkable
class Steers(Protocol):
    """A candidate whose choices can be directed, where the specification leaves open to what a step leads."""

    def steer(self, state: State, /) -> object:
        """Prefer, in the next step, the outcome that leads to this state."""
        ...


def begin(candidate: Adapter, state: State) -> Run:
    """A run of the candidate from a state of the specification.

    A candidate that cannot be set up and begins in another state is skipped: it may be one that is allowed as well.
    """
    if isinstance(candidate, Starts):
        candidate.start(state)
    return Run(candidate, state)


class Run:
    """A run so far; all methods raise AssertionError where the candidate does not do what the specification does."""

    def __init__(self, candidate: Adapter, state: State) -> None:
        self._candidate = candidate
        self._expected = {name: _plain(value) for name, value in state.items()}
        self._story: list[str] = []
        seen = self._observe()
        wrong = tuple(_differences(self._expected, seen))
        if not any(name in self._expected for name in seen):
            raise self._failure("the candidate's state() observes nothing that the case speaks of")
        if wrong and not isinstance(candidate, Starts):
            raise SkipTest(f"the candidate begins elsewhere, and has no start(): {wrong[0]}")
        if wrong:
            raise self._failure("the candidate's start() leads to another state", wrong)

    def step(self, name: str, /, **args: Value) -> Outcome:
        """Take a step; what it must lead to is for the outcome to say."""
        __tracebackhide__ = True
        text = _called(name, args)
        try:
            self._candidate.step(name, **args)
        except Refused as refused:
            why = f": {refused}" if str(refused) else ""
            raise self._failure(f"{text} is refused, and the specification has it here{why}") from None
        except CannotSteer as reason:
            raise SkipTest(f"the candidate cannot be made to take {text} in this way: {reason}") from None
        self._story.append(text)
        return Outcome(self)

    def steer(self, changes: State, /) -> None:
        """Ask for one of the outcomes that the next step may have."""
        if isinstance(self._candidate, Steers):
            wanted = _changed(self._expected, changes)
            self._candidate.steer({name: table.get((), table) for name, table in wanted.items()})

    def refuses(self, name: str, /, **args: Value) -> None:
        """The step cannot be taken: the candidate raises Refused, and nothing changes."""
        __tracebackhide__ = True
        text = _called(name, args)
        try:
            self._candidate.step(name, **args)
        except Refused:
            self._story.append(f"{text} refused")
            self.compare({})
            return
        except CannotSteer as reason:
            raise SkipTest(f"the candidate cannot be made to try {text}: {reason}") from None
        raise self._failure(f"{text} is taken, and the specification does not have it here")

    def compare(self, changes: State, or_else: Iterable[State] = ()) -> None:
        """Judge the state: as it was but for the changes, or for one of the other changes that are allowed."""
        __tracebackhide__ = True
        seen = self._observe()
        expected = _changed(self._expected, changes)
        wrong = tuple(_differences(expected, seen))
        if not wrong:
            self._expected = expected
            return
        for other in or_else:
            if not any(_differences(_changed(self._expected, other), seen)):
                raise SkipTest(f"{self._story[-1]} has another outcome here, which the specification allows as well")
        raise self._failure(f"{self._story[-1]} leads to another state than the specification's", wrong)

    def _observe(self) -> dict[str, dict[object, Value]]:
        seen = {name: _plain(value) for name, value in self._candidate.state().items()}
        for name in seen:
            if name not in self._expected:
                near = get_close_matches(name, self._expected, 1)
                meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(self._expected)}"
                raise self._failure(f"the candidate's state() has {name}, which the case does not know; {meant}")
        return seen

    def _failure(self, what: str, details: Iterable[str] = ()) -> AssertionError:
        story = [f"  {number:>3} {text}" for number, text in enumerate(self._story, start=1)]
        lines = [what, *(f"  {line}" for line in details), *(["the run:"] if story else []), *story]
        return AssertionError("\n".join(lines))


class Outcome:
    """What a step must have led to."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def gives(self, changes: State, or_else: Iterable[State] = ()) -> None:
        """The state is as it was, but for the changes.

        `or_else` lists other changes that the specification allows: with those the candidate is right, but the case
        cannot go on, so it is skipped.
        """
        __tracebackhide__ = True
        self._run.compare(changes, or_else)

    def unchanged(self) -> None:
        """The state is as it was."""
        __tracebackhide__ = True
        self._run.compare({})


def _plain(value: Value | Table) -> dict[object, Value]:
    """A table of one's own; a value without arguments is one under no arguments."""
    return dict(value) if isinstance(value, Mapping) else {(): value}


def _changed(state: Mapping[str, dict[object, Value]], changes: State) -> dict[str, dict[object, Value]]:
    return {name: {**table, **_plain(changes[name])} if name in changes else table for name, table in state.items()}


def _differences(
    expected: Mapping[str, Mapping[object, Value]], seen: Mapping[str, Mapping[object, Value]]
) -> Iterator[str]:
    """What was seen and is not as expected, in words."""
    for name, table in seen.items():
        wanted = expected.get(name, {})
        for args, value in table.items():
            if args not in wanted and OTHERS not in wanted:
                yield f"{_placed(name, args)} is {value!r}, and there are no such arguments"
                continue
            right = wanted[args] if args in wanted else wanted[OTHERS]
            if value != right or isinstance(value, bool) != isinstance(right, bool):
                yield f"{_placed(name, args)} is {value!r}, expected {right!r}"


def _placed(name: str, args: object) -> str:
    if args == ():
        return name
    parts = cast("tuple[object, ...]", args) if isinstance(args, tuple) else (args,)
    return f"{name}({', '.join(map(str, parts))})"


def _called(name: str, args: Mapping[str, Value]) -> str:
    return f"{name}({', '.join(f'{arg}={value!r}' for arg, value in args.items())})"
