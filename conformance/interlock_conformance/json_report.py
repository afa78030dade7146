"""Conformance runs as JSON; docs/conformance.md describes the document."""

from __future__ import annotations

import json
from collections.abc import Sequence

from interlock_conformance.judging.coverage import Coverage
from interlock_conformance.matrix import Row
from interlock_conformance.verdict import Breaks, ConformanceVerdict, Conforms, Undecided

SCHEMA = "interlock-conformance/1"


def text_of_rows(rows: Sequence[Row], tool: str, *, interrupted: bool = False) -> str:
    """All candidates in one document; what was known of them when an interrupt came."""
    document = {
        "schema": SCHEMA,
        "tool": tool,
        "ok": not interrupted and all(row.as_expected for row in rows),
        "interrupted": interrupted,
        "candidates": [
            {
                "candidate": row.reference,
                "must_break": row.breaks,
                "ok": row.as_expected,
                "coverage": _coverage(row.coverage),
                "runs": [{"workload": workload, **_verdict(verdict)} for workload, verdict in row.verdicts],
            }
            for row in rows
        ],
    }
    return json.dumps(document, indent=2)


def _coverage(coverage: Coverage) -> dict[str, object]:
    """By kind of things, what was exercised and what was not."""
    return {
        part.what: {"exercised": [t for t in part.everything if t in part.exercised], "missed": list(part.missed)}
        for part in coverage.parts
    }


def _verdict(verdict: ConformanceVerdict) -> dict[str, object]:
    match verdict:
        case Conforms():
            return {
                "verdict": "conforms",
                "exhausted": verdict.exhausted,
                "bound": verdict.bound,
                "executions": verdict.executions,
                "judged": list(verdict.judged),
                "not_judged": [{"property": n.property, "reason": n.reason} for n in verdict.not_judged],
                "warnings": list(verdict.warnings),
            }
        case Breaks():
            return {
                "verdict": "breaks",
                "property": verdict.property,
                "message": verdict.message,
                "clause": verdict.clause or None,
                "token": verdict.token,
                "preemptions": verdict.preemptions,
                "executions": verdict.executions,
                "steps": [
                    {"operation": e.thread, "kind": e.kind, "object": e.object, "detail": e.detail, "line": e.line}
                    for e in verdict.events
                ],
            }
        case Undecided():
            return {"verdict": "undecided", "reason": verdict.reason, "executions": verdict.executions}
