"""The kinds of candidates that come with Interlock: which specification, which binding, which workloads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePath
from pkgutil import iter_modules
from typing import Any

from interlock_conformance.binding import Binding
from interlock_conformance.bindings.list_lru import ListLruBinding


@dataclass(frozen=True, slots=True)
class Kind:
    """What candidates of one kind have in common.

    `specification` is the file in the kind's folder that says what is asked of all of them; `package` holds those that
    come with Interlock, each module one class named `attribute`, and `BREAKS` in those that must be caught.
    """

    name: str
    specification: str
    package: str
    attribute: str
    bind: Callable[[str, Any], Binding]
    workloads: tuple[str, ...]


LIST_LRU = Kind(
    name="list_lru",
    specification="base.ilk",
    package="list_lru",
    attribute="ListLrus",
    bind=ListLruBinding,
    workloads=(
        "init(0) | activate(0)",
        "init(0) | activate(0) ! 1",
        "init(0); destroy(0) | activate(0)",
        "init(0); init(1); activate(0) | activate(1) ! 3",
        "activate(0); activate(1); init(0) ! 2",
        "init(0); init(1); activate(0); activate(0) ! 5",
        "init(0) | activate(0); activate(0) ! 1",
        "activate(0); init(0); init(0) | activate(1) ! 2",
        "init(0); activate(0); add(0, 0); activate(1); activate(1) ! 4",
        "init(0); destroy(0); init(0) | activate(0)",
        "init(0) | add(0, 0) | add(0, 0)",
        "init(0) | activate(0) | use(0, 0)",
        "init(0); activate(0); activate(1) | use(0, 0)",
    ),
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (LIST_LRU,)}


def kind_of(path: str) -> Kind | None:
    """The kind that a specification, or a folder of them, is about; the folder's name says it."""
    parts = PurePath(path).parts
    return next((KINDS[part] for part in reversed(parts) if part in KINDS), None)


@dataclass(frozen=True, slots=True)
class Named:
    """A candidate, by the name that imports it, and what that is; `breaks` must catch it, if a property must."""

    reference: str
    binding: Binding
    breaks: str | None = None
    made: object = None


class CandidateError(Exception):
    """A candidate that cannot be had; the message says why."""


def candidate(kind: Kind, reference: str) -> Named:
    """The candidate `module:Class`; CandidateError where there is none, or where importing it fails."""
    module_name, _, class_name = reference.partition(":")
    if not module_name or not class_name:
        raise CandidateError(f"`{reference}` is not MODULE:CLASS, such as {kind.package}.v13:{kind.attribute}")
    try:
        module = import_module(module_name)
    except Exception as error:  # importing runs somebody's code, which may raise anything
        raise CandidateError(f"`{module_name}` cannot be imported: {type(error).__name__}: {error}") from error
    made: object = getattr(module, class_name, None)
    if not callable(made):
        raise CandidateError(f"`{module_name}` has no class `{class_name}`")
    breaks: object = getattr(module, "BREAKS", None)
    binding = kind.bind(module_name.rpartition(".")[2], made)
    return Named(reference, binding, breaks if isinstance(breaks, str) else None, made)


def shipped(kind: Kind) -> tuple[Named, ...]:
    """The candidates that come with Interlock: first those that must conform."""
    names: list[str] = []
    for package in (kind.package, f"{kind.package}.broken"):
        found = iter_modules(import_module(package).__path__)
        names += [f"{package}.{module.name}" for module in found if not module.ispkg]
    return tuple(
        candidate(kind, f"{name}:{kind.attribute}") for name in names if hasattr(import_module(name), kind.attribute)
    )
