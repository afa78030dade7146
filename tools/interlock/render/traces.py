"""Counterexamples for somebody who knows the code and has never seen a prover."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from interlock.core.rewrite import symbols_of
from interlock.core.system import Property
from interlock.core.term import Symbol
from interlock.core.trace import State, Trace
from interlock.render.facts import Names

_MANY = 12
_WIDEST = 110
_COLUMNS = 6
_ITSELF = "by itself"


def lines_of_run(trace: Trace, names: Names) -> list[Text]:
    """A run from an initial state: numbered steps, what each changed, and why the end is wrong."""
    lines = [_note("initially", _shorten(names.given(trace.initial), names))] if names.given(trace.initial) else []
    before = trace.initial
    width = len(str(len(trace.steps)))
    for number, step in enumerate(trace.steps, start=1):
        title = Text.assemble((f"  {number:>{width}}  ", "dim"), (names.actor(step), "bold cyan"))
        label = names.label(step)
        if label:
            title.append(f" {label}", "bold")
        values = names.values(step, before)
        if values:
            title.append("   " + "  ".join(values), "dim")
        lines.append(title)
        changes = names.change_lines(before, step.after)
        lines.extend(_indented(_shorten(changes, names), width + 8))
        before = step.after
        if trace.loop == number < len(trace.steps):
            lines.append(Text("  -- from here the run repeats for ever --", "yellow"))
    if trace.loop == len(trace.steps):
        lines.append(Text("  and stays there for ever", "yellow"))
    elif trace.loop is not None:
        back = "the initial state" if trace.loop == 0 else f"the state after step {trace.loop}"
        lines.append(Text(f"  and back to {back}, for ever", "yellow"))
    lines.extend(_reason(trace.reason))
    return lines


def lines_of_interleaving(trace: Trace, names: Names) -> list[Text]:
    """Who did what, one column for each process and one for what happens by itself.

    Nothing where the numbered steps say it as well: one process, two steps, or no room for all columns.
    """
    cells: list[tuple[str, str]] = []
    for step in trace.steps:
        label = names.label(step)
        cells.append((names.actor(step), label) if label else (_ITSELF, names.actor(step)))
    if len(cells) < 3 or len({who for who, _ in cells if who != _ITSELF}) < 2:
        return []
    actors = list(dict.fromkeys(actor for actor, _ in cells))
    widths = {actor: max(len(actor), *(len(label) for who, label in cells if who == actor)) for actor in actors}
    if len(actors) > _COLUMNS or sum(widths.values()) + 3 * len(actors) + 6 > _WIDEST:
        return []
    number = len(str(len(cells)))
    lines = [
        Text(" " * (number + 4) + "   ".join(actor.ljust(widths[actor]) for actor in actors).rstrip(), "bold cyan")
    ]
    started: set[str] = set()
    last = {actor: i for i, (actor, _) in enumerate(cells)}
    for index, (who, label) in enumerate(cells):
        started.add(who)
        row = "   ".join(
            (label if actor == who else "|" if actor in started and index < last[actor] else "").ljust(widths[actor])
            for actor in actors
        )
        lines.append(Text(f"  {index + 1:>{number}}  {row}".rstrip()))
    return lines


def lines_of_cti(cti: Trace, prop: Property | None, names: Names) -> list[Text]:
    """A counterexample to induction: the facts that matter before, the step, and what it changed."""
    lines = [Text("  not inductive: the state before may be unreachable", "yellow")]
    before = cti.initial
    relevant = _relevant(cti, prop, names)
    facts = _shorten([*names.places(before, relevant), *names.facts(before, relevant)], names)
    if not cti.steps:
        lines.append(_note("in a state with", facts) if facts else Text("  in a state where nothing has happened yet"))
        lines.extend(_reason(cti.reason))
        return lines
    step = cti.steps[0]
    lines.append(_note("before", facts))
    title = Text.assemble(("  step    ", "dim"), (names.actor(step), "bold cyan"))
    label = names.label(step)
    if label:
        title.append(f" {label}", "bold")
    values = names.values(step, before)
    if values:
        title.append("   " + "  ".join(values), "dim")
    lines.append(title)
    changes = names.change_lines(before, step.after)
    lines.append(_note("after", _shorten(changes or ["nothing that is shown changes"], names)))
    lines.extend(_reason(cti.reason))
    return lines


def _relevant(cti: Trace, prop: Property | None, names: Names) -> list[Symbol]:
    """Symbols of the property, of the step's guard and of what it changes, in the order of declaration."""
    wanted: set[Symbol] = set()
    if prop is not None:
        wanted |= symbols_of(prop.formula)
        for obligation in names.system.obligations:
            if obligation.property == prop.name:
                wanted |= symbols_of(obligation.condition) | symbols_of(obligation.reach)
    for step in cti.steps:
        if 0 <= step.transition < len(names.system.transitions):
            transition = names.system.transitions[step.transition]
            wanted |= symbols_of(transition.guard)
            wanted |= {u.symbol for u in transition.updates if _differs(u.symbol, cti.initial, step.after)}
    return [symbol for symbol in names.system.symbols if names.verbose or symbol in wanted]


def _differs(symbol: Symbol, before: State, after: State) -> bool:
    return before.tables.get(symbol) != after.tables.get(symbol)


def _note(head: str, facts: list[str]) -> Text:
    """A head and its facts, one line each, aligned."""
    pad = max(10, len(head) + 4)
    text = Text.assemble((f"  {head}".ljust(pad), "dim"), facts[0] if facts else "nothing of note")
    for fact in facts[1:]:
        text.append("\n" + " " * pad + fact)
    return text


def _indented(facts: Iterable[str], depth: int) -> list[Text]:
    return [Text(" " * depth + fact) for fact in facts]


def _shorten(facts: list[str], names: Names) -> list[str]:
    if names.verbose or len(facts) <= _MANY:
        return facts
    return [*facts[: _MANY - 1], f"... and {len(facts) - _MANY + 1} more (--verbose shows them)"]


def _reason(reason: str) -> list[Text]:
    if not reason:
        return []
    first, *rest = reason.strip().splitlines()
    return [
        Text.assemble(("  because ", "bold red"), first),
        *(Text("          " + line) for line in rest),
    ]
