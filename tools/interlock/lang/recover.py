"""Parses text that is not right, and reports every mistake in it.

The tokens of lang/scan.py go one by one into lark's parser.  Where one does not fit, lang/explain.py says what is wrong
and, often, what was meant: then that is put in and parsing goes on as if nothing had happened.  Otherwise the parser
gives up the item at hand (panic mode): it skips to the next step or declaration that stands in a bracket still open,
and unwinds its stack to the place where that one fits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

from lark import Token
from lark.exceptions import LarkError

from interlock.core.diagnostic import Diagnostic
from interlock.core.source import Source
from interlock.lang.brackets import balance, starts_declaration
from interlock.lang.explain import Situation, explain
from interlock.lang.lark_parser import StoredParser
from interlock.lang.scan import Word, scan
from interlock.lang.words import ITEM_WORDS

MAX_ERRORS = 100
"""After so many mistakes the text is probably no specification."""

MAX_REPAIRS = 3
"""How often one token may be repaired before it is given up."""


def diagnose_text(source: Source, parser: StoredParser) -> tuple[Diagnostic, ...]:
    """Return all mistakes of a text in their order; the parser's builder must have begun with it."""
    found: list[Diagnostic] = []
    tokens = balance(source, scan(source, found.append), found.append)
    _Recovery(source, parser, tokens, found).run()
    found.extend(parser.builder.diagnostics)
    removed = [d.span.end for d in found if d.span and d.code.name == "E0103"]
    unique = {
        (d.span.start, d.code.name, d.message): d
        for d in found
        if d.span and not (d.code.name == "E0101" and _follows(source, removed, d.span.start))
    }
    told = tuple(unique[key] for key in sorted(unique))[:MAX_ERRORS]
    return _no_specification(source, told) or told


