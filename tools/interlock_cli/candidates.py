"""Finding what `conform`, `mutate` and `replay` are about: candidates, the specification, workloads."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from interlock.core.diagnostic import diagnose
from interlock.core.system import TransitionSystem
from interlock.pipeline import read_bytes
from interlock_cli.console import complain
from interlock_conformance.kinds import KINDS, CandidateError, Kind, Named, candidate, kind_of, kinds_beside, shipped
from interlock_conformance.own import own_candidate
from interlock_conformance.schedule import TokenError, Workload, parse_workload
from interlock_conformance.specification import load_specification


@dataclass(frozen=True)
class Asked:
    """Candidates of one kind, the specification that judges them, the workloads, and the specification to refine."""

    kind: Kind
    candidates: tuple[Named, ...]
    system: TransitionSystem
    workloads: tuple[Workload, ...]
    refined: TransitionSystem | None = None


def asked(path: str, reference: str | None, texts: Sequence[str], binding: str | None = None) -> Asked | None:
    """What the arguments ask for; None, after saying why, where that cannot be had."""
    kind, candidates = opened(path, reference, binding)
    return None if kind is None else _asked(path, kind, candidates, texts)


def asked_of_all(path: str, texts: Sequence[str]) -> tuple[Asked, ...] | None:
    """All candidates that a folder has, one entry for each kind; only those of one kind where a file or texts say so.

    Designs that promise something else are judged by another specification, on workloads of other operations.
    """
    kind, candidates = opened(path, None)
    if kind is None:
        return None
    others = kinds_beside(kind)[1:] if Path(path).is_dir() and not texts else ()
    groups = [(kind, candidates), *((other, shipped(other)) for other in others)]
    found = [_asked(path, kind, candidates, texts) for kind, candidates in groups]
    return None if None in found else tuple(entry for entry in found if entry is not None)


def _asked(path: str, kind: Kind, candidates: tuple[Named, ...], texts: Sequence[str]) -> Asked | None:
    workloads = _workloads(texts, kind)
    system = specification(path, kind)
    if system is None or workloads is None:
        return None
    return Asked(kind, candidates, system, workloads, refined(path, kind))


def opened(path: str, reference: str | None, binding: str | None = None) -> tuple[Kind | None, tuple[Named, ...]]:
    """The kind and its candidates, or the one that is named and its kind; None, after saying why, where that cannot be.

    Modules are looked for in the folder that the command was called from, too, as `python -m` does.  A specification
    that no kind is about, or with a `binding`, is bound by what the candidate's module says; see `own`.
    """
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    kind = kind_of(str(Path(path).resolve()))
    if reference is not None and (kind is None or binding is not None) and not Path(path).is_dir():
        return _own(path, reference, binding)
    if kind is None:
        known = ", ".join(sorted(KINDS))
        fix = f"name a specification's file and a candidate, MODULE:CLASS; there are bindings for {known}"
        complain((diagnose("E0940", f"nothing binds candidates to `{path}`", fix=fix),))
        return None, ()
    try:
        if reference is None:
            return kind, shipped(kind)
        named = candidate(kind, reference)
    except CandidateError as error:
        complain((diagnose("E0941", str(error)),))
        return None, ()
    return named.kind, (named,)


def _own(path: str, reference: str, binding: str | None) -> tuple[Kind | None, tuple[Named, ...]]:
    system, diagnostics = load_specification(path, read_bytes, runs=True)
    if system is None:
        complain(diagnostics)
        return None, ()
    try:
        named = own_candidate(path, reference, binding, system)
    except CandidateError as error:
        complain((diagnose("E0941", str(error)),))
        return None, ()
    return named.kind, (named,)


def specification(path: str, kind: Kind) -> TransitionSystem | None:
    """The specification that judges; None, after saying why, where it has errors."""
    file = str(Path(path) / kind.specification) if Path(path).is_dir() else path
    system, diagnostics = load_specification(file, read_bytes)
    complain(diagnostics)
    return system


def refined(path: str, kind: Kind) -> TransitionSystem | None:
    """The specification that candidates of the kind must refine, where there is one beside the other."""
    folder = Path(path) if Path(path).is_dir() else Path(path).parent
    if kind.refines is None or not (folder / kind.refines).is_file():
        return None
    system, diagnostics = load_specification(str(folder / kind.refines), read_bytes, runs=True)
    complain(() if kind.refines == Path(path).name else diagnostics)
    return system


def replay_command(path: str, reference: str, token: str, binding: str | None = None) -> str:
    """What to type to see an execution again."""
    bound = f" --binding {shlex.quote(binding)}" if binding else ""
    return f"interlock replay {shlex.quote(f'{path} {reference} {token}')}{bound}"


def _workloads(texts: Sequence[str], kind: Kind) -> tuple[Workload, ...] | None:
    """The workloads asked for, or those of the kind; None, after saying why, where one cannot be read."""
    if not texts and not kind.workloads:
        fix = "give some with -w, or as WORKLOADS in the candidate's module"
        complain((diagnose("E0942", "there are no workloads", fix=fix),))
        return None
    try:
        return tuple(parse_workload(text) for text in texts or kind.workloads)
    except TokenError as error:
        complain((diagnose("E0942", str(error)),))
        return None
