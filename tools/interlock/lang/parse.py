"""Reads text into the syntax tree of `lang/syntax/`, or says what is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from interlock.core.diagnostic import Diagnostic, diagnose
from interlock.core.source import Source, Span
from interlock.lang.brackets import MAX_NESTING, too_deep
from interlock.lang.comments import comments_of, docs_of
from interlock.lang.syntax import Module

MAX_LENGTH = 1_000_000
"""Longest text that is read, in characters: some hundred times a large specification."""


def parse(source: Source) -> tuple[Module | None, tuple[Diagnostic, ...]]:
    """Parse a module; without one, the diagnostics say why, and all of them are there.

    A module with diagnostics comes with neither: names are not worth resolving in text that was misread.
    """
    from lark.exceptions import UnexpectedInput

    from interlock.lang.lark_parser import shared_parser

    if len(source.text) > MAX_LENGTH:
        message = f"the file has more than {MAX_LENGTH} characters"
        return None, (diagnose("E0129", message, Span(source, 0, 0), fix="split it into modules"),)
    deep = too_deep(source)
    if deep is not None:
        message = f"brackets are nested more than {MAX_NESTING} deep"
        return None, (diagnose("E0105", message, deep, fix="name the inner parts with `define`"),)
    comments = comments_of(source)
    parser = shared_parser()
    with parser.lock:
        parser.builder.begin(source, docs_of(source, comments))
        try:
            module = cast("Module", parser.lark.parse(source.text))
        except UnexpectedInput:
            from interlock.lang.recover import diagnose_text

            parser.builder.begin(source, {})
            return None, diagnose_text(source, parser)
        diagnostics = tuple(parser.builder.diagnostics)
    if diagnostics:
        return None, diagnostics
    return replace(module, comments=comments), ()
