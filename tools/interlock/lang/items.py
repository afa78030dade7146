"""Checking processes: locals, walks and what stands between steps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from interlock.core.rewrite import substitute, subterms, symbols_of
from interlock.core.source import Span
from interlock.core.term import TRUE, App, Literal, Symbol, Term, Unwrap, Var
from interlock.core.types import BOOL, OptionType, Type
from interlock.lang import syntax, typed
from interlock.lang.designators import Context, Function
from interlock.lang.labels import for_region, with_regions
from interlock.lang.locals import Locals
from interlock.lang.scope import DefineEntity, LocalEntity, ProcessEntity, Report, ValueEntity, WalkSignature
from interlock.lang.statements import Frame, Statements

if TYPE_CHECKING:
    from interlock.lang.signatures import Signatures


class Processes:
    """Checks the bodies of processes in two rounds: walks first, since formulas anywhere may read them."""

    def __init__(self, report: Report, signatures: Signatures, statements: Statements) -> None:
        self.report = report
        self.signatures = signatures
        self.expressions = signatures.expressions
        self.statements = statements
        self._contexts: dict[str, Context] = {}

    # ------------------------------------------------------------ first round: locals and walks

    def declare(self, entity: ProcessEntity) -> None:
        """Declare locals, cursors and loop variables."""
        process = entity.process
        own = process.params[len(entity.instance.index) :]
        bound = tuple((b.name.text, ValueEntity(v, b.name.span)) for b, v in zip(entity.decl.binders, own, strict=True))
        ctx = Context(entity.instance, dict(bound), entity, code=True, has_self=True)
        ctx = Locals(self.report, self.signatures).declare(entity, ctx)
        process.locals = tuple(local.local for local in entity.locals.values())
        self._contexts[process.name] = ctx
        for decl in entity.decl.locals:
            if isinstance(decl.type, syntax.WalkType):
                element = self._element_type(decl.type.over, ctx)
                if element is not None and self._may_walk(element, decl.span):
                    entity.walks[decl.name.text] = self._signature(entity, decl.name.text, element)
        self._declare_loops(entity, entity.decl.body, ctx)
        process.locals += tuple(local.local for local in entity.loop_locals.values())

    def _declare_loops(self, entity: ProcessEntity, items: tuple[syntax.ProcessItem, ...], ctx: Context) -> None:
        for item in items:
            match item:
                case syntax.For():
                    if item.sort is None:
                        element = self._element_type(item.over, ctx)
                    else:
                        element = self.expressions.names.type(item.sort, ctx)
                    inner = ctx
                    if element is not None and self._may_walk(element, item.span):
                        region = for_region(item)
                        entity.walks[region] = self._signature(entity, region, element)
                        local = self._loop_local(entity, item, element)
                        inner = ctx if local is None else ctx.bind_vars(((item.var.text, local),))
                    self._declare_loops(entity, item.body, inner)
                case syntax.With() | syntax.While():
                    self._declare_loops(entity, item.body, ctx)
                case syntax.IfItem():
                    self._declare_loops(entity, item.yes, ctx)
                    self._declare_loops(entity, item.no, ctx)
                case syntax.EitherItem():
                    for branch in item.branches:
                        self._declare_loops(entity, branch, ctx)
                case syntax.StepItem() | syntax.Goto() | syntax.Break() | syntax.Return():
                    pass
                case _:
                    assert_never(item)

    def _may_walk(self, element: Type, span: Span) -> bool:
        """Whether a walk may stand at such an element: that stores it, and processes cannot be stored."""
        if element == typed.PROCESS:
            self.report.add(
                "E0322",
                "a walk cannot go over processes, since it would have to store one",
                span,
                fix="walk over the sort that the processes have for a parameter",
            )
        return element != typed.PROCESS

    def _loop_local(self, entity: ProcessEntity, item: syntax.For, element: Type) -> LocalEntity | None:
        if isinstance(element, OptionType):
            return None
        symbol = Symbol(
            f"{entity.process.name}.{item.var.text}",
            tuple(v.type for v in entity.process.params),
            OptionType(element),
        )
        earlier = entity.loop_locals.get(item.var.text)
        if earlier is not None:
            if earlier.local.symbol.result != symbol.result:
                self.report.add(
                    "E0503",
                    f"`{item.var.text}` is the variable of another loop with another type",
                    item.var.span,
                    fix="loops of one process that share a variable's name share the variable: rename one",
                )
            return earlier
        none = Literal(None, symbol.result)
        local = typed.Local(symbol, entity.process.params, none, implicit=True, span=item.var.span)
        found = LocalEntity(local, entity, is_set=False, span=item.var.span)
        entity.loop_locals[item.var.text] = found
        return found

    def _signature(self, entity: ProcessEntity, name: str, element: Type) -> WalkSignature:
        types = (*(v.type for v in entity.process.params), element)
        stem = f"{entity.process.name}.{name}"
        return WalkSignature(name, element, Symbol(f"{stem}.owed", types, BOOL), Symbol(f"{stem}.visited", types, BOOL))

    def _element_type(self, over: syntax.Expr, ctx: Context) -> Type | None:
        """Element type of a walk's set; a define is not opened for it, so that it may mention walks itself."""
        if isinstance(over, syntax.Ident) and over.name not in ctx.bindings:
            found = ctx.instance.visible(over.name)
            if found is not None and isinstance(found[0], DefineEntity) and len(found[0].formals) == 1:
                return found[0].formals[0].type
        if isinstance(over, syntax.Ident | syntax.Call | syntax.Member):
            designator = self.expressions.names.designate(over, ctx)
            if designator is None:
                return None
            if isinstance(designator, Function) and len(designator.params) == 1 and designator.result == BOOL:
                return designator.params[0]
        members = self.expressions.set_of(over, ctx)
        return None if members is None else members.var.type

    # ------------------------------------------------------------ second round: bodies

    def check(self, entity: ProcessEntity) -> None:
        """Check the cursors' sets and the body."""
        ctx = self._contexts[entity.process.name]
        walks: list[typed.Walk] = []
        for decl in entity.decl.locals:
            if isinstance(decl.type, syntax.WalkType) and decl.name.text in entity.walks:
                members = self.expressions.set_of(decl.type.over, ctx)
                if members is not None:
                    walk = self._walk(entity, decl.name.text, members, snapshot=decl.type.snapshot, span=decl.span)
                    entity.cursors[decl.name.text] = walk
                    walks.append(walk)
        frame = Frame("step", f"{entity.process.name}.", entity.result_type, entity)
        entity.process.body = self._items(entity.decl.body, ctx, frame, walks)
        entity.process.walks = tuple(walks)

    def _walk(
        self, entity: ProcessEntity, name: str, members: typed.SetOf, *, snapshot: bool, span: Span
    ) -> typed.Walk:
        self.statements.no_ghosts(members.body, span, "a walk's set")
        signature = entity.walks[name]
        return typed.Walk(name, entity.process.params, signature.owed, signature.visited, members, snapshot)

    def _items(
        self, items: tuple[syntax.ProcessItem, ...], ctx: Context, frame: Frame, walks: list[typed.Walk]
    ) -> tuple[typed.Item, ...]:
        result: list[typed.Item] = []
        for item in items:
            result.extend(self._item(item, ctx, frame, walks))
        return tuple(result)

    def _item(
        self, item: syntax.ProcessItem, ctx: Context, frame: Frame, walks: list[typed.Walk]
    ) -> tuple[typed.Item, ...]:
        match item:
            case syntax.StepItem():
                body = self.statements.block(item.body, ctx, frame)
                return (typed.StepItem(item.label.text, body, item.rest, item.label.span),)
            case syntax.With():
                return self._with(item, ctx, frame, walks)
            case syntax.For():
                return self._for(item, ctx, frame, walks)
            case syntax.While():
                condition = TRUE if item.condition is None else self._condition(item.condition, ctx)
                body_items = self._items(item.body, ctx, replace(frame, in_loop=True), walks)
                return () if condition is None else (typed.WhileItem(condition, body_items, item.span),)
            case syntax.IfItem():
                condition = self._condition(item.condition, ctx)
                yes = self._items(item.yes, ctx, frame, walks)
                no = self._items(item.no, ctx, frame, walks)
                return () if condition is None else (typed.IfItem(condition, yes, no, item.span),)
            case syntax.EitherItem():
                branches = tuple(self._items(branch, ctx, frame, walks) for branch in item.branches)
                return (typed.EitherItem(branches, item.span),)
            case syntax.Goto() | syntax.Break() | syntax.Return():
                jumps = self.statements.jump(item, ctx, frame)
                for jump in jumps:
                    if jump.value is not None:
                        self._only_own(jump.value, jump.span, ctx)
                return jumps
            case _:
                assert_never(item)

    def _with(self, item: syntax.With, ctx: Context, frame: Frame, walks: list[typed.Walk]) -> tuple[typed.Item, ...]:
        held: list[typed.HeldSection] = []
        for expr, region in zip(item.sections, with_regions(item), strict=True):
            found = self.statements.section(expr, ctx)
            if found is not None:
                held.append(typed.HeldSection(found[0], found[1], region))
        body = self._items(item.body, ctx, frame, walks)
        alias = item.region.text if item.region is not None and len(held) > 1 else ""
        return (typed.WithItem(tuple(held), body, item.span, alias),)

    def _for(self, item: syntax.For, ctx: Context, frame: Frame, walks: list[typed.Walk]) -> tuple[typed.Item, ...]:
        entity = frame.process
        assert entity is not None
        region = for_region(item)
        local = entity.loop_locals.get(item.var.text)
        if region not in entity.walks or local is None or not self.expressions.names.may_bind(item.var, ctx):
            return ()
        if item.sort is None:
            members = named_after(item.var.text, self.expressions.set_of(item.over, ctx))
        else:
            members = self._members(item, entity.walks[region].element, ctx)
        inner = ctx.bind_vars(((item.var.text, local),))
        body = self._items(item.body, inner, replace(frame, in_loop=True), walks)
        if members is None:
            return ()
        walk = self._walk(entity, region, members, snapshot=item.snapshot, span=item.over.span)
        walks.append(walk)
        return (typed.ForItem(walk, local.local, region, body, item.span),)

    def _members(self, item: syntax.For, element: Type, ctx: Context) -> typed.SetOf | None:
        var = Var(item.var.text, element)
        inner = ctx.bind_vars(((item.var.text, ValueEntity(var, item.var.span)),)).over((var,))
        body = self.expressions.formula(item.over, inner)
        return None if body is None else typed.SetOf(var, body)

    def _condition(self, expr: syntax.Expr, ctx: Context) -> Term | None:
        condition = self.expressions.formula(expr, ctx)
        if condition is None or not self._only_own(condition, expr.span, ctx):
            return None
        return condition

    def _only_own(self, term: Term, span: Span, ctx: Context) -> bool:
        """What is decided between steps may read constants, parameters and locals only (ruling 4)."""
        assert ctx.process is not None
        own = {local.symbol for local in ctx.process.process.locals}
        implicit = {local.symbol for local in ctx.process.process.locals if local.implicit}
        for symbol in sorted(symbols_of(term), key=lambda s: s.name):
            if not symbol.rigid and symbol not in own:
                self.report.add(
                    "E0504",
                    f"between steps only constants, parameters and locals can be read; `{symbol.name}` is shared",
                    span,
                    fix="read it into a local in a step, or decide inside a step",
                )
                return False
        for part in subterms(term):
            if isinstance(part, Unwrap) and not (isinstance(part.arg, App) and part.arg.symbol in implicit):
                self.report.add(
                    "E0505",
                    "between steps there is no step that could be obliged by `!`",
                    span,
                    fix="unwrap inside a step, or compare with `= none`",
                )
                return False
        return True


def named_after(name: str, members: typed.SetOf | None) -> typed.SetOf | None:
    """The same set with its variable named as the loop's, since that is what traces show."""
    if members is None:
        return None
    var = Var(name, members.var.type)
    return typed.SetOf(var, substitute(members.body, {members.var: var}))
