"""The smallest candidates and their binding: what threads do is given by functions, the specification is three lines."""

from interlock_conformance.primitives.deterministic import DeterministicRuntime
from interlock_conformance.scheduling.machine import Machine, default_choice
from interlock_conformance.specification import load_specification
from interlock_conformance.strategies.exhaustive import Exhaustive

TEXT = b"""
module small
var value: 0..2 = 0
invariant bounded: value <= 1
"""


def specification():
    system, problems = load_specification("small.ilk", lambda path: TEXT)
    assert system is not None, problems
    return system


class Subject:
    """Calls `build(runtime)[name]`; observes what `symbols` says."""

    def __init__(self, binding, runtime):
        self._binding = binding
        self.operations = binding.build(runtime)

    def call(self, operation):
        self.operations[operation.name](*operation.args)

    def symbols(self):
        return self._binding.observe(self.operations)

    def at_rest(self):
        return self._binding.rest(self.operations)


class Small:
    """A binding to `TEXT`; `build(runtime)` makes the operations, a mapping from names to functions."""

    def __init__(self, build, observe=lambda operations: {"value": lambda: 0}, rest=lambda operations: None):
        self.name, self.build, self.observe, self.rest = "small", build, observe, rest

    def misuse(self, workload):
        return None

    def sizes(self, workload):
        return {}

    def start(self, runtime, workload):
        return Subject(self, runtime)


def harness(build, *, failing=(), budget=500, home=None):
    """A run function for `build(runtime)`, which returns the bodies of the threads."""

    def run(choose, *, given=(), record=False, trail=None):
        machine = Machine(budget=budget, record=record, trail=trail, **({} if home is None else {"home": home}))
        bodies = build(DeterministicRuntime(machine, failing))

        def worker(body, name):
            def work(thread):
                thread.doing = name
                body()

            return work

        workers = [worker(body, f"t{number}") for number, body in enumerate(bodies)]
        return machine.run(workers, choose, lambda: None, given)

    return run


def some_end(build, **options):
    """The breach that some schedule leads to, or None when there is none."""
    explored = Exhaustive(None).explore(harness(build, **options))
    return explored.failing.end if explored.failing else None


class Box:
    def __init__(self, memory, value=0):
        self.word = memory.cell("word", value)
        self.row = memory.cells("row", 2, None)


def end_of(build, **options):
    return harness(build, **options)(default_choice).end
