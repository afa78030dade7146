"""Says what is wrong where a token does not fit, and what was probably meant.

One function for each habit that is worth an answer of its own; each returns nothing where it has nothing to say, and
the first that has something is believed.  The last resort lists what could have stood there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches

from interlock.core.diagnostic import Diagnostic, diagnose
from interlock.core.source import Source, Span
from interlock.lang.brackets import starts_declaration
from interlock.lang.scan import Word
from interlock.lang.words import DECLARATION_WORDS, ITEM_WORDS, RESERVED, STATEMENT_WORDS


@dataclass(frozen=True, slots=True)
class Situation:
    """A token that does not fit: what was expected, and whether something else would have fitted."""

    source: Source
    tokens: list[Word]
    at: int
    expected: frozenset[str]
    accepts: Callable[[int, str], bool]
    """Whether a token of a kind fits after the last n tokens are taken back."""

    @property
    def token(self) -> Word:
        """The token that does not fit."""
        return self.tokens[self.at]

    @property
    def span(self) -> Span:
        """Where it stands; the end of the text is shown at its last token."""
        if self.token.kind == "END" and self.at:
            return self.previous(1).span(self.source)
        return self.token.span(self.source)

    def previous(self, back: int = 1) -> Word:
        """Return a token before it."""
        return self.tokens[self.at - back] if self.at >= back else Word("", "", 0, 0)

    @property
    def following(self) -> Word:
        """The token after it."""
        return self.tokens[min(self.at + 1, len(self.tokens) - 1)]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong; with a replacement for the last `back` tokens and the next `skip`, parsing can go on."""

    diagnostic: Diagnostic
    replacement: list[Word] | None = None
    back: int = 0
    skip: int = 1


def explain(s: Situation) -> Finding:
    """Explain why a token does not fit."""
    for habit in _HABITS:
        finding = habit(s)
        if finding is not None:
            return finding
    return _unexpected(s)


def _made(kind: str, near: Word) -> Word:
    """Make a token that is not in the text, just before `near`."""
    return Word(kind, "_" if kind == "NAME" else kind, near.start, near.start)


# ---------------------------------------------------------------- habits


def _no_header(s: Situation) -> Finding | None:
    if s.at or s.token.kind == "module":
        return None
    close = s.token.kind == "NAME" and get_close_matches(s.token.text, ["module"], cutoff=0.6)
    if close and s.following.kind == "NAME":
        return None
    message = "the file is empty" if s.token.kind == "END" else "the module header is missing"
    fix = "begin the file with `module NAME`"
    header = [_made("module", s.token), _made("NAME", s.token), s.token]
    return Finding(diagnose("E0109", message, s.token.span(s.source), fix=fix), header)


def _verb_of_another_language(s: Situation) -> Finding | None:
    verb = s.previous()
    if verb.text not in ("require", "requires", "assume", "assumes", "guard", "when", "ensure", "ensures"):
        return None
    if not s.accepts(1, "await"):
        return None
    fix = "write `await P` to wait until P holds, or `assert NAME: P` to oblige that it does"
    diagnostic = diagnose("E0121", f"there is no `{verb.text}`", verb.span(s.source), fix=fix)
    return Finding(diagnostic, [Word("await", "await", verb.start, verb.end), s.token], back=1)


def _misspelt(s: Situation) -> Finding | None:
    """A word that is nearly a keyword: the token itself, or a name before it."""
    if s.token.kind == "NAME" and "NAME" not in s.expected:
        close = get_close_matches(s.token.text, sorted(s.expected & RESERVED), n=1, cutoff=0.7)
        if close:
            return _respelt(s, s.token, close[0], 0)
    word = s.previous()
    if word.kind == "NAME" and word.text:
        candidates = [w for w in sorted(STATEMENT_WORDS) if s.accepts(1, w)]
        close = get_close_matches(word.text, candidates, n=1, cutoff=0.7)
        if close and s.token.kind not in (":=", "(", "."):
            return _respelt(s, word, close[0], 1)
    return None


