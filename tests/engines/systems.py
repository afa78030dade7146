"""Small transition systems built by hand, for tests of engines.  Counts of states are pinned in test_explore.py."""

from interlock.core.system import (
    Named,
    Obligation,
    ProcessInfo,
    Property,
    ScenarioStep,
    Transition,
    TransitionSystem,
    Update,
)
from interlock.core.term import (
    FALSE,
    TRUE,
    App,
    Arith,
    Compare,
    Eq,
    Literal,
    Some,
    Symbol,
    Term,
    Unwrap,
    Value,
    Var,
    conj,
    equal,
    exists,
    forall,
    implies,
    ite,
    negate,
)
from interlock.core.types import BOOL, INT, EnumType, OptionType, RangeType, SortType, Type


def var(name: str, *params: Type, result: Type = BOOL) -> Symbol:
    return Symbol(name, params, result)


def const(name: str, *params: Type, result: Type = BOOL) -> Symbol:
    return Symbol(name, params, result, rigid=True)


def lit(value: Value, type_: Type) -> Literal:
    return Literal(value, type_)


def formals(symbol: Symbol) -> tuple[Var, ...]:
    return tuple(Var(f"u{i}", type_) for i, type_ in enumerate(symbol.params))


def starts(symbol: Symbol, value: Term) -> Update:
    return Update(symbol, formals(symbol), value)


def write(symbol: Symbol, args: tuple[Term, ...], value: Term) -> Update:
    """`symbol(args) := value` as lowering states it."""
    us = formals(symbol)
    there = conj(equal(u, arg) for u, arg in zip(us, args, strict=True))
    return Update(symbol, us, ite(there, value, App(symbol, us)))


def mutex(*, broken: bool = False) -> TransitionSystem:
    """Processes that take one lock; `broken` forgets to look whether it is free."""
    proc = SortType("Proc")
    loc = EnumType("Loc", ("idle", "crit", "end"))
    p, q = Var("p", proc), Var("q", proc)
    pc, owner = var("work.pc", proc, result=loc), var("owner", result=OptionType(proc))
    none = lit(None, OptionType(proc))
    at = {m: Eq(App(pc, (p,)), lit(m, loc)) for m in loc.members}
    free = TRUE if broken else Eq(App(owner), none)
    enter = Transition(
        "work.enter", (p,), conj((at["idle"], free)),
        (write(pc, (p,), lit("crit", loc)), Update(owner, (), Some(p))), process="work", label="enter",
    )  # fmt: skip
    leave = Transition(
        "work.leave", (p,), at["crit"],
        (write(pc, (p,), lit("end", loc)), Update(owner, (), none)), process="work", label="leave",
    )  # fmt: skip
    in_crit = lambda v: Eq(App(pc, (v,)), lit("crit", loc))  # noqa: E731
    exclusion = forall((p, q), implies(conj((in_crit(p), in_crit(q))), Eq(p, q)))
    both = exists((p, q), conj((negate(Eq(p, q)), in_crit(p), in_crit(q))))
    all_done = forall((p,), at["end"])
    step = lambda v, label: ScenarioStep("work", (v,), label, "step")  # noqa: E731
    return TransitionSystem(
        name="mutex_broken" if broken else "mutex",
        sorts=(proc,), enums=(loc,), symbols=(pc, owner), axioms=(),
        initial_values=(starts(pc, lit("idle", loc)), starts(owner, none)), initially=(),
        transitions=(enter, leave), obligations=(),
        properties=(
            Property("exclusion", "invariant", exclusion),
            Property("someone_enters", "reachable", exists((p,), in_crit(p))),
            Property("two_inside", "reachable", both),
            Property("ends_stay", "step_invariant", forall((p,), implies(at["end"], Eq(App(pc, (p,), primed=True), lit("end", loc))))),
            Property("nothing_moves", "step_invariant", forall((p,), Eq(App(pc, (p,), primed=True), App(pc, (p,))))),
            Property("deadlock", "deadlock"),
            Property("all_end", "liveness", TRUE, all_done),
            Property("overlap", "scenario", both, params=(p, q), possible=True,
                     schedule=(step(p, "enter"), step(q, "enter"))),
            Property("in_turn", "scenario", TRUE, params=(p, q), possible=True,
                     schedule=(step(p, "enter"), step(p, "leave"), ScenarioStep("work", (q,), "", "end"))),
            Property("no_overlap", "scenario", both, params=(p, q), possible=False,
                     schedule=(step(p, "enter"), step(q, "enter"))),
        ),
        processes=(
            ProcessInfo("work", (p,), pc, "end", TRUE, (("enter", ("idle",)), ("leave", ("crit",))),
                        (("crit", ("crit",)),), (), fairness="weak"),
        ),
    )  # fmt: skip


