"""Resolving names, members and calls to what they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from interlock.core.diagnostic import Label, did_you_mean
from interlock.core.rewrite import substitute
from interlock.core.source import Span
from interlock.core.term import App, Literal, Symbol, Term, Unwrap
from interlock.core.types import BOOL, INT, EnumType, IntType, OptionType, RangeType, SortType, Type
from interlock.lang import syntax, typed
from interlock.lang.builtins import Builtins
from interlock.lang.designators import (
    Context,
    Designator,
    Function,
    InstanceRef,
    OperationCall,
    OperationRef,
    ProcessRef,
    SectionRef,
    TypeName,
    Value,
    WalkMethod,
    WalkRef,
    describe_designator,
)
from interlock.lang.scope import (
    BUILTINS,
    ActionEntity,
    ApplicationEntity,
    DefineEntity,
    Entity,
    EnumEntity,
    Instance,
    InstanceEntity,
    LocalEntity,
    MemberEntity,
    OperationEntity,
    ProcessEntity,
    Report,
    SectionEntity,
    SortEntity,
    SymbolEntity,
    ValueEntity,
    WalkEntity,
)

if TYPE_CHECKING:
    from interlock.lang.expressions import Expressions
    from interlock.lang.signatures import Signatures


class Names:
    """Resolves identifiers, members and applications in a context."""

    def __init__(self, report: Report, expressions: Expressions, signatures: Signatures) -> None:
        self.report = report
        self.expressions = expressions
        self.signatures = signatures
        self.builtins = Builtins(report, expressions, signatures)

    # ------------------------------------------------------------ looking up

    def find(self, name: str, span: Span, ctx: Context) -> Entity | None:
        """Look a name up, innermost first; an unknown one is reported, unless its declaration was."""
        bound = ctx.bindings.get(name)
        if bound is not None:
            return bound
        found = ctx.instance.visible(name)
        if found is not None:
            return found[0]
        if self.report.failed and (name in ctx.refused or ctx.instance.was_refused(name)):
            return None
        candidates = {*ctx.bindings, *ctx.instance.all_names(), *BUILTINS}
        fix = _of_an_instance(name, ctx.instance) or did_you_mean(name, candidates)
        if name in ctx.instance.module_parts():
            fix = fix or f"`{name}` is a module here only after `use`"
        self.report.add("E0201", f"nothing here is called `{name}`", span, fix=fix)
        return None

    def may_bind(self, name: syntax.Name, ctx: Context) -> bool:
        """Whether a name may be bound here: nothing is shadowed, ever."""
        if name.text in BUILTINS:
            self.report.add(
                "E0202", f"`{name.text}` is built in and cannot be declared", name.span, fix="choose another name"
            )
            return False
        bound = ctx.bindings.get(name.text)
        found = (bound, None) if bound is not None else ctx.instance.visible(name.text)
        if found is None:
            return True
        place = found[1] if found[1] is not None else getattr(found[0], "span", None)
        labels = (Label(place, "it is declared here"),) if isinstance(place, Span) else ()
        self.report.add(
            "E0203",
            f"`{name.text}` already has a meaning here",
            name.span,
            fix="nothing may be shadowed: choose another name",
            labels=labels,
        )
        return False

    # ------------------------------------------------------------ types

    def type(self, expr: syntax.TypeExpr, ctx: Context) -> Type | None:
        """The type that a type expression stands for (sets and walks are not types of values)."""
        match expr:
            case syntax.NamedType():
                return self._named_type(expr, ctx)
            case syntax.OptionalType():
                inner = self.type(expr.of, ctx)
                if inner is None or isinstance(inner, OptionType):
                    return inner  # `T??` is refused by the parser
                return OptionType(inner)
            case syntax.RangeTypeExpr():
                return self._range(expr, ctx)
            case syntax.SetType() | syntax.WalkType():
                self.report.add(
                    "E0315",
                    "a set or walk cannot be a parameter, an element, an option or quantified over",
                    expr.span,
                    fix="only `var`, `ghost`, `const` and `local` hold sets, and only `local` holds a walk",
                )
                return None
            case _:
                assert_never(expr)

    def _named_type(self, expr: syntax.NamedType, ctx: Context) -> Type | None:
        match expr.name.text:
            case "Bool":
                return BOOL
            case "Int":
                return INT
            case "Process":
                return typed.PROCESS
            case _:
                pass
        parts = expr.name.text.split(".")
        instance = ctx.instance
        for part in parts[:-1]:
            found = instance.visible(part)
            if found is None or not isinstance(found[0], InstanceEntity):
                self.report.add(
                    "E0205",
                    f"`{part}` is not an instance",
                    expr.span,
                    fix=did_you_mean(part, instance.all_names()) or f"`use M as {part}` makes one, if M is the module",
                )
                return None
            instance = found[0].instance
        entity = self.find(parts[-1], expr.span, Context(instance))
        match entity:
            case None:
                return None
            case SortEntity() | EnumEntity():
                return entity.type
            case _:
                from interlock.lang.scope import describe

                self.report.add(
                    "E0206",
                    f"`{parts[-1]}` is {describe(entity)}, not a type",
                    expr.span,
                    fix="a type is a sort, an enum, Bool, Int, a range such as 0..7, or one of these with `?`",
                )
                return None

    def _range(self, expr: syntax.RangeTypeExpr, ctx: Context) -> Type | None:
        if isinstance(expr.high, int):
            if expr.high < expr.low:
                self.report.add(
                    "E0316",
                    f"the range {expr.low}..{expr.high} is empty",
                    expr.span,
                    fix=f"write `{expr.high}..{expr.low}`",
                )
                return None
            return RangeType(expr.low, expr.high)
        entity = self.find(expr.high.text, expr.high.span, ctx)
        if entity is None:
            return None
        designator = self.entity(entity, expr.high.text, expr.high.span, ctx, ctx.instance.index)
        if isinstance(designator, Value) and isinstance(designator.term, Literal):
            value = designator.term.value
            if isinstance(value, int) and not isinstance(value, bool):
                return RangeType(expr.low, value)
        if (
            isinstance(designator, Value)
            and isinstance(designator.term, App)
            and designator.term.symbol.rigid
            and isinstance(designator.term.symbol.result, IntType | RangeType)
            and not designator.term.args
        ):
            return RangeType(expr.low, designator.term.symbol.name)
        self.report.add(
            "E0317",
            f"a range ends in a number or an integer const without parameters, and `{expr.high.text}` is neither",
            expr.high.span,
        )
        return None

    # ------------------------------------------------------------ designators

    def designate(self, expr: syntax.Expr, ctx: Context) -> Designator | None:
        """What an expression in name position stands for."""
        match expr:
            case syntax.Ident():
                if expr.name in ("Bool", "Int", "Process"):
                    named = syntax.NamedType(syntax.Name(expr.name, expr.span), expr.span)
                    type_ = self._named_type(named, ctx)
                    return None if type_ is None else TypeName(type_)
                entity = self.find(expr.name, expr.span, ctx)
                return None if entity is None else self.entity(entity, expr.name, expr.span, ctx, ctx.instance.index)
            case syntax.Member():
                return self._member(expr, ctx)
            case syntax.Call():
                if isinstance(expr.target, syntax.Ident) and self.builtins.knows(expr.target.name):
                    return self.builtins.call(expr.target.name, expr, ctx)
                return self._call(expr, ctx)
            case _:
                term = self.expressions.term(expr, ctx)
                return None if term is None else Value(term)

    def entity(self, entity: Entity, name: str, span: Span, ctx: Context, index: tuple[Term, ...]) -> Designator | None:
        """What an entity stands for, seen from an instance with these index arguments."""
        match entity:
            case SortEntity() | EnumEntity():
                return TypeName(entity.type)
            case MemberEntity():
                return Value(Literal(entity.member, entity.type))
            case ValueEntity():
                return Value(entity.var)
            case SymbolEntity():
                own = index[: entity.index]
                return function(name, entity.symbol.params[entity.index :], entity.symbol, own)
            case ApplicationEntity():
                formals, body = entity.formals, entity.body
                return _saturated(
                    Function(
                        name,
                        tuple(v.type for v in formals),
                        _result(body),
                        lambda args: substitute(body, dict(zip(formals, args, strict=True))),
                    )
                )
            case DefineEntity():
                return self._define(entity, name, index)
            case LocalEntity():
                return self._local(entity, name, ctx)
            case WalkEntity():
                return WalkRef(entity.name, entity.process)
            case OperationEntity():
                return OperationRef(entity.operation, index[: len(entity.instance.index)])
            case SectionEntity():
                return SectionRef(entity.section, index[: len(entity.instance.index)])
            case ProcessEntity():
                args = index[: len(entity.instance.index)]
                if len(args) == len(entity.process.params):
                    return ProcessRef(entity, args)
                return ProcessRef(entity, None)
            case ActionEntity():
                self.report.add(
                    "E0207",
                    f"`{name}` is an action, which happens by itself",
                    span,
                    fix="what steps call is an `operation`",
                )
                return None
            case InstanceEntity():
                return InstanceRef(entity.instance, index[: entity.outer])
            case _:
                assert_never(entity)

    def _define(self, entity: DefineEntity, name: str, index: tuple[Term, ...]) -> Designator | None:
        body = self.signatures.define_body(entity)
        if body is None:
            return None
        own = dict(zip(entity.instance.index, index[: len(entity.instance.index)], strict=True))
        formals = entity.formals

        def apply(args: tuple[Term, ...]) -> Term:
            return substitute(body, {**own, **dict(zip(formals, args, strict=True))})

        return _saturated(Function(name, tuple(v.type for v in formals), _result(body), apply))

    def _local(self, entity: LocalEntity, name: str, ctx: Context) -> Designator:
        symbol = entity.local.symbol
        own: tuple[Term, ...] = entity.process.process.params
        if entity.local.implicit and ctx.code:
            return Value(Unwrap(App(symbol, own)))
        return function(name, symbol.params[len(own) :], symbol, own)

    def _member(self, expr: syntax.Member, ctx: Context) -> Designator | None:
        target = self.designate(expr.target, ctx)
        name = expr.name
        match target:
            case None:
                return None
            case InstanceRef():
                if not target.complete:
                    missing = len(target.instance.index) - len(target.args)
                    types = ", ".join(str(v.type) for v in target.instance.index[-missing:])
                    self.report.add(
                        "E0208",
                        f"there is one such instance for each {types}; it must be said which is meant",
                        expr.target.span,
                        fix=f"write `{expr.target.span.text}(..).{name.text}`",
                    )
                    return None
                entity = self.find(name.text, name.span, Context(target.instance))
                if entity is None:
                    return None
                return self.entity(entity, name.text, name.span, ctx, target.args)
            case ProcessRef():
                return self._process_member(target, expr)
            case TypeName(type=SortType() as sort) if name.text == "first":
                if not sort.ordered:
                    self.report.add(
                        "E0318", f"`{sort}` has no first element", expr.span, fix=f"declare it as `ordered sort {sort}`"
                    )
                    return None
                return Value(App(first_of(sort)))
            case TypeName(type=EnumType() as enum) if name.text in enum.members:
                return Value(Literal(name.text, enum))
            case WalkRef():
                if name.text in ("start", "next"):
                    return WalkMethod(target, name.text, called=False)
                self.report.add("E0209", f"a walk has no `{name.text}`", name.span, fix="it has `start()` and `next()`")
                return None
            case _:
                ordered = isinstance(target, TypeName) and isinstance(target.type, SortType)
                self.report.add(
                    "E0209",
                    f"{describe_designator(target)} has no member `{name.text}`",
                    name.span,
                    fix="an ordered sort has `first`, and no `last`, for it may be of any size" if ordered else "",
                )
                return None

    def _process_member(self, target: ProcessRef, expr: syntax.Member) -> Designator | None:
        if target.args is None:
            self.report.add(
                "E0210",
                f"`{target.entity.process.name}` needs its arguments before a local can be read",
                expr.target.span,
                fix=f"write `{target.entity.process.name}(..).{expr.name.text}`",
            )
            return None
        local = target.entity.locals.get(expr.name.text) or target.entity.loop_locals.get(expr.name.text)
        if local is None:
            known = {*target.entity.locals, *target.entity.loop_locals}
            self.report.add(
                "E0211",
                f"process `{target.entity.process.name}` has no local `{expr.name.text}`",
                expr.name.span,
                fix=did_you_mean(expr.name.text, known),
            )
            return None
        symbol = local.local.symbol
        return function(expr.name.text, symbol.params[len(target.args) :], symbol, target.args)

    def _call(self, expr: syntax.Call, ctx: Context) -> Designator | None:
        target = self.designate(expr.target, ctx)
        match target:
            case None:
                return None
            case Function():
                args = self.arguments(expr, target.params, ctx, target.name, partial=True)
                return None if args is None else _applied(target, args)
            case InstanceRef():
                wanted = tuple(v.type for v in target.instance.index[len(target.args) :])
                args = self.arguments(expr, wanted, ctx, "the instance")
                return None if args is None else InstanceRef(target.instance, (*target.args, *args))
            case ProcessRef(args=None):
                outer = ctx.instance.index[: len(target.entity.instance.index)]
                wanted = tuple(v.type for v in target.entity.process.params[len(outer) :])
                args = self.arguments(expr, wanted, ctx, target.entity.process.name)
                return None if args is None else ProcessRef(target.entity, (*outer, *args))
            case OperationRef():
                wanted = tuple(v.type for v in target.operation.params[len(target.index) :])
                args = self.arguments(expr, wanted, ctx, target.operation.name)
                return None if args is None else OperationCall(target.operation, (*target.index, *args))
            case WalkMethod(called=False):
                return WalkMethod(target.walk, target.method, called=True)
            case _:
                self.report.add(
                    "E0212",
                    f"`{expr.target.span.text}` is {describe_designator(target)} and takes no arguments",
                    expr.target.span,
                    fix="leave the parentheses out",
                )
                return None

    def arguments(
        self, expr: syntax.Call, wanted: tuple[Type, ...], ctx: Context, name: str, *, partial: bool = False
    ) -> tuple[Term, ...] | None:
        """Check the arguments of a call against types; with `partial`, the last one may be left open."""
        count = len(expr.args)
        if count > len(wanted) or (count < len(wanted) and not (partial and count == len(wanted) - 1)):
            self.report.add("E0319", f"`{name}` takes {len(wanted)} argument(s), not {count}", expr.span)
            return None
        terms: list[Term] = []
        for arg, type_ in zip(expr.args, wanted, strict=False):
            if isinstance(arg, syntax.Binder):
                self.report.add(
                    "E0320",
                    "an argument that binds a variable belongs left of `:=`",
                    arg.name.span,
                    fix="elsewhere use `forall`, `exists` or a comprehension",
                )
                continue
            term = self.expressions.term(arg, ctx, type_)
            if term is not None:
                terms.append(term)
        return tuple(terms) if len(terms) == count else None

    def not_a_value(self, designator: Designator, span: Span) -> None:
        """Report that something other than a value stands where a value is needed."""
        fix = ""
        match designator:
            case OperationCall() | WalkMethod():
                fix = "an operation is called as a statement or as the whole right-hand side of `:=` or `let`"
            case Function() if designator.result == BOOL and len(designator.params) == 1:
                fix = f"give it its argument, or ask `x in {designator.name}`"
            case ProcessRef(args=None):
                fix = "give it its arguments"
            case _:
                pass
        self.report.add(
            "E0321", f"a value is needed here, but this is {describe_designator(designator)}", span, fix=fix
        )


def function(name: str, rest: tuple[Type, ...], symbol: Symbol, own: tuple[Term, ...]) -> Designator:
    """A symbol whose first arguments are known."""
    return _saturated(Function(name, rest, symbol.result, lambda args: App(symbol, (*own, *args))))


def first_of(sort: SortType) -> Symbol:
    """The rigid symbol of an ordered sort's least element."""
    return Symbol(f"{sort.name}.first", (), sort, rigid=True)


def _of_an_instance(name: str, here: Instance) -> str | None:
    """How to write a name that only a named instance has."""
    for alias, (entity, _) in here.all_names().items():
        if isinstance(entity, InstanceEntity) and entity.instance.visible(name) is not None:
            indexed = len(entity.instance.index) > entity.outer
            return f"`{alias}` has one: write `{alias}{'(..)' if indexed else ''}.{name}`"
    return None


def _saturated(fn: Function) -> Designator:
    return fn if fn.params else Value(fn.apply(()))


def _applied(fn: Function, args: tuple[Term, ...]) -> Designator:
    """A function that has been given its first arguments."""
    rest = fn.params[len(args) :]
    return _saturated(Function(fn.name, rest, fn.result, lambda more: fn.apply((*args, *more))))


def _result(body: Term) -> Type:
    from interlock.core.term import type_of

    return type_of(body)
