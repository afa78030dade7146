"""Candidates of somebody's own, for a specification that no kind is about: what binds them is named by their module.

    BINDING = QueueBinding                   made by `QueueBinding(name, candidate, specification)`; by default `Calls`
    WORKLOADS = ("put(0) | take()",)         what is run where the command line says nothing
    REFINES = "abstract.ilk"                 a file beside the specification; by default the specification itself

All of them may be left out.  `REFINES = None` judges states and steps alone, for a specification that does not say what
all the steps are.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import PurePath
from types import ModuleType
from typing import Any, cast

from interlock.core.system import TransitionSystem
from interlock_conformance.binding import Binding
from interlock_conformance.bindings.calls import Calls
from interlock_conformance.kinds import CandidateError, Kind, Named, imported, short_name


def own_candidate(path: str, reference: str, binding: str | None, system: TransitionSystem) -> Named:
    """The candidate `module:Class` for a specification's file.

    `binding` is the name of one, `module:Class`, instead of the one that the candidate's module names.
    """
    module, made = imported(reference)
    return of_its_own(path, reference, module, made, system, None if binding is None else imported(binding)[1])


def of_its_own(
    path: str,
    reference: str,
    module: ModuleType | None,
    made: Callable[..., object],
    system: TransitionSystem,
    binding: Callable[..., object] | None = None,
) -> Named:
    """A class as a candidate for a specification, with what its module says; CandidateError where that cannot be.

    `binding` goes before what the module names.
    """
    home, _, attribute = reference.partition(":")
    given: object = getattr(module, "BINDING", Calls) if binding is None else binding
    if isinstance(given, str):
        given = imported(given)[1]
    if not callable(given):
        raise CandidateError(f"`BINDING` in `{home}` is {given!r}, which makes no binding")
    workloads: object = getattr(module, "WORKLOADS", ())
    if not isinstance(workloads, tuple | list):
        raise CandidateError(f"`WORKLOADS` in `{home}` is {workloads!r}, and no tuple of texts")
    refines: object = getattr(module, "REFINES", PurePath(path).name)
    if not isinstance(refines, str | None):
        raise CandidateError(f"`REFINES` in `{home}` is {refines!r}, and no name of a file")
    bind = _maker(cast("Callable[..., object]", given), system)
    texts = tuple(str(text) for text in cast("list[object]", workloads))
    kind = Kind(system.name, PurePath(path).name, home, attribute, bind, texts, refines)
    breaks: object = getattr(module, "BREAKS", None)
    return Named(reference, kind, bind(short_name(reference), made), breaks if isinstance(breaks, str) else None, made)


def _maker(given: Callable[..., object], system: TransitionSystem) -> Callable[[str, Any], Binding]:
    """What makes a binding of a name and a class; one that takes a third argument gets the specification."""

    def bind(name: str, made: Any) -> Binding:  # noqa: ANN401 - whatever the binding knows to use
        try:
            bound = given(name, made, system) if _takes(given, 3) else given(name, made)
        except Exception as error:  # making it runs somebody's code, which may raise anything
            raise CandidateError(f"the binding cannot be made: {type(error).__name__}: {error}") from error
        missing = [part for part in ("name", "misuse", "sizes", "start") if not hasattr(bound, part)]
        if missing:
            raise CandidateError(f"{given!r} makes no binding: what it makes has no `{missing[0]}`")
        return cast("Binding", bound)

    return bind


def _takes(given: Callable[..., object], count: int) -> bool:
    try:
        inspect.signature(given).bind(*range(count))
    except (TypeError, ValueError):
        return False
    return True
