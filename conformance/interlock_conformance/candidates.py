"""Candidates, and what their modules say of them.

    BINDING = QueueBinding                   made by `QueueBinding(name, candidate, specification)`, or its name
    WORKLOADS = ("put(0) | take()",)         what is run where the command line says nothing
    REFINES = "abstract.ilk"                 a file beside the specification whose runs those of the candidate must be
    KIND = "counted"                         which kind of the folder's `candidates.toml` it is of
    BREAKS = "no_leak"                       the property that must catch it; it is there to be caught
    EXEMPT = {"no_leak": "..."}              properties that its design does not promise, each with the reason

All of them may be left out: the kind says the rest, see `kinds`.  Where no kind does, `Calls` is the binding, and the
candidate refines the specification itself.  `REFINES = None` judges states and steps alone, for a specification that
does not say what all the steps are.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, cast

from interlock.core.system import TransitionSystem
from interlock_conformance.binding import Binding
from interlock_conformance.calls import Calls
from interlock_conformance.kinds import Kind, Kinds


@dataclass(frozen=True, slots=True)
class Candidate:
    """A class by the name that imports it, `module:Class`, and what is known of it; see the module.

    `given` makes its bindings; `bound` asks it to.
    """

    reference: str
    kind: Kind
    made: Callable[..., object]
    given: Callable[..., object]
    breaks: str | None = None
    exempt: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def name(self) -> str:
        """The module's own name, without those of its packages."""
        return self.reference.partition(":")[0].rpartition(".")[2]

    @property
    def wants_specification(self) -> bool:
        """Whether its binding is made with the specification at hand."""
        return _takes(self.given, 3)

    def bound(self, specification: TransitionSystem | None = None, made: Any = None) -> Binding:  # noqa: ANN401 - a class
        """Its binding; with `made` that of another class in its place, such as a mutant."""
        arguments = (self.name, made or self.made, *([specification] if self.wants_specification else []))
        try:
            bound = self.given(*arguments)
        except Exception as error:  # making it runs somebody's code, which may raise anything
            raise CandidateError(f"the binding cannot be made: {type(error).__name__}: {error}") from error
        missing = [part for part in ("name", "misuse", "sizes", "start") if not hasattr(bound, part)]
        if missing:
            raise CandidateError(f"{self.given!r} makes no binding: what it makes has no `{missing[0]}`")
        return cast("Binding", bound)


class CandidateError(Exception):
    """A candidate that cannot be had; the message says why."""


def imported(reference: str) -> tuple[ModuleType, type]:
    """The module and the class of `module:Class`; CandidateError where there is none, or where importing it fails."""
    module_name, _, class_name = reference.partition(":")
    if not module_name or not class_name:
        raise CandidateError(f"`{reference}` is not MODULE:CLASS, such as list_lru.v13:ListLrus")
    module = _module(module_name)
    made: object = getattr(module, class_name, None)
    if not callable(made):
        raise CandidateError(f"`{module_name}` has no class `{class_name}`")
    return module, cast("type", made)


def _module(name: str) -> ModuleType:
    try:
        return import_module(name)
    except Exception as error:  # importing runs somebody's code, which may raise anything
        raise CandidateError(f"`{name}` cannot be imported: {type(error).__name__}: {error}") from error


def candidate(kinds: Kinds, reference: str, binding: str | None = None) -> Candidate:
    """The candidate `module:Class`, of the kind that its module says, or of the first.

    `binding` is the name of one, `module:Class`, instead of the one that the module or the kind names.
    """
    return told(kinds, reference, *imported(reference), binding)


def told(
    kinds: Kinds,
    reference: str,
    module: ModuleType | None,
    made: Callable[..., object],
    binding: str | Callable[..., object] | None = None,
) -> Candidate:
    """A class as a candidate, with what its module says; CandidateError where that cannot be."""
    home = reference.partition(":")[0]
    kind = _kind(home, module, kinds)
    given: object = binding or getattr(module, "BINDING", kind.binding or Calls)
    if isinstance(given, str):
        given = imported(given)[1]
    if not callable(given):
        raise CandidateError(f"`BINDING` in `{home}` is {given!r}, which makes no binding")
    breaks: object = getattr(module, "BREAKS", None)
    return Candidate(reference, kind, made, given, breaks if isinstance(breaks, str) else None, _exempt(home, module))


def shipped(kinds: Kinds) -> tuple[Candidate, ...]:
    """The candidates that come along, by kind: first those that must conform."""
    if kinds.package is None:
        return ()
    names: list[str] = []
    for package in (kinds.package, f"{kinds.package}.broken"):
        try:
            found = iter_modules(import_module(package).__path__)
        except ModuleNotFoundError as error:
            if error.name != package:
                raise CandidateError(f"`{package}` cannot be imported: {error}") from error
            if package == kinds.package:
                raise CandidateError(f"there is no package `{package}`") from error
            continue
        names += [f"{package}.{module.name}" for module in found if not module.ispkg]
    having = [name for name in names if hasattr(_module(name), str(kinds.attribute))]
    all_there = [candidate(kinds, f"{name}:{kinds.attribute}") for name in having]
    order = [kind.name for kind in kinds.kinds]
    return tuple(sorted(all_there, key=lambda each: order.index(each.kind.name)))


def _kind(home: str, module: ModuleType | None, kinds: Kinds) -> Kind:
    """The kind that a module is of, with what the module says otherwise."""
    first = kinds.kinds[0]
    name: object = getattr(module, "KIND", first.name)
    kind = kinds.named(name) if isinstance(name, str) else None
    if kind is None:
        known = ", ".join(sorted(kind.name for kind in kinds.kinds))
        raise CandidateError(f"`{home}` is of the kind {name!r}; there are {known}")
    workloads: object = getattr(module, "WORKLOADS", kind.workloads)
    if not isinstance(workloads, tuple | list):
        raise CandidateError(f"`WORKLOADS` in `{home}` is {workloads!r}, and no tuple of texts")
    refines: object = getattr(module, "REFINES", kind.refines)
    if not isinstance(refines, str | None):
        raise CandidateError(f"`REFINES` in `{home}` is {refines!r}, and no name of a file")
    texts = tuple(str(text) for text in cast("tuple[object, ...] | list[object]", workloads))
    return replace(kind, workloads=texts, refines=refines)


def _exempt(home: str, module: ModuleType | None) -> Mapping[str, str]:
    found: object = getattr(module, "EXEMPT", {})
    if not isinstance(found, Mapping):
        raise CandidateError(f"`EXEMPT` in `{home}` is no table of properties and reasons")
    exempt = cast("Mapping[object, object]", found)
    return {str(name): str(why) for name, why in exempt.items()}


def _takes(given: Callable[..., object], count: int) -> bool:
    try:
        inspect.signature(given).bind(*range(count))
    except (TypeError, ValueError):
        return False
    return True
