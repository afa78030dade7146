"""What was measured of one system: a cost in each scope, how it grows with them, and all costs together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from interlock.core.system import TransitionSystem
from interlock.engines.costs.fitting import Fit, fit, grows_with
from interlock.engines.costs.measuring import Measured
from interlock.engines.costs.quantities import Key

_SHOWING = 3
"""Elements of a sort with which a product is told from what looks like one."""


@dataclass(frozen=True)
class Sample:
    """A cost in one scope: `point` are the sizes of the varied sorts, `sizes` of all."""

    point: Mapping[str, int]
    sizes: Mapping[str, int]
    measured: Measured


@dataclass(frozen=True)
class Cost:
    """A cost in every scope in which it was measured."""

    key: Key
    samples: tuple[Sample, ...]

    @property
    def unbounded(self) -> bool:
        """Whether in some scope there is no bound."""
        return any(s.measured.unbounded for s in self.samples)

    @property
    def points(self) -> tuple[tuple[Mapping[str, int], int], ...]:
        """Values that are known exactly, where there is a bound."""
        return tuple((s.point, s.measured.value) for s in self.samples if s.measured.exact and not s.measured.unbounded)

    @property
    def attained(self) -> tuple[tuple[Mapping[str, int], int], ...]:
        """The greatest value that a run was seen to have in each scope in which anything was."""
        return tuple((s.point, s.measured.value) for s in self.samples if s.measured.exact or s.measured.value)

    @property
    def fit(self) -> Fit | None:
        """How it grows; None where the known values do not tell, or there is no bound.  No run may have more."""
        found = self._through(self.points)
        return None if found is None or any(v > found.at(point) for point, v in self.attained) else found

    @property
    def least(self) -> Fit | None:
        """What runs attain in every scope, where that grows regularly: at least so much it costs."""
        return self._through(self.attained)

    @property
    def most(self) -> Fit | None:
        """How a bound from above grows."""
        return self._through([(s.point, most) for s in self.samples if (most := s.measured.most) is not None])

    def _through(self, points: Sequence[tuple[Mapping[str, int], int]]) -> Fit | None:
        """What goes through some values; a product only if it is seen in a scope with three of a kind."""
        found = None if self.unbounded else fit(points)
        if found is None:
            return None
        seen = [point for point, value in (*points, *self.attained) if value == found.at(point)]
        products = [sorts for _, sorts in found.terms if len(sorts) > 1]
        return found if all(any(_shows(point, sorts) for point in seen) for sorts in products) else None

    @property
    def grows_with(self) -> tuple[str, ...]:
        """The sorts of which more cost more than fewer can."""
        high = [
            (s.point, s.measured.value if s.measured.exact else s.measured.most)
            for s in self.samples
            if not s.measured.unbounded
        ]
        return grows_with([(point, most) for point, most in high if most is not None], self.attained)

    @property
    def largest(self) -> Sample | None:
        """The sample with the greatest value, one that is exact if there is any."""
        found = sorted(self.samples, key=lambda s: (s.measured.unbounded, s.measured.value, s.measured.exact))
        return found[-1] if found else None


def _shows(point: Mapping[str, int], sorts: Sequence[str]) -> bool:
    """Whether a scope tells a product from what looks like one among few: 2 + 2 = 2 * 2."""
    return min(point[s] for s in sorts) > 1 and max(point[s] for s in sorts) >= _SHOWING


@dataclass(frozen=True)
class Study:
    """What was measured of a system.

    `parallel` says of (process, section), with the empty section for the whole operation, whether two can be in it at
    once; None where that is not known.  `countable` is what some step does: what is not among it costs nothing, and
    what is but has no cost was not measured.  `system` is what was run, and names what is in its runs.  `hidden` are
    places where the specification costs less than an implementation would; `trouble` says why something could not be
    measured.
    """

    varied: tuple[str, ...]
    costs: tuple[Cost, ...]
    parallel: Mapping[tuple[str, str], bool | None]
    sections: tuple[tuple[str, str], ...]
    system: TransitionSystem
    countable: frozenset[Key]
    exhausted: tuple[Mapping[str, int], ...] = ()
    hidden: tuple[str, ...] = ()
    trouble: str = ""
