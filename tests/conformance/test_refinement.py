"""Runs of candidates are runs of a specification: right ones always, wrong ones not, and then it is told what forbids it."""

import importlib
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from tests.conformance.subjects import LIST_LRU, shipped

from interlock_conformance.binding import Abstraction
from interlock_conformance.calls import Calls
from interlock_conformance.conform import Options, conform, replay, survey
from interlock_conformance.judging.refinement import Refinement
from interlock_conformance.schedule import parse_workload
from interlock_conformance.specification import load_specification
from interlock_conformance.strategies import Run, Strategy
from interlock_conformance.strategies.exhaustive import Exhaustive
from interlock_conformance.strategies.priorities import Priorities
from interlock_conformance.strategies.reduced import Reduced
from interlock_conformance.strategies.replay import exactly
from interlock_conformance.verdict import Breaks, Conforms, Undecided, report
from list_lru import publish_first, v13
from list_lru.bindings.base import ListLruBinding

NAME = "refinement.list_lru.abstract"
CANDIDATES = {named.reference: named for named in shipped(LIST_LRU)}
RIGHT = [reference for reference, named in CANDIDATES.items() if named.breaks is None]
BROKEN = [reference for reference, named in CANDIDATES.items() if named.breaks is not None]


def read(path):
    return Path(path).read_bytes()


def exempting(reference, abstract):
    """All that is asked of a candidate; not what its design does not promise."""
    return Options(refined=abstract, known=frozenset(CANDIDATES[reference].exempt), shrink_executions=0)


# -- the candidates


@pytest.mark.parametrize("reference", RIGHT)
def test_right_candidates_refine_the_abstract_list_lru(base, abstract, reference):
    binding = CANDIDATES[reference].bound()
    for workload in LIST_LRU.workloads:
        verdict = conform(binding, base, parse_workload(workload), Reduced(20), exempting(reference, abstract))
        assert isinstance(verdict, Conforms), f"{workload}\n{report(verdict)}"
        assert NAME in verdict.judged


@pytest.mark.slow
@pytest.mark.parametrize("reference", RIGHT)
def test_right_candidates_refine_it_in_many_executions(base, abstract, reference):
    binding = CANDIDATES[reference].bound()
    for workload in LIST_LRU.workloads:
        verdict = conform(binding, base, parse_workload(workload), Reduced(1_000), exempting(reference, abstract))
        assert isinstance(verdict, Conforms), f"{workload}\n{report(verdict)}"


@pytest.mark.parametrize("reference", BROKEN)
def test_broken_twins_break_what_they_break_first(base, abstract, reference):
    """The property that is theirs comes before the refinement, which often breaks in the same step."""
    named = CANDIDATES[reference]
    both_ways = exempting(reference, abstract)
    for workload in LIST_LRU.workloads[:5]:
        plain = conform(named.bound(), base, parse_workload(workload), Reduced(20), replace(both_ways, refined=None))
        both = conform(named.bound(), base, parse_workload(workload), Reduced(20), both_ways)
        if isinstance(plain, Breaks):  # with fewer executions than there are, the other search may not come to it
            assert isinstance(both, Conforms) or both.property in (plain.property, NAME)


BY_ITSELF = {
    "active_only": "init(0) | activate(0)",
    "mark_first": "init(0) | activate(0)",
    "mark_late": "init(0) | activate(0)",
    "publish_outside": "init(0) | activate(0)",
    "register_late": "init(0) | activate(0)",
    "scan_first": "init(0) | activate(0)",
    "unlocked_init": "init(0) | activate(0)",
    "krealloc": "init(0); init(1); activate(0) | activate(1) ! 3",
}
"""Twins that the refinement alone catches, whatever else is judged."""


@pytest.mark.parametrize("name", BY_ITSELF)
def test_the_refinement_alone_catches(base, abstract, name):
    binding = ListLruBinding(name, importlib.import_module(f"list_lru.broken.{name}").ListLrus)
    options = Options(refined=abstract, properties=frozenset({NAME}), shrink_executions=200)
    verdict = conform(binding, base, parse_workload(BY_ITSELF[name]), Reduced(), options)
    assert isinstance(verdict, Breaks), report(verdict)
    assert verdict.property == NAME
    assert "nearest: " in verdict.message
    again = replay(binding, base, verdict.token, options)
    assert isinstance(again, Breaks)
    assert (again.property, again.message, again.events) == (verdict.property, verdict.message, verdict.events)