def lost_update(top: int = 3) -> TransitionSystem:
    """Two-step increments of a counter without a lock: updates are lost."""
    proc, loc, number = SortType("Proc"), EnumType("Loc", ("read", "store", "end")), RangeType(0, top)
    p = Var("p", proc)
    pc, seen = var("inc.pc", proc, result=loc), var("inc.seen", proc, result=number)
    total = var("total", result=number)
    at = {m: Eq(App(pc, (p,)), lit(m, loc)) for m in loc.members}
    plus = Arith("+", App(seen, (p,)), lit(1, INT))
    fits = Compare("<=", plus, lit(top, INT))
    load = Transition("inc.read", (p,), at["read"], (write(pc, (p,), lit("store", loc)), write(seen, (p,), App(total))),
                      process="inc", label="read")  # fmt: skip
    store = Transition("inc.store", (p,), conj((at["store"], fits)), (write(pc, (p,), lit("end", loc)), Update(total, (), plus)),
                       process="inc", label="store")  # fmt: skip
    exact = implies(forall((p,), at["end"]), Eq(App(total), lit(2, INT)))
    return TransitionSystem(
        name="lost_update", sorts=(proc,), enums=(loc,), symbols=(pc, seen, total), axioms=(),
        initial_values=(starts(pc, lit("read", loc)), starts(seen, lit(0, INT)), starts(total, lit(0, INT))), initially=(),
        transitions=(load, store),
        obligations=(Obligation("inc.range", "inc.store", (p,), (), at["store"], fits),),
        properties=(Property("exact", "invariant", exact), Property("inc.range", "range"), Property("deadlock", "deadlock")),
        processes=(ProcessInfo("inc", (p,), pc, "end", TRUE, (("read", ("read",)), ("store", ("store",))), (), ()),),
    )  # fmt: skip


def lock_server(*, broken: bool = False) -> TransitionSystem:
    """A lock server: a client takes the lock of a server that is free; unwraps the owner in an obligation."""
    client, server = SortType("Client"), SortType("Server")
    c, d, s = Var("c", client), Var("d", client), Var("s", server)
    link, free = var("link", client, server), var("free", server)
    last = var("last", server, result=OptionType(client))
    guard = TRUE if broken else App(free, (s,))
    take = Transition(
        "connect", (c, s), guard, (write(link, (c, s), TRUE), write(free, (s,), FALSE), write(last, (s,), Some(c)))
    )
    drop = Transition("disconnect", (c, s), App(link, (c, s)), (write(link, (c, s), FALSE), write(free, (s,), TRUE)))
    safe = forall((c, d, s), implies(conj((App(link, (c, s)), App(link, (d, s)))), Eq(c, d)))
    known = implies(App(link, (c, s)), Eq(Unwrap(App(last, (s,))), c))
    return TransitionSystem(
        name="lock_server", sorts=(client, server), enums=(), symbols=(link, free, last), axioms=(),
        initial_values=(starts(link, FALSE), starts(free, TRUE), starts(last, lit(None, OptionType(client)))), initially=(),
        transitions=(take, drop),
        obligations=(Obligation("disconnect.unwrap", "disconnect", (c, s), (), App(link, (c, s)), negate(Eq(App(last, (s,)), lit(None, OptionType(client))))),),
        properties=(
            Property("safe", "invariant", safe), Property("last_knows", "lemma", forall((c, s), known)),
            Property("disconnect.unwrap", "unwrap"), Property("deadlock", "deadlock"),
            Property("freed", "liveness", forall((s,), negate(App(free, (s,)))), exists((s,), App(free, (s,)))),
        ),
    )  # fmt: skip


def ordered(*, fair: bool = True) -> TransitionSystem:
    """Elements of an ordered sort are passed in ascending order, starting at any one."""
    key = SortType("Key", ordered=True)
    a, b = Var("a", key), Var("b", key)
    cursor, passed, start = var("cursor", result=key), var("passed", key), const("start", result=key)
    step = Transition("advance", (b,), conj((Compare("<", App(cursor), b), forall((a,), implies(Compare("<", App(cursor), a), Compare("<=", b, a))))),
                      (Update(cursor, (), b), write(passed, (App(cursor),), TRUE)))  # fmt: skip
    below = forall((a,), implies(App(passed, (a,)), conj((Compare("<=", App(start), a), Compare("<", a, App(cursor))))))
    top = forall((a,), Compare("<=", a, App(cursor)))
    return TransitionSystem(
        name="ordered", sorts=(key,), enums=(), symbols=(cursor, passed, start), axioms=(),
        initial_values=(starts(passed, FALSE),), initially=(Named("at_start", Eq(App(cursor), App(start))),),
        transitions=(step,), obligations=(),
        properties=(Property("below", "invariant", below), Property("ascends", "step_invariant", Compare("<", App(cursor), App(cursor, primed=True))),
                    Property("reaches_top", "liveness", TRUE, top), Property("deadlock", "deadlock")),
        action_fairness=(("advance", "weak"),) if fair else (),
    )  # fmt: skip


