"""States in words: what a table's entries are called, which of them a reader wants to see, and what a step changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from interlock.core.control import Control
from interlock.core.system import ProcessInfo, TransitionSystem
from interlock.core.term import Literal, Symbol, Value
from interlock.core.trace import State, Step, show_value
from interlock.core.types import BoolType, OptionType, Type

_BOOKKEEPING = ("owed", "visited")


@dataclass(frozen=True)
class Names:
    """How the states of one system are told to a reader.

    Program counters and the bookkeeping of walks are hidden unless `verbose`: the steps' own names already say where a
    process is, and nobody wrote those symbols.
    """

    system: TransitionSystem
    verbose: bool = False

    def process_of(self, symbol: Symbol) -> ProcessInfo | None:
        """The kind of process whose local (or program counter) the symbol is."""
        return Control(self.system.processes).owner(symbol)

    def hidden(self, symbol: Symbol) -> bool:
        """Whether the symbol is the tool's bookkeeping and not the author's."""
        if self.verbose:
            return False
        if any(symbol == process.pc for process in self.system.processes):
            return True
        return symbol.name.rsplit(".", 1)[-1] in _BOOKKEEPING and self.process_of(symbol) is not None

    def place(self, symbol: Symbol, key: Sequence[Value]) -> str:
        """One entry of a table: `slot(array0, id1)`, or `init(lru0).a` for a local."""
        shown = [show_value(value, type_) for value, type_ in zip(key, symbol.params, strict=True)]
        process = self.process_of(symbol)
        if process is None:
            return symbol.name + call(shown)
        count = len(process.params)
        local = symbol.name.removeprefix(f"{process.name}.")
        return f"{process.name}{call(shown[:count])}.{local}{call(shown[count:])}"

    def changes(self, before: State, after: State) -> Iterator[tuple[Symbol, tuple[Value, ...], Value, Value]]:
        """What a step changed, in the order of declaration: symbol, arguments, old and new value."""
        for symbol in self.system.symbols:
            if self.hidden(symbol) or symbol not in before.tables or symbol not in after.tables:
                continue
            old, new = before.tables[symbol], after.tables[symbol]
            for key in sorted(new, key=_order):
                if old.get(key) != new[key]:
                    yield symbol, key, old.get(key), new[key]

    def change_lines(self, before: State, after: State) -> list[str]:
        """`slot(array0, id1): none -> list2`, one line for each change."""
        return [
            f"{self.place(symbol, key)}: {show_value(old, symbol.result)} -> {show_value(new, symbol.result)}"
            for symbol, key, old, new in self.changes(before, after)
        ]

    def facts(self, state: State, symbols: Iterable[Symbol]) -> list[str]:
        """What is true of the symbols in a state, without what is false or none."""
        found: list[str] = []
        for symbol in symbols:
            if self.hidden(symbol) or symbol not in state.tables:
                continue
            for key, value in sorted(state.tables[symbol].items(), key=lambda item: _order(item[0])):
                if isinstance(symbol.result, BoolType):
                    if value:
                        found.append(self.place(symbol, key))
                elif value is not None:
                    found.append(f"{self.place(symbol, key)} = {show_value(value, symbol.result)}")
        return found

    def given(self, state: State) -> list[str]:
        """What is not fixed by the specification in an initial state: constants, and variables without a value."""
        fixed = {update.symbol for update in self.system.initial_values}
        return self.facts(state, [s for s in self.system.symbols if s not in fixed])

    def places(self, state: State, about: Iterable[Symbol] = ()) -> list[str]:
        """Where each process is that has begun: `init(lru0) is at create_mutex/publish`.

        Those that are done are listed where their program counter is among the symbols that it is `about`.
        """
        of_interest = set(about)
        starts = {u.symbol: u.value.value for u in self.system.initial_values if isinstance(u.value, Literal)}
        found: list[str] = []
        for process in self.system.processes:
            for key, location in sorted(state.tables.get(process.pc, {}).items(), key=lambda item: _order(item[0])):
                who = process.name + call([show_value(v, t) for v, t in zip(key, process.pc.params, strict=True)])
                if location == process.done:
                    found.extend([f"{who} is done"] if process.pc in of_interest else [])
                elif location != starts.get(process.pc):
                    found.append(f"{who} is at {path_of(process, str(location))}")
        return found

    def actor(self, step: Step) -> str:
        """Who takes a step: `activate(memcg1)`, or the action itself where no process does."""
        transition = self._transition(step)
        name = transition[0] or step.action
        return name + call([show_value(value, type_) for _, value, type_ in step.args])

    def label(self, step: Step) -> str:
        """Where the step is written: `scan/alloc_list`; empty for an action that happens by itself."""
        process_name, label = self._transition(step)
        return "" if process_name is None else label

    def values(self, step: Step, before: State) -> list[str]:
        """The values that the step picks, and the locals that it reads: `l = lru0`."""
        picked = [f"{name} = {show_value(value, type_)}" for name, value, type_ in step.witnesses]
        return picked + [fact for fact in self._locals_read(step, before) if fact not in picked]

    def _locals_read(self, step: Step, before: State) -> list[str]:
        process_name, _ = self._transition(step)
        process = next((p for p in self.system.processes if p.name == process_name), None)
        if process is None:
            return []
        key = tuple(value for _, value, _ in step.args)
        found: list[str] = []
        for symbol in self._reads(step.transition):
            own = symbol.name.startswith(f"{process.name}.") and len(symbol.params) == len(process.params)
            value = before.tables.get(symbol, {}).get(key)
            if own and not self.hidden(symbol) and _telling(value, symbol.result):
                local = symbol.name.removeprefix(f"{process.name}.")
                found.append(f"{local} = {show_value(value, symbol.result)}")
        return found

    def _reads(self, index: int) -> list[Symbol]:
        from interlock.core.rewrite import symbols_of

        if not 0 <= index < len(self.system.transitions):
            return []
        transition = self.system.transitions[index]
        terms = (transition.guard, *(update.value for update in transition.updates))
        read = frozenset[Symbol]().union(*(symbols_of(term) for term in terms))
        return [symbol for symbol in self.system.symbols if symbol in read]

    def _transition(self, step: Step) -> tuple[str | None, str]:
        if not 0 <= step.transition < len(self.system.transitions):
            return None, step.action
        transition = self.system.transitions[step.transition]
        return transition.process, transition.label


def path_of(process: ProcessInfo, location: str) -> str:
    """A location with the sections and loops around it, the widest first: `create_mutex/fill/alloc_list`."""
    around = sorted((len(places), name) for name, places in process.regions if location in places and name != location)
    return "/".join([*(name for _, name in reversed(around)), location])


def call(arguments: Sequence[str]) -> str:
    """Arguments in brackets; nothing where there are none."""
    return f"({', '.join(arguments)})" if arguments else ""


def _telling(value: Value, type_: Type) -> bool:
    """Whether a local's value is worth a word: an element, and not a flag or a number."""
    plain = type_.of if isinstance(type_, OptionType) else type_
    return value is not None and not isinstance(plain, BoolType)


def _order(key: Sequence[Value]) -> tuple[tuple[str, int, str], ...]:
    """A total order on arguments of mixed kinds."""
    return tuple((type(v).__name__, v if isinstance(v, int) else 0, str(v)) for v in key)
