"""Representatives are states of their orbits, one for each: by brute force, and by known counts."""

import os
from math import factorial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from tests.engines.random_systems import Features, systems
from tests.native.orbits import Instance, complaints, quotient

from interlock.core.verdict import Proved, Violated
from interlock.engines.evaluate import Unsupported, replay
from interlock.engines.judge import finite_scope
from interlock.engines.native import colours, permuting, symmetry, unordered
from interlock.engines.native.driver import Driver
from interlock.engines.native.explorer import NativeExploration
from interlock.engines.native.generator import SystemGenerator
from interlock.engines.native.judging import Judging
from interlock.engines.native.outcome import Reason, Until
from interlock.engines.native.packing import pack_layout
from interlock.engines.native.permuting import Exchange, plain_changes
from interlock.engines.native.rows import Rows, network
from interlock.engines.native.steps import Steps
from interlock.engines.native.symmetry import Symmetry
from interlock.engines.protocol import Limits
from interlock.pipeline import lower_file, read_bytes

FUZZ = bool(os.environ.get("INTERLOCK_FUZZ"))
SETTINGS = settings(max_examples=300 if FUZZ else 15, deadline=None, suppress_health_check=list(HealthCheck))
ROOT = Path(__file__).parents[2]
SPEC = ROOT / "spec"
MODELS = ROOT / "benchmarks" / "explorer" / "models"
TWO_PHASE = SPEC / "gallery" / "two_phase_commit.ilk"
PUBLISH = MODELS / "publish_then_scan.ilk"
PATHS = sorted(str(p.relative_to(SPEC)) for p in SPEC.rglob("*.ilk") if "broken" not in p.parts)
FILES = [pytest.param(path, marks=pytest.mark.slow) if "list_lru" in path else path for path in PATHS]

LINKS = """
module links
sort Node
var link(n: Node): Node? = none
var mark(n: Node): Bool = false
action set(n, m: Node) { link(n) := m }
action clear(n: Node) { link(n) := none }
action colour(n: Node) { mark(n) := true }
invariant no_pair: forall m, n: Node :: link(m) = n implies link(n) != m
"""


def lowered(text):
    system, problems = lower_file("text.ilk", lambda _: text.encode())
    assert system is not None, problems
    return system


def instance_of(source, **sizes):
    system = lower_file(str(source), read_bytes)[0] if isinstance(source, Path) else lowered(source)
    return Instance(system, {**finite_scope(system), **sizes})


def count(instance, *, reduced):
    """States and depth of a search in machine code."""
    packing = instance.packing
    generator = SystemGenerator(
        Steps(instance.system, packing), Judging(instance.system, packing), packing, (), (),
        deadlock=False, symmetry=instance.symmetry if reduced else None,
    )  # fmt: skip
    with Driver(generator, keyed=packing.words == 1 and packing.bits < 64, threads=1) as driver:
        outcome = driver.run([packing.pack(state) for state in instance.initial], until=Until.LEVEL)
    assert outcome.reason is Reason.COMPLETE
    return outcome.states, outcome.depth


@pytest.fixture
def by_colours(monkeypatch):
    """Look at the colours of elements even where trying all permutations is faster."""
    monkeypatch.setattr(unordered, "MOST_WRITTEN_OUT", 0)


# Known counts


@pytest.mark.parametrize(("managers", "states"), [(2, 34), (3, 80), (9, 2232)])
def test_two_phase_commit(managers, states):
    instance = instance_of(TWO_PHASE, Manager=managers)
    assert str(instance.symmetry) == f"Manager ({managers}! = {factorial(managers):,}): exact, by sorting"
    assert count(instance, reduced=True)[0] == states


def test_publish_then_scan():
    instance = instance_of(PUBLISH, Lru=2, Memcg=3)
    assert str(instance.symmetry) == ("Lru (2! = 2), Memcg (3! = 6): exact, 2 permutations tried, Memcg sorted")
    assert count(instance, reduced=True) == (11_639, 20)
    assert count(instance, reduced=False) == (127_403, 20)


def test_publish_then_scan_by_colours(by_colours):
    assert count(instance_of(PUBLISH, Lru=2, Memcg=3), reduced=True) == (11_639, 20)


# Brute force


@pytest.mark.parametrize("path", FILES)
def test_representatives_of_a_specification(path):
    try:
        instance = instance_of(SPEC / path)
    except Unsupported:
        return
    if instance.symmetry is not None:
        assert instance.symmetry.exact
        assert complaints(instance.compile(), most=150) == []


