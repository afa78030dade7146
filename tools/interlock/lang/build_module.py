"""Makes declarations and the module of the syntax tree while lark reads them: the last part of the builder."""

from __future__ import annotations

from typing import Any, cast

from interlock.core.source import Span
from interlock.lang.build_code import CodeBuilder
from interlock.lang.build_expr import end_of
from interlock.lang.syntax import (
    ActionDecl,
    Condition,
    DeadlockFree,
    Declaration,
    Define,
    EnumDecl,
    ExpectDecl,
    FairnessWord,
    Liveness,
    Module,
    Name,
    OperationDecl,
    ProcessDecl,
    PropertyDecl,
    RefinementEntry,
    Refines,
    ScenarioDecl,
    ScheduleItem,
    ScheduleLine,
    ScopeDecl,
    SectionDecl,
    SortDecl,
    SymbolDecl,
    Use,
)


class ModuleBuilder(CodeBuilder):
    """Methods for the rules of the header and the declarations.

    Optional parts are None when absent: lark keeps their places.
    """

    def module(self, c: list[Any]) -> Module:
        """Make the module; `sort A, B` and `expect p, q proved` have given two declarations each."""
        name, params, doc = c[0]
        declarations: list[Declaration] = []
        for item in c[1] if len(c) > 1 else ():
            if isinstance(item, list):
                declarations.extend(cast("list[Declaration]", item))
            else:
                declarations.append(item)
        return Module(self.source, name, tuple(params or ()), tuple(declarations), doc)

    def header(self, c: list[Any]) -> list[Any]:
        """`module M(params)`."""
        return [c[1], c[3], self.docs.get(c[0].start_pos, "")]

    def decl(self, c: list[Any]) -> list[Any]:
        """Keep the parts of `n(x: S): T` for the declaration around it."""
        return [self.as_name(c[0]), tuple(c[1] or ()), c[3]]

    def symbol(self, c: list[Any]) -> SymbolDecl:
        """`var v(x: S): T = e`; also `const`, `ghost`, `local` and parameters."""
        word, (name, binders, type_) = c[0], c[1]
        value = c[3] if len(c) > 3 else None
        span = Span(self.source, word.start_pos, end_of(type_ if value is None else value))
        return SymbolDecl(word.value, name, binders, type_, value, span, self.doc(span))

    def sort_param(self, c: list[Any]) -> SortDecl:
        """`sort T` in a header."""
        span = self.span(c)
        return SortDecl(self.as_name(c[-1]), len(c) == 3, span, self.doc(span))

    def define_param(self, c: list[Any]) -> Define:
        """`define ok(x: T): Bool` in a header."""
        name, binders, type_ = c[1]
        span = self.span(c)
        return Define(name, binders, type_, None, span, self.doc(span))

    def use(self, c: list[Any]) -> Use:
        """`use M(args) as n(l: Lru)`."""
        _, module, args, _, alias, binders = c
        span = self.span(c)
        name = self.as_name(alias) if alias else None
        return Use(module, tuple(args or ()), name, tuple(binders or ()), span, self.doc(span))

    def sort(self, c: list[Any]) -> list[SortDecl]:
        """`sort A, B`: each declaration has the span of the whole, by which the formatter joins them again."""
        span = self.span(c)
        return [SortDecl(name, c[0].value == "ordered", span, self.doc(span)) for name in c[-1]]

    ordered_sort = sort

    def enum(self, c: list[Any]) -> EnumDecl:
        """`enum E { A, B }`."""
        span = self.span(c)
        return EnumDecl(self.as_name(c[1]), tuple(c[3]), span, self.doc(span))

    def condition(self, c: list[Any]) -> Condition:
        """`axiom n: P`."""
        span = self.span(c)
        return Condition(c[0].value, self.as_name(c[1]) if c[1] else None, c[3], span, self.doc(span))

    def define(self, c: list[Any]) -> Define:
        """`define n(x: S): T = e`."""
        span = self.span(c)
        return Define(self.as_name(c[1]), tuple(c[2] or ()), c[3], c[5], span, self.doc(span))

    def property(self, c: list[Any]) -> PropertyDecl:
        """`invariant n: P`."""
        span = self.span(c)
        return PropertyDecl(c[0].value, self.as_name(c[1]), c[3], span, self.doc(span))

    def step_invariant(self, c: list[Any]) -> PropertyDecl:
        """`step invariant n: P`."""
        span = self.span(c)
        return PropertyDecl("step invariant", self.as_name(c[2]), c[4], span, self.doc(span))

    def liveness(self, c: list[Any]) -> Liveness:
        """`liveness n: P leads to Q`."""
        span = self.span(c)
        return Liveness(self.as_name(c[1]), c[3], c[6], span, self.doc(span))

    def deadlock_free(self, c: list[Any]) -> DeadlockFree:
        """`deadlock free`."""
        span = self.span(c)
        return DeadlockFree(span, self.doc(span))

    def fair(self, c: list[Any]) -> Name:
        """`fair` or `strongly fair`."""
        return Name(" ".join(token.value for token in c), self.span(c))

    def action(self, c: list[Any]) -> ActionDecl:
        """`fair action a(x: S) {..}`."""
        fairness, _, name, binders, body = c
        span = self.span(c)
        return ActionDecl(self.as_name(name), tuple(binders or ()), tuple(body), word(fairness), span, self.doc(span))

    def operation(self, c: list[Any]) -> OperationDecl:
        """`operation o(x: S): T {..}`."""
        _, name, binders, type_, body = c
        span = self.span(c)
        return OperationDecl(self.as_name(name), tuple(binders), type_, tuple(body), span, self.doc(span))

    def section(self, c: list[Any]) -> SectionDecl:
        """`section s { request {..} enter {..} exit {..} }`."""
        _, name, _, _, request, _, enter, _, leave, _ = c
        span = self.span(c)
        parts = (None if request is None else tuple(request), tuple(enter), tuple(leave))
        return SectionDecl(self.as_name(name), *parts, span, self.doc(span))

    def process(self, c: list[Any]) -> ProcessDecl:
        """`fair process p(x: S): R {..}`."""
        fairness, _, name, binders, type_, _, locals_, items, _ = c
        span = self.span(c)
        return ProcessDecl(
            self.as_name(name),
            tuple(binders or ()),
            type_,
            tuple(locals_ or ()),
            tuple(items or ()),
            word(fairness),
            span,
            self.doc(span),
        )

    def entry(self, c: list[Any]) -> RefinementEntry:
        """`v(x) = e` or `a.b => c(d)`."""
        return RefinementEntry(c[1].value, c[0], c[2], self.span(c))

    def refines(self, c: list[Any]) -> Refines:
        """`refines M {..}`."""
        span = self.span(c)
        return Refines(c[1], tuple(c[3] or ()), span, self.doc(span))

    def bound(self, c: list[Any]) -> tuple[Name, int]:
        """`Lru = 2`."""
        return self.as_name(c[0]), self.integer(c[2])

    def scope(self, c: list[Any]) -> ScopeDecl:
        """`scope small {..}`."""
        span = self.span(c)
        return ScopeDecl(self.as_name(c[1]), tuple(c[3]), span, self.doc(span))

    def expect(self, c: list[Any]) -> list[ExpectDecl]:
        """`expect p, q proved`: each declaration has the span of the whole, as those of `sort` have."""
        span = self.span(c)
        return [ExpectDecl(name, c[2].value, span, self.doc(span)) for name in c[1]]

    def what_label(self, c: list[Any]) -> ScheduleItem:
        """`publish`."""
        return ScheduleItem(c[0], to_end=False, span=self.span(c))

    def what_region(self, c: list[Any]) -> ScheduleItem:
        """`scan...`."""
        return ScheduleItem(c[0], to_end=True, span=self.span(c))

    def what_end(self, c: list[Any]) -> ScheduleItem:
        """`...`."""
        return ScheduleItem(None, to_end=True, span=self.span(c))

    def schedule_line(self, c: list[Any]) -> ScheduleLine:
        """`init(l): a, scan...`."""
        return ScheduleLine(c[0], tuple(c[2]), self.span(c))

    def scenario(self, c: list[Any]) -> ScenarioDecl:
        """`scenario n(x: S) possible {..}`."""
        _, name, binders, mode, _, schedule, _ = c
        span = self.span(c)
        lines = tuple(line for line in schedule or () if isinstance(line, ScheduleLine))
        then = tuple(line for line in schedule or () if not isinstance(line, ScheduleLine))
        possible = mode.value == "possible"
        return ScenarioDecl(self.as_name(name), tuple(binders or ()), possible, lines, then, span, self.doc(span))


def word(fairness: Name | None) -> FairnessWord:
    """Return the fairness that a declaration asks for."""
    match fairness:
        case None:
            return ""
        case Name("fair"):
            return "fair"
        case Name():
            return "strongly fair"