def _no_specification(source: Source, told: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """The one thing to tell of a file of another kind, if it is one: how it is spelled is beside the point."""
    headless = [d for d in told if d.code.name == "E0109"]
    if not headless or len(told) == 1 or source.path.endswith(".ilk") or not PurePath(source.path).suffix:
        return ()
    message = "this is no specification: it does not begin with `module NAME`"
    return (replace(headless[0], message=message, fix="name a file that ends in `.ilk`"),)


def _follows(source: Source, ends: list[int], start: int) -> bool:
    """Whether a character without meaning stood just before: what looks wrong here is then its consequence."""
    return any(end <= start and not source.text[end:start].strip() for end in ends)


@dataclass(frozen=True, slots=True)
class Terminals:
    """How lark names what the grammar spells."""

    by_text: dict[str, str]
    by_name: dict[str, str]

    @staticmethod
    def of(lark: Any) -> Terminals:  # noqa: ANN401
        """Read them off a parser."""
        by_text = {t.pattern.value: t.name for t in lark.terminals if t.pattern.type == "str"}
        by_name = {name: text for text, name in by_text.items()}
        return Terminals(by_text, {**by_name, "$END": "END"})

    def kind(self, name: str) -> str:
        """Return the text of a terminal, or its name where many texts match it."""
        return self.by_name.get(name, name)


_OPERATORS = frozenset(["!=", "<=", ">=", "<", ">", "+", "*", "and", "implies", "iff"])


class _Recovery:
    """One text being parsed with its mistakes."""

    def __init__(self, source: Source, parser: StoredParser, tokens: list[Word], found: list[Diagnostic]) -> None:
        self._source = source
        self._tokens = tokens
        self._found = found
        self._terminals = Terminals.of(parser.lark)
        self._interactive: Any = parser.lark.parse_interactive("")
        self._table: dict[int, dict[str, Any]] = self._interactive.parser_state.parse_conf.parse_table.states
        self._end_state: int = self._interactive.parser_state.parse_conf.end_state
        self._heights: list[int] = []
        self._repairs = 0
        self._misused: set[str] = set()
        """Reserved words that were found as names: said once, they pass for names from then on."""

    @property
    def _states(self) -> list[int]:
        return self._interactive.parser_state.state_stack  # type: ignore[no-any-return]

    def run(self) -> None:
        """Feed all tokens."""
        at = 0
        while at < len(self._tokens) and len(self._found) < MAX_ERRORS:
            token = self._tokens[at]
            name = self._terminal(token)
            if name is not None and self._feed(token, name):
                at += 1
                self._repairs = 0
                continue
            situation = Situation(self._source, self._tokens, at, self._expected(), self._accepts_instead)
            finding = explain(situation)
            self._found.append(finding.diagnostic)
            if finding.diagnostic.code.name == "E0108":
                self._misused.add(token.kind)
            if finding.replacement is not None and self._repairs < MAX_REPAIRS and at >= finding.back:
                self._repairs += 1
                self._unwind(len(self._states) - finding.back)
                start = at - finding.back
                self._tokens[start : at + finding.skip] = finding.replacement
                at = start
            else:
                at = self._panic(at)

    def _terminal(self, token: Word) -> str | None:
        """Return the first of lark's terminals for a token that fits now."""
        for name in self._names(token):
            if self._accepts(self._states, name):
                return name
        return None

    def _names(self, token: Word) -> list[str]:
        if token.kind == "END":
            return ["$END"]
        if token.kind in ("NAME", "INT"):  # a word such as `free` is first what it says, where that fits
            spelt = self._terminals.by_text.get(token.text)
            return [token.kind] if spelt is None else [spelt, token.kind]
        spelt = self._terminals.by_text.get(token.kind)
        names = [] if spelt is None else [spelt]
        if token.kind in _OPERATORS:
            names.append("OPERATOR")
        if token.kind in self._misused:
            names.append("NAME")
        return names

    def _feed(self, token: Word, name: str) -> bool:
        value = token.text if token.kind in ("NAME", "INT") else token.kind
        try:
            self._interactive.feed_token(Token(name, value, token.start, end_pos=token.end))
        except LarkError:
            return False
        match token.kind:
            case "(" | "{":
                self._heights.append(len(self._states) - 1)
            case ")" | "}" if self._heights:
                self._heights.pop()
            case _:
                pass
        return True

    def _accepts(self, states: list[int], name: str) -> bool:
        """Whether a terminal fits on a stack: reductions are played through on a copy of it."""
        stack = list(states[-64:]) if len(states) > 64 else list(states)
        while True:
            entry = self._table[stack[-1]].get(name)
            if entry is None:
                return False
            _, argument = entry
            if isinstance(argument, int):
                return True
            size = len(argument.expansion)
            if size >= len(stack):
                return True  # deeper than the window that was copied; feeding decides
            if size:
                del stack[-size:]
            following = self._table[stack[-1]].get(argument.origin.name)
            if following is None:
                return True
            stack.append(following[1])
            if name == "$END" and stack[-1] == self._end_state:
                return True

    def _expected(self) -> frozenset[str]:
        states = self._states
        names = [name for name in self._table[states[-1]] if name.isupper() or name == "$END"]
        return frozenset(self._terminals.kind(name) for name in names if self._accepts(states, name))

    def _accepts_instead(self, back: int, kind: str) -> bool:
        """Whether `kind` would fit if the last `back` tokens, each alone on the stack, had not been there."""
        states = self._states[: len(self._states) - back]
        word = Word(kind, kind if kind not in ("NAME", "INT") else "", 0, 0)
        return bool(states) and any(self._accepts(states, name) for name in self._names(word))

    def _unwind(self, height: int) -> None:
        state = self._interactive.parser_state
        del state.state_stack[max(height, 1) :]
        del state.value_stack[max(height, 1) - 1 :]

    def _panic(self, at: int) -> int:
        """Skip to a step or declaration that can stand in an open bracket, and make room for it."""
        depth = level = len(self._heights)
        for index in range(at, len(self._tokens)):
            token = self._tokens[index]
            if index > at and self._resumes(index, level, depth):
                return index
            if token.kind in _OPEN:
                depth += 1
            elif token.kind in _CLOSE:
                depth -= 1
                level = min(level, depth)
        return len(self._tokens)

    def _resumes(self, index: int, level: int, depth: int) -> bool:
        token = self._tokens[index]
        declares = starts_declaration(self._tokens, index)
        if depth != level or not (declares or token.kind in ITEM_WORDS):
            return False
        if declares and depth > 0:
            return False
        height = self._heights[level] if level < len(self._heights) else len(self._states)
        floor = self._heights[level - 1] + 1 if level else 1
        for size in range(height, floor - 1, -1):
            if any(self._accepts(self._states[:size], name) for name in self._names(token)):
                self._unwind(size)
                del self._heights[level:]
                return True
        return False


_OPEN = frozenset("({")
_CLOSE = frozenset(")}")
