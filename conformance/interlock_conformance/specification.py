"""Reading the specification that candidates are judged by, from its file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from interlock.core.diagnostic import Diagnostic
from interlock.core.system import TransitionSystem
from interlock.lang.check import check
from interlock.lang.loader import load
from interlock.model.lower import lower


def load_specification(
    path: str, read: Callable[[str], bytes], *, runs: bool = False
) -> tuple[TransitionSystem | None, tuple[Diagnostic, ...]]:
    """The lowered system of a file with all its symbols and its properties as written, or None and why not.

    For proving, lowering drops state that no step of the module ever changes, such as `registered` in a module that
    has no `init` yet, and properties shrink to `true`.  An implementation does change it.  What is dropped is
    what keeps its initial value, so here the initial values are left out: where runs begin is the implementation's
    business, and only the properties are judged.

    With `runs` they are kept: runs of the candidate are then compared with those of the specification.
    """
    program, problems = load(path, read)
    if program is None or any(problem.is_error for problem in problems):
        return None, problems
    typed, found = check(program)
    if typed is None:
        return None, (*problems, *found)
    system, late = lower(typed, abstract=True) if runs else lower(replace(typed, initial_values=()))
    return system, (*problems, *found, *late)