@pytest.mark.parametrize("path", [p for p in PATHS if "list_lru" not in p] + ["list_lru/growth.ilk"])
def test_representatives_by_colours(path, by_colours):
    test_representatives_of_a_specification(path)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_elements_that_point_to_each_other(size):
    instance = instance_of(LINKS, Node=size).compile()
    assert complaints(instance, most=700) == []


@pytest.mark.parametrize("size", [2, 3, 5])
def test_elements_that_point_to_each_other_by_colours(size, by_colours):
    instance = instance_of(LINKS, Node=size).compile()
    assert complaints(instance, most=700) == []


@SETTINGS
@given(systems(Features(symbolic_ranges=True, counts=True)))
def test_representatives_of_random_systems(system):
    judge_random(system)


@SETTINGS
@given(systems(Features(symbolic_ranges=True)))
def test_representatives_of_random_systems_by_colours(system):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unordered, "MOST_WRITTEN_OUT", 0)
        judge_random(system)


def judge_random(system):
    for size in (2, 3):
        try:
            instance = Instance(system, {sort.name: size for sort in system.sorts})
        except Unsupported:
            continue
        if instance.symmetry is not None:
            assert complaints(instance.compile(), most=100) == []


def test_rows_of_several_words():
    instance = instance_of("""
        module wide
        sort Node
        var number(n: Node, i: 0..24): 0..7 = 0
        var last: 0..24 = 0
        action set(n: Node, i: 0..24) { number(n, i) := 5; last := i }
        """, Node=3)  # fmt: skip
    assert instance.packing.words > 3
    assert complaints(instance.compile(), most=400) == []


RANGED = """
module ranged
sort Node
const top: 0..3
axiom some_top: {axiom}
var owner(i: 0..top): Node
var seen(n: Node): Bool = false
action see(i: 0..top) {{ seen(owner(i)) := true }}
"""


def test_a_value_beyond_the_end_of_a_range_is_a_filling():
    instance = instance_of(RANGED.format(axiom="top = 1"), Node=3)
    assert len(instance.initial[0]) > 1 + 2 + 3  # there are cells beyond the end
    assert instance.symmetry is not None
    assert complaints(instance.compile()) == []


def test_ranges_that_end_differently_in_each_state_are_left_alone():
    assert instance_of(RANGED.format(axiom="top <= 2"), Node=3).symmetry is None


# Verdicts


def verdicts(system, sizes, *, reduced):
    names = [prop.name for prop in system.properties if prop.kind not in ("scenario", "liveness")]
    limits = Limits(sizes=sizes, total_seconds=60, states=20_000, symmetry=reduced, partial_order=False)
    run = NativeExploration(system, names, limits, measure=True)
    return dict(run.judge()), run.stats()


def agree(system, sizes):
    """The search of orbits finds what the full one does, with counterexamples as short and of the reference meaning."""
    try:
        full, there = verdicts(system, sizes, reduced=False)
    except Unsupported:
        return
    found, here = verdicts(system, sizes, reduced=True)
    if not there.complete:
        return
    assert here.complete
    assert (here.depth, here.states <= there.states) == (there.depth, True)
    for name, verdict in found.items():
        assert verdict.kind == full[name].kind, name
        if isinstance(verdict, Violated | Proved):
            assert len(verdict.trace.steps) == len(full[name].trace.steps), name
            assert replay(system, verdict.trace) is None


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(str(p.relative_to(SPEC)) for p in SPEC.rglob("*.ilk")))
def test_verdicts_are_those_of_the_full_search(path):
    system, _ = lower_file(str(SPEC / path), read_bytes)
    agree(system, finite_scope(system))


@settings(SETTINGS, max_examples=200 if FUZZ else 8)
@given(systems(Features(symbolic_ranges=True, counts=True)))
def test_verdicts_on_random_systems_are_those_of_the_full_search(system):
    agree(system, {sort.name: 3 for sort in system.sorts})


# What is not symmetric


@pytest.mark.parametrize(("declarations", "symmetric"), [("sort Node", True), ("ordered sort Node", False)])
def test_an_order_tells_elements_apart(declarations, symmetric):
    text = f"module m {declarations} var mark(n: Node): Bool = false action set(n: Node) {{ mark(n) := true }}"
    assert (instance_of(text, Node=3).symmetry is not None) == symmetric


def test_one_element_has_no_other():
    assert instance_of(LINKS, Node=1).symmetry is None


