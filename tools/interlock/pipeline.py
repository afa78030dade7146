"""The whole of Interlock in one function: read, parse, check, lower, judge."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal as OneOf
from typing import assert_never

from interlock.core.diagnostic import Diagnostic, diagnose, did_you_mean
from interlock.core.system import TransitionSystem
from interlock.core.types import RangeType
from interlock.engines.judge import BOUNDED, PROVABLE, SIMULATED, Engines, Finding, ask, finite_scope, search
from interlock.engines.protocol import Limits, Refused, Walks
from interlock.report import (
    Covered,
    Drawn,
    Event,
    FileReport,
    Finished,
    Grown,
    Measured,
    Opened,
    Rejected,
    Walked,
    Working,
    fold,
)

Command = OneOf["check", "prove", "bmc", "explore", "simulate"]
Read = Callable[[str], bytes]
Emit = Callable[[Event], None]


@dataclass(frozen=True)
class Request:
    """What is asked of every file.

    `scope` is the name of a scope in the file or `Lru=2,Memcg=3`, empty for the default; `properties` are the names to
    judge, empty for all.  `seconds` is what there is for each file, all engines together.

    `explorer` is which explorer `explore` uses; `first` has it stop at the first violation, `graph` asks it for the
    state graph, and `grow` for larger and larger scopes, for so many seconds.  `walks` are the random runs of
    `simulate`.
    """

    command: Command = "check"
    scope: str = ""
    properties: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    seconds: float = 300.0
    explorer: OneOf["auto", "native", "reference"] = "auto"
    first: bool = False
    graph: bool = False
    grow: float | None = None
    walks: Walks = field(default_factory=Walks)


def judge_file(path: str, request: Request, emit: Emit, read: Read | None = None) -> None:
    """Judge one file and tell `emit` what happens, ending with `Finished` or `Rejected`."""
    start = time.perf_counter()
    system, diagnostics = lower_file(path, read or read_bytes)
    if system is None:
        emit(Rejected(diagnostics))
        return
    scope, scope_problems = sizes_of(system, request.scope)
    names, name_problems = names_of(system, request)
    problems = (*scope_problems, *name_problems, *unknown_weights(system, request.walks))
    if problems:
        emit(Rejected((*diagnostics, *(replace(p, path=path) for p in problems))))
        return
    emit(Opened(system, names, tuple(scope.items()), request.command != "check", diagnostics))

    def progress(text: str) -> None:
        emit(Working(text))

    def left() -> float:
        return start + request.seconds - time.perf_counter()

    seconds = max(0.0, min(request.limits.total_seconds, left()))
    limits = replace(request.limits, sizes=scope, progress=progress, total_seconds=seconds)
    try:
        for event in _judge(system, names, request, limits, left):
            emit(event)
    except Refused as refused:
        emit(Rejected((*diagnostics, replace(refused.diagnostic, path=path))))
        return
    emit(Finished(time.perf_counter() - start))


def lower_file(path: str, read: Read) -> tuple[TransitionSystem | None, tuple[Diagnostic, ...]]:
    """The front end alone: the system that a file denotes, or None and why not."""
    from interlock.lang.check import check as check_types
    from interlock.lang.loader import load
    from interlock.model.lower import lower

    program, problems = load(path, read)
    if program is None:
        return None, problems
    if any(p.is_error for p in problems):
        return None, problems
    typed, found = check_types(program)
    if typed is None:
        return None, (*problems, *found)
    system, late = lower(typed)
    return system, (*problems, *found, *late)


def check(path: str, request: Request | None = None, read: Read | None = None) -> FileReport:
    """Judge one file in this process and return the report."""
    events: list[Event] = []
    judge_file(path, request or Request(), events.append, read)
    return fold(path, events)


def read_bytes(path: str) -> bytes:
    """The content of a file; the one place where specifications are read."""
    return Path(path).read_bytes()


def standard_engines() -> Engines:
    """The engines of this installation, imported only when something is to be judged."""
    from interlock.engines.exploring import Explorer
    from interlock.engines.z3.bmc import BoundedModelChecker
    from interlock.engines.z3.prove import Induction

    return Engines(Induction(), BoundedModelChecker(), Explorer())


def _judge(
    system: TransitionSystem, names: tuple[str, ...], request: Request, limits: Limits, left: Callable[[], float]
) -> Iterator[Event]:
    match request.command:
        case "check":
            findings: list[Finding] = []
            for finding in search(system, names, standard_engines(), limits, left):
                findings.append(finding)
                yield finding
            yield from _coverage(system, findings, limits, left())
        case "prove":
            yield from ask(standard_engines().prover, system, names, replace(limits, sizes={}))
        case "bmc":
            yield from ask(standard_engines().bounded, system, names, limits)
        case "explore" if request.grow is not None:
            yield from _grow(system, names, request, limits, request.grow)
        case "explore":
            from interlock.engines.exploring import Explorations

            exploration = Explorations(system, names, limits, measure=True, which=request.explorer, first=request.first)
            yield from (Finding(name, verdict) for name, verdict in exploration.judge())
            yield Measured(exploration.stats())
            if request.graph:
                from interlock.engines.state_graph import state_graph

                yield Working("drawing the state graph")
                yield Drawn(state_graph(system, names, limits.sizes, max(1.0, left())))
        case "simulate":
            from interlock.engines.simulate import Simulation

            simulation = Simulation(system, names, limits, request.walks)
            for name, verdict in simulation.judge():
                yield Finding(name, verdict)
                yield Walked(simulation.stats())
            yield Walked(simulation.stats())
        case _:
            assert_never(request.command)


def _grow(
    system: TransitionSystem, names: tuple[str, ...], request: Request, limits: Limits, seconds: float
) -> Iterator[Event]:
    """Explore larger and larger scopes, from one element of each sort on unless a scope was given."""
    from interlock.engines.exploring import Explorations
    from interlock.engines.grow import Round, Sizes, grow, merged

    end = time.perf_counter() + seconds
    first = dict(limits.sizes) if request.scope else {**limits.sizes, **{sort.name: 1 for sort in system.sorts}}

    def explore(sizes: Sizes, within: float) -> Round:
        at = replace(limits, sizes=sizes, total_seconds=within)
        exploration = Explorations(system, names, at, measure=True, which=request.explorer)
        verdicts = tuple(exploration.judge())
        return Round(tuple(sizes.items()), exploration.stats(), verdicts)

    rounds: list[Round] = []
    for reached in grow(first, [sort.name for sort in system.sorts], explore, lambda: end - time.perf_counter()):
        rounds.append(reached)
        yield Grown(tuple(rounds))
    yield from (Finding(name, verdict) for name, verdict in merged(rounds))


def _coverage(system: TransitionSystem, findings: Sequence[Finding], limits: Limits, seconds: float) -> Iterator[Event]:
    """What is dead or vacuous, in the time that is left; nothing is told where there is none."""
    if seconds <= 0:
        return
    from interlock.engines.coverage import cover
    from interlock.engines.z3.coverage import rules_out

    yield Working("what is never reached")
    found = [(finding.property, finding.verdict) for finding in findings]
    timed = replace(limits, total_seconds=min(limits.total_seconds, seconds))
    yield Covered(cover(system, found, rules_out, timed))


def names_of(system: TransitionSystem, request: Request) -> tuple[tuple[str, ...], tuple[Diagnostic, ...]]:
    """The properties to judge, in the order of the file, or a diagnostic for each name that there is not.

    Unless it is asked by name, an engine is spared the kinds that it cannot judge.
    """
    wanted = request.properties
    able = {"check": None, "prove": PROVABLE, "bmc": BOUNDED, "explore": None, "simulate": SIMULATED}[request.command]
    known = tuple(prop.name for prop in system.properties)
    problems = tuple(
        diagnose("E0924", f"module `{system.name}` has no property `{name}`", fix=did_you_mean(name, known))
        for name in wanted
        if name not in known
    )
    if wanted:
        return tuple(name for name in known if name in wanted), problems
    return tuple(prop.name for prop in system.properties if able is None or prop.kind in able), problems


def unknown_weights(system: TransitionSystem, walks: Walks) -> tuple[Diagnostic, ...]:
    """A diagnostic for each weight of what is neither an action nor a process."""
    known = dict.fromkeys([*(t.action for t in system.transitions), *(p.name for p in system.processes)])
    return tuple(
        diagnose("E0928", f"module `{system.name}` has no action or process `{name}`", fix=did_you_mean(name, known))
        for name, _ in walks.weights
        if name not in known
    )


_LONGEST = 9
"""Digits of a number in `--scope`; no longer one is of any use."""


def sizes_of(system: TransitionSystem, text: str) -> tuple[dict[str, int], tuple[Diagnostic, ...]]:
    """Sizes of all sorts for `--scope`: a scope's name, or `Lru=2,Memcg=3` on top of the file's own scope.

    As in a `scope` of the file, integer constants may be given values.
    """
    sizes = finite_scope(system)
    if not text:
        return sizes, ()
    named = {scope.name: scope for scope in system.scopes}
    if "=" not in text:
        if text in named:
            return {sort.name: 2 for sort in system.sorts} | dict(named[text].sizes), ()
        fix = did_you_mean(text, named) or (f"it has {', '.join(named)}" if named else "write `--scope Sort=2`")
        return sizes, (diagnose("E0921", f"module `{system.name}` has no scope `{text}`", fix=fix),)
    problems: list[Diagnostic] = []
    constants = {symbol.name: symbol.result for symbol in system.sized_constants()}
    known = {*sizes, *constants}
    given: set[str] = set()
    for part in text.split(","):
        name, _, number = (piece.strip() for piece in part.partition("="))
        if name in given:
            problems.append(diagnose("E0923", f"`{name}` has two sizes in `{text}`", fix="say one"))
        given.add(name)
        value = int(number) if number.isascii() and number.isdigit() and len(number) <= _LONGEST else -1
        if name not in known:
            fix = did_you_mean(name, known)
            problems.append(
                diagnose("E0922", f"module `{system.name}` has no sort or free integer constant `{name}`", fix=fix)
            )
        elif (type_ := constants.get(name)) is not None:
            if value < 0 or (isinstance(type_, RangeType) and not type_.may_hold(value)):
                problems.append(diagnose("E0923", f"`{number}` is no value for `{name}`, which is of type `{type_}`"))
            else:
                sizes[name] = value
        elif not 1 <= value <= 64:
            problems.append(diagnose("E0923", f"`{number}` is no size for `{name}`", fix="a size is from 1 to 64"))
        else:
            sizes[name] = value
    return sizes, tuple(problems)
