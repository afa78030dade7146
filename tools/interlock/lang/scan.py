"""Splits text that did not parse into tokens, and puts right what other languages write differently.

Only the error path comes here.  Each mistake is reported and replaced by what was meant (`&&` by `and`), so that the
parser goes on as if the text were right and finds the next mistake instead of a consequence of this one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from interlock.core.diagnostic import Diagnostic, diagnose
from interlock.core.source import Source, Span
from interlock.lang.words import RESERVED

Report = Callable[[Diagnostic], None]


@dataclass(frozen=True, slots=True)
class Word:
    """A token: `kind` is NAME, INT, END, or the text of a keyword or sign as the grammar spells it."""

    kind: str
    text: str
    start: int
    end: int
    line_first: bool = False
    """Whether it is the first on its line."""

    def span(self, source: Source) -> Span:
        """Return where it stands."""
        return Span(source, self.start, self.end)


_TOKEN = re.compile(
    r"(?P<skip>[^\S\n]+|--[^\n]*)|(?P<line>\n)|(?P<foreign>//[^\n]*|#[^\n]*)"
    r"|(?P<name>[A-Za-z_]\w*)|(?P<int>\d+)"
    r"|(?P<mistake><=>|<->|===?|&&?|\|\|?|->|<>|/=|~=|=<|/\\|\\/|~|\u00ac|\u2227|\u2228|\u2192|\u2200|\u2203|\u2260|\u2264|\u2265)"
    r"|(?P<sign>:=|::|=>|\.\.\.|\.\.|!=|<=|>=|[<>+*=\-(){}:;,.!?'])"
    r"|(?P<bad>(?P<again>[^\w\s])(?P=again)*|\w)",
)

_MEANT = {
    "<=>": "iff", "<->": "iff", "==": "=", "===": "=", "&&": "and", "&": "and", "||": "or", "|": "or",
    "->": "implies", "<>": "!=", "/=": "!=", "~=": "!=", "=<": "<=", "/\\": "and", "\\/": "or", "~": "not",
    "\u00ac": "not", "\u2227": "and", "\u2228": "or", "\u2192": "implies", "\u2200": "forall", "\u2203": "exists",
    "\u2260": "!=", "\u2264": "<=", "\u2265": ">=",
}  # fmt: skip

_OPERAND_ENDS = frozenset({"NAME", "INT", ")", "}", "!", "'", "none", "true", "false", "self"})
_MAX_BAD = 20


def scan(source: Source, report: Report) -> list[Word]:
    """Return the tokens, ending with END, and report mistakes of spelling."""
    tokens: list[Word] = []
    first, bad = True, 0
    for match in _TOKEN.finditer(source.text):
        group, text, start, end = match.lastgroup, match.group(), match.start(), match.end()
        span = Span(source, start, end)
        match group:
            case "line":
                first = True
                continue
            case "skip":
                continue
            case "foreign":
                report(diagnose("E0114", "this is no comment here", span, fix="comments start with `--`"))
                continue
            case "bad":
                bad += 1
                if bad <= _MAX_BAD:
                    shown = text if text.isprintable() else f"U+{ord(text[0]):04X}"
                    what = f"`{shown}`" if len(text) > 1 else f"the character `{shown}`"
                    report(diagnose("E0103", f"{what} has no meaning here", span, fix="remove it"))
                continue
            case "name":
                kind = text if text in RESERVED else "NAME"
            case "int":
                kind = "INT"
            case "mistake":
                kind = _MEANT[text]
                report(diagnose("E0113", f"`{text}` is not an operator", span, fix=f"write `{kind}`"))
            case _:
                kind = text
                if text == "!" and not (tokens and tokens[-1].kind in _OPERAND_ENDS):
                    kind = "not"
                    fix = "write `not`; `x!` after an operand is the value of an option"
                    report(diagnose("E0113", "`!` is not negation", span, fix=fix))
        tokens.append(Word(kind, text, start, end, first))
        first = False
    size = len(source.text)
    tokens.append(Word("END", "", size, size, line_first=True))
    return tokens
