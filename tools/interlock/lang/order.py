"""The order in which the declarations of a module are declared, which is not always that of the text.

What a `use` is given, and the types of what is declared, must be known first: `use slots(K, has) as s` needs `has`,
whose type `heap.Block` needs `use heap(..) as heap`; a define that is passed on needs what it says.  Nobody should have
to think of that, so each declaration comes after those that it mentions; where they mention each other in a circle, the
text decides and the first is reported.  (Locals are declared later still: a define that reads one cannot be passed on.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from typing import assert_never, cast

from interlock.core.source import Span
from interlock.lang import syntax


def declaration_order(declarations: tuple[syntax.Declaration, ...]) -> tuple[syntax.Declaration, ...]:
    """All declarations, each after what its signature mentions; otherwise as written."""
    waiting = {name: decl for decl in reversed(declarations) if (name := _provided(decl)) is not None}
    done: dict[int, syntax.Declaration] = {}

    def place(decl: syntax.Declaration) -> None:
        if id(decl) in done:
            return
        name = _provided(decl)
        if name is not None:
            waiting.pop(name, None)
        for mentioned in _mentions(decl):
            other = waiting.get(mentioned)
            if other is not None:
                place(other)
        done[id(decl)] = decl

    for decl in declarations:
        place(decl)
    return tuple(done.values())


def _provided(decl: syntax.Declaration) -> str | None:
    """The name of what others may need for their own signatures."""
    match decl:
        case syntax.Use():
            return None if decl.alias is None else decl.alias.text
        case syntax.SymbolDecl() | syntax.Define() | syntax.ProcessDecl():
            return decl.name.text
        case _:
            return None


def _mentions(decl: syntax.Declaration) -> Iterator[str]:
    """Names that must mean something before the declaration can be declared."""
    match decl:
        case syntax.Use():
            yield from _in_expression(decl.args)
            yield from _of_binders(decl.binders)
        case syntax.SymbolDecl():
            yield from _of_binders(decl.binders)
            yield from _of_type(decl.type)
            if decl.kind == "const":
                yield from _in_expression(decl.value)
        case syntax.Define():
            yield from _of_binders(decl.binders)
            yield from _in_expression(decl.body)
            if decl.type is not None:
                yield from _of_type(decl.type)
        case syntax.OperationDecl() | syntax.ProcessDecl():
            yield from _of_binders(decl.binders)
            if decl.type is not None:
                yield from _of_type(decl.type)
        case syntax.ActionDecl():
            yield from _of_binders(decl.binders)
        case _:
            pass


def _of_binders(binders: Iterable[syntax.Binder]) -> Iterator[str]:
    for binder in binders:
        yield from _of_type(binder.type)


def _of_type(type_: syntax.TypeExpr) -> Iterator[str]:
    match type_:
        case syntax.NamedType():
            yield type_.name.text.split(".")[0]
        case syntax.OptionalType():
            yield from _of_type(type_.of)
        case syntax.SetType():
            yield type_.element.text.split(".")[0]
        case syntax.RangeTypeExpr():
            if isinstance(type_.high, syntax.Name):
                yield type_.high.text
        case syntax.WalkType():
            pass
        case _:
            assert_never(type_)


def _in_expression(node: object) -> Iterator[str]:
    """Every name in an expression, bound variables included: those name no declaration, as nothing is shadowed."""
    match node:
        case syntax.Ident():
            yield node.name
        case Span():
            pass
        case tuple():
            for part in cast("tuple[object, ...]", node):
                yield from _in_expression(part)
        case _ if is_dataclass(node):
            for part in fields(node):
                yield from _in_expression(getattr(node, part.name))
        case _:
            pass
