"""Mutants of a candidate: its module with one change of the kind that people make by mistake.

A lock that is not taken, or released a statement too early; a call, an assignment, a loop left out; two statements in
the wrong order; a plain store where there is a cmpxchg, or where a pointer is published; a failure that nobody looks
at, or that nobody is told; a bound off by one; the wrong connective.

A comment `# equivalent: why` on a line says that changes there which nobody notices change nothing.  An exchange of two
statements is excused on the line of either.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import TypeAlias

EQUIVALENT = "# equivalent:"
"""Begins the comment that excuses what survives on its line."""

Change: TypeAlias = Callable[[], None]
"""Changes the tree that it was found in, in one place."""

Site: TypeAlias = tuple[str, tuple[ast.AST, ...], Change]
"""What is changed, in words; where, the first place before the others; and how."""

Jump: TypeAlias = ast.Return | ast.Continue | ast.Break


@dataclass(frozen=True, slots=True)
class Mutant:
    """A change and the module that has it; `excuse` is why nobody need notice, as the text says, or empty."""

    kind: str
    line: int
    text: str
    """The line that is changed, as it was."""
    excuse: str
    tree: ast.Module


def mutants(text: str) -> Iterator[Mutant]:
    """Every mutant of a module's text, in the order of its lines."""
    lines = text.splitlines()
    original = ast.parse(text)
    sites = sorted(enumerate(_sites(original)), key=lambda found: (_line(found[1][1][0]), found[0]))
    for number, (kind, nodes, _) in sites:
        tree = deepcopy(original)
        _, _, change = _sites(tree)[number]
        change()
        there = [lines[_line(node) - 1] for node in nodes]
        excuse = next((why for line in there if (why := line.partition(EQUIVALENT)[2].strip())), "")
        yield Mutant(kind, _line(nodes[0]), there[0].strip(), excuse, ast.fix_missing_locations(tree))


def _line(node: ast.AST) -> int:
    return int(getattr(node, "lineno", 1))


def _sites(tree: ast.Module) -> list[Site]:
    """All places where something can be changed; in the same order for the same text."""
    found: list[Site] = []
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and not function.name.startswith("__"):
            tests = {id(node.test) for node in ast.walk(function) if isinstance(node, ast.If | ast.IfExp)}
            for node in _walk(function):
                found += _in_bodies(node)
                found += _in_expression(node)
                found += _in_condition(node, tested=id(node) in tests)
    return found


