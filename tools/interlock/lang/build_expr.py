"""Makes types and expressions of the syntax tree while lark reads them: one method for each alias of the grammar.

lark calls a method with the children of its rule, every token included, so that the span of a node runs from the start
of the first child to the end of the last.  Building while parsing skips lark's own trees: half the time, and no
recursion however deep the input is.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, TypeAlias

from lark import Token

from interlock.core.diagnostic import Diagnostic, diagnose
from interlock.core.source import Source, Span
from interlock.lang.operators import Operator, Part, Quantifier, Resolver
from interlock.lang.syntax import (
    Bang,
    Binder,
    Call,
    Comprehension,
    Conditional,
    Constant,
    Counted,
    Expr,
    Ident,
    Member,
    Name,
    NamedType,
    Number,
    OptionalType,
    Prime,
    RangeTypeExpr,
    SetLiteral,
    SetType,
    TypeExpr,
    WalkType,
)

MAX_DEPTH = 250
"""How deep an expression may be, every operator counted; later phases walk trees by recursion."""

MAX_DIGITS = 18
"""Longest number accepted; Python itself refuses to convert some thousands of digits."""

_TIGHT = re.compile(r"[\w)\]}'!?]")


Child: TypeAlias = Any
"""What lark hands to a method: a token, or what another method made; the grammar decides which."""


class Enclosed(list[Any]):
    """The items between two brackets, which may be none; the span covers the brackets."""

    def __init__(self, items: list[Any], span: Span) -> None:
        super().__init__(items)
        self.span = span


def start_of(child: Child) -> int:
    """Return the offset where a child starts."""
    match child:
        case Token():
            return child.start_pos or 0
        case Enclosed() | Name():
            return child.span.start
        case list():
            return start_of(child[0])
        case Binder():
            return child.name.span.start
        case _:
            return child.span.start  # type: ignore[no-any-return]


def end_of(child: Child) -> int:
    """Return the offset where a child ends."""
    match child:
        case Token():
            return child.end_pos or 0
        case Enclosed() | Name():
            return child.span.end
        case list():
            return end_of(child[-1])
        case Binder():
            return child.type.span.end
        case _:
            return child.span.end  # type: ignore[no-any-return]


class ExpressionBuilder:
    """Methods for the rules of types and expressions, and the list rules that everything shares.

    It is reset for each text (`begin`): lark binds the methods of one builder into a parser once.
    """

    source: Source
    diagnostics: list[Diagnostic]
    docs: dict[int, str]
    _depth: dict[int, int]

    def begin(self, source: Source, docs: dict[int, str]) -> None:
        """Start a new text; `docs` has the doc comment of the item that starts at an offset."""
        self.source = source
        self.docs = docs
        self.diagnostics = []
        self._depth = {}

    def report(self, diagnostic: Diagnostic) -> None:
        """Note a mistake that does not keep the rest from being read."""
        self.diagnostics.append(diagnostic)

    def span(self, c: list[Any]) -> Span:
        """Cover all children that are there."""
        present = [child for child in c if child is not None]
        return Span(self.source, start_of(present[0]), end_of(present[-1]))

    def place(self, token: Token) -> Span:
        """Return the span of a token."""
        return Span(self.source, token.start_pos or 0, token.end_pos or 0)

    def as_name(self, token: Token) -> Name:
        """Make a name of a token."""
        return Name(token.value, self.place(token))

    def deepen(self, node: Child, depth: int) -> Child:
        """Remember how deep a new node is, and report the place where that becomes too much."""
        self._depth[id(node)] = depth
        if depth > MAX_DEPTH:
            if not any(d.code.name == "E0105" for d in self.diagnostics):
                span = Span(self.source, node.span.start, min(node.span.end, node.span.start + 20))
                message = f"this is nested more than {MAX_DEPTH} deep"
                self.report(diagnose("E0105", message, span, fix="name its parts with `define`"))
            self._depth[id(node)] = 0
        return node

    def depth_of(self, *nodes: Child) -> int:
        """Return how deep the deepest of some nodes is."""
        return max([self._depth.get(id(node), 0) for node in nodes], default=0)

    # ------------------------------------------------------------ lists

    def one(self, c: list[Any]) -> list[Any]:
        """Start a list."""
        return [c[0]]

    def more(self, c: list[Any]) -> list[Any]:
        """Add what stands after a comma or semicolon."""
        c[0].append(c[2])
        return c[0]  # type: ignore[no-any-return]

    def push(self, c: list[Any]) -> list[Any]:
        """Add without a separator."""
        c[0].append(c[1])
        return c[0]  # type: ignore[no-any-return]

    def pair(self, c: list[Any]) -> list[Any]:
        """Start a list of two."""
        return [c[0], c[2]]

    def joined(self, c: list[Any]) -> list[Any]:
        """Join two lists that a comma separates."""
        return c[0] + c[2]  # type: ignore[no-any-return]

    def only(self, c: list[Any]) -> Child:
        """Pass the first child on."""
        return c[0]

    def second(self, c: list[Any]) -> Child:
        """Pass the second child on: `: type`, `then expr`, `{ items`."""
        return c[1]

    def inner(self, c: list[Any]) -> Enclosed:
        """Keep what stands between brackets."""
        return Enclosed(c[1], self.span(c))

    def empty(self, c: list[Any]) -> Enclosed:
        """Keep that nothing stands between brackets."""
        return Enclosed([], self.span(c))

    def alone(self, c: list[Any]) -> list[Any]:
        """Make `else if` an else block of one `if`."""
        return [c[0]]

    def one_name(self, c: list[Any]) -> list[Name]:
        """Start a list of names."""
        return [self.as_name(c[0])]

    def more_names(self, c: list[Any]) -> list[Name]:
        """Add a name after a comma."""
        c[0].append(self.as_name(c[2]))
        return c[0]  # type: ignore[no-any-return]

    def qname(self, c: list[Any]) -> Name:
        """Start a dotted name."""
        return self.as_name(c[0])

    one_word = qname

    def qname_more(self, c: list[Any]) -> Name:
        """Add a part to a dotted name."""
        return Name(f"{c[0].text}.{c[2].value}", self.span(c))

    def group(self, c: list[Any]) -> list[Binder]:
        """`x, y: T` gives two binders that share the type."""
        return [Binder(name, c[2]) for name in c[0]]

    def binder(self, c: list[Any]) -> Binder:
        """`x: T` as an argument of a bulk form."""
        return Binder(self.as_name(c[0]), c[2])

    # ------------------------------------------------------------ types

    def named_type(self, c: list[Any]) -> TypeExpr:
        """`Lru`."""
        return NamedType(c[0], c[0].span)

    def optional_type(self, c: list[Any]) -> TypeExpr:
        """`T?`; `T??` is refused here so that types are never deep."""
        if isinstance(c[0], OptionalType):
            self.report(diagnose("E0111", "an option of an option", self.place(c[1]), fix="remove one `?`"))
            return c[0]
        return OptionalType(c[0], self.span(c))

    def set_type(self, c: list[Any]) -> TypeExpr:
        """`{T}`."""
        return SetType(self.as_name(c[1]), self.span(c))

    def range_type(self, c: list[Any]) -> TypeExpr:
        """`0..N`."""
        high = self.integer(c[2]) if c[2].type == "INT" else self.as_name(c[2])
        return RangeTypeExpr(self.integer(c[0]), high, self.span(c))

    def walk_type(self, c: list[Any]) -> TypeExpr:
        """`walk R`."""
        return WalkType(c[2], c[1] is not None, self.span(c))

    # ------------------------------------------------------------ operands

    def integer(self, token: Token) -> int:
        """Read a number."""
        if len(token) > MAX_DIGITS:
            self.report(diagnose("E0112", f"a number of more than {MAX_DIGITS} digits", self.place(token)))
            return 0
        return int(token)

    def ident(self, c: list[Any]) -> Expr:
        """`x`."""
        return Ident(c[0].value, self.place(c[0]))

    def number(self, c: list[Any]) -> Expr:
        """`12`."""
        return Number(self.integer(c[0]), self.place(c[0]))

    def constant(self, c: list[Any]) -> Expr:
        """`none`."""
        return Constant(c[0].value, self.place(c[0]))

    def parenthesised(self, c: list[Any]) -> Expr:
        """`(e)` is `e` with a span that covers the parentheses; the formatter tells them by that."""
        node: Expr = replace(c[1], span=self.span(c))
        self._depth[id(node)] = self.depth_of(c[1])
        return node

    def no_elements(self, c: list[Any]) -> Expr:
        """`{}`."""
        return SetLiteral((), self.span(c))

    def elements(self, c: list[Any]) -> Expr:
        """`{a, b}`."""
        return self.deepen(SetLiteral(tuple(c[1]), self.span(c)), self.depth_of(*c[1]) + 1)  # type: ignore[no-any-return]

    def comprehension(self, c: list[Any]) -> Expr:
        """`{x: S where P}`."""
        node = Comprehension(Binder(self.as_name(c[1]), c[3]), c[5], self.span(c))
        return self.deepen(node, self.depth_of(c[5]) + 1)  # type: ignore[no-any-return]

    def counted(self, c: list[Any]) -> Expr:
        """`count(x: S where P)`."""
        node = Counted(tuple(c[2]), c[4], self.span(c))
        return self.deepen(node, self.depth_of(c[4]) + 1)  # type: ignore[no-any-return]

    def call(self, c: list[Any]) -> Expr:
        """`f(a, b)`."""
        args = tuple(c[2]) if len(c) == 4 else ()
        return self.deepen(Call(c[0], args, self.span(c)), self.depth_of(c[0], *args) + 1)  # type: ignore[no-any-return]

    def bang(self, c: list[Any]) -> Expr:
        """`x!`."""
        return self.deepen(Bang(c[0], self.span(c)), self.depth_of(c[0]) + 1)  # type: ignore[no-any-return]

    def prime(self, c: list[Any]) -> Expr:
        """`t'`."""
        return self.deepen(Prime(c[0], self.span(c)), self.depth_of(c[0]) + 1)  # type: ignore[no-any-return]

    def member(self, c: list[Any]) -> Expr:
        """`x.name`."""
        node = Member(c[0], self.as_name(c[2]), self.span(c))
        return self.deepen(node, self.depth_of(c[0]) + 1)  # type: ignore[no-any-return]

    # ------------------------------------------------------------ operators

    def push_not_in(self, c: list[Any]) -> list[Any]:
        """Make one operator of `not in`."""
        c[0].append(Token("NOT_IN", "not in", c[1].start_pos, end_pos=c[2].end_pos))
        return c[0]  # type: ignore[no-any-return]

    def quantifier(self, c: list[Any]) -> Quantifier:
        """`forall x: S ::`."""
        return Quantifier(c[0].value, tuple(c[1]), self.span(c))

    def resolve(self, c: list[Any]) -> Expr:
        """Bind operators to operands."""
        run = c[0]
        if len(run) == 1:
            return run[0]  # type: ignore[no-any-return]
        parts: list[Part] = [self._operator(part) if isinstance(part, Token) else part for part in run]
        depth = self.depth_of(*run) + len(run)
        if depth > MAX_DEPTH:
            return self.deepen(run[-1], depth)  # type: ignore[no-any-return]
        return self.deepen(Resolver(parts, self.report).resolve(), depth)  # type: ignore[no-any-return]

    def _operator(self, token: Token) -> Operator:
        span = self.place(token)
        if token.value == "!=" and span.start and _TIGHT.match(self.source.text, span.start - 1):
            self.report(
                diagnose(
                    "E0106",
                    "`!=` directly after an operand can be read in two ways",
                    span,
                    fix="write `x != y` for a comparison, or `x! = y` for `x!` compared with y",
                )
            )
        return Operator(token.value, span)

    def conditional(self, c: list[Any]) -> Expr:
        """`if c then x else y`."""
        node = Conditional(c[1], c[3], c[5], self.span(c))
        return self.deepen(node, self.depth_of(c[1], c[3], c[5]) + 1)  # type: ignore[no-any-return]
