"""Brackets of text that did not parse: finds those that lack a partner, reports them and puts the partner in.

A file with one closing brace too few would otherwise be reported at its very end.  Two signs say where the brace
belongs: a declaration word in the first column is outside of all braces, and a closing brace that begins a line stands
under the line of its opening one.  The second counts only where the file's braces do not balance, for nobody is obliged
to indent.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from interlock.core.diagnostic import Label, diagnose
from interlock.core.source import Source, Span
from interlock.lang.scan import Report, Word
from interlock.lang.words import DECLARATION_WORDS, ITEM_WORDS

MAX_NESTING = 100
"""How deep brackets may be nested; later phases walk trees by recursion."""

_CLOSING = {"(": ")", "{": "}"}
_BRACKET = re.compile(r"--[^\n]*|[(){}]")


def too_deep(source: Source) -> Span | None:
    """Return the first bracket that is nested deeper than is accepted, by one pass over the text."""
    depth = 0
    for match in _BRACKET.finditer(source.text):
        match match.group():
            case "(" | "{":
                depth += 1
                if depth > MAX_NESTING:
                    return Span(source, match.start(), match.end())
            case ")" | "}":
                depth = max(0, depth - 1)
            case _:
                pass
    return None


def balance(source: Source, tokens: list[Word], report: Report) -> list[Word]:
    """Return the tokens with every bracket paired."""
    kinds = [token.kind for token in tokens]
    by_layout = kinds.count("{") > kinds.count("}")
    result: list[Word] = []
    stack: list[Word] = []

    def close(at: int, found: Word) -> None:
        """Put in the partner of the innermost open bracket."""
        opening = stack.pop()
        end = result[-1].end
        shown = "the end of the file" if found.kind == "END" else f"`{found.text}`"
        message = f"`{_CLOSING[opening.kind]}` is missing before {shown}"
        label = Label(opening.span(source), "this is not closed")
        fix = f"add `{_CLOSING[opening.kind]}`"
        report(diagnose("E0120", message, Span(source, max(end - 1, 0), end), fix=fix, labels=[label]))
        result.append(Word(_CLOSING[opening.kind], "", at, at))

    header = _header_bracket(tokens)
    for index, token in enumerate(tokens):
        if stack and stack[0] is header and token.kind in ("sort", "ordered", "const", "var", "define"):
            pass
        elif _outside(source, tokens, index):
            while stack and (stack[-1].kind == "{" or _starts_item(tokens, index)):
                close(result[-1].end, token)
        elif _starts_item(tokens, index) or token.kind in (";", ":=", "}"):
            while stack and stack[-1].kind == "(":
                close(result[-1].end, token)
        if token.kind in _CLOSING:
            stack.append(token)
        elif token.kind in _CLOSING.values():
            if by_layout and token.kind == "}" and token.line_first:
                _close_by_layout(source, stack, token, close)
            if not stack or _CLOSING[stack[-1].kind] != token.kind:
                report(diagnose("E0119", f"`{token.text}` closes nothing", token.span(source), fix="remove it"))
                continue
            stack.pop()
        result.append(token)
    return result


def _header_bracket(tokens: list[Word]) -> Word | None:
    """Return the bracket that opens the module's parameters, which begin with declaration words."""
    for token in tokens[1:]:
        if token.kind not in ("NAME", "."):
            return token if token.kind == "(" and tokens[0].kind == "module" else None
    return None


def _close_by_layout(source: Source, stack: list[Word], token: Word, close: Callable[[int, Word], None]) -> None:
    indent = _indent(source, token)
    margins = [_indent(source, opening) for opening in stack]
    if indent not in margins:
        return
    while stack and _indent(source, stack[-1]) > indent:
        close(token.start, token)


def _indent(source: Source, token: Word) -> int:
    line, _ = source.position(token.start)
    text = source.line(line)
    return len(text) - len(text.lstrip())


def _outside(source: Source, tokens: list[Word], index: int) -> bool:
    """Whether a token can only stand outside of all braces."""
    token = tokens[index]
    if token.kind == "END":
        return True
    return token.line_first and starts_declaration(tokens, index) and source.position(token.start)[1] == 1


def starts_declaration(tokens: list[Word], index: int) -> bool:
    """Whether a declaration starts here: at its first word, `fair` and not the `process` after it."""
    kind, before = tokens[index].kind, tokens[index - 1].kind if index else ""
    if before in ("fair", "strongly", "ordered") or (kind == "deadlock" and before in ("expect", ",")):
        return False
    return kind in DECLARATION_WORDS or (kind == "step" and tokens[index + 1].kind == "invariant")


def _starts_item(tokens: list[Word], index: int) -> bool:
    kind = tokens[index].kind
    return tokens[index].line_first and (kind in ITEM_WORDS - {"if"} or starts_declaration(tokens, index))


__all__ = ["MAX_NESTING", "balance", "starts_declaration", "too_deep"]
