"""The other designs of the thread: those that hold are proved for any size, those that fail do so as the thread tells."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from interlock.core.verdict import Proved, Unknown, Violated
from interlock.engines.protocol import Limits
from interlock.pipeline import Request, check, read_bytes
from interlock.report import FileReport

pytestmark = pytest.mark.slow  # `interlock check spec` judges the same files; `make long` runs these

FOLDER = Path(__file__).parents[2] / "spec/list_lru"
LIMITS = Limits(query_seconds=30.0, total_seconds=300.0)

FROZEN = {  # P1 P2 P4 P5 P12 P16 at a frozen size
    "coverage",
    "no_dangling",
    "lists.no_use_after_free",
    "install_once",
    "no_leak",
    "right_list",
    "ids",
    "lookup.present",
}
RIGHT = {
    "publish_first": FROZEN | {"create_mutex.exclusive", "lists.no_double_free"},
    "publish_first_plain": FROZEN,
    "publish_first_enomem": FROZEN | {"lists.no_double_free", "clean_failure", "no_orphan", "id_given_back"},
    "limbo": {
        "coverage",
        "lists.no_use_after_free",
        "lists.no_double_free",
        "list_grace",
        "no_dangling",
        "install_once",
        "right_list",
        "no_leak",
        "no_orphan",
        "given_back",
        "ids",
    },
    "null_array_repaired": {
        "coverage",
        "arrays.no_use_after_free",
        "lists.no_use_after_free",
        "install_once",
        "no_leak",
        "no_stray",
        "id_given_back",
        "ids",
        "lookup.in_bounds",
        "lookup.present",
        "activate.unwrap",
        "die.unwrap",
    },
    "rw_semaphore": FROZEN | {"kept", "sem.exclusive", "registry_lock.exclusive"},
}


@dataclass(frozen=True)
class Refuted:
    """What a wrong design violates, each with the length of its shortest counterexample, and what it still keeps."""

    violated: dict[str, int]
    story: frozenset[str]
    """Its scenarios."""
    proved: frozenset[str] = frozenset()


REFINED = "refinement.list_lru.abstract"
WRONG = {
    "publish_outside": Refuted({"coverage": 9, "lookup.present": 9, REFINED: 9}, frozenset({"between_scan_and_mark"})),
    "unpublish_outside": Refuted({"clean_failure": 21}, frozenset({"into_a_dead_lru"})),
    "mark_late": Refuted({"coverage": 12, "lookup.present": 12, REFINED: 12}, frozenset({"between_unlock_and_mark"})),
    "rcu_registry": Refuted(
        {"coverage": 10, "lookup.present": 10, "rcu.not_atomic": 5, REFINED: 10}, frozenset({"the_thread"})
    ),
    "cmpxchg_alone": Refuted(
        {"coverage": 7, "lookup.present": 7, REFINED: 7},
        frozenset({"both_scan_first"}),
        frozenset({"install_once", "no_dangling", "right_list", "no_leak", "ids"}),
    ),
    "freed_list": Refuted(
        {"list_grace": 19, "lists.no_use_after_free": 21, REFINED: 21}, frozenset({"failed_activation", "death"})
    ),
    "null_array": Refuted({"activate.unwrap": 24}, frozenset({"after_a_death", "after_a_failure"})),
    "rwsem_no_spinlock": Refuted(
        {"kept": 12, "coverage": 21, "lookup.present": 21, REFINED: 21}, frozenset({"lost_update"})
    ),
    "publish_before_copy": Refuted(
        {"coverage": 19, "items.kept": 19, "lookup.present": 21, REFINED: 19}, frozenset({"lost_for_a_while"})
    ),
    "copy_race": Refuted(
        {"coverage": 24, "items.kept": 24, "no_leak": 24, "lookup.present": 26, REFINED: 24},
        frozenset({"lost_install"}),
    ),
    "not_frozen": Refuted({"init.in_bounds": 15}, frozenset({"size_read_too_early"})),
    "rwsem_register_late": Refuted({"coverage": 15, "lookup.present": 15, REFINED: 15}, frozenset({"after_up_read"})),
}
SLOW = {"publish_before_copy", "copy_race"}


def report_of(path: Path) -> FileReport:
    report = check(str(path), Request(limits=LIMITS))
    assert not report.rejected, report.diagnostics
    assert report.ok, [j for j in report.judgements if not j.ok]
    assert [j.name for j in report.judgements if isinstance(j.verdict, Unknown)] == []
    return report


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_design_is_proved_for_any_size(name):
    report = report_of(FOLDER / f"{name}.ilk")
    assert {j.name for j in report.judgements} >= RIGHT[name]
    assert [j.name for j in report.judgements if not isinstance(j.verdict, Proved) and j.kind != "liveness"] == []
    assert [j for j in report.judgements if j.kind == "reachable"], "nothing shows that the design does anything"


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in WRONG])
def test_a_wrong_design_is_refuted_by_the_story_that_is_told_of_it(name):
    wrong = WRONG[name]
    found = {j.name: j for j in report_of(FOLDER / f"broken/{name}.ilk").judgements}
    traces = {n: j.verdict.trace for n, j in found.items() if isinstance(j.verdict, Violated)}
    assert {n: len(trace.steps) for n, trace in traces.items() if trace is not None} == wrong.violated
    assert wrong.violated.keys() == traces.keys()
    assert {n for n, j in found.items() if j.kind == "scenario"} == wrong.story
    for proved in wrong.proved | wrong.story:
        assert isinstance(found[proved].verdict, Proved), found[proved]


def report_of_edited(design: str, file: str, edits: tuple[tuple[str, str], ...], request: Request) -> FileReport:
    """Judge a design with another text for one of its files."""
    edited = (FOLDER / f"{file}.ilk").resolve()

    def read(path: str) -> bytes:
        data = read_bytes(path)
        if Path(path).resolve() != edited:
            return data
        text = data.decode()
        for old, new in edits:
            assert text.count(old) == 1, f"there is no such line any more: {old}"
            text = text.replace(old, new)
        return text.encode()

    report = check(str(FOLDER / f"{design}.ilk"), request, read)
    assert not report.rejected, report.diagnostics
    return report


def test_where_both_scan_before_they_publish_a_plain_store_keeps_p4():
    """Nobody meets at a slot there: what cmpxchg buys shows only in the order that makes coverage hold."""
    request = Request("explore", "", ("install_once",), LIMITS)
    edits = (("  install(l, m, x!)\n", "  slot(l, id(m)!) := x\n"),)
    report = report_of_edited("broken/cmpxchg_alone", "frozen", edits, request)
    assert [type(j.verdict).__name__ for j in report.judgements] == ["Holds"]