def test_the_report_tells_the_clause_that_was_false(base, abstract):
    module = importlib.import_module("list_lru.broken.unlocked_init")
    options = Options(refined=abstract, properties=frozenset({NAME}))
    verdict = conform(
        ListLruBinding("unlocked_init", module.ListLrus),
        base,
        parse_workload("init(0) | activate(0)"),
        Reduced(),
        options,
    )
    assert isinstance(verdict, Breaks)
    assert verdict.message.splitlines() == [
        "no step of list_lru.abstract leads to live(lru0)",
        "  nearest: init(lru0) needs `forall m: Memcg :: active(m) implies exists x: List :: finds(lru0, m, x)'`",
        "    and with m = memcg0: active(memcg0) holds but there is no x such that finds(lru0, memcg0, x)'",
        "  nearest: destroy(lru0) needs `live(lru0)`",
        "    and live(lru0) does not hold",
    ]
    assert verdict.clause == "forall m: Memcg :: active(m) implies exists x: List :: finds(lru0, m, x)'"
    assert verdict.preemptions == 1


def test_what_is_known_to_be_broken_is_passed_over(base, abstract):
    module = importlib.import_module("list_lru.broken.unlocked_init")
    binding = ListLruBinding("unlocked_init", module.ListLrus)
    options = Options(refined=abstract, shrink_executions=0)
    found = survey(partial(conform, binding, base, parse_workload("init(0) | activate(0)"), Reduced()), options)
    assert [getattr(verdict, "property", "") for verdict in found][:2] == ["coverage", NAME]
    assert isinstance(found[-1], Conforms)
    assert NAME not in found[-1].judged


# -- sabotage: what only the refinement sees


class FreesTooSoon(v13.ListLrus):
    """Destroy frees the lists, and only then takes the lru out of sight."""

    def destroy(self, lru):
        array = self.array_of(lru)
        for index in range(len(array.slot)):
            self.clear_slot(array, index)
        super().destroy(lru)


class SwapsLists(v13.ListLrus):
    """Growth makes new lists instead of keeping those that are there."""

    def copy(self, old, larger):
        for index in range(len(old.slot)):
            there = self.lists.alloc()
            assert there is not None
            larger.slot[index] = there


class ComesBack(publish_first.ListLrus):
    """A failing activation has been active for a moment."""

    def activate(self, memcg):
        error = super().activate(memcg)
        if error is not None and memcg.index.load() is None:
            self.active.add(memcg)
            self.active.remove(memcg)
        return error


@pytest.mark.parametrize(
    ("candidate", "workload", "says"),
    [
        (FreesTooSoon, "activate(0); init(0); destroy(0)", "no step of list_lru.abstract leads to"),
        (SwapsLists, "init(0); activate(0); activate(1)", "no step of list_lru.abstract leads to"),
        (ComesBack, "init(0); activate(0); activate(0) ! 1", "no step of list_lru.abstract leads to active(memcg0)"),
    ],
)
def test_sabotage_is_caught(base, abstract, candidate, workload, says):
    options = Options(refined=abstract, properties=frozenset({NAME}), shrink_executions=0)
    verdict = conform(ListLruBinding("sabotaged", candidate), base, parse_workload(workload), Reduced(), options)
    assert isinstance(verdict, Breaks), report(verdict)
    assert verdict.property == NAME, report(verdict)
    assert says in verdict.message


def test_what_is_tried_again_is_another_element_and_is_told_by_its_name(base, abstract):
    class Late(v13.ListLrus):
        """The second mount comes without its lists."""

        def new_array(self):
            return self.arrays.alloc(self.size.load()) if len(self.arrays.peek()) > 1 else super().new_array()

    options = Options(refined=abstract, properties=frozenset({NAME}), shrink_executions=0)
    workload = parse_workload("activate(0); init(0); destroy(0); init(0); destroy(0); init(0)")
    verdict = conform(ListLruBinding("late", Late), base, workload, Reduced(), options)
    assert isinstance(verdict, Breaks), report(verdict)
    assert "leads to live(lru2)" in verdict.message
    assert "there, lru1 is lru0, tried again" in verdict.message


# -- hidden variables, nondeterminism


