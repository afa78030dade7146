"""Kinds of candidates: what implementations of one subject have in common, told in `candidates.toml`.

The table stands beside the specifications that judge them.  A kind has a name and a specification; all else may be left
out:

    package = "queues"                 # where the candidates are that come along, with those that must be caught in
    class = "Queue"                    # queues.broken; each module has one class of this name

    [[kind]]
    name = "fifo"                      # what a module says with KIND; the first is that of modules that say nothing
    specification = "fifo.ilk"         # judges states and steps
    refines = "fifo.ilk"               # whose runs those of a candidate must be
    binding = "my.bindings:Queue"      # what calls and observes them; by default `interlock_conformance.calls:Calls`
    workloads = ["put(0) | take()"]    # what is run where the command line says nothing

A folder has several kinds where one subject has designs that promise different things.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

FILE = "candidates.toml"
"""The table's name; it is about the specifications of its own folder."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What candidates of one kind have in common; files are named as they are in `folder`."""

    name: str
    folder: Path
    specification: str
    refines: str | None = None
    binding: str | None = None
    workloads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kinds:
    """The kinds of a folder, the first of which is meant where nothing else is said, and who comes along."""

    kinds: tuple[Kind, ...]
    package: str | None = None
    attribute: str | None = None

    def named(self, name: str) -> Kind | None:
        """The kind of that name."""
        return next((kind for kind in self.kinds if kind.name == name), None)


class KindsError(Exception):
    """A table that cannot be used; the message says why."""


def kinds_of(path: str | Path, read: Callable[[str], bytes]) -> Kinds | None:
    """The kinds of a folder, or those of a specification's file, which then judges; None where there is no table.

    `read` gives the content of a file; KindsError where the table cannot be used.
    """
    place = Path(path)
    folder, file = (place, None) if place.is_dir() else (place.parent, place.name)
    try:
        content = read(str(folder / FILE))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as problem:
        raise KindsError(problem.strerror or str(problem)) from problem
    found = _parsed(folder, content)
    if file is None:
        return found
    own = [kind for kind in found.kinds if kind.specification == file] or list(found.kinds[:1])
    return replace(found, kinds=tuple(replace(kind, specification=file) for kind in own))


def kinds_of_file(path: str | Path) -> Kinds:
    """The kinds of a specification that no table is about: one, whose candidates refine it."""
    place = Path(path)
    return Kinds((Kind(place.stem, place.parent, place.name, refines=place.name),))


def _parsed(folder: Path, content: bytes) -> Kinds:
    try:
        table = _Table("the table", tomllib.loads(content.decode()))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as problem:
        raise KindsError(f"it is no TOML: {problem}") from problem
    package, attribute = table.text("package"), table.text("class")
    if (package is None) != (attribute is None):
        raise KindsError("`package` and `class` go together: the modules, and the class that each of them has")
    kinds = tuple(_kind(folder, entry) for entry in table.tables("kind"))
    table.nothing_else()
    if not kinds:
        raise KindsError("it has no [[kind]]")
    names = [kind.name for kind in kinds]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise KindsError(f"two kinds have the name `{twice}`")
    return Kinds(kinds, package, attribute)


def _kind(folder: Path, table: _Table) -> Kind:
    name, specification = table.text("name"), table.text("specification")
    if name is None or specification is None:
        raise KindsError("a [[kind]] has a `name` and a `specification`")
    kind = Kind(name, folder, specification, table.text("refines"), table.text("binding"), table.texts("workloads"))
    table.nothing_else()
    for file in (kind.specification, kind.refines):
        if file is not None and not (folder / file).is_file():
            raise KindsError(f"there is no file `{file}` beside it")
    return kind


@dataclass(slots=True)
class _Table:
    """A table of which each entry is taken once, by its type."""

    name: str
    entries: Mapping[str, object]
    taken: set[str] = field(default_factory=set[str])

    def text(self, key: str) -> str | None:
        """A text, or None where there is no such entry."""
        value = self._take(key)
        if value is None or isinstance(value, str):
            return value
        raise KindsError(f"`{key}` in {self.name} is no text")

    def texts(self, key: str) -> tuple[str, ...]:
        """Texts; none where there is no such entry."""
        value = self._take(key)
        values = cast("list[object]", value) if isinstance(value, list) else []
        texts = tuple(text for text in values if isinstance(text, str))
        if len(texts) < len(values) or not isinstance(value, list | None):
            raise KindsError(f"`{key}` in {self.name} is no list of texts")
        return texts

    def tables(self, key: str) -> list[_Table]:
        """Tables; none where there is no such entry."""
        value = self._take(key)
        values = cast("list[object]", value) if isinstance(value, list) else []
        if not isinstance(value, list | None) or not all(isinstance(entry, dict) for entry in values):
            raise KindsError(f"`{key}` in {self.name} is not written [[{key}]]")
        return [_Table(f"[[{key}]] {n}", cast("dict[str, object]", entry)) for n, entry in enumerate(values, 1)]

    def nothing_else(self) -> None:
        """KindsError where there is an entry that nobody has taken."""
        strange = next((key for key in self.entries if key not in self.taken), None)
        if strange is not None:
            raise KindsError(f"`{strange}` in {self.name} means nothing; there are {', '.join(sorted(self.taken))}")

    def _take(self, key: str) -> object:
        self.taken.add(key)
        return self.entries.get(key)
