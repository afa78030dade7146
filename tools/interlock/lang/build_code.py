"""Makes statements and process items of the syntax tree while lark reads them: the middle part of the builder."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from interlock.core.source import Span
from interlock.lang.build_expr import Child, ExpressionBuilder
from interlock.lang.syntax import (
    Acquire,
    Assert,
    Assign,
    Await,
    Binder,
    Break,
    CallStatement,
    EitherItem,
    EitherStatement,
    For,
    Goto,
    Havoc,
    IfItem,
    IfStatement,
    Let,
    Pick,
    ProcessItem,
    Release,
    Return,
    Statement,
    StepItem,
    While,
    With,
)


class CodeBuilder(ExpressionBuilder):
    """Methods for the rules of statements and process items."""

    def doc(self, span: Span) -> str:
        """Return the doc comment before the item at `span`."""
        return self.docs.get(span.start, "")

    def _chained(self, node: Child, no: list[Any] | None) -> Child:
        """Count the links of `else if .. else if`, which nest without brackets."""
        return self.deepen(node, self.depth_of(*(no or ())) + 1)

    # ------------------------------------------------------------ statements

    def assign(self, c: list[Any]) -> Statement:
        """`lv := e where P`."""
        return Assign(c[0], c[2], c[4], self.span(c))

    def call_statement(self, c: list[Any]) -> Statement:
        """`pins(l).init()`."""
        return CallStatement(c[0], self.span(c))

    def let(self, c: list[Any]) -> Statement:
        """`let n = e`."""
        return Let(self.as_name(c[1]), c[3], self.span(c))

    def pick(self, c: list[Any]) -> Statement:
        """`pick x: S where P`."""
        return Pick(Binder(self.as_name(c[1]), c[3]), c[5], self.span(c))

    def havoc(self, c: list[Any]) -> Statement:
        """`havoc v such that P`."""
        return Havoc(c[1], c[4], self.span(c))

    def await_(self, c: list[Any]) -> Statement:
        """`await P`."""
        return Await(c[1], self.span(c))

    def assert_(self, c: list[Any]) -> Statement:
        """`assert name: P`."""
        return Assert(self.as_name(c[1]), c[3], self.span(c))

    def goto(self, c: list[Any]) -> Goto:
        """`goto label`."""
        return Goto(self.as_name(c[1]), self.span(c))

    def break_(self, c: list[Any]) -> Break:
        """`break`."""
        return Break(self.span(c))

    def return_(self, c: list[Any]) -> Return:
        """`return e`."""
        return Return(c[1], self.span(c))

    def acquire(self, c: list[Any]) -> Statement:
        """`acquire m`."""
        return Acquire(c[1], self.span(c))

    def release(self, c: list[Any]) -> Statement:
        """`release m`."""
        return Release(c[1], self.span(c))

    def if_statement(self, c: list[Any]) -> Statement:
        """`if c {..} else {..}`."""
        node = IfStatement(c[1], tuple(c[2]), tuple(c[4] or ()), self.span(c))
        return self._chained(node, c[4])  # type: ignore[no-any-return]

    def either_statement(self, c: list[Any]) -> Statement:
        """`either {..} or {..}`."""
        return EitherStatement(tuple(tuple(branch) for branch in c[1]), self.span(c))

    # ------------------------------------------------------------ process items

    def step(self, c: list[Any]) -> ProcessItem:
        """`rest step label: s; s`."""
        span = self.span(c)
        return StepItem(self.as_name(c[2]), tuple(c[-1]), c[0] is not None, span, self.doc(span))

    step_block = step

    def with_item(self, c: list[Any]) -> ProcessItem:
        """`with a, b as region {..}`."""
        span = self.span(c)
        region = self.as_name(c[3]) if c[3] else None
        return With(tuple(c[1]), region, tuple(c[4]), span, self.doc(span))

    def for_in(self, c: list[Any]) -> ProcessItem:
        """`for x in snapshot R as region {..}`."""
        _, var, _, snapshot, over, _, region, body = c
        span = self.span(c)
        name = self.as_name(region) if region else None
        return For(self.as_name(var), None, over, snapshot is not None, name, tuple(body), span, self.doc(span))

    def for_where(self, c: list[Any]) -> ProcessItem:
        """`for x: S where P as region {..}`."""
        _, var, _, sort, _, snapshot, over, _, region, body = c
        span = self.span(c)
        name = self.as_name(region) if region else None
        return For(self.as_name(var), sort, over, snapshot is not None, name, tuple(body), span, self.doc(span))

    def while_item(self, c: list[Any]) -> ProcessItem:
        """`while c {..}`."""
        span = self.span(c)
        return While(c[1], tuple(c[2]), span, self.doc(span))

    def loop_item(self, c: list[Any]) -> ProcessItem:
        """`loop {..}`."""
        span = self.span(c)
        return While(None, tuple(c[1]), span, self.doc(span))

    def if_item(self, c: list[Any]) -> ProcessItem:
        """`if c {..} else {..}` between steps."""
        span = self.span(c)
        return self._chained(IfItem(c[1], tuple(c[2]), tuple(c[4] or ()), span, self.doc(span)), c[4])  # type: ignore[no-any-return]

    def else_if(self, c: list[Any]) -> list[ProcessItem]:
        """Make `else if` an else block of one `if`, which is no item that a doc comment could belong to."""
        node = replace(c[0], doc="")
        return [self.deepen(node, self.depth_of(c[0]))]

    def either_item(self, c: list[Any]) -> ProcessItem:
        """`either {..} or {..}` between steps."""
        span = self.span(c)
        return EitherItem(tuple(tuple(branch) for branch in c[1]), span, self.doc(span))
