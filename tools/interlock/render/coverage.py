"""What is never reached, as warnings below the verdicts: what shares a cause shares a line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import wrap

from rich.text import Text

from interlock.engines.coverage import Coverage, Vacuous

_WIDTH = 100
_INDENT = 10


def lines_of_coverage(coverage: Coverage, *, verbose: bool) -> list[Text]:
    """Dead steps and vacuous properties.

    With `verbose` also those of used modules (`rcu.inside`), of which this module need not use everything, and steps
    that were merely not seen.
    """
    dead: dict[str, list[str]] = {}
    for step in coverage.dead:
        dead.setdefault(_where(step.method, step.bound), []).append(step.step)
    texts = [f"never taken{where}: {', '.join(steps)}" for where, steps in dead.items()]
    vacuous = [v for v in coverage.vacuous if verbose or "." not in v.property]
    constant = [v for v in vacuous if not v.condition]
    if constant:
        symbols = dict.fromkeys(f"`{name}`" for v in constant for name in v.unchanging)
        cause = f"nothing in this module changes {_listed(symbols)}" if symbols else "true whatever the state"
        texts.append(_holding(cause, constant))
    conditions: dict[str, list[Vacuous]] = {}
    for v in vacuous:
        if v.condition:
            cause = f"`{v.condition}` is never true{_where(v.method, v.bound)}"
            conditions.setdefault(cause, []).append(v)
    texts += [_holding(cause, those) for cause, those in conditions.items()]
    lines = [line for text in texts for line in _wrapped("warning", text)]
    if verbose and coverage.unseen:
        steps = ", ".join(coverage.unseen)
        lines.extend(_wrapped("note", f"not seen in {coverage.states} states, and not ruled out: {steps}"))
    return lines


def _holding(cause: str, those: Sequence[Vacuous]) -> str:
    verb = "holds" if len(those) == 1 else "hold"
    return f"{cause}: {_listed([v.property for v in those])} {verb} vacuously"


def _where(method: str, bound: str) -> str:
    if method == "induction":
        return ", whatever the sizes"
    return f" in {bound}" if bound else ""


def _listed(names: Iterable[str]) -> str:
    *front, last = names
    return f"{', '.join(front)} and {last}" if front else last


def _wrapped(head: str, text: str) -> list[Text]:
    """The text beside its head, broken at spaces: lists of names get long."""
    rows = wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
    heads = [f"  {head}".ljust(_INDENT), *(" " * _INDENT for _ in rows[1:])]
    return [Text.assemble((start, "yellow"), row) for start, row in zip(heads, rows, strict=True)]