class Unseen(ListLruBinding):
    """Leaves out who works on a list: anybody may at any time, as far as it can be told."""

    def abstraction(self, workload):
        whole = super().abstraction(workload)

        def tables(look, history):
            return {name: table for name, table in whole.tables(look, history).items() if name != "held"}

        return Abstraction(whole.sizes, whole.needs, tables, whole.names)


@pytest.mark.parametrize(
    "workload", ["init(0) | activate(0)", "init(0); destroy(0) | activate(0)", "init(0) | activate(0) ! 1"]
)
@pytest.mark.parametrize("name", ["v13", "publish_first", "broken.unlocked_init", "broken.active_only"])
def test_what_is_not_observed_may_be_anything(base, abstract, name, workload):
    made = importlib.import_module(f"list_lru.{name}").ListLrus
    options = Options(refined=abstract, properties=frozenset({NAME}), shrink_executions=0)
    seen, unseen = (
        conform(binding(name, made), base, parse_workload(workload), Reduced(), options)
        for binding in (ListLruBinding, Unseen)
    )
    assert type(seen) is type(unseen)
    assert seen.executions == unseen.executions


SECRET = """
module secret
enum Side { LEFT, RIGHT }
var open: 0..3 = 0
var shown: 0..3 = 0
--- Drawn when the box is made, and nobody sees it.
var side: Side
action look { await open = 0; open := 1; if side = Side.LEFT { shown := 1 } else { shown := 2 } }
action turn { await open = 1; open := 2; if side = Side.LEFT { shown := 1 } else { shown := 2 } }
"""


def boxes(tmp_path, text=SECRET):
    path = tmp_path / "secret.ilk"
    path.write_text(text)
    return load_specification(str(path), read)[0], load_specification(str(path), read, runs=True)[0]


class Box:
    """Shows its sides; steps through a scripted list of (open, shown)."""

    script: tuple[tuple[int, int], ...] = ()

    def __init__(self, runtime):
        self.state = runtime.memory("box").cell("state", (0, 0))

    def play(self):
        for state in self.script:
            self.state.store(state)

    def symbols(self):
        return {"open": lambda: self.state.peek()[0], "shown": lambda: self.state.peek()[1]}


def play(tmp_path, *script, text=SECRET):
    judged, runs = boxes(tmp_path, text)
    assert runs is not None
    box = type("Scripted", (Box,), {"script": script})
    return conform(Calls("box", box, runs), judged, parse_workload("play()"), Reduced(), Options(refined=runs))


def test_all_that_explains_a_run_is_kept_until_something_tells(tmp_path):
    for right in [(), ((1, 1),), ((1, 2),), ((1, 1), (2, 1)), ((1, 2), (2, 2)), ((1, 1), (1, 1), (2, 1))]:
        assert isinstance(play(tmp_path, *right), Conforms), right
    for wrong in [((2, 1),), ((1, 3),), ((1, 1), (2, 2)), ((1, 2), (2, 1)), ((1, 1), (0, 0)), ((0, 1),)]:
        verdict = play(tmp_path, *wrong)
        assert isinstance(verdict, Breaks), wrong
        assert verdict.property == "refinement.secret"


def test_the_reason_is_that_of_the_states_that_are_left(tmp_path):
    verdict = play(tmp_path, (1, 1), (2, 2))
    assert isinstance(verdict, Breaks)
    assert "nearest: turn" in verdict.message
    assert "shown would be 1" in verdict.message or "side" in verdict.message, verdict.message


def test_hidden_steps_are_taken_between(tmp_path):
    text = SECRET + "action swap { if side = Side.LEFT { side := Side.RIGHT } else { side := Side.LEFT } }\n"
    assert isinstance(play(tmp_path, (1, 1), (2, 2), text=text), Conforms)
    assert isinstance(play(tmp_path, (1, 1), (2, 3), text=text), Breaks)
    guarded = SECRET + "action swap { await open = 0; side := Side.LEFT }\n"
    assert isinstance(play(tmp_path, (1, 1), (2, 2), text=guarded), Breaks)


def test_a_state_that_breaks_an_invariant_explains_nothing(tmp_path):
    text = SECRET + "invariant right: side = Side.RIGHT\n"
    assert isinstance(play(tmp_path, (1, 2), text=text), Conforms)
    assert isinstance(play(tmp_path, (1, 1), text=text), Breaks)


