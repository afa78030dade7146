"""Arrays of words outside of Python's heap, that machine code writes: reserved at once, used as they fill up.

An array that only grows never moves: its addresses are reserved at the start, which costs nothing, and the pages come
when they are first written.  So machine code may keep pointers, and threads may append, without any lock.  Huge pages
matter: a table of a gigabyte that is probed at random misses the processor's address cache at every probe otherwise.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import re
from pathlib import Path

WORD = 8
"""Bytes of a word."""

_PAGE = 1 << 21
_FILE_STEP = 1 << 26
_UNLIMITED = 1 << 60
_NORESERVE = getattr(mmap, "MAP_NORESERVE", 0x4000)


class OutOfMemory(Exception):  # noqa: N818 - the name of the condition
    """The system refuses memory or space on disk; the message says which."""


class Words:
    """Zeroed bytes at a fixed address, as large as they may ever grow; in memory, or in a file if a path is given.

    A file is sparse, and writing into a hole of it when the disk is full would end the process: `ensure` asks for the
    space beforehand, so that a full disk is an error that can be reported; and it leaves some of the disk to others.
    """

    def __init__(self, size: int, path: Path | None = None) -> None:
        self.size = max(_PAGE, (size + _PAGE - 1) // _PAGE * _PAGE)
        self.path = path
        self._descriptor: int | None = None
        self.ensured = self.size
        try:
            self._map = self._anonymous() if path is None else self._file(path)
        except (OSError, ValueError, OverflowError) as error:
            self._forget()
            why = f"the system does not give {format_size(self.size)} of addresses: {error}"
            raise OutOfMemory(f"{why} (`ulimit -v` may say less)") from error
        if path is None and hasattr(mmap, "MADV_HUGEPAGE"):
            self._map.madvise(mmap.MADV_HUGEPAGE)
        self._view: ctypes.Array[ctypes.c_char] | None = (ctypes.c_char * self.size).from_buffer(self._map)
        self.address = ctypes.addressof(self._view)

    def _anonymous(self) -> mmap.mmap:
        return mmap.mmap(-1, self.size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NORESERVE)

    def _file(self, path: Path) -> mmap.mmap:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        taken = os.fstat(self._descriptor)
        self.ensured = taken.st_blocks * 512 // _FILE_STEP * _FILE_STEP if taken.st_size else 0
        os.ftruncate(self._descriptor, self.size)
        return mmap.mmap(self._descriptor, self.size)

    def words(self) -> memoryview:
        """The words, to be read and written from Python; release it before the array."""
        return memoryview(self._map).cast("Q")

    def shorts(self) -> memoryview:
        """The same bytes as 32-bit numbers."""
        return memoryview(self._map).cast("I")

    def ensure(self, size: int) -> None:
        """Make sure that the first `size` bytes can be written; only a file may have to ask for them."""
        if self._descriptor is None or size <= self.ensured:
            return
        size = min(self.size, (size + _FILE_STEP - 1) // _FILE_STEP * _FILE_STEP)
        if size - self.ensured > disk_left(self._descriptor):
            raise OutOfMemory(f"no room for {format_size(size)} in {self.path}: the disk would be full")
        try:
            os.posix_fallocate(self._descriptor, 0, size)
        except OSError as error:
            raise OutOfMemory(f"no room for {format_size(size)} in {self.path}: {error.strerror}") from error
        self.ensured = size

    def flush(self) -> None:
        """Write a file's pages to disk."""
        if self._descriptor is not None:
            self._map.flush()

    def drop(self) -> None:
        """Keep a file's pages in memory no longer than the system likes; what is written stays written."""
        if self._descriptor is not None:
            self._map.madvise(mmap.MADV_DONTNEED)

    def release(self, keep: int | None = None) -> None:
        """Give the memory back; a file stays, or its first bytes do."""
        self._view = None
        self._map.close()
        if self._descriptor is not None and keep is not None:
            os.ftruncate(self._descriptor, keep)
        self._forget()

    def _forget(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def available() -> int:
    """How many bytes this process may still take: what the system has left, or its control group if that is less."""
    left = [_system(Path("/proc/meminfo")), *_groups(Path("/proc/self/cgroup"), Path("/sys/fs/cgroup"))]
    return max(0, min(left))


def disk_left(folder: Path | int) -> int:
    """How many bytes files in a folder, or on the disk of an open file, may take so that others keep a tenth."""
    found = os.statvfs(folder)
    return max(0, (found.f_bavail - found.f_blocks // 10) * found.f_frsize)


def resident() -> int:
    """How many bytes of memory this process holds now; 0 where the system does not say."""
    try:
        fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    except OSError:
        return 0
    return int(fields[1]) * mmap.PAGESIZE


def _system(meminfo: Path) -> int:
    try:
        text = meminfo.read_text(encoding="ascii")
    except OSError:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    found = re.search(r"^MemAvailable:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else _UNLIMITED


def _groups(membership: Path, root: Path) -> list[int]:
    """What is left to every control group around the process, of version 2 and of version 1."""
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    left: list[int] = []
    for line in lines:
        _, controllers, name = line.split(":", 2)
        if not controllers:
            left += _around(root, name, ("memory.max", "memory.current", "inactive_file"))
            left += _around(root / "unified", name, ("memory.max", "memory.current", "inactive_file"))
        elif "memory" in controllers.split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            left += _around(root / "memory", name, names)
    return left


def _around(root: Path, name: str, files: tuple[str, str, str]) -> list[int]:
    """What is left to a group and to those around it; inside of a container the group may be seen as the root."""
    limit, used, reclaimable = files
    group = root / name.lstrip("/")
    folders = [folder for folder in (group, *group.parents) if folder == root or root in folder.parents]
    left: list[int] = []
    for folder in folders:
        most, now = _number(folder / limit), _number(folder / used)
        if most is not None and now is not None and most < _UNLIMITED:
            left.append(most - now + _field(folder / "memory.stat", reclaimable))
    return left


def _number(path: Path) -> int | None:
    try:
        text = path.read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _field(path: Path, name: str) -> int:
    try:
        text = path.read_text(encoding="ascii")
    except OSError:
        return 0
    found = re.search(rf"^{name} (\d+)$", text, re.MULTILINE)
    return int(found[1]) if found else 0


def parse_size(text: str) -> int:
    """Bytes of a size such as `4G`, `512M`, `1.5GiB` or `1000000`; units are powers of 1024."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*", text, re.IGNORECASE)
    if found is None:
        raise ValueError(f"`{text}` is no size: write, for example, 512M or 4G")
    return int(float(found[1]) * 1024 ** " kmgt".index(found[2].lower() or " "))


def format_size(size: int) -> str:
    """A number of bytes as people read it."""
    for unit, shift in (("GB", 30), ("MB", 20), ("kB", 10)):
        if size >= 1 << shift:
            return f"{size / (1 << shift):.1f} {unit}"
    return f"{size} bytes"
