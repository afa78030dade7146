"""Shared state that a candidate keeps outside of the runtime, found in its source before it is run.

Threads are switched where a primitive is used, and nowhere else.  So what threads share in plain Python changes without
a step: no schedule tells its orders apart, and `exhausted` would not be the truth.  What counts is, outside of
`__init__`: an attribute that is assigned or deleted; a list, dict or set in an attribute that is changed; and the same
for names of the module.  Local variables are one thread's own.

It reads the text and follows no values: a container that is handed on under another name is not seen
(`test_known_gap_another_name`), and what one thread alone has is reported too.  A comment `# not shared` on the line
says that somebody has thought about it.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

from interlock.core.diagnostic import Diagnostic, diagnose
from interlock.core.source import Source, Span

ALLOWED = "# not shared"
"""The comment that says so."""

_CHANGES = frozenset(("add", "clear", "discard", "pop", "popitem", "remove", "setdefault", "update")) | frozenset(
    ("append", "appendleft", "extend", "insert", "popleft", "reverse", "sort")
)
_CONTAINERS = frozenset(("list", "dict", "set", "deque", "defaultdict", "Counter", "OrderedDict", "bytearray"))


def unwatched(candidate: object) -> tuple[Diagnostic, ...]:
    """A warning for each place in the candidate's own modules that changes shared state outside of the runtime."""
    modules = _modules(candidate)
    sources = [found for module in modules if (found := _source(module)) is not None]
    plain = {name for source in sources for name in _containers(source.tree)}
    return tuple(
        warning
        for source in sources
        for node, what in _changes(source.tree, plain)
        if (warning := _warning(source, node, what)) is not None
    )


@dataclass(frozen=True, slots=True)
class _Read:
    """A module's text, and what it says."""

    source: Source
    tree: ast.Module


def _modules(candidate: object) -> list[ModuleType]:
    """The module of the candidate, and those of the same package that it is made of, by what their names refer to."""
    name = getattr(candidate, "__module__", "")
    package = name.partition(".")[0]
    found: dict[str, ModuleType] = {}
    pending = [name]
    while pending:
        name = pending.pop()
        module = sys.modules.get(name)
        if name in found or module is None or name.partition(".")[0] != package:
            continue
        found[name] = module
        named = vars(module).values()
        pending += [v.__name__ if inspect.ismodule(v) else getattr(v, "__module__", None) or "" for v in named]
    return list(found.values())


def _source(module: ModuleType) -> _Read | None:
    """The source of a module; None where there is none."""
    try:
        text = inspect.getsource(module)
        return _Read(Source(inspect.getsourcefile(module) or module.__name__, text), ast.parse(text))
    except (OSError, TypeError, SyntaxError):
        return None


def _containers(tree: ast.Module) -> Iterator[str]:
    """Names of attributes, and of variables of the module, that begin as a list, dict or set."""
    for node in ast.walk(tree):
        targets: list[ast.expr] = []
        value: ast.expr | None = None
        match node:
            case ast.Assign():
                targets, value = node.targets, node.value
            case ast.AnnAssign():
                targets, value = [node.target], node.value
            case _:
                pass
        if value is not None and _is_container(value):
            yield from (target.attr for target in targets if isinstance(target, ast.Attribute))
            yield from (target.id for target in targets if isinstance(target, ast.Name) and node in tree.body)


def _is_container(value: ast.expr) -> bool:
    match value:
        case ast.List() | ast.Dict() | ast.Set() | ast.ListComp() | ast.DictComp() | ast.SetComp():
            return True
        case ast.BinOp(op=ast.Mult(), left=left):  # [None] * size
            return _is_container(left)
        case ast.Call(func=ast.Subscript(value=ast.Name(id=name)) | ast.Name(id=name)):
            return name in _CONTAINERS
        case _:
            return False


def _changes(tree: ast.Module, plain: set[str]) -> Iterator[tuple[ast.AST, str]]:
    """Nodes in functions, but for constructors, that change an attribute, or a container that `plain` names."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) or function.name == "__init__":
            continue
        known = {name for node in ast.walk(function) if isinstance(node, ast.Global) for name in node.names}
        own = _locals(function) - known
        for node in ast.walk(function):
            match node:
                case ast.Attribute(ctx=ast.Store() | ast.Del()):
                    yield node, f"the attribute `{node.attr}` is assigned"
                case ast.Name(ctx=ast.Store() | ast.Del()) if node.id in known:
                    yield node, f"the module's `{node.id}` is assigned"
                case ast.Subscript(ctx=ast.Store() | ast.Del()):
                    if (name := _kept(node.value, plain, own)) is not None:
                        yield node, f"an element of `{name}` is assigned"
                case ast.Call(func=ast.Attribute(value=value, attr=method)) if method in _CHANGES:
                    if (name := _kept(value, plain, own)) is not None:
                        yield node, f"`{method}` changes `{name}`"
                case _:
                    pass


def _locals(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Names that the function binds: parameters and variables."""
    bound = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    given = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    return bound | {argument.arg for argument in given}


def _kept(value: ast.expr, plain: set[str], own: set[str]) -> str | None:
    """The name of a container that threads may share; None for anything else."""
    match value:
        case ast.Attribute(attr=name) if name in plain:
            return name
        case ast.Name(id=name) if name in plain and name not in own:
            return name
        case ast.Subscript(value=inner):  # an element of a container, which is one too
            return _kept(inner, plain, own)
        case _:
            return None


def _warning(read: _Read, node: ast.AST, what: str) -> Diagnostic | None:
    line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
    end_line, end_column = getattr(node, "end_lineno", line), getattr(node, "end_col_offset", column)
    if ALLOWED in read.source.line(line):
        return None
    start = _offset(read.source, line, column)
    span = Span(read.source, start, max(start + 1, _offset(read.source, end_line, end_column)))
    fix = f"lay it out in a cell, or say `{ALLOWED}` where one thread alone has it"
    return diagnose("W0943", f"{what} outside of the runtime, so no schedule sees when", span, fix=fix)


def _offset(source: Source, line: int, column: int) -> int:
    """The character that Python's line and column, which counts bytes, stand for."""
    begin = source.line_starts[line - 1]
    return begin + len(source.line(line).encode()[:column].decode(errors="ignore"))
