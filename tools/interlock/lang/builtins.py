"""The built-in predicates over processes, walks and ordered sorts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interlock.core.diagnostic import did_you_mean
from interlock.core.source import Span
from interlock.core.term import App, Compare, Term, Var, conj, exists, negate
from interlock.core.types import BOOL, SortType
from interlock.lang import syntax, typed
from interlock.lang.designators import Context, Designator, Function, ProcessRef, Value
from interlock.lang.scope import ProcessEntity, Report

if TYPE_CHECKING:
    from interlock.lang.expressions import Expressions
    from interlock.lang.signatures import Signatures

_ARITY = {"at": 2, "inside": 2, "started": 1, "done": 1, "result": 1, "visited": 3, "owed": 3, "next": 2}


class Builtins:
    """Checks calls of `at`, `inside`, `started`, `done`, `result`, `visited`, `owed` and `next`."""

    def __init__(self, report: Report, expressions: Expressions, signatures: Signatures) -> None:
        self.report = report
        self.expressions = expressions
        self.signatures = signatures

    def knows(self, name: str) -> bool:
        """Whether the name is one of these."""
        return name in _ARITY

    def call(self, name: str, expr: syntax.Call, ctx: Context) -> Designator | None:
        """Check one call."""
        arity = _ARITY[name]
        open_set = name in ("visited", "owed") and len(expr.args) == arity - 1
        if len(expr.args) != arity and not open_set:
            self.report.add("E0319", f"`{name}` takes {arity} argument(s), not {len(expr.args)}", expr.span)
            return None
        args = [arg for arg in expr.args if not isinstance(arg, syntax.Binder)]
        if len(args) < len(expr.args):
            self.report.add("E0320", "an argument that binds a variable belongs left of `:=`", expr.span)
            return None
        match name:
            case "next":
                return self._next(args, ctx)
            case "started" | "done":
                process = self.expressions.term(args[0], ctx, typed.PROCESS) if not self._is_ref(args[0], ctx) else None
                ref = self._process(args[0], name, ctx) if process is None else None
                symbol = typed.STARTED if name == "started" else typed.DONE
                if ref is not None:
                    return Value(App(symbol, (constructor(ref),)))
                return None if process is None else Value(App(symbol, (process,)))
            case _:
                ref = self._process(args[0], name, ctx)
                if ref is None:
                    return None
                return self._of_process(name, ref, args, ctx)

    def _of_process(self, name: str, ref: ProcessRef, args: list[syntax.Expr], ctx: Context) -> Designator | None:
        given = ref.args or ()
        match name:
            case "at" | "inside":
                label = dotted(args[1])
                known = ref.entity.labels if name == "at" else ref.entity.regions
                if label is None or label not in known:
                    what = "step" if name == "at" else "region"
                    self.report.add(
                        "E0213",
                        f"process `{ref.entity.process.name}` has no {what} `{label or args[1].span.text}`",
                        args[1].span,
                        fix=did_you_mean(label or "", known),
                    )
                    return None
                return Value(App(self.signatures.place(ref.entity, name, label), given))
            case "result":
                symbol = ref.entity.process.result
                if symbol is None:
                    self.report.add(
                        "E0214",
                        f"process `{ref.entity.process.name}` returns nothing",
                        args[0].span,
                        fix="declare what it returns: `process p(..): T`",
                    )
                    return None
                return Value(App(symbol, given))
            case _:
                return self._walk(name, ref, args, ctx)

    def _walk(self, name: str, ref: ProcessRef, args: list[syntax.Expr], ctx: Context) -> Designator | None:
        label = dotted(args[1]) or ""
        walk = ref.entity.walks.get(label)
        if walk is None:
            self.report.add(
                "E0215",
                f"process `{ref.entity.process.name}` has no walk `{args[1].span.text}`",
                args[1].span,
                fix=did_you_mean(label, ref.entity.walks),
            )
            return None
        symbol = walk.visited if name == "visited" else walk.owed
        given = ref.args or ()
        if len(args) == 2:
            return Function(name, (walk.element,), BOOL, lambda more: App(symbol, (*given, *more)))
        element = self.expressions.term(args[2], ctx, walk.element)
        return None if element is None else Value(App(symbol, (*given, element)))

    def _is_ref(self, expr: syntax.Expr, ctx: Context) -> bool:
        """Whether the expression names a process by its constructor."""
        head = expr.target if isinstance(expr, syntax.Call) else expr
        if isinstance(head, syntax.Ident):
            if head.name in ctx.bindings:
                return False
            found = ctx.instance.visible(head.name)
            return found is not None and isinstance(found[0], ProcessEntity)
        return isinstance(head, syntax.Member)

    def _process(self, expr: syntax.Expr, name: str, ctx: Context) -> ProcessRef | None:
        """A process whose kind is known here: a constructor with arguments, or `self` in its own code."""
        if isinstance(expr, syntax.Constant) and expr.word == "self" and ctx.process is not None:
            return ProcessRef(ctx.process, ctx.process.process.params)
        if isinstance(expr, syntax.Ident | syntax.Call | syntax.Member) and self._is_ref(expr, ctx):
            designator = self.expressions.names.designate(expr, ctx)
            if designator is None:
                return None
            if isinstance(designator, ProcessRef):
                if designator.args is None:
                    self._report_process(name, expr.span)
                    return None
                return designator
        self._report_process(name, expr.span)
        return None

    def _report_process(self, name: str, span: Span) -> None:
        fix = "write a process with its arguments, such as `init(l)`"
        if name in ("at", "inside", "result"):
            fix += ", or `self` in the process's own code; a bound `p: Process` may use only `started` and `done`"
        self.report.add("E0216", f"`{name}` needs a process whose kind is known", span, fix=fix)

    def _next(self, args: list[syntax.Expr], ctx: Context) -> Designator | None:
        left = self.expressions.term(args[0], ctx)
        if left is None:
            return None
        from interlock.core.term import type_of

        sort = type_of(left)
        if not isinstance(sort, SortType) or not sort.ordered:
            self.report.add("E0313", f"`{sort}` has no order, so nothing is next", args[0].span)
            return None
        right = self.expressions.term(args[1], ctx, sort)
        if right is None:
            return None
        return Value(adjacent(left, right, sort))


def adjacent(left: Term, right: Term, sort: SortType) -> Term:
    """`next(left, right)`: right is the least element above left; it need not exist."""
    between = Var("between", sort)
    return conj(
        (
            Compare("<", left, right),
            negate(exists((between,), conj((Compare("<", left, between), Compare("<", between, right))))),
        )
    )


def constructor(ref: ProcessRef) -> Term:
    """The process as a term."""
    return App(ref.entity.process.constructor, ref.args or ())


def dotted(expr: syntax.Expr) -> str | None:
    """A label or region as written: `scan`, `scan.next`, `create_mutex.enter`."""
    match expr:
        case syntax.Ident():
            return expr.name
        case syntax.Member():
            head = dotted(expr.target)
            return None if head is None else f"{head}.{expr.name.text}"
        case _:
            return None
