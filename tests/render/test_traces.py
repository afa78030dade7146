"""Counterexamples as a reader sees them; each expected text is meant to be read aloud."""

from interlock.core.system import ProcessInfo, Property, Transition, TransitionSystem, Update
from interlock.core.term import TRUE, App, Eq, Literal, Symbol, Var, conj
from interlock.core.trace import State, Step, Trace
from interlock.core.types import BOOL, EnumType, OptionType, SortType
from interlock.render.facts import Names
from interlock.render.traces import lines_of_cti, lines_of_interleaving, lines_of_run

LRU, MEMCG = SortType("Lru"), SortType("Memcg")
LOC = EnumType("Loc", ("idle", "filling", "end"))
REGISTERED = Symbol("registered", (LRU,), BOOL)
HOME = Symbol("home", (MEMCG,), LRU, rigid=True)
PC = Symbol("fill.pc", (MEMCG,), LOC)
CURSOR = Symbol("fill.l", (MEMCG,), OptionType(LRU))
OWED = Symbol("fill.scan.owed", (MEMCG, LRU), BOOL)
L, M = Var("l", LRU), Var("m", MEMCG)

SYSTEM = TransitionSystem(
    name="story", sorts=(LRU, MEMCG), enums=(LOC,), symbols=(REGISTERED, HOME, PC, CURSOR, OWED), axioms=(),
    initial_values=(Update(PC, (M,), Literal("idle", LOC)),), initially=(), obligations=(), properties=(Property("p", "invariant", App(REGISTERED, (L,))),),
    transitions=(
        Transition("fill.scan.next", (M,), TRUE, (), witnesses=(L,), process="fill", label="scan.next"),
        Transition("fill.alloc", (M,), conj((TRUE, Eq(App(CURSOR, (M,)), Literal(None, OptionType(LRU))))), (), process="fill", label="inner/alloc"),
        Transition("publish", (L,), TRUE, (), label="publish"),
    ),
    processes=(ProcessInfo("fill", (M,), PC, "end", TRUE, (("scan.next", ("idle",)), ("alloc", ("filling",))), (("scan", ("idle", "filling")), ("inner", ("filling",))), ()),),
)  # fmt: skip


def state(registered=(), pc=("idle", "idle"), cursor=(None, None), owed=()):
    return State(
        {"Lru": 2, "Memcg": 2},
        {
            REGISTERED: {(i,): i in registered for i in range(2)},
            HOME: {(0,): 1, (1,): 0},
            PC: {(i,): pc[i] for i in range(2)},
            CURSOR: {(i,): cursor[i] for i in range(2)},
            OWED: {(m, i): (m, i) in owed for m in range(2) for i in range(2)},
        },
    )


def next_of(memcg, lru, after):
    return Step(0, "fill.scan.next", (("m", memcg, MEMCG),), (("l", lru, LRU),), after)


RUN = Trace(
    state(),
    (
        next_of(0, 1, state(pc=("filling", "idle"), cursor=(1, None), owed=((0, 1),))),
        Step(1, "fill.alloc", (("m", 0, MEMCG),), (), state(pc=("end", "idle"), cursor=(1, None))),
        Step(2, "publish", (("l", 0, LRU),), (), state((0,), ("end", "idle"), (1, None))),
        next_of(1, 0, state((0,), ("end", "filling"), (1, 0))),
    ),
    reason="with l = lru1: registered(lru1) does not hold",
)


def shown(lines):
    return "\n".join(line.plain for line in lines)


def text(block):
    return block.strip("\n")


def test_a_run_is_told_step_by_step_without_bookkeeping():
    assert shown(lines_of_run(RUN, Names(SYSTEM))) == text("""
  initially  home(memcg0) = lru1
             home(memcg1) = lru0
  1  fill(memcg0) scan.next   l = lru1
         fill(memcg0).l: none -> lru1
  2  fill(memcg0) inner/alloc   l = lru1
  3  publish(lru0)
         registered(lru0): false -> true
  4  fill(memcg1) scan.next   l = lru0
         fill(memcg1).l: none -> lru0
  because with l = lru1: registered(lru1) does not hold
""")  # fmt: skip


def test_verbose_shows_program_counters_and_walks():
    whole = shown(lines_of_run(RUN, Names(SYSTEM, verbose=True)))
    assert "fill(memcg0).pc: idle -> filling" in whole
    assert "fill(memcg0).scan.owed(lru1): false -> true" in whole


def test_the_interleaving_has_a_column_for_each_process_and_one_for_actions():
    assert shown(lines_of_interleaving(RUN, Names(SYSTEM))) == text("""
     fill(memcg0)   by itself       fill(memcg1)
  1  scan.next
  2  inner/alloc
  3                 publish(lru0)
  4                                 scan.next
""")  # fmt: skip


def test_the_interleaving_is_left_out_where_it_says_nothing_new():
    one = Trace(RUN.initial, RUN.steps[:2])
    assert lines_of_interleaving(one, Names(SYSTEM)) == []


def test_a_lasso_says_where_it_returns():
    lasso = shown(lines_of_run(Trace(RUN.initial, RUN.steps, loop=2), Names(SYSTEM)))
    assert "-- from here the run repeats for ever --" in lasso
    assert "back to the state after step 2, for ever" in lasso
    stays = shown(lines_of_run(Trace(RUN.initial, RUN.steps, loop=4), Names(SYSTEM)))
    assert "stays there for ever" in stays


def test_a_cti_shows_relevant_facts_before_and_changes_after():
    cti = Trace(
        state((1,), ("filling", "end")),
        (Step(2, "publish", (("l", 0, LRU),), (), state((0, 1), ("filling", "end"))),),
        "no",
    )
    assert shown(lines_of_cti(cti, SYSTEM.properties[0], Names(SYSTEM))) == text("""
  not inductive: the state before may be unreachable
  before  fill(memcg0) is at scan/inner/filling
          registered(lru1)
  step    publish(lru0)
  after   registered(lru0): false -> true
  because no
""")  # fmt: skip


def test_a_cti_without_a_step_shows_the_state():
    cti = Trace(state((1,)), (), "control is there and the lock is free")
    whole = shown(lines_of_cti(cti, SYSTEM.properties[0], Names(SYSTEM)))
    assert "in a state with  registered(lru1)" in whole
    assert "step " not in whole


def test_long_lists_of_facts_are_cut_and_say_so():
    wide = TransitionSystem("w", (LRU,), (), (REGISTERED,), (), (), (), (), (), ())
    many = State({"Lru": 40}, {REGISTERED: {(i,): True for i in range(40)}})
    run = shown(lines_of_run(Trace(many, ()), Names(wide)))
    assert "and 29 more (--verbose shows them)" in run
    assert "registered(lru39)" in shown(lines_of_run(Trace(many, ()), Names(wide, verbose=True)))
