"""`list_lru.base` as a transition system, built by hand: what the tests judge by until the file itself can be lowered."""

from interlock.core.system import Property, TransitionSystem
from interlock.core.term import And, App, Eq, Implies, Literal, Not, Quant, Some, Symbol, Var
from interlock.core.types import BOOL, EnumType, OptionType, SortType

LRU, MEMCG, ID, ARRAY, LIST = map(SortType, ("Lru", "Memcg", "Id", "Array", "List"))
LIFE = EnumType("arrays.Life", ("UNUSED", "LIVE", "FREED"))

registered = Symbol("registered", (LRU,), BOOL)
active = Symbol("active", (MEMCG,), BOOL)
id_ = Symbol("id", (MEMCG,), OptionType(ID))
limit = Symbol("limit", (ID,), BOOL)
array = Symbol("array", (LRU,), OptionType(ARRAY))
fits = Symbol("fits", (ARRAY, ID), BOOL)
slot = Symbol("slot", (ARRAY, ID), OptionType(LIST))
arrays_life = Symbol("arrays.life", (ARRAY,), LIFE)
lists_life = Symbol("lists.life", (LIST,), LIFE)
retired = Symbol("rcu.retired", (ARRAY,), BOOL, ghost=True)
reading = Symbol("rcu.reading_lookup", (), BOOL)
sees = Symbol("rcu.sees_lookup", (ARRAY,), BOOL, ghost=True)
owes = Symbol("rcu.owes_lookup_lookup", (), BOOL)

l, m, n = Var("l", LRU), Var("m", MEMCG), Var("n", MEMCG)
a, i, x, y = Var("a", ARRAY), Var("i", ID), Var("x", LIST), Var("y", LIST)

COVERAGE = Quant(
    "forall",
    (l, m),
    Implies(
        And((App(registered, (l,)), App(active, (m,)))),
        Quant(
            "exists",
            (a, i),
            And(
                (
                    Eq(App(array, (l,)), Some(a)),
                    Eq(App(id_, (m,)), Some(i)),
                    App(fits, (a, i)),
                    Not(Eq(App(slot, (a, i)), Literal(None, OptionType(LIST)))),
                )
            ),
        ),
    ),
)
GRACE = Quant(
    "forall",
    (a,),
    Implies(
        And(
            (
                Eq(App(arrays_life, (a,)), Literal("LIVE", LIFE)),
                Not(Eq(App(arrays_life, (a,), primed=True), Literal("LIVE", LIFE))),
                App(retired, (a,)),
            )
        ),
        And((App(retired, (a,)), Not(App(sees, (a,))))),
    ),
)
INSTALL_ONCE = Quant(
    "forall",
    (a, i, x, y),
    Implies(
        And((Eq(App(slot, (a, i)), Some(x)), Eq(App(slot, (a, i), primed=True), Some(y)))),
        Eq(x, y),
    ),
)
IDS = Quant(
    "forall",
    (m, n, i),
    Implies(And((Eq(App(id_, (m,)), Some(i)), Eq(App(id_, (n,)), Some(i)))), Eq(m, n)),
)

BASE = TransitionSystem(
    name="list_lru.base",
    sorts=(LRU, MEMCG, ID, ARRAY, LIST),
    enums=(LIFE,),
    symbols=(
        registered, active, id_, limit, array, fits, slot, arrays_life, lists_life, retired, reading, sees, owes,
    ),
    axioms=(),
    initial_values=(),
    initially=(),
    transitions=(),
    obligations=(),
    properties=(
        Property("coverage", "invariant", COVERAGE),
        Property("grace", "step_invariant", GRACE),
        Property("install_once", "step_invariant", INSTALL_ONCE),
        Property("ids", "invariant", IDS),
        Property("rcu.inside_only", "invariant", Implies(App(owes), App(reading))),
    ),
)  # fmt: skip
