"""What stands left of `:=`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interlock.core.term import App, Symbol, Term, Var
from interlock.core.types import OptionType, Type
from interlock.lang import syntax, typed
from interlock.lang.designators import Context, InstanceRef, describe_designator
from interlock.lang.scope import (
    ApplicationEntity,
    Entity,
    LocalEntity,
    Report,
    SymbolEntity,
    ValueEntity,
    describe,
)

if TYPE_CHECKING:
    from interlock.lang.expressions import Expressions


@dataclass(frozen=True)
class Target:
    """A place to be written: symbol and arguments, the type written, and what the arguments bind.

    `element` is set where a whole set is written: the last argument is still missing.
    """

    symbol: Symbol
    args: tuple[Term | typed.Bound, ...]
    type: Type
    element: Type | None
    ctx: Context


@dataclass(frozen=True)
class _Head:
    symbol: Symbol
    prefix: tuple[Term, ...]
    type: Type
    is_set: bool


class Lvalues:
    """Checks targets of assignments and of `havoc`."""

    def __init__(self, report: Report, expressions: Expressions) -> None:
        self.report = report
        self.expressions = expressions

    def target(self, expr: syntax.Expr, ctx: Context, *, whole: bool = False) -> Target | None:
        """Check a target; with `whole`, all arguments may be left out."""
        call = expr if isinstance(expr, syntax.Call) else None
        head = self._head(expr if call is None else call.target, ctx)
        if head is None:
            return None
        wanted = head.symbol.params[len(head.prefix) :]
        given: tuple[syntax.Expr | syntax.Binder, ...] = () if call is None else call.args
        short = len(wanted) - len(given)
        element = wanted[-1] if head.is_set and short == 1 and not whole else None
        if short != 0 and element is None and not (whole and not given):
            fix = ""
            if short > 0 and wanted:
                given_text = [arg.span.text if not isinstance(arg, syntax.Binder) else arg.name.text for arg in given]
                open_text = [f"{'xyzuvw'[i % 6]}: {type_}" for i, type_ in enumerate(wanted[len(given) :])]
                shown = ", ".join((*given_text, *open_text))
                fix = f"to write all of them at once, bind what is left open: `{head.symbol.name}({shown}) := ..`"
            self.report.add(
                "E0319", f"`{head.symbol.name}` takes {len(wanted)} argument(s), not {len(given)}", expr.span, fix=fix
            )
            return None
        args: list[Term | typed.Bound] = list(head.prefix)
        for arg, type_ in zip(given, wanted, strict=False):
            if isinstance(arg, syntax.Binder):
                bound = self._binder(arg, type_, ctx)
                if bound is None:
                    return None
                ctx, var = bound
                args.append(typed.Bound(var))
            else:
                term = self.expressions.term(arg, ctx, type_)
                if term is None:
                    return None
                args.append(term)
        return Target(head.symbol, tuple(args), head.type, element, ctx)

    def _binder(self, arg: syntax.Binder, wanted: Type, ctx: Context) -> tuple[Context, Var] | None:
        type_ = self.expressions.names.type(arg.type, ctx)
        if type_ is None:
            return None
        if type_ != wanted:
            self.report.add("E0301", f"this binds a `{type_}`, but the argument is a `{wanted}`", arg.type.span)
            return None
        if not self.expressions.names.may_bind(arg.name, ctx):
            return None
        var = Var(arg.name.text, type_)
        return ctx.bind_vars(((arg.name.text, ValueEntity(var, arg.name.span)),)), var

    def _head(self, expr: syntax.Expr, ctx: Context) -> _Head | None:
        names = self.expressions.names
        match expr:
            case syntax.Ident():
                entity = names.find(expr.name, expr.span, ctx)
                return None if entity is None else self._writable(entity, expr, ctx.instance.index)
            case syntax.Member():
                target = names.designate(expr.target, ctx)
                if target is None:
                    return None
                if isinstance(target, InstanceRef) and target.complete:
                    entity = names.find(expr.name.text, expr.name.span, Context(target.instance))
                    return None if entity is None else self._writable(entity, expr, target.args)
                self.report.add(
                    "E0417",
                    f"a member of {describe_designator(target)} cannot be written",
                    expr.span,
                    fix="a local is written by its own process only",
                )
                return None
            case syntax.Bang():
                self.report.add(
                    "E0418", "a value cannot be written, only a place", expr.span, fix="leave the `!` out on the left"
                )
                return None
            case _:
                self.report.add("E0418", "a value cannot be written, only a place", expr.span)
                return None

    def _writable(self, entity: Entity, expr: syntax.Expr, index: tuple[Term, ...]) -> _Head | None:
        match entity:
            case SymbolEntity() if entity.kind != "const":
                symbol = entity.symbol
                return _Head(symbol, index[: entity.index], symbol.result, entity.is_set)
            case LocalEntity() if entity.process.loop_locals.get(expr.span.text) is not entity:
                symbol = entity.local.symbol
                written: Type = symbol.result
                if entity.local.implicit and isinstance(written, OptionType):
                    written = written.of
                return _Head(symbol, entity.process.process.params, written, entity.is_set)
            case ApplicationEntity() if entity.writable and isinstance(entity.body, App):
                body = entity.body
                prefix = body.args[: len(body.args) - len(entity.formals)]
                return _Head(body.symbol, prefix, body.symbol.result, is_set=False)
            case _:
                pass
        fix = ""
        if isinstance(entity, SymbolEntity):
            fix = "declare it as `var` if it changes"
        elif isinstance(entity, LocalEntity):
            fix = "the loop alone sets its variable; copy it into a local"
        elif isinstance(entity, ValueEntity):
            fix = "use a `local` for what changes"
        self.report.add("E0419", f"`{expr.span.text}` is {describe(entity)} and cannot be written", expr.span, fix=fix)
        return None
