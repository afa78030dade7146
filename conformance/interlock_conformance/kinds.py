"""The kinds of candidates that come with Interlock: which specification, which binding, which workloads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import PurePath
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, cast

from interlock_conformance.binding import Binding
from interlock_conformance.bindings.at_allocation import AtAllocationBinding
from interlock_conformance.bindings.list_lru import ListLruBinding


@dataclass(frozen=True, slots=True)
class Kind:
    """What candidates of one kind have in common.

    `specification` is the file in the kind's folder that says what is asked of all of them; `package` holds those that
    come with Interlock, each module one class named `attribute`, and `BREAKS` in those that must be caught.  Several
    kinds share a folder and a package where one subject has designs that promise different things; a module says
    which kind it is of by `KIND`, if it is not the one that bears the folder's name.
    """

    name: str
    specification: str
    package: str
    attribute: str
    bind: Callable[[str, Any], Binding]
    workloads: tuple[str, ...]
    refines: str | None = None
    """The file, beside the specification, of a more abstract one whose runs those of every candidate must be."""


LIST_LRU = Kind(
    name="list_lru",
    specification="base.ilk",
    package="list_lru",
    attribute="ListLrus",
    bind=ListLruBinding,
    workloads=(
        "init(0); add(0, 0); look(0, 0); activate(0); add(0, 0); look(0, 0); use(0, 0)",
        "init(0); init(1); activate(0); activate(0); destroy(0) ! *",
        "init(0); init(1); destroy(0); activate(0)",
        "init(0); init(1); init(2); activate(0) ! *",
        "activate(0); activate(1); init(0); init(0); destroy(0) ! *",
        "init(0); activate(0); add(0, 0); activate(1); activate(1) ! *",
        "init(0); activate(0); init(1); activate(0) ! 1",
        "init(0); activate(0); activate(1); activate(2); activate(3); activate(4); activate(4); destroy(0)",
        "init(0) | activate(0) ! *",
        "init(0); destroy(0) | activate(0) ! *",
        "init(0); destroy(0); init(0) | activate(0)",
        "init(0); init(1); destroy(0) | activate(0)",
        "init(0); init(1); activate(0) | activate(1) ! 3",
        "init(0) | activate(0); activate(0) ! 1",
        "init(0); init(1); destroy(0) | add(1, 0)",
        "init(0); use(0, 0) | add(0, 0)",
        "init(0); activate(0); activate(1) | add(0, 0)",
        "init(0); activate(0); activate(1) | use(0, 0)",
        "init(0) | activate(0) | use(0, 0)",
    ),
    refines="abstract.ilk",
)

AT_ALLOCATION = Kind(
    name="at_allocation",
    specification="at_allocation_base.ilk",
    package="list_lru",
    attribute="ListLrus",
    bind=AtAllocationBinding,
    workloads=(
        "init(0); online(1, 0); online(2, 1); use(0, 2); use(0, 2) ! 1",
        "init(0); online(1, 0); online(2, 1); online(3, 2); use(0, 3); look(0, 3) ! 2",
        "init(0); online(1, 0); use(0, 1); add(0, 1); look(0, 1) ! 1",
        "init(0); init(1); online(1, 0); online(2, 1); add(0, 2); add(1, 1); offline(2); offline(1); use(0, 2)",
        "init(0); online(1, 0); add(0, 1); offline(1); online(2, 0); use(0, 2); add(0, 1); destroy(0)",
        "init(0); online(1, 0); online(2, 0); online(3, 0); online(4, 0); use(0, 1); use(0, 2); use(0, 4); destroy(0)",
        "init(0); online(1, 0); online(2, 1) | add(0, 2) | use(0, 2)",
        "init(0); online(1, 0); offline(1) | use(0, 1)",
        "init(0); online(1, 0); online(2, 1); offline(2) | use(0, 2)",
        "online(1, 0); offline(1) | init(0); add(0, 1); destroy(0)",
    ),
    refines="abstract_at_allocation.ilk",
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (LIST_LRU, AT_ALLOCATION)}


def kind_of(path: str) -> Kind | None:
    """The kind that a specification, or a folder of them, is about; the folder's name says it, or the file's own."""
    *folders, name = PurePath(path).parts or ("",)
    for folder in (name, *reversed(folders)):
        if folder in KINDS:
            own = (kind for kind in KINDS.values() if kind.specification == name and kind.package == folder)
            return next(own, KINDS[folder])
    return None


def kinds_beside(kind: Kind) -> tuple[Kind, ...]:
    """The kinds that share its folder, itself first."""
    return (kind, *(other for other in KINDS.values() if other.package == kind.package and other is not kind))


@dataclass(frozen=True, slots=True)
class Named:
    """A candidate, by the name that imports it, and what that is; `breaks` must catch it, if a property must.

    `exempt` are properties of the kind's specification that its design does not promise, each with the reason.
    """

    reference: str
    kind: Kind
    binding: Binding
    breaks: str | None = None
    made: object = None
    exempt: Mapping[str, str] = field(default_factory=dict[str, str])


class CandidateError(Exception):
    """A candidate that cannot be had; the message says why."""


def imported(reference: str) -> tuple[ModuleType, type]:
    """The module and the class of `module:Class`; CandidateError where there is none, or where importing it fails."""
    module_name, _, class_name = reference.partition(":")
    if not module_name or not class_name:
        raise CandidateError(f"`{reference}` is not MODULE:CLASS, such as list_lru.v13:ListLrus")
    try:
        module = import_module(module_name)
    except Exception as error:  # importing runs somebody's code, which may raise anything
        raise CandidateError(f"`{module_name}` cannot be imported: {type(error).__name__}: {error}") from error
    made: object = getattr(module, class_name, None)
    if not callable(made):
        raise CandidateError(f"`{module_name}` has no class `{class_name}`")
    return module, cast("type", made)


def candidate(kind: Kind, reference: str) -> Named:
    """The candidate `module:Class`; CandidateError where there is none, or where importing it fails."""
    return of_kind(kind, reference, *imported(reference))


def of_kind(kind: Kind, reference: str, module: ModuleType | None, made: Callable[..., object]) -> Named:
    """A class as a candidate, bound as its module says; CandidateError where that says nonsense."""
    own = own_kind(module, kind)
    breaks: object = getattr(module, "BREAKS", None)
    binding = own.bind(short_name(reference), made)
    return Named(reference, own, binding, breaks if isinstance(breaks, str) else None, made, _exempt(module))


def short_name(reference: str) -> str:
    """What reports call a candidate: the last part of its module's name."""
    return reference.partition(":")[0].rpartition(".")[2]


