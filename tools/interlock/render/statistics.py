"""How much was seen: the size of a state space that was explored, and what random runs have covered."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from interlock.core.verdict import ExploreStats, WalkStats


def lines_of_exploration(stats: ExploreStats, *, verbose: bool, times: bool) -> list[Text]:
    """The size of a state space, and what is never done in it."""
    how = "all" if stats.complete else "not all"
    text = f"  {stats.states} distinct states, {stats.transitions} transitions, depth {stats.depth} ({how} explored)"
    lines = [Text(f"{text}  {stats.seconds:.2f}s" if times else text, "dim")]
    dead = [action for action, count in stats.actions if count == 0]
    if dead and stats.complete:
        lines.append(Text(f"  never taken in this scope: {', '.join(dead)}", "yellow"))
    if verbose:
        lines.extend(_actions(stats.actions))
    return lines


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


def _actions(actions: Sequence[tuple[str, int]]) -> list[Text]:
    """How often each action was taken, one line for each."""
    if not actions:
        return []
    name = max(len(action) for action, _ in actions)
    number = max(len(f"{count:,}") for _, count in actions)
    return [
        Text(f"    {action:<{name}}  {count:>{number},}", "dim" if count else "yellow") for action, count in actions
    ]
