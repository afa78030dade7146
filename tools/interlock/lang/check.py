"""The checker: from parsed modules to a typed program, with every error of the files in one run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from interlock.core.diagnostic import Diagnostic
from interlock.core.rewrite import free_vars, substitute, symbols_of
from interlock.core.source import Span
from interlock.core.system import Named
from interlock.core.term import Term, Var, forall
from interlock.lang import syntax, typed
from interlock.lang.blocks import always_returns
from interlock.lang.designators import Context
from interlock.lang.items import Processes
from interlock.lang.program import Program
from interlock.lang.properties import Properties
from interlock.lang.refinement import Refinements
from interlock.lang.scope import Instance, Report, ValueEntity
from interlock.lang.signatures import FAIRNESS, PendingBody, PendingSymbol, Signatures
from interlock.lang.sort_cycles import warn_of_sort_cycles
from interlock.lang.statements import Frame, Statements


def check(program: Program) -> tuple[typed.TypedProgram | None, tuple[Diagnostic, ...]]:
    """Check the root module with all that it uses; None where an error was found."""
    return check_module(program.root, program.modules)


def check_module(
    root: syntax.Module, modules: Mapping[str, syntax.Module]
) -> tuple[typed.TypedProgram | None, tuple[Diagnostic, ...]]:
    """Check one module as the root of a program over `modules`."""
    report = Report()
    program = Checker(report, Signatures(report, modules)).program(root)
    return (None if report.failed else program), in_order(report.diagnostics, root)


def in_order(diagnostics: Iterable[Diagnostic], root: syntax.Module) -> tuple[Diagnostic, ...]:
    """Diagnostics as a reader goes through the files: the root's own first, each file from its top."""

    def place(diagnostic: Diagnostic) -> tuple[bool, str, int]:
        span = diagnostic.span
        return (False, "", 0) if span is None else (span.source.path != root.source.path, span.source.path, span.start)

    return tuple(sorted(diagnostics, key=place))


