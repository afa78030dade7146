"""What the thread says of costs, measured: what grows under v13's mutex with what, and that a handshake holds none."""

from pathlib import Path

import pytest

from interlock.engines.costs.counting import counted, keys_of
from interlock.engines.costs.measuring import Search, maxima
from interlock.engines.costs.sections import sections_of
from interlock.engines.costs.sizing import plan_of
from interlock.engines.costs.slicing import sliced
from interlock.pipeline import lower_file

SPECS = Path(__file__).parents[3] / "spec/list_lru"


def held(operation: str, **point: int) -> tuple[int, int]:
    """Steps and allocations that an operation of v13 takes at most in one holding of the mutex."""
    system, _ = lower_file(str(SPECS / "v13.ilk"), lambda path: Path(path).read_bytes())
    assert system is not None
    small = sliced(system)
    process = next(p for p in small.processes if p.name == operation)
    keys = [k for k in keys_of(small, process, ()) if k[1] == "create_mutex" and k[2] in ("steps", "allocations")]

    def build(ceilings):
        bigger = counted(small, process, (), ceilings)
        return bigger.system, bigger.quantities

    search = Search(plan_of(system).sizes(point, 1), float("inf"), native=False)
    found = {key[2]: m for key, m in maxima(build, dict.fromkeys(keys, 0), search).items()}
    assert all(m.exact for m in found.values())
    return found["steps"].value, found["allocations"].value


def test_the_hold_of_init_grows_with_memcgs_and_not_with_lrus():
    assert held("init", Lru=1, Memcg=1) == (7, 2)
    assert held("init", Lru=1, Memcg=2) == (11, 3)  # a list for each, and the array
    assert held("init", Lru=2, Memcg=1) == (7, 2)


def test_the_hold_of_activation_grows_with_lrus_and_not_with_memcgs():
    assert held("activate", Lru=1, Memcg=1) == (9, 1)
    assert held("activate", Lru=2, Memcg=1) == (13, 2)
    assert held("activate", Lru=1, Memcg=2) == (9, 1)


@pytest.mark.parametrize("name", ["handshake", "handshake_pin"])
def test_a_handshake_holds_no_lock_across_its_scans(name):
    system, _ = lower_file(str(SPECS / f"{name}.ilk"), lambda path: Path(path).read_bytes())
    assert [section for process in system.processes for section in sections_of(process)] == []
