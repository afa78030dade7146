"""How a specification speaks of control: `at(init(l), publish)`, `inside(init(l), fill)`, `done(init(l))`, `init(l).a`.

Lowering makes symbols of all of it: a program counter `init.pc(l)` whose value is a location, a variable `init.a(l)`
for each local, relations for walks.  Nobody wrote those, so nobody should have to read them; here they are told apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from interlock.core.system import ProcessInfo
from interlock.core.term import And, App, Eq, Literal, Not, Or, Symbol, Term

_OF_WALKS = ("owed", "visited")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A claim about a process, or one of its locals, as it is written.

    `word` is `at`, `inside`, `done`, `result`, `owed`, `visited`, or empty for the local `place`.  `app` is the
    application that it stands for: its first arguments are those of the process, as many as that has parameters.
    """

    word: str
    process: ProcessInfo
    app: App
    place: str = ""
    negated: bool = False


@dataclass(frozen=True)
class Control:
    """The kinds of processes of a system, and how what belongs to them is written."""

    processes: tuple[ProcessInfo, ...] = ()

    def owner(self, symbol: Symbol) -> ProcessInfo | None:
        """The kind of process whose local, walk or program counter the symbol is."""
        for process in self.processes:
            if symbol == process.pc:
                return process
        for process in self.processes:
            types = tuple(p.type for p in process.params)
            if symbol.name.startswith(f"{process.name}.") and symbol.params[: len(types)] == types:
                return process
        return None

    def counter(self, symbol: Symbol) -> ProcessInfo | None:
        """The kind of process whose program counter the symbol is."""
        return next((p for p in self.processes if p.pc == symbol), None)

    def phrase(self, term: Term) -> Phrase | None:
        """The phrase that says what the whole term says, if there is one."""
        match term:
            case App():
                return self._local(term)
            case Not():
                inner = self.phrase(term.arg)
                return None if inner is None or not inner.word else replace(inner, negated=not inner.negated)
            case Eq() | And() | Or():
                parts = self.parts((term,) if isinstance(term, Eq) else term.args, disjoint=not isinstance(term, And))
                return parts[0] if len(parts) == 1 and isinstance(parts[0], Phrase) else None
            case _:
                return None

    def parts(self, parts: Iterable[Term], *, disjoint: bool) -> tuple[Term | Phrase, ...]:
        """The parts of a disjunction (or conjunction) with neighbours that speak of one process put together.

        A disjunction of locations is a region, or a label that may be taken at several; a conjunction of locations
        where the process is not says the same of the others.
        """
        found: list[Term | Phrase] = []
        for thread, group in groupby(parts, lambda part: self._thread(part, negated=not disjoint)):
            if thread is None:
                found.extend(group)
            else:
                process = self.counter(thread.symbol)
                assert process is not None
                named = (self._location(part, negated=not disjoint) for part in group)
                places = {where[1] for where in named if where is not None}
                found.extend(self._places(process, thread, places, negated=not disjoint))
        return tuple(found)

    def _thread(self, part: Term, *, negated: bool) -> App | None:
        where = self._location(part, negated=negated)
        return None if where is None else where[0]

    def _location(self, part: Term, *, negated: bool) -> tuple[App, str] | None:
        """The program counter and the location of which the part claims that it is (not) there."""
        inner = part.arg if isinstance(part, Not) else part
        if isinstance(part, Not) != negated or not isinstance(inner, Eq):
            return None
        for left, right in ((inner.left, inner.right), (inner.right, inner.left)):
            if isinstance(left, App) and isinstance(right, Literal) and self.counter(left.symbol) is not None:
                return left, str(right.value)
        return None

    def _places(self, process: ProcessInfo, pc: App, places: set[str], *, negated: bool) -> Iterator[Phrase]:
        """That the process is at one of the places (or, negated, at none), in as few phrases as greed finds."""
        if negated:
            members = getattr(pc.symbol.result, "members", ())
            others = {m for m in members if m not in places}
            whole = next((p for p in _named(process) if len(p[2]) > 1 and p[2] == others), None)
            if whole is not None:
                yield Phrase(whole[0], process, pc, whole[1])
                return
        left = set(places)
        for word, name, covered in _named(process):
            if len(covered) > 1 and covered <= places and covered & left:
                left -= covered
                yield Phrase(word, process, pc, name, negated)
        for place in getattr(pc.symbol.result, "members", ()):
            if place in left:
                word = "done" if place == process.done else "at"
                yield Phrase(word, process, pc, "" if word == "done" else label_of(process, place), negated)

    def _local(self, app: App) -> Phrase | None:
        process = self.owner(app.symbol)
        if process is None:
            return None
        name = app.symbol.name.removeprefix(f"{process.name}.")
        walk, _, last = name.rpartition(".")
        if last in _OF_WALKS and walk:
            return Phrase(last, process, app, walk)
        return Phrase("result", process, app) if name == "result" else Phrase("", process, app, name)


def label_of(process: ProcessInfo, location: str) -> str:
    """What `at` calls a location: the label of the step there; the location's own name where that is none."""
    exact = [label for label, places in process.labels if places == (location,)]
    return location if location in exact or not exact else exact[0]


def _named(process: ProcessInfo) -> list[tuple[str, str, set[str]]]:
    """Regions, and labels of several locations, the largest first."""
    found = [("inside", name, set(places)) for name, places in process.regions]
    found += [("at", name, set(places)) for name, places in process.labels]
    return sorted(found, key=lambda named: -len(named[2]))
