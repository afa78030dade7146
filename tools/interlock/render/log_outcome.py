"""The judgement of a log, for a reader and as JSON (`interlock-trace/1`; docs/traces.md is its description)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import assert_never

from rich.text import Text

from interlock.core.diagnostic import Diagnostic
from interlock.core.system import TransitionSystem
from interlock.core.trace import State
from interlock.engines.traces.judging import Explained, NotExplained, Outcome, Undecided
from interlock.engines.traces.log import printable
from interlock.engines.traces.nearest import Refusal
from interlock.engines.traces.reading import Log
from interlock.engines.traces.vocabulary import Event
from interlock.render.facts import Names
from interlock.render.json_report import Json, json_of_diagnostic

SCHEMA = "interlock-trace/1"
"""Name and version of the schema.  A field may be added within a version; none changes its meaning or goes away."""

_WIDEST = 110
_MANY = 12


def lines_of_outcome(outcome: Outcome, log: Log, system: TransitionSystem, unit: str = "line") -> list[Text]:
    """The judgement in words; events are named by their `unit`."""
    match outcome:
        case Explained():
            held = f"{outcome.states} state{'s' * (outcome.states != 1)} at the end, {outcome.most} at most"
            text = f"explained: {system.name} has a run with {_events(outcome.events)} ({held})"
            return [Text.assemble((f"{log.path}: ", "bold"), (text, "green"))]
        case Undecided():
            where = f", before {unit} {outcome.line}" if outcome.line else ""
            text = f"unknown: {outcome.reason}; {outcome.explained:,} of {log.count:,} events are explained{where}"
            return [Text.assemble((f"{log.path}: ", "bold"), (text, "yellow"))]
        case NotExplained():
            return _not_explained(outcome, log, system, unit)
        case _:
            assert_never(outcome)


def _not_explained(outcome: NotExplained, log: Log, system: TransitionSystem, unit: str) -> list[Text]:
    legal = " that breaks nothing" if outcome.nearest and outcome.nearest[0].property else ""
    head = f"not explained: no run of {system.name}{legal} "
    if not outcome.stuck:
        lines = [Text.assemble((f"{log.path}: ", "bold"), (f"{head}begins like this", "bold red"))]
        return lines + [Text(f"  because {_broken(refusal)}") for refusal in outcome.nearest]
    goes = f"has more than the first {outcome.explained:,} of {log.count:,} events"
    number = outcome.stuck[0].line
    where = f"{log.path}:{number}" if unit == "line" else f"{log.path}, {unit} {number}"
    lines = [Text.assemble((f"{where}: ", "bold"), (head + goes, "bold red"))]
    lines += [_event(event, unit, "dim") for event in outcome.recent]
    lines += [_event(event, unit, "bold") for event in outcome.stuck[:_MANY]]
    if len(outcome.stuck) > 1:
        lines.append(Text("  None of these can be next, in whichever order they happened."))
    lines.append(Text("nearest in the specification:"))
    lines += [line for refusal in outcome.nearest for line in _refusal(refusal)]
    if outcome.state is not None:
        lines.append(Text(_so_far(outcome.states)))
        lines += _listed(state_in_words(outcome.state, system))
    lines.append(Text("possible there: " + (", ".join(outcome.possible) or "no step that the log would show")))
    renamed = [f"{own} is {printable(name)}" for own, name in log.elements.renamed()]
    return lines + (
        [Text("names: " + ", ".join(renamed[:_MANY]) + ", ..." * (len(renamed) > _MANY))] if renamed else []
    )


def _broken(refusal: Refusal) -> str:
    return f"it breaks {refusal.property}: {refusal.reason}" if refusal.property else refusal.reason


def _events(count: int) -> str:
    return "this one event" if count == 1 else f"all {count:,} events"


def _so_far(states: int) -> str:
    if states == 1:
        return "the state that explains the events before:"
    return f"one of {states:,} states that explain the events before:"


def _event(event: Event, unit: str, style: str) -> Text:
    shown = printable(event.text[:_WIDEST])
    return Text.assemble((f"  {unit} {event.line}  ", "blue"), (shown + "..." * (len(event.text) > _WIDEST), style))


def _refusal(refusal: Refusal) -> Iterator[Text]:
    if refusal.property:
        yield Text.assemble("  ", (refusal.step, "cyan"), f" breaks {refusal.property}: {refusal.reason}")
    elif refusal.clause:
        yield Text.assemble("  ", (refusal.step, "cyan"), f" needs `{refusal.clause}`")
        if refusal.reason:
            yield Text(f"      and {refusal.reason}")
    else:
        yield Text.assemble("  ", (refusal.step, "cyan"), f": {refusal.reason}")


def _listed(facts: Sequence[str]) -> list[Text]:
    more = [f"... and {len(facts) - _MANY} more"] if len(facts) > _MANY else []
    return [Text(f"  {fact}") for fact in (*facts[:_MANY], *more)] or [Text("  nothing of note")]


def state_in_words(state: State, system: TransitionSystem) -> list[str]:
    """Where processes are, and what is true in a state."""
    names = Names(system)
    told = [s for s in system.symbols if not s.name.endswith(".started") or names.process_of(s) is None]
    return [*names.places(state), *names.facts(state, told)]


def text_of_outcome(
    outcome: Outcome | None, log: Log | None, system: TransitionSystem | None, problems: Sequence[Diagnostic], tool: str
) -> str:
    """The whole document, ending in a line break."""
    return json.dumps(json_of_outcome(outcome, log, system, problems, tool), indent=2) + "\n"


def json_of_outcome(
    outcome: Outcome | None, log: Log | None, system: TransitionSystem | None, problems: Sequence[Diagnostic], tool: str
) -> dict[str, Json]:
    """The whole document; without an outcome, the problems say why there is none."""
    return {
        "schema": SCHEMA,
        "tool": tool,
        "ok": isinstance(outcome, Explained),
        "module": system.name if system else None,
        "log": log.path if log else None,
        "events": log.count if log else None,
        "sizes": dict[str, Json](log.elements.sizes) if log else {},
        "names": dict[str, Json](log.elements.renamed()) if log else {},
        "diagnostics": [json_of_diagnostic(problem) for problem in problems],
        **({} if outcome is None or system is None else _outcome(outcome, system)),
    }


def _outcome(outcome: Outcome, system: TransitionSystem) -> dict[str, Json]:
    match outcome:
        case Explained():
            return {"verdict": "explained", "explained": outcome.events, "states": outcome.states, "most": outcome.most}
        case Undecided():
            return {
                "verdict": "unknown",
                "explained": outcome.explained,
                "line": outcome.line or None,
                "reason": outcome.reason,
            }
        case NotExplained():
            return {
                "verdict": "not_explained",
                "explained": outcome.explained,
                "line": outcome.stuck[0].line if outcome.stuck else None,
                "stuck": [event.line for event in outcome.stuck],
                "states": outcome.states,
                "nearest": [
                    {
                        "step": refusal.step,
                        "clause": refusal.clause or None,
                        "property": refusal.property or None,
                        "reason": refusal.reason,
                    }
                    for refusal in outcome.nearest
                ],
                "state": [] if outcome.state is None else list[Json](state_in_words(outcome.state, system)),
                "possible": list[Json](outcome.possible),
            }
        case _:
            assert_never(outcome)
