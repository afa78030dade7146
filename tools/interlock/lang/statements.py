"""Checking the statements of steps, operations, sections and actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, assert_never
from typing import Literal as OneOf

from interlock.core.diagnostic import Label, did_you_mean
from interlock.core.rewrite import subterms, symbols_of
from interlock.core.source import Span
from interlock.core.term import TRUE, App, Some, Symbol, Term, Unwrap, Var, type_of
from interlock.core.types import OptionType, Type
from interlock.lang import syntax, typed
from interlock.lang.blocks import path_of, written
from interlock.lang.designators import (
    Context,
    InstanceRef,
    OperationCall,
    SectionRef,
    WalkMethod,
    describe_designator,
)
from interlock.lang.lvalues import Lvalues
from interlock.lang.scope import ProcessEntity, Report, SectionEntity, ValueEntity

if TYPE_CHECKING:
    from interlock.lang.expressions import Expressions


@dataclass(frozen=True)
class Frame:
    """What the statements belong to: where their asserts are filed, and what may be jumped to or returned."""

    kind: OneOf["step", "operation", "section", "action"]
    owner: str
    result: Type | None = None
    process: ProcessEntity | None = None
    in_loop: bool = False


class Statements:
    """Checks blocks of statements into typed ones."""

    def __init__(self, report: Report, expressions: Expressions) -> None:
        self.report = report
        self.expressions = expressions
        self.lvalues = Lvalues(report, expressions)
        self._temporaries = 0

    def block(self, statements: tuple[syntax.Statement, ...], ctx: Context, frame: Frame) -> typed.Block:
        """Check statements in order; a wrong one is reported and left out."""
        result: list[typed.Statement] = []
        for number, statement in enumerate(statements):
            checked, ctx = self._statement(statement, ctx, frame)
            result.extend(checked)
            if isinstance(statement, syntax.Goto | syntax.Break | syntax.Return) and number + 1 < len(statements):
                self.report.add(
                    "E0401",
                    "nothing after this statement is ever reached",
                    statements[number + 1].span,
                    fix="a jump ends its step; put what should happen before it",
                )
        self._havoc_is_last(result)
        return tuple(result)

    def _havoc_is_last(self, block: Sequence[typed.Statement]) -> None:
        """Report a write after a `havoc` of the same symbol, which would make `such that` speak of no state at all."""
        for number, statement in enumerate(block):
            if not isinstance(statement, typed.Havoc):
                continue
            for later in block[number + 1 :]:
                if statement.symbol in written(later):
                    self.report.add(
                        "E0424",
                        f"`{statement.symbol.name}` is written again after its `havoc`",
                        later.span,
                        fix="a `havoc` is the last write of its step: say all of it in `such that`",
                        labels=(Label(statement.span, "the havoc is here"),),
                    )

    def _statement(
        self, statement: syntax.Statement, ctx: Context, frame: Frame
    ) -> tuple[tuple[typed.Statement, ...], Context]:
        match statement:
            case syntax.Let():
                return self._let(statement, ctx)
            case syntax.Pick():
                return self._pick(statement, ctx)
            case syntax.Assign():
                return self._assign(statement, ctx), ctx
            case syntax.CallStatement():
                return self._call(statement, ctx), ctx
            case syntax.Havoc():
                return self._havoc(statement, ctx), ctx
            case syntax.Await():
                condition = self.expressions.formula(statement.condition, ctx)
                if condition is None or not self.no_ghosts(condition, statement.condition.span, "an await"):
                    return (), ctx
                return (typed.Await(condition, statement.span),), ctx
            case syntax.Assert():
                condition = self.expressions.formula(statement.condition, ctx)
                if condition is None:
                    return (), ctx
                return (typed.Assert(frame.owner + statement.name.text, condition, statement.span),), ctx
            case syntax.Goto() | syntax.Break() | syntax.Return():
                return self.jump(statement, ctx, frame), ctx
            case syntax.Acquire() | syntax.Release():
                return self._lock(statement, ctx), ctx
            case syntax.IfStatement():
                condition = self.expressions.formula(statement.condition, ctx)
                yes = self.block(statement.yes, ctx, frame)
                no = self.block(statement.no, ctx, frame)
                if condition is None or not self.no_ghosts(condition, statement.condition.span, "a condition"):
                    return (), ctx
                return (typed.If(condition, yes, no, statement.span),), ctx
            case syntax.EitherStatement():
                branches = tuple(self.block(branch, ctx, frame) for branch in statement.branches)
                return (typed.Either(branches, statement.span),), ctx
            case _:
                assert_never(statement)

    # ------------------------------------------------------------ names that live to the end of the step

    def _let(self, statement: syntax.Let, ctx: Context) -> tuple[tuple[typed.Statement, ...], Context]:
        if not self.expressions.names.may_bind(statement.name, ctx):
            return (), ctx
        invoked = self.invocation(statement.value, ctx, wanted=True)
        if invoked is not None:
            call, result = invoked
            if result is None:
                return (), ctx.without(statement.name.text)
            var = Var(statement.name.text, result.type)
            entity = ValueEntity(var, statement.name.span)
            return (rename_result(call, var),), ctx.bind_vars(((statement.name.text, entity),))
        value = self.expressions.term(statement.value, ctx)
        if value is None or not self.no_ghosts(value, statement.value.span, "a `let`"):
            return (), ctx.without(statement.name.text)
        var = Var(statement.name.text, type_of(value))
        entity = ValueEntity(var, statement.name.span)
        return (typed.Let(var, value, statement.span),), ctx.bind_vars(((statement.name.text, entity),))

    def _pick(self, statement: syntax.Pick, ctx: Context) -> tuple[tuple[typed.Statement, ...], Context]:
        bound = self.expressions.binders((statement.binder,), ctx)
        if bound is None:
            return (), ctx.without(statement.binder.name.text)
        inner, (var,) = bound
        where = TRUE if statement.where is None else self.expressions.formula(statement.where, inner)
        if where is None or not self.no_ghosts(where, statement.span, "a `pick`"):
            return (), inner
        return (typed.Pick(var, where, statement.span),), inner

    # ------------------------------------------------------------ effects

    def _assign(self, statement: syntax.Assign, ctx: Context) -> tuple[typed.Statement, ...]:
        target = self.lvalues.target(statement.target, ctx)
        if target is None:
            return ()
        inner = target.ctx
        bulk = any(isinstance(arg, typed.Bound) for arg in target.args)
        if statement.where is not None and not bulk:
            self.report.add(
                "E0402",
                "`where` belongs to a bulk assignment, which binds an argument on the left",
                statement.where.span,
                fix="bind one, `home(x: Item) := .. where ..`, or use `if`",
            )
            return ()
        where = TRUE if statement.where is None else self.expressions.formula(statement.where, inner)
        if where is None:
            return ()
        if target.element is not None:
            members = self.expressions.set_of(statement.value, inner, target.element)
            if members is None or not self._ghost_rules(target.symbol, (members.body, where), statement):
                return ()
            args = (*target.args, typed.Bound(members.var))
            return (typed.Assign(target.symbol, args, members.body, statement.span, where),)
        wanted = target.type
        invoked = None if bulk else self.invocation(statement.value, inner, wanted=True)
        if invoked is not None:
            call, result = invoked
            if result is None:
                return ()
            value = self.expressions.coerce(result, wanted, statement.value.span)
            if value is None:
                return ()
            return (call, self._stored(target.symbol, target.args, value, statement.span, where))
        value = self.expressions.term(statement.value, inner, wanted)
        if value is None:
            return ()
        terms = tuple(arg for arg in target.args if not isinstance(arg, typed.Bound))
        if not self._ghost_rules(target.symbol, (value, where, *terms), statement):
            return ()
        return (self._stored(target.symbol, target.args, value, statement.span, where),)

    def _stored(
        self, symbol: Symbol, args: tuple[Term | typed.Bound, ...], value: Term, span: Span, where: Term
    ) -> typed.Assign:
        """The assignment; an implicit local stores an option."""
        if isinstance(symbol.result, OptionType) and not isinstance(type_of(value), OptionType):
            value = Some(value)
        return typed.Assign(symbol, args, value, span, where)

    def _call(self, statement: syntax.CallStatement, ctx: Context) -> tuple[typed.Statement, ...]:
        expr = statement.call
        invoked = self.invocation(expr, ctx)
        if invoked is not None:
            return (invoked[0],)
        if not isinstance(expr, syntax.Call | syntax.Ident | syntax.Member):
            self.report.add(
                "E0403", "this has no effect", expr.span, fix="a statement assigns, calls, awaits or asserts"
            )
            return ()
        designator = self.expressions.names.designate(expr, ctx)
        if designator is None:
            return ()
        if isinstance(designator, WalkMethod) and designator.called and designator.method == "start":
            walk = designator.walk.process.cursors.get(designator.walk.name)
            return () if walk is None else (typed.WalkStart(walk, statement.span),)
        self.report.add(
            "E0403",
            f"{describe_designator(designator)} has no effect as a statement",
            expr.span,
            fix="a statement assigns, calls an operation, awaits or asserts",
        )
        return ()

    def invocation(
        self, expr: syntax.Expr, ctx: Context, *, wanted: bool = False
    ) -> tuple[typed.Invoke | typed.WalkNext, Var | None] | None:
        """A call of an operation or of a cursor's `next`, with the variable that holds its result.

        None where the expression is no such call; then nothing was reported.  The variable is None where there is no
        result, which was reported if a result is `wanted` or the call is wrong.
        """
        if not isinstance(expr, syntax.Call) or not self._calls_operation(expr.target, ctx):
            return None
        designator = self.expressions.names.designate(expr, ctx)
        wrong = typed.Invoke(typed.Operation("", (), None, expr.span), (), None, expr.span)
        if isinstance(designator, WalkMethod):
            walk = designator.walk.process.cursors.get(designator.walk.name)
            if walk is None:
                return wrong, None
            element: Type = walk.over.var.type
            assert not isinstance(element, OptionType)
            var = self._temporary(OptionType(element))
            return typed.WalkNext(walk, var, expr.span), var
        if not isinstance(designator, OperationCall):
            return wrong, None
        own = designator.args[len(designator.args) - len(expr.args) :]
        for arg, given in zip(own, expr.args, strict=True):
            span = given.span if not isinstance(given, syntax.Binder) else expr.span
            self.no_ghosts(arg, span, "an argument of an operation")
        result = designator.operation.result
        if wanted and result is None:
            self.report.add(
                "E0423",
                f"operation `{designator.operation.name}` returns nothing",
                expr.span,
                fix="declare what it returns, `operation o(..): T`, or call it as a statement",
            )
        returned = None if result is None else self._temporary(result)
        return typed.Invoke(designator.operation, designator.args, returned, expr.span), returned

    def _calls_operation(self, head: syntax.Expr, ctx: Context) -> bool:
        """Whether applying `head` calls an operation or a cursor's `next`; reports nothing."""
        from interlock.lang.scope import InstanceEntity, OperationEntity, WalkEntity

        match head:
            case syntax.Ident():
                found = ctx.instance.visible(head.name)
                return head.name not in ctx.bindings and found is not None and isinstance(found[0], OperationEntity)
            case syntax.Member():
                inner = head.target.target if isinstance(head.target, syntax.Call) else head.target
                if isinstance(inner, syntax.Ident) and isinstance(ctx.bindings.get(inner.name), WalkEntity):
                    return head.name.text == "next"
                path = path_of(inner)
                instance = ctx.instance
                for part in path:
                    entry = instance.visible(part)
                    if entry is None or not isinstance(entry[0], InstanceEntity):
                        return False
                    instance = entry[0].instance
                last = instance.visible(head.name.text)
                return bool(path) and last is not None and isinstance(last[0], OperationEntity)
            case _:
                return False

    def _temporary(self, type_: Type) -> Var:
        self._temporaries += 1
        return Var(f"returned%{self._temporaries}", type_)

    def _havoc(self, statement: syntax.Havoc, ctx: Context) -> tuple[typed.Statement, ...]:
        target = self.lvalues.target(statement.target, ctx, whole=True)
        if target is None:
            return ()
        if any(isinstance(arg, typed.Bound) for arg in target.args):
            self.report.add(
                "E0405", "`havoc` takes one place or a whole symbol", statement.span, fix="leave the arguments out"
            )
            return ()
        inner = replace(ctx, primes=True)
        such_that = TRUE if statement.such_that is None else self.expressions.formula(statement.such_that, inner)
        if such_that is None:
            return ()
        for term in subterms(such_that):
            if isinstance(term, App) and term.primed and term.symbol != target.symbol:
                self.report.add(
                    "E0406",
                    f"only `{target.symbol.name}'` may be primed here",
                    statement.span,
                    fix="`such that` tells the new value of what is havocked; everything else is as it was",
                )
                return ()
        if not self.no_ghosts(such_that, statement.span, "a `havoc`"):
            return ()
        given = tuple(arg for arg in target.args if not isinstance(arg, typed.Bound))
        whole = len(given) < len(target.symbol.params)
        return (typed.Havoc(target.symbol, given, whole, such_that, statement.span),)

    # ------------------------------------------------------------ locks and jumps

    def section(self, expr: syntax.Expr, ctx: Context) -> tuple[typed.Section, tuple[Term, ...]] | None:
        """The lock that `with`, `acquire` or `release` names: a section, or an instance that has just one."""
        designator = self.expressions.names.designate(expr, ctx)
        match designator:
            case None:
                return None
            case SectionRef():
                return designator.section, designator.index
            case InstanceRef() if designator.complete:
                sections = [e for e, _ in designator.instance.names.values() if isinstance(e, SectionEntity)]
                if len(sections) == 1:
                    return sections[0].section, designator.args
                names = ", ".join(f"`{s.section.name}`" for s in sections) or "none"
                self.report.add(
                    "E0407",
                    f"it must be clear which section is meant; the instance has {names}",
                    expr.span,
                    fix="name one, as in `with sem.read { .. }`" if sections else "",
                )
                return None
            case _:
                self.report.add(
                    "E0408",
                    f"a lock is needed here, but this is {describe_designator(designator)}",
                    expr.span,
                    fix="name a `section`, or an instance of a module with one: `use std.mutex as m`",
                )
                return None

    def _lock(self, statement: syntax.Acquire | syntax.Release, ctx: Context) -> tuple[typed.Statement, ...]:
        found = self.section(statement.section, ctx)
        if found is None:
            return ()
        section, args = found
        if isinstance(statement, syntax.Release):
            return (typed.Invoke(section.exit, args, None, statement.span),)
        if section.request is not None:
            self.report.add(
                "E0409",
                f"`{section.name}` is taken in two steps, a request and an entry",
                statement.span,
                fix="take it with `with`",
            )
            return ()
        return (typed.Invoke(section.enter, args, None, statement.span),)

    def jump(
        self, statement: syntax.Goto | syntax.Break | syntax.Return, ctx: Context, frame: Frame
    ) -> tuple[typed.Jump, ...]:
        """Check `goto`, `break` or `return`, in a step or between steps."""
        match statement:
            case syntax.Goto():
                if frame.process is None:
                    self._no_jump("goto", statement.span, frame)
                    return ()
                known = frame.process.labels | frame.process.regions
                if statement.label.text not in known:
                    self.report.add(
                        "E0410",
                        f"process `{frame.process.process.name}` has no label `{statement.label.text}`",
                        statement.label.span,
                        fix=did_you_mean(statement.label.text, known),
                    )
                    return ()
                return (typed.Jump("goto", statement.span, label=statement.label.text),)
            case syntax.Break():
                if frame.process is None:
                    self._no_jump("break", statement.span, frame)
                    return ()
                if not frame.in_loop:
                    self.report.add(
                        "E0411",
                        "`break` outside a loop",
                        statement.span,
                        fix="`return` ends the process, `goto LABEL` goes on elsewhere",
                    )
                    return ()
                return (typed.Jump("break", statement.span),)
            case syntax.Return():
                return self._return(statement, ctx, frame)

    def _no_jump(self, word: str, span: Span, frame: Frame) -> None:
        self.report.add("E0412", f"`{word}` cannot leave {article(frame.kind)}", span, fix="jumps belong in a process")

    def _return(self, statement: syntax.Return, ctx: Context, frame: Frame) -> tuple[typed.Jump, ...]:
        if frame.kind in ("section", "action"):
            self._no_jump("return", statement.span, frame)
            return ()
        if statement.value is None:
            if frame.kind == "operation" and frame.result is not None:
                self.report.add(
                    "E0413",
                    f"this operation returns a `{frame.result}`, and none is given here",
                    statement.span,
                    fix="write it behind `return`",
                )
            return (typed.Jump("return", statement.span),)
        if frame.result is None:
            self.report.add(
                "E0414",
                "nothing says what type is returned here",
                statement.value.span,
                fix=f"write it behind the name of the {'process' if frame.process else 'operation'}, as in `p(..): T`",
            )
            return ()
        value = self.expressions.term(statement.value, ctx, frame.result)
        if value is None or not self.no_ghosts(value, statement.value.span, "a result"):
            return ()
        return (typed.Jump("return", statement.span, value=value),)

    # ------------------------------------------------------------ ghosts

    def no_ghosts(self, term: Term, span: Span, where: str) -> bool:
        """Whether the term reads no ghost; one that steers the design is reported (ruling 32)."""
        ghosts = sorted(s.name for s in symbols_of(term) if s.ghost)
        if ghosts:
            self.report.add(
                "E0415",
                f"{where} reads the ghost `{ghosts[0]}`, which exists for the proof only",
                span,
                fix="make it a `var` if the design really has it",
            )
        return not ghosts

    def _ghost_rules(self, symbol: Symbol, terms: tuple[Term, ...], statement: syntax.Assign) -> bool:
        if not symbol.ghost:
            return all(self.no_ghosts(term, statement.span, f"the value of `{symbol.name}`") for term in terms)
        for term in terms:
            for part in subterms(term):
                if isinstance(part, Unwrap) and any(s.ghost for s in symbols_of(part)):
                    self.report.add(
                        "E0416",
                        "an update of a ghost must never be able to fail, and this unwraps a ghost",
                        statement.span,
                        fix="a ghost must not decide whether a step can be taken",
                    )
                    return False
        return True


def rename_result(call: typed.Invoke | typed.WalkNext, var: Var) -> typed.Invoke | typed.WalkNext:
    """The same call with its result in another variable."""
    return replace(call, result=var)


def article(kind: str) -> str:
    """The kind with its article."""
    return f"an {kind}" if kind[0] in "ao" else f"a {kind}"
