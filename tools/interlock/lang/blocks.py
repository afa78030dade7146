"""Questions about code that need no types: what it names, whether it returns, what it writes."""

from __future__ import annotations

from interlock.core.term import Symbol
from interlock.lang import syntax, typed


def path_of(expr: syntax.Expr) -> tuple[str, ...]:
    """Names along `a.b.c`, ignoring index arguments; empty for anything else."""
    match expr:
        case syntax.Ident():
            return (expr.name,)
        case syntax.Member():
            head = path_of(expr.target)
            return (*head, expr.name.text) if head else ()
        case syntax.Call():
            return path_of(expr.target)
        case _:
            return ()


def always_returns(block: tuple[syntax.Statement, ...]) -> bool:
    """Whether every path through the block returns."""
    for statement in block:
        match statement:
            case syntax.Return():
                return True
            case syntax.IfStatement():
                if always_returns(statement.yes) and always_returns(statement.no):
                    return True
            case syntax.EitherStatement():
                if all(always_returns(branch) for branch in statement.branches):
                    return True
            case _:
                pass
    return False


def written(statement: typed.Statement) -> frozenset[Symbol]:
    """Symbols that a statement writes itself; what an operation that it calls writes is not looked at."""
    match statement:
        case typed.Assign() | typed.Havoc():
            return frozenset((statement.symbol,))
        case typed.If():
            return frozenset(symbol for s in (*statement.yes, *statement.no) for symbol in written(s))
        case typed.Either():
            return frozenset(symbol for branch in statement.branches for s in branch for symbol in written(s))
        case _:
            return frozenset()
