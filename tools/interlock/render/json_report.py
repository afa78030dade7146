"""Reports as JSON, schema version 1; docs/json.md is its description."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TypeAlias

from interlock.core.diagnostic import Diagnostic
from interlock.core.source import Span
from interlock.core.term import Symbol, Value
from interlock.core.trace import State, Trace, show_value
from interlock.core.types import SortType
from interlock.core.verdict import Holds, NoneUpTo, NotInductive, Proved, Unknown, Verdict, Violated, WalkStats
from interlock.engines.coverage import Coverage
from interlock.engines.grow import Round
from interlock.engines.judge import Judgement
from interlock.render.facts import Names
from interlock.report import FileReport

SCHEMA = "interlock-report/1"
"""Name and version of the schema.  A field may be added within a version; none changes its meaning or goes away."""

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def text_of_reports(
    reports: Sequence[FileReport], problems: Sequence[Diagnostic], *, tool: str, interrupted: bool, times: bool
) -> str:
    """The whole document, ending in a line break; `problems` are those of no one file, such as a missing path."""
    document: Json = {
        "schema": SCHEMA,
        "tool": tool,
        "ok": not interrupted and not any(p.is_error for p in problems) and all(report.ok for report in reports),
        "interrupted": interrupted,
        "diagnostics": [json_of_diagnostic(p) for p in problems],
        "files": [_file(report, times=times) for report in reports],
    }
    return json.dumps(document, indent=2) + "\n"


def _file(report: FileReport, *, times: bool) -> Json:
    names = Names(report.system, verbose=True) if report.system else None
    exploration: Json = None
    if report.stats is not None:
        exploration = {
            "states": report.stats.states,
            "transitions": report.stats.transitions,
            "depth": report.stats.depth,
            "complete": report.stats.complete,
            "seconds": _time(report.stats.seconds, times=times),
            "taken": dict[str, Json](report.stats.actions),
            "rate": round(report.stats.rate) if times else None,
            "memory": (report.stats.memory or None) if times else None,
            "reductions": list(report.stats.reductions),
            "exact": True,
        }
    return {
        "path": report.path,
        "module": report.system.name if report.system else None,
        "ok": report.ok,
        "ending": report.ending,
        "scope": dict[str, Json](report.scope),
        "seconds": _time(report.seconds, times=times),
        "diagnostics": [json_of_diagnostic(d) for d in report.diagnostics],
        "properties": [_property(j, names, times=times) for j in report.judgements] if names else [],
        "exploration": exploration,
        "growth": [_round(one, times=times) for one in report.rounds],
        "simulation": None if report.walks is None else _walks(report.walks, times=times),
        "coverage": None if report.coverage is None else _coverage(report.coverage),
    }


def _round(one: Round, *, times: bool) -> Json:
    return {
        "scope": dict[str, Json](one.sizes),
        "states": one.stats.states,
        "depth": one.stats.depth,
        "complete": one.stats.complete,
        "violated": list(one.violated),
        "seconds": _time(one.stats.seconds, times=times),
    }


def _walks(walks: WalkStats, *, times: bool) -> Json:
    return {
        "runs": walks.runs,
        "steps": walks.steps,
        "longest": walks.longest,
        "depth": walks.depth,
        "distinct_estimate": walks.distinct,
        "seed": walks.seed,
        "seconds": _time(walks.seconds, times=times),
        "rate": round(walks.rate) if times else None,
        "taken": dict[str, Json](walks.actions),
        "not_compiled": walks.interpreted or None,
        "initial_states_used": walks.starts,
    }


def _coverage(coverage: Coverage) -> Json:
    return {
        "states": coverage.states,
        "complete": coverage.complete,
        "dead": [{"step": d.step, "method": d.method, "bound": d.bound or None} for d in coverage.dead],
        "vacuous": [
            {
                "property": v.property,
                "condition": v.condition or None,
                "unchanging": list(v.unchanging),
                "method": v.method,
                "bound": v.bound or None,
            }
            for v in coverage.vacuous
        ],
        "unseen": list(coverage.unseen),
    }


def json_of_diagnostic(diagnostic: Diagnostic) -> Json:
    """One diagnostic with its places."""
    return {
        "code": diagnostic.code.name,
        "severity": diagnostic.code.severity,
        "message": diagnostic.message,
        "fix": diagnostic.fix or None,
        "path": diagnostic.span.source.path if diagnostic.span else diagnostic.path or None,
        "place": _place(diagnostic.span),
        "labels": [{"text": label.text, "place": _place(label.span)} for label in diagnostic.labels],
    }


def _place(span: Span | None) -> Json:
    if span is None:
        return None
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(span.end)
    return {
        "path": span.source.path,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
    }


def _property(judgement: Judgement, names: Names, *, times: bool) -> Json:
    verdict = judgement.verdict
    cti = verdict.cti if isinstance(verdict, NotInductive) else judgement.cti
    trace = _trace_of(verdict)
    return {
        "name": judgement.name,
        "kind": judgement.kind,
        "line": judgement.line,
        "doc": judgement.doc or None,
        "verdict": verdict.kind,
        "expected": judgement.expected,
        "ok": judgement.ok,
        "method": verdict.method,
        "bound": verdict.bound or None,
        "seconds": _time(verdict.seconds, times=times),
        "reason": verdict.reason if isinstance(verdict, Unknown) else None,
        "notes": list(judgement.notes),
        "trace": json_of_trace(trace, names) if trace else None,
        "cti": json_of_trace(cti, names) if cti else None,
    }


def _trace_of(verdict: Verdict) -> Trace | None:
    match verdict:
        case Proved() | Violated():
            return verdict.trace
        case Holds() | NoneUpTo() | NotInductive() | Unknown():
            return None


def json_of_trace(trace: Trace, names: Names) -> Json:
    """A run: its first state in full, then each step with what it changed."""
    steps: list[Json] = []
    before = trace.initial
    for step in trace.steps:
        steps.append(
            {
                "action": step.action,
                "actor": names.actor(step),
                "label": names.label(step) or None,
                "args": {name: show_value(value, type_) for name, value, type_ in step.args},
                "picked": {name: show_value(value, type_) for name, value, type_ in step.witnesses},
                "changes": [
                    {**_entry(symbol, key), "before": _value(symbol, old), "after": _value(symbol, new)}
                    for symbol, key, old, new in names.changes(before, step.after)
                ],
            }
        )
        before = step.after
    return {
        "sizes": dict[str, Json](trace.initial.sizes),
        "initial": _state(trace.initial, names),
        "steps": steps,
        "loop": trace.loop,
        "reason": trace.reason or None,
    }


def _state(state: State, names: Names) -> Json:
    return [
        {**_entry(symbol, key), "value": _value(symbol, value)}
        for symbol in names.system.symbols
        if symbol in state.tables
        for key, value in state.tables[symbol].items()
    ]


def _entry(symbol: Symbol, key: Sequence[Value]) -> dict[str, Json]:
    args: list[Json] = [show_value(value, type_) for value, type_ in zip(key, symbol.params, strict=True)]
    return {"symbol": symbol.name, "args": args}


def _value(symbol: Symbol, value: Value) -> Json:
    """Truth values and numbers as themselves, none as null, elements and enum members by name."""
    if value is None or isinstance(value, bool):
        return value
    plain = getattr(symbol.result, "of", symbol.result)
    return show_value(value, symbol.result) if isinstance(plain, SortType) else value


def _time(seconds: float, *, times: bool) -> Json:
    return round(seconds, 3) if times else None
