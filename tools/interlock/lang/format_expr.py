"""Documents for everything that has no block: types, expressions, simple statements and simple declarations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import assert_never

from interlock.lang.layout import LINE, SOFT, Doc, Group, Nest, concat, join
from interlock.lang.syntax import (
    Acquire,
    Assert,
    Assign,
    Await,
    Bang,
    Binary,
    Binder,
    Break,
    Call,
    CallStatement,
    Comprehension,
    Conditional,
    Constant,
    Counted,
    Expr,
    Goto,
    Havoc,
    Ident,
    Let,
    Member,
    NamedType,
    Number,
    OptionalType,
    Pick,
    Prime,
    Quantified,
    RangeTypeExpr,
    Release,
    Return,
    SetLiteral,
    SetType,
    TypeExpr,
    Unary,
    WalkType,
)

SimpleStatement = (
    Assign | CallStatement | Let | Pick | Havoc | Await | Assert | Goto | Break | Return | Acquire | Release
)


def type_doc(type_: TypeExpr) -> Doc:
    """Print a type."""
    match type_:
        case NamedType(name):
            return name.text
        case OptionalType(of):
            return concat(type_doc(of), "?")
        case SetType(element):
            return f"{{{element.text}}}"
        case RangeTypeExpr(low, high):
            return f"{low}..{high if isinstance(high, int) else high.text}"
        case WalkType(over, snapshot):
            return concat("walk snapshot " if snapshot else "walk ", expr_doc(over))
        case _:
            assert_never(type_)


def binder_doc(binder: Binder) -> Doc:
    """Print one bound variable."""
    return concat(binder.name.text, ": ", type_doc(binder.type))


def binder_docs(binders: Sequence[Binder]) -> Doc:
    """Print bound variables; those that share a type in the text share it again."""
    groups: list[Doc] = []
    for _, members in groupby(binders, key=lambda b: id(b.type)):
        listed = list(members)
        groups.append(concat(", ".join(b.name.text for b in listed), ": ", type_doc(listed[0].type)))
    return Group(Nest(join(concat(",", LINE), groups)))


def parameters(binders: Sequence[Binder]) -> Doc:
    """Print bound variables in parentheses, or nothing."""
    return Group(concat("(", Nest(concat(SOFT, binder_docs(binders))), SOFT, ")")) if binders else ""


def arguments(docs: Iterable[Doc]) -> Doc:
    """Print what is called with."""
    listed = list(docs)
    return Group(concat("(", Nest(concat(SOFT, join(concat(",", LINE), listed))), SOFT, ")")) if listed else "()"


def is_parenthesised(node: Expr) -> bool:
    """Whether the text has parentheses around a node: its span covers them, and no child begins at the same place."""
    text, start = node.span.source.text, node.span.start
    if text[start : start + 1] != "(":
        return False
    match node:
        case Binary(left=first) | Call(target=first) | Member(target=first) | Bang(target=first) | Prime(target=first):
            return first.span.start != start
        case _:
            return True


def expr_doc(node: Expr) -> Doc:
    """Print an expression with the parentheses that it has in the text; they are never needed where it has none."""
    if is_parenthesised(node):
        return Group(concat("(", Nest(_bare(node)), ")"))
    return _bare(node)


def _bare(node: Expr) -> Doc:
    match node:
        case Ident(name):
            return name
        case Number(value):
            return str(value)
        case Constant(word):
            return word
        case Call(target, args):
            return concat(expr_doc(target), arguments(_argument(arg) for arg in args))
        case Member(target, name):
            return concat(expr_doc(target), ".", name.text)
        case Bang(target):
            return concat(expr_doc(target), "!")
        case Prime(target):
            return concat(expr_doc(target), "'")
        case Unary(op, arg):
            doubled = isinstance(arg, Unary) and not is_parenthesised(arg)  # `--` would start a comment
            return concat("not " if op == "not" else "- " if doubled else "-", expr_doc(arg))
        case Binary():
            return _binary(node)
        case Conditional(condition, yes, no):
            parts = ("if ", expr_doc(condition), LINE, "then ", expr_doc(yes), LINE, "else ", expr_doc(no))
            return Group(Nest(concat(*parts)))
        case Quantified(kind, binders, body):
            return Group(concat(kind, " ", binder_docs(binders), " ::", Nest(concat(LINE, expr_doc(body)))))
        case Counted(binders, where):
            filtered = "" if where is None else concat(LINE, "where ", expr_doc(where))
            return Group(concat("count(", Nest(concat(binder_docs(binders), filtered)), ")"))
        case SetLiteral(items):
            return Group(concat("{", Nest(join(concat(",", LINE), [expr_doc(item) for item in items])), "}"))
        case Comprehension(binder, where):
            return Group(concat("{", Nest(concat(binder_doc(binder), LINE, "where ", expr_doc(where))), "}"))
        case _:
            assert_never(node)


def _argument(arg: Expr | Binder) -> Doc:
    return binder_doc(arg) if isinstance(arg, Binder) else expr_doc(arg)


def _binary(node: Binary) -> Doc:
    """Print a chain of one connective as one group: all of its operands on one line or each on its own."""
    if node.op not in ("and", "or", "implies", "iff"):
        return Group(concat(expr_doc(node.left), Nest(concat(LINE, node.op, " ", expr_doc(node.right)))))
    operands: list[Expr] = [node.right]
    left: Expr = node.left
    while isinstance(left, Binary) and left.op == node.op and node.op in ("and", "or") and not is_parenthesised(left):
        operands.append(left.right)
        left = left.left
    rest: list[Doc] = []
    for operand in reversed(operands):
        rest.extend((LINE, f"{node.op} ", expr_doc(operand)))
    tail = concat(*rest)
    return Group(concat(expr_doc(left), Nest(tail) if node.op in ("implies", "iff") else tail))


def statement_doc(node: SimpleStatement) -> Doc:
    """Print a statement that has no block."""
    match node:
        case Assign(target, value, where):
            condition = "" if where is None else concat(LINE, "where ", expr_doc(where))
            return Group(concat(expr_doc(target), " := ", Nest(concat(expr_doc(value), condition))))
        case CallStatement(call):
            return expr_doc(call)
        case Let(name, value):
            return concat("let ", name.text, " = ", Nest(expr_doc(value)))
        case Pick(binder, where):
            condition = "" if where is None else concat(LINE, "where ", expr_doc(where))
            return Group(concat("pick ", binder_doc(binder), Nest(condition)))
        case Havoc(target, such_that):
            condition = "" if such_that is None else concat(LINE, "such that ", expr_doc(such_that))
            return Group(concat("havoc ", expr_doc(target), Nest(condition)))
        case Await(condition):
            return concat("await ", Nest(expr_doc(condition)))
        case Assert(name, condition):
            return concat("assert ", name.text, ": ", Nest(expr_doc(condition)))
        case Goto(label):
            return f"goto {label.text}"
        case Break():
            return "break"
        case Return(value):
            return "return" if value is None else concat("return ", expr_doc(value))
        case Acquire(section):
            return concat("acquire ", expr_doc(section))
        case Release(section):
            return concat("release ", expr_doc(section))
        case _:
            assert_never(node)
