"""What upstream made of the lists later, the lazy design, and the bugs of history beside their repairs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from interlock.core.verdict import Holds, Proved, Unknown, Violated
from interlock.engines.protocol import Limits
from interlock.pipeline import Request, check, read_bytes
from interlock.report import FileReport

pytestmark = pytest.mark.slow  # `interlock check spec` judges the same files; `make long` runs these

FOLDER = Path(__file__).parents[2] / "spec/list_lru"
LIMITS = Limits(query_seconds=10.0, total_seconds=120.0)

RIGHT = {
    "reparent": {  # P2 P7 P8 P14
        "counts",
        "change.no_use_after_free",
        "change.same_lock",
        "change.may_go_up",
        "items_kept",
        "items_found",
        "lock.exclusive",
    },
    "at_allocation": {  # P1 P2 P4 P5 P7 P12 P16
        "coverage",
        "no_dangling",
        "lists.no_double_free",
        "install_once",
        "no_leak",
        "offline.parent_has_list",
        "right_list",
        "swept_clean",
    },
    "owned": {"coverage", "arrays.no_use_after_free", "clean_failure", "no_leak", "change.in_bounds", "ids"},
    "owned_rcu": {"coverage", "arrays.no_use_after_free", "grace", "clean_failure", "count_one.in_bounds", "ids"},
    "shrinker_bit": {"shrinker_bit", "may_lock.lock_order", "lock.exclusive"},  # P9 P15
    "handshake_pin_live": {"touch.no_use_after_free", "grace", "destruction.ends"},  # P2 P3 P10
    "unwind": {"clean_failure", "lists.no_double_free"},
    "published": {"publication", "lookup.initialised", "lists.no_use_after_free"},
    "registered_last": {"clean_failure", "activate.no_use_after_free"},
}
LONG = {
    "reparent",
    "at_allocation",
    "owned_rcu",
    "at_allocation_late",
    "at_allocation_no_recheck",
    "at_allocation_self_only",
    "at_allocation_overwrite",
}


@dataclass(frozen=True)
class Refuted:
    """What a wrong design violates, each with the length of its shortest counterexample, and what it still keeps."""

    violated: dict[str, int]
    story: frozenset[str]
    """Its scenarios."""
    stuck: frozenset[str] = frozenset()
    """The liveness properties that a run may break by going round for ever."""
    kept: frozenset[str] = frozenset()


WRONG = {
    "lazy": Refuted(
        {"counts": 8, "right_list": 4},
        frozenset({"no_death", "wrong_count", "wrong_list"}),
        frozenset({"memcg_freed"}),
        frozenset({"worker.lru_alive", "worker.memcg_alive"}),
    ),
    "lazy_no_flush": Refuted(
        {"counts": 8, "right_list": 4, "worker.lru_alive": 9},
        frozenset({"late_worker"}),
        frozenset({"memcg_freed", "list_comes"}),
        frozenset({"worker.memcg_alive"}),
    ),
    "owned_rcu_kfree": Refuted({"grace": 15, "arrays.no_use_after_free": 21}, frozenset({"freed_under_a_reader"})),
    "unwind_off_by_one": Refuted({"clean_failure": 8}, frozenset({"first_one_left"})),
    "published_early": Refuted({"publication": 2, "lookup.initialised": 3}, frozenset({"between"})),
    "registered_early": Refuted({"clean_failure": 5, "activate.no_use_after_free": 8}, frozenset({"dangling"})),
    "reparent_clear_first": Refuted({"items_kept": 11, "change.same_lock": 18}, frozenset({"between_clear_and_drain"})),
    "reparent_recharge_first": Refuted({"items_found": 11, "change.same_lock": 16}, frozenset({"recharged_too_early"})),
    "reparent_parent_first": Refuted(
        {"items_kept": 14, "items_found": 23, "change.same_lock": 24}, frozenset({"onto_a_dead_list"})
    ),
    "reparent_charge_listless": Refuted(
        {"items_found": 12, "change.may_go_up": 5, "change.same_lock": 17}, frozenset({"list_comes_later"})
    ),
    "reparent_lock_cycle": Refuted({"deadlock": 4}, frozenset({"each_has_one"})),
    "shrinker_bit_no_recheck": Refuted({"shrinker_bit": 11}, frozenset({"added_in_between"})),
    "shrinker_bit_set_first": Refuted({"shrinker_bit": 7}, frozenset({"both_miss"}), kept=frozenset({"looked"})),
    "shrinker_bit_no_barrier": Refuted({"shrinker_bit": 13}, frozenset({"late_clear"})),
    "shrinker_bit_splice": Refuted({"shrinker_bit": 8}, frozenset({"inherited"})),
    "handshake_pin_relay": Refuted({}, frozenset({"relay"}), frozenset({"destruction.ends"})),
    "at_allocation_late": Refuted({"coverage": 5}, frozenset({"found_at_once"})),
    "at_allocation_no_recheck": Refuted({"swept_clean": 14}, frozenset({"stray"})),
    "at_allocation_self_only": Refuted({"coverage": 13, "offline.parent_has_list": 15}, frozenset({"nowhere_to_go"})),
    "at_allocation_overwrite": Refuted({"no_leak": 15, "install_once": 15}, frozenset({"second_wins"})),
}


def report_of(name: str) -> FileReport:
    report = check(str(FOLDER / f"{name}.ilk"), Request(limits=LIMITS))
    assert not report.rejected, report.diagnostics
    assert report.ok, [j for j in report.judgements if not j.ok]
    assert [j.name for j in report.judgements if isinstance(j.verdict, Unknown)] == []
    return report


def in_pytest(names: dict[str, object]) -> list[object]:
    return [pytest.param(n, marks=pytest.mark.slow) if n in LONG else n for n in names]


@pytest.mark.parametrize("name", in_pytest(dict(RIGHT)))
def test_a_right_design_is_proved_for_any_size(name):
    report = report_of(name)
    assert {j.name for j in report.judgements} >= RIGHT[name]
    finite = {j.name for j in report.judgements if j.kind in {"liveness", "deadlock"}} | {
        "counts"
    }  # who counts, explores
    assert [j.name for j in report.judgements if not isinstance(j.verdict, Proved) and j.name not in finite] == []
    shown = {j.name for j in report.judgements if j.kind == "reachable"}
    assert shown, "nothing shows that the design does anything"
    assert {j.verdict.bound for j in report.judgements if j.name not in shown | finite} == {"unbounded"}


@pytest.mark.parametrize("name", in_pytest(dict(WRONG)))
def test_a_wrong_design_is_refuted_by_the_story_that_is_told_of_it(name):
    wrong = WRONG[name]
    found = {j.name: j for j in report_of(f"broken/{name}").judgements}
    claims = {n: j for n, j in found.items() if j.kind != "refinement"}
    traces = {n: j.verdict.trace for n, j in claims.items() if isinstance(j.verdict, Violated)}
    lengths = {n: len(trace.steps) for n, trace in traces.items() if trace is not None}
    assert {n: length for n, length in lengths.items() if n not in wrong.stuck} == wrong.violated
    assert traces.keys() == wrong.violated.keys() | wrong.stuck
    assert {n for n in traces if found[n].kind == "liveness"} == wrong.stuck
    assert {n for n, j in found.items() if j.kind == "scenario"} == wrong.story
    for name_ in wrong.kept | wrong.story:
        assert isinstance(found[name_].verdict, Proved), found[name_]


# ---------------------------------------------------------------- what each design rests on


def explored(design: str, edits: dict[str, tuple[tuple[str, str], ...]], properties: tuple[str, ...]) -> FileReport:
    """Explore a design, with lines of its files replaced."""
    changed: dict[str, bytes] = {}
    for file, pairs in edits.items():
        path = str(FOLDER / f"{file}.ilk")
        text = read_bytes(path).decode()
        for old, new in pairs:
            assert text.count(old) == 1, f"there is no such line any more: {old}"
            text = text.replace(old, new)
        changed[path] = text.encode()

    def read(path: str) -> bytes:
        return changed[path] if path in changed else read_bytes(path)

    report = check(str(FOLDER / f"{design}.ilk"), Request("explore", "", properties, LIMITS), read)
    assert not report.rejected, report.diagnostics
    return report


def test_with_lists_there_before_the_objects_what_the_lazy_design_violates_holds():
    properties = ("counts", "memcg_freed", "right_list")
    edits = {"lazy_base": (("var installed(m: Memcg): Bool = false", "var installed(m: Memcg): Bool = true"),)}
    judgements = explored("broken/lazy", edits, properties).judgements
    assert {j.name for j in judgements} == set(properties)
    assert [j for j in judgements if not isinstance(j.verdict, Holds | Proved)] == []


def test_without_fairness_the_lazy_designs_worker_may_never_run():
    (judgement,) = explored(
        "broken/lazy", {"lazy_base": (("fair process worker", "process worker"),)}, ("list_comes",)
    ).judgements
    assert isinstance(judgement.verdict, Violated), judgement


def test_objects_may_be_recharged_before_the_slot_is_cleared_if_the_list_is_dead():
    recharge = "  step recharge: charged(x: Object) := parent(m) where charged(x) = m\n"
    clear = "  step clear: if present(m) { present(m) := false; rcu.retire(m); rcu.call(m) }\n"
    edits = {"reparent": ((clear + recharge, recharge + clear),)}
    properties = ("change.same_lock", "change.may_go_up", "items_kept", "items_found")
    judgements = explored("reparent", edits, properties).judgements
    assert {j.name for j in judgements} == set(properties)
    assert [j for j in judgements if not isinstance(j.verdict, Holds | Proved)] == []
