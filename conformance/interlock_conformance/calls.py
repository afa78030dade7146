"""Any class whose methods are operations: `enq(1)` in a workload calls `candidate.enq(1)`.

This binds candidates to a specification without a line of code for it.

- Where the methods that the workload calls are actions of the specification, the calls and returns of each execution
  must be linearizable; see `linearizability`.
- What a method `symbols` returns, if the candidate has one, is the abstraction function: names of the specification's
  symbols, and functions of element numbers that peek.  Invariants are judged in each state, and each step must be one
  of the specification's.
- When all threads have ended, every block is freed that the candidate cannot reach any more.
- A method `at_rest`, if there is one, is asked when all threads have ended; what it returns is what is wrong.

A class that derives from `Calls` can say more, as any binding can.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, cast

from interlock.core.system import Transition, TransitionSystem
from interlock.core.types import SortType
from interlock_conformance.binding import AbstractionError, Symbols
from interlock_conformance.judging.coverage import Covered, names_of_steps
from interlock_conformance.judging.history import Recorder
from interlock_conformance.judging.linearizability import PROPERTY, Sequential
from interlock_conformance.judging.reach import lost_blocks
from interlock_conformance.primitives.deterministic import DeterministicRuntime
from interlock_conformance.runtime import Runtime
from interlock_conformance.schedule import Operation, Workload
from interlock_conformance.scheduling.footprint import Mode
from interlock_conformance.scheduling.machine import Breach

LEAK = "no_leak"

MOST = 256
"""Elements of a sort: what is judged of a state takes time for each of them, and memory."""


class Calls:
    """Binds one implementation to one specification; see the module."""

    def __init__(self, name: str, make: Callable[[Runtime], object], system: TransitionSystem) -> None:
        self.name = name
        self.system = system
        self._make = make
        self._sequential: dict[tuple[tuple[str, int], ...], Sequential] = {}

    def misuse(self, workload: Workload) -> str | None:
        """What of the workload is no call of a method."""
        for operation in workload.operations:
            method: object = getattr(self._make, operation.name, None)
            if operation.name.startswith("_") or operation.name in _OURS or not callable(method):
                return f"`{operation}` calls no method of {self.name}: it has {', '.join(self._methods()) or 'none'}"
            if any(runs_late(method) for runs_late in _RUN_LATE):
                return f"`{operation}` makes a generator or a coroutine, of which nothing runs: write a plain method"
            try:
                inspect.signature(method).bind(None, *operation.args)
            except (TypeError, ValueError) as error:
                return f"`{operation}` cannot be called: {error}"
        sort, most = max(self.sizes(workload).items(), key=itemgetter(1), default=("", 0))
        return f"it names {most} elements of {sort}; there are up to {MOST}" if most > MOST else None

    def sizes(self, workload: Workload) -> Mapping[str, int]:
        """As many elements as the specification's first scope has, or as the workload names, and all the threads."""
        sizes = dict(self.system.scopes[0].sizes) if self.system.scopes else {}
        for operation in workload.operations:
            for step in self.system.transitions:
                if step.action.partition("_")[0] == operation.name.partition("_")[0]:
                    _grow(sizes, step, operation)
        for sort in self.system.sorts:
            if sort.name.rpartition(".")[2] == "Thread":
                sizes[sort.name] = max(sizes.get(sort.name, 1), len(workload.threads))
        return sizes

    def rules(self, workload: Workload) -> tuple[str, ...]:
        """What is judged besides the specification's properties."""
        return (LEAK, PROPERTY) if self._is_sequential(workload) else (LEAK,)

    def abstains(self, workload: Workload) -> Mapping[str, str]:
        """That calls are not judged where one of them is no action: a mistyped name would pass everything."""
        strange = self._strangers(workload)
        return {PROPERTY: f"{self.system.name} has no action for {', '.join(strange)}"} if strange else {}

    def exercised(self) -> Covered:
        """The actions of the specification that calls were, in some order of those of an execution."""
        taken = {number for judged in self._sequential.values() for number in judged.taken}
        names = names_of_steps(self.system)
        return Covered("steps", names if self._sequential else (), frozenset(names[number] for number in taken))

    def start(self, runtime: DeterministicRuntime, workload: Workload) -> CallsSubject:
        """Set a candidate up."""
        made = self._make(cast("Runtime", runtime))
        return CallsSubject(runtime, made, self.symbols(made), self._judged(workload))

    def symbols(self, candidate: Any) -> Symbols:  # noqa: ANN401 - whatever class it is
        """The abstraction function; for classes that derive from this, which know the candidate's."""
        given: object = getattr(candidate, "symbols", None)
        found: object = given() if callable(given) else {}
        if not isinstance(found, Mapping):
            raise AbstractionError(f"`symbols` of {self.name} returns {found!r}, which is no table of functions")
        return cast("Symbols", found)

    def _methods(self) -> list[str]:
        names = (n for n in dir(self._make) if not n.startswith("_") and n not in _OURS)
        return [name for name in names if callable(getattr(self._make, name))]

    def _is_sequential(self, workload: Workload) -> bool:
        """Whether every operation is an action of the specification."""
        return not self._strangers(workload)

    def _strangers(self, workload: Workload) -> list[str]:
        """Names of operations that are no actions of the specification."""
        actions = {step.action for step in self.system.transitions if step.process is None}
        names = dict.fromkeys(operation.name for operation in workload.operations)
        return [name for name in names if not any(a == name or a.startswith(f"{name}_") for a in actions)]

    def _judged(self, workload: Workload) -> Sequential | None:
        if not self._is_sequential(workload):
            return None
        sizes = self.sizes(workload)
        key = tuple(sorted(sizes.items()))
        if key not in self._sequential:
            self._sequential[key] = Sequential(self.system, sizes, frozenset(self._methods()))
        return self._sequential[key]


