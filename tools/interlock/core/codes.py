"""The one registry of diagnostic codes.

E01xx lexing and syntax, E02xx names and modules, E03xx types, E04xx statements and steps, E05xx processes and walks,
E06xx properties, scopes, expectations and scenarios, E09xx files and usage; W the same ranges as warnings.
docs/diagnostics.md is generated from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal as OneOf


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of diagnostic: its stable name, what it means and what to do, for the reference page."""

    name: str
    title: str
    explanation: str
    severity: OneOf["error", "warning"] = "error"


_CODES: tuple[Code, ...] = (
    Code("E0101", "unexpected text", "The parser met something that cannot stand there; it names what could."),
    Code("E0102", "unexpected end of file", "A declaration or block is not closed."),
    Code("E0103", "character that no token starts with", "A character outside the language, such as a NUL or `$`."),
    Code("E0104", "not UTF-8", "The file is not valid UTF-8 text."),
    Code("E0105", "nested too deeply", "Brackets or blocks are nested deeper than the front end accepts."),
    Code("E0106", "ambiguous `!=`", "`x!= y` can be read as `x != y` or as `x! = y`; a space decides."),
    Code("E0107", "chained comparison", "`a < b < c` does not mean what it seems to; write `a < b and b < c`."),
    Code("E0108", "reserved word as a name", "Keywords cannot name a declaration, label or variable."),
    Code("E0109", "missing module header", "A file begins with `module NAME`."),
    Code("E0110", "operator where it cannot be", "A quantifier or `not` is only the last operand of and, or, implies, iff."),
    Code("E0111", "option of an option", "`T??` has no meaning of its own; `T?` already has `none`."),
    Code("E0112", "number too long", "A number of more digits than any bound needs."),
    Code("E0921", "unknown scope", "`--scope` names a scope that the file does not declare."),
    Code("E0922", "unknown sort in a scope", "`--scope Sort=2` names a sort that the module does not have."),
    Code("E0923", "unusable size", "The size of a sort is a whole number from 1 to 64."),
    Code("E0924", "unknown property", "`--property` names a property that the module does not have."),
    Code("E0925", "file exists", "`interlock new` never overwrites a file."),
    Code("E0926", "unusable module name", "A module's name is letters, digits and `_`, a letter first."),
    Code("E0927", "output cannot be written", "The file or standard output cannot be written, as on a full disk."),
    Code("E0928", "file cannot be read", "The file vanished or cannot be read."),
    Code("E0929", "internal error", "A fault of Interlock, not of the input; please report it with the input."),
)

REGISTRY: dict[str, Code] = {code.name: code for code in _CODES}
"""Every code by its name."""
