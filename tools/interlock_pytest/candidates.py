"""Candidates as tests: one for each workload, which fails with the clause that broke and what replays it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from types import ModuleType

    from interlock_conformance.binding import Binding
    from interlock_conformance.candidates import Candidate
    from interlock_conformance.kinds import Kind, Kinds
    from interlock_conformance.specification import Specifications
    from interlock_conformance.strategies import Strategy

EXECUTIONS = 2_000
"""For each workload, unless asked otherwise."""

_MODULES_OWN = "WORKLOADS"
"""The one case of a candidate whose module has the workloads, which is imported when the test runs."""


class Bind(Protocol):
    """Joins a candidate to a specification; see docs/conformance.md."""

    def __call__(self, name: str, candidate: Any, /) -> Binding:  # noqa: ANN401 - whatever the binding knows to use
        """The binding of a candidate."""
        ...


def conforms(
    spec: str | Path,
    *,
    workloads: Sequence[str] = (),
    bind: Bind | None = None,
    strategy: Strategy | None = None,
    executions: int = EXECUTIONS,
    exhaust: bool = False,
) -> Callable[[Callable[[], object]], Callable[[str], None]]:
    """Make a test of a function that returns a candidate: one case for each workload.

    `spec` is what `interlock conform` is given, and the candidate's module says what it says there: how it is bound,
    which are its workloads, what it refines; `workloads` and `bind` go before it.  Without a `strategy` every
    interleaving is tried, up to so many `executions`; with `exhaust` a case in which that is not enough fails.

        @conforms("spec/list_lru", workloads=["init(0) | activate(0)"])
        def test_my_list_lru():
            return MyListLrus
    """
    if executions < 1:
        raise pytest.UsageError(f"`executions={executions}` runs nothing, and would pass")

    def decorate(make: Callable[[], object]) -> Callable[[str], None]:
        cases = tuple(workloads) or _kinds(spec).kinds[0].workloads or (_MODULES_OWN,)

        @pytest.mark.parametrize("workload", cases)
        def test(workload: str) -> None:
            why = _run(_candidate(make), spec, workload, bind, strategy or _exhaustive(executions), exhaust=exhaust)
            if why is not None:
                pytest.fail(why, pytrace=False)

        test.__name__, test.__doc__, test.__module__ = make.__name__, make.__doc__, make.__module__
        return test

    return decorate


def _candidate(make: Callable[[], object]) -> Callable[..., object]:
    """What the test returns, which is a class or something else that makes objects."""
    made = make()
    if not callable(made):
        pytest.fail(f"`{make.__name__}` returns {made!r}, which is no candidate", pytrace=False)
    return made


def _run(
    made: Callable[..., object],
    spec: str | Path,
    workload: str,
    bind: Bind | None,
    strategy: Strategy,
    *,
    exhaust: bool,
) -> str | None:
    """Why the candidate does not conform, or None."""
    from interlock_conformance.conform import Options, conform
    from interlock_conformance.schedule import TokenError, parse_workload
    from interlock_conformance.verdict import Breaks, Conforms, report

    candidate = _told(made, spec, bind)
    judges = _judges(replace(candidate.kind, workloads=()), Path.cwd(), bound=candidate.wants_specification)
    binding = _bound(candidate, judges)
    options = Options(known=frozenset(candidate.exempt), refined=judges.refined)
    texts = candidate.kind.workloads if workload == _MODULES_OWN else (workload,)
    if not texts:
        return f"there are no workloads: give some, or as WORKLOADS in `{made.__module__}`"
    for text in texts:
        try:
            asked = parse_workload(text)
        except TokenError as error:
            return f"`{text}` is no workload: {error}"
        verdict = conform(binding, judges.judging, asked, strategy, options)
        match verdict:
            case Conforms() if verdict.exhausted or not exhaust:
                continue
            case Conforms():
                return f"{report(verdict)}\n  and not every interleaving was tried: give it more executions"
            case Breaks():
                return "\n".join((report(verdict), *_replay(made, spec, verdict.token, bind)))
            case _:
                return report(verdict)
    return None


def _exhaustive(executions: int) -> Strategy:
    from interlock_conformance.strategies.reduced import Reduced

    return Reduced(executions)


def _told(made: Callable[..., object], spec: str | Path, bind: Bind | None) -> Candidate:
    """The candidate, with what its module says, as `interlock conform` takes it."""
    from interlock_conformance.candidates import CandidateError, told

    if Path(spec).is_dir() and bind is not None:
        pytest.fail(f"`{spec}` is a folder: name the specification that judges", pytrace=False)
    module, reference = sys.modules.get(made.__module__), f"{made.__module__}:{_name(made)}"
    try:
        return told(_kinds(spec), reference, module, made, bind)
    except CandidateError as error:
        pytest.fail(str(error), pytrace=False)


def _bound(candidate: Candidate, judges: Specifications) -> Binding:
    from interlock_conformance.candidates import CandidateError

    try:
        return candidate.bound(judges.bound)
    except CandidateError as error:
        pytest.fail(str(error), pytrace=False)


def _name(made: object) -> str:
    return str(getattr(made, "__qualname__", type(made).__name__))


def _replay(made: object, spec: str | Path, token: str, bind: Bind | None) -> tuple[str, ...]:
    """The command that shows the execution again, for a candidate and a binding that it can find by their names."""
    from interlock_cli.candidates import replay_command

    candidate, binding = _reference(made), None if bind is None else _reference(bind)
    if candidate is None or (bind is not None and binding is None):
        return ()
    return (f"  {replay_command(str(spec), candidate, token, binding)}",)


def _reference(thing: object) -> str | None:
    """The `module:Name` by which something can be imported."""
    module: ModuleType | None = sys.modules.get(getattr(thing, "__module__", ""))
    found = getattr(module, _name(thing), None) is thing
    return f"{thing.__module__}:{_name(thing)}" if found else None


def _kinds(spec: str | Path) -> Kinds:
    """Those of the table beside the specification, else that of its file."""
    from interlock.pipeline import read_bytes
    from interlock_conformance.kinds import FILE, KindsError, kinds_of, kinds_of_file

    try:
        table = kinds_of(spec, read_bytes)
    except KindsError as error:
        raise pytest.UsageError(f"the `{FILE}` of `{spec}` cannot be used: {error}") from error
    if table is None and Path(spec).is_dir():
        raise pytest.UsageError(f"`{spec}` is a folder without a `{FILE}`: name the specification that judges")
    return table or kinds_of_file(spec)


@cache
def _judges(kind: Kind, _from: Path, *, bound: bool) -> Specifications:
    """What judges; each process reads files once, as seen from the folder where it is."""
    from interlock.pipeline import read_bytes
    from interlock.render.diagnostics import lines_of_diagnostic
    from interlock_conformance.specification import specifications

    found, diagnostics = specifications(kind, read_bytes, bound=bound)
    if found is None:
        pytest.fail("\n".join(line.plain for d in diagnostics for line in lines_of_diagnostic(d)), pytrace=False)
    return found
