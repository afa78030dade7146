"""The models of the benchmark, in Interlock's own words, have the states that the peers were found to have."""

from pathlib import Path

import pytest

from interlock.core.verdict import Violated
from interlock.engines.explore import explore
from interlock.engines.protocol import Limits
from interlock.pipeline import Request, check, lower_file, read_bytes

ROOT = Path(__file__).parents[2]
MODELS = "benchmarks/explorer/models"


def sizes(scope: str) -> dict[str, int]:
    return {name: int(number) for name, _, number in (part.partition("=") for part in scope.split(","))}


def explored(file: str, scope: str, *names: str):
    system, _ = lower_file(str(ROOT / file), read_bytes)
    assert system is not None
    return explore(system, names, Limits(sizes=sizes(scope), total_seconds=600.0, states=10_000_000))


@pytest.mark.parametrize(
    ("file", "scope", "states", "transitions", "depth"),
    [
        ("spec/gallery/two_phase_commit.ilk", "Manager=2", 56, 153, 7),
        ("spec/gallery/two_phase_commit.ilk", "Manager=3", 288, 1_145, 10),
        ("spec/gallery/two_phase_commit.ilk", "Manager=4", 1_568, 8_257, 13),
        ("spec/gallery/filter_lock.ilk", "Thread=3,TOP=2", 894, 2_196, 21),
        ("spec/gallery/filter_lock.ilk", "Thread=4,TOP=3", 18_165, 54_064, 36),
        (f"{MODELS}/publish_then_scan.ilk", "Lru=2,Memcg=2", 3_013, 12_380, 14),
        pytest.param(f"{MODELS}/publish_then_scan.ilk", "Lru=2,Memcg=3", 127_403, 781_747, 20, marks=pytest.mark.slow),
    ],
)
def test_the_state_space_is_that_of_the_peers(file, scope, states, transitions, depth):
    stats = explored(file, scope).stats
    assert stats.complete
    assert (stats.states, stats.transitions, stats.depth) == (states, transitions, depth)


@pytest.mark.parametrize(("scope", "length"), [("Lru=2,Memcg=2", 6), ("Lru=2,Memcg=3", 7)])
def test_without_publishing_a_list_is_missed(scope, length):
    report = check(str(ROOT / MODELS / "broken/publish_then_scan.ilk"), Request("explore", scope))
    verdict = report.judgements[0].verdict
    assert isinstance(verdict, Violated)
    assert verdict.trace is not None
    assert len(verdict.trace.steps) == length


@pytest.mark.parametrize("file", ["publish_then_scan.ilk", "broken/publish_then_scan.ilk"])
def test_all_is_as_the_file_expects(file):
    report = check(str(ROOT / MODELS / file))
    assert report.judgements
    assert [j.name for j in report.judgements if not j.ok] == []