_OURS = frozenset({"symbols", "at_rest"})
_RUN_LATE = (inspect.isgeneratorfunction, inspect.iscoroutinefunction, inspect.isasyncgenfunction)


def _grow(sizes: dict[str, int], step: Transition, operation: Operation) -> None:
    """Have room for the arguments of a call as those of an action."""
    types = [p.type for p in step.params]
    if types and isinstance(types[0], SortType) and types[0].name.rpartition(".")[2] == "Thread":
        types = types[1:]
    for type_, arg in zip(types, operation.args, strict=False):
        if isinstance(type_, SortType):
            sizes[type_.name] = max(sizes.get(type_.name, 1), arg + 1)


class CallsSubject:
    """One candidate in one execution, and what was called and returned in it.

    A call is a step of its own, so that calls may begin late.  It does not commute with a return of another thread:
    which of the two was first is what linearizability is about.
    """

    def __init__(
        self, runtime: DeterministicRuntime, candidate: object, symbols: Symbols, sequential: Sequential | None
    ) -> None:
        self._runtime, self._machine = runtime, runtime.machine
        self._candidate, self._symbols = candidate, symbols
        self._sequential = sequential
        self._recorder = Recorder.empty()

    def call(self, operation: Operation) -> object:
        """Call a method."""
        method = getattr(self._candidate, operation.name)
        if self._sequential is None:
            return method(*operation.args)
        machine = self._machine
        machine.declare("call", str(operation))
        thread = machine.current.index if machine.current is not None else 0
        for other in range(machine.threads):
            if other != thread:
                machine.touch(f"returns of {other}", Mode.READ)
        number = self._recorder.call(thread, operation.name, operation.args)
        result: object = method(*operation.args)
        machine.touch(f"returns of {thread}", Mode.WRITE)
        self._recorder.returned(number, result)
        return result

    def symbols(self) -> Symbols:
        """The abstraction function."""
        return self._symbols

    def at_rest(self) -> Breach | None:
        """Judge the calls, and what the candidate says of itself."""
        lost = lost_blocks(self._candidate, self._runtime.space)
        if lost:
            return Breach(LEAK, f"at rest nobody can reach {', '.join(lost)}, which is still allocated")
        ask: object = getattr(self._candidate, "at_rest", None)
        wrong: object = ask() if callable(ask) else None
        if wrong is not None:
            return Breach("at_rest", str(wrong))
        return None if self._sequential is None else self._sequential.judge(self._recorder.history)
