"""What is kept of a search so that it can go on after its process was killed.

States and predecessors are only ever appended, so the folder has them as files that the search itself writes, and a
small text says how many of them count and where the search stood.  That text is replaced as a whole, after what it
speaks of is on disk; whatever a killed process wrote behind the counted states is ignored.  The table is not kept: it
is filled again from the states.

Nothing in the folder is trusted: the text carries sums over itself and over the counted part of both files, and says
which search it belongs to, down to the machine code.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from llvmlite import ir

from interlock import __version__
from interlock.core.diagnostic import Diagnostic, diagnose
from interlock.engines.native.code import I64, POINTER, VOID
from interlock.engines.native.kernel import BATCH, Env, Generator, Shared
from interlock.engines.native.memory import OutOfMemory
from interlock.engines.protocol import Refused

FORMAT = 1
"""Version of what is in the folder."""

TEXT, STATES, PREDECESSORS = "checkpoint.json", "states", "predecessors"
"""Files of the folder."""

_NEW = "checkpoint.json.new"
_PIECE = 1 << 24
_PATIENCE = 3.0
"""Seconds that a process which was just killed may take to give the folder free."""


@dataclass(frozen=True)
class Saved:
    """Where a search stood: all that is not in the states and predecessors themselves.

    `threads` is the memory of each thread, word by word: what it had found, counted and not yet inserted.
    """

    count: int
    levels: tuple[int, ...]
    level: int
    last: int
    cursor: int
    news: int
    threads: tuple[tuple[int, ...], ...]
    found: tuple[tuple[int, int, int], ...] = ()
    """(property, index, depth) of what is settled."""
    step_found: tuple[tuple[int, int, int, tuple[int, ...]], ...] = ()
    """(property, index, depth, state after the step) of what is settled."""
    seconds: float = 0.0
    sums: tuple[int, int] = field(default=(0, 0))
    """Checksums of the counted states and predecessors."""


class Checkpoint:
    """A folder of one search, locked against other processes; a context manager gives it free.

    `saved` is where a search of the same identity stood, if there was one.  Raises Refused for a folder that belongs to
    another search, is damaged, is in use, or holds anything else.
    """

    def __init__(self, folder: Path, identity: str, title: str, *, every: float, state_size: int) -> None:
        self.folder = folder
        self._identity = identity
        self._title = title
        self._every = every
        self._sizes = (state_size, 4)
        self._sums = (0, 0)
        self._summed = 0
        self._lock = _locked(folder)
        try:
            self.saved = self._read()
        except BaseException:
            self.close()
            raise
        if self.saved is not None:
            self._sums, self._summed = self.saved.sums, self.saved.count
        self._due = time.monotonic() + every

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the folder free."""
        os.close(self._lock)

    @property
    def due(self) -> bool:
        """Whether it is time to save again."""
        return time.monotonic() >= self._due

    def sums(self, states: memoryview, predecessors: memoryview, count: int) -> tuple[int, int]:
        """Checksums of the first `count` states and predecessors; only what was appended is read."""
        first, self._summed = self._summed, count
        ends = [
            (view, size * first, size * count) for view, size in zip((states, predecessors), self._sizes, strict=True)
        ]
        one, two = (zlib.crc32(view[low:high], sum_) for (view, low, high), sum_ in zip(ends, self._sums, strict=True))
        self._sums = (one, two)
        return self._sums

    def save(self, saved: Saved) -> None:
        """Replace the text; the files must have been written to disk."""
        began = time.monotonic()
        try:
            self._write(saved)
        except OSError as error:
            raise OutOfMemory(f"the checkpoint in {self.folder} cannot be written: {error.strerror}") from error
        self.saved = saved
        now = time.monotonic()
        self._due = now + max(self._every, 10 * (now - began))

    def _write(self, saved: Saved | None) -> None:
        content = {"identity": self._identity, "title": self._title, "saved": None if saved is None else asdict(saved)}
        text = json.dumps(content)
        text = json.dumps({"format": FORMAT, "sum": sha256(text.encode()).hexdigest(), "content": text})
        new = self.folder / _NEW
        with new.open("w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.folder / TEXT)
        os.fsync(self._lock)

    # Reading

    def _read(self) -> Saved | None:
        try:
            text = (self.folder / TEXT).read_text(encoding="ascii")
        except FileNotFoundError:
            self._begin()
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise self._damaged(f"{TEXT} cannot be read") from error
        try:
            outer = json.loads(text)
            version, content = outer["format"], outer["content"]
            if version == FORMAT and sha256(content.encode()).hexdigest() != outer["sum"]:
                raise self._damaged(f"{TEXT} is not as it was written")
            inner: dict[str, Any] = json.loads(content) if version == FORMAT else {}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._damaged(f"{TEXT} is not what a search writes") from error
        if version != FORMAT or inner["identity"] != self._identity:
            raise self._other(inner.get("title", ""))
        if inner["saved"] is None:
            return None
        saved = _saved(inner["saved"])
        for name, size, sum_ in zip((STATES, PREDECESSORS), self._sizes, saved.sums, strict=True):
            if _sum(self.folder / name, size * saved.count) != sum_:
                raise self._damaged(f"the first {saved.count} {name} are not as they were written")
        return saved

    def _begin(self) -> None:
        """Mark an empty folder as one of this search, before anything else is put there."""
        try:
            if any(path.name != _NEW for path in self.folder.iterdir()):
                raise Refused(
                    diagnose(
                        "E0931",
                        f"{self.folder} holds files, but no checkpoint",
                        fix="give a folder that is empty or does not exist",
                    )
                )
            self._write(None)
        except OSError as error:
            raise Refused(_unusable(self.folder, error)) from error

    def _other(self, title: str) -> Refused:
        whose = (
            f"of {title}" if title and title != self._title else "of an earlier version of the model or of Interlock"
        )
        fix = "give another folder, or delete this one; model, scope, properties and reductions must be the same"
        return Refused(diagnose("E0932", f"{self.folder} holds a checkpoint {whose}", fix=fix))

    def _damaged(self, why: str) -> Refused:
        fix = "delete the folder and begin again"
        return Refused(diagnose("E0933", f"the checkpoint in {self.folder} is damaged: {why}", fix=fix))


def identity_of(generator: Generator, initial: Sequence[Sequence[int]], names: Sequence[str]) -> str:
    """A digest of all that a search depends on: its code, its memory's layout, its initial states, and names."""
    digest = sha256()
    words = [[member.name, member.value] for kind in (Shared, Env) for member in kind]
    for part in (__version__, words, BATCH, generator.words, list(names), [list(state) for state in initial]):
        digest.update(json.dumps(part).encode() + b"\n")
    module = ir.Module("model")
    emit = ir.Function(module, ir.FunctionType(VOID, [POINTER, POINTER, I64]), "emit")
    generator.successors(module, emit)
    for write in (generator.judge, generator.judge_step, generator.stuck, generator.representative):
        write(module)
    digest.update(str(module).encode())
    return digest.hexdigest()


def make_folder(folder: Path) -> None:
    """Make a folder if there is none; raises Refused if files cannot be put there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(_unusable(folder, error)) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Refused(diagnose("E0931", f"no files can be put into {folder}", fix="give a folder of yours"))


def _unusable(folder: Path, error: OSError) -> Diagnostic:
    return diagnose("E0931", f"{folder} cannot be used: {error.strerror}", fix="give a folder that can be written")


def _locked(folder: Path) -> int:
    """An open folder that no other process has locked."""
    make_folder(folder)
    descriptor = os.open(folder, os.O_RDONLY)
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if time.monotonic() < end:
                time.sleep(0.05)
                continue
            os.close(descriptor)
            fix = "wait until it has ended, or give another folder"
            raise Refused(diagnose("E0931", f"another search uses {folder}", fix=fix)) from error
        return descriptor


def _saved(fields: dict[str, Any]) -> Saved:
    """What `asdict` has made of a `Saved`, after JSON has made lists of its tuples."""
    return Saved(**{name: _frozen(value) for name, value in fields.items()})


def _frozen(value: Any) -> Any:  # noqa: ANN401 - JSON has no types
    items: Any = value
    return tuple(_frozen(item) for item in items) if isinstance(value, list) else value


def _sum(path: Path, size: int) -> int | None:
    """The checksum of a file's first bytes; None if it has not so many."""
    total, left = 0, size
    try:
        with path.open("rb") as file:
            while left and (piece := file.read(min(left, _PIECE))):
                total, left = zlib.crc32(piece, total), left - len(piece)
    except OSError:
        return None
    return total if not left else None
