"""Designs of list_lru against the list_lru that callers see: the right ones refine it, the wrong ones take another step."""

from __future__ import annotations

from pathlib import Path

import pytest

from interlock.core.verdict import Proved, Verdict, Violated
from interlock.engines.protocol import Limits
from interlock.pipeline import Request, check, lower_file, read_bytes
from interlock.report import FileReport

FOLDER = Path(__file__).parents[2] / "spec/list_lru"
CLAIM = "refinement.list_lru.abstract"
LIMITS = Limits(query_seconds=60.0, total_seconds=600.0)

RIGHT = [
    "v13",
    "growth",
    "null_array_repaired",
    "rw_semaphore",
    "publish_first",
    "publish_first_plain",
    "publish_first_enomem",
    "limbo",
    "handshake",
    "handshake_enomem",
    "handshake_pin",
    "handshake_cursor",
    "handshake_srcu",
]
SLOW = {"growth", "null_array_repaired"}

# The step that the abstract system cannot take, how many steps lead there and take it, and why it cannot.
WRONG = {
    "unlocked_init": ("init.publish", 11, "cannot take init(lru0)"),
    "krealloc": ("activate.krealloc", 19, "finds(lru0, memcg0, list0) changes from true to false"),
    "publish_before_copy": ("activate.swap", 19, "finds(lru0, memcg0, list0) changes from true to false"),
    "publish_outside": ("activate.mark", 9, "cannot take activate(memcg0)"),
    "mark_late": ("activate.mark", 12, "cannot take activate(memcg0)"),
    "rcu_registry": ("activate.mark", 10, "cannot take activate(memcg0)"),
    "cmpxchg_alone": ("activate.mark", 7, "cannot take activate(memcg0)"),
    "freed_list": ("die.free_list", 21, "reclaim of list_lru.abstract leaves freed(list0) false"),
    "handshake_active_only": ("init.finish", 8, "cannot take init(lru0)"),
    "handshake_scan_first": ("init.finish", 8, "cannot take init(lru0)"),
}


def claim_of(report: FileReport) -> Verdict:
    assert not report.rejected, report.diagnostics
    [verdict] = [j.verdict for j in report.judgements if j.name == CLAIM]
    return verdict


def test_what_callers_see_keeps_the_promises():
    report = check(str(FOLDER / "abstract.ilk"), Request(limits=LIMITS))
    assert report.ok
    assert [j.name for j in report.judgements if not isinstance(j.verdict, Proved)] == []


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in RIGHT])
def test_a_right_design_is_a_list_lru_to_its_callers(name: str):
    verdict = claim_of(check(str(FOLDER / f"{name}.ilk"), Request(properties=(CLAIM,), limits=LIMITS)))
    assert isinstance(verdict, Proved)
    assert verdict.bound == "unbounded"


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_design_takes_a_step_that_the_abstract_system_cannot_take(name: str):
    path = str(FOLDER / f"broken/{name}.ilk")
    verdict = claim_of(check(path, Request("explore", properties=(CLAIM,), limits=LIMITS)))
    assert isinstance(verdict, Violated)
    assert verdict.trace is not None
    system, _ = lower_file(path, read_bytes)
    assert system is not None
    step, length, reason = WRONG[name]
    assert system.transitions[verdict.trace.steps[-1].transition].action == step
    assert len(verdict.trace.steps) == length
    assert reason in str(verdict.trace.reason)


def test_the_step_is_refused_in_the_words_of_the_abstract_system():
    """The mount of the thread's proposal: its lru is in use, and an active memcg has no list in it."""
    path = str(FOLDER / "broken/unlocked_init.ilk")
    verdict = claim_of(check(path, Request("explore", properties=(CLAIM,), limits=LIMITS)))
    assert isinstance(verdict, Violated)
    assert verdict.trace is not None
    assert verdict.trace.reason == (
        "list_lru.abstract cannot take init(lru0): its guard "
        "`forall m: Memcg :: active(m) implies exists x: List :: finds(lru0, m, x)'` is false for m = memcg0"
    )


# What a right design rests on, taken out: the file, the line, and what stands there instead.
SABOTAGES = {
    "no wait for readers": ("limbo", "limbo", "await rcu.over(self)", "await true"),
    "an activation that only reads": ("rw_semaphore", "rw_semaphore", "with sem.write", "with sem.read"),
    "a mount that does not look": ("v13", "mount", "slot(a!, id(m)!) := new\n", "await true\n"),
}


def edited(design: str, file: str, line: str, instead: str) -> Verdict:
    """What the explorer says of a design with another line in one of its files."""

    def read(path: str) -> bytes:
        text = read_bytes(path).decode()
        if Path(path).resolve() == (FOLDER / f"{file}.ilk").resolve():
            assert text.count(line) == 1, f"there is no such line any more: {line}"
            text = text.replace(line, instead)
        return text.encode()

    return claim_of(check(str(FOLDER / f"{design}.ilk"), Request("explore", properties=(CLAIM,), limits=LIMITS), read))


@pytest.mark.parametrize("name", SABOTAGES)
def test_sabotage_is_seen_by_callers(name: str):
    assert isinstance(edited(*SABOTAGES[name]), Violated)


def test_known_gap_a_list_that_is_overwritten_before_its_lru_is_in_use_is_no_callers_business():
    """Nobody has found it yet, so that it is P4's to refuse; a list that nobody frees is P5's."""
    verdict = edited("publish_first", "frozen", "  install(l, m, x!)\n", "  slot(l, id(m)!) := x\n")
    assert not isinstance(verdict, Violated)
