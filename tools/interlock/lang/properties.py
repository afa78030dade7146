"""Checking what a module claims: properties, scopes, expectations, scenarios, refinement."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from interlock.core.diagnostic import Label, did_you_mean
from interlock.core.source import Span
from interlock.core.system import Expect, Property, PropertyKind, ScenarioStep, Scope
from interlock.core.term import Term, Var, forall
from interlock.core.types import IntType, RangeType
from interlock.lang import syntax, typed
from interlock.lang.designators import Context, ProcessRef
from interlock.lang.scope import ActionEntity, Instance, Report

if TYPE_CHECKING:
    from interlock.lang.signatures import Signatures

_KINDS: dict[str, PropertyKind] = {
    "invariant": "invariant",
    "lemma": "lemma",
    "reachable": "reachable",
    "step invariant": "step_invariant",
}


@dataclass
class Properties:
    """Collects the properties of all instances; those of an indexed instance range over its index."""

    report: Report
    signatures: Signatures
    found: list[Property] = field(default_factory=list[Property])
    places: dict[str, Span] = field(default_factory=dict[str, Span])

    def _add(self, prop: Property, span: Span) -> None:
        earlier = self.places.setdefault(prop.name, span)
        if earlier is not span:
            self.report.add(
                "E0601",
                f"two properties are called `{prop.name}`",
                span,
                fix="rename one of them",
                labels=(Label(earlier, "the first is here"),),
            )
            return
        self.found.append(prop)

    def check(self, instance: Instance, decl: syntax.Declaration) -> None:
        """Check one declaration if it is a property."""
        match decl:
            case syntax.PropertyDecl():
                self._property(instance, decl)
            case syntax.Liveness():
                self._liveness(instance, decl)
            case syntax.DeadlockFree():
                if not any(p.kind == "deadlock" for p in self.found):
                    self._add(Property("deadlock", "deadlock", doc=decl.doc, span=decl.span), decl.span)
            case syntax.ScenarioDecl():
                self._scenario(instance, decl)
            case _:
                pass

    def _property(self, instance: Instance, decl: syntax.PropertyDecl) -> None:
        kind = _KINDS[decl.kind]
        ctx = Context(instance, primes=kind == "step_invariant")
        formula = self.signatures.expressions.formula(decl.body, ctx)
        if formula is None:
            return
        if kind != "reachable":
            formula = forall(instance.index, formula)
        elif instance.index:
            from interlock.core.term import exists

            formula = exists(instance.index, formula)
        name = instance.prefix + decl.name.text
        self._add(Property(name, kind, formula, doc=decl.doc, span=decl.name.span), decl.name.span)

    def _liveness(self, instance: Instance, decl: syntax.Liveness) -> None:
        expressions = self.signatures.expressions
        ctx = Context(instance)
        left, params = decl.left, tuple[Var, ...]()
        while isinstance(left, syntax.Quantified) and left.kind == "forall":
            bound = expressions.binders(left.binders, ctx)
            if bound is None:
                return
            ctx, params, left = bound[0], (*params, *bound[1]), left.body
        p = expressions.formula(left, ctx)
        q = expressions.formula(decl.right, ctx)
        if p is None or q is None:
            return
        name = instance.prefix + decl.name.text
        self._add(
            Property(
                name,
                "liveness",
                p,
                q,
                params=(*instance.index, *params),
                reason="leads-to is not judged by this engine",
                doc=decl.doc,
                span=decl.name.span,
            ),
            decl.name.span,
        )

    # ------------------------------------------------------------ scenarios

    def _scenario(self, instance: Instance, decl: syntax.ScenarioDecl) -> None:
        expressions = self.signatures.expressions
        bound = expressions.binders(decl.binders, Context(instance))
        if bound is None:
            return
        ctx, params = bound
        for var, binder in zip(params, decl.binders, strict=True):
            if var.type == typed.PROCESS:
                self.report.add(
                    "E0304",
                    "a scenario is about processes of known kinds",
                    binder.type.span,
                    fix="take the process's own parameters instead, as in `scenario s(l: Lru)` and `init(l): ..`",
                )
                return
        schedule: list[ScenarioStep] = []
        for line in decl.lines:
            steps = self._line(line, ctx)
            if steps is None:
                return
            schedule.extend(steps)
        conditions = [expressions.formula(then, ctx) for then in decl.then]
        good = [c for c in conditions if c is not None]
        if len(good) < len(conditions):
            return
        from interlock.core.term import conj

        name = instance.prefix + decl.name.text
        self._add(
            Property(
                name,
                "scenario",
                conj(good),
                params=(*instance.index, *params),
                schedule=tuple(schedule),
                possible=decl.possible,
                doc=decl.doc,
                span=decl.name.span,
            ),
            decl.name.span,
        )

    def _line(self, line: syntax.ScheduleLine, ctx: Context) -> tuple[ScenarioStep, ...] | None:
        names = self.signatures.expressions.names
        head = line.process.target if isinstance(line.process, syntax.Call) else line.process
        if isinstance(head, syntax.Ident) and head.name not in ctx.bindings:
            entry = ctx.instance.visible(head.name)
            if entry is not None and isinstance(entry[0], ActionEntity):
                return self._action_line(line, entry[0], ctx)
        designator = names.designate(line.process, ctx)
        if designator is None:
            return None
        if not isinstance(designator, ProcessRef) or designator.args is None:
            self.report.add(
                "E0602",
                "a scenario's line begins with a process and its arguments",
                line.process.span,
                fix="such as `init(l): alloc_array`",
            )
            return None
        entity = designator.entity
        steps: list[ScenarioStep] = []
        for item in line.items:
            if item.label is None:
                steps.append(ScenarioStep(entity.process.name, designator.args, "", "end", item.span))
                continue
            label = item.label.text
            known = entity.regions if item.to_end else entity.labels
            if label not in known:
                what = "region" if item.to_end else "step"
                self.report.add(
                    "E0213",
                    f"process `{entity.process.name}` has no {what} `{label}`",
                    item.label.span,
                    fix=did_you_mean(label, known),
                )
                return None
            steps.append(
                ScenarioStep(
                    entity.process.name, designator.args, label, "region" if item.to_end else "step", item.span
                )
            )
        return tuple(steps)

    def _action_line(
        self, line: syntax.ScheduleLine, entity: ActionEntity, ctx: Context
    ) -> tuple[ScenarioStep, ...] | None:
        args: tuple[Term, ...] | None = ()
        if isinstance(line.process, syntax.Call):
            wanted = tuple(v.type for v in entity.params[len(ctx.instance.index) :])
            args = self.signatures.expressions.names.arguments(line.process, wanted, ctx, entity.name)
        if args is None:
            return None
        full = (*ctx.instance.index, *args)
        if len(full) != len(entity.params):
            self.report.add(
                "E0319", f"`{entity.name}` takes {len(entity.params)} argument(s), not {len(full)}", line.process.span
            )
            return None
        own = entity.name.rsplit(".", 1)[-1]
        for item in line.items:
            if item.label is not None and (item.to_end or item.label.text != own):
                self.report.add(
                    "E0213",
                    f"an action is its only step; `{entity.name}` has no step `{item.label.text}`",
                    item.label.span,
                    fix=f"write `{own}` or `...`",
                )
                return None
        return tuple(ScenarioStep(entity.name, full, entity.name, "step", item.span) for item in line.items)

    # ------------------------------------------------------------ the specification's own tests

    def scopes(self, module: syntax.Module) -> tuple[Scope, ...]:
        """Scopes of the root module: sizes of sorts, values of integer consts."""
        sizes = {s.name: s for s in self.signatures.sorts}
        consts = {
            p.entity.symbol.name: p.entity.symbol.result
            for p in self.signatures.symbols
            if p.entity.kind == "const"
            and not p.entity.symbol.params
            and isinstance(p.entity.symbol.result, IntType | RangeType)
        }
        result: list[Scope] = []
        names: dict[str, Span] = {}
        for decl in module.declarations:
            if not isinstance(decl, syntax.ScopeDecl):
                continue
            earlier = names.setdefault(decl.name.text, decl.name.span)
            if earlier is not decl.name.span:
                self.report.add(
                    "E0204",
                    f"`{decl.name.text}` is declared twice",
                    decl.name.span,
                    labels=(Label(earlier, "the first declaration is here"),),
                )
            bounds: dict[str, int] = {}
            for name, size in decl.bounds:
                if name.text in bounds:
                    self.report.add("E0204", f"`{name.text}` is given twice", name.span)
                if name.text not in sizes and name.text not in consts:
                    self.report.add(
                        "E0603",
                        f"`{name.text}` is not a sort of this design or an integer const without a value",
                        name.span,
                        fix=did_you_mean(name.text, {*sizes, *consts}),
                    )
                elif isinstance(type_ := consts.get(name.text), RangeType) and not type_.may_hold(size):
                    self.report.add("E0618", f"`{name.text}` is of type `{type_}`, so it cannot be {size}", name.span)
                elif name.text in sizes and size < 1:
                    self.report.add("E0604", f"sort `{name.text}` cannot be empty", name.span, fix="sizes begin at 1")
                else:
                    bounds[name.text] = size
            result.append(Scope(decl.name.text, tuple(bounds.items())))
        return tuple(result)

    def expects(self, module: syntax.Module, known: frozenset[str]) -> tuple[Expect, ...]:
        """Expectations of the root module; each names a property that is judged."""
        result: list[Expect] = []
        places: dict[str, Span] = {}
        for decl in module.declarations:
            if not isinstance(decl, syntax.ExpectDecl):
                continue
            name = decl.property.text
            if name not in known:
                self.report.add(
                    "E0605",
                    f"there is no property `{name}` to expect anything of",
                    decl.property.span,
                    fix=did_you_mean(name, known),
                )
                continue
            earlier = places.setdefault(name, decl.property.span)
            if earlier is not decl.property.span:
                self.report.add(
                    "E0606",
                    f"two expectations of `{name}`",
                    decl.property.span,
                    fix="keep one of them",
                    labels=(Label(earlier, "the first is here"),),
                )
                continue
            result.append(Expect(name, decl.verdict, decl.span))
        return tuple(result)
