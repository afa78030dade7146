"""Reads text into the syntax tree of `lang/syntax.py`, or says what is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from interlock.core.diagnostic import Diagnostic, diagnose
from interlock.core.source import Source, Span
from interlock.lang.comments import comments_of, docs_of
from interlock.lang.syntax import Module


def parse(source: Source) -> tuple[Module | None, tuple[Diagnostic, ...]]:
    """Parse a module; without one, the diagnostics say why, and all of them are there.

    A module with diagnostics comes with neither: names are not worth resolving in text that was misread.
    """
    from lark.exceptions import UnexpectedInput

    from interlock.lang.lark_parser import shared_parser

    comments = comments_of(source)
    parser = shared_parser()
    with parser.lock:
        parser.builder.begin(source, docs_of(source, comments))
        try:
            module = cast("Module", parser.lark.parse(source.text))
        except UnexpectedInput as error:
            at = error.pos_in_stream or 0
            span = Span(source, at, at + 1)
            return None, (diagnose("E0101", "unexpected text", span), *parser.builder.diagnostics)
        diagnostics = tuple(parser.builder.diagnostics)
    if diagnostics:
        return None, diagnostics
    return replace(module, comments=comments), ()
