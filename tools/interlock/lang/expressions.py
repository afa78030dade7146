"""Checking expressions: from the untyped tree to terms, with every error of the user as a diagnostic.

A method that returns None has reported why.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, assert_never

from interlock.core.rewrite import free_vars, map_apps, substitute
from interlock.core.source import Span
from interlock.core.term import (
    FALSE,
    TRUE,
    App,
    Arith,
    Compare,
    Count,
    Literal,
    Some,
    Term,
    Unwrap,
    Var,
    conj,
    disj,
    equal,
    forall,
    implies,
    ite,
    negate,
    quantify,
    type_of,
)
from interlock.core.types import BOOL, INT, BoolType, EnumType, IntType, OptionType, RangeType, SortType, Type
from interlock.lang import syntax, typed
from interlock.lang.designators import Context, Designator, Function, ProcessRef, TypeName, Value, describe_designator
from interlock.lang.names import Names
from interlock.lang.scope import Report, ValueEntity

if TYPE_CHECKING:
    from interlock.lang.signatures import Signatures


class Expressions:
    """Checks expressions against one report; `names` resolves what identifiers stand for."""

    def __init__(self, report: Report, signatures: Signatures) -> None:
        self.report = report
        self.names = Names(report, self, signatures)
        self.signatures = signatures

    # ------------------------------------------------------------ entry points

    def formula(self, expr: syntax.Expr, ctx: Context) -> Term | None:
        """Check an expression that must be a formula."""
        return self.term(expr, ctx, BOOL)

    def term(self, expr: syntax.Expr, ctx: Context, expected: Type | None = None) -> Term | None:
        """Check an expression, and coerce it to `expected` where that is given."""
        term = self._infer(expr, ctx, expected)
        if term is None or expected is None:
            return term
        return self.coerce(term, expected, expr.span)

    def coerce(self, term: Term, expected: Type, span: Span) -> Term | None:
        """Fit a term to a type: T lifts to T?, ranges and integers mix; anything else is reported."""
        actual = type_of(term)
        if fits(actual, expected):
            return term
        if isinstance(expected, OptionType) and fits(actual, expected.of):
            return Some(term)
        fix = ""
        if isinstance(actual, OptionType) and fits(actual.of, expected):
            fix = "write `!` behind it in code (which obliges it not to be none), or compare with `=`"
        elif isinstance(expected, BoolType) and isinstance(actual, OptionType):
            fix = "compare with `!= none`"
        self.report.add("E0301", f"this is of type `{actual}`, but `{expected}` is needed here", span, fix=fix)
        return None

    def set_of(self, expr: syntax.Expr, ctx: Context, element: Type | None = None) -> typed.SetOf | None:
        """Check an expression that must be a set: a relation lacking one argument, a type, a literal, ..."""
        match expr:
            case syntax.Comprehension():
                bound = self.binders((expr.binder,), ctx)
                if bound is None:
                    return None
                inner, (var,) = bound
                body = self.formula(expr.where, inner.over((var,)))
                return None if body is None else typed.SetOf(var, body)
            case syntax.SetLiteral():
                return self._literal_set(expr, ctx, element)
            case syntax.Ident() | syntax.Call() | syntax.Member():
                designator = self.names.designate(expr, ctx)
                if designator is None:
                    return None
                if isinstance(designator, Function) and len(designator.params) == 1 and designator.result == BOOL:
                    var = Var("x", designator.params[0])
                    return typed.SetOf(var, designator.apply((var,)))
                if isinstance(designator, TypeName) and isinstance(designator.type, SortType | EnumType):
                    return typed.SetOf(Var("x", designator.type), TRUE)
                found = describe_designator(designator)
            case _:
                found = "an expression"
        self.report.add(
            "E0302",
            f"a set is needed here, but this is {found}",
            expr.span,
            fix="a set is a `{T}`, a predicate with one argument left open, a sort, `{a, b}`, or `{x: S where P}`",
        )
        return None

    def _literal_set(self, expr: syntax.SetLiteral, ctx: Context, element: Type | None) -> typed.SetOf | None:
        items = [self.term(item, ctx, element) for item in expr.items]
        known = [item for item in items if item is not None]
        if len(known) < len(items):
            return None
        if element is None:
            if not known:
                self.report.add(
                    "E0303",
                    "nothing tells what this set has for elements",
                    expr.span,
                    fix="say instead that nothing is in it: `not exists x: S :: ..`",
                )
                return None
            element = type_of(known[0])
        var = Var("x", element)
        return typed.SetOf(var, disj(equal(var, item) for item in known))

    def binders(
        self, binders: tuple[syntax.Binder, ...], ctx: Context, *, quantified: bool = True
    ) -> tuple[Context, tuple[Var, ...]] | None:
        """Bind variables of their types; they may not shadow anything."""
        bound: list[Var] = []
        wrong = False
        for binder in binders:
            type_ = self.names.type(binder.type, ctx)
            if type_ is None:
                wrong = True
                continue
            if quantified and isinstance(type_, IntType | OptionType):
                self.report.add(
                    "E0304",
                    f"a variable cannot range over `{type_}`",
                    binder.type.span,
                    fix="quantify over a sort, an enum, Bool or a range such as 0..7",
                )
                wrong = True
                continue
            if not self.names.may_bind(binder.name, ctx):
                wrong = True
                continue
            var = Var(binder.name.text, type_)
            ctx = ctx.bind_vars(((binder.name.text, ValueEntity(var, binder.name.span)),))
            bound.append(var)
        return None if wrong else (ctx, tuple(bound))

    # ------------------------------------------------------------ inference

    def _infer(self, expr: syntax.Expr, ctx: Context, expected: Type | None) -> Term | None:
        match expr:
            case syntax.Ident() | syntax.Call() | syntax.Member():
                return self._value(self.names.designate(expr, ctx), expr.span)
            case syntax.Number():
                return Literal(expr.value, INT)
            case syntax.Constant():
                return self._constant(expr, ctx, expected)
            case syntax.Bang():
                return self._bang(expr, ctx)
            case syntax.Prime():
                return self._prime(expr, ctx, expected)
            case syntax.Unary():
                if expr.op == "not":
                    body = self.formula(expr.arg, ctx)
                    return None if body is None else negate(body)
                number = self.term(expr.arg, ctx, INT)
                if number is None:
                    return None
                return (
                    Literal(-expr.arg.value, INT)
                    if isinstance(expr.arg, syntax.Number)
                    else Arith("-", Literal(0, INT), number)
                )
            case syntax.Binary():
                return self._binary(expr, ctx)
            case syntax.Conditional():
                return self._conditional(expr, ctx, expected)
            case syntax.Quantified():
                bound = self.binders(expr.binders, ctx)
                if bound is None:
                    return None
                body = self.formula(expr.body, bound[0].over(bound[1]))
                return None if body is None else quantify(expr.kind, bound[1], body)
            case syntax.Counted():
                bound = self.binders(expr.binders, ctx)
                if bound is None:
                    return None
                body = TRUE if expr.where is None else self.formula(expr.where, bound[0].over(bound[1]))
                return None if body is None else Count(bound[1], body)
            case syntax.SetLiteral() | syntax.Comprehension():
                self.report.add(
                    "E0305",
                    "a set cannot stand here",
                    expr.span,
                    fix="sets stand only to the right of `:=`, `in` and `=`; name what you mean by a `define`",
                )
                return None
            case _:
                assert_never(expr)

    def _value(self, designator: Designator | None, span: Span) -> Term | None:
        match designator:
            case None:
                return None
            case Value():
                return designator.term
            case ProcessRef(args=tuple() as args):
                return App(designator.entity.process.constructor, args)
            case _:
                pass
        self.names.not_a_value(designator, span)
        return None

    def _constant(self, expr: syntax.Constant, ctx: Context, expected: Type | None) -> Term | None:
        match expr.word:
            case "true":
                return TRUE
            case "false":
                return FALSE
            case "none":
                if isinstance(expected, OptionType):
                    return Literal(None, expected)
                if expected is None:
                    self.report.add(
                        "E0306",
                        "nothing tells what `none` is an absent value of",
                        expr.span,
                        fix="put it where a `T?` is needed, such as right of `:=`",
                    )
                else:
                    self.report.add(
                        "E0307",
                        f"a value of type `{expected}` is never `none`",
                        expr.span,
                        fix=f"declare the type as `{expected}?` where the value may be absent",
                    )
                return None
            case "self":
                if ctx.has_self:
                    return typed.SELF
                self.report.add(
                    "E0308",
                    "`self` is the process that takes a step; there is none here",
                    expr.span,
                    fix="name the process: `init(l)`, or bind one: `forall p: Process :: ...`",
                )
                return None

    def _bang(self, expr: syntax.Bang, ctx: Context) -> Term | None:
        inner = self.term(expr.target, ctx)
        if inner is None:
            return None
        if not ctx.code:
            self.report.add(
                "E0309",
                "`!` belongs to code, where it obliges the value not to be none",
                expr.span,
                fix="in a formula write the equation: `lists(l) = a implies ...` with a bound `a`",
            )
            return None
        if not isinstance(type_of(inner), OptionType):
            self.report.add(
                "E0310",
                f"a value of type `{type_of(inner)}` is never none, so there is nothing to unwrap",
                expr.span,
                fix="leave the `!` out",
            )
            return None
        many = sorted(v.name for v in free_vars(inner) & ctx.quantified)
        if many:
            self.report.add(
                "E0324",
                f"`!` obliges one value, but `{many[0]}` stands for many here",
                expr.span,
                fix=f"name the value: `exists v: .. :: {expr.target.span.text} = v and ..`, or `.. = v implies ..`",
            )
            return None
        return Unwrap(inner)

    def _prime(self, expr: syntax.Prime, ctx: Context, expected: Type | None) -> Term | None:
        if not ctx.primes:
            self.report.add(
                "E0311",
                "a primed term speaks of the state after a step; there is no step here",
                expr.span,
                fix="primes belong in a `step invariant` and in `havoc .. such that`",
            )
            return None
        inner = self.term(expr.target, ctx, expected)
        return None if inner is None else primed(inner)

    def _conditional(self, expr: syntax.Conditional, ctx: Context, expected: Type | None) -> Term | None:
        condition = self.formula(expr.condition, ctx)
        if expected is None and isinstance(expr.yes, syntax.Constant) and expr.yes.word == "none":
            no = self.term(expr.no, ctx)
            yes = None if no is None else self.term(expr.yes, ctx, type_of(no))
        else:
            yes = self.term(expr.yes, ctx, expected)
            no = self.term(expr.no, ctx, expected or (None if yes is None else type_of(yes)))
        if condition is None or yes is None or no is None:
            return None
        if type_of(yes) == typed.PROCESS:
            self.report.add(
                "E0322",
                "a process cannot be chosen by a condition",
                expr.span,
                fix="put the condition outside: `if c then held(p) else held(q)`",
            )
            return None
        return ite(condition, yes, no)

    def _binary(self, expr: syntax.Binary, ctx: Context) -> Term | None:
        match expr.op:
            case "and":
                return self._connect(expr, ctx, lambda a, b: conj((a, b)))
            case "or":
                return self._connect(expr, ctx, lambda a, b: disj((a, b)))
            case "implies":
                return self._connect(expr, ctx, implies)
            case "iff":
                return self._connect(expr, ctx, equal)
            case "=":
                return self._equation(expr, ctx)
            case "!=":
                equation = self._equation(expr, ctx)
                return None if equation is None else negate(equation)
            case "<" | "<=" | ">" | ">=":
                return self._comparison(expr, ctx)
            case "+" | "-" | "*":
                left = self.term(expr.left, ctx, INT)
                right = self.term(expr.right, ctx, INT)
                return None if left is None or right is None else Arith(expr.op, left, right)
            case "in" | "not in":
                return self._membership(expr, ctx)

    def _connect(self, expr: syntax.Binary, ctx: Context, make: Callable[[Term, Term], Term]) -> Term | None:
        left = self.formula(expr.left, ctx)
        right = self.formula(expr.right, ctx)
        return None if left is None or right is None else make(left, right)

    def _membership(self, expr: syntax.Binary, ctx: Context) -> Term | None:
        left = self.term(expr.left, ctx)
        if left is None:
            return None
        members = self.set_of(expr.right, ctx, type_of(left))
        if members is None:
            return None
        element = self.coerce(left, members.var.type, expr.left.span)
        if element is None:
            return None
        inside = substitute(members.body, {members.var: element})
        return inside if expr.op == "in" else negate(inside)

    def _equation(self, expr: syntax.Binary, ctx: Context) -> Term | None:
        if is_set_literal(expr.left) or is_set_literal(expr.right):
            return self._set_equation(expr, ctx)
        first, second = expr.left, expr.right
        if isinstance(first, syntax.Constant) and first.word == "none":
            first, second = second, first
        left = self.term(first, ctx)
        if left is None:
            return None
        right = self._infer(second, ctx, type_of(left))
        if right is None:
            return None
        a, b = type_of(left), type_of(right)
        if fits(b, a) or fits(a, b):
            return equal(left, right)
        if isinstance(a, OptionType) and fits(b, a.of):
            return equal(left, Some(right))
        if isinstance(b, OptionType) and fits(a, b.of):
            return equal(Some(left), right)
        self.report.add(
            "E0312",
            f"a value of type `{a}` is never equal to one of type `{b}`",
            expr.span,
            fix="compare values of one type",
        )
        return None

    def _set_equation(self, expr: syntax.Binary, ctx: Context) -> Term | None:
        literal, other = (expr.left, expr.right) if is_set_literal(expr.left) else (expr.right, expr.left)
        if is_set_literal(other) and isinstance(literal, syntax.SetLiteral) and not literal.items:
            literal, other = other, literal
        second = self.set_of(other, ctx)
        if second is None:
            return None
        first = self.set_of(literal, ctx, second.var.type)
        if first is None:
            return None
        if first.var.type != second.var.type:
            self.report.add(
                "E0312", f"sets of `{first.var.type}` and of `{second.var.type}` cannot be equal", expr.span
            )
            return None
        var = Var("x", first.var.type)
        return forall(
            (var,), equal(substitute(first.body, {first.var: var}), substitute(second.body, {second.var: var}))
        )

    def _comparison(self, expr: syntax.Binary, ctx: Context) -> Term | None:
        left = self.term(expr.left, ctx)
        right = self.term(expr.right, ctx)
        if left is None or right is None:
            return None
        a, b = type_of(left), type_of(right)
        comparable = (is_number(a) and is_number(b)) or (isinstance(a, SortType) and a == b and a.ordered)
        if not comparable:
            fix = ""
            if isinstance(a, SortType) and a == b:
                fix = f"declare it as `ordered sort {a}`"
            elif isinstance(a, OptionType) or isinstance(b, OptionType):
                fix = "a value that may be none has no place in an order; write `!` behind it in code"
            message = f"`{a}` has no order" if a == b else f"there is no order between `{a}` and `{b}`"
            self.report.add("E0313", message, expr.span, fix=fix)
            return None
        match expr.op:
            case "<":
                return Compare("<", left, right)
            case "<=":
                return Compare("<=", left, right)
            case ">":
                return Compare("<", right, left)
            case _:
                return Compare("<=", right, left)


def primed(term: Term) -> Term:
    """The term in the state after the step: everything in it that can change is read there."""
    return map_apps(term, lambda app: app if app.symbol.rigid else App(app.symbol, app.args, primed=True))


def fits(actual: Type, expected: Type) -> bool:
    """Whether a value of one type can stand where the other is needed, without a lift."""
    if isinstance(actual, OptionType) and isinstance(expected, OptionType):
        return fits(actual.of, expected.of)
    return actual == expected or (is_number(actual) and is_number(expected))


def is_number(type_: Type) -> bool:
    """Whether values of the type are integers."""
    return isinstance(type_, IntType | RangeType)


def is_set_literal(expr: syntax.Expr) -> bool:
    """Whether the expression can only be a set."""
    return isinstance(expr, syntax.SetLiteral | syntax.Comprehension)
