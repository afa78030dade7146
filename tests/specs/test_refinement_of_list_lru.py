"""Designs of list_lru against the list_lru that callers see: the right ones refine it, the wrong ones take another step."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from interlock.core.verdict import Holds, Proved, Verdict, Violated
from interlock.engines.protocol import Limits
from interlock.pipeline import Request, check, lower_file, read_bytes
from interlock.report import FileReport

FOLDER = Path(__file__).parents[2] / "spec/list_lru"
CLAIM = "refinement.list_lru.abstract"
AT_ALLOCATION = "refinement.list_lru.abstract_at_allocation"
ITEMS = "refinement.list_lru.abstract_items"
LIMITS = Limits(query_seconds=60.0, total_seconds=600.0)

RIGHT = {
    "v13": CLAIM,
    "growth": CLAIM,
    "null_array_repaired": CLAIM,
    "rw_semaphore": CLAIM,
    "publish_first": CLAIM,
    "publish_first_plain": CLAIM,
    "publish_first_enomem": CLAIM,
    "limbo": CLAIM,
    "handshake": CLAIM,
    "handshake_enomem": CLAIM,
    "handshake_pin": CLAIM,
    "handshake_cursor": CLAIM,
    "handshake_srcu": CLAIM,
    "handshake_freeze": CLAIM,
    "handshake_lock": CLAIM,
    "handshake_segments": CLAIM,
    "owned": CLAIM,
    "owned_rcu": CLAIM,
    "at_allocation": AT_ALLOCATION,
    "reparent": ITEMS,
}
QUICK = {"reparent"}  # `interlock check spec` judges all of them; `make long` runs the others

# The step that the abstract system cannot take, how many steps lead there and take it, and why it cannot.
WRONG = {
    "lazy": ("activate", 2, "cannot take activate(memcg0)"),
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
    "handshake_no_fence": ("init.finish", 9, "cannot take init(lru0)"),
    "handshake_plain_copy": ("activate.publish", 19, "finds(lru0, memcg0, list0) changes from true to false"),
    "handshake_enomem_sweep_first": ("activate.free_list", 18, "leaves finds(lru0, memcg0, list0) true"),
    "handshake_enomem_release_first": ("activate.finish", 25, "cannot take activate(memcg1)"),
    "rwsem_no_spinlock": ("activate.mark", 21, "cannot take activate(memcg0)"),
    "rwsem_register_late": ("activate.mark", 15, "cannot take activate(memcg0)"),
    "copy_race": ("activate.swap", 24, "finds(lru0, memcg0, list0) changes from true to false"),
    "at_allocation_late": ("allocate.create", 5, "cannot take allocate(object0, lru0, memcg1)"),
    "at_allocation_no_recheck": ("allocate.install", 10, "cannot take provide(lru0)"),
    "at_allocation_self_only": ("allocate.create", 13, "cannot take allocate(object0, lru0, memcg2)"),
    "at_allocation_overwrite": ("allocate.install", 15, "cannot take provide(lru0)"),
    "reparent_clear_first": ("reparent.clear", 11, "makes listed(object0) memcg0, and here it is then memcg1"),
    "reparent_recharge_first": ("reparent.recharge", 4, "cannot take recharge(memcg1)"),
    "reparent_parent_first": ("reparent.drain", 14, "cannot take pass(memcg2)"),
    "reparent_charge_listless": ("change.link", 12, "cannot take add(object0, memcg0)"),
}

LONG = {
    "krealloc",
    "publish_before_copy",
    "freed_list",
    "copy_race",
    "rwsem_no_spinlock",
    "handshake_plain_copy",
    "handshake_enomem_release_first",
    "at_allocation_overwrite",
    "at_allocation_self_only",
}


def claim_of(report: FileReport) -> Verdict:
    assert not report.rejected, report.diagnostics
    [verdict] = [j.verdict for j in report.judgements if j.kind == "refinement"]
    return verdict


@pytest.mark.parametrize("name", ["abstract", "abstract_at_allocation", "abstract_items"])
def test_what_callers_see_keeps_the_promises(name: str) -> None:
    report = check(str(FOLDER / f"{name}.ilk"), Request(limits=LIMITS))
    assert report.ok
    assert [j.name for j in report.judgements if not isinstance(j.verdict, Proved)] == []


@pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in RIGHT])
def test_a_right_design_is_a_list_lru_to_its_callers(name: str) -> None:
    verdict = claim_of(check(str(FOLDER / f"{name}.ilk"), Request(properties=(RIGHT[name],), limits=LIMITS)))
    assert isinstance(verdict, Proved)
    assert verdict.bound == "unbounded"


def claims(path: str) -> tuple[str, ...]:
    """The refinement that a file claims."""
    system, diagnostics = lower_file(path, read_bytes)
    assert system is not None, diagnostics
    return tuple(p.name for p in system.properties if p.kind == "refinement")


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in LONG else n for n in WRONG])
def test_a_wrong_design_takes_a_step_that_the_abstract_system_cannot_take(name: str) -> None:
    path = str(FOLDER / f"broken/{name}.ilk")
    verdict = claim_of(check(path, Request("explore", properties=claims(path), limits=LIMITS)))
    assert isinstance(verdict, Violated)
    assert verdict.trace is not None
    system, _ = lower_file(path, read_bytes)
    assert system is not None
    step, length, reason = WRONG[name]
    assert system.transitions[verdict.trace.steps[-1].transition].action == step
    assert len(verdict.trace.steps) == length
    assert reason in str(verdict.trace.reason)


def test_the_step_is_refused_in_the_words_of_the_abstract_system() -> None:
    """The mount of the thread's proposal: its lru is in use, and an active memcg has no list in it."""
    path = str(FOLDER / "broken/unlocked_init.ilk")
    verdict = claim_of(check(path, Request("explore", properties=claims(path), limits=LIMITS)))
    assert isinstance(verdict, Violated)
    assert verdict.trace is not None
    assert verdict.trace.reason == (
        "list_lru.abstract cannot take init(lru0): its guard "
        "`forall m: Memcg :: active(m) implies exists x: List :: finds(lru0, m, x)'` is false for m = memcg0"
    )


