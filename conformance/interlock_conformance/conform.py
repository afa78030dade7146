"""The pipeline of a conformance run: set up, explore schedules, judge every step, shrink, replay, verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from interlock.core.system import TransitionSystem
from interlock.engines.evaluate import Unsupported
from interlock_conformance.binding import AbstractionError, Binding, Subject
from interlock_conformance.deterministic import DeterministicRuntime
from interlock_conformance.footprint import OBSERVED, Footprint, Mode
from interlock_conformance.machine import Aborted, Breach, Chooser, Execution, Finished, Machine, Thread
from interlock_conformance.monitor import Monitor, Observed
from interlock_conformance.schedule import Operation, TokenError, Workload, parse_token, token
from interlock_conformance.shrink import shrink
from interlock_conformance.strategies import Strategy
from interlock_conformance.strategies.replay import Replay, exactly
from interlock_conformance.verdict import Breaks, ConformanceVerdict, Conforms, Undecided


@dataclass(frozen=True, slots=True)
class Options:
    """How much a run may spend, and what it judges.

    `steps` bounds one execution, `shrink_executions` the search for a smaller schedule.  `properties` are the names of
    the specification's properties to judge, None for all; the rules of the runtime are always judged.  What is
    `known` to be broken is passed over: such a property is not judged, and an execution that breaks such a rule ends
    there, so that nothing is exhausted by it.
    """

    steps: int = 5_000
    shrink_executions: int = 2_000
    properties: frozenset[str] | None = None
    known: frozenset[str] = frozenset()


DEFAULT = Options()


def conform(
    binding: Binding,
    system: TransitionSystem,
    workload: Workload,
    strategy: Strategy,
    options: Options = DEFAULT,
) -> ConformanceVerdict:
    """Run a workload on a candidate under the strategy's schedules; judge each state and step by the specification."""
    misuse = binding.misuse(workload)
    if misuse is not None:
        return Undecided(binding.name, misuse)
    try:
        harness = Harness(binding, system, workload, options)
        explored = strategy.explore(harness.run)
        if explored.diverged is not None:
            lost = explored.diverged
            return Undecided(
                binding.name, f"the schedule cannot be followed: at step {lost.step} thread {lost.thread} cannot run"
            )
        if explored.failing is not None:
            return _broken(
                binding, harness, shrink(explored.failing, harness.run, options.shrink_executions), explored.executions
            )
    except (Unsupported, AbstractionError, SetUpError) as error:
        return Undecided(binding.name, str(error))
    if explored.cut_off:
        reason = f"{explored.cut_off} of {explored.executions} executions did not end within {options.steps} steps"
        return Undecided(binding.name, reason, explored.executions)
    monitor = harness.monitor
    bound = (
        f"{explored.bound}, but for those that {harness.passed_over} ended" if harness.passed_over else explored.bound
    )
    exhausted = explored.exhausted and not harness.passed_over
    return Conforms(binding.name, explored.executions, exhausted, bound, monitor.judged, monitor.not_judged)


def survey(
    binding: Binding,
    system: TransitionSystem,
    workload: Workload,
    strategy: Strategy,
    options: Options = DEFAULT,
) -> tuple[ConformanceVerdict, ...]:
    """Everything that a candidate breaks: what is found is passed over from then on, until nothing more is."""
    verdicts: list[ConformanceVerdict] = []
    known = options.known
    while True:
        verdict = conform(binding, system, workload, strategy, replace(options, known=known))
        verdicts.append(verdict)
        if not isinstance(verdict, Breaks) or verdict.property in known:
            return tuple(verdicts)
        known |= {verdict.property}


def replay(binding: Binding, system: TransitionSystem, text: str, options: Options = DEFAULT) -> ConformanceVerdict:
    """Run the one execution that a token names."""
    try:
        workload, schedule = parse_token(text)
    except TokenError as error:
        return Undecided(binding.name, f"not a token: {error}")
    return conform(binding, system, workload, Replay(schedule), replace(options, shrink_executions=0))


class SetUpError(Exception):
    """A candidate raised while it was made, before any thread ran."""


class Harness:
    """Runs one workload again and again, each time on a fresh candidate."""

    def __init__(self, binding: Binding, system: TransitionSystem, workload: Workload, options: Options) -> None:
        self.workload = workload
        self.passed_over = ""
        """A rule that is known to be broken, if it has ended an execution."""
        self._binding, self._options = binding, options
        probe = self._start(DeterministicRuntime(Machine(budget=0)))
        names = frozenset(p.name for p in system.properties) if options.properties is None else options.properties
        observed = frozenset(probe.symbols())
        self.monitor = Monitor(system, binding.sizes(workload), observed, names - options.known)

    def _start(self, runtime: DeterministicRuntime) -> Subject:
        try:
            return self._binding.start(runtime, self.workload)
        except (Exception, Aborted) as error:
            raise SetUpError(f"the candidate cannot be set up: {type(error).__name__}: {error}") from error

    def run(
        self, choose: Chooser, *, known: int = 0, trail: list[Footprint] | None = None, record: bool = False
    ) -> Execution:
        """One execution.  What the candidate does wrong is its end; an exception here is a mistake of the binding."""
        machine = Machine(budget=self._options.steps, record=record, trail=trail)
        runtime = DeterministicRuntime(machine, self.workload.failing)
        subject = self._start(runtime)
        judge = _Judge(self.monitor, subject, machine)
        execution = machine.run(
            [partial(_work, subject, operations) for operations in self.workload.threads], choose, judge.look, known
        )
        if isinstance(execution.end, Finished):
            found = subject.at_rest()
            if found is not None:
                execution = Execution(execution.points, found, execution.events)
        if isinstance(execution.end, Breach) and execution.end.property in self._options.known:
            self.passed_over = execution.end.property
            return Execution(execution.points, Finished(), execution.events)
        return execution


class _Judge:
    """The observer of one execution: remembers the state before."""

    def __init__(self, monitor: Monitor, subject: Subject, machine: Machine) -> None:
        self._monitor, self._machine = monitor, machine
        self._watch = monitor.watch(machine, subject.symbols())
        self._before: Observed | None = None

    def look(self) -> Breach | None:
        before = self._before
        try:
            after = self._watch.now()
            if after is before:
                return None
            self._before = after
            self._machine.touch(OBSERVED, Mode.WRITE)
            return self._monitor.judge(before, after)
        except AbstractionError as error:
            return Breach("abstraction", str(error))


def _work(subject: Subject, operations: tuple[Operation, ...], thread: Thread) -> None:
    for operation in operations:
        thread.doing = str(operation)
        subject.call(operation)


def _broken(binding: Binding, harness: Harness, execution: Execution, executions: int) -> ConformanceVerdict:
    """Replay a failing execution with the log on.  If it does not end the same way, that is the finding."""
    text = token(harness.workload, execution.schedule)
    again = harness.run(exactly(execution.schedule), record=True)
    if not _same(again, execution) or not isinstance(again.end, Breach):
        return Undecided(
            binding.name,
            f"not deterministic: a schedule ended as {execution.end}, and as {again.end} when it was replayed ({text})",
            executions,
        )
    end = again.end
    return Breaks(
        binding.name, end.property, end.message, end.clause, text, again.preemptions, again.events, executions
    )


def _same(again: Execution, before: Execution) -> bool:
    """Whether a replay made the same choices and broke the same property; messages may hold addresses of objects."""
    match again.end, before.end:
        case Breach() as now, Breach() as then:
            return now.property == then.property and again.points == before.points
        case _:
            return False
