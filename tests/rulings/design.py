"""Small designs as text: what the front end says of them, what they denote, and what the engines find."""

from collections.abc import Mapping

from interlock.core.system import TransitionSystem
from interlock.engines.explore import explore
from interlock.engines.protocol import Limits
from interlock.engines.z3.prove import Induction
from interlock.pipeline import lower_file

LOCK = """module lock
var held(p: Process): Bool = false
section lock {
  enter { await forall p: Process :: not held(p); held(self) := true }
  exit { held(self) := false }
}
"""

RWLOCK = """module rwlock
var reading(p: Process): Bool = false
var writing(p: Process): Bool = false
var waiting(p: Process): Bool = false
section read {
  enter { await forall p: Process :: not writing(p) and not waiting(p); reading(self) := true }
  exit { reading(self) := false }
}
section write {
  request { waiting(self) := true }
  enter {
    await forall p: Process :: not writing(p) and not reading(p);
    waiting(self) := false; writing(self) := true
  }
  exit { writing(self) := false }
}
"""


def front_end(text: str, modules: Mapping[str, str] | None = None):
    """The system (or None) and the diagnostics of `module t` with the given other modules."""
    files = {"t.ilk": "module t\n" + text, "lock.ilk": LOCK, "rwlock.ilk": RWLOCK}
    files.update({f"{name}.ilk": f"module {body}" for name, body in (modules or {}).items()})

    def read(path: str) -> bytes:
        if path not in files:
            raise FileNotFoundError(path)
        return files[path].encode()

    return lower_file("t.ilk", read)


def system_of(text: str, **modules: str) -> TransitionSystem:
    """The system that the text denotes; warnings are allowed, errors are not."""
    system, diagnostics = front_end(text, modules)
    assert system is not None, [d.message for d in diagnostics]
    return system


def codes(text: str, **modules: str) -> list[str]:
    """Codes of what the front end reports."""
    return [d.code.name for d in front_end(text, modules)[1]]


def explored(text: str, sizes: Mapping[str, int] | None = None, **modules: str) -> dict[str, str]:
    """What an exhaustive search of the scope (two elements of each sort) finds, by property.

    `never` stands for a `reachable` that no run of the exhausted scope reaches.
    """
    system = system_of(text, **modules)
    names = [p.name for p in system.properties if p.kind != "inferred"]
    found = explore(system, names, Limits(sizes=sizes or {}))
    assert found.stats.complete
    return {n: "never" if v.kind == "none_up_to" else v.kind for n, v in found.verdicts.items()}


def proved(text: str, **modules: str) -> dict[str, str]:
    """What induction over sorts of any size finds, by property."""
    system = system_of(text, **modules)
    names = [p.name for p in system.properties]
    return {n: v.kind for n, v in Induction().judge(system, names, Limits()) if n in names}


def size_of(text: str, sizes: Mapping[str, int] | None = None, **modules: str) -> int:
    """The number of reachable states."""
    return explore(system_of(text, **modules), [], Limits(sizes=sizes or {})).stats.states


def actions_of(system: TransitionSystem) -> list[str]:
    """The names of its steps and actions, each once, in order."""
    return list(dict.fromkeys(t.action for t in system.transitions))
