"""Diagnostics as text: code, place, the line with the place underlined, what was expected, and the fix."""

from __future__ import annotations

from rich.text import Text

from interlock.core.diagnostic import Diagnostic
from interlock.core.source import Span

_LONGEST = 160


def lines_of_diagnostic(diagnostic: Diagnostic) -> list[Text]:
    """One diagnostic, ready to print."""
    colour = "bold red" if diagnostic.is_error else "bold yellow"
    lines = [
        Text.assemble(
            (f"{diagnostic.code.severity}[{diagnostic.code.name}]", colour), (f": {diagnostic.message}", "bold")
        )
    ]
    if diagnostic.span is None:
        if diagnostic.path:
            lines.append(Text(f"  --> {diagnostic.path}", "blue"))
    else:
        lines.extend(_excerpt(diagnostic.span, "", colour, "-->"))
    for label in diagnostic.labels:
        lines.extend(_excerpt(label.span, label.text, "blue", ":::"))
    if diagnostic.fix:
        lines.append(Text.assemble(("  help: ", "bold green"), diagnostic.fix))
    return lines


def _excerpt(span: Span, note: str, colour: str, arrow: str) -> list[Text]:
    """The source line with the span underlined; a very long line is cut around it."""
    number, column = span.source.position(span.start)
    raw = span.source.line(number)
    start = max(0, column - 1 - _LONGEST // 2) if len(raw) > _LONGEST else 0
    shown = "".join(_visible(c) for c in raw[start : start + _LONGEST])
    at = column - 1 - start
    length = max(1, min(span.end - span.start, len(shown) - at))
    gutter = " " * len(str(number))
    return [
        Text(f"{gutter} {arrow} {span.source.path}:{number}:{column}", "blue"),
        Text(f"{gutter}  |", "blue"),
        Text.assemble((f"{number}  | ", "blue"), shown),
        Text.assemble((f"{gutter}  | ", "blue"), " " * at, ("^" * length, colour), f" {note}" if note else ""),
    ]


def _visible(character: str) -> str:
    """The character, or one mark of the same width for what a terminal must not be sent."""
    if character == "\t":
        return " "
    return character if character.isprintable() else "?"