@dataclass
class Checker:
    """Runs the phases in order: signatures, locals and walks, bodies, properties."""

    report: Report
    signatures: Signatures
    actions: list[typed.Action] = field(default_factory=list[typed.Action])
    initial_values: list[typed.InitialValue] = field(default_factory=list[typed.InitialValue])
    axioms: list[Named] = field(default_factory=list[Named])
    initially: list[Named] = field(default_factory=list[Named])

    def program(self, root: syntax.Module) -> typed.TypedProgram:
        """Check everything and assemble the typed program."""
        signatures = self.signatures
        self.expressions = signatures.expressions
        self.statements = Statements(self.report, self.expressions)
        root_instance = signatures.instantiate(root, "", (), None)
        warn_of_sort_cycles(((p.entity.symbol, p.entity.span) for p in signatures.symbols), self.report)
        processes = Processes(self.report, signatures, self.statements)
        for entity in signatures.processes:
            processes.declare(entity)
        for define in signatures.defines:
            signatures.define_body(define)
        for symbol in signatures.symbols:
            self._initial_value(symbol)
        for body in signatures.bodies:
            self._body(body)
        for entity in signatures.processes:
            processes.check(entity)
        properties = Properties(self.report, signatures)
        for instance in signatures.instances:
            for decl in instance.module.declarations:
                properties.check(instance, decl)
                if isinstance(decl, syntax.Condition):
                    self._condition(instance, decl)
        checked = tuple(entity.process for entity in signatures.processes)
        self._self_rules()
        refinements = Refinements(self.report, signatures).check(root)
        named = frozenset(p.name for p in properties.found)
        implied = frozenset(self._implied(checked))
        for name in sorted(named & implied):
            self.report.add(
                "E0607", f"`{name}` is a property and also an assert", properties.places[name], fix="rename one of them"
            )
        known = named | implied | {r.property for r in refinements} | {"deadlock"} & named
        return typed.TypedProgram(
            root.name.text,
            root.doc,
            tuple(signatures.sorts),
            tuple(signatures.enums),
            tuple(p.entity.symbol for p in signatures.symbols),
            tuple(self.initial_values),
            tuple(self.axioms),
            tuple(self.initially),
            checked,
            tuple(self.actions),
            tuple(b.operation for b in signatures.bodies if b.operation is not None and b.instance is root_instance),
            tuple(signatures.places.values()),
            tuple(properties.found),
            properties.scopes(root),
            properties.expects(root, known),
            refinements,
        )

    # ------------------------------------------------------------ initial state and axioms

    def _initial_value(self, pending: PendingSymbol) -> None:
        decl, entity = pending.decl, pending.entity
        if decl.value is None or decl.kind == "const":
            return
        symbol = entity.symbol
        ctx = Context(pending.instance)
        bound = tuple(
            (b.name.text, ValueEntity(v, b.name.span)) for b, v in zip(decl.binders, pending.formals, strict=True)
        )
        ctx = ctx.bind_vars(bound)
        formals = (*pending.instance.index, *pending.formals)
        value: Term | None
        if entity.is_set:
            element = symbol.params[-1]
            members = self.expressions.set_of(decl.value, ctx, element)
            if members is None:
                return
            last = Var("x", element)
            formals = (*formals, last)
            value = substitute(members.body, {members.var: last})
        else:
            value = self.expressions.term(decl.value, ctx, symbol.result)
        if value is None:
            return
        changing = sorted(s.name for s in symbols_of(value) if not s.rigid)
        if changing:
            self.report.add(
                "E0608",
                f"an initial value may read constants and parameters only, not `{changing[0]}`",
                decl.value.span,
                fix="say it with `initially`",
            )
            return
        self.initial_values.append(typed.InitialValue(symbol, formals, value))

    def _condition(self, instance: Instance, decl: syntax.Condition) -> None:
        formula = self.expressions.formula(decl.body, Context(instance))
        if formula is None:
            return
        name = (
            decl.name.text if decl.name is not None else f"{decl.kind}@{decl.span.source.position(decl.span.start)[0]}"
        )
        entry = Named(instance.prefix + name, forall(instance.index, formula), decl.span)
        if decl.kind == "initially":
            self.initially.append(entry)
            return
        changing = sorted(s.name for s in symbols_of(formula) if not s.rigid)
        if changing:
            self.report.add(
                "E0609",
                f"an axiom speaks of constants only, and `{changing[0]}` changes",
                decl.body.span,
                fix="claim it as an `invariant`, or demand it of the start with `initially`",
            )
            return
        self.axioms.append(entry)

    # ------------------------------------------------------------ code that is not in a process

    def _body(self, pending: PendingBody) -> None:
        bindings = {name.text: ValueEntity(var, name.span) for name, var in pending.formals}
        ctx = Context(pending.instance, bindings, code=True, has_self=True)
        operation = pending.operation
        if operation is not None:
            section = "." in operation.name.removeprefix(pending.instance.prefix)
            frame = Frame("section" if section else "operation", pending.owner, operation.result)
            operation.body = self.statements.block(pending.statements, ctx, frame)
            if operation.result is not None and not always_returns(pending.statements):
                self.report.add(
                    "E0420",
                    f"not every path of this operation returns a `{operation.result}`",
                    operation.span,
                    fix="end with `return ..`",
                )
            return
        decl = pending.action
        assert decl is not None
        frame = Frame("action", pending.owner)
        body = self.statements.block(pending.statements, ctx, frame)
        name = pending.owner.removesuffix(".")
        self.actions.append(typed.Action(name, pending.params, body, FAIRNESS[decl.fairness], decl.name.span))

    # ------------------------------------------------------------ rules over the whole program

    def _self_rules(self) -> None:
        for action in self.actions:
            place = reaches_self(action.body, ())
            if place is not None:
                self.report.add(
                    "E0421",
                    f"action `{action.name}` reaches `self`, but no process takes it",
                    action.span,
                    fix="make it a step of a process, or pass the process as a parameter",
                )
        for body in (p.operation for p in self.signatures.bodies if p.operation is not None):
            if calls_itself(body, body, ()):
                self.report.add(
                    "E0422",
                    f"operation `{body.name}` calls itself",
                    body.span,
                    fix="repeat it by a loop of steps in a process",
                )

    def _implied(self, processes: tuple[typed.Process, ...]) -> Iterator[str]:
        """Names of the properties that come from asserts, `!` and ranges."""
        for process in processes:
            yield f"{process.name}.unwrap"
            yield f"{process.name}.range"
            yield from asserts_in_items(process.body)
        for action in self.actions:
            yield f"{action.name}.unwrap"
            yield f"{action.name}.range"
            yield from asserts_in(action.body)


