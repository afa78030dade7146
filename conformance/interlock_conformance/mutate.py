"""How good a conformance run is: the candidate is changed in one place at a time, and each change should be noticed.

A *mutant* is the candidate's module with one change of the kind that people make by mistake: a lock not taken, a call
left out, two statements in the wrong order, a plain store for a cmpxchg, a failure that nobody looks at, a bound off by
one.  It is killed by a workload on which it breaks a property, or does not end.  Those that survive either change
nothing that can be observed, or show what the workloads, the schedules or the specification do not ask for.  A comment
`# equivalent: why` on a line says that the changes there that survive are of the first kind; they do not count.

Only the module that defines the candidate is changed, not those that it builds on.  Known limit: a mutant that loops
without a step hangs, as every candidate does that does so.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from types import ModuleType
from typing import TypeAlias, assert_never

from interlock.core.system import TransitionSystem
from interlock_conformance.binding import Binding
from interlock_conformance.conform import Options, conform
from interlock_conformance.schedule import Workload
from interlock_conformance.strategies import Strategy
from interlock_conformance.verdict import Breaks, Conforms, Undecided

EQUIVALENT = "# equivalent:"
"""Begins the comment that excuses what survives on its line."""

_STEPS = 1_000
"""Steps of one execution; a candidate that takes more on these workloads goes round in circles."""

Change: TypeAlias = Callable[[], None]
"""Changes the tree that it was found in, in one place."""

Site: TypeAlias = tuple[str, ast.AST, Change]
"""What is changed, in words; where; and how."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A change and the module that has it."""

    kind: str
    line: int
    text: str
    """The line that is changed, as it was."""
    tree: ast.Module

    def load(self, module: ModuleType) -> ModuleType:
        """A module like the given one, with the change; raises what running its text raises."""
        made = ModuleType(module.__name__)
        made.__file__, made.__package__ = module.__file__, module.__package__
        code = compile(self.tree, module.__file__ or "mutant", "exec")
        before = sys.modules.get(module.__name__)
        sys.modules[module.__name__] = made  # dataclasses and enums look their module up
        try:
            exec(code, vars(made))  # noqa: S102 - the candidate's own text
        finally:
            if before is not None:
                sys.modules[module.__name__] = before
        return made


def mutants(text: str) -> Iterator[Mutant]:
    """Every mutant of a module's text, in the order of its lines."""
    lines = text.splitlines()
    original = ast.parse(text)
    sites = sorted(enumerate(_sites(original)), key=lambda found: (getattr(found[1][1], "lineno", 0), found[0]))
    for number, (kind, node, _) in sites:
        tree = deepcopy(original)
        _, _, change = _sites(tree)[number]
        change()
        line = getattr(node, "lineno", 1)
        yield Mutant(kind, line, lines[line - 1].strip(), ast.fix_missing_locations(tree))


def _sites(tree: ast.Module) -> list[Site]:
    """All places where something can be changed; in the same order for the same text."""
    found: list[Site] = []
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and not function.name.startswith("__"):
            for node in ast.walk(function):
                found += _in_bodies(node)
                found += _in_expression(node)
    return found


# Statements


def _in_bodies(node: ast.AST) -> Iterator[Site]:
    for name in ("body", "orelse"):
        body: object = getattr(node, name, None)
        if isinstance(body, list):
            yield from _in_body(body)  # pyright: ignore[reportUnknownArgumentType] -- a list in a body is of statements


def _in_body(body: list[ast.stmt]) -> Iterator[Site]:
    for index, statement in enumerate(body):
        match statement:
            case ast.With():
                for number, item in enumerate(statement.items):
                    yield f"without `with {ast.unparse(item)}`", statement, _without_item(body, index, number)
            case ast.Expr(value=ast.Call()):
                yield "left out", statement, _left_out(body, index)
            case ast.Assign(targets=[ast.Subscript() | ast.Attribute()]):
                yield "left out", statement, _left_out(body, index)
            case ast.If(orelse=[]) if isinstance(statement.body[-1], ast.Return | ast.Continue):
                yield "failure not looked at", statement, _left_out(body, index)
            case _:
                pass
        if index + 1 < len(body) and _may_swap(statement, body[index + 1]):
            yield "after the next statement", statement, _swapped(body, index)


def _left_out(body: list[ast.stmt], index: int) -> Change:
    def change() -> None:
        body[index] = ast.copy_location(ast.Pass(), body[index])

    return change


def _without_item(body: list[ast.stmt], index: int, number: int) -> Change:
    def change() -> None:
        statement = body[index]
        assert isinstance(statement, ast.With)
        del statement.items[number]
        if not statement.items:
            body[index : index + 1] = statement.body

    return change


def _swapped(body: list[ast.stmt], index: int) -> Change:
    def change() -> None:
        body[index], body[index + 1] = body[index + 1], body[index]

    return change


