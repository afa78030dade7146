"""A broken twin is caught as shortly as its design is refuted: the numbers of turns of both, side by side.

A turn is a number of steps in a row that one operation makes, or one process of the specification.  A candidate has
more steps than its specification, so steps are not compared; that it takes no more turns says that its schedule has no
switch for which there is no reason.
"""

import importlib
import json
from itertools import groupby
from pathlib import Path

import pytest
from tests.conformance.subjects import candidate

from interlock_conformance.conform import Options, conform
from interlock_conformance.schedule import parse_workload
from interlock_conformance.specification import load_specification
from interlock_conformance.strategies.reduced import Reduced
from interlock_conformance.verdict import Breaks, report

FOLDER = Path(__file__).parents[2] / "spec/list_lru"

# By twin: the workload, its turns; the refuted design, the property that refutes it there, its turns.
PAIRS = {
    "unlocked_init": ("init(0) | activate(0)", 3, "unlocked_init", "coverage", 3),
    "register_late": ("init(0) | activate(0)", 3, "rwsem_register_late", "coverage", 4),
    "publish_outside": ("init(0) | activate(0)", 3, "publish_outside", "coverage", 3),
    "mark_late": ("init(0) | activate(0)", 3, "mark_late", "coverage", 3),
    "scan_first": ("init(0) | activate(0)", 3, "handshake_scan_first", "coverage", 3),
    "active_only": ("init(0) | activate(0)", 3, "handshake_active_only", "coverage", 4),
    "plain_store": ("init(0) | activate(0)", 4, "handshake_plain_store", "no_leak", 6),
    "krealloc": ("init(0); activate(0)", 2, "krealloc", "grace", 2),
    "leaky_unwind": ("activate(0); activate(1); init(0) ! 2", 3, "unwind_off_by_one", "clean_failure", 1),
    "registered_early": ("init(0) ! 0", 1, "registered_early", "clean_failure", 1),
    "null_array": ("init(0); activate(0); init(1); activate(0) ! 1", 4, "null_array", "activate.unwrap", 4),
    "sweep_first": ("init(0) | activate(0) ! 1", 4, "handshake_enomem_sweep_first", "no_stray", 3),
    "cleared_only": ("init(0) | activate(0) ! 2", 4, "handshake_enomem_no_wait", "no_stray", 5),
    "sleeps_in_section": ("init(0) | activate(0)", 2, "handshake_rcu", "rcu.not_atomic", 2),
    "unlinked_only": ("init(0); destroy(0) | activate(0)", 3, "handshake_pin_no_grace", "touch.no_use_after_free", 3),
    "unlocked_count": (
        "init(0); activate(0); activate(1) | use(0, 0)",
        6,
        "owned_rcu_kfree",
        "arrays.no_use_after_free",
        8,
    ),
    "late_list": ("init(0); online(1, 0); add(0, 1)", 3, "at_allocation_late", "coverage", 3),
    "own_list_only": ("init(0); online(1, 0); online(2, 1); add(0, 2)", 4, "at_allocation_self_only", "coverage", 4),
    "unchecked_install": (
        "init(0); online(1, 0); offline(1) | add(0, 1)",
        6,
        "at_allocation_no_recheck",
        "swept_clean",
        4,
    ),
    "overwritten_list": (
        "init(0); online(1, 0) | add(0, 1) | add(0, 1)",
        6,
        "at_allocation_overwrite",
        "install_once",
        10,
    ),
    "published_early": ("init(0); online(1, 0) | add(0, 1) | add(0, 1)", 4, "published_early", "lookup.initialised", 2),
    "slot_first": ("init(0); online(1, 0); offline(1) | use(0, 1)", 5, "reparent_clear_first", "change.same_lock", 5),
}

LONGER = {
    "leaky_unwind": "two cgroups are activated first, which its design takes for granted",
    "sweep_first": "an activation fails only over a list for an lru, so that is published first; in its design the cgroup dies",
    "unchecked_install": "the lru is mounted first, and the cgroup comes online",
    "published_early": "the lru is mounted and the cgroup online, which its design leaves out",
}
"""Twins whose counterexample takes more turns than their design's, and what the design has not to do."""


def turns_of(named, workload):
    file = FOLDER / named.kind.specification
    system, diagnostics = load_specification(str(file), lambda path: Path(path).read_bytes())
    assert system is not None, diagnostics
    verdict = conform(
        named.bound(), system, parse_workload(workload), Reduced(), Options(known=frozenset(named.exempt))
    )
    assert isinstance(verdict, Breaks), report(verdict)
    assert verdict.property == named.breaks, report(verdict)
    return len(list(groupby(event.thread for event in verdict.events)))


@pytest.mark.parametrize("name", PAIRS)
def test_a_twin_is_caught_in_so_many_turns(name):
    workload, turns, *_ = PAIRS[name]
    assert turns_of(candidate(f"broken.{name}"), workload) == turns


@pytest.mark.slow
@pytest.mark.parametrize("name", PAIRS)
def test_its_design_is_refuted_in_so_many_turns(name, capsys):
    from interlock_cli.main import main

    _, _, design, property_, turns = PAIRS[name]
    main(["explore", str(FOLDER / f"broken/{design}.ilk"), "-p", property_, "--first", "--format", "json"])
    (file,) = json.loads(capsys.readouterr().out)["files"]
    (trace,) = (p["trace"] for p in file["properties"] if p["name"] == property_)
    assert len(list(groupby(step["actor"] or step["action"] for step in trace["steps"]))) == turns


def test_a_twin_that_takes_more_turns_has_a_reason():
    assert {name for name, (_, own, _, _, designs) in PAIRS.items() if own > designs} == LONGER.keys()


def test_twins_without_a_design_of_their_own_are_known():
    folder = Path(importlib.import_module("list_lru.broken").__file__).parent
    alone = {path.stem for path in folder.glob("*.py")} - {"__init__", *PAIRS}
    assert alone == {
        "drained_list",  # freed_list.ilk is about v13
        "early_free",
        "mark_first",
        "no_grace_period",  # krealloc.ilk refutes both
        "plain_segment",
        "stray_list",
        "undead_list",
        "undrained_lookup",
        "unpinned",
    }
