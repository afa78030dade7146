"""Search for all values of cells that satisfy constraints: initial states, and interpretations of choice symbols.

Constraints are ground instances compiled to `partial` closures: evaluating one either decides it or meets the first
cell without a value, on which it then waits.  So each constraint is tested as soon as the cells that it really reads
have values, whatever its shape, and a wrong start is cut off early.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

from interlock.core.term import Quant, Term, Var, conjuncts
from interlock.engines.evaluate.compile import Compiler, Env, Eval, Scope
from interlock.engines.evaluate.layout import UNASSIGNED, Cell, Layout, Unassigned, Unsupported

Tick: TypeAlias = Callable[[], None]
"""Called often during a long search; may raise to stop it."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """A closure with values of its variables: a test, or the definition of a cell (`defines`)."""

    evaluate: Eval
    env: Env
    defines: int | None = None


@dataclass(frozen=True, slots=True)
class Ground:
    """A formula to be grounded: `forall` binders whose instances become constraints of their own."""

    variables: tuple[Var, ...]
    slots: tuple[int, ...]
    body: Eval

    def instances(self, layout: Layout, env: Env) -> Iterator[Constraint]:
        """One constraint for each assignment to the variables; those beyond the end of a range hold trivially."""
        domains = [layout.domain(v.type) for v in self.variables]
        bounded = [(slot, d) for slot, d in zip(self.slots, domains, strict=True) if d.bound is not None]
        for values in product(*(domain.values for domain in domains)):
            own = list(env)
            for slot, value in zip(self.slots, values, strict=True):
                own[slot] = value
            if bounded:
                body = self.body

                def present(s: Sequence[Cell], t: Sequence[Cell], e: Env, body: Eval = body) -> bool:
                    return any(e[slot] not in d.at(s) for slot, d in bounded) or bool(body(s, t, e))

                yield Constraint(present, own)
            else:
                yield Constraint(self.body, own)


def ground(term: Term, compiler: Compiler, scope: Scope) -> list[Ground]:
    """Split a formula at its outermost conjunctions and universal quantifiers."""
    found: list[Ground] = []
    for part in conjuncts(term):
        if isinstance(part, Quant) and part.kind == "forall":
            inner = compiler.bind(scope, part.vars)
            for piece in ground(part.body, compiler, inner):
                variables = (*part.vars, *piece.variables)
                found.append(Ground(variables, (*(inner[v] for v in part.vars), *piece.slots), piece.body))
        else:
            found.append(Ground((), (), compiler.term(part, scope)))
    return found


def assignments(
    cells: list[Cell],
    free: Sequence[int],
    candidates: Callable[[int, Sequence[Cell]], Sequence[Cell]],
    constraints: Sequence[Constraint],
    tick: Tick,
) -> Iterator[list[Cell]]:
    """All ways to fill the free and the defined cells; the list that is yielded is reused, so copy it.

    Free cells are tried in the given order, the values of each as `candidates` gives them for the cells before.
    """
    return _Search(cells, candidates, tick).run(free, constraints)


@dataclass(slots=True)
class _Trail:
    """What to take back: cells that definitions filled, and cells at which a constraint began to wait."""

    defined: list[int]
    waiting: list[int]


class _Search:
    """Depth-first search with an explicit stack."""

    def __init__(
        self, cells: list[Cell], candidates: Callable[[int, Sequence[Cell]], Sequence[Cell]], tick: Tick
    ) -> None:
        self.cells = cells
        self.candidates = candidates
        self.tick = tick
        self.waiting: dict[int, list[Constraint]] = {}

    def run(self, free: Sequence[int], constraints: Sequence[Constraint]) -> Iterator[list[Cell]]:
        if not self._propagate(list(constraints), _Trail([], [])):
            return
        if not free:
            yield self._complete()
            return
        stack = [(iter(self._values(free[0])), _Trail([], []))]
        while stack:
            values, trail = stack[-1]
            cell = free[len(stack) - 1]
            self._undo(trail)
            self.cells[cell] = UNASSIGNED
            value = next(values, UNASSIGNED)
            if value is UNASSIGNED:
                stack.pop()
                continue
            self.tick()
            self.cells[cell] = value
            if not self._propagate(self.waiting.get(cell, []), trail):
                continue
            if len(stack) == len(free):
                yield self._complete()
            else:
                stack.append((iter(self._values(free[len(stack)])), _Trail([], [])))

    def _values(self, cell: int) -> Sequence[Cell]:
        try:
            return self.candidates(cell, self.cells)
        except Unassigned:
            raise Unsupported("a range ends at a constant that itself depends on values in that range") from None

    def _propagate(self, constraints: Sequence[Constraint], trail: _Trail) -> bool:
        """Evaluate the constraints and those that newly defined cells wake; False on a contradiction."""
        cells = self.cells
        queue = list(constraints)
        while queue:
            constraint = queue.pop()
            try:
                value = constraint.evaluate(cells, cells, constraint.env)
            except Unassigned as missing:
                self.waiting.setdefault(missing.cell, []).append(constraint)
                trail.waiting.append(missing.cell)
                continue
            if constraint.defines is not None:
                cells[constraint.defines] = value
                trail.defined.append(constraint.defines)
                queue.extend(self.waiting.get(constraint.defines, ()))
            elif not value:
                return False
        return True

    def _undo(self, trail: _Trail) -> None:
        for cell in trail.defined:
            self.cells[cell] = UNASSIGNED
        for cell in reversed(trail.waiting):
            self.waiting[cell].pop()
        trail.defined.clear()
        trail.waiting.clear()

    def _complete(self) -> list[Cell]:
        if any(cell is UNASSIGNED for cell in self.cells):
            raise Unsupported("an initial value depends on itself")
        return self.cells