def test_a_choice_among_initial_states_is_no_symmetry():
    instance = instance_of("""
        module chosen
        sort Node
        const chief: Node
        var mark(n: Node): Bool = false
        action set { mark(chief) := true }
        """, Node=3)  # fmt: skip
    assert instance.symmetry is not None
    packing = pack_layout(instance.model, instance.initial[:1])
    assert Symmetry.of(instance.system, packing) is None


# Where representatives are not exact


def ring(instance, order):
    """Nodes that point to the next in an order, and the last to the first."""
    cells = [None] * instance.model.layout.length
    blocks = {b.symbol.name: b for b in instance.model.layout.blocks.values()}
    for node, following in zip(order, (*order[1:], order[0]), strict=True):
        cells[blocks["link"].index((node,))] = following
        cells[blocks["mark"].index((node,))] = False
    return tuple(cells)


def test_known_gap_more_than_720_permutations_of_elements_of_one_colour():
    instance = instance_of(LINKS, Node=7).compile()
    assert not instance.symmetry.exact
    assert "heuristic" in str(instance.symmetry)
    rings = [ring(instance, order) for order in ((0, 1, 2, 3, 4, 5, 6), (0, 2, 4, 6, 1, 3, 5), (3, 1, 0, 6, 5, 2, 4))]
    assert len({instance.representative(state) for state in rings}) > 1


def test_a_heuristic_representative_is_of_the_orbit():
    instance = instance_of(LINKS, Node=7).compile()
    pack, alike = instance.packing.pack, instance.symmetry.alike
    states, _ = instance.reachable(300)
    states.append(ring(instance, (0, 2, 4, 6, 1, 3, 5)))
    for state in states:
        assert alike(pack(state), pack(instance.representative(state)))


def test_a_search_with_heuristic_representatives_misses_nothing(monkeypatch, by_colours):
    for module in (colours, unordered):
        monkeypatch.setattr(module, "MOST_TRIED", 1)
    instance = instance_of(LINKS, Node=3).compile()
    assert not instance.symmetry.exact
    reachable, complete = instance.reachable(2000)
    assert complete
    found = quotient(instance)
    group = instance.group()
    assert {instance.permuted(state, p) for state in found for p in group} == set(reachable)
    assert len(found) < len(reachable)


def test_states_of_one_orbit_are_alike():
    instance = instance_of(LINKS, Node=4).compile()
    pack, alike = instance.packing.pack, instance.symmetry.alike
    states, _ = instance.reachable(150)
    for one in states[::9]:
        for two in states[::4]:
            same = instance.representative(one) == instance.representative(two)
            assert alike(pack(one), pack(two)) == same


# Sabotage


def test_a_value_that_is_not_renamed_is_noticed(monkeypatch):
    whole = permuting.exchange
    monkeypatch.setattr(permuting, "exchange", lambda *args: Exchange(whole(*args).moves, {}))
    assert complaints(instance_of(LINKS, Node=3).compile(), most=300)


@pytest.mark.parametrize("forgotten", ["link", "mark"])
def test_a_symbol_that_is_not_permuted_is_noticed(forgotten, monkeypatch):
    whole = permuting.moving_fields
    monkeypatch.setattr(
        permuting, "moving_fields", lambda packing: (f for f in whole(packing) if f.block.symbol.name != forgotten)
    )
    assert complaints(instance_of(LINKS, Node=3).compile(), most=300)


def test_a_row_that_is_not_sorted_is_noticed(monkeypatch):
    monkeypatch.setattr(Rows, "write", lambda *_: None)
    assert complaints(instance_of(TWO_PHASE, Manager=3).compile(), most=300)


def test_a_permutation_that_is_not_tried_is_noticed(monkeypatch):
    monkeypatch.setattr(symmetry, "plain_changes", lambda size: plain_changes(size)[:-1])
    assert complaints(instance_of(LINKS, Node=3).compile(), most=300)


# Orders


@pytest.mark.parametrize("size", range(1, 7))
def test_plain_changes_lead_through_all_orders(size):
    order = list(range(size))
    seen = {tuple(order)}
    for step in plain_changes(size):
        order[step : step + 2] = reversed(order[step : step + 2])
        seen.add(tuple(order))
    assert len(seen) == factorial(size) == len(plain_changes(size)) + 1


@pytest.mark.parametrize("size", range(1, 11))
def test_the_network_sorts(size):
    comparisons = list(network(size))
    for bits in range(1 << size):  # what sorts all zeros and ones sorts all
        row = [bits >> place & 1 for place in range(size)]
        for low, high in comparisons:
            if row[low] > row[high]:
                row[low], row[high] = row[high], row[low]
        assert row == sorted(row)
