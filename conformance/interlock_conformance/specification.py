"""Reading the specifications that candidates are judged by, from their files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from interlock.core.diagnostic import Diagnostic
from interlock.core.system import TransitionSystem
from interlock.lang.check import check
from interlock.lang.loader import load
from interlock.model.lower import lower
from interlock_conformance.kinds import Kind


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


@dataclass(frozen=True, slots=True)
class Specifications:
    """What candidates of a kind are judged by.

    `judging` has the properties of states and steps, `refined` the runs that those of a candidate must be, and `bound`
    is for bindings that are made with the specification at hand; the last two where there are such.
    """

    judging: TransitionSystem
    refined: TransitionSystem | None = None
    bound: TransitionSystem | None = None


def specifications(
    kind: Kind, read: Callable[[str], bytes], *, bound: bool
) -> tuple[Specifications | None, tuple[Diagnostic, ...]]:
    """The specifications that a kind names, with the one for bindings if it is asked for; None and why not."""
    file = str(kind.folder / kind.specification)
    judging, problems = load_specification(file, read)
    if judging is None:
        return None, problems
    runs: dict[str, TransitionSystem] = {}
    for name in {*([kind.refines] if kind.refines else []), *([kind.specification] if bound else [])}:
        system, more = load_specification(str(kind.folder / name), read, runs=True)
        problems = (*problems, *more) if name != kind.specification else problems
        if system is None:
            return None, problems
        runs[name] = system
    refined = runs.get(kind.refines) if kind.refines else None
    return Specifications(judging, refined, runs.get(kind.specification) if bound else None), problems
