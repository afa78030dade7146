"""The command run in this process, on files or on systems built by hand."""

from collections.abc import Callable
from pathlib import Path

import pytest

from interlock.core.system import Expect, ProcessInfo, Property, Scope, Transition, TransitionSystem, Update
from interlock.core.term import TRUE, App, Eq, Literal, Symbol, Term, Var, conj, equal, exists, forall, implies, ite
from interlock.core.types import EnumType, SortType

PROC = SortType("Proc")
LOC = EnumType("Loc", ("idle", "crit", "end"))
PC = Symbol("work.pc", (PROC,), LOC)
P, Q, U = Var("p", PROC), Var("q", PROC), Var("u", PROC)


def at(var: Var, place: str) -> Term:
    return Eq(App(PC, (var,)), Literal(place, LOC))


def go(place: str) -> Update:
    return Update(PC, (U,), ite(equal(U, P), Literal(place, LOC), App(PC, (U,))))


def lock(*, broken: bool = False, expects: tuple[Expect, ...] = ()) -> TransitionSystem:
    """One critical section; `broken` lets anybody in."""
    free = TRUE if broken else forall((Q,), Eq(App(PC, (Q,)), Literal("idle", LOC)))
    return TransitionSystem(
        name="broken" if broken else "lock", sorts=(PROC,), enums=(LOC,), symbols=(PC,), axioms=(),
        initial_values=(Update(PC, (U,), Literal("idle", LOC)),), initially=(),
        transitions=(
            Transition("work.enter", (P,), conj((at(P, "idle"), free)), (go("crit"),), process="work", label="enter"),
            Transition("work.leave", (P,), at(P, "crit"), (go("idle"),), process="work", label="leave"),
        ),
        obligations=(),
        properties=(
            Property("exclusion", "invariant", forall((P, Q), implies(conj((at(P, "crit"), at(Q, "crit"))), Eq(P, Q))),
                     doc="Never two of them in the critical section."),
            Property("entered", "reachable", exists((P,), at(P, "crit"))),
        ),
        processes=(ProcessInfo("work", (P,), PC, "end", TRUE, (("enter", ("idle",)), ("leave", ("crit",))), (), ()),),
        scopes=(Scope("small", (("Proc", 2),)), Scope("three", (("Proc", 3),))), expects=expects,
    )  # fmt: skip


SYSTEMS: dict[str, Callable[[], TransitionSystem]] = {
    "lock": lock,
    "broken": lambda: lock(broken=True),
    "refuted": lambda: lock(broken=True, expects=(Expect("exclusion", "violated"),)),
}


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch, tmp_path) -> dict[str, Callable[[], TransitionSystem]]:
    """Files named after a system of this table denote it, whatever they contain; workers inherit it."""
    systems = dict(SYSTEMS)

    def lower(path, read):
        read(path)
        return systems[Path(path).stem](), ()

    monkeypatch.setattr("interlock.pipeline.lower_file", lower)
    monkeypatch.chdir(tmp_path)
    for name in SYSTEMS:
        (tmp_path / f"{name}.ilk").write_text(f"module {name}\n")
    return systems
