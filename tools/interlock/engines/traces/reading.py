"""A log that can be judged: read once for its mistakes and its names, and then as often as it is judged.

The first reading tells every problem of the log before anything is judged, and finds how many elements it names; the
others make events of its lines, one at a time, so that a log need not fit into memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from interlock.core.diagnostic import Diagnostic
from interlock.core.system import TransitionSystem
from interlock.engines.traces.elements import Elements, Names, listed_names
from interlock.engines.traces.judging import Case
from interlock.engines.traces.log import MOST_PROBLEMS, Entry, Header, Item, Trouble
from interlock.engines.traces.log import place as place_in_log
from interlock.engines.traces.order import Stamps
from interlock.engines.traces.vocabulary import Event, Seen, Vocabulary

Items: TypeAlias = Callable[[], Iterable[Item]]
"""Begins a reading of a log."""

Place: TypeAlias = Callable[[Trouble, str, int, str], Diagnostic]
"""A trouble as a diagnostic: (trouble, path, line, text of the line)."""


@dataclass(frozen=True)
class Log:
    """A log without mistakes, in the terms of a system.

    `last` are the numbers of the last events of threads that have clocks; `order` says what orders the events.
    """

    path: str
    elements: Elements
    hidden: frozenset[int]
    initial: Seen
    count: int
    order: str
    last: Mapping[str, int]
    vocabulary: Vocabulary
    items: Items

    def case(self, *, invariants: bool = True) -> Case:
        """What is to be judged of this log."""
        named = {sort: numbers.values() for sort, numbers in self.elements.numbers.items()}
        system, sizes = self.vocabulary.system, self.elements.sizes
        return Case(system, sizes, self.hidden, self.initial, named, invariants)

    def events(self) -> Iterator[Event]:
        """The events, read anew."""
        for item in self.items():
            if isinstance(item, Entry):
                yield self.vocabulary.event(item, self.elements.value)


def open_log(
    system: TransitionSystem,
    path: str,
    items: Items,
    sizes: Mapping[str, int],
    *,
    hidden: Iterable[str] = (),
    fixed: Iterable[str] = (),
    place: Place = place_in_log,
) -> tuple[Log | None, tuple[Diagnostic, ...]]:
    """Read a log for the first time: what can be judged, or None and all (or the first few) of its problems.

    `hidden` are names of steps besides those of the header; sorts of `fixed` size do not grow to what the log names;
    `place` says where a problem is.
    """
    reading = _FirstReading(Vocabulary(system), path, place, Names(system), Stamps(), [])
    for item in items():
        if len(reading.problems) >= MOST_PROBLEMS:
            break
        reading.look(item)
    header = reading.header
    if not reading.stamps.count and not reading.problems:
        reading.tell(Trouble("E0956", "there is no event in the log"))
    try:
        unseen = reading.vocabulary.hidden((*header.hidden, *hidden))
        elements = reading.names.elements(sizes, fixed=fixed)
        initial = reading.vocabulary.seen(header.initial, elements.value)
    except Trouble as trouble:
        reading.tell(trouble)
        return None, tuple(reading.problems)
    if reading.problems:
        return None, tuple(reading.problems)
    stamps = reading.stamps
    log = Log(path, elements, unseen, initial, stamps.count, stamps.kind or "", stamps.last, reading.vocabulary, items)
    return log, ()


@dataclass
class _FirstReading:
    vocabulary: Vocabulary
    path: str
    place: Place
    names: Names
    stamps: Stamps
    problems: list[Diagnostic]
    header: Header = field(default_factory=Header)

    def look(self, item: Item) -> None:
        match item:
            case Diagnostic():
                self.problems.append(item)
            case Header():
                self._begin(item)
            case Entry():
                self._look(item)

    def _begin(self, header: Header) -> None:
        self.header = header
        try:
            self.names.listed = listed_names(self.vocabulary.system, header.sorts)
            self.vocabulary.hidden(header.hidden)
            self.vocabulary.seen(header.initial, self.names.value)
        except Trouble as trouble:
            self.tell(trouble, header.line)

    def _look(self, entry: Entry) -> None:
        try:
            self.vocabulary.event(entry, self.names.value)
        except Trouble as trouble:
            self.tell(trouble, entry.line, entry.text)
        wrong = self.stamps.add(entry.stamp)
        if wrong is not None:
            self.tell(Trouble("E0955", wrong, "sort the lines, or see docs/traces.md"), entry.line, entry.text)

    def tell(self, trouble: Trouble, line: int = 0, text: str = "") -> None:
        """Note a problem."""
        self.problems.append(self.place(trouble, self.path, line, text))
