"""The LALR parser that lark builds from grammar.lark, stored so that it is built once for each version.

Building takes a second of CPU, loading a stored parser some hundredths.  The store is in the user's cache directory,
keyed by grammar, lark and Python; a file that cannot be read, written or trusted (its digest does not match) is
ignored and the parser is built anew.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from functools import cache
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any, cast

import lark
from lark.exceptions import LarkError

from interlock.lang.build_module import ModuleBuilder

GRAMMAR = Path(__file__).with_name("grammar.lark")


class StoredParser:
    """A parser bound to its builder; one text at a time, so it has a lock."""

    def __init__(self, directory: Path | None) -> None:
        self.builder = ModuleBuilder()
        self.lock = Lock()
        grammar = GRAMMAR.read_text(encoding="utf-8")
        self.lark: Any = _stored(grammar, directory, self.builder)  # lark leaves its own types incomplete


def build(grammar: str, builder: ModuleBuilder, *, strict: bool = False) -> lark.Lark:
    """Build the parser from its grammar."""
    return lark.Lark(
        grammar,
        parser="lalr",
        lexer="contextual",
        keep_all_tokens=True,
        maybe_placeholders=True,
        strict=strict,
        transformer=builder,  # lark only looks its methods up
    )


def cache_directory() -> Path | None:
    """Return where parsers are stored, or None where the user has no home."""
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(base) if base else Path.home() / ".cache") / "interlock"
    except RuntimeError:
        return None


@cache
def shared_parser() -> StoredParser:
    """Return the parser of this process."""
    return StoredParser(cache_directory())


def _stored(grammar: str, directory: Path | None, builder: ModuleBuilder) -> lark.Lark:
    if directory is None:
        return build(grammar, builder)
    version = f"{lark.__version__} {sys.version}"
    key = hashlib.sha256(f"{version}\0{grammar}".encode()).hexdigest()
    path = directory / f"grammar-{key[:24]}.bin"
    return _load(path, key, builder) or _build_and_store(grammar, path, key, builder)


def _load(path: Path, key: str, builder: ModuleBuilder) -> lark.Lark | None:
    try:
        digest, _, payload = path.read_bytes().partition(b"\n")
        if digest != _digest(key, payload):
            return None
        # lark's public `load` cannot be given a builder; should its private one change, we build and lose only time.
        empty: Any = lark.Lark.__new__(lark.Lark)
        return cast("lark.Lark", empty._load(BytesIO(payload), transformer=builder))  # noqa: SLF001
    except Exception:  # noqa: BLE001 - whatever is wrong with a cache, the answer is to do without it
        return None


def _build_and_store(grammar: str, path: Path, key: str, builder: ModuleBuilder) -> lark.Lark:
    parser: Any = build(grammar, builder)
    try:
        stored = BytesIO()
        parser.save(stored, exclude_options=["transformer"])
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(_digest(key, stored.getvalue()) + b"\n" + stored.getvalue())
        Path(file.name).replace(path)
    except (OSError, LarkError):
        pass
    return cast("lark.Lark", parser)


def _digest(key: str, payload: bytes) -> bytes:
    return hashlib.sha256(key.encode() + payload).hexdigest().encode()
