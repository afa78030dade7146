"""Instances of modules and what their names mean, before any body is checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import assert_never

from interlock.core.diagnostic import Label
from interlock.core.source import Span
from interlock.core.system import Fairness
from interlock.core.term import Symbol, Term, Var
from interlock.core.types import BOOL, EnumType, IntType, OptionType, SortType, Type
from interlock.lang import syntax, typed
from interlock.lang.designators import Context
from interlock.lang.expressions import Expressions
from interlock.lang.labels import check_unique, regions, step_labels
from interlock.lang.order import declaration_order
from interlock.lang.parameters import Parameters
from interlock.lang.scope import (
    BUILTINS,
    ActionEntity,
    DefineEntity,
    Entity,
    EnumEntity,
    Instance,
    InstanceEntity,
    MemberEntity,
    OperationEntity,
    ProcessEntity,
    Report,
    SectionEntity,
    SortEntity,
    SymbolEntity,
)

FAIRNESS: Mapping[str, Fairness] = {"": "none", "fair": "weak", "strongly fair": "strong"}


@dataclass
class PendingSymbol:
    """A declared symbol whose initial value is still to be checked."""

    entity: SymbolEntity
    decl: syntax.SymbolDecl
    formals: tuple[Var, ...]
    instance: Instance


@dataclass
class PendingBody:
    """An operation (or part of a section) or action whose statements are still to be checked."""

    instance: Instance
    statements: tuple[syntax.Statement, ...]
    formals: tuple[tuple[syntax.Name, Var], ...]
    operation: typed.Operation | None
    action: syntax.ActionDecl | None
    params: tuple[Var, ...]
    owner: str


@dataclass
class Signatures:
    """Declares everything; later phases fill in bodies."""

    report: Report
    modules: Mapping[str, syntax.Module]
    sorts: list[SortType] = field(default_factory=list[SortType])
    enums: list[EnumType] = field(default_factory=list[EnumType])
    symbols: list[PendingSymbol] = field(default_factory=list[PendingSymbol])
    bodies: list[PendingBody] = field(default_factory=list[PendingBody])
    processes: list[ProcessEntity] = field(default_factory=list[ProcessEntity])
    defines: list[DefineEntity] = field(default_factory=list[DefineEntity])
    instances: list[Instance] = field(default_factory=list[Instance])
    shared: dict[str, Instance] = field(default_factory=dict[str, Instance])
    places: dict[str, typed.Place] = field(default_factory=dict[str, typed.Place])
    prefixes: set[str] = field(default_factory=set[str])

    def __post_init__(self) -> None:
        """Tie the checkers of expressions and of module arguments to this table."""
        self.expressions = Expressions(self.report, self)
        self.parameters = Parameters(self.report, self)

    # ------------------------------------------------------------ services to expressions

    def place(self, entity: ProcessEntity, kind: str, label: str) -> Symbol:
        """The predicate `at(p(..), label)` or `inside(p(..), region)`."""
        process = entity.process
        name = f"{kind}({process.name}, {label})"
        if name not in self.places:
            symbol = Symbol(name, tuple(v.type for v in process.params), BOOL)
            self.places[name] = typed.Place(symbol, process.name, "at" if kind == "at" else "inside", label)
        return self.places[name].symbol

    def define_body(self, entity: DefineEntity) -> Term | None:
        """Body of a define, checked when first needed; one that leads back to itself is an error."""
        match entity.state:
            case "ready":
                return entity.body
            case "wrong":
                return None
            case "busy":
                self.report.add(
                    "E0218",
                    f"`{entity.decl.name.text}` is defined by itself",
                    entity.decl.name.span,
                    fix="a define is an abbreviation and cannot be recursive; a relation with an axiom can",
                )
                entity.state = "wrong"
                return None
            case "new":
                pass
        entity.state = "busy"
        body = self._checked_define(entity)
        if entity.state == "busy":
            entity.state = "ready" if body is not None else "wrong"
            entity.body = body
        return entity.body

    def _checked_define(self, entity: DefineEntity) -> Term | None:
        ctx = Context(entity.instance)
        bound = self.expressions.binders(entity.decl.binders, ctx, quantified=False)
        if bound is None or entity.decl.body is None:
            return None
        wanted = None if entity.decl.type is None else self.expressions.names.type(entity.decl.type, ctx)
        if entity.decl.type is not None and wanted is None:
            return None
        return self.expressions.term(entity.decl.body, bound[0], wanted)

    # ------------------------------------------------------------ instances

    def instantiate(
        self,
        module: syntax.Module,
        prefix: str,
        index: tuple[Var, ...],
        arguments: tuple[tuple[str, Entity, Span], ...] | None,
    ) -> Instance:
        """Declare one instance; `arguments` bind its parameters (None: checked alone, so they are arbitrary)."""
        instance = Instance(module, prefix, index)
        self.instances.append(instance)
        if arguments is None:
            self.parameters.declare_abstract(instance)
        else:
            for name, entity, span in arguments:
                instance.names[name] = (entity, span)
        for decl in module.declarations:
            match decl:
                case syntax.SortDecl():
                    self.declare_sort(instance, decl)
                case syntax.EnumDecl():
                    self._declare_enum(instance, decl)
                case _:
                    pass
        for decl in declaration_order(module.declarations):
            self._declare(instance, decl)
        self._check_clashes(instance)
        return instance

    def add(self, instance: Instance, name: syntax.Name, entity: Entity) -> None:
        """Give a name its meaning in an instance; a second meaning is reported with both places."""
        earlier = instance.names.get(name.text)
        if name.text in BUILTINS:
            self.report.add(
                "E0202", f"`{name.text}` is built in and cannot be declared", name.span, fix="choose another name"
            )
        elif earlier is not None:
            self.report.add(
                "E0204",
                f"`{name.text}` is declared twice",
                name.span,
                fix="rename one of them",
                labels=(Label(earlier[1], "the first declaration is here"),),
            )
        else:
            instance.names[name.text] = (entity, name.span)

    def _check_clashes(self, instance: Instance) -> None:
        seen = dict(instance.names)
        for other, span in instance.opened:
            for name, (entity, place) in other.all_names().items():
                earlier = seen.setdefault(name, (entity, place))
                if earlier[0] is not entity and earlier[0] != entity:
                    self.report.add(
                        "E0217",
                        f"`{name}` comes from two places",
                        span,
                        fix="use one of the modules as a named instance: `use M as n`",
                        labels=(Label(earlier[1], "one is here"), Label(place, "the other is here")),
                    )

    def _declare(self, instance: Instance, decl: syntax.Declaration) -> None:
        match decl:
            case syntax.Use():
                self._use(instance, decl)
            case syntax.SymbolDecl():
                self.declare_symbol(instance, decl)
            case syntax.Define():
                self._declare_define(instance, decl)
            case syntax.OperationDecl():
                self._declare_operation(instance, decl)
            case syntax.SectionDecl():
                self._declare_section(instance, decl)
            case syntax.ProcessDecl():
                self._declare_process(instance, decl)
            case syntax.ActionDecl():
                self._declare_action(instance, decl)
            case (
                syntax.SortDecl()
                | syntax.EnumDecl()
                | syntax.Condition()
                | syntax.PropertyDecl()
                | syntax.Liveness()
                | syntax.DeadlockFree()
                | syntax.Refines()
                | syntax.ScopeDecl()
                | syntax.ExpectDecl()
                | syntax.ScenarioDecl()
            ):
                pass
            case _:
                assert_never(decl)

    def _use(self, instance: Instance, decl: syntax.Use) -> None:
        module = self.modules.get(decl.module.text)
        if module is None:
            return  # the loader has said so
        if decl.alias is None:
            self._open(instance, decl, module)
            return
        ctx = Context(instance)
        bound = self.expressions.binders(decl.binders, ctx)
        arguments = self.parameters.bind(instance, module, decl)
        if bound is None or arguments is None:
            return
        prefix = self._fresh_prefix(f"{instance.prefix}{decl.alias.text}.")
        own = tuple(Var(f"{prefix}{v.name}", v.type) for v in bound[1])
        inner = self.instantiate(module, prefix, (*instance.index, *own), arguments)
        self.add(instance, decl.alias, InstanceEntity(inner, len(instance.index)))

    def _open(self, instance: Instance, decl: syntax.Use, module: syntax.Module) -> None:
        if decl.args or module.params:
            if decl.args:
                message = "a module with arguments is a new instance and needs a name"
            else:
                message = f"module `{module.name.text}` has parameters"
            self.report.add("E0219", message, decl.span, fix=f"write `use {module.name.text}(..) as n`")
            return
        shared = self.shared.get(module.name.text)
        if shared is None:
            last = module.name.text.rsplit(".", 1)[-1]
            prefix = "" if not instance.prefix else self._fresh_prefix(f"{last}.")
            shared = self.instantiate(module, prefix, (), ())
            self.shared[module.name.text] = shared
        instance.opened.append((shared, decl.span))

    def _fresh_prefix(self, prefix: str) -> str:
        name, number = prefix, 2
        while name in self.prefixes:
            name, number = f"{prefix[:-1]}{number}.", number + 1
        self.prefixes.add(name)
        return name

    # ------------------------------------------------------------ declarations

    def declare_sort(self, instance: Instance, decl: syntax.SortDecl) -> None:
        """Declare a sort."""
        sort = SortType(instance.prefix + decl.name.text, decl.ordered)
        self.sorts.append(sort)
        self.add(instance, decl.name, SortEntity(sort))

    def _declare_enum(self, instance: Instance, decl: syntax.EnumDecl) -> None:
        enum = EnumType(instance.prefix + decl.name.text, tuple(m.text for m in decl.members))
        self.enums.append(enum)
        self.add(instance, decl.name, EnumEntity(enum))
        for member in decl.members:
            self.add(instance, member, MemberEntity(enum, member.text))

    def declared_type(
        self, type_: syntax.TypeExpr, formals: tuple[Var, ...], ctx: Context
    ) -> tuple[tuple[Type, ...], Type, bool] | None:
        """Parameter types, result type and whether it is a set, of a declared symbol."""
        params = tuple(v.type for v in formals)
        if isinstance(type_, syntax.SetType):
            element = self.expressions.names.type(syntax.NamedType(type_.element, type_.span), ctx)
            return None if element is None else ((*params, element), BOOL, True)
        result = self.expressions.names.type(type_, ctx)
        if result is None:
            return None
        held = result.of if isinstance(result, OptionType) else result
        if held == typed.PROCESS:
            self.report.add(
                "E0322",
                "a process cannot be stored",
                type_.span,
                fix="use a relation, `var holder(p: Process): Bool`, which holds of that process",
            )
            return None
        return params, result, False

    def check_parameters(self, formals: tuple[Var, ...], binders: tuple[syntax.Binder, ...]) -> bool:
        """Whether all parameters have types that a table can be indexed by."""
        good = True
        for var, binder in zip(formals, binders, strict=True):
            if isinstance(var.type, IntType | OptionType):
                good = False
                self.report.add(
                    "E0323",
                    f"a symbol cannot be indexed by `{var.type}`",
                    binder.type.span,
                    fix="index by a sort, an enum, Bool or a range such as 0..7",
                )
        return good

    def declare_symbol(self, instance: Instance, decl: syntax.SymbolDecl) -> None:
        """Declare a const, var or ghost; a const with a value is an abbreviation."""
        if decl.kind == "const" and decl.value is not None:
            define = syntax.Define(decl.name, decl.binders, decl.type, decl.value, decl.span, decl.doc)
            self._declare_define(instance, define)
            return
        ctx = Context(instance)
        bound = self.expressions.binders(decl.binders, ctx, quantified=False)
        if bound is None or not self.check_parameters(bound[1], decl.binders):
            return
        kinds = self.declared_type(decl.type, bound[1], ctx)
        if kinds is None:
            return
        params, result, is_set = kinds
        index = tuple(v.type for v in instance.index)
        symbol = Symbol(
            instance.prefix + decl.name.text,
            (*index, *params),
            result,
            rigid=decl.kind == "const",
            ghost=decl.kind == "ghost",
        )
        kind = decl.kind if decl.kind != "local" else "var"
        entity = SymbolEntity(symbol, len(index), kind, is_set, decl.name.span)
        self.symbols.append(PendingSymbol(entity, decl, bound[1], instance))
        self.add(instance, decl.name, entity)

    def _declare_define(self, instance: Instance, decl: syntax.Define) -> None:
        bound = self.expressions.binders(decl.binders, Context(instance), quantified=False)
        if bound is None:
            return
        entity = DefineEntity(decl, instance, bound[1], None)
        self.defines.append(entity)
        self.add(instance, decl.name, entity)

    def _declare_operation(self, instance: Instance, decl: syntax.OperationDecl) -> None:
        ctx = Context(instance)
        bound = self.expressions.binders(decl.binders, ctx, quantified=False)
        result = None if decl.type is None else self.expressions.names.type(decl.type, ctx)
        if bound is None or (decl.type is not None and result is None):
            return
        params = (*instance.index, *bound[1])
        operation = typed.Operation(instance.prefix + decl.name.text, params, result, decl.name.span)
        names = tuple((b.name, v) for b, v in zip(decl.binders, bound[1], strict=True))
        self.bodies.append(
            PendingBody(instance, decl.body, names, operation, None, params, self.owner(instance, decl.name.text))
        )
        self.add(instance, decl.name, OperationEntity(operation, instance))

    def owner(self, instance: Instance, name: str) -> str:
        """What the names of asserts in an operation begin with: the instance, or the operation itself."""
        return instance.prefix or f"{name}."

    def _declare_section(self, instance: Instance, decl: syntax.SectionDecl) -> None:
        def part(name: str, block: tuple[syntax.Statement, ...]) -> typed.Operation:
            operation = typed.Operation(
                f"{instance.prefix}{decl.name.text}.{name}", instance.index, None, decl.name.span
            )
            owner = self.owner(instance, decl.name.text)
            self.bodies.append(PendingBody(instance, block, (), operation, None, instance.index, owner))
            return operation

        request = None if decl.request is None else part("request", decl.request)
        section = typed.Section(
            instance.prefix + decl.name.text, request, part("enter", decl.enter), part("exit", decl.exit)
        )
        self.add(instance, decl.name, SectionEntity(section, instance))

    def _declare_action(self, instance: Instance, decl: syntax.ActionDecl) -> None:
        bound = self.expressions.binders(decl.binders, Context(instance))
        if bound is None:
            return
        params = (*instance.index, *bound[1])
        names = tuple((b.name, v) for b, v in zip(decl.binders, bound[1], strict=True))
        name = instance.prefix + decl.name.text
        self.bodies.append(PendingBody(instance, decl.body, names, None, decl, params, f"{name}."))
        self.add(instance, decl.name, ActionEntity(name, params))

    def _declare_process(self, instance: Instance, decl: syntax.ProcessDecl) -> None:
        ctx = Context(instance)
        bound = self.expressions.binders(decl.binders, ctx)
        result = None if decl.type is None else self.expressions.names.type(decl.type, ctx)
        if bound is None or (decl.type is not None and result is None):
            return
        name = instance.prefix + decl.name.text
        params = (*instance.index, *bound[1])
        types = tuple(v.type for v in params)
        if typed.PROCESS in types:
            self.report.add(
                "E0323",
                f"process `{name}` would be indexed by processes, itself among them",
                decl.name.span,
                fix="index it by the sort that the other process has for a parameter",
            )
            return
        process = typed.Process(
            name,
            params,
            Symbol(name, types, typed.PROCESS, rigid=True),
            FAIRNESS[decl.fairness],
            decl.name.span,
            decl.doc,
        )
        if result is not None:
            held = result if isinstance(result, OptionType) else OptionType(result)
            process.result = Symbol(f"{name}.result", types, held)
        entity = ProcessEntity(process, decl, instance, result)
        check_unique(decl, self.report)
        entity.labels = step_labels(decl.body)
        entity.regions = regions(decl.body)
        self.processes.append(entity)
        self.add(instance, decl.name, entity)
