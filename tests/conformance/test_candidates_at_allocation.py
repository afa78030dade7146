"""Lists that come with the first object: the candidates, their broken twins, and what they do not promise."""

from pathlib import Path

import pytest
from tests.conformance.subjects import AT_ALLOCATION, candidate, shipped

from interlock_conformance.conform import Options, conform, replay
from interlock_conformance.schedule import parse_workload
from interlock_conformance.specification import load_specification
from interlock_conformance.strategies.reduced import Reduced
from interlock_conformance.verdict import Breaks, Conforms, Undecided, report

FOLDER = Path(__file__).parents[2] / "spec/list_lru"
RIGHT = ("xarray", "list_locks")
XARRAY = candidate("xarray")
EXEMPT = Options(known=frozenset(XARRAY.exempt))

# The smallest workload on which each shows, and how many preemptions it takes.
BROKEN = {
    "late_list": ("init(0); online(1, 0); add(0, 1)", 0),
    "own_list_only": ("init(0); online(1, 0); online(2, 1); add(0, 2)", 0),
    "overwritten_list": ("init(0); online(1, 0) | add(0, 1) | add(0, 1)", 1),
    "unchecked_install": ("init(0); online(1, 0); offline(1) | add(0, 1)", 2),
    "undrained_lookup": ("init(0); online(1, 0); offline(1) | use(0, 1)", 2),
    "drained_list": ("init(0); online(1, 0); offline(1) | use(0, 1)", 2),
    "slot_first": ("init(0); online(1, 0); offline(1) | use(0, 1)", 2),
    "undead_list": ("init(0); online(1, 0); offline(1) | use(0, 1)", 2),
    "published_early": ("init(0); online(1, 0) | add(0, 1) | add(0, 1)", 1),
}


def read(path):
    return Path(path).read_bytes()


@pytest.fixture(scope="module")
def asked():
    system, diagnostics = load_specification(str(FOLDER / AT_ALLOCATION.specification), read)
    assert system is not None, diagnostics
    return system


@pytest.fixture(scope="module")
def refined():
    system, diagnostics = load_specification(str(FOLDER / AT_ALLOCATION.refines), read, runs=True)
    assert system is not None, diagnostics
    return system


def right(name):
    return candidate(name).bound()


def twin(name):
    return candidate(f"broken.{name}")


def test_its_modules_say_which_kind_they_are_of():
    assert {named.name for named in shipped(AT_ALLOCATION)} == {*RIGHT, *BROKEN}


@pytest.mark.parametrize("name", BROKEN)
def test_each_broken_twin_is_caught(asked, name):
    named = twin(name)
    workload, preemptions = BROKEN[name]
    verdict = conform(named.bound(), asked, parse_workload(workload), Reduced(), EXEMPT)
    assert isinstance(verdict, Breaks), report(verdict)
    assert verdict.property == named.breaks, report(verdict)
    assert verdict.preemptions == preemptions, report(verdict)
    again = replay(named.bound(), asked, verdict.token, EXEMPT)
    assert isinstance(again, Breaks)
    assert again.property == verdict.property


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("workload", sorted({workload for workload, _ in BROKEN.values()}))
def test_they_conform_where_each_twin_breaks(asked, name, workload):
    verdict = conform(right(name), asked, parse_workload(workload), Reduced(), EXEMPT)
    assert isinstance(verdict, Conforms), report(verdict)
    assert verdict.exhausted
    kept = {"coverage", "no_dangling", "install_once", "swept_clean", "no_leak", "counts", "items_kept"}
    assert kept <= set(verdict.judged)


# Two lrus, two cgroups beside the root, a reader, one failing allocation, whichever that is.
SCOPE = (
    "init(0); online(1, 0); online(2, 1); use(0, 2); add(0, 1); offline(2); offline(1); destroy(0)",
    "init(0); init(1); online(1, 0); online(2, 0) | add(0, 1); add(1, 2); use(1, 1)",
    "init(0); init(1); online(1, 0); online(2, 1); offline(2); offline(1) | add(1, 2)",
    "init(0); online(1, 0); add(0, 1); offline(1); online(2, 0) | add(0, 2)",
)


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("workload", SCOPE)
@pytest.mark.parametrize("failing", range(4))
def test_they_conform_on_all_interleavings_whichever_allocation_fails(asked, name, workload, failing):
    verdict = conform(right(name), asked, parse_workload(f"{workload} ! {failing}"), Reduced(), EXEMPT)
    assert isinstance(verdict, Conforms), report(verdict)
    assert verdict.exhausted


# -- what its specification says in one step


def test_it_refines_the_abstract_specification_while_nobody_goes_offline(asked, refined):
    workload = parse_workload("init(0); online(1, 0); online(2, 1) | use(0, 2) | add(0, 1)")
    verdict = conform(XARRAY.bound(), asked, workload, Reduced(), Options(refined=refined))
    assert isinstance(verdict, Conforms), report(verdict)
    assert "refinement.list_lru.abstract_at_allocation" in verdict.judged


def test_known_gap_a_list_may_be_installed_after_its_cgroup_was_marked(asked, refined):
    workload = parse_workload("init(0); online(1, 0); offline(1) | add(0, 1)")
    verdict = conform(XARRAY.bound(), asked, workload, Reduced(), Options(refined=refined))
    assert isinstance(verdict, Breaks)
    assert verdict.property in XARRAY.exempt
    assert "nearest: provide(lru0)" in verdict.message
    marks = [event.object for event in verdict.events if event.kind == "store"]
    assert marks[-2:] == ["memcg1.offline", "lru0.slot[0]"]


# -- bad input


@pytest.mark.parametrize(
    ("workload", "reason"),
    [
        ("init(0) | init(0)", "lru0 is mounted more than once"),
        ("init(0); init(0)", "lru0 is mounted more than once"),
        ("destroy(0)", "lru0 is unmounted by a thread that has not mounted it"),
        ("init(0); online(1, 0); destroy(0) | use(0, 1)", "used by one thread while another may destroy it"),
        ("online(1, 0) | online(2, 0)", "in more than one thread"),
        ("online(1, 0); online(1, 0)", "memcg1 is online already"),
        ("online(2, 1)", "memcg2 comes online below memcg1, which is not online"),
        ("offline(1)", "memcg1 is not online"),
        ("online(1, 0); online(2, 1); offline(1)", "memcg1 goes offline before its children"),
        ("init(0); use(0, 1)", "memcg1 never comes online"),
        ("activate(0)", "`activate(0)` is none of init(l)"),
        ("online(1)", "`online(1)` is none of init(l)"),
    ],
)
def test_a_misused_candidate_is_undecided(asked, workload, reason):
    verdict = conform(XARRAY.bound(), asked, parse_workload(workload), Reduced())
    assert isinstance(verdict, Undecided)
    assert reason in verdict.reason
