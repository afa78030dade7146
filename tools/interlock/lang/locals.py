"""Declaring the locals and cursors of a process, once all names of the program are known."""

from __future__ import annotations

from dataclasses import dataclass

from interlock.core.diagnostic import Label
from interlock.core.source import Span
from interlock.core.term import Symbol, Term, Var
from interlock.core.types import EnumType, IntType, OptionType, RangeType, SortType, Type
from interlock.lang import syntax, typed
from interlock.lang.designators import Context
from interlock.lang.scope import (
    LocalEntity,
    ProcessEntity,
    Report,
    WalkEntity,
)
from interlock.lang.signatures import Signatures


@dataclass(frozen=True)
class Locals:
    """Declares locals with the signatures of the program at hand."""

    report: Report
    signatures: Signatures

    def declare(self, entity: ProcessEntity, ctx: Context) -> Context:
        """Declare a process's locals and cursors; the context gains their names."""
        taken: dict[str, Span] = {}
        for decl in entity.decl.locals:
            earlier = taken.get(decl.name.text)
            if earlier is not None:
                self.report.add(
                    "E0204",
                    f"`{decl.name.text}` is declared twice",
                    decl.name.span,
                    labels=(Label(earlier, "the first declaration is here"),),
                )
                continue
            taken[decl.name.text] = decl.name.span
            if not self.signatures.expressions.names.may_bind(decl.name, ctx):
                continue
            if isinstance(decl.type, syntax.WalkType):
                ctx = ctx.bind_vars(((decl.name.text, WalkEntity(decl.name.text, entity, decl.name.span)),))
                continue
            local = self._local(entity, decl, ctx)
            if local is None:
                ctx = ctx.without(decl.name.text)
                continue
            entity.locals[decl.name.text] = local
            ctx = ctx.bind_vars(((decl.name.text, local),))
        return ctx

    def _local(self, entity: ProcessEntity, decl: syntax.SymbolDecl, ctx: Context) -> LocalEntity | None:
        bound = self.signatures.expressions.binders(decl.binders, ctx)
        if bound is None or not self.signatures.check_parameters(bound[1], decl.binders):
            return None
        kinds = self.signatures.declared_type(decl.type, bound[1], ctx)
        if kinds is None:
            return None
        params, result, is_set = kinds
        process = entity.process
        implicit = decl.value is None and isinstance(result, SortType | EnumType)
        if implicit and params:
            self.report.add(
                "E0502",
                f"an indexed local of `{result}` needs an initial value",
                decl.span,
                fix=f"write `= ..`, or make it a `{result}?`",
            )
            return None
        stored: Type = OptionType(result) if implicit and not isinstance(result, OptionType) else result
        own = tuple(v.type for v in process.params)
        symbol = Symbol(f"{process.name}.{decl.name.text}", (*own, *params), stored)
        formals = (*process.params, *bound[1])
        if is_set:
            formals = (*formals, Var("x", params[-1]))
        initial: Term | None
        if decl.value is None:
            initial = default_value(stored)
        elif is_set:
            members = self.signatures.expressions.set_of(decl.value, bound[0], params[-1])
            if members is None:
                return None
            from interlock.core.rewrite import substitute

            initial = substitute(members.body, {members.var: formals[-1]})
        else:
            initial = self.signatures.expressions.term(decl.value, bound[0], result)
        if initial is None:
            return None
        span = decl.name.span
        return LocalEntity(typed.Local(symbol, formals, initial, implicit, span), entity, is_set, span)


def default_value(type_: Type) -> Term:
    """What a local without an initial value starts as: false, none, or zero (the low end of a range)."""
    from interlock.core.term import FALSE, Literal

    match type_:
        case OptionType():
            return Literal(None, type_)
        case RangeType():
            return Literal(type_.low, type_)
        case IntType():
            return Literal(0, type_)
        case _:
            return FALSE
