"""The designs of the list_lru thread: their verdicts, and the interleavings that the thread tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from interlock.core.trace import Trace
from interlock.core.verdict import Holds, Proved, Violated
from interlock.engines.judge import Judgement
from interlock.engines.protocol import Limits
from interlock.pipeline import Request, check, lower_file, read_bytes
from interlock.report import FileReport

FOLDER = Path(__file__).parents[2] / "spec/list_lru"

PROMISED = {
    "coverage",  # P1
    "arrays.no_use_after_free",  # P2
    "lists.no_use_after_free",
    "arrays.no_double_free",
    "lists.no_double_free",
    "grace",  # P3
    "retirement",
    "install_once",  # P4
    "no_leak",  # P5
    "clean_failure",
    "id_given_back",
    "no_stray",
    "lookup.in_bounds",  # P6
    "lookup.present",
    "ids",  # P16
    "create_mutex.exclusive",
    "create_mutex.no_relock",
    "create_mutex.holder",
    "init.unwrap",
    "activate.unwrap",
    "lookup.unwrap",
}
LIMITS = Limits(query_seconds=30.0, total_seconds=300.0)


def path_of(name: str) -> str:
    return str(FOLDER / f"{name}.ilk")


def judged(report: FileReport) -> dict[str, Judgement]:
    assert not report.rejected, report.diagnostics
    return {j.name: j for j in report.judgements}


def steps_of(name: str, trace: Trace) -> list[str]:
    """A trace as lines such as `init: scan.start`; the processes' arguments are left to the caller."""
    system, _ = lower_file(path_of(name), read_bytes)
    assert system is not None
    taken = [system.transitions[step.transition] for step in trace.steps]
    return [f"{t.process}: {t.action.removeprefix(f'{t.process}.')}" for t in taken]


def violation(judgement: Judgement) -> Trace:
    assert isinstance(judgement.verdict, Violated), judgement
    assert judgement.verdict.trace is not None
    return judgement.verdict.trace


@pytest.mark.parametrize("name", ["v13", pytest.param("growth", marks=pytest.mark.slow)])
def test_what_v13_promises_is_proved_for_any_number_of_lrus_memcgs_and_readers(name):
    report = check(path_of(name), Request(limits=LIMITS))
    found = judged(report)
    assert report.ok, [j for j in report.judgements if not j.ok]
    assert found.keys() >= PROMISED
    exhausted = {j.name for j in report.judgements if isinstance(j.verdict, Holds)}
    assert exhausted == {j.name for j in report.judgements if j.kind == "liveness"} == {"mount.ends", "activation.ends"}
    assert [j.name for j in report.judgements if not isinstance(j.verdict, Proved | Holds)] == []
    assert {j.name for j in report.judgements if j.kind == "reachable"}, "nothing shows that the design does anything"
    for judgement in report.judgements:
        if judgement.kind not in {"reachable", "liveness"}:
            assert judgement.verdict.bound == "unbounded"


def test_unlocked_init_fails_by_the_interleaving_that_the_thread_tells():
    report = check(path_of("broken/unlocked_init"), Request(limits=LIMITS))
    found = judged(report)
    assert report.ok, [j for j in report.judgements if not j.ok]
    violated = {j.name for j in report.judgements if isinstance(j.verdict, Violated)}
    assert violated == {"coverage", "lookup.present", "refinement.list_lru.abstract"}
    assert isinstance(found["the_thread"].verdict, Proved)
    assert steps_of("broken/unlocked_init", violation(found["coverage"])) == [
        "init: alloc_array",
        "init: scan.start",
        "init: scan.end",
        "activate: create_mutex.enter",
        "activate: take_id",
        "activate: fill.start",
        "activate: fill.end",
        "activate: mark",
        "activate: create_mutex.exit",
        "init: create_mutex.enter",
        "init: publish",
    ]


def test_unlocked_init_finds_a_list_for_every_memcg_that_was_there_before_the_scan():
    """Only the memcg that comes in between is missed: with the scenario turned round the end is impossible."""
    text = read_bytes(path_of("broken/unlocked_init")).decode()
    turned = text.replace(
        "possible {\n  init(l): alloc_array, scan...\n  activate(m): ...\n",
        "impossible {\n  activate(m): ...\n  init(l): alloc_array, scan...\n",
    )
    assert turned != text
    report = check_edited("broken/unlocked_init", {"broken/unlocked_init": turned}, ("the_thread",))
    assert [type(j.verdict).__name__ for j in report.judgements] in (["Holds"], ["Proved"])


@pytest.mark.slow
def test_krealloc_frees_the_array_that_a_reader_holds():
    report = check(path_of("broken/krealloc"), Request(limits=LIMITS))
    found = judged(report)
    assert report.ok, [j for j in report.judgements if not j.ok]
    violated = {j.name for j in report.judgements if isinstance(j.verdict, Violated)}
    assert violated == {"arrays.no_use_after_free", "grace", "items.kept", "refinement.list_lru.abstract"}
    trace = violation(found["arrays.no_use_after_free"])
    steps = steps_of("broken/krealloc", trace)
    assert steps[-1] == "activate: krealloc"
    loaded = steps.index("lookup: load_array")
    assert "lookup: rcu.read.exit" not in steps[loaded:], "the reader is inside its section when the array is freed"
    assert "load_slot" in trace.reason
    assert "FREED" in trace.reason


def check_edited(design: str, texts: dict[str, str], properties: tuple[str, ...], scope: str = "") -> FileReport:
    """Explore a design with other texts for some of its files."""
    changed = {path_of(name): text.encode() for name, text in texts.items()}

    def read(path: str) -> bytes:
        return changed[path] if path in changed else read_bytes(path)

    return check(path_of(design), Request("explore", scope, properties, LIMITS), read)
