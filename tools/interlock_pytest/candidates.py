"""Candidates as tests: one for each workload, which fails with the clause that broke and what replays it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from interlock.core.system import TransitionSystem
    from interlock_conformance.binding import Binding
    from interlock_conformance.kinds import Kind
    from interlock_conformance.strategies import Strategy

EXECUTIONS = 2_000
"""For each workload, unless asked otherwise."""


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

    `spec` is the folder of a kind that comes with Interlock, which brings its workloads and its binding along, or a
    specification, for which `workloads` are given; and `bind`, unless the candidate's methods are its actions.  Without
    a `strategy` every interleaving is tried, up to so many `executions`; with `exhaust` a case in which that is not
    enough fails.

        @conforms("spec/list_lru", workloads=["init(0) | activate(0)"])
        def test_my_list_lru():
            return MyListLrus
    """

    def decorate(make: Callable[[], object]) -> Callable[[str], None]:
        cases = tuple(workloads) or _kind(spec).workloads
        system, refined = cache(partial(_system, spec, bind)), cache(partial(_refined, spec, bind))

        @pytest.mark.parametrize("workload", cases)
        def test(workload: str) -> None:
            __tracebackhide__ = True
            how = strategy or _exhaustive(executions)
            why = _run(make(), system(), refined(), spec, workload, bind, how, exhaust=exhaust)
            if why is not None:
                pytest.fail(why, pytrace=False)

        test.__name__, test.__doc__, test.__module__ = make.__name__, make.__doc__, make.__module__
        return test

    return decorate


def _run(
    candidate: object,
    system: TransitionSystem,
    refined: TransitionSystem | None,
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

    try:
        asked = parse_workload(workload)
    except TokenError as error:
        return f"`{workload}` is no workload: {error}"
    name = getattr(candidate, "__module__", "candidate").rpartition(".")[2]
    binding = (bind or _default(spec, refined))(name, candidate)
    verdict = conform(binding, system, asked, strategy, Options(refined=refined))
    match verdict:
        case Conforms() if verdict.exhausted or not exhaust:
            return None
        case Conforms():
            return f"{report(verdict)}\n  and not every interleaving was tried: give it more executions"
        case Breaks():
            return "\n".join((report(verdict), *_replay(candidate, spec, verdict.token)))
        case _:
            return report(verdict)


def _exhaustive(executions: int) -> Strategy:
    from interlock_conformance.strategies.reduced import Reduced

    return Reduced(executions)


def _replay(candidate: object, spec: str | Path, token: str) -> tuple[str, ...]:
    """The command that shows the execution again, for a candidate that it can find."""
    from interlock_cli.candidates import replay_command
    from interlock_conformance.kinds import kind_of

    name = getattr(candidate, "__qualname__", "")
    if kind_of(str(Path(spec).resolve())) is None or not name.isidentifier():
        return ()
    return (f"  {replay_command(str(spec), f'{candidate.__module__}:{name}', token)}",)


def _kind(spec: str | Path) -> Kind:
    from interlock_conformance.kinds import KINDS, kind_of

    kind = kind_of(str(Path(spec).resolve()))
    if kind is None:
        known = ", ".join(sorted(KINDS))
        raise pytest.UsageError(f"nothing binds candidates to `{spec}`: give `bind` and `workloads`, or one of {known}")
    return kind


def _refined(spec: str | Path, bind: Bind | None) -> TransitionSystem | None:
    """What the candidates of a kind must refine; of a specification of one's own, that itself."""
    from interlock.pipeline import read_bytes
    from interlock_cli.candidates import refined
    from interlock_conformance.specification import load_specification

    if bind is not None:
        return None
    if _is_own(spec):
        return load_specification(str(spec), read_bytes, runs=True)[0]
    return refined(str(spec), _kind(spec))


def _default(spec: str | Path, refined: TransitionSystem | None) -> Bind:
    """The binding of a kind; of a specification of one's own, that of classes whose methods are actions."""
    from interlock_conformance.bindings.calls import Calls

    if not _is_own(spec):
        return _kind(spec).bind
    assert refined is not None
    return partial(Calls, system=refined)


def _is_own(spec: str | Path) -> bool:
    from interlock_conformance.kinds import kind_of

    return kind_of(str(Path(spec).resolve())) is None and Path(spec).is_file()


def _system(spec: str | Path, bind: Bind | None) -> TransitionSystem:
    from interlock.pipeline import read_bytes
    from interlock.render.diagnostics import lines_of_diagnostic
    from interlock_conformance.specification import load_specification

    path = Path(spec)
    if path.is_dir():
        if bind is not None:
            raise pytest.UsageError(f"`{spec}` is a folder: name the specification that judges")
        path /= _kind(spec).specification
    system, diagnostics = load_specification(str(path), read_bytes)
    if system is None:
        pytest.fail("\n".join(line.plain for d in diagnostics for line in lines_of_diagnostic(d)), pytrace=False)
    return system
