"""How much was seen: the size of a state space that was explored, and what random runs have covered."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from interlock.core.verdict import ExploreStats, WalkStats
from interlock.engines.grow import Round


def lines_of_exploration(stats: ExploreStats, *, verbose: bool, times: bool) -> list[Text]:
    """The size of a state space, and what is never done in it."""
    how = "all" if stats.complete else "not all"
    text = f"  {stats.states} distinct states, {stats.transitions} transitions, depth {stats.depth} ({how} explored)"
    lines = [Text(f"{text}  {stats.seconds:.2f}s" if times else text, "dim")]
    effort = _effort(stats, verbose=verbose, times=times)
    if effort:
        lines.append(Text(f"  {effort}", "dim"))
    dead = [action for action, count in stats.actions if count == 0]
    if dead and stats.complete:
        lines.append(Text(f"  never taken in this scope: {', '.join(dead)}", "yellow"))
    if verbose:
        lines.extend(_actions(stats.actions))
    return lines


def lines_of_growth(rounds: Sequence[Round], *, times: bool) -> list[Text]:
    """A line for each scope that was explored, and how far it got."""
    if not rounds:
        return []
    head = ["scope", "states", "depth", *(["time"] if times else []), "outcome"]
    rows = [
        [
            shown_sizes(one),
            f"{one.stats.states:,}",
            str(one.stats.depth),
            *([f"{one.stats.seconds:.2f}s"] if times else []),
            _outcome(one),
        ]
        for one in rounds
    ]
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = [Text(_row(head, widths), "bold")]
    for row, one in zip(rows, rounds, strict=True):
        lines.append(Text(_row(row, widths), "red" if one.violated else "" if one.stats.complete else "yellow"))
    done = [one for one in rounds if one.stats.complete]
    shown = next((one for one in rounds if one.violated), None)
    if shown is not None:
        lines.append(Text(f"  the first scope that shows it: {shown_sizes(shown)}", "dim"))
    elif done:
        lines.append(Text(f"  the largest scope that was exhausted: {shown_sizes(done[-1])}", "dim"))
    return lines


def shown_sizes(one: Round) -> str:
    """A scope in words."""
    return ", ".join(f"{sort}={size}" for sort, size in one.sizes) or "no sorts"


def _outcome(one: Round) -> str:
    if one.violated:
        return f"violated: {', '.join(one.violated)}"
    if one.stats.complete:
        return "exhausted"
    return "not exhausted" if one.stats.states else "no state"


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    """The first and the last cell to the left, numbers to the right."""
    numbers = "".join(f"  {cell:>{width}}" for cell, width in zip(cells[1:-1], widths[1:-1], strict=True))
    return f"    {cells[0]:<{widths[0]}}{numbers}  {cells[-1]}"


def lines_of_walks(stats: WalkStats, *, verbose: bool, times: bool) -> list[Text]:
    """What random runs have covered, and what they have not."""
    text = f"  {stats.runs:,} random run{'s' * (stats.runs != 1)} of seed {stats.seed}, {stats.steps:,} steps"
    text += f", the longest {stats.longest}, about {stats.distinct:,} distinct states"
    lines = [Text(f"{text}  {stats.seconds:.2f}s, {stats.rate:,.0f} steps/s" if times else text, "dim")]
    if stats.interpreted:
        lines.append(Text(f"  made by the evaluator, which is slow: {stats.interpreted}", "yellow"))
    if stats.starts is not None:
        lines.append(Text(f"  all runs start in one of the first {stats.starts:,} initial states", "yellow"))
    never = [action for action, count in stats.actions if count == 0]
    if never and stats.steps:
        lines.append(Text(f"  taken in no run: {', '.join(never)}", "yellow"))
    if verbose:
        lines.extend(_actions(stats.actions))
    return lines


def _effort(stats: ExploreStats, *, verbose: bool, times: bool) -> str:
    """What it took, and what made it less; figures that differ from run to run belong to the times."""
    parts = [f"reduced by {reduction}" for reduction in stats.reductions]
    if times:
        parts.append(f"{stats.rate:,.0f} states/s")
        if stats.memory:
            parts.append(f"{shown_size(stats.memory)} for states")
    if verbose:
        parts.append("exact: no state is known by its hash alone")
    return ", ".join(parts)


def shown_size(size: int) -> str:
    """A number of bytes as people read it."""
    for unit, shift in (("GB", 30), ("MB", 20), ("kB", 10)):
        if size >= 1 << shift:
            return f"{size / (1 << shift):.1f} {unit}"
    return f"{size} bytes"


def _actions(actions: Sequence[tuple[str, int]]) -> list[Text]:
    """How often each action was taken, one line for each."""
    if not actions:
        return []
    name = max(len(action) for action, _ in actions)
    number = max(len(f"{count:,}") for _, count in actions)
    return [
        Text(f"    {action:<{name}}  {count:>{number},}", "dim" if count else "yellow") for action, count in actions
    ]
