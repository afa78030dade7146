"""Total functions that lead from a sort back to itself (ruling 17).

`var next(n: Node): Node` lets a prover build ever new elements, n, next(n), next(next(n)), so that its search for a
finite counterexample may not end.  Options are relations and do not.  The warning names the declarations of one cycle.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from interlock.core.diagnostic import Label
from interlock.core.source import Span
from interlock.core.term import Symbol
from interlock.core.types import SortType
from interlock.lang.scope import Report


@dataclass(frozen=True)
class Edge:
    """A total function from one sort to another, with its declaration."""

    source: SortType
    target: SortType
    symbol: Symbol
    span: Span


def warn_of_sort_cycles(declared: Iterable[tuple[Symbol, Span]], report: Report) -> None:
    """Report the first cycle that the functions close, if there is one."""
    edges = [
        Edge(param, symbol.result, symbol, span)
        for symbol, span in declared
        if isinstance(symbol.result, SortType)
        for param in symbol.params
        if isinstance(param, SortType)
    ]
    for edge in edges:
        back = _path(edge.target, edge.source, edges, (edge,))
        if back is not None:
            _warn(back, report)
            return


def _path(here: SortType, goal: SortType, edges: Sequence[Edge], taken: tuple[Edge, ...]) -> tuple[Edge, ...] | None:
    if here == goal:
        return taken
    for edge in edges:
        if edge.source == here and edge.target not in [t.target for t in taken]:
            found = _path(edge.target, goal, edges, (*taken, edge))
            if found is not None:
                return found
    return None


def _warn(cycle: tuple[Edge, ...], report: Report) -> None:
    sorts = " to ".join(f"`{sort}`" for sort in (cycle[0].source, *(edge.target for edge in cycle)))
    report.add(
        "W0301",
        f"total functions lead from {sorts}; a proof that fails may not end in a counterexample",
        cycle[0].span,
        fix=f"where a value may be absent, declare one of them as an option: `{cycle[-1].target}?`",
        labels=tuple(Label(edge.span, f"`{edge.symbol.name}` goes on") for edge in cycle[1:]),
    )
