"""How a cost grows: the simplest polynomial in the sizes that goes through all points, if that is more than its terms.

Nothing is estimated: a polynomial fits exactly or not at all, and one that has as many terms as there are points would
fit anything, so it is not claimed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import prod
from typing import TypeAlias

Monomial: TypeAlias = tuple[str, ...]
Point: TypeAlias = Mapping[str, int]

_SIZES = 3
"""Sizes of a sort that it takes to see how something grows with it."""

_MANY = 3
"""Terms of which a polynomial needs more than one point to spare."""


@dataclass(frozen=True)
class Fit:
    """A sum of products of sizes: (coefficient, sorts); no sorts for the constant."""

    terms: tuple[tuple[Fraction, Monomial], ...]

    def __str__(self) -> str:
        text = ""
        for coefficient, sorts in self.terms:
            sign = "-" if coefficient < 0 else "+"
            size = abs(coefficient)
            factors = [*([str(size)] if size != 1 or not sorts else []), *sorts]
            text += f" {sign} {'·'.join(factors)}" if text else f"{'-' if coefficient < 0 else ''}{'·'.join(factors)}"
        return text or "0"

    @property
    def growth(self) -> str:
        """The kind of growth: constant, linear in a sort (or several), or product of several."""
        sorts = [m for _, m in self.terms if m]
        if not sorts:
            return "constant"
        products = ["·".join(m) for m in sorts if len(m) > 1]
        return f"product {', '.join(products)}" if products else f"linear in {', '.join(m[0] for m in sorts)}"

    def at(self, point: Point) -> int:
        """The value at a point, rounded up."""
        return -int(-sum(c * prod(point[s] for s in m) for c, m in self.terms) // 1)


def fit(points: Sequence[tuple[Point, int]]) -> Fit | None:
    """The simplest polynomial through all points; None where they are too few, or on no such polynomial.

    Nothing is said where some sort has one size in all of them: nobody has looked at what it does.
    """
    sorts = tuple(points[0][0]) if points else ()
    varied = tuple(s for s in sorts if len({p[s] for p, _ in points}) > 1)
    if varied != sorts:
        return None
    for monomials in _candidates(varied):
        spare = len(points) - len(monomials)
        if not _tried(monomials, points):
            continue
        if spare >= (1 if len(monomials) < _MANY else 2) or not sorts:
            found = _solve(monomials, points)
            if found is not None:
                return Fit(tuple((c, m) for c, m in zip(found, monomials, strict=True) if c))
    return None


def _tried(monomials: Sequence[Monomial], points: Sequence[tuple[Point, int]]) -> bool:
    """Whether each sort that something is said to grow with has enough sizes: a line goes through any two values."""
    return all(len({p[s] for p, _ in points}) >= _SIZES for sorts in monomials for s in sorts)


def _candidates(sorts: tuple[str, ...]) -> Iterator[tuple[Monomial, ...]]:
    """Sets of terms, the smallest first."""
    terms: list[Monomial] = [(s,) for s in sorts] + list(combinations(sorts, 2))
    for size in range(len(terms) + 1):
        yield from (((), *chosen) for chosen in combinations(terms, size))


def _solve(monomials: Sequence[Monomial], points: Sequence[tuple[Point, int]]) -> list[Fraction] | None:
    """Coefficients with which the terms add up to every value; None where there are none, or more than one choice."""
    rows = [[*(Fraction(prod(p[s] for s in m)) for m in monomials), Fraction(value)] for p, value in points]
    width = len(monomials)
    for column in range(width):
        pivot = next((i for i in range(column, len(rows)) if rows[i][column]), None)
        if pivot is None:
            return None
        rows[column], rows[pivot] = rows[pivot], rows[column]
        lead = rows[column]
        for i, row in enumerate(rows):
            if i != column and row[column]:
                rate = row[column] / lead[column]
                rows[i] = [a - rate * b for a, b in zip(row, lead, strict=True)]
    if any(row[-1] for row in rows[width:]):
        return None
    return [rows[i][-1] / rows[i][i] for i in range(width)]


def grows_with(high: Sequence[tuple[Point, int]], low: Sequence[tuple[Point, int]]) -> tuple[str, ...]:
    """The sorts of which a larger one, all else equal, costs at least more (`low`) than a smaller one can (`high`)."""
    found: dict[str, None] = {}
    for p, most in high:
        for q, least in low:
            differing = [s for s in p if p[s] != q[s]]
            if len(differing) == 1 and q[differing[0]] > p[differing[0]] and least > most:
                found[differing[0]] = None
    return tuple(s for p, _ in high[:1] for s in p if s in found)
