"""Whether a run of a candidate is a run of a specification: the states that explain it so far are kept.

The specification may do one of many things where the candidate shows little, so a set of states is kept.  A step of
the candidate that changes what is observed must be one step of the specification; one that changes nothing is none.
Before it, the specification may take any number of steps that change nothing that is observed.  The set is never
guessed or sampled; where it becomes empty, the candidate has done what the specification does not do.

A state that breaks an invariant of the specification explains nothing.  All answers are remembered: once it has been
asked, a step costs two look-ups.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from itertools import product
from typing import TypeAlias

from interlock.core.show import show_term
from interlock.core.system import TransitionSystem
from interlock.core.term import App, Literal, Symbol, Value
from interlock.core.trace import element_prefix, show_value
from interlock.engines.evaluate import Packed, Unsupported
from interlock.engines.traces.explaining import Explainer
from interlock.engines.traces.vocabulary import Claim, Move, Seen
from interlock_conformance.binding import Abstraction, AbstractionError
from interlock_conformance.judging.monitor import Monitor, Observed
from interlock_conformance.judging.nearest_steps import nearest_steps
from interlock_conformance.scheduling.machine import Breach

Place: TypeAlias = int
"""A set of states that explain a run so far; the numbers are those of one `Refinement`."""

Sight: TypeAlias = int
"""What is seen of a state; the numbers, too, are those of one `Refinement`."""

MOST = 20_000
"""States that may explain a run at once."""


class TooManyStates(Exception):  # noqa: N818 - a limit, not a mistake
    """More states explain a run than may be kept; the message says how many."""


def refinement_of(system: TransitionSystem) -> str:
    """The property that a run is one of the system, named as in specifications: `refinement.list_lru.abstract`."""
    return f"refinement.{system.name}"


class Refinement:
    """One specification that runs must refine, over one choice of sizes.

    `abstraction` says what it observes; without it, it is the specification that judges, and what is observed of that
    is observed here.
    """

    def __init__(
        self,
        system: TransitionSystem,
        abstraction: Abstraction | None,
        monitor: Monitor,
        sizes: Mapping[str, int],
        most: int = MOST,
    ) -> None:
        self.property = refinement_of(system)
        self.system = system
        self.taken: set[int] = set()
        """The transitions that explain some step of some run."""
        self._abstraction, self._monitor, self._most = abstraction, monitor, most
        own = sizes if abstraction is None else abstraction.sizes
        self._explainer = Explainer(system, {sort.name: own.get(sort.name, 1) for sort in system.sorts})
        self._updated = tuple(frozenset(u.symbol for u in t.updates) for t in system.transitions)
        self._symbols: tuple[Symbol, ...] | None = None
        self._sights: dict[tuple[int, Hashable], Sight] = {}
        self._sight_of: dict[Seen, Sight] = {}
        self._seen: list[Seen] = []
        self._starts: dict[Sight, Place | Breach] = {}
        self._places: dict[tuple[frozenset[Packed], Sight], Place] = {}
        self._at: list[tuple[frozenset[Packed], Sight]] = []
        self._steps: list[dict[Sight, Place | Breach]] = []
        self._ahead: dict[Place, tuple[Packed, ...]] = {}

    def see(self, state: int, history: Hashable) -> Sight:
        """What the specification sees of a state, of which `state` is the monitor's number.

        AbstractionError where that is nothing that it knows.
        """
        question = (state, history)
        sight = self._sights.get(question)
        if sight is None:
            seen = self._see(self._monitor.met(state), history)
            sight = self._sights[question] = self._sight_of.setdefault(seen, len(self._seen))
            self._seen += [seen] * (sight == len(self._seen))
        return sight

    def start(self, sight: Sight) -> Place | Breach:
        """The initial states in which things are as they are seen, or why there are none."""
        if sight not in self._starts:
            self._starts[sight] = self._start(sight)
        return self._starts[sight]

    def after(self, place: Place, sight: Sight) -> Place | Breach:
        """The states that explain the run when things are seen in another way than before, or why there are none."""
        known = self._steps[place]
        if sight not in known:
            known[sight] = self._after(place, sight)
        return known[sight]

    # What is seen

    def _see(self, observed: Observed, history: Hashable) -> Seen:
        tables = {symbol.name: table for symbol, table in self._monitor.tables(observed).items()}
        abstraction = self._abstraction
        if abstraction is None:
            shown: Mapping[str, Mapping[tuple[Value, ...], Value]] = tables
        else:

            def look(name: str, *args: Value) -> Value:
                return tables[name][args]

            shown = abstraction.tables(look, history)
        found: list[tuple[Symbol, tuple[Value, ...], Value]] = []
        layout = self._explainer.model.layout
        for symbol in self._shown(shown):
            domain, table = layout.domain(symbol.result), shown[symbol.name]
            rows = tuple(product(*(d.values for d in layout.blocks[symbol].domains)))
            strange = [row for row in table if row not in rows]
            if strange:
                raise AbstractionError(f"{symbol.name}{strange[0]} is told, and there is no such place in {self._name}")
            for row in rows:
                value = table.get(row, domain.values[0])
                if value not in domain.positions:
                    raise AbstractionError(f"{symbol.name}{row} is {value!r}, which is no {symbol.result} here")
                found.append((symbol, row, value))
        return tuple(found)

    def _shown(self, tables: Mapping[str, object]) -> tuple[Symbol, ...]:
        """The symbols that are observed, the same in every state."""
        if self._symbols is None:
            known = {symbol.name: symbol for symbol in self.system.symbols}
            unknown = [name for name in tables if name not in known]
            if unknown and self._abstraction is not None:
                raise Unsupported(f"{self._name} has no symbol `{unknown[0]}`")
            self._symbols = tuple(known[name] for name in tables if name in known)
        return self._symbols

    @property
    def _name(self) -> str:
        return self.system.name

    # Which states explain it

    def _start(self, sight: Sight) -> Place | Breach:
        seen = self._seen[sight]
        states = self._explainer.start(seen)
        if states:
            return self._place(states, sight)
        shown = [_told(entry) for entry in seen if entry[2] != _least(self._explainer, entry[0])]
        return Breach(self.property, f"no initial state of {self._name} has {', '.join(shown) or 'nothing'}")

    def _after(self, place: Place, sight: Sight) -> Place | Breach:
        states, old = self._at[place]
        if sight == old:
            return place
        before, seen = self._seen[old], self._seen[sight]
        if place not in self._ahead:
            self._ahead[place] = self._closed(states, before)
        closed = self._ahead[place]
        changed = frozenset(new[0] for new, old in zip(seen, before, strict=True) if new != old)
        moves = tuple(Move(index) for index, symbols in enumerate(self._updated) if changed <= symbols)
        found = self._reached(closed, Claim(moves, seen))
        return self._place(found, sight) if found else self._refused(closed, before, seen)

    def _closed(self, states: Iterable[Packed], seen: Seen) -> tuple[Packed, ...]:
        """The states, and those to which steps lead from them that change nothing of what is observed."""
        observed = frozenset(symbol for symbol, _, _ in seen)
        inner = tuple(Move(index) for index, symbols in enumerate(self._updated) if symbols - observed)
        found = dict.fromkeys(states)
        if not inner:
            return tuple(found)
        waiting, claim = list(found), Claim(inner, seen)
        while waiting:
            for after in self._reached((waiting.pop(),), claim):
                if after not in found:
                    found[after] = None
                    waiting.append(after)
            self._limit(len(found))
        return tuple(found)

    def _reached(self, states: Iterable[Packed], claim: Claim) -> dict[Packed, None]:
        explainer = self._explainer
        found: dict[Packed, None] = {}
        for state in states:
            for step in explainer.steps_to(state, claim):
                if explainer.break_of(state, step) is None:
                    found[step.after] = None
                    self.taken.add(step.transition)
            self._limit(len(found))
        return found

    def _limit(self, states: int) -> None:
        if states > self._most:
            raise TooManyStates(f"more than {self._most:,} states of {self._name} may explain a run")

    def _place(self, states: Iterable[Packed], sight: Sight) -> Place:
        here = (frozenset(states), sight)
        if here not in self._places:
            self._places[here] = len(self._at)
            self._at.append(here)
            self._steps.append({})
        return self._places[here]

    # Why none does

    def _refused(self, closed: tuple[Packed, ...], before: Seen, seen: Seen) -> Breach:
        changed = [new for new, old in zip(seen, before, strict=True) if new != old]
        nearest = nearest_steps(self._explainer, closed, tuple(changed), seen)
        message = f"no step of {self._name} leads to {', '.join(map(_told, changed))}"
        lines = [message, *(f"  nearest: {refusal}" for refusal in nearest), *self._other_names()]
        return Breach(self.property, "\n".join(lines), nearest[0].clause if nearest else "")

    def _other_names(self) -> list[str]:
        """What elements are, where they are not what their names say."""
        if self._abstraction is None:
            return []
        told = [
            f"{element} is {name}"
            for sort, names in self._abstraction.names.items()
            for number, name in enumerate(names)
            if (element := f"{element_prefix(sort)}{number}") != name
        ]
        return [f"  there, {', '.join(told)}"] if told else []


def _told(entry: tuple[Symbol, tuple[Value, ...], Value]) -> str:
    """One entry of a state in words: `live(lru0)`, `not live(lru0)`, `turn = LEFT`."""
    symbol, args, value = entry
    place = show_term(App(symbol, tuple(Literal(a, t) for a, t in zip(args, symbol.params, strict=True))))
    if isinstance(value, bool):
        return place if value else f"not {place}"
    return f"{place} = {show_value(value, symbol.result)}"


def _least(explainer: Explainer, symbol: Symbol) -> Value:
    return explainer.model.layout.domain(symbol.result).values[0]


__all__ = ["MOST", "Place", "Refinement", "Sight", "TooManyStates", "refinement_of"]
