"""The table that compares designs, as plain cells: what terminal, Markdown, JSON and HTML all show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from interlock.compare import Design
from interlock.core.trace import Trace
from interlock.engines.costs.quantities import OF_HOLDINGS, WHOLE, Key
from interlock.engines.costs.results import Cost, Sample, Study
from interlock.engines.costs.sections import ends

COLUMNS = ("steps", "allocations", "grace periods", "sleeps", "waiting", "two at once")
"""What is told of each holding, in this order."""

LEGEND = (
    "Each row is one holding of a lock by one operation, or the whole operation: the most that one thread does in it.",
    "`waiting`: the most steps that others take inside the lock while a thread stands before it and cannot enter.",
    "`two at once`: whether two threads of the kind can hold it, or be in the midst of the operation, together.",
    "A formula goes through every scope in which the cost is known; `at least` is what runs have, where it is not.",
)


@dataclass(frozen=True)
class Cell:
    """One number, or what is known of it: `text`, what it rests on, and a run that attains it."""

    text: str
    detail: str = ""
    run: Trace | None = None
    weight: float = 0.0
    """By what rows are sorted."""


@dataclass(frozen=True)
class Row:
    """One holding (or with an empty section the whole) of one operation of one design."""

    design: Design
    operation: str
    section: str
    cells: tuple[Cell, ...]

    @property
    def where(self) -> str:
        """The section, in words."""
        return self.section or "(whole operation)"


def rows_of(design: Design) -> list[Row]:
    """The rows of one design: the sections of each kind of process, and then the whole."""
    study = design.study
    if study is None:
        return []
    by_key = {cost.key: cost for cost in study.costs}
    rows: list[Row] = []
    for process in study.system.processes:
        names = [section for owner, section in study.sections if owner == process.name]
        for section in (*names, *([WHOLE] if ends(study.system, process) else [])):
            cells = [_counted(by_key, study, (process.name, section, kind)) for kind in OF_HOLDINGS]
            waiting: Key = (process.name, section, "waiting")
            cells.append(_counted(by_key, study, waiting) if section else Cell("", weight=-1))
            cells.append(_together(study.parallel.get((process.name, section))))
            rows.append(Row(design, process.name, section, tuple(cells)))
    return rows


def memory_of(design: Design) -> Iterator[tuple[str, Cell, Cell]]:
    """Each heap, with what lives at rest and what lives at most."""
    study = design.study
    costs = {} if study is None else {cost.key: cost for cost in study.costs}
    for _, heap, kind in costs:
        if kind == "at rest" and study is not None:
            yield heap, _counted(costs, study, ("", heap, kind)), _counted(costs, study, ("", heap, "at most"))


def _counted(costs: Mapping[Key, Cost], study: Study, key: Key) -> Cell:
    """A cost, in one line and in full."""
    cost = costs.get(key)
    if cost is None or cost.largest is None:
        return Cell("?", study.trouble or "not measured") if key in study.countable else Cell("0", "no step does it")
    largest = cost.largest
    run = largest.measured.run
    detail = "; ".join(f"{_scope(s.point)}{': ' if s.point else ''}{_known(s)}" for s in cost.samples)
    if cost.unbounded:
        return Cell("no bound", detail, run, float("inf"))
    value = float(largest.measured.value)
    if cost.fit is not None:
        return Cell(str(cost.fit), f"{cost.fit.growth}; {detail}", run, value)
    growing = f", grows with {', '.join(cost.grows_with)}" if cost.grows_with else ""
    least = "" if cost.least is None else f"at least {cost.least}"
    if cost.most is not None:
        text = f"{least}, at most {cost.most}" if least else f"at most {cost.most}{growing}"
        return Cell(text, detail, run, value)
    if least:
        return Cell(least, detail, run, value)
    at = f" at {_scope(largest.point)}" if largest.point else ""
    if not largest.measured.value and not largest.measured.exact:
        return Cell("?", f"no run has any; {detail}")
    known = "" if largest.measured.exact else "at least "
    return Cell(f"{known}{largest.measured.value}{at}{growing}", detail, run, value)


def _known(sample: Sample) -> str:
    """What is known of a cost in one scope."""
    measured = sample.measured
    if measured.unbounded:
        return "no bound"
    if measured.exact:
        return str(measured.value)
    return f"at least {measured.value}" + ("" if measured.most is None else f", at most {measured.most}")


def _together(answer: bool | None) -> Cell:
    match answer:
        case True:
            return Cell("yes", weight=1)
        case False:
            return Cell("no")
        case None:
            return Cell("", weight=-1)


def _scope(point: Mapping[str, int]) -> str:
    return ", ".join(f"{sort}={size}" for sort, size in point.items())


def short_names(designs: Sequence[Design]) -> dict[str, str]:
    """The designs' modules without what all of them begin with, by path."""
    parts = [design.name.split(".")[:-1] for design in designs]
    common = 0
    while parts and all(len(p) > common and p[common] == parts[0][common] for p in parts):
        common += 1
    return {design.path: ".".join(design.name.split(".")[common:]) for design in designs}


MARKS = {"proved": "+", "holds": "(+)", "violated": "-", "none_up_to": "?", "not_inductive": "?", "unknown": "?"}
"""A verdict in one sign."""

MARKS_LEGEND = (
    "+ proved for any size, (+) holds in the scope, - refuted, ? not known, ! not as expected, "
    "blank: not a property of the design"
)


def outcome_of(design: Design) -> str:
    """All verdicts of a design in a few words."""
    kinds = [j.verdict.kind for j in design.judgements]
    words = (("proved", "proved"), ("holds", "hold in a scope"), ("violated", "refuted"))
    parts = [f"{kinds.count(kind)} {word}" for kind, word in words if kind in kinds]
    others = sum(kind not in ("proved", "holds", "violated") for kind in kinds)
    return ", ".join([*parts, *([f"{others} unknown"] if others else [])]) or "not judged"
