"""Checking `refines M { .. }`: a mapping from this design's state to an abstract system's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interlock.core.diagnostic import did_you_mean
from interlock.core.rewrite import substitute
from interlock.core.source import Span
from interlock.core.term import Symbol, Term, Var
from interlock.lang import syntax, typed
from interlock.lang.builtins import dotted
from interlock.lang.designators import Context
from interlock.lang.scope import Instance, ProcessEntity, Report, ValueEntity

if TYPE_CHECKING:
    from interlock.lang.signatures import Signatures

Steps = list[tuple[str, str, str, tuple[Term, ...]]]


@dataclass
class Refinements:
    """Checks the root module's `refines` declarations."""

    report: Report
    signatures: Signatures

    def check(self, root: syntax.Module) -> tuple[typed.RefinementMap, ...]:
        """One map for each declaration that is right."""
        instance = self.signatures.instances[0]
        maps = (self._map(instance, d) for d in root.declarations if isinstance(d, syntax.Refines))
        return tuple(found for found in maps if found is not None)

    def _map(self, instance: Instance, decl: syntax.Refines) -> typed.RefinementMap | None:
        from interlock.lang.check import check_module

        module = self.signatures.modules.get(decl.module.text)
        if module is None:
            return None  # the loader has said so
        target, diagnostics = check_module(module, self.signatures.modules)
        if target is None:
            first = next(d for d in diagnostics if d.is_error)
            self.report.add("E0610", f"`{decl.module.text}` has errors of its own: {first.message}", decl.module.span)
            return None
        if target.processes:
            self.report.add(
                "E0611",
                f"`{decl.module.text}` has processes; what is refined has actions only",
                decl.module.span,
                fix="state the abstract system's steps as actions",
            )
            return None
        variables: list[tuple[Symbol, tuple[Var, ...], Term]] = []
        steps: Steps = []
        for entry in decl.entries:
            if entry.kind == "=":
                mapped = self._variable(target, entry, Context(instance))
                if mapped is not None:
                    variables.append(mapped)
            else:
                self._step(target, entry, Context(instance), steps)
        given = {dotted(e.target.target if isinstance(e.target, syntax.Call) else e.target) for e in decl.entries}
        own = {p.entity.symbol.name for p in self.signatures.symbols}
        for symbol in target.symbols:
            if not symbol.rigid and symbol.name not in given and symbol.name not in own:
                self.report.add(
                    "E0612",
                    f"nothing says what `{symbol.name}` of `{decl.module.text}` is here",
                    decl.module.span,
                    fix=f"add `{symbol.name}(..) = ..`",
                )
        return typed.RefinementMap(f"refinement.{decl.module.text}", target, tuple(variables), tuple(steps))

    def _variable(
        self, target: typed.TypedProgram, entry: syntax.RefinementEntry, ctx: Context
    ) -> tuple[Symbol, tuple[Var, ...], Term] | None:
        head = entry.target.target if isinstance(entry.target, syntax.Call) else entry.target
        name = dotted(head) or ""
        symbols = {s.name: s for s in target.symbols if not s.rigid}
        symbol = symbols.get(name)
        if symbol is None:
            self.report.add(
                "E0613",
                f"`{target.name}` has no variable `{name or entry.target.span.text}`",
                entry.target.span,
                fix=did_you_mean(name, symbols),
            )
            return None
        args = entry.target.args if isinstance(entry.target, syntax.Call) else ()
        names = [(a.name, a.span) for a in args if isinstance(a, syntax.Ident)]
        if len(names) != len(symbol.params) or len(names) != len(args):
            self.report.add(
                "E0614",
                f"`{name}` has {len(symbol.params)} argument(s), and the mapping binds a new name for each",
                entry.target.span,
                fix=f"write `{name}({', '.join('xyzuvw'[: len(symbol.params)])}) = ..`".replace("()", ""),
            )
            return None
        formals = tuple(Var(n, t) for (n, _), t in zip(names, symbol.params, strict=True))
        inner = ctx
        for (text, span), var in zip(names, formals, strict=True):
            if not self.signatures.expressions.names.may_bind(syntax.Name(text, span), inner):
                return None
            inner = inner.bind_vars(((text, ValueEntity(var, span)),))
        value = self.signatures.expressions.term(entry.value, inner, symbol.result)
        return None if value is None else (symbol, formals, value)

    def _step(self, target: typed.TypedProgram, entry: syntax.RefinementEntry, ctx: Context, steps: Steps) -> None:
        actions = {a.name: a for a in target.actions}
        value = entry.value
        name = dotted(value.target if isinstance(value, syntax.Call) else value) or ""
        action = actions.get(name)
        if action is None:
            self.report.add(
                "E0615",
                f"`{target.name}` has no action `{name or value.span.text}`",
                value.span,
                fix=did_you_mean(name, actions),
            )
            return
        found = self._label(entry.target, ctx)
        if found is None:
            return
        entity, label, inner = found
        given = value.args if isinstance(value, syntax.Call) else ()
        if len(given) != len(action.params):
            self.report.add("E0319", f"`{name}` takes {len(action.params)} argument(s), not {len(given)}", value.span)
            return
        args: list[Term] = []
        for arg, param in zip(given, action.params, strict=True):
            if isinstance(arg, syntax.Binder):
                self.report.add("E0320", "an argument that binds a variable belongs left of `:=`", arg.name.span)
                return
            term = self.signatures.expressions.term(arg, inner, param.type)
            if term is None:
                return
            args.append(substitute(term, {}))
        steps.append((entity.process.name, label, action.name, tuple(args)))

    def _label(self, expr: syntax.Expr, ctx: Context) -> tuple[ProcessEntity, str, Context] | None:
        path = (dotted(expr) or "").split(".")
        span: Span = expr.span
        found = ctx.instance.visible(path[0])
        if found is None or not isinstance(found[0], ProcessEntity) or len(path) < 2:
            self.report.add(
                "E0616", "left of `=>` stands a step: `process.label`", span, fix="such as `init.publish => publish(l)`"
            )
            return None
        entity, label = found[0], ".".join(path[1:])
        if label not in entity.labels:
            self.report.add(
                "E0213",
                f"process `{entity.process.name}` has no step `{label}`",
                span,
                fix=did_you_mean(label, entity.labels),
            )
            return None
        own = entity.process.params[len(entity.instance.index) :]
        bound = tuple((b.name.text, ValueEntity(v, b.name.span)) for b, v in zip(entity.decl.binders, own, strict=True))
        local = tuple(entity.locals.items()) + tuple(entity.loop_locals.items())
        inner = Context(ctx.instance, {**dict(bound), **dict(local)}, entity, code=True, has_self=True)
        return entity, label, inner