def _respelt(s: Situation, word: Word, meant: str, back: int) -> Finding:
    fix = f"did you mean `{meant}`?"
    diagnostic = diagnose("E0115", f"unknown word `{word.text}`", word.span(s.source), fix=fix)
    right = Word(meant, meant, word.start, word.end, word.line_first)
    return Finding(diagnostic, [right, s.token] if back else [right], back)


def _reserved(s: Situation) -> Finding | None:
    only_a_name = "NAME" in s.expected and not s.expected & {"INT", "await"}
    if s.token.kind not in RESERVED or not only_a_name:
        return None
    if s.token.line_first or (starts_declaration(s.tokens, s.at) and s.following.kind == "NAME"):
        return None
    if s.previous().kind in _NAMED and s.following.kind not in (":", "("):
        return None  # a condition without a name
    fix = f"choose another name, such as `{s.token.text}_`"
    diagnostic = diagnose("E0108", f"`{s.token.text}` is a reserved word", s.span, fix=fix)
    return Finding(diagnostic, [Word("NAME", s.token.text + "_", s.token.start, s.token.end)])


_NAMED = ("invariant", "lemma", "reachable", "liveness", "assert")


def _no_name(s: Situation) -> Finding | None:
    """A property or assertion without a name."""
    if s.previous().kind in _NAMED and "NAME" in s.expected and s.token.kind != "END" and not s.token.line_first:
        return Finding(_nameless(s, s.previous()), [_made("NAME", s.token), _made(":", s.token), s.token])
    if s.previous(2).kind in _NAMED and s.previous().kind == "NAME" and ":" in s.expected:
        name = s.previous()
        made = [_made("NAME", name), _made(":", name), name, s.token]
        return Finding(_nameless(s, s.previous(2)), made, back=1)
    return None


def _nameless(s: Situation, word: Word) -> Diagnostic:
    fix = f"write `{word.text} NAME: CONDITION`; the name is how verdicts speak of it"
    return diagnose("E0124", f"this `{word.text}` has no name", word.span(s.source), fix=fix)


def _semicolon(s: Situation) -> Finding | None:
    if s.token.kind != ";":
        return None
    if s.expected & {"step", "invariant"} and not s.expected & {"NAME", "INT"}:
        inside = "process" not in s.expected
        message = "no `;` between the items of a process" if inside else "no `;` between declarations"
        fix = "remove it; `;` joins statements within one step" if inside else "remove it"
        return Finding(diagnose("E0116", message, s.span, fix=fix), [])
    if s.previous().kind == ";":
        return Finding(diagnose("E0116", "two `;` in a row", s.span, fix="remove one"), [])
    return None


def _trailing_semicolon(s: Situation) -> Finding | None:
    """`step a: x := 1;` before the next item."""
    if s.previous().kind != ";" or not (s.token.kind in ITEM_WORDS | {"}"} or starts_declaration(s.tokens, s.at)):
        return None
    span = s.previous().span(s.source)
    fix = "remove it; `;` joins statements within one step"
    return Finding(diagnose("E0116", "no `;` between the items of a process", span, fix=fix), [s.token], back=1)


def _assignment(s: Situation) -> Finding | None:
    if s.token.kind == "=" and ":=" in s.expected:
        fix = "write `:=` to assign; `=` compares"
        return Finding(diagnose("E0117", "`=` is no assignment", s.span, fix=fix), [_instead(s, ":=")])
    if s.token.kind == ":=" and "=" in s.expected:
        fix = "write `=`; `:=` assigns, in steps only"
        return Finding(diagnose("E0118", "`:=` is no comparison or definition", s.span, fix=fix), [_instead(s, "=")])
    return None


def _instead(s: Situation, kind: str) -> Word:
    return Word(kind, kind, s.token.start, s.token.end, s.token.line_first)


