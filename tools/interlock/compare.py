"""Designs side by side: what `check` says of each, and what it costs, measured from the specification alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

from interlock.core.diagnostic import Diagnostic
from interlock.core.system import TransitionSystem
from interlock.engines.costs.results import Study
from interlock.engines.costs.study import study
from interlock.engines.judge import Judgement
from interlock.lang.check import check as check_types
from interlock.lang.loader import load
from interlock.lang.typed import (
    Assert,
    Assign,
    Await,
    Block,
    Either,
    EitherItem,
    ForItem,
    Havoc,
    If,
    IfItem,
    Invoke,
    Item,
    Jump,
    Let,
    Operation,
    Pick,
    StepItem,
    TypedProgram,
    WalkNext,
    WalkStart,
    WhileItem,
    WithItem,
)
from interlock.marks import marks_for
from interlock.model.lower import lower
from interlock.pipeline import Read, Request, check, read_bytes


@dataclass(frozen=True)
class Wanted:
    """What is asked for: seconds for the costs of each design, and how its properties are judged (None: not at all).

    `native` is False where the reference alone shall explore.
    """

    seconds: float = 10.0
    request: Request | None = None
    native: bool = True


@dataclass(frozen=True)
class Design:
    """One file: its verdicts and its costs.

    `study` is None for a file that is no design: without threads or without expectations, it is a part of others.
    `marks` are the columns of assertions, by the last part of their names.
    """

    path: str
    name: str
    summary: str
    study: Study | None
    judgements: tuple[Judgement, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    system: TransitionSystem | None = None
    marks: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def rejected(self) -> bool:
        """Whether the file cannot be used."""
        return any(d.is_error for d in self.diagnostics)

    @property
    def expected(self) -> bool:
        """Whether all verdicts are as the file says; true where none was asked for."""
        return all(j.ok for j in self.judgements)


def compare_file(path: str, wanted: Wanted, read: Read = read_bytes) -> Design:
    """Measure one file, and judge it if that is asked for."""
    program, system, diagnostics = _lowered(path, read)
    if system is None or program is None:
        return Design(path, path, "", None, (), diagnostics)
    marks, unusable = marks_for(path, read)
    summary = system.doc.strip().split("\n\n")[0].split("\n")[0]
    design = Design(path, system.name, summary, None, (), (*diagnostics, *unusable), system, marks)
    if not is_design(system):
        return design
    judgements: tuple[Judgement, ...] = ()
    if wanted.request is not None:
        judgements = tuple(
            j for j in check(path, wanted.request, read).judgements if j.kind not in ("lemma", "inferred")
        )
    sleeping = frozenset(sleeping_steps(program))
    found = study(system, wanted.seconds, sleeping=sleeping, native=wanted.native)
    return replace(design, judgements=judgements, study=found)


def _lowered(path: str, read: Read) -> tuple[TypedProgram | None, TransitionSystem | None, tuple[Diagnostic, ...]]:
    """What a file denotes, with the typed program, which alone still knows which operations a step calls."""
    program, problems = load(path, read)
    if program is None or any(p.is_error for p in problems):
        return None, None, problems
    typed, found = check_types(program)
    if typed is None:
        return None, None, (*problems, *found)
    system, late = lower(typed)
    return typed, system, (*problems, *found, *late)


def sleeping_steps(program: TypedProgram) -> Iterator[str]:
    """The steps that say that they may sleep, by calling an operation `might_sleep` as `std.rcu` has it.

    The transition system does not tell: where its assertion cannot fail, nothing is left of the call.
    """
    for process in program.processes:
        for step in _steps(process.body):
            if any(invoked.name.rpartition(".")[2] == "might_sleep" for invoked in _invoked(step.body)):
                yield f"{process.name}.{step.label}"


def _steps(items: Sequence[Item]) -> Iterator[StepItem]:
    for item in items:
        match item:
            case StepItem():
                yield item
            case WithItem() | ForItem() | WhileItem():
                yield from _steps(item.body)
            case IfItem():
                yield from _steps((*item.yes, *item.no))
            case EitherItem():
                yield from _steps([inner for branch in item.branches for inner in branch])
            case Jump():
                pass
            case _:
                assert_never(item)


def _invoked(block: Block) -> Iterator[Operation]:
    """Operations that are called in a block, directly or by others."""
    for statement in block:
        match statement:
            case Invoke():
                yield statement.operation
                yield from _invoked(statement.operation.body)
            case If():
                yield from _invoked((*statement.yes, *statement.no))
            case Either():
                yield from _invoked(tuple(inner for branch in statement.branches for inner in branch))
            case Assign() | Let() | Pick() | Havoc() | Await() | Assert() | Jump() | WalkStart() | WalkNext():
                pass
            case _:
                assert_never(statement)


def is_design(system: TransitionSystem) -> bool:
    """Whether a module is a whole: it has threads, and says what is expected of them."""
    return bool(system.expects) and bool(system.processes)


def designs_of(all_: Sequence[Design]) -> list[Design]:
    """Those that have been measured."""
    return [design for design in all_ if design.study is not None]