def test_a_start_that_is_none_of_the_specifications(tmp_path):
    class Open(Box):
        def __init__(self, runtime):
            self.state = runtime.memory("box").cell("state", (1, 2))

    judged, runs = boxes(tmp_path)
    verdict = conform(Calls("box", Open, runs), judged, parse_workload("play()"), Reduced(), Options(refined=runs))
    assert isinstance(verdict, Breaks)
    assert verdict.message == "no initial state of secret has open = 1, shown = 2"


def test_what_no_step_changes_must_not_change(tmp_path):
    text = (
        "module fixed\nvar open: 0..3 = 0\nvar shown: Bool = false\naction look { await open < 3; open := open + 1 }\n"
    )
    judged, runs = boxes(tmp_path, text)

    class Shows(Box):
        def symbols(self):
            return {"open": lambda: self.state.peek()[0], "shown": lambda: self.state.peek()[1] > 0}

    for state, ends in [((1, 0), Conforms), ((1, 1), Breaks), ((0, 1), Breaks)]:
        box = type("Scripted", (Shows,), {"script": (state,)})
        verdict = conform(Calls("box", box, runs), judged, parse_workload("play()"), Reduced(), Options(refined=runs))
        assert isinstance(verdict, ends), report(verdict)


def test_two_steps_at_once_are_not_one(tmp_path):
    verdict = play(tmp_path, (2, 1))
    assert isinstance(verdict, Breaks)
    assert "no step of secret leads to open = 2, shown = 1" in verdict.message


def test_more_states_than_may_be_kept_are_no_pass(tmp_path, monkeypatch):
    monkeypatch.setattr("interlock_conformance.conform.Refinement", partial(Refinement, most=500))
    many = "module many\nsort Bit\nvar open: Bool = false\nvar bit(b: Bit): Bool = false\n"
    many += "action flip(b: Bit) { bit(b) := true }\naction look { open := true }\nscope big { Bit = 9 }\n"
    path = tmp_path / "many.ilk"
    path.write_text(many)
    judged, runs = load_specification(str(path), read)[0], load_specification(str(path), read, runs=True)[0]

    class Looks(Box):
        def __init__(self, runtime):
            self.open = runtime.memory("box").cell("open", value=False)

        def play(self):
            self.open.store(value=True)

        def symbols(self):
            return {"open": self.open.peek}

    verdict = conform(Calls("box", Looks, runs), judged, parse_workload("play()"), Reduced(), Options(refined=runs))
    assert isinstance(verdict, Undecided)
    assert verdict.reason == "more than 500 states of many may explain a run"


# -- executions that begin alike are judged from where they part


@dataclass(frozen=True)
class FromTheStart:
    """A strategy that forgets what it knows of earlier executions."""

    strategy: Strategy

    def explore(self, run: Run):
        def whole(choose, *, given=(), trail=None):
            return run(exactly((point.chosen for point in given), choose), trail=trail)

        return self.strategy.explore(whole)


@pytest.mark.parametrize(
    "strategy", [Exhaustive(2), Reduced(), Priorities(3, 60)], ids=["exhaustive", "reduced", "priorities"]
)
@pytest.mark.parametrize(
    "reference", [r for r in CANDIDATES if r.split(".")[-1].split(":")[0] in (*BY_ITSELF, "v13", "handshake")]
)
def test_what_is_known_of_earlier_executions_changes_nothing(base, abstract, strategy, reference):
    binding = CANDIDATES[reference].bound()
    options = Options(refined=abstract, properties=frozenset({NAME}), shrink_executions=0)
    workload = parse_workload("init(0); destroy(0) | activate(0)")
    assert conform(binding, base, workload, strategy, options) == conform(
        binding, base, workload, FromTheStart(strategy), options
    )


def test_a_warm_step_asks_nothing(base, abstract, monkeypatch):
    """Each question is asked of the specification once, however many executions come to it."""
    asked = []
    original = Refinement._after

    def counted(self, place, sight):
        asked.append((id(self), place, sight))
        return original(self, place, sight)

    monkeypatch.setattr(Refinement, "_after", counted)
    workload = parse_workload("init(0); destroy(0) | activate(0)")
    verdict = conform(ListLruBinding("v13", v13.ListLrus), base, workload, Exhaustive(2), Options(refined=abstract))
    assert isinstance(verdict, Conforms)
    assert verdict.executions > 100
    assert len(asked) == len(set(asked)) < 60
