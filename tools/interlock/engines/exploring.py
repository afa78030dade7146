"""The explorer that is used: the reference for what it can exhaust at once, the native one for the rest.

Compiling a specification takes longer than looking at a thousand states one by one, so the reference begins; what it
has not settled by then is explored by machine code.  What has no packed states stays with the reference, and what turns
out to leave them, by an Int that grows, goes back to it for the time that is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal as OneOf
from typing import Protocol

from interlock.core.system import TransitionSystem
from interlock.core.verdict import ExploreStats, Holds, NoneUpTo, Proved, Violated
from interlock.engines.conclusions import FIRST, METHOD, Conclusions
from interlock.engines.evaluate import Unsupported
from interlock.engines.explore import Exploration
from interlock.engines.graph import Clock
from interlock.engines.protocol import Found, Limits

Which = OneOf["auto", "native", "reference"]
"""Which explorer explores; `auto` begins with the reference and goes on with the native one."""

_GLANCE_STATES = 1000
_GLANCE_SECONDS = 0.5


class Run(Protocol):
    """One exploration: verdicts as they come, and how far it went."""

    def judge(self) -> Iterator[Found]:
        """Yield (property, verdict) for every named property, once each."""
        ...

    def stats(self) -> ExploreStats:
        """What was explored so far."""
        ...


@dataclass(frozen=True)
class Explorer:
    """Explores finite scopes, as an engine; it stops early once every property is settled."""

    name: str = METHOD

    def judge(self, system: TransitionSystem, properties: Sequence[str], limits: Limits) -> Iterator[Found]:
        """Yield each property's verdict."""
        yield from Explorations(system, properties, limits).judge()


class Explorations:
    """One run over one system by the explorer, or explorers, that suit it.

    With `measure` it goes on to the end of the scope, with `first` only until something is violated.
    """

    def __init__(
        self,
        system: TransitionSystem,
        names: Sequence[str],
        limits: Limits,
        *,
        measure: bool = False,
        which: Which = "auto",
        first: bool = False,
    ) -> None:
        self._system = system
        self._names = tuple(dict.fromkeys(names))
        self._limits = limits
        self._measure = measure
        self._which = which
        self._first = first
        self._run: Run = Exploration(system, (), replace(limits, states=1))

    def judge(self) -> Iterator[Found]:
        """Yield (property, verdict) for every named property, once each."""
        open_names = dict.fromkeys(self._names)
        for name, verdict in self._all():
            del open_names[name]
            yield name, verdict
            if self._first and isinstance(verdict, Violated):
                break
        conclude = Conclusions("", Clock(self._limits.total_seconds))
        yield from ((name, conclude.cut_short(self.stats().depth, FIRST)) for name in open_names)

    def _all(self) -> Iterator[Found]:
        open_names = list(self._names)
        clock = Clock(self._limits.total_seconds)
        if self._which == "auto" and not self._limits.checkpoint:  # which is of a search for all properties
            for name, verdict in self._glance():
                open_names.remove(name)
                yield name, verdict
            if not open_names and (self._run.stats().complete or not self._measure):
                return
        if self._which != "reference":
            try:
                for name, verdict in self._natively(open_names):
                    open_names.remove(name)
                    yield name, verdict
            except Unsupported as reason:
                if self._which == "native":
                    yield from self._refused(open_names, str(reason))
                    return
                self._limits.progress(f"explored without compiling: {reason}")
            else:
                return
        left = replace(self._limits, total_seconds=max(0.0, clock.seconds - clock.spent))
        self._run = Exploration(self._system, open_names, left, measure=self._measure)
        yield from self._run.judge()

    def stats(self) -> ExploreStats:
        """What was explored so far."""
        return self._run.stats()

    def _glance(self) -> Iterator[Found]:
        """What the reference settles at once: all of it, or the violations that are near."""
        limits = self._limits
        states = min(_GLANCE_STATES, limits.states or _GLANCE_STATES)
        seconds = min(_GLANCE_SECONDS, limits.total_seconds)
        within = replace(limits, states=states, total_seconds=seconds)
        self._run = glance = Exploration(self._system, self._names, within, measure=self._measure)
        found = list(glance.judge())
        final = states == limits.states or seconds == limits.total_seconds
        settling = Violated | Proved | Holds | NoneUpTo if glance.stats().complete else Violated | Proved
        for name, verdict in found:
            if final or isinstance(verdict, settling):  # a glance at all states may leave no time for the rest
                yield name, verdict

    def _natively(self, names: Sequence[str]) -> Iterator[Found]:
        from interlock.engines.native.explorer import NativeExploration

        self._run = NativeExploration(self._system, names, self._limits, measure=self._measure, first=self._first)
        yield from self._run.judge()

    def _refused(self, names: Sequence[str], reason: str) -> Iterator[Found]:
        conclude = Conclusions("", Clock(self._limits.total_seconds))
        yield from ((name, conclude.unknown(reason)) for name in names)
