"""Errors of users are values: a code from the registry, a place, a reason and a fix.

A phase returns `(result or None, diagnostics)`.  An exception means a bug of ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from interlock.core.codes import REGISTRY, Code
from interlock.core.source import Span


@dataclass(frozen=True, slots=True)
class Label:
    """A second place that a diagnostic points at, with what is to be seen there."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One error or warning of the user's input.

    `span` is None only for what has no text to point at (a missing file); `path` then names the input.
    `fix` is one sentence that says what to write instead, empty where none is likely.
    """

    code: Code
    message: str
    span: Span | None = None
    fix: str = ""
    labels: tuple[Label, ...] = ()
    path: str = ""

    @property
    def is_error(self) -> bool:
        """Whether the input cannot be judged because of this."""
        return self.code.severity == "error"


def diagnose(
    code: str,
    message: str,
    span: Span | None = None,
    *,
    fix: str = "",
    labels: Iterable[Label] = (),
    path: str = "",
) -> Diagnostic:
    """Make a diagnostic with a registered code; an unregistered code is a bug and raises KeyError."""
    return Diagnostic(REGISTRY[code], message, span, fix, tuple(labels), path)


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """Return "did you mean `x`?" for the closest candidate, or the empty string."""
    close = get_close_matches(name, sorted(set(candidates)), n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else ""