def _walk(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but what is asserted: an assertion that is wrong is no mistake in what it is about."""
    yield tree
    for child in ast.iter_child_nodes(tree):
        if not isinstance(child, ast.Assert):
            yield from _walk(child)


# Statements


def _in_bodies(node: ast.AST) -> Iterator[Site]:
    for name in ("body", "orelse"):
        body: object = getattr(node, name, None)
        if isinstance(body, list):
            yield from _in_body(body)  # pyright: ignore[reportUnknownArgumentType] -- a list in a body is of statements


def _in_body(body: list[ast.stmt]) -> Iterator[Site]:
    for index, statement in enumerate(body):
        yield from _in_statement(body, index, statement)
        if index + 1 < len(body) and _may_swap(statement, body[index + 1]):
            yield "after the next statement", (statement, body[index + 1]), _swapped(body, index)


def _in_statement(body: list[ast.stmt], index: int, statement: ast.stmt) -> Iterator[Site]:
    here = (statement,)
    match statement:
        case ast.With():
            for number, item in enumerate(statement.items):
                yield f"without `with {ast.unparse(item)}`", here, _without_item(body, index, number)
                if isinstance(item.context_expr, ast.Call) and _is_method(item.context_expr, "write"):
                    yield "held together with others", here, _renamed(item.context_expr, "read")
            yield from _narrowed(body, index, statement)
        case ast.For():
            yield "left out", here, _left_out(body, index)
            yield "ends after the first", here, _ends(statement)
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Delete():
            yield "left out", here, _left_out(body, index)
        case ast.Assign(targets=[ast.Subscript() | ast.Attribute()]):
            yield "left out", here, _left_out(body, index)
        case ast.If(orelse=[]) if isinstance(statement.body[-1], Jump):
            yield "failure not looked at", here, _left_out(body, index)
        case ast.Continue():
            yield "ends the loop", here, _replaced(body, index, ast.Break())
        case ast.Return(value=ast.Constant(value=bool() as given)):
            yield "says the opposite", here, _replaced(body, index, ast.Return(ast.Constant(not given)))
        case ast.Return(value=ast.Name() | ast.Attribute()):
            yield "not told", here, _replaced(body, index, ast.Return(ast.Constant(None)))
        case _:
            pass


def _left_out(body: list[ast.stmt], index: int) -> Change:
    return _replaced(body, index, ast.Pass())


def _replaced(body: list[ast.stmt], index: int, statement: ast.stmt) -> Change:
    def change() -> None:
        body[index] = ast.copy_location(statement, body[index])

    return change


def _without_item(body: list[ast.stmt], index: int, number: int) -> Change:
    def change() -> None:
        statement = body[index]
        assert isinstance(statement, ast.With)
        del statement.items[number]
        if not statement.items:
            body[index : index + 1] = statement.body

    return change


def _ends(loop: ast.For) -> Change:
    def change() -> None:
        loop.body.append(ast.copy_location(ast.Break(), loop.body[-1]))

    return change


def _narrowed(body: list[ast.stmt], index: int, held: ast.With) -> Iterator[Site]:
    """A lock that is taken a statement too late, or released a statement too early."""
    inside = held.body
    if len(inside) == 1:
        return  # as without the lock
    if not isinstance(inside[0], Jump) and not _jumps(inside[0]):
        yield "before the lock is taken", (inside[0], held), _moved(body, index, held, 0, 1)
    last = len(inside) - (2 if isinstance(inside[-1], Jump) and not _calls(inside[-1]) else 1)
    if last > 0 and _calls(inside[last]):
        yield "after the lock is released", (inside[last], held), _moved(body, index + 1, held, last, len(inside))


def _moved(body: list[ast.stmt], to: int, held: ast.With, start: int, end: int) -> Change:
    def change() -> None:
        moved = held.body[start:end]
        del held.body[start:end]
        body[to:to] = moved

    return change


def _swapped(body: list[ast.stmt], index: int) -> Change:
    def change() -> None:
        body[index], body[index + 1] = body[index + 1], body[index]

    return change


def _may_swap(first: ast.stmt, second: ast.stmt) -> bool:
    """Whether two statements can stand in the other order without a name that is not bound yet."""
    plain = (ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.For, ast.With, ast.If)
    if not isinstance(first, plain) or not isinstance(second, plain) or _jumps(first) or _jumps(second):
        return False
    documentation = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return not documentation and not (_names(first, ast.Store) & _names(second, ast.Load))


def _jumps(statement: ast.stmt) -> bool:
    return any(isinstance(node, Jump) for node in ast.walk(statement))


def _calls(statement: ast.stmt) -> bool:
    return any(isinstance(node, ast.Call | ast.Subscript) for node in ast.walk(statement))


def _names(statement: ast.stmt, context: type[ast.expr_context]) -> set[str]:
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, context)}


# Expressions


def _in_expression(node: ast.AST) -> Iterator[Site]:
    here = (node,)
    match node:
        case ast.Call(func=ast.Attribute(value=cell, attr="cmpxchg"), args=[*at, expected, new]):
            yield "plain store for cmpxchg", here, _plain_store(node, expected, cell, at, new)
        case ast.Call(func=ast.Attribute(value=cell, attr="xchg"), args=[*at, new]):
            yield "plain store for xchg", here, _plain_store(node, _loaded(cell, at), cell, at, new)
        case ast.Call(func=ast.Attribute(attr="assign"), args=[cell, new]):
            yield "plain store for a pointer", here, _becomes(node, _stored(cell, [], new))
        case ast.Call(func=ast.Attribute(attr="dereference"), args=[cell]):
            yield "plain load of a pointer", here, _becomes(node, _loaded(cell, []))
        case ast.Compare(ops=[ast.Lt() | ast.LtE() | ast.Gt() | ast.GtE()]):
            yield "bound off by one", here, _compared(node)
        case ast.BinOp(op=ast.Add() | ast.Sub(), right=ast.Constant(value=1)):
            yield "without the 1", here, _constant(node.right, 0)
        case ast.Call(func=ast.Name(id="range"), args=[end]):
            yield "one round too few", here, _one_less(node, end)
        case ast.Call(func=ast.Attribute(), args=[ast.Constant(value=int() as number) as given]) if not isinstance(
            number, bool
        ):
            yield "one more", here, _constant(given, number + 1)
        case _:
            pass


def _in_condition(node: ast.AST, *, tested: bool) -> Iterator[Site]:
    here = (node,)
    match node:
        case ast.If() | ast.IfExp():
            yield "condition the other way round", here, _negated(node)
        case ast.Compare(ops=[ast.Is() | ast.IsNot() | ast.Eq() | ast.NotEq() | ast.In() | ast.NotIn()]) if not tested:
            yield "compared the other way round", here, _compared(node)
        case ast.BoolOp():
            yield f"`{'or' if isinstance(node.op, ast.And) else 'and'}` instead", here, _other_connective(node)
        case _:
            pass


def _loaded(cell: ast.expr, at: list[ast.expr]) -> ast.expr:
    return ast.Call(ast.Attribute(cell, "__getitem__" if at else "load", ast.Load()), at, [])


def _stored(cell: ast.expr, at: list[ast.expr], new: ast.expr) -> ast.Call:
    return ast.Call(ast.Attribute(cell, "__setitem__" if at else "store", ast.Load()), [*at, new], [])


def _plain_store(call: ast.Call, result: ast.expr, cell: ast.expr, at: list[ast.expr], new: ast.expr) -> Change:
    """What the call gives is known before the store: for a cmpxchg what it hoped for, whatever was there."""
    both = ast.Tuple([result, _stored(cell, at, new)], ast.Load())
    of_two = ast.parse("(lambda both: both[0])", mode="eval").body
    return _becomes(call, ast.Call(of_two, [both], []))


def _becomes(call: ast.Call, other: ast.expr) -> Change:
    assert isinstance(other, ast.Call)

    def change() -> None:
        call.func, call.args, call.keywords = other.func, other.args, other.keywords

    return change


_OTHER: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}


def _compared(node: ast.Compare) -> Change:
    def change() -> None:
        node.ops = [_OTHER[type(node.ops[0])]()]

    return change


def _constant(node: ast.expr, value: int) -> Change:
    def change() -> None:
        assert isinstance(node, ast.Constant)
        node.value = value

    return change


def _one_less(node: ast.Call, end: ast.expr) -> Change:
    def change() -> None:
        node.args = [ast.BinOp(end, ast.Sub(), ast.Constant(1))]

    return change


def _negated(node: ast.If | ast.IfExp) -> Change:
    def change() -> None:
        node.test = ast.copy_location(ast.UnaryOp(ast.Not(), node.test), node.test)

    return change


def _other_connective(node: ast.BoolOp) -> Change:
    def change() -> None:
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()

    return change


def _is_method(call: ast.Call, name: str) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == name


def _renamed(call: ast.Call, name: str) -> Change:
    def change() -> None:
        assert isinstance(call.func, ast.Attribute)
        call.func.attr = name

    return change