def _may_swap(first: ast.stmt, second: ast.stmt) -> bool:
    """Whether two statements can stand in the other order without a name that is not bound yet."""
    plain = (ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.For, ast.With, ast.If)
    if not isinstance(first, plain) or not isinstance(second, plain):
        return False
    if any(isinstance(node, ast.Return | ast.Continue | ast.Break) for node in (*ast.walk(first), *ast.walk(second))):
        return False
    documentation = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return not documentation and not (_names(first, ast.Store) & _names(second, ast.Load))


def _names(statement: ast.stmt, context: type[ast.expr_context]) -> set[str]:
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, context)}


# Expressions


def _in_expression(node: ast.AST) -> Iterator[Site]:
    match node:
        case ast.Call(func=ast.Attribute(value=target, attr="cmpxchg"), args=[*at, expected, new]):
            yield "plain store for cmpxchg", node, _plain_store(node, target, at, expected, new)
        case ast.Compare(ops=[ast.Lt() | ast.LtE() | ast.Gt() | ast.GtE()]):
            yield "bound off by one", node, _off_by_one(node)
        case ast.BinOp(op=ast.Add() | ast.Sub(), right=ast.Constant(value=1)):
            yield "without the 1", node, _without_one(node)
        case ast.Call(func=ast.Name(id="range"), args=[end]):
            yield "one round too few", node, _one_less(node, end)
        case ast.If() | ast.IfExp():
            yield "condition the other way round", node, _negated(node)
        case _:
            pass


def _plain_store(call: ast.Call, target: ast.expr, at: list[ast.expr], expected: ast.expr, new: ast.expr) -> Change:
    """What the call gives is what it hoped for, whatever was there."""
    store = ast.Call(ast.Attribute(target, "__setitem__" if at else "store", ast.Load()), [*at, new], [])

    def change() -> None:
        hoped = ast.Subscript(ast.Tuple([expected, store], ast.Load()), ast.Constant(0), ast.Load())
        call.args = [hoped]
        call.func = ast.parse("(lambda value: value)", mode="eval").body

    return change


def _off_by_one(node: ast.Compare) -> Change:
    other: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}

    def change() -> None:
        node.ops = [other[type(node.ops[0])]()]

    return change


def _without_one(node: ast.BinOp) -> Change:
    def change() -> None:
        node.right = ast.copy_location(ast.Constant(0), node.right)

    return change


def _one_less(node: ast.Call, end: ast.expr) -> Change:
    def change() -> None:
        node.args = [ast.BinOp(end, ast.Sub(), ast.Constant(1))]

    return change


def _negated(node: ast.If | ast.IfExp) -> Change:
    def change() -> None:
        node.test = ast.copy_location(ast.UnaryOp(ast.Not(), node.test), node.test)

    return change


# Killing them


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a mutant: what killed it and on which workload; both empty if it survived."""

    mutant: Mutant
    killed_by: str = ""
    workload: str = ""

    @property
    def survived(self) -> bool:
        """Whether nothing noticed the change, and nothing says why nothing could."""
        return not self.killed_by and not self.excuse

    @property
    def excuse(self) -> str:
        """Why nothing could notice the change, as the candidate's text says; empty if it was killed or says nothing."""
        return "" if self.killed_by else self.mutant.text.partition(EQUIVALENT)[2].strip()


@dataclass(frozen=True, slots=True)
class Judged:
    """How mutants are judged: the class of the module, and what it is run on."""

    name: str
    bind: Callable[[str, object], Binding]
    system: TransitionSystem
    workloads: Sequence[Workload]
    strategy: Strategy


def fates(module: ModuleType, judged: Judged) -> Iterator[Fate]:
    """What becomes of each mutant of a module, in the order of lines."""
    for mutant in mutants(inspect.getsource(module)):
        yield _fate(mutant, module, judged)


def _fate(mutant: Mutant, module: ModuleType, judged: Judged) -> Fate:
    try:
        made: object = getattr(mutant.load(module), judged.name)
    except Exception as error:  # noqa: BLE001 - a change may make anything of a module
        return Fate(mutant, f"cannot be imported: {type(error).__name__}", "")
    options = Options(steps=_STEPS, shrink_executions=0)
    for workload in judged.workloads:
        verdict = conform(judged.bind(judged.name, made), judged.system, workload, judged.strategy, options)
        match verdict:
            case Breaks():
                return Fate(mutant, verdict.property, str(workload))
            case Undecided():
                return Fate(mutant, f"undecided: {verdict.reason}", str(workload))
            case Conforms():
                pass
            case _:
                assert_never(verdict)
    return Fate(mutant)


def rate(fates: Sequence[Fate]) -> float:
    """The part that was killed of those that do not count as equivalent; 1 where there was nothing to kill."""
    counted = [fate for fate in fates if not fate.excuse]
    return sum(not fate.survived for fate in counted) / len(counted) if counted else 1.0
