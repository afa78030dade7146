"""Pretty printing by documents: text with places where a line may break, laid out to a width.

A group is printed on one line if it fits, otherwise all of its own breaks become line breaks; groups inside decide for
themselves.  The layout is a loop with an explicit stack, so deep documents need no recursion.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias, assert_never


@dataclass(frozen=True, slots=True)
class Break:
    """A place where the line may break; on one line it is `flat`."""

    flat: str = " "


@dataclass(frozen=True, slots=True)
class Nest:
    """A document whose line breaks are followed by more indentation."""

    of: Doc
    by: int = 2


@dataclass(frozen=True, slots=True)
class Group:
    """A document that is on one line if it fits."""

    of: Doc


@dataclass(frozen=True, slots=True)
class Concat:
    """Documents one after another."""

    parts: tuple[Doc, ...]


Doc: TypeAlias = str | Break | Nest | Group | Concat

LINE = Break()
SOFT = Break("")


def concat(*parts: Doc) -> Doc:
    """Put documents one after another."""
    return Concat(parts)


def join(separator: Doc, parts: Iterable[Doc]) -> Doc:
    """Put documents one after another with a separator between them."""
    result: list[Doc] = []
    for part in parts:
        if result:
            result.append(separator)
        result.append(part)
    return Concat(tuple(result))


def flat(doc: Doc) -> str:
    """Print on one line, however long."""
    return layout(doc, 0, None)


def layout(doc: Doc, indent: int, width: int | None) -> str:
    """Print to a width, as a text that already stands at `indent`; None never breaks a line."""
    out: list[str] = []
    column = indent
    stack: list[tuple[int, bool, Doc]] = [(indent, width is None, doc)]
    while stack:
        margin, is_flat, item = stack.pop()
        match item:
            case str():
                out.append(item)
                column += len(item)
            case Break():
                if is_flat:
                    out.append(item.flat)
                    column += len(item.flat)
                else:
                    out.append("\n" + " " * margin)
                    column = margin
            case Nest():
                stack.append((margin + item.by, is_flat, item.of))
            case Group():
                stack.append((margin, is_flat or (width is not None and _fits(item.of, width - column)), item.of))
            case Concat():
                stack.extend((margin, is_flat, part) for part in reversed(item.parts))
            case _:
                assert_never(item)
    return "".join(out)


def _fits(doc: Doc, room: int) -> bool:
    stack: list[Doc] = [doc]
    while stack:
        if room < 0:
            return False
        item = stack.pop()
        match item:
            case str():
                room -= len(item)
            case Break():
                room -= len(item.flat)
            case Nest() | Group():
                stack.append(item.of)
            case Concat():
                stack.extend(reversed(item.parts))
            case _:
                assert_never(item)
    return room >= 0