def _parameter_value(s: Situation) -> Finding | None:
    """`module m(var v: Bool = false)`: skip the value and go on with the next parameter."""
    if s.token.kind not in ("=", ":=") or s.tokens[0].kind != "module" or not {",", ")"} <= s.expected:
        return None
    depth, end = 1, s.at + 1
    while s.tokens[end].kind != "END" and (depth > 1 or s.tokens[end].kind not in (",", ")")):
        depth += {"(": 1, ")": -1}.get(s.tokens[end].kind, 0)
        end += 1
    fix = "leave it out; whoever uses the module passes a var that has its value already"
    diagnostic = diagnose("E0220", "a module parameter has no value of its own", s.span, fix=fix)
    return Finding(diagnostic, [], skip=end - s.at)


def _arrow(s: Situation) -> Finding | None:
    if s.token.kind == "=>" and "OPERATOR" in s.expected:
        fix = "write `implies`, or `>=` for a comparison"
        return Finding(diagnose("E0113", "`=>` is not an operator", s.span, fix=fix), [_instead(s, "implies")])
    return None


def _double_colon(s: Situation) -> Finding | None:
    if "::" not in s.expected or not ({"?", ","} & s.expected or s.previous().kind == "}"):
        return None
    fix = "write `forall x: S :: P`"
    diagnostic = diagnose("E0122", "`::` is missing after the variables of a quantifier", s.span, fix=fix)
    if s.token.kind in (":", ".", "|", ";", "=>"):
        return Finding(diagnostic, [_instead(s, "::")])
    if s.token.kind in ("}", "END") or starts_declaration(s.tokens, s.at):
        return None
    return Finding(diagnostic, [_made("::", s.token), s.token])


def _missing_semicolon(s: Situation) -> Finding | None:
    if ";" not in s.expected or s.token.kind not in STATEMENT_WORDS | {"NAME"}:
        return None
    if s.token.kind == "NAME" and not s.token.line_first and s.following.kind not in (":=", "(", "."):
        return None
    if s.token.kind in ITEM_WORDS and s.token.kind in s.expected:
        return None
    end = s.previous().end
    span = Span(s.source, max(end - 1, 0), end)
    fix = "add `;` before it"
    message = f"`;` is missing between two statements, before `{s.token.text}`"
    return Finding(diagnose("E0123", message, span, fix=fix), [_made(";", s.token), s.token])


def _missing_type(s: Situation) -> Finding | None:
    declares = {"const", "var", "ghost", "local"}
    if s.token.kind not in ("=", ":=") or ":" not in s.expected or s.previous().kind not in ("NAME", ")"):
        return None
    if s.previous(2).kind not in declares and "(" in s.expected:
        return None
    fix = "write `NAME: TYPE = VALUE`"
    diagnostic = diagnose("E0125", "the type is missing", s.span, fix=fix)
    return Finding(diagnostic, [_made(":", s.token), _made("NAME", s.token), _instead(s, "=")])


def _leads_to(s: Situation) -> Finding | None:
    if s.token.text not in ("leadsto", "leads_to", "leadsTo") or "leads" not in s.expected:
        return None
    fix = "write `P leads to Q`"
    made = [Word(kind, kind, s.token.start, s.token.end) for kind in ("leads", "to")]
    return Finding(diagnose("E0115", f"unknown word `{s.token.text}`", s.span, fix=fix), made)


def _several_names(s: Situation) -> Finding | None:
    """`var a, b: T`: go on with the last of the names."""
    word = s.previous(2)
    if s.token.kind != "," or word.kind not in ("const", "var", "ghost", "local") or s.previous().kind != "NAME":
        return None
    fix = f"declare each by itself: `{word.text} {s.previous().text}: TYPE` and `{word.text} {s.following.text}: TYPE`"
    return Finding(diagnose("E0101", f"one `{word.text}` declares one name", s.span, fix=fix), [], back=1)


def _missing_colon(s: Situation) -> Finding | None:
    named = (*_NAMED, "step", "axiom", "initially")
    if ":" not in s.expected or s.token.kind == "END" or s.previous(2).kind not in named:
        return None
    if s.previous().kind != "NAME" or (s.token.line_first and starts_declaration(s.tokens, s.at)):
        return None
    message = f"`:` is missing after the name `{s.previous().text}`"
    return Finding(diagnose("E0126", message, s.span, fix="add `:`"), [_made(":", s.token), s.token])