# ---------------------------------------------------------------- sabotage


@dataclass(frozen=True)
class Sabotage:
    """A line of one file of a right design, and what stands there instead."""

    design: str
    file: str
    line: str
    instead: str
    scope: str = ""


UNREGISTERED = ("step publish: registered(l) := true", "step publish: await true")
UNMARKED = ("; activating(m) := true", "")
SABOTAGES = {
    "a mount that does not look": Sabotage("v13", "mount", "slot(a!, id(m)!) := new\n", "await true\n"),
    "a mount that does not look, where arrays grow": Sabotage(
        "growth",
        "mount",
        "slot(a!, id(m)!) := new\n",
        "await true\n",
        "Lru=1,Memcg=1,Id=1,Array=2,List=1,Reader=1",
    ),
    "a mount that does not look, where memcgs die": Sabotage(
        "null_array_repaired", "null_array_repaired", "slot(a!, id(m)!) := x\n", "await true\n"
    ),
    "an activation that only reads": Sabotage("rw_semaphore", "rw_semaphore", "with sem.write", "with sem.read"),
    "an lru that is not published": Sabotage("publish_first", "publish_first", *UNREGISTERED),
    "an lru that is not published, by plain stores": Sabotage(
        "publish_first_plain", "publish_first_plain", *UNREGISTERED
    ),
    "an lru that is not published, where memory runs out": Sabotage(
        "publish_first_enomem", "publish_first_enomem", *UNREGISTERED
    ),
    "no wait for readers": Sabotage("limbo", "limbo", "await rcu.over(self)", "await true"),
    "a memcg that is not marked": Sabotage("handshake", "handshake_activate", *UNMARKED),
    "a memcg that is not marked, where memory runs out": Sabotage(
        "handshake_enomem", "handshake_enomem_activate", *UNMARKED, "Lru=1,Memcg=1,Id=1,List=2"
    ),
    "a memcg that is not marked, with pins": Sabotage("handshake_pin", "handshake_pin_activate", *UNMARKED),
    "a memcg that is not marked, with a cursor": Sabotage(
        "handshake_cursor", "handshake_cursor", *UNMARKED, "Lru=1,Memcg=1,Id=1,List=2,Key=1"
    ),
    "a memcg that is not marked, under sleepable RCU": Sabotage("handshake_srcu", "handshake_srcu", *UNMARKED),
    "a memcg that is not marked, with segments": Sabotage("handshake_segments", "handshake_segments", *UNMARKED),
    "a memcg that is not marked, where arrays are frozen": Sabotage(
        "handshake_freeze", "handshake_scans", "step publish: activating(m) := true", "step publish: await true"
    ),
    "bounds never looked at": Sabotage(
        "handshake_lock", "handshake_lock", "grow := not fits(array(l)!, id(m)!)", "grow := false"
    ),
    "arrays as large as before": Sabotage("owned", "owned", "; fits(b!, i!) := true", ""),
    "arrays as large as before, under RCU": Sabotage("owned_rcu", "owned_rcu", "; fits(b!, i!) := true", ""),
    "lists for an object that is not the memcg's": Sabotage(
        "at_allocation", "at_allocation", "for n: Memcg where below(m!, n)", "for n: Memcg where below(n, m!)"
    ),
    "a dead list taken for a live one": Sabotage("reparent", "reparent_base", "open := not dead(m!)", "open := true"),
}
CHEAP = {
    "an lru that is not published",
    "no wait for readers",
    "an activation that only reads",
    "a memcg that is not marked",
    "a dead list taken for a live one",
}


