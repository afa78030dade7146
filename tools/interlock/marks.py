"""Which column of a comparison an assertion belongs to: told by the specifications themselves, in `marks.toml`.

A property says it in its description, as in `P3. An array is freed only ...`.  An assertion has none, and one in a
standard module cannot know how those who use it number what they ask for.  So a folder of specifications may hold a
file of lines such as `no_use_after_free = "P2"`: the last part of an assertion's name, and the mark.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

from interlock.core.diagnostic import Diagnostic, diagnose

FILE = "marks.toml"
"""It is looked for beside a specification, and then in the folders above: the nearest counts, alone."""


def marks_for(path: str, read: Callable[[str], bytes]) -> tuple[Mapping[str, str], tuple[Diagnostic, ...]]:
    """The marks of assertions in a specification's file; none where there is no such file, or none that can be used."""
    for folder in Path(path).absolute().parents:
        marks = folder / FILE
        try:
            content = read(str(marks))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as problem:
            return {}, (_unusable(marks, problem.strerror or str(problem)),)
        return _parsed(marks, content)
    return {}, ()


def _parsed(path: Path, content: bytes) -> tuple[Mapping[str, str], tuple[Diagnostic, ...]]:
    try:
        table = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as problem:
        return {}, (_unusable(path, f"it is no TOML: {problem}"),)
    marks = {name: value for name, value in table.items() if isinstance(value, str) and is_mark(value)}
    wrong = [name for name in table if name not in marks]
    if wrong:
        return {}, (_unusable(path, f"`{wrong[0]}` is not given a mark, which is a letter and a number"),)
    return marks, ()


def is_mark(text: str) -> bool:
    """Whether a text is a mark, such as P2."""
    return text[:1].isalpha() and text[:1].isupper() and text[1:].isdecimal()


def _unusable(path: Path, reason: str) -> Diagnostic:
    return diagnose("E0936", reason, path=str(path), fix='one line for each assertion: in_bounds = "P6"')
