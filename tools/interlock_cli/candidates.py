"""Finding what `conform` and `replay` are about: the kind, the candidates, the specification."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from interlock.core.diagnostic import diagnose
from interlock.core.system import TransitionSystem
from interlock.pipeline import read_bytes
from interlock_cli.console import complain
from interlock_conformance.kinds import KINDS, CandidateError, Kind, Named, candidate, kind_of, shipped
from interlock_conformance.schedule import TokenError, Workload, parse_workload
from interlock_conformance.specification import load_specification


def opened(path: str, reference: str | None) -> tuple[Kind | None, tuple[Named, ...]]:
    """The kind and its candidates, or the one that is named; None, after saying why, where that cannot be.

    Modules are looked for in the folder that the command was called from, too, as `python -m` does.
    """
    kind = kind_of(str(Path(path).resolve()))
    if kind is None:
        known = ", ".join(sorted(KINDS))
        complain((diagnose("E0940", f"nothing binds candidates to `{path}`", fix=f"there are bindings for {known}"),))
        return None, ()
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return kind, shipped(kind) if reference is None else (candidate(kind, reference),)
    except CandidateError as error:
        complain((diagnose("E0941", str(error)),))
        return None, ()


def specification(path: str, kind: Kind) -> TransitionSystem | None:
    """The specification that judges; None, after saying why, where it has errors."""
    file = str(Path(path) / kind.specification) if Path(path).is_dir() else path
    system, diagnostics = load_specification(file, read_bytes)
    complain(diagnostics)
    return system


def replay_command(path: str, reference: str, token: str) -> str:
    """What to type to see an execution again."""
    return f"interlock replay {shlex.quote(f'{path} {reference} {token}')}"


def workloads(texts: Sequence[str], kind: Kind) -> list[Workload] | None:
    """The workloads asked for, or those of the kind; None, after saying why, where one cannot be read."""
    try:
        return [parse_workload(text) for text in texts or kind.workloads]
    except TokenError as error:
        complain((diagnose("E0942", str(error)),))
        return None
