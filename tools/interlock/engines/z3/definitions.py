"""The order in which initial values can be computed."""

from __future__ import annotations

from interlock.core.rewrite import symbols_of
from interlock.core.system import TransitionSystem, Update
from interlock.core.term import Symbol


def in_order(system: TransitionSystem) -> list[Update]:
    """The initial values, each after those that it reads; ValueError where one is defined by itself."""
    values = {update.symbol: update for update in system.initial_values}
    done: dict[Symbol, Update] = {}

    def visit(symbol: Symbol, path: frozenset[Symbol]) -> None:
        if symbol in done or symbol not in values:
            return
        if symbol in path:
            raise ValueError(f"the initial value of {symbol.name} is defined by itself")
        for needed in sorted(symbols_of(values[symbol].value), key=lambda s: s.name):
            visit(needed, path | {symbol})
        done[symbol] = values[symbol]

    for symbol in values:
        visit(symbol, frozenset())
    return list(done.values())
