"""Interlock: concurrent designs written as specifications, proved or refuted, and implementations checked against them.

The names below are the public interface.  They are imported when first used, so that `import interlock` costs
nothing and no engine is loaded before something is judged.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from interlock.core.diagnostic import Diagnostic
    from interlock.core.source import Source, Span
    from interlock.core.system import Property, TransitionSystem
    from interlock.core.trace import State, Step, Trace
    from interlock.core.verdict import Holds, NoneUpTo, NotInductive, Proved, Unknown, Verdict, Violated
    from interlock.engines.judge import Judgement
    from interlock.engines.protocol import Limits
    from interlock.pipeline import Request, check, lower_file
    from interlock.report import FileReport

__version__ = "0.1.0"

__all__ = [
    "Diagnostic",
    "FileReport",
    "Holds",
    "Judgement",
    "Limits",
    "NoneUpTo",
    "NotInductive",
    "Property",
    "Proved",
    "Request",
    "Source",
    "Span",
    "State",
    "Step",
    "Trace",
    "TransitionSystem",
    "Unknown",
    "Verdict",
    "Violated",
    "check",
    "lower_file",
]

_HOMES = {
    "interlock.core.diagnostic": ("Diagnostic",),
    "interlock.core.source": ("Source", "Span"),
    "interlock.core.system": ("Property", "TransitionSystem"),
    "interlock.core.trace": ("State", "Step", "Trace"),
    "interlock.core.verdict": ("Holds", "NoneUpTo", "NotInductive", "Proved", "Unknown", "Verdict", "Violated"),
    "interlock.engines.judge": ("Judgement",),
    "interlock.engines.protocol": ("Limits",),
    "interlock.pipeline": ("Request", "check", "lower_file"),
    "interlock.report": ("FileReport",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Import a public name on first use."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'interlock' has no attribute '{name}'")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    """The public names."""
    return [*__all__, "__version__"]
