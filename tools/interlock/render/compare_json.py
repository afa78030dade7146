"""Designs compared, as JSON, schema version 1; docs/compare.md is its description."""

from __future__ import annotations

import json
from collections.abc import Sequence

from interlock.compare import Design
from interlock.core.diagnostic import Diagnostic
from interlock.engines.costs.results import Cost, Study
from interlock.render.compare_overview import mark_of
from interlock.render.facts import Names
from interlock.render.json_report import Json, json_of_diagnostic
from interlock.render.traces import lines_of_run

SCHEMA = "interlock-comparison/1"
"""Name and version of the schema.  A field may be added within a version; none changes its meaning or goes away."""


def json_of_comparison(designs: Sequence[Design], complaints: Sequence[Diagnostic], *, tool: str) -> str:
    """The whole document, ending in a line break."""
    document: Json = {
        "schema": SCHEMA,
        "tool": tool,
        "diagnostics": [json_of_diagnostic(d) for d in complaints],
        "designs": [_design(design) for design in designs],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _design(design: Design) -> Json:
    study = design.study
    assert study is not None
    return {
        "path": design.path,
        "module": design.name,
        "summary": design.summary,
        "varied": list(study.varied),
        "exhausted": [dict[str, Json](point) for point in study.exhausted],
        "costs": [_cost(cost, study) for cost in study.costs],
        "locks": [
            {"operation": operation, "section": section}
            for operation, section in study.sections
            if (operation, section, "waiting") in study.countable
        ],
        "parallel": [
            {"operation": operation, "section": section or None, "possible": answer}
            for (operation, section), answer in study.parallel.items()
        ],
        "properties": [
            {
                "name": j.name,
                "mark": mark_of(j, design) or None,
                "kind": j.kind,
                "verdict": j.verdict.kind,
                "method": j.verdict.method,
                "bound": j.verdict.bound,
                "ok": j.ok,
            }
            for j in design.judgements
        ],
        "hidden": list(study.hidden),
        "trouble": study.trouble or None,
    }


def _cost(cost: Cost, study: Study) -> Json:
    process, section, kind = cost.key
    fit, largest = cost.fit, cost.largest
    run = None if largest is None else largest.measured.run
    of_heap = kind in ("at rest", "at most")
    return {
        "operation": process or None,
        "section": None if of_heap else section or None,
        "heap": section if of_heap else None,
        "kind": kind,
        "unbounded": cost.unbounded,
        "growth": None if fit is None else fit.growth,
        "formula": None if fit is None else str(fit),
        "terms": None if fit is None else [{"coefficient": str(c), "sorts": list(m)} for c, m in fit.terms],
        "at_least": None if cost.least is None else str(cost.least),
        "at_most": None if cost.most is None else str(cost.most),
        "grows_with": list(cost.grows_with),
        "samples": [
            {
                "sizes": dict[str, Json](s.sizes),
                "value": s.measured.value,
                "exact": s.measured.exact,
                "most": s.measured.most,
                "unbounded": s.measured.unbounded,
            }
            for s in cost.samples
        ],
        "run": None if run is None else [line.plain for line in lines_of_run(run, Names(study.system, verbose=False))],
    }
