"""Parameters of modules: what `use M(args)` binds them to, and what they are where M is checked alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from interlock.core.rewrite import symbols_of
from interlock.core.source import Span
from interlock.core.term import App, Term, Var, type_of
from interlock.core.types import SortType, Type
from interlock.lang import syntax
from interlock.lang.designators import Context, Function, TypeName, Value, describe_designator
from interlock.lang.scope import ApplicationEntity, Entity, Instance, Report, SortEntity

if TYPE_CHECKING:
    from interlock.lang.signatures import Signatures


class Parameters:
    """Binds module parameters; a wrong argument is reported at the `use`."""

    def __init__(self, report: Report, signatures: Signatures) -> None:
        self.report = report
        self.signatures = signatures

    def declare_abstract(self, instance: Instance) -> None:
        """Stand-ins for the parameters of a module that is checked alone: a sort, a const, an arbitrary variable."""
        for param in instance.module.params:
            match param:
                case syntax.SortDecl():
                    self.signatures.declare_sort(instance, param)
                case syntax.SymbolDecl():
                    self.signatures.declare_symbol(instance, param)
                case syntax.Define():
                    type_ = param.type or syntax.NamedType(syntax.Name("Bool", param.span), param.span)
                    const = syntax.SymbolDecl("const", param.name, param.binders, type_, None, param.span, param.doc)
                    self.signatures.declare_symbol(instance, const)
                case _:
                    assert_never(param)

    def bind(
        self, instance: Instance, module: syntax.Module, decl: syntax.Use
    ) -> tuple[tuple[str, Entity, Span], ...] | None:
        """Bind the parameters of `module` to the arguments of `decl`, which are read in `instance`."""
        if len(decl.args) != len(module.params):
            names = ", ".join(p.name.text for p in module.params) or "none"
            self.report.add(
                "E0221",
                f"module `{module.name.text}` takes {len(module.params)} argument(s) ({names}), not {len(decl.args)}",
                decl.span,
                fix=f"write one argument for each of {names}" if module.params else "leave the parentheses out",
            )
            return None
        inside = Instance(module, "", ())
        for param, arg in zip(module.params, decl.args, strict=True):
            entity = self._argument(inside, param, arg, Context(instance))
            if entity is None:
                return None
            inside.names[param.name.text] = (entity, param.name.span)
        return tuple((name, entity, span) for name, (entity, span) in inside.names.items())

    def _argument(self, inside: Instance, param: syntax.ModuleParam, arg: syntax.Expr, ctx: Context) -> Entity | None:
        names = self.signatures.expressions.names
        if isinstance(param, syntax.SortDecl):
            designator = names.designate(arg, ctx)
            if designator is None:
                return None
            if not isinstance(designator, TypeName):
                self.report.add(
                    "E0222",
                    f"`{param.name.text}` is a sort parameter; this is not a type",
                    arg.span,
                    fix="pass a sort or an enum",
                )
                return None
            if param.ordered and not (isinstance(designator.type, SortType) and designator.type.ordered):
                self.report.add(
                    "E0223",
                    f"`{designator.type}` is not an ordered sort",
                    arg.span,
                    fix=f"declare it as `ordered sort {designator.type}`",
                )
                return None
            return SortEntity(designator.type)
        inner = Context(inside)
        bound = self.signatures.expressions.binders(param.binders, inner, quantified=False)
        if bound is None:
            return None
        if param.type is None:
            result: Type | None = None
        else:
            kinds = self.signatures.declared_type(param.type, bound[1], inner)
            if kinds is None:
                return None
            result = kinds[1]
        formals = bound[1]
        if isinstance(param, syntax.SymbolDecl) and isinstance(param.type, syntax.SetType):
            element = names.type(syntax.NamedType(param.type.element, param.type.span), inner)
            if element is None:
                return None
            formals = (*formals, Var("x", element))
        return self._application(param, formals, result, arg, ctx)

    def _application(
        self,
        param: syntax.SymbolDecl | syntax.Define,
        formals: tuple[Var, ...],
        result: Type | None,
        arg: syntax.Expr,
        ctx: Context,
    ) -> Entity | None:
        expressions = self.signatures.expressions
        body: Term | None
        if not formals:
            body = expressions.term(arg, ctx, result)
            if body is None:
                return None
        else:
            designator = expressions.names.designate(arg, ctx)
            if designator is None:
                return None
            if not isinstance(designator, Function) or designator.params != tuple(v.type for v in formals):
                found = describe_designator(designator) if not isinstance(designator, Value) else "a value"
                wanted = ", ".join(str(v.type) for v in formals)
                self.report.add(
                    "E0224",
                    f"`{param.name.text}` needs something over ({wanted}), but this is {found}",
                    arg.span,
                    fix=f"pass a var, const or define with just these parameters: ({wanted})",
                )
                return None
            body = designator.apply(formals)
            if result is not None and type_of(body) != result:
                self.report.add("E0301", f"this is of type `{type_of(body)}`, but `{result}` is needed here", arg.span)
                return None
        return self._fits_kind(param, formals, body, arg.span)

    def _fits_kind(
        self, param: syntax.SymbolDecl | syntax.Define, formals: tuple[Var, ...], body: Term, span: Span
    ) -> Entity | None:
        kind = param.kind if isinstance(param, syntax.SymbolDecl) else "define"
        if kind == "const" and any(not s.rigid for s in symbols_of(body)):
            self.report.add(
                "E0225",
                f"`{param.name.text}` is a const parameter, but this can change",
                span,
                fix="pass a `const`",
            )
            return None
        writable = (
            isinstance(body, App) and not body.symbol.rigid and body.args[len(body.args) - len(formals) :] == formals
        )
        if kind in ("var", "ghost"):
            if not writable:
                self.report.add(
                    "E0226",
                    f"`{param.name.text}` is written by the module, so it needs a var",
                    span,
                    fix="pass the name of a `var` of this module, and no const, define or formula",
                )
                return None
            return ApplicationEntity(formals, body, writable=True)
        return ApplicationEntity(formals, body, writable=False)
