"""Finds and reads the modules of a program.

A module `a.b` is looked for, in this order, as a/b.ilk under the root that the using file implies (its own path without
its module's name), as b.ilk and a_b.ilk beside the using file, and as a/b.ilk among the installed specifications.  The
first file whose header says `module a.b` is it; a file with another header is passed over, and named if none fits.

Reading is a parameter: a callable from a path to bytes that raises OSError.  Nothing here touches the file system but
`collect` and `find_spec_root`, which shells call.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

import interlock
from interlock.core.diagnostic import Diagnostic, Label, diagnose, did_you_mean
from interlock.core.source import Source, Span
from interlock.lang.parse import parse
from interlock.lang.program import Program
from interlock.lang.syntax import Module, Name, Refines, Use

SUFFIX = ".ilk"
Read = Callable[[str], bytes]


Parsed = dict[tuple[str, bytes], tuple[Module | None, tuple[Diagnostic, ...]]]
"""What files with these contents parse to: shared between loads, each is parsed once."""


def load(
    path: str, read: Read, spec_root: str | None = None, parsed: Parsed | None = None
) -> tuple[Program | None, tuple[Diagnostic, ...]]:
    """Read the module at `path` and all that it uses.

    There is a program when the root could be parsed; a module that was not found or not parsed is absent from it, and
    a diagnostic says so.  `spec_root` is where the standard modules are, by default those of this installation.
    Loads that are given the same `parsed` parse a file that they share only once.
    """
    loading = _Loading(read, find_spec_root() if spec_root is None else spec_root, {} if parsed is None else parsed)
    root = loading.root(path)
    return (None if root is None else Program(root, loading.modules)), tuple(loading.diagnostics)


def find_spec_root() -> str:
    """Return the folder of the specifications that come with Interlock: installed, or else in the checkout."""
    package = Path(interlock.__path__[0])
    installed = package / "spec"
    return str(installed if installed.is_dir() else package.parent.parent / "spec")


def collect(paths: Iterable[str]) -> tuple[tuple[str, ...], tuple[Diagnostic, ...]]:
    """Return the specifications that the arguments name; a folder stands for all .ilk files in it, sorted."""
    found: dict[str, None] = {}
    diagnostics: list[Diagnostic] = []
    for text in paths:
        try:
            path = Path(text)
            if path.is_dir():
                files = sorted(str(p) for p in path.rglob(f"*{SUFFIX}") if p.is_file())
                if not files:
                    diagnostics.append(diagnose("E0902", f"no specification ({SUFFIX} file) in this folder", path=text))
                found.update(dict.fromkeys(files))
            elif path.exists():
                found[text] = None
            else:
                diagnostics.append(_missing(path))
        except (OSError, ValueError) as error:
            diagnostics.append(diagnose("E0903", f"cannot look there: {_reason(error)}", path=text))
    return tuple(found), tuple(diagnostics)


def _missing(path: Path) -> Diagnostic:
    folder = path.parent
    try:
        neighbours = [p for p in folder.iterdir() if p.suffix == SUFFIX] if folder.is_dir() else []
    except OSError:
        neighbours = []
    # Stems, since the suffix that all of them share makes any two names look alike.
    fix = did_you_mean(path.stem, [p.stem for p in neighbours]).replace("`?", f"{SUFFIX}`?")
    return diagnose("E0901", "no such file or folder", path=str(path), fix=fix)


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


@dataclass
class _Loading:
    """One load: what is read so far, and the chain of uses that led here."""

    read: Read
    spec_root: str
    parsed: Parsed
    modules: dict[str, Module] = field(default_factory=dict[str, Module])
    diagnostics: list[Diagnostic] = field(default_factory=list[Diagnostic])
    _failed: set[str] = field(default_factory=set[str])
    _chain: list[tuple[str, Name]] = field(default_factory=list[tuple[str, Name]])

    def root(self, path: str) -> Module | None:
        """Read the module that the user named."""
        try:
            data = self.read(path)
        except FileNotFoundError:
            self.diagnostics.append(diagnose("E0901", "no such file", path=path))
        except IsADirectoryError:
            self.diagnostics.append(diagnose("E0903", "this is a folder, not a specification", path=path))
        except (OSError, ValueError) as error:
            self.diagnostics.append(diagnose("E0903", f"cannot read it: {_reason(error)}", path=path))
        else:
            module = self._parse(path, data)
            if module is not None:
                self._enter(module, module.name)
            return module
        return None

    def _parse(self, path: str, data: bytes) -> Module | None:
        if (path, data) not in self.parsed:
            source, problem = decode(path, data)
            self.parsed[path, data] = (None, (problem,)) if problem is not None else parse(source)
        module, diagnostics = self.parsed[path, data]
        self.diagnostics.extend(diagnostics)
        return module

    def _enter(self, module: Module, used_as: Name) -> None:
        """Load what a module uses, then add it."""
        self._chain.append((module.name.text, used_as))
        for name in _uses(module):
            self._use(module, name)
        self._chain.pop()
        self.modules[module.name.text] = module

    def _use(self, user: Module, name: Name) -> None:
        if name.text in self.modules or name.text in self._failed:
            return
        names = [entered for entered, _ in self._chain]
        if name.text in names:
            self._report_cycle(name, names.index(name.text))
            return
        module = self._find(user, name)
        if module is None:
            self._failed.add(name.text)
        else:
            self._enter(module, name)

    def _report_cycle(self, name: Name, start: int) -> None:
        cycle = self._chain[start:]
        shown = " uses ".join(f"`{entered}`" for entered in [*(n for n, _ in cycle), name.text])
        labels = [Label(used.span, f"`{entered}` is used here") for entered, used in cycle[1:]]
        fix = "move what both need into a module of its own"
        self.diagnostics.append(
            diagnose("E0905", f"modules use each other: {shown}", name.span, fix=fix, labels=labels)
        )
        self._failed.add(name.text)

    def _find(self, user: Module, name: Name) -> Module | None:
        others: list[tuple[str, str]] = []
        unreadable: list[tuple[str, str]] = []
        for path in candidates(user, name.text, self.spec_root):
            try:
                data = self.read(path)
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                continue
            except (OSError, ValueError) as error:
                unreadable.append((path, _reason(error)))
                continue
            header = header_of(data)
            if header == name.text:
                return self._parse(path, data)
            others.append((path, header))
        self._report_not_found(user, name, others, unreadable)
        return None

    def _report_not_found(
        self, user: Module, name: Name, others: Sequence[tuple[str, str]], unreadable: Sequence[tuple[str, str]]
    ) -> None:
        if unreadable:
            path, reason = unreadable[0]
            message = f"module `{name.text}` cannot be read from {path}: {reason}"
            self.diagnostics.append(diagnose("E0903", message, name.span))
        elif others:
            path, header = others[0]
            says = f"is module `{header}`" if header else "has no module header"
            fix = f"begin that file with `module {name.text}`, or use the name it has"
            message = f"module `{name.text}` not found: {path} {says}"
            self.diagnostics.append(diagnose("E0906", message, name.span, fix=fix))
        else:
            places = ", ".join(candidates(user, name.text, self.spec_root))
            message = f"module `{name.text}` not found; looked for {places}"
            fix = did_you_mean(name.text, [*self.modules, *available(self.spec_root)])
            self.diagnostics.append(diagnose("E0904", message, name.span, fix=fix))


def decode(path: str, data: bytes) -> tuple[Source, Diagnostic | None]:
    """Decode a file; where it is not UTF-8 the diagnostic points at the first bad byte."""
    try:
        return Source(path, data.decode("utf-8-sig")), None
    except UnicodeDecodeError as error:
        source = Source(path, data.decode("utf-8-sig", errors="replace"))
        at = source.text.find("\N{REPLACEMENT CHARACTER}")
        span = Span(source, max(at, 0), max(at, 0) + 1)
        message = f"byte {error.object[error.start]:#04x} is not UTF-8 text"
        return source, diagnose("E0104", message, span, fix="save the file as UTF-8")


def candidates(user: Module, name: str, spec_root: str) -> list[str]:
    """Return the paths at which module `name`, used by `user`, is looked for."""
    own, parts = PurePath(user.source.path), name.split(".")
    nested = PurePath(*parts[:-1], parts[-1] + SUFFIX)
    found = [own.parent / (parts[-1] + SUFFIX), own.parent / ("_".join(parts) + SUFFIX), PurePath(spec_root) / nested]
    own_parts = user.name.text.split(".")
    if own.with_suffix("").parts[-len(own_parts) :] == tuple(own_parts):
        found.insert(0, PurePath(*own.parts[: -len(own_parts)]) / nested)
    return [str(path) for path in dict.fromkeys(found) if path != own]


_HEADER = re.compile(rb"(?:\s|--[^\n]*(?:\n|\Z)|\xef\xbb\xbf)*module\s+(\w+(?:\s*\.\s*\w+)*)")


def header_of(data: bytes) -> str:
    """Return the name in a file's header without parsing the file, or the empty string."""
    match = _HEADER.match(data)
    return "".join(match.group(1).decode("ascii", errors="replace").split()) if match else ""


def available(spec_root: str) -> list[str]:
    """Return the names of the modules that come with Interlock, for suggestions."""
    root = Path(spec_root)
    try:
        return [".".join(p.relative_to(root).with_suffix("").parts) for p in root.rglob(f"*{SUFFIX}")]
    except OSError:
        return []


def _uses(module: Module) -> list[Name]:
    return [d.module for d in module.declarations if isinstance(d, Use | Refines)]
