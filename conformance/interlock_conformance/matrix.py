"""Candidates and properties as a table: what each candidate keeps and breaks, over all workloads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from interlock_conformance.judging.coverage import Coverage, together
from interlock_conformance.verdict import Breaks, ConformanceVerdict, Conforms, Undecided


@dataclass(frozen=True, slots=True)
class Row:
    """One candidate: its verdicts, each with its workload; `breaks` is the property that must catch it, if one must."""

    reference: str
    breaks: str | None
    verdicts: tuple[tuple[str, ConformanceVerdict], ...]

    @property
    def as_expected(self) -> bool:
        """Whether it conforms on every workload; for one that must be caught, whether it was, on that property."""
        if self.breaks is None:
            return all(isinstance(verdict, Conforms) for _, verdict in self.verdicts)
        return any(isinstance(verdict, Breaks) and verdict.property == self.breaks for _, verdict in self.verdicts)

    @property
    def coverage(self) -> Coverage:
        """What all its workloads have exercised between them."""
        return together([v.coverage for _, v in self.verdicts if not isinstance(v, Undecided) and v.coverage])


def lines_of_coverage(coverage: Coverage) -> list[str]:
    """What was exercised and what was not, a line for each kind of things."""
    return ["exercised", *(f"  {part}" for part in coverage.parts)] if coverage.parts else []


def legend(rows: Sequence[Row]) -> str:
    """What the marks say."""
    verdicts = [verdict for row in rows for _, verdict in row.verdicts]
    bounds = dict.fromkeys(v.bound for v in verdicts if isinstance(v, Conforms) and v.exhausted)
    covered = f"+ kept in {' or '.join(bounds)} of all workloads, " if bounds else ""
    return f"{covered}(+) kept in those that were run, - broken, ? not decided, blank: not judged"


def mark(row: Row, property_: str) -> str:
    """What is known of one property of one candidate, over all its workloads."""
    known = [_mark_of(verdict, property_) for _, verdict in row.verdicts]
    return next((sign for sign in ("-", "?", "(+)", "+") if sign in known), "")


def _mark_of(verdict: ConformanceVerdict, property_: str) -> str:
    match verdict:
        case Breaks():
            return "-" if verdict.property == property_ else ""
        case Undecided():
            return "?"
        case Conforms():
            if property_ not in verdict.judged:
                return ""
            return "+" if verdict.exhausted else "(+)"


def properties(rows: Sequence[Row]) -> tuple[str, ...]:
    """What is judged anywhere, in the order of the specification, then the rules of the runtime that were broken."""
    verdicts = [verdict for row in rows for _, verdict in row.verdicts]
    judged = [name for verdict in verdicts if isinstance(verdict, Conforms) for name in verdict.judged]
    broken = [verdict.property for verdict in verdicts if isinstance(verdict, Breaks)]
    return tuple(dict.fromkeys((*judged, *broken)))


def lines_of_matrix(rows: Sequence[Row]) -> list[str]:
    """The table, one line for each property and one column for each candidate: the names of candidates are numbered."""
    names = properties(rows)
    width = max((len(name) for name in names), default=0)
    lines = [f"{number:3}  {row.reference}{_wanted(row)}" for number, row in enumerate(rows, 1)]
    lines += ["", f"{'':{width}} {''.join(f'{number:>5}' for number in range(1, len(rows) + 1))}"]
    lines += [f"{name:{width}} {''.join(f'{mark(row, name):>5}' for row in rows)}" for name in names]
    exercised = lines_of_coverage(together([row.coverage for row in rows if row.breaks is None]))
    if exercised:
        exercised = ["", "exercised by those that must conform", *exercised[1:]]
    return [*(line.rstrip() for line in lines), "", legend(rows), *exercised]


def _wanted(row: Row) -> str:
    as_expected = "" if row.as_expected else "   NOT AS EXPECTED"
    return (f"   (must break {row.breaks})" if row.breaks else "") + as_expected