def asserts_in(block: typed.Block, calls: tuple[typed.Operation, ...] = ()) -> Iterator[str]:
    """Names of asserts in a block and in what it calls."""
    for statement in block:
        match statement:
            case typed.Assert():
                yield statement.property
            case typed.Invoke() if statement.operation not in calls:
                yield from asserts_in(statement.operation.body, (*calls, statement.operation))
            case typed.If():
                yield from asserts_in(statement.yes, calls)
                yield from asserts_in(statement.no, calls)
            case typed.Either():
                for branch in statement.branches:
                    yield from asserts_in(branch, calls)
            case _:
                pass


def asserts_in_items(items: tuple[typed.Item, ...]) -> Iterator[str]:
    """Names of asserts in process items."""
    for item in items:
        match item:
            case typed.StepItem():
                yield from asserts_in(item.body)
            case typed.WithItem():
                for held in item.sections:
                    for part in (held.section.request, held.section.enter, held.section.exit):
                        if part is not None:
                            yield from asserts_in(part.body)
                yield from asserts_in_items(item.body)
            case typed.ForItem() | typed.WhileItem():
                yield from asserts_in_items(item.body)
            case typed.IfItem():
                yield from asserts_in_items(item.yes)
                yield from asserts_in_items(item.no)
            case typed.EitherItem():
                for branch in item.branches:
                    yield from asserts_in_items(branch)
            case typed.Jump():
                pass


def terms_of(statement: typed.Statement) -> tuple[Term, ...]:
    """The terms that a statement contains directly."""
    match statement:
        case typed.Assign():
            return (*(a for a in statement.args if not isinstance(a, typed.Bound)), statement.value, statement.where)
        case typed.Let():
            return (statement.value,)
        case typed.Invoke():
            return statement.args
        case typed.Pick():
            return (statement.where,)
        case typed.Havoc():
            return (*statement.args, statement.such_that)
        case typed.Await() | typed.Assert() | typed.If():
            return (statement.condition,)
        case typed.Jump():
            return () if statement.value is None else (statement.value,)
        case typed.Either() | typed.WalkStart() | typed.WalkNext():
            return ()


def reaches_self(block: typed.Block, calls: tuple[typed.Operation, ...]) -> Span | None:
    """Where `self` is used in a block or in what it calls."""
    for statement in block:
        if any(typed.SELF in free_vars(term) for term in terms_of(statement)):
            return statement.span
        inner: tuple[typed.Block, ...] = ()
        match statement:
            case typed.Invoke() if statement.operation not in calls:
                if reaches_self(statement.operation.body, (*calls, statement.operation)) is not None:
                    return statement.span
            case typed.If():
                inner = (statement.yes, statement.no)
            case typed.Either():
                inner = statement.branches
            case _:
                pass
        for part in inner:
            place = reaches_self(part, calls)
            if place is not None:
                return place
    return None


def calls_itself(operation: typed.Operation, current: typed.Operation, seen: tuple[typed.Operation, ...]) -> bool:
    """Whether expanding `current` reaches `operation` again."""

    def calls(block: typed.Block) -> Iterator[typed.Operation]:
        for statement in block:
            match statement:
                case typed.Invoke():
                    yield statement.operation
                case typed.If():
                    yield from calls(statement.yes)
                    yield from calls(statement.no)
                case typed.Either():
                    for branch in statement.branches:
                        yield from calls(branch)
                case _:
                    pass

    for called in calls(current.body):
        if called is operation:
            return True
        if called not in seen and calls_itself(operation, called, (*seen, called)):
            return True
    return False
