"""Checking `refines M { .. }`: a mapping from this design's state and steps to an abstract system's.

What the mapping does not list is what bears the same name here, if it has the same type: sorts, enums and constants
always, variables and actions where nothing else is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from interlock.core.diagnostic import did_you_mean
from interlock.core.source import Span
from interlock.core.term import App, Symbol, Term, Var
from interlock.core.types import OptionType, Type
from interlock.lang import syntax, typed
from interlock.lang.builtins import dotted
from interlock.lang.designators import Context
from interlock.lang.scope import ActionEntity, Entity, Instance, InstanceEntity, ProcessEntity, Report, ValueEntity

if TYPE_CHECKING:
    from interlock.lang.signatures import Signatures

Variables = list[tuple[Symbol, tuple[Var, ...], Term]]
Steps = list[tuple[str, str, tuple[Term, ...]]]


@dataclass
class Refinements:
    """Checks the root module's `refines` declarations."""

    report: Report
    signatures: Signatures

    def check(self, root: syntax.Module) -> tuple[typed.RefinementMap, ...]:
        """One map for each declaration that is right."""
        instance = self.signatures.instances[0]
        found: dict[str, typed.RefinementMap] = {}
        for decl in root.declarations:
            if isinstance(decl, syntax.Refines) and (made := self._map(instance, decl)) is not None:
                if made.property in found:
                    self.report.add("E0601", f"`{made.property}` is declared twice", decl.module.span)
                found[made.property] = made
        return tuple(found.values())

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
        if target.processes or any(typed.PROCESS in types for types in _signatures(target)):
            self.report.add(
                "E0611",
                f"`{decl.module.text}` speaks of processes; what is refined has actions only",
                decl.module.span,
                fix="state the abstract system's steps as actions, over sorts",
            )
            return None
        variables: Variables = []
        steps: Steps = []
        for entry in decl.entries:
            if entry.kind == "=":
                mapped = self._variable(target, entry, Context(instance))
                if mapped is None:
                    continue
                if any(symbol == mapped[0] for symbol, _, _ in variables):
                    self.report.add("E0204", f"`{mapped[0].name}` is given a meaning twice", entry.span)
                variables.append(mapped)
            else:
                self._step(target, entry, Context(instance), steps)
        given = {dotted(e.target.target if isinstance(e.target, syntax.Call) else e.target) for e in decl.entries}
        self._sorts(target, decl)
        variables += self._same_variables(target, decl, frozenset(name for name in given if name is not None))
        steps += self._same_actions(target, frozenset(step for step, _, _ in steps))
        return typed.RefinementMap(
            f"refinement.{decl.module.text}", target, tuple(variables), tuple(steps), decl.doc, decl.module.span
        )

    def _sorts(self, target: typed.TypedProgram, decl: syntax.Refines) -> None:
        """Report sorts that are not here."""
        own = {s.name: s for s in self.signatures.sorts}
        for sort in target.sorts:
            here = own.get(sort.name)
            if here is None:
                self._no_counterpart(target, decl, f"sort `{sort.name}`", "no sort of that name is here")
            elif here != sort:
                word = "ordered" if sort.ordered else "not ordered"
                self._no_counterpart(target, decl, f"sort `{sort.name}`", f"it is {word} there, unlike here")

    def _same_variables(self, target: typed.TypedProgram, decl: syntax.Refines, given: frozenset[str]) -> Variables:
        """Variables and constants that the mapping does not list: each is what bears its name here."""
        own = {p.entity.symbol.name: p.entity.symbol for p in self.signatures.symbols}
        same: Variables = []
        for symbol in target.symbols:
            here = own.get(symbol.name)
            if symbol.name in given:
                continue
            if here is None and not symbol.rigid:
                self.report.add(
                    "E0612",
                    f"nothing says what `{symbol.name}` of `{decl.module.text}` is here",
                    decl.module.span,
                    fix=f"add `{symbol.name}(..) = ..`" if symbol.params else f"add `{symbol.name} = ..`",
                )
            elif here is None:
                self._no_counterpart(target, decl, f"constant `{symbol.name}`", "no constant of that name is here")
            elif (here.params, here.result) != (symbol.params, symbol.result) or (symbol.rigid and not here.rigid):
                kind = "constant" if symbol.rigid else "variable"
                self._no_counterpart(target, decl, f"{kind} `{symbol.name}`", "what bears that name here is another")
            else:
                formals = tuple(Var(f"_{i}", type_) for i, type_ in enumerate(symbol.params, 1))
                same.append((symbol, formals, App(here, formals)))
        return same

    def _no_counterpart(self, target: typed.TypedProgram, decl: syntax.Refines, what: str, why: str) -> None:
        self.report.add("E0617", f"{what} of `{target.name}` has no counterpart: {why}", decl.module.span)

    def _same_actions(self, target: typed.TypedProgram, given: frozenset[str]) -> Steps:
        """Actions here that the mapping does not list and that an action there has the name and parameters of."""
        there = {a.name: tuple(v.type for v in a.params) for a in target.actions}
        return [
            (name, name, params)
            for name, params in self._own_actions()
            if name not in given and there.get(name) == tuple(v.type for v in params)
        ]

    def _own_actions(self) -> Iterator[tuple[str, tuple[Var, ...]]]:
        for body in self.signatures.bodies:
            if body.action is not None:
                yield body.owner.removesuffix("."), body.params

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
        found = self._source(entry.target, ctx)
        if found is None:
            return
        step, inner = found
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
            args.append(term)
        steps.append((step, action.name, tuple(args)))

    def _source(self, expr: syntax.Expr, ctx: Context) -> tuple[str, Context] | None:
        """The step or action left of `=>`, and what the arguments on the right may mention."""
        path = (dotted(expr) or "").split(".")
        found = ctx.instance.visible(path[0])
        while found is not None and isinstance(found[0], InstanceEntity) and len(path) > 1:
            path = path[1:]
            found = found[0].instance.visible(path[0])
        match None if found is None else found[0]:
            case ActionEntity() as action if len(path) == 1 and typed.PROCESS not in {v.type for v in action.params}:
                return action.name, Context(ctx.instance, _by_name(action.params, expr.span), code=True, primes=True)
            case ProcessEntity() as entity if len(path) > 1:
                return self._label(entity, ".".join(path[1:]), expr.span, ctx)
            case _:
                self.report.add(
                    "E0616",
                    "left of `=>` stands a step, `process.label`, or an action",
                    expr.span,
                    fix="such as `init.publish => publish(l)`",
                )
                return None

    def _label(self, entity: ProcessEntity, label: str, span: Span, ctx: Context) -> tuple[str, Context] | None:
        if label not in entity.labels:
            self.report.add(
                "E0213",
                f"process `{entity.process.name}` has no step `{label}`",
                span,
                fix=did_you_mean(label, entity.labels),
            )
            return None
        bindings = {**_by_name(entity.process.params, span), **entity.locals, **entity.loop_locals}
        return f"{entity.process.name}.{label}", Context(ctx.instance, bindings, entity, code=True, primes=True)


def _by_name(params: tuple[Var, ...], span: Span) -> dict[str, Entity]:
    """Parameters under the names that their declaration gives them; those of an instance are named after it as well."""
    return {v.name.rsplit(".", 1)[-1]: ValueEntity(v, span) for v in params}


def _signatures(program: typed.TypedProgram) -> Iterator[tuple[Type, ...]]:
    """The plain types of each symbol and each action's parameters."""
    for symbol in program.symbols:
        result = symbol.result
        yield (*symbol.params, result.of if isinstance(result, OptionType) else result)
    for action in program.actions:
        yield tuple(v.type for v in action.params)
