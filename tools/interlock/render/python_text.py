"""Python literals and calls laid out as `black` and `ruff format` do: on one line if they fit, else deeper."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

WIDTH = 88
"""Columns, which is what both formatters take unless they are told otherwise."""

_DEEPER = "    "


@dataclass(frozen=True, slots=True)
class Brackets:
    """Items in brackets, each after a key or a keyword, or after nothing."""

    open: str
    items: tuple[tuple[str, Text], ...]
    close: str


Text: TypeAlias = str | Brackets
"""A piece of an expression: something that is never broken, or something in brackets."""


def mapping(entries: Iterable[tuple[str, Text]]) -> Brackets:
    """A dictionary of keys and values."""
    return Brackets("{", tuple((f"{key}: ", value) for key, value in entries), "}")


def listing(values: Iterable[Text]) -> Brackets:
    """A list."""
    return Brackets("[", tuple(("", value) for value in values), "]")


def arguments(*given: tuple[str, Text]) -> Brackets:
    """The arguments of a call, each with its keyword and `=`, or with nothing before it."""
    return Brackets("(", given, ")")


def flat(text: Text) -> str:
    """All on one line."""
    if isinstance(text, str):
        return text
    return f"{text.open}{', '.join(f'{before}{flat(item)}' for before, item in text.items)}{text.close}"


def lines_of(before: str, text: Text, indent: str, after: str = "") -> Iterator[str]:
    """`before`, the text and `after`, on as many lines as that takes."""
    whole = f"{indent}{before}{flat(text)}{after}"
    if len(whole) <= WIDTH or isinstance(text, str) or not text.items:
        yield whole
        return
    yield f"{indent}{before}{text.open}"
    yield from _inside(text, indent + _DEEPER)
    yield f"{indent}{text.close}{after}"


def lines_of_chain(head: str, given: Brackets, then: str, also: Brackets, indent: str) -> Iterator[str]:
    """`HEAD(GIVEN)THEN(ALSO)`: broken at its end where that is enough, otherwise where it begins."""
    start = f"{head}{flat(given)}{then}"
    if len(f"{indent}{start}{flat(also)}") <= WIDTH or (also.items and len(f"{indent}{start}(") <= WIDTH):
        yield from lines_of(start, also, indent)
        return
    yield f"{indent}{head}{given.open}"
    yield from _inside(given, indent + _DEEPER)
    yield from lines_of(f"{given.close}{then}", also, indent)


def _inside(text: Brackets, indent: str) -> Iterator[str]:
    """What stands between brackets that are on lines of their own; arguments stay on one line if they can."""
    if text.open == "(":
        together = ", ".join(f"{before}{flat(item)}" for before, item in text.items)
        if len(indent) + len(together) <= WIDTH:
            yield f"{indent}{together}"
            return
    comma = "" if text.open == "(" and len(text.items) == 1 else ","
    for before, item in text.items:
        yield from lines_of(before, item, indent, comma)
