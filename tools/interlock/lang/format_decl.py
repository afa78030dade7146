"""Documents for declarations and schedule lines that have no block, and for the heads of those that have."""

from __future__ import annotations

from typing import assert_never

from interlock.lang.format_expr import arguments, expr_doc, parameters, type_doc
from interlock.lang.layout import LINE, Doc, Group, Nest, concat, join
from interlock.lang.syntax import (
    ActionDecl,
    Condition,
    DeadlockFree,
    Define,
    EnumDecl,
    ExpectDecl,
    Liveness,
    Module,
    ModuleParam,
    OperationDecl,
    ProcessDecl,
    PropertyDecl,
    RefinementEntry,
    Refines,
    ScenarioDecl,
    ScheduleItem,
    ScheduleLine,
    ScopeDecl,
    SectionDecl,
    SortDecl,
    SymbolDecl,
    TypeExpr,
    Use,
)

SimpleDeclaration = (
    Use
    | SortDecl
    | EnumDecl
    | SymbolDecl
    | Define
    | Condition
    | PropertyDecl
    | Liveness
    | DeadlockFree
    | ScopeDecl
    | ExpectDecl
)
BlockDeclaration = ActionDecl | OperationDecl | SectionDecl | ProcessDecl | Refines | ScenarioDecl


def header_doc(module: Module) -> Doc:
    """Print `module M(params)`."""
    params = arguments(param_doc(p) for p in module.params) if module.params else ""
    return concat("module ", module.name.text, params)


def param_doc(param: ModuleParam) -> Doc:
    """Print a parameter of a module."""
    return declaration_doc(param, (param.name.text,))


def _result(type_: TypeExpr | None) -> Doc:
    return "" if type_ is None else concat(": ", type_doc(type_))


def declaration_doc(node: SimpleDeclaration, names: tuple[str, ...]) -> Doc:
    """Print a declaration without a block; `names` are all that a `sort` or an `expect` lists together."""
    match node:
        case Use(module, args, alias, binders):
            given = arguments(expr_doc(arg) for arg in args) if args else ""
            as_ = "" if alias is None else concat(" as ", alias.text, parameters(binders))
            return concat("use ", module.text, given, as_)
        case SortDecl(_, ordered):
            listed = join(concat(",", LINE), names)
            return Group(concat("ordered sort " if ordered else "sort ", Nest(listed)))
        case EnumDecl(name, members):
            listed = join(concat(",", LINE), [m.text for m in members])
            return Group(concat("enum ", name.text, " {", Nest(concat(LINE, listed)), LINE, "}"))
        case SymbolDecl(kind, name, binders, type_, value):
            initial = "" if value is None else concat(" =", Group(Nest(concat(LINE, expr_doc(value)))))
            return concat(kind, " ", name.text, parameters(binders), ": ", type_doc(type_), initial)
        case Define(name, binders, type_, body):
            meaning = "" if body is None else concat(" =", Group(Nest(concat(LINE, expr_doc(body)))))
            return concat("define ", name.text, parameters(binders), _result(type_), meaning)
        case Condition(kind, name, body):
            named = "" if name is None else f"{name.text}: "
            return concat(kind, " ", named, Nest(expr_doc(body)))
        case PropertyDecl(kind, name, body):
            return concat(kind, " ", name.text, ": ", expr_doc(body))
        case Liveness(name, left, right):
            sides = concat(expr_doc(left), LINE, "leads to ", expr_doc(right))
            return Group(concat("liveness ", name.text, ": ", Nest(sides)))
        case DeadlockFree():
            return "deadlock free"
        case ScopeDecl(name, bounds):
            listed = join(concat(",", LINE), [f"{n.text} = {size}" for n, size in bounds])
            return Group(concat("scope ", name.text, " {", Nest(concat(LINE, listed)), LINE, "}"))
        case ExpectDecl(_, verdict):
            *others, last = names
            first, *more = (*(f"{name}," for name in others), f"{last} {verdict}")
            return concat("expect ", Nest(concat(first, *(Group(concat(LINE, name)) for name in more))))  # full lines
        case _:
            assert_never(node)


def head_doc(node: BlockDeclaration) -> Doc:
    """Print what stands before the block of a declaration."""
    match node:
        case ActionDecl(name, binders, _, fairness):
            return concat(f"{fairness} " if fairness else "", "action ", name.text, parameters(binders))
        case OperationDecl(name, binders, type_):
            return concat("operation ", name.text, parameters(binders) if binders else "()", _result(type_))
        case SectionDecl(name):
            return f"section {name.text}"
        case ProcessDecl(name, binders, type_):
            fair = f"{node.fairness} " if node.fairness else ""
            return concat(fair, "process ", name.text, parameters(binders), _result(type_))
        case Refines(module):
            return f"refines {module.text}"
        case ScenarioDecl(name, binders, possible):
            return concat("scenario ", name.text, parameters(binders), " possible" if possible else " impossible")
        case _:
            assert_never(node)


def entry_doc(node: RefinementEntry) -> Doc:
    """Print one line of a `refines`."""
    return Group(concat(expr_doc(node.target), f" {node.kind}", Nest(concat(LINE, expr_doc(node.value)))))


def schedule_doc(node: ScheduleLine) -> Doc:
    """Print one line of a scenario."""
    listed = join(concat(",", LINE), [_what(item) for item in node.items])
    return Group(concat(expr_doc(node.process), ": ", Nest(listed)))


def _what(item: ScheduleItem) -> str:
    return ("" if item.label is None else item.label.text) + ("..." if item.to_end else "")
