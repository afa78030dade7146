"""The pipeline of a conformance run: set up, explore schedules, judge every step, shrink, replay, verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

from interlock.core.system import TransitionSystem
from interlock.engines.evaluate import Unsupported
from interlock_conformance.binding import Abstaining, AbstractionError, Binding, Foreseeing, Refining, Ruling, Subject
from interlock_conformance.judging.coverage import Coverage, Exercising, coverage_of
from interlock_conformance.judging.judges import Judges, Pair
from interlock_conformance.judging.monitor import Monitor, NotJudged
from interlock_conformance.judging.observers import Judge, Places, RefinementJudge
from interlock_conformance.judging.refinement import Refinement, TooManyStates, refinement_of
from interlock_conformance.primitives.deterministic import DeterministicRuntime
from interlock_conformance.schedule import Operation, TokenError, Workload, parse_token, token
from interlock_conformance.scheduling.footprint import Footprint
from interlock_conformance.scheduling.lock_order import OrderBook
from interlock_conformance.scheduling.machine import (
    Aborted,
    Breach,
    Chooser,
    Execution,
    Finished,
    Machine,
    Point,
    Thread,
)
from interlock_conformance.scheduling.places import described
from interlock_conformance.scheduling.strangers import Strangers
from interlock_conformance.scheduling.tasks import GreenHome, Greenlets, Home
from interlock_conformance.scheduling.watchdog import Watchdog
from interlock_conformance.shrink import shrink
from interlock_conformance.strategies import Explored, Strategy
from interlock_conformance.strategies.replay import Replay, exactly
from interlock_conformance.verdict import Breaks, ConformanceVerdict, Conforms, Undecided


@dataclass(frozen=True, slots=True)
class Options:
    """How much a run may spend, and what it judges.

    `steps` bounds one execution, `shrink_executions` the search for a smaller schedule.  `properties` are the names of
    the specification's properties to judge, None for all; the rules of the runtime are always judged.  What is
    `known` to be broken is passed over: such a property is not judged, and an execution that breaks such a rule ends
    there, so that nothing is exhausted by it.  `home` is what the threads are: a `Pool`'s, or greenlets.
    After `patience` seconds without a step an execution ends as `silent_loop`.
    `refined` is a specification whose runs those of the candidate must be; see `refinement`.  With `measure` it is told
    what was exercised; see `coverage`.  `judges` are those of runs before, under the same specifications.
    """

    steps: int = 5_000
    shrink_executions: int = 2_000
    properties: frozenset[str] | None = None
    known: frozenset[str] = frozenset()
    home: Callable[[], Home] | None = None
    patience: float = 10.0
    refined: TransitionSystem | None = None
    judges: Judges | None = None
    measure: bool = False


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
        with Watchdog(options.patience) as watchdog, Strangers() as strangers, Greenlets() as greenlets:
            options = replace(options, home=options.home or greenlets.home)
            return _explored(binding, Harness(binding, system, workload, options, watchdog, strangers), strategy)
    except (Unsupported, AbstractionError, SetUpError, TooManyStates) as error:
        return Undecided(binding.name, str(error))
    except Aborted:
        return Undecided(binding.name, "what observes the candidate goes on and on before there is anything to observe")


def _explored(binding: Binding, harness: Harness, strategy: Strategy) -> ConformanceVerdict:
    options = harness.options
    explored = explore(strategy, harness)
    if explored.diverged is not None:
        lost = explored.diverged
        return Undecided(
            binding.name, f"the schedule cannot be followed: at step {lost.step} thread {lost.thread} cannot run"
        )
    if explored.failing is not None:
        end = explored.failing.end
        slow = isinstance(end, Breach) and end.property == "silent_loop"  # each execution of it takes as long again
        smallest = shrink(explored.failing, harness.run, 0 if slow else options.shrink_executions)
        coverage = harness.coverage()  # not that of the replay, which is no search
        return _broken(binding, harness, smallest, explored.executions, coverage)
    if harness.circular is not None and not explored.exhausted and LOCK_ORDER not in options.known:
        harness.judges_order = True
        smallest = shrink(harness.circular, harness.run, options.shrink_executions)
        return _broken(binding, harness, smallest, explored.executions, harness.coverage())
    return kept(binding, harness, explored)


def kept(binding: Binding, harness: Harness, explored: Explored) -> ConformanceVerdict:
    """The verdict where nothing was found to be broken."""
    options = harness.options
    if explored.cut_off:
        reason = f"{explored.cut_off} of {explored.executions} executions did not end within {options.steps} steps"
        reason += f"; {explored.round}" if explored.round else ""
        return Undecided(binding.name, reason, explored.executions)
    bound = (
        f"{explored.bound}, but for those that {harness.passed_over} ended" if harness.passed_over else explored.bound
    )
    exhausted = explored.exhausted and not harness.passed_over
    return Conforms(
        binding.name,
        explored.executions,
        exhausted,
        bound,
        harness.judged,
        harness.not_judged,
        harness.orders.warnings,
        harness.coverage(),
    )


def explore(strategy: Strategy, harness: Harness) -> Explored:
    """What a strategy finds; where each allocation is to fail in its turn, until there is none of that number."""
    explored = strategy.explore(harness.run)
    while explored.failing is None and explored.diverged is None and not explored.cut_off and harness.fail_next():
        explored = explored.then(strategy.explore(harness.run))
    return explored


def survey(judge: Callable[[Options], ConformanceVerdict], options: Options) -> tuple[ConformanceVerdict, ...]:
    """Everything that a candidate breaks: what is found is passed over from then on, until nothing more is."""
    verdicts: list[ConformanceVerdict] = []
    known = options.known
    while True:
        verdict = judge(replace(options, known=known))
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


LOCK_ORDER = "lock_order"
"""The rule that locks are taken in one order."""


class SetUpError(Exception):
    """A candidate raised while it was made, before any thread ran."""


def _names_in(symbols: object) -> frozenset[str]:
    """Which symbols an abstraction function gives; AbstractionError where it is none."""
    if isinstance(symbols, Mapping):
        table = cast("Mapping[object, object]", symbols)
        names = frozenset(name for name, value in table.items() if isinstance(name, str) and callable(value))
        if len(names) == len(table):
            return names
    raise AbstractionError("`symbols` is no table from names of symbols to functions of element numbers")


class Harness:
    """Runs one workload again and again, each time on a fresh candidate."""

    def __init__(
        self,
        binding: Binding,
        system: TransitionSystem,
        workload: Workload,
        options: Options,
        watchdog: Watchdog,
        strangers: Strangers,
    ) -> None:
        self.workload = replace(workload, failing=frozenset({0}), each=False) if workload.each else workload
        self.options = options
        self.passed_over = ""
        """A rule that is known to be broken, if it has ended an execution."""
        self._each, self._has_failed = workload.each, False
        self.orders = OrderBook()
        self.circular: Execution | None = None
        """The first execution whose order of locks would deadlock under some schedule, though it has not."""
        self.judges_order = False
        """Whether such an execution breaks a rule: not while the deadlock itself may be found."""
        self._binding, self._watchdog, self._strangers = binding, watchdog, strangers
        self._home = options.home or GreenHome
        self._calls = _named(workload)
        self.runs = 0
        probe = self._start(DeterministicRuntime(Machine(budget=0)))
        names = frozenset(p.name for p in system.properties) if options.properties is None else options.properties
        observed = _names_in(probe.symbols())
        watchdog.watch(None)  # what follows is not the candidate's
        refined = self._refined()
        abstraction = binding.abstraction(workload) if refined and isinstance(binding, Refining) else None
        if refined is not None and abstraction is None and not observed & {s.name for s in refined.symbols}:
            refined = None  # nothing of it is observed
        also = observed if abstraction is None else abstraction.needs
        sizes = binding.sizes(workload)
        judged = names - options.known

        def judges() -> Pair:
            monitor = Monitor(system, sizes, observed, judged, also if refined else frozenset())
            return monitor, None if refined is None else Refinement(refined, abstraction, monitor, sizes)

        key = (workload, observed, judged, refined is None)
        self.monitor, self.refinement = (options.judges or Judges()).get(key, judges)
        self._places = Places()
        self._outcomes: set[tuple[str, str]] = set()

    def _refined(self) -> TransitionSystem | None:
        """The specification to refine, if that is asked for and not known to fail."""
        refined, wanted = self.options.refined, self.options.properties
        if refined is None:
            return None
        name = refinement_of(refined)
        return None if name in self.options.known or (wanted is not None and name not in wanted) else refined

    @property
    def judged(self) -> tuple[str, ...]:
        """Names of the properties that are judged."""
        rules = self._binding.rules(self.workload) if isinstance(self._binding, Ruling) else ()
        return (*self.monitor.judged, *([self.refinement.property] if self.refinement else []), *rules)

    @property
    def not_judged(self) -> tuple[NotJudged, ...]:
        """Properties and rules that are not judged, each with the reason."""
        if not isinstance(self._binding, Abstaining):
            return self.monitor.not_judged
        more = self._binding.abstains(self.workload)
        return (*self.monitor.not_judged, *(NotJudged(rule, reason) for rule, reason in more.items()))

    def coverage(self) -> Coverage | None:
        """What all executions so far have exercised, if that is asked for."""
        if not self.options.measure:
            return None
        binding = self._binding
        possible = binding.outcomes(self.workload) if isinstance(binding, Foreseeing) else ()
        found = coverage_of(self.monitor, self.refinement, possible, frozenset(self._outcomes))
        own = Coverage(steps=binding.exercised()) if isinstance(binding, Exercising) else Coverage()
        return found | own

    def _start(self, runtime: DeterministicRuntime) -> Subject:
        """A fresh candidate, watched from here on."""
        machine = runtime.machine
        self._watchdog.watch(machine)
        try:
            return self._binding.start(runtime, self.workload)
        except Aborted:
            why = machine.end.message if isinstance(machine.end, Breach) else "it was interrupted"
            raise SetUpError(f"the candidate cannot be set up: {why}") from None
        except Exception as error:
            raise SetUpError(f"the candidate cannot be set up: {described(error)}") from error

    def fail_next(self) -> bool:
        """Turn to the next allocation, if each is to fail and the one whose turn it was has done so; whether it is."""
        turn = self._each and self._has_failed
        if turn:
            self.workload = replace(self.workload, failing=frozenset({max(self.workload.failing) + 1}))
            self._has_failed = False
        return turn

    def _fresh(self, *, trail: list[Footprint] | None, record: bool) -> DeterministicRuntime:
        """What one execution runs on."""
        machine = Machine(budget=self.options.steps, record=record, trail=trail, home=self._home)
        return DeterministicRuntime(machine, self.workload.failing)

    def run(
        self,
        choose: Chooser,
        *,
        given: Sequence[Point] = (),
        trail: list[Footprint] | None = None,
        record: bool = False,
    ) -> Execution:
        """One execution.  What the candidate does wrong is its end; an exception here is a mistake of the binding.

        The first, the second, the fourth and so on are audited: their abstract states are computed from scratch, too.
        """
        self.runs += 1
        audit = record or self.runs & (self.runs - 1) == 0
        runtime = self._fresh(trail=trail, record=record)
        machine = runtime.machine
        try:
            subject = self._start(runtime)
            if self.refinement is None:
                judge = Judge(self.monitor, subject, machine, audit=audit)
            else:
                self._places.forget(len(given))
                judge = RefinementJudge(self.monitor, subject, machine, self.refinement, self._places, audit=audit)
            execution = machine.run(
                [partial(self._work, subject, calls) for calls in self._calls],
                choose,
                judge.look,
                given,
            )
            self._has_failed |= runtime.has_failed
            if isinstance(execution.end, Finished):
                found = self._at_rest(subject, machine)
                if found is not None:
                    execution = Execution(execution.points, found, execution.events)
                execution = self._in_order(execution, machine)
        finally:
            self._watchdog.watch(None)
        if isinstance(execution.end, Breach) and execution.end.property in self.options.known:
            self.passed_over = execution.end.property
            return Execution(execution.points, Finished(), execution.events)
        return execution

    def _work(self, subject: Subject, calls: tuple[tuple[str, Operation], ...], thread: Thread) -> None:
        for doing, operation in calls:
            thread.doing = doing
            self._outcomes.add((operation.name, str(subject.call(operation))))

    def _in_order(self, execution: Execution, machine: Machine) -> Execution:
        """The execution, which has finished; as a breach, if its order of locks is one and is judged."""
        if not machine.order:
            return execution
        circle = machine.order.circle() if machine.recording else self.orders.add(machine.order)  # only here with lines
        if circle is None or not circle.deadlocks or not isinstance(execution.end, Finished):
            return execution
        circular = Execution(execution.points, Breach(LOCK_ORDER, str(circle)), execution.events)
        self.circular = self.circular or circular
        return circular if self.judges_order else execution

    def _at_rest(self, subject: Subject, machine: Machine) -> Breach | None:
        """What is wrong when all threads have ended."""
        strange = self._strangers.seen()
        if strange:
            return Breach("own_thread", f"threads were started past the runtime: {', '.join(strange)}")
        try:
            return subject.at_rest()
        except Aborted:
            return machine.end if isinstance(machine.end, Breach) else None
        except Exception as error:  # noqa: BLE001 -- whatever it raises is its report, not ours
            return Breach("abstraction", f"to look at what is at rest raised {described(error)}")


def _named(workload: Workload) -> tuple[tuple[tuple[str, Operation], ...], ...]:
    """The operations of each thread, by the names that tell them apart."""

    def name(thread: int, operation: Operation) -> str:
        alike = sum(operation in others for others in workload.threads) > 1
        return f"{operation} of thread {thread}" if alike else str(operation)

    return tuple(
        tuple((name(thread, operation), operation) for operation in operations)
        for thread, operations in enumerate(workload.threads)
    )


def _broken(
    binding: Binding, harness: Harness, execution: Execution, executions: int, coverage: Coverage | None
) -> ConformanceVerdict:
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
        binding.name, end.property, end.message, end.clause, text, again.preemptions, again.events, executions, coverage
    )


def _same(again: Execution, before: Execution) -> bool:
    """Whether a replay made the same choices and broke the same property; messages may hold addresses of objects."""
    match again.end, before.end:
        case Breach() as now, Breach() as then:
            return now.property == then.property and again.points == before.points
        case _:
            return False
