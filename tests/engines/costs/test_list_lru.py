"""What the thread says of costs, measured: who holds a lock for how much of what, and that a handshake holds none."""

from pathlib import Path

import pytest

from interlock.core.system import TransitionSystem
from interlock.engines.costs.counting import counted, keys_of
from interlock.engines.costs.hidden import UNMEASURED, hidden_in
from interlock.engines.costs.measuring import Search, maxima
from interlock.engines.costs.quantities import Key
from interlock.engines.costs.results import Cost, Study
from interlock.engines.costs.sizing import plan_of
from interlock.engines.costs.slicing import sliced
from interlock.engines.costs.study import study
from interlock.pipeline import lower_file

SPECS = Path(__file__).parents[3] / "spec/list_lru"


def design(name: str) -> TransitionSystem:
    system, problems = lower_file(str(SPECS / f"{name}.ilk"), lambda path: Path(path).read_bytes())
    assert system is not None, problems
    return system


def exhausted(name: str, *wanted: Key, factor: int = 1, **point: int) -> list[int]:
    """Costs in one scope, by exhausting it; `factor` is how many blocks there are for each that is kept."""
    system = design(name)
    small = sliced(system)
    sizes = plan_of(system).sizes(dict.fromkeys(plan_of(system).varied, 1) | point, factor)
    found: dict[Key, int] = {}
    for process in small.processes:
        keys = [key for key in wanted if key[0] == process.name]
        assert set(keys) <= set(keys_of(small, process, ()))

        def build(ceilings, process=process):
            bigger = counted(small, process, (), ceilings)
            return bigger.system, bigger.quantities

        measured = maxima(build, dict.fromkeys(keys, 0), Search(sizes, float("inf"), native=False))
        assert all(m.exact for m in measured.values())
        found |= {key: m.value for key, m in measured.items()}
    return [found[key] for key in wanted]


@pytest.fixture(scope="module")
def studies():
    """Costs of designs by bounds alone, which meet where it matters: no scope is exhausted."""
    known: dict[str, Study] = {}

    def of(name: str) -> dict[Key, Cost]:
        if name not in known:
            known[name] = study(design(name), 1e6, native=False, exhausting=False)
        return {cost.key: cost for cost in known[name].costs}

    return of


def locks(name: str) -> set[tuple[str, str]]:
    """The sections of a design before which one may have to wait for others."""
    small = sliced(design(name))
    keys = (key for process in small.processes for key in keys_of(small, process, ()))
    return {(operation, section) for operation, section, kind in keys if kind == "waiting"}


def test_the_hold_of_init_grows_with_memcgs_and_not_with_lrus_under_v13():
    steps, allocations = ("init", "create_mutex", "steps"), ("init", "create_mutex", "allocations")
    assert exhausted("v13", steps, allocations, Lru=1, Memcg=1) == [7, 2]
    assert exhausted("v13", steps, allocations, Lru=1, Memcg=2) == [11, 3]  # a list for each, and the array
    assert exhausted("v13", steps, allocations, Lru=2, Memcg=1) == [7, 2]


def test_the_hold_of_activation_grows_with_lrus_and_not_with_memcgs_under_v13():
    steps, allocations = ("activate", "create_mutex", "steps"), ("activate", "create_mutex", "allocations")
    assert exhausted("v13", steps, allocations, Lru=1, Memcg=1) == [9, 1]
    assert exhausted("v13", steps, allocations, Lru=2, Memcg=1) == [13, 2]
    assert exhausted("v13", steps, allocations, Lru=1, Memcg=2) == [9, 1]


@pytest.mark.slow
def test_growth_under_v13_is_told_as_a_formula(studies):
    costs = studies("v13")
    assert str(costs["init", "create_mutex", "allocations"].fit) == "1 + Memcg"
    assert str(costs["activate", "create_mutex", "allocations"].fit) == "Lru"
    assert str(costs["activate", "create_mutex", "steps"].fit) == "5 + 4·Lru"
    assert costs["init", "create_mutex", "steps"].grows_with == ("Memcg",)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["broken/unlocked_init", "publish_first"])