def _late_local(s: Situation) -> Finding | None:
    if s.token.kind == "local" and "step" in s.expected:
        fix = "move it to the start of the process"
        return Finding(diagnose("E0127", "locals come before the first step", s.span, fix=fix))
    return None


def _inside(s: Situation) -> Finding | None:
    """A declaration where steps are expected, or the reverse."""
    if "step" in s.expected and "process" not in s.expected and starts_declaration(s.tokens, s.at):
        fix = "close the process with `}` first"
        message = f"`{s.token.text}` is a declaration and cannot stand in a process"
        return Finding(diagnose("E0128", message, s.span, fix=fix))
    if s.expected == frozenset(["invariant"]) and s.previous().kind == "step":
        fix = "put it into a process, or write `step invariant`"
        return Finding(
            diagnose("E0128", "a step cannot stand outside of a process", s.previous().span(s.source), fix=fix)
        )
    if "process" in s.expected and s.token.kind in ITEM_WORDS | STATEMENT_WORDS:
        fix = "put it into a process or action"
        message = f"`{s.token.text}` cannot stand outside of a process"
        return Finding(diagnose("E0128", message, s.span, fix=fix))
    is_statement = s.token.kind in STATEMENT_WORDS or (s.token.kind == "NAME" and s.following.kind in (":=", "(", "."))
    if "await" not in s.expected and "step" in s.expected and is_statement:
        message = f"`{s.token.text}` must be in a step"
        return Finding(diagnose("E0128", message, s.span, fix=f"write `step LABEL: {s.token.text} ..`"))
    return None


def _end(s: Situation) -> Finding | None:
    if s.token.kind != "END":
        return None
    message = f"the file ends where {_listed(s.expected)} should follow"
    return Finding(diagnose("E0102", message, s.span))


_HABITS = (
    _no_header,
    _verb_of_another_language,
    _semicolon,
    _trailing_semicolon,
    _parameter_value,
    _assignment,
    _arrow,
    _leads_to,
    _misspelt,
    _no_name,
    _reserved,
    _double_colon,
    _missing_semicolon,
    _missing_type,
    _several_names,
    _missing_colon,
    _late_local,
    _inside,
    _end,
)

# ---------------------------------------------------------------- the last resort


def _unexpected(s: Situation) -> Finding:
    message = f"unexpected `{_shown(s.token)}`; expected {_listed(s.expected)}"
    return Finding(diagnose("E0101", message, s.span))


def _shown(token: Word) -> str:
    return token.text if len(token.text) <= 40 else token.text[:37] + "..."


_OPERANDS = frozenset(["NAME", "INT", "(", "{", "none", "true", "false", "self", "count"])
_GROUPS: tuple[tuple[frozenset[str], str], ...] = (
    (DECLARATION_WORDS | {"step"}, "a declaration"),
    (ITEM_WORDS - {"local"}, "a step or another item of a process"),
    ((STATEMENT_WORDS | {"NAME"}), "a statement"),
    (_OPERANDS | {"not", "-", "forall", "exists"}, "an expression"),
    (_OPERANDS, "an operand"),
    (frozenset(["OPERATOR", "=", "-", "or", "in", "not"]), "an operator"),
    (frozenset(["walk", "{", "NAME", "INT"]), "a type"),
)
_WORDING = {"NAME": "a name", "INT": "a number", "END": "the end of the file", "OPERATOR": "an operator"}
_POSTFIX = frozenset(["(", "!", "'", "."])


def _listed(expected: frozenset[str]) -> str:
    """Put a set of tokens into words, whole groups first."""
    left = set(expected)
    words: list[str] = []
    for group, wording in _GROUPS:
        if group <= left | {"local"}:
            words.append(wording)
            left -= group
    if "an operator" in words:
        left -= _POSTFIX
    if "an expression" in words:
        left -= {"if"}
    left -= {"END"} if words else set()
    words.extend(_WORDING.get(kind, f"`{kind}`") for kind in sorted(left, key=lambda k: (k not in _WORDING, k)))
    if len(words) > 8:
        words = [*words[:7], "something else"]
    if not words:
        return "nothing more"
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
