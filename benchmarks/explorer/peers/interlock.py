"""Interlock itself, as its users start it."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

from peers.case import Case
from peers.measure import Command
from peers.peer import ROOT, Outcome

WHOLE = ("--no-symmetry", "--no-partial-order")
"""Every state is met, as by the peers."""

UNLIMITED = ("--states", "999999999", "--limit", "100000", "--total-seconds", "100000")
"""The harness has a limit of its own."""


class Interlock:
    """The native explorer, with no reduction."""

    name = "Interlock"

    def missing(self) -> str | None:
        """What is not installed, or None."""
        return None if importlib.util.find_spec("interlock_cli") else "interlock is not installed"

    def commands(self, case: Case, folder: Path, threads: int) -> tuple[Command, ...]:
        """Start it on the specification, in the project's folder."""
        del folder
        explore = (sys.executable, "-m", "interlock_cli", "explore", case.specification, "--format", "json")
        asked = ("--scope", case.scope, "--property", case.invariant, "--threads", str(threads))
        first = () if case.counterexample is None else ("--first",)  # the peers stop there too
        return (Command((*explore, *asked, *first, *WHOLE, *UNLIMITED), ROOT),)

    def read(self, output: str) -> Outcome | None:
        """Understand the report; a search that was cut short is no outcome."""
        try:
            report = json.loads(output)
        except json.JSONDecodeError:
            return None
        match report:
            case {
                "files": [
                    {
                        "exploration": {"states": int(s), "transitions": int(t), "depth": int(d), "complete": done},
                        "properties": [{"verdict": str(verdict), "trace": trace}, *_],
                    }
                ]
            }:
                steps = None if trace is None else len(trace["steps"])
                return _outcome(Outcome(s, t, d), verdict, steps, complete=done is True)
            case _:
                return None


def _outcome(size: Outcome, verdict: str, steps: int | None, *, complete: bool) -> Outcome | None:
    match verdict, steps:
        case "violated", int():
            return Outcome(size.states, size.transitions, None, steps)
        case "holds", _ if complete:
            return size
        case _:
            return None