def philosophers() -> TransitionSystem:
    """Two kinds of process take two locks in opposite order and can deadlock."""
    loc = EnumType("Loc", ("first", "second", "both", "end"))
    lock = EnumType("Lock", ("left", "right"))
    held = var("held", lock)
    pcs = {name: var(f"{name}.pc", result=loc) for name in ("lefty", "righty")}
    transitions = []
    processes = []
    for name, order in (("lefty", ("left", "right")), ("righty", ("right", "left"))):
        pc = pcs[name]
        for label, here, there, taken in (
            ("first", "first", "second", order[0]),
            ("second", "second", "both", order[1]),
        ):
            want = lit(taken, lock)
            transitions.append(Transition(
                f"{name}.{label}", (), conj((Eq(App(pc), lit(here, loc)), negate(App(held, (want,))))),
                (Update(pc, (), lit(there, loc)), write(held, (want,), TRUE)), process=name, label=label))  # fmt: skip
        transitions.append(Transition(f"{name}.release", (), Eq(App(pc), lit("both", loc)),
                                      (Update(pc, (), lit("end", loc)), Update(held, formals(held), FALSE)), process=name, label="release"))  # fmt: skip
        processes.append(ProcessInfo(name, (), pc, "end", TRUE, (("first", ("first",)), ("second", ("second",)), ("release", ("both",))),
                                     (("locks", ("second", "both")),), (), fairness="weak"))  # fmt: skip
    both = conj(Eq(App(pc), lit("both", loc)) for pc in pcs.values())
    return TransitionSystem(
        name="philosophers", sorts=(), enums=(loc, lock), symbols=(held, *pcs.values()), axioms=(),
        initial_values=(starts(held, FALSE), *(starts(pc, lit("first", loc)) for pc in pcs.values())), initially=(),
        transitions=tuple(transitions), obligations=(),
        properties=(
            Property("apart", "invariant", negate(both)), Property("deadlock", "deadlock"),
            Property("lefty_ends", "liveness", TRUE, Eq(App(pcs["lefty"]), lit("end", loc))),
            Property("region_runs", "scenario", Eq(App(pcs["lefty"]), lit("end", loc)), possible=True,
                     schedule=(ScenarioStep("lefty", (), "locks", "region"), ScenarioStep("righty", (), "", "end"))),
            Property("stuck", "scenario", TRUE, possible=False,
                     schedule=(ScenarioStep("lefty", (), "first", "step"), ScenarioStep("righty", (), "first", "step"), ScenarioStep("lefty", (), "", "end"))),
        ),
        processes=tuple(processes),
    )  # fmt: skip


def havoc() -> TransitionSystem:
    """A whole relation is chosen anew at each step, below a rigid one that an axiom constrains."""
    item = SortType("Item")
    x = Var("x", item)
    marked, allowed, fresh = var("marked", item), const("allowed", item), const("fresh", item)
    step = Transition("choose", (), forall((x,), implies(App(fresh, (x,)), App(allowed, (x,)))),
                      (Update(marked, (Var("u0", item),), App(fresh, (Var("u0", item),))),), choices=(fresh,))  # fmt: skip
    return TransitionSystem(
        name="havoc", sorts=(item,), enums=(), symbols=(allowed, marked), axioms=(Named("some", exists((x,), App(allowed, (x,)))),),
        initial_values=(starts(marked, FALSE),), initially=(), transitions=(step,), obligations=(),
        properties=(Property("inside", "invariant", forall((x,), implies(App(marked, (x,)), App(allowed, (x,))))),
                    Property("all_marked", "reachable", forall((x,), App(marked, (x,))))),
    )  # fmt: skip


def ranged(high: int = 2) -> TransitionSystem:
    """A ring buffer index below a constant; cells beyond the constant do not exist."""
    size = const("N", result=RangeType(1, high))
    index = RangeType(0, "N")
    i = Var("i", index)
    full, at = var("full", index), var("at", result=index)
    step = Transition(
        "put",
        (),
        Compare("<", App(at), App(size)),
        (write(full, (App(at),), TRUE), Update(at, (), Arith("+", App(at), lit(1, INT)))),
    )
    return TransitionSystem(
        name="ranged", sorts=(), enums=(), symbols=(full, at, size), axioms=(),
        initial_values=(starts(full, FALSE), starts(at, lit(0, INT))), initially=(), transitions=(step,), obligations=(),
        properties=(Property("below", "invariant", forall((i,), implies(App(full, (i,)), Compare("<", i, App(at))))),
                    Property("all_full", "reachable", forall((i,), implies(negate(Eq(i, App(size))), App(full, (i,)))))),
    )  # fmt: skip
