"""What was measured, as a table of Markdown, and whether all tools said the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from peers.case import Case
from peers.measure import Run
from peers.peer import Outcome

HEADER = ("model", "tool", "states", "wall s", "states/s", "peak MB", "time / Interlock", "remark")


@dataclass(frozen=True)
class Row:
    """One tool on one case: the runs, and what it said; `failed` says why it said nothing."""

    case: Case
    tool: str
    runs: tuple[Run, ...]
    outcome: Outcome | None
    failed: str = ""

    @property
    def seconds(self) -> float:
        """The median of the runs."""
        return median(run.seconds for run in self.runs)

    @property
    def peak(self) -> int:
        """The greatest memory of any run, in bytes."""
        return max(run.peak for run in self.runs)


def complaint(row: Row) -> str:
    """How the outcome differs from what the case knows; empty where it does not."""
    if row.outcome is None:
        return row.failed
    if row.case.counterexample is not None:
        length = row.outcome.counterexample
        found = "nothing" if length is None else f"{length} steps"
        return "" if length == row.case.counterexample else f"found {found}, not {row.case.counterexample}"
    if row.outcome.counterexample is not None:
        return f"violated after {row.outcome.counterexample} steps"
    return "" if row.outcome.states == row.case.states else f"differs: not {row.case.states:,} states"


def quarrels(rows: Sequence[Row]) -> list[str]:
    """Cases for which two tools told different numbers of transitions, or different depths, for the same states."""
    found: list[str] = []
    for case in dict.fromkeys(row.case for row in rows if row.case.counterexample is None):
        outcomes = {row.tool: row.outcome for row in rows if row.case == case and row.outcome is not None}
        transitions = {tool: said.transitions for tool, said in outcomes.items() if said.transitions is not None}
        depths = {tool: said.depth for tool, said in outcomes.items() if said.depth is not None}
        for what, numbers in (("transitions", transitions), ("depth", depths)):
            if len(set(numbers.values())) > 1:
                told = ", ".join(f"{tool} {said:,}" for tool, said in numbers.items())
                found.append(f"{case.title}: {what} differ: {told}")
    return found


def render(rows: Sequence[Row]) -> str:
    """The table.  The last numbers are how many times as long as Interlock a tool takes; a failed run has none."""
    ours = {row.case: row.seconds for row in rows if row.tool == "Interlock" and row.outcome is not None}
    cells = [HEADER, *(_cells(row, ours.get(row.case)) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADER))]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in cells
    ]
    return "\n".join([lines[0], rule, *lines[1:]])


def _cells(row: Row, ours: float | None) -> tuple[str, ...]:
    remark = complaint(row)
    if row.outcome is None:
        return (row.case.title, row.tool, "", "", "", "", "", remark)
    if row.case.counterexample is not None and not remark:
        remark = f"{row.outcome.counterexample} steps"
    return (
        row.case.title,
        row.tool,
        f"{row.outcome.states:,}",
        f"{row.seconds:.2f}",
        f"{row.outcome.states / row.seconds:,.0f}",
        f"{row.peak / 2**20:,.0f}",
        "" if ours is None else f"{row.seconds / ours:.2f}",
        remark,
    )
