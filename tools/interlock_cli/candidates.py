"""Finding what `conform`, `mutate` and `replay` are about: candidates, specifications that judge them, workloads."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

from interlock.core.diagnostic import diagnose
from interlock.core.system import TransitionSystem
from interlock.pipeline import read_bytes
from interlock_cli.console import complain
from interlock_conformance.binding import Binding
from interlock_conformance.candidates import Candidate, CandidateError, candidate, shipped
from interlock_conformance.kinds import FILE, Kind, Kinds, KindsError, kinds_of, kinds_of_file
from interlock_conformance.schedule import TokenError, Workload, parse_workload
from interlock_conformance.specification import Specifications, specifications


@dataclass(frozen=True)
class Asked:
    """A candidate with its binding, the specification that judges it, the one that it must refine, and the workloads.

    `bind` binds another class in its place, such as a mutant.
    """

    candidate: Candidate
    binding: Binding
    bind: Callable[[object], Binding]
    system: TransitionSystem
    refined: TransitionSystem | None
    workloads: tuple[Workload, ...] = ()


class _RefusedError(Exception):
    """What was asked for cannot be had, and somebody has said why."""


def asked(path: str, reference: str, texts: Sequence[str], binding: str | None = None) -> Asked | None:
    """The candidate `module:Class` on these workloads, or on its own; None, after saying why, where there is none."""
    try:
        found = _opened(path, reference, binding)
        return replace(found, workloads=_workloads(texts, found.candidate))
    except _RefusedError:
        return None


def asked_of_all(path: str, texts: Sequence[str]) -> tuple[Asked, ...] | None:
    """All candidates that come with a folder; only those of one kind where a file or texts say so.

    Designs that promise something else are judged by another specification, on workloads of other operations.
    """
    try:
        kinds = _kinds(path)
        if kinds is None or kinds.package is None:
            fix = f"name a specification's file and a candidate, MODULE:CLASS; or write a `{FILE}` beside it"
            complain((diagnose("E0940", f"no candidates come with `{path}`", fix=fix),))
            return None
        names = {kind.name for kind in (kinds.kinds[:1] if texts else kinds.kinds)}
        found = [each for each in shipped(kinds) if each.kind.name in names]
        given = cache(_given)  # many candidates, few specifications
        return tuple(
            _ask(each, given(replace(each.kind, workloads=()), bound=each.wants_specification), _workloads(texts, each))
            for each in found
        )
    except CandidateError as error:
        complain((diagnose("E0941", str(error)),))
    except _RefusedError:
        pass
    return None


def opened(path: str, reference: str, binding: str | None = None) -> Asked | None:
    """The candidate `module:Class` without workloads; None, after saying why, where it cannot be had."""
    try:
        return _opened(path, reference, binding)
    except _RefusedError:
        return None


def _opened(path: str, reference: str, binding: str | None) -> Asked:
    kinds = _kinds(path)
    if kinds is None and Path(path).is_dir():
        fix = f"name the specification's file, or write a `{FILE}` in the folder"
        complain((diagnose("E0940", f"nothing says which specification in `{path}` judges", fix=fix),))
        raise _RefusedError
    try:
        found = candidate(kinds or kinds_of_file(path), reference, binding)
        return _ask(found, _given(found.kind, bound=found.wants_specification))
    except CandidateError as error:
        complain((diagnose("E0941", str(error)),))
        raise _RefusedError from error


def _kinds(path: str) -> Kinds | None:
    """The kinds of a folder or file.

    Modules are looked for in the folder that the command was called from, too, as `python -m` does.
    """
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return kinds_of(path, read_bytes)
    except KindsError as error:
        folder = Path(path) if Path(path).is_dir() else Path(path).parent
        complain((diagnose("E0946", str(error), path=str(folder / FILE)),))
        raise _RefusedError from error


def _ask(found: Candidate, given: Specifications, workloads: tuple[Workload, ...] = ()) -> Asked:
    bind = partial(found.bound, given.bound)
    return Asked(found, bind(), bind, given.judging, given.refined, workloads)


def _given(kind: Kind, *, bound: bool) -> Specifications:
    given, problems = specifications(kind, read_bytes, bound=bound)
    complain(problems)
    if given is None:
        raise _RefusedError
    return given


def replay_command(path: str, reference: str, token: str, binding: str | None = None) -> str:
    """What to type to see an execution again."""
    bound = f" --binding {shlex.quote(binding)}" if binding else ""
    return f"interlock replay {shlex.quote(f'{path} {reference} {token}')}{bound}"


def _workloads(texts: Sequence[str], found: Candidate) -> tuple[Workload, ...]:
    """The workloads asked for, or those of the candidate and its kind."""
    if not texts and not found.kind.workloads:
        fix = f"give some with -w, as WORKLOADS in the candidate's module, or in `{FILE}`"
        complain((diagnose("E0942", "there are no workloads", fix=fix),))
        raise _RefusedError
    try:
        return tuple(parse_workload(text) for text in texts or found.kind.workloads)
    except TokenError as error:
        complain((diagnose("E0942", str(error)),))
        raise _RefusedError from error