def own_kind(module: ModuleType | None, kind: Kind) -> Kind:
    """The kind that a module says it is of; where it says nothing, the one that is asked for."""
    name: object = getattr(module, "KIND", kind.name)
    own = KINDS.get(name) if isinstance(name, str) else None
    if own is None:
        raise CandidateError(f"the candidate's module is of the kind {name!r}; there are {', '.join(sorted(KINDS))}")
    return own


def _exempt(module: ModuleType | None) -> Mapping[str, str]:
    found: object = getattr(module, "EXEMPT", {})
    if not isinstance(found, Mapping):
        raise CandidateError("`EXEMPT` in the candidate's module is no table of properties and reasons")
    exempt = cast("Mapping[object, object]", found)
    return {str(name): str(why) for name, why in exempt.items()}


def shipped(kind: Kind) -> tuple[Named, ...]:
    """The candidates of a kind that come with Interlock: first those that must conform."""
    names: list[str] = []
    for package in (kind.package, f"{kind.package}.broken"):
        found = iter_modules(import_module(package).__path__)
        names += [f"{package}.{module.name}" for module in found if not module.ispkg]
    first = KINDS[kind.package]
    modules = [(name, import_module(name)) for name in names]
    return tuple(
        candidate(first, f"{name}:{kind.attribute}")
        for name, module in modules
        if hasattr(module, kind.attribute) and own_kind(module, first) is kind
    )
