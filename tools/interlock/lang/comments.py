"""Comments: where they are, and which item a doc comment belongs to."""

from __future__ import annotations

import re

from interlock.core.source import Source, Span
from interlock.lang.syntax import Name

_COMMENT = re.compile(r"--[^\n]*")
_DOC = re.compile(r"---(?!-)")


def comments_of(source: Source) -> tuple[Name, ...]:
    """Return all comments in order; the language has no strings, so `--` starts one wherever it stands."""
    return tuple(
        Name(match.group().rstrip(), Span(source, match.start(), match.start() + len(match.group().rstrip())))
        for match in _COMMENT.finditer(source.text)
    )


def is_doc(source: Source, comment: Name) -> bool:
    """Whether a comment is a doc comment: three dashes, alone on its line."""
    if not _DOC.match(comment.text):
        return False
    line_start = source.text.rfind("\n", 0, comment.span.start) + 1
    return not source.text[line_start : comment.span.start].strip()


def docs_of(source: Source, comments: tuple[Name, ...]) -> dict[int, str]:
    """Return the doc comment for each offset at which the next token after one starts.

    Lines join with line breaks; blank lines and plain comments between them and the item do not matter.
    """
    docs: dict[int, str] = {}
    lines: list[str] = []
    for index, comment in enumerate(comments):
        if is_doc(source, comment):
            lines.append(comment.text[3:].strip())
        end = comments[index + 1].span.start if index + 1 < len(comments) else len(source.text)
        gap = source.text[comment.span.end : end]
        code = gap.lstrip()
        if code:
            if lines:
                docs[comment.span.end + len(gap) - len(code)] = "\n".join(lines)
            lines = []
    return docs
