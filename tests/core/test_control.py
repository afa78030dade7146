"""Control as a specification speaks of it, not as lowering stores it."""

import pytest

from interlock.core.control import Control
from interlock.core.show import show_term
from interlock.core.system import ProcessInfo
from interlock.core.term import (
    TRUE,
    And,
    App,
    Eq,
    Implies,
    Literal,
    Not,
    Or,
    Quant,
    Symbol,
    Var,
)
from interlock.core.types import BOOL, EnumType, OptionType, SortType

LRU, MEMCG = SortType("Lru"), SortType("Memcg")
LOC = EnumType("init.pc", ("create", "scan", "alloc|skip", "publish", "done"))
PC = Symbol("init.pc", (LRU,), LOC)
L, M = Var("l", LRU), Var("m", MEMCG)
INIT = ProcessInfo(
    "init", (L,), PC, "done", TRUE,
    labels=(("create", ("create",)), ("scan.next", ("scan",)), ("alloc", ("alloc|skip",)), ("skip", ("alloc|skip",)),
            ("publish", ("publish",)), ("bail", ("create", "publish"))),
    regions=(("scan", ("scan", "alloc|skip")), ("mutex", ("scan", "alloc|skip", "publish"))), rest=(),
)  # fmt: skip
CONTROL = Control((INIT,))
REGISTERED = App(Symbol("registered", (LRU,), BOOL), (L,))


def at(place: str, *, primed: bool = False, who: Var = L) -> Eq:
    return Eq(App(PC, (who,), primed), Literal(place, LOC))


def local(name: str, *args: Var, result: object = BOOL, primed: bool = False) -> App:
    return App(Symbol(f"init.{name}", tuple(a.type for a in args), result), args, primed)


@pytest.mark.parametrize(
    ("term", "text"),
    [
        (at("publish"), "at(init(l), publish)"),
        (at("scan"), "at(init(l), scan.next)"),
        (at("done"), "done(init(l))"),
        (Not(at("done")), "not done(init(l))"),
        (at("publish", primed=True), "at(init(l), publish)'"),
        (Or((at("scan"), at("alloc|skip"))), "inside(init(l), scan)"),
        (Or((at("alloc|skip"), at("scan"), at("publish"))), "inside(init(l), mutex)"),
        (Or((at("create"), at("publish"))), "at(init(l), bail)"),
        (Or((at("scan"), at("alloc|skip"), at("done"))), "inside(init(l), scan) or done(init(l))"),
        (Or((at("create"), at("scan"))), "at(init(l), create) or at(init(l), scan.next)"),
        (And((Not(at("scan")), Not(at("alloc|skip")))), "not inside(init(l), scan)"),
        (And((Not(at("create")), Not(at("done")))), "inside(init(l), mutex)"),
        (Not(Or((at("scan"), at("alloc|skip")))), "not inside(init(l), scan)"),
        (Implies(Or((at("scan"), at("alloc|skip"))), REGISTERED), "inside(init(l), scan) implies registered(l)"),
        (And((REGISTERED, Not(at("scan")), Not(at("create")))),
         "registered(l) and not at(init(l), create) and not at(init(l), scan.next)"),
        (And((at("scan"), at("scan", who=Var("k", LRU)))), "at(init(l), scan.next) and at(init(k), scan.next)"),
        (Quant("forall", (L,), at("create")), "forall l: Lru :: at(init(l), create)"),
        (local("pinned", L), "init(l).pinned"),
        (Not(local("pinned", L)), "not init(l).pinned"),
        (local("seen", L, M, primed=True), "init(l).seen(m)'"),
        (Eq(local("result", L, result=OptionType(LOC)), Literal(None, OptionType(LOC))), "result(init(l)) = none"),
        (local("scan.owed", L, M), "owed(init(l), scan, m)"),
        (Not(local("scan.visited", L, M)), "not visited(init(l), scan, m)"),
    ],
)  # fmt: skip
def test_control_and_locals_read_as_they_are_written(term, text):
    assert show_term(term, control=CONTROL) == text


def test_values_stand_for_variables_in_phrases():
    assert show_term(Or((at("scan"), at("publish"))), {L: 0}, CONTROL) == (
        "at(init(lru0), scan.next) or at(init(lru0), publish)"
    )


def test_without_control_the_symbols_are_shown():
    assert show_term(at("publish")) == "init.pc(l) = publish"