def edited(sabotage: Sabotage) -> Verdict:
    """What the explorer says of a design with another line in one of its files."""

    def read(path: str) -> bytes:
        text = read_bytes(path).decode()
        if Path(path).resolve() == (FOLDER / f"{sabotage.file}.ilk").resolve():
            assert text.count(sabotage.line) == 1, f"there is no such line any more: {sabotage.line}"
            text = text.replace(sabotage.line, sabotage.instead)
        return text.encode()

    path = str(FOLDER / f"{sabotage.design}.ilk")
    return claim_of(check(path, Request("explore", sabotage.scope, claims(path), LIMITS), read))


@pytest.mark.parametrize("name", [n if n in CHEAP else pytest.param(n, marks=pytest.mark.slow) for n in SABOTAGES])
def test_sabotage_is_seen_by_callers(name: str) -> None:
    assert isinstance(edited(SABOTAGES[name]), Violated)


def test_each_right_design_has_a_sabotage() -> None:
    assert {s.design for s in SABOTAGES.values()} == RIGHT.keys()


def test_with_lists_there_before_the_memcgs_the_lazy_design_is_a_list_lru_to_its_callers() -> None:
    early = Sabotage(
        "broken/lazy", "lazy_base", "var installed(m: Memcg): Bool = false", "var installed(m: Memcg): Bool = true"
    )
    assert isinstance(edited(early), Holds)


def test_known_gap_a_list_that_is_overwritten_before_its_lru_is_in_use_is_no_callers_business() -> None:
    """Nobody has found it yet, so that it is P4's to refuse; a list that nobody frees is P5's."""
    verdict = edited(Sabotage("publish_first", "frozen", "  install(l, m, x!)\n", "  slot(l, id(m)!) := x\n"))
    assert not isinstance(verdict, Violated)


def test_known_gap_a_list_that_comes_with_its_array_is_not_freed_with_it_in_the_eyes_of_callers() -> None:
    """They see lists, and where an lru owns them each outlives its arrays: an array in use after it is freed is P2's."""
    freed = Sabotage("owned_rcu", "owned_rcu", "rcu.call(old!); old := none", "arrays.free(old!); old := none")
    assert not isinstance(edited(freed), Violated)
