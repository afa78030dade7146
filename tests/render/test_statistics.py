"""How much was seen, in words: nothing that differs from run to run where times are left out."""

from interlock.core.verdict import ExploreStats, WalkStats
from interlock.render.statistics import lines_of_exploration, lines_of_walks, shown_size

STATS = ExploreStats(
    2232, 9000, 21, complete=True, seconds=2.0, actions=(("go", 9000), ("stop", 0)),
    reductions=("symmetry: Manager",), memory=3 << 20,
)  # fmt: skip
WALKS = WalkStats(1, 2000, 200, 200, 57, 3, 0.5, (("go", 2000), ("stop", 0)), starts=10_000)


def shown(lines):
    return [line.plain for line in lines]


def test_an_exploration_tells_its_size_and_what_it_took():
    assert shown(lines_of_exploration(STATS, verbose=True, times=True)) == [
        "  2232 distinct states, 9000 transitions, depth 21 (all explored)  2.00s",
        "  reduced by symmetry: Manager, 1,116 states/s, 3.0 MB for states, exact: no state is known by its hash alone",
        "  never taken in this scope: stop",
        "    go    9,000",
        "    stop      0",
    ]


def test_without_times_only_what_is_always_the_same_is_told():
    assert shown(lines_of_exploration(STATS, verbose=False, times=False)) == [
        "  2232 distinct states, 9000 transitions, depth 21 (all explored)",
        "  reduced by symmetry: Manager",
        "  never taken in this scope: stop",
    ]


def test_random_runs_tell_what_they_have_not_done():
    assert shown(lines_of_walks(WALKS, verbose=False, times=True)) == [
        "  1 random run of seed 3, 2,000 steps, the longest 200, about 57 distinct states  0.50s, 4,000 steps/s",
        "  all runs start in one of the first 10,000 initial states",
        "  taken in no run: stop",
    ]


def test_sizes_are_told_as_people_read_them():
    assert [shown_size(n) for n in (12, 2048, 5 << 20, 3 << 29)] == ["12 bytes", "2.0 kB", "5.0 MB", "1.5 GB"]
