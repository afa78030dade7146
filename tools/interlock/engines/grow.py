"""Growing scopes: explore small ones first, then larger ones, for as long as there is time.

A mistake of a design nearly always shows in a small scope already, and a small scope has the shortest story.  So sizes
begin at one, every sort is raised by one in turn, and the first scope that shows a violation is the last one.

This is the policy alone: how a scope is explored within some seconds is given as a function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from interlock.core.verdict import ExploreStats, Proved, Verdict, Violated

Sizes: TypeAlias = Mapping[str, int]
"""Elements of each sort."""

LARGEST = 64
"""Elements of a sort beyond which no scope is tried."""

_LEAST = 0.2
"""Seconds that are worth beginning a scope."""

_EMPTY = 8
"""Scopes in a row without any state after which one gives up: it is not for want of elements."""


@dataclass(frozen=True)
class Round:
    """One scope: its sizes, how far it was explored, and what was found."""

    sizes: tuple[tuple[str, int], ...]
    stats: ExploreStats
    verdicts: tuple[tuple[str, Verdict], ...]

    @property
    def violated(self) -> tuple[str, ...]:
        """The properties that this scope refutes."""
        return tuple(name for name, verdict in self.verdicts if isinstance(verdict, Violated))


Explore: TypeAlias = Callable[[Sizes, float], Round]
"""Explore a scope within some seconds."""


def grow(first: Sizes, sorts: Sequence[str], explore: Explore, left: Callable[[], float]) -> Iterator[Round]:
    """Explore ever larger scopes until one shows a violation, no time is left, or nothing more can grow.

    A sort with which a scope could not be exhausted for another reason than time is not raised again: the scope goes
    on growing without it.  A scope without any state may want elements, so it is no end.
    """
    sizes = dict(first)
    growing = list(sorts)
    last = explore(dict(sizes), left())
    yield last
    turn, empty = 0, int(not last.stats.states)
    while growing and left() > _LEAST and not last.violated and _may_go_on(last) and empty < _EMPTY:
        sort = growing[turn % len(growing)]
        if sizes[sort] >= LARGEST:
            growing.remove(sort)
            continue
        larger = {**sizes, sort: sizes[sort] + 1}
        reached = explore(larger, left())
        yield reached
        if reached.violated or _may_go_on(reached):
            sizes, last = larger, reached
            turn += 1
            empty = 0 if reached.stats.states else empty + 1
        else:
            growing.remove(sort)


def _may_go_on(last: Round) -> bool:
    """Whether a larger scope may be explored too: this one was exhausted, or has no state for want of elements."""
    return last.stats.complete or last.stats.states == 0


def merged(rounds: Sequence[Round]) -> tuple[tuple[str, Verdict], ...]:
    """What the rounds add up to: a run wherever one was found, otherwise what the largest exhausted scope says."""
    exhausted = [r for r in rounds if r.stats.complete]
    base = dict((exhausted or list(rounds))[-1].verdicts) if rounds else {}
    for one in rounds:
        base |= {name: verdict for name, verdict in one.verdicts if isinstance(verdict, Violated | Proved)}
    return tuple(base.items())
