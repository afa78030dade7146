"""Which lines of a module belong to a candidate: a module may hold several, and what another does no run would show."""

from __future__ import annotations

import ast


def lines_of(text: str, name: str) -> frozenset[int]:
    """All lines, but those of classes and functions that neither the candidate of that name nor what it uses names.

    Texts count as names, since annotations may be texts; so does all that the module does when it is imported.  Too
    many lines are a mutant that survives and can be seen to; one too few would be a mutant that nobody has tried.
    """
    definitions: dict[str, ast.stmt] = {}
    waiting: list[ast.stmt] = []
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.ClassDef | ast.FunctionDef) and statement.name not in definitions:
            definitions[statement.name] = statement
        else:
            waiting.append(statement)
    if name in definitions:
        waiting.append(definitions.pop(name))
    while waiting:
        names = _names_in(waiting.pop())
        waiting += [definitions.pop(named) for named in names & definitions.keys()]
    strange = {line for other in definitions.values() for line in range(other.lineno, (other.end_lineno or 0) + 1)}
    return frozenset(range(1, text.count("\n") + 2)) - strange


def _names_in(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=named):
                found.add(named)
            case ast.Constant(value=str(named)):
                found.add(named)
            case _:
                pass
    return found