def test_init_holds_the_mutex_for_one_step_if_it_only_registers_under_it(name, studies):
    costs = studies(name)
    assert str(costs["init", "create_mutex", "steps"].fit) == "1"  # Dave Chinner: "just a few instructions"
    assert ("init", "create_mutex", "allocations") not in costs
    assert (
        str(costs["activate", "create_mutex", "allocations"].fit) == "Lru"
    )  # the mutex is still held, says the author


@pytest.mark.slow
def test_a_rw_semaphore_moves_the_cost_of_mounts_to_activations(studies):
    costs = studies("rw_semaphore")
    assert str(costs["init", "reading", "allocations"].fit) == "Memcg"
    assert str(costs["activate", "writing", "allocations"].fit) == "Lru"


@pytest.mark.slow
def test_a_handshake_allocates_as_much_and_holds_nothing(studies):
    costs = studies("handshake")
    assert str(costs["init", "", "allocations"].fit) == "Memcg"
    assert str(costs["activate", "", "allocations"].fit) == "Lru"


@pytest.mark.parametrize(
    "name", ["handshake", "handshake_pin", "handshake_cursor", "handshake_srcu", "handshake_enomem"]
)
def test_a_handshake_holds_no_lock_at_all(name):
    assert locks(name) == set()
    assert not any(note.endswith(UNMEASURED) for note in hidden_in(design(name)))


@pytest.mark.parametrize("name", ["reparent", "shrinker_bit", "owned", "owned_rcu"])
def test_a_list_lock_that_is_taken_without_with_is_measured(name):
    assert not any(note.endswith(UNMEASURED) for note in hidden_in(design(name)))


def test_who_holds_what():
    assert locks("v13") == {("init", "create_mutex"), ("activate", "create_mutex")}
    assert locks("rw_semaphore") == {("init", "reading"), ("init", "registry_lock"), ("activate", "writing")}
    assert locks("handshake_lock") == {("fill", "lock")}
    assert locks("reparent") == {("change", "lock"), ("reparent", "lock")}
    assert locks("shrinker_bit") == {("add", "lock"), ("reparent", "lock")}


@pytest.mark.parametrize(
    ("name", "point", "key", "value"),
    [
        # scan.start, next, install, end, enter and leave the registry's lock, load_head, store_head between
        ("rw_semaphore", {}, ("init", "reading", "steps"), 8),
        # take_id, scan.start, next, install, end, mark
        ("rw_semaphore", {}, ("activate", "writing", "steps"), 6),
        # an activation that finds no lru: take_id, scan.start, end, mark, and leaving
        ("rw_semaphore", {}, ("init", "reading", "waiting"), 5),
        # a mount that finds no memcg: scan.start, end, four around the registry's lock, and leaving
        ("rw_semaphore", {}, ("activate", "writing", "waiting"), 7),
        ("publish_first", {}, ("init", "create_mutex", "steps"), 1),
        # take_id, scan.start, next, install, end, mark; for each further lru, next and install
        ("publish_first", {}, ("activate", "create_mutex", "steps"), 6),
        ("publish_first", {"Lru": 2}, ("activate", "create_mutex", "steps"), 8),
        # allocate and publish
        ("owned", {}, ("init", "sem.read", "steps"), 2),
        ("owned", {}, ("activate", "sem.write", "waiting"), 3),
        # one step and leaving: an offlining holds the mutex only where there is a memcg besides the root
        ("at_allocation", {"Lru": 2}, ("init", "list_lrus_mutex", "waiting"), 2),
        # sweep.start, next, clear, end
        ("at_allocation", {"Memcg": 2}, ("offline", "list_lrus_mutex", "steps"), 4),
    ],
)
def test_counted_by_hand(name, point, key, value):
    assert exhausted(name, key, **point) == [value]


@pytest.mark.slow
def test_growth_under_the_mutex_counted_by_hand():
    # take_id; enlarge: start, next, alloc_array, copy.start, copy.end, swap, end; wait, waited; reap: start, next,
    # free_old, end; resize; fill: start, next, an alloc_list that fails; sweep: start, next, free_list, end; give_back
    kinds = ("steps", "grace periods", "allocations")
    keys = [("activate", "create_mutex", kind) for kind in kinds]
    assert exhausted("growth", *keys, factor=2) == [23, 1, 2]
