"""The handshake, publish first and scan afterwards: what is proved, and how its mutants fail."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from interlock.core.verdict import Proved, Violated
from interlock.engines.judge import Judgement
from interlock.engines.protocol import Limits
from interlock.pipeline import Request, check, read_bytes
from interlock.report import FileReport

pytestmark = pytest.mark.slow  # `interlock check spec` judges the same files; `make long` runs these

FOLDER = Path(__file__).parents[2] / "spec/list_lru"
LIMITS = Limits(query_seconds=60.0, total_seconds=600.0)

ALWAYS = {"coverage", "install_once", "no_dangling", "no_leak", "right_list", "ids", "lists.no_double_free"}
GROWTH = {"items.kept", "grace", "retirement", "arrays.no_use_after_free", "lookup.in_bounds", "lookup.present"}
DESIGNS = {
    "handshake": ALWAYS | {"no_stray", "lists.no_use_after_free", "lookup.present"},
    "handshake_pin": ALWAYS
    | {"no_stray", "grace", "freed_with_lists", "touch.no_use_after_free", "rcu.not_atomic", "pins.dead_for_good"},
    "handshake_cursor": ALWAYS | {"no_stray", "grace", "freed_with_lists", "touch.no_use_after_free", "rcu.not_atomic"},
    "handshake_srcu": ALWAYS | {"no_stray", "grace", "freed_with_lists", "touch.no_use_after_free"},
    "handshake_enomem": ALWAYS | {"no_stray", "clean_failure", "id_given_back"},
    "handshake_freeze": ALWAYS | GROWTH,
    "handshake_lock": ALWAYS | GROWTH | {"lock.no_relock", "fill.unwrap"},
    "handshake_segments": ALWAYS
    | {"no_stray", "stays", "bounds", "no_segment_leak", "segments.no_use_after_free", "lookup.in_bounds"},
}
SLOW_DESIGNS = {"handshake_freeze", "handshake_lock"}

# What each mutant violates, and after how many steps at the earliest.
MUTANTS = {
    "handshake_scan_first": {"coverage": 8},
    "handshake_active_only": {"coverage": 8},
    "handshake_no_fence": {"coverage": 9},
    "handshake_plain_store": {"install_once": 11, "no_leak": 11},
    "handshake_rcu": {"rcu.not_atomic": 4},
    "handshake_pin_plain_get": {"touch.no_use_after_free": 18, "pins.dead_for_good": 9, "freed_with_lists": 19},
    "handshake_pin_no_drain": {"touch.no_use_after_free": 17, "freed_with_lists": 18},
    "handshake_pin_no_grace": {"touch.no_use_after_free": 13, "grace": 12, "gone_unseen": 12},
    "handshake_pin_late_enter": {"touch.no_use_after_free": 23},
    "handshake_pin_unlink_first": {"touch.no_use_after_free": 28},
    "handshake_plain_copy": {"coverage": 19, "install_once": 17, "items.kept": 19},
    "handshake_no_bound_check": {"init.in_bounds": 7},
    "handshake_array_first": {"lookup.in_bounds": 13},
    "handshake_enomem_no_drain": {"clean_failure": 13},
    "handshake_enomem_no_wait": {"no_stray": 19, "init.unwrap": 18},
    "handshake_enomem_wait_first": {"no_stray": 20, "init.unwrap": 19},
    "handshake_enomem_sweep_first": {"no_stray": 17, "coverage": 18},
    "handshake_enomem_release_first": {"no_stray": 14, "coverage": 25},
}
SLOW_MUTANTS = {
    "handshake_no_bound_check",
    "handshake_array_first",
    "handshake_pin_plain_get",
    "handshake_pin_no_grace",
    "handshake_pin_late_enter",
    "handshake_pin_unlink_first",
    "handshake_enomem_no_wait",
    "handshake_enomem_sweep_first",
    "handshake_enomem_release_first",
}


def path_of(name: str) -> str:
    return str(FOLDER / f"{name}.ilk")


def judged(report: FileReport) -> dict[str, Judgement]:
    assert not report.rejected, report.diagnostics
    return {j.name: j for j in report.judgements}


def marked(names: Iterable[str], slow: set[str]) -> list[object]:
    return [pytest.param(name, marks=pytest.mark.slow) if name in slow else name for name in names]


@pytest.mark.parametrize("name", marked(DESIGNS, SLOW_DESIGNS))
def test_handshake_is_proved_for_any_number_of_lrus_and_memcgs(name: str):
    report = check(path_of(name), Request(limits=LIMITS))
    found = judged(report)
    assert report.ok, [j for j in report.judgements if not j.ok]
    assert found.keys() >= DESIGNS[name]
    assert [j.name for j in report.judgements if not isinstance(j.verdict, Proved) and j.kind != "liveness"] == []
    assert {j.name for j in report.judgements if j.kind == "reachable"}, "nothing shows that the design does anything"
    for judgement in report.judgements:
        if judgement.kind not in {"reachable", "liveness"}:
            assert judgement.verdict.bound == "unbounded"


@pytest.mark.parametrize("name", marked(MUTANTS, SLOW_MUTANTS))
def test_mutant_fails_by_its_shortest_counterexample_and_its_story_is_possible(name: str):
    report = check(path_of(f"broken/{name}"), Request(limits=LIMITS))
    assert report.ok, [j for j in report.judgements if not j.ok]
    lengths = {
        j.name: len(j.verdict.trace.steps) if j.verdict.trace else 0
        for j in report.judgements
        if isinstance(j.verdict, Violated) and j.kind != "refinement"
    }
    assert lengths == MUTANTS[name]
    stories = [j for j in report.judgements if j.kind == "scenario"]
    assert stories
    assert all(isinstance(j.verdict, Proved) for j in stories)


def test_with_the_fence_the_late_store_is_harmless():
    """The same store buffer, drained before the scan: no run leaves the memcg without a list."""
    text = read_bytes(path_of("broken/handshake_no_fence")).decode()
    name = "broken/handshake_no_fence"
    fenced = text.replace("  for m: Memcg where", "  step fence: await not buffered(l)\n  for m: Memcg where")
    assert fenced != text
    found = judged(check_edited(name, {name: fenced}, ("coverage", "covered")))
    assert not isinstance(found["coverage"].verdict, Violated)
    assert isinstance(found["covered"].verdict, Proved)


def check_edited(design: str, texts: dict[str, str], properties: tuple[str, ...], scope: str = "") -> FileReport:
    """Explore a design with other texts for some of its files."""
    changed = {path_of(name): text.encode() for name, text in texts.items()}

    def read(path: str) -> bytes:
        return changed[path] if path in changed else read_bytes(path)

    return check(path_of(design), Request("explore", scope, properties, LIMITS), read)
