"""Whatever a right design of list_lru promises rests on something: each expectation has an edit that makes it fail.

The edits are in `sabotages.toml`.  A wrong design in `broken/` that differs from a right one in one thing counts too.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from interlock.core.source import Source
from interlock.core.verdict import Violated
from interlock.engines.protocol import Limits
from interlock.lang.parse import parse
from interlock.lang.syntax import ExpectDecl
from interlock.pipeline import Request, check, read_bytes

FOLDER = Path(__file__).parents[2] / "spec/list_lru"
LIMITS = Limits(total_seconds=300.0)


@dataclass(frozen=True)
class Sabotage:
    """Edits, each of one file, that take out what a design rests on, and what must then be violated.

    `scope` is as the command takes it, or empty for the design's own.
    """

    design: str
    why: str
    edits: tuple[tuple[str, str, str], ...]
    fails: tuple[str, ...]
    scope: str
    quick: bool

    def texts(self) -> dict[Path, bytes]:
        """The files that are edited, as they are then; each line that an edit replaces must be there, once."""
        texts: dict[Path, str] = {}
        for file, old, new in self.edits:
            path = (FOLDER / f"{file}.ilk").resolve()
            text = texts.get(path) or path.read_text()
            assert text.count(old) == 1, f"there is no such line any more, or not only one, in {file}: {old}"
            texts[path] = text.replace(old, new)
        return {path: text.encode() for path, text in texts.items()}


def stored() -> tuple[Sabotage, ...]:
    tables = tomllib.loads((Path(__file__).parent / "sabotages.toml").read_text())["sabotage"]
    return tuple(
        Sabotage(
            t["design"],
            t["why"],
            tuple((file, old, new) for file, old, new in t["edits"]),
            tuple(t["fails"]),
            t.get("scope", ""),
            t.get("quick", False),
        )
        for t in tables
    )


SABOTAGES = stored()

# Wrong designs, by the right one from which they differ in one thing.
BROKEN = {
    "v13": ("unlocked_init",),
    "growth": ("krealloc", "publish_before_copy"),
    "publish_first": ("publish_outside", "mark_late", "not_frozen"),
    "publish_first_enomem": ("unpublish_outside",),
    "limbo": ("freed_list",),
    "null_array_repaired": ("null_array",),
    "rw_semaphore": ("rwsem_no_spinlock", "rwsem_register_late"),
    "handshake": ("handshake_scan_first", "handshake_active_only", "handshake_plain_store", "handshake_no_fence"),
    "handshake_pin": (
        "handshake_pin_plain_get",
        "handshake_pin_no_drain",
        "handshake_pin_no_grace",
        "handshake_pin_late_enter",
        "handshake_pin_unlink_first",
    ),
    "handshake_pin_live": ("handshake_pin_relay",),
    "handshake_enomem": (
        "handshake_enomem_no_drain",
        "handshake_enomem_no_wait",
        "handshake_enomem_wait_first",
        "handshake_enomem_sweep_first",
        "handshake_enomem_release_first",
    ),
    "handshake_freeze": ("handshake_plain_copy", "handshake_array_first"),
    "handshake_lock": ("handshake_plain_copy", "handshake_array_first"),
    "owned_rcu": ("owned_rcu_kfree",),
    "at_allocation": (
        "at_allocation_late",
        "at_allocation_no_recheck",
        "at_allocation_self_only",
        "at_allocation_overwrite",
    ),
    "reparent": (
        "reparent_clear_first",
        "reparent_recharge_first",
        "reparent_parent_first",
        "reparent_charge_listless",
    ),
    "shrinker_bit": (
        "shrinker_bit_no_recheck",
        "shrinker_bit_set_first",
        "shrinker_bit_no_barrier",
        "shrinker_bit_splice",
    ),
    "published": ("published_early",),
    "unwind": ("unwind_off_by_one",),
    "registered_last": ("registered_early",),
}


def expectations(path: Path) -> Iterator[tuple[str, str]]:
    """Property and verdict of each `expect` in a file."""
    module, _ = parse(Source(str(path), path.read_text()))
    assert module is not None
    return ((d.property.text, d.verdict) for d in module.declarations if isinstance(d, ExpectDecl))


def violated(design: str, names: tuple[str, ...], scope: str, texts: dict[Path, bytes]) -> set[str]:
    """Those of the named properties that a design violates over a scope, with other texts for some of its files."""

    def read(path: str) -> bytes:
        return texts.get(Path(path).resolve()) or read_bytes(path)

    report = check(str(FOLDER / f"{design}.ilk"), Request("explore", scope, names, LIMITS), read)
    assert not report.rejected, report.diagnostics
    return {j.name for j in report.judgements if isinstance(j.verdict, Violated)}


@pytest.mark.parametrize(
    "sabotage",
    [pytest.param(s, id=f"{s.design}: {s.why}", marks=() if s.quick else pytest.mark.slow) for s in SABOTAGES],
)
def test_sabotage_is_caught(sabotage: Sabotage):
    found = violated(sabotage.design, sabotage.fails, sabotage.scope, sabotage.texts())
    assert found == set(sabotage.fails)
    if sabotage.scope:
        by_itself = violated(sabotage.design, sabotage.fails, sabotage.scope, {})
        assert by_itself == set(), "the scope is too small, for lack of memory perhaps"


def test_each_edit_is_of_lines_that_are_there():
    assert all(s.texts() for s in SABOTAGES)


def test_what_a_wrong_design_violates_is_what_its_file_says():
    for names in BROKEN.values():
        for name in names:
            assert "violated" in {verdict for _, verdict in expectations(FOLDER / f"broken/{name}.ilk")}, name


def test_each_expectation_of_a_right_design_has_a_sabotage():
    missing: dict[str, set[str]] = {}
    for path in sorted(FOLDER.glob("*.ilk")):
        design = path.stem
        promised = {name for name, verdict in expectations(path) if verdict in {"proved", "holds"}}
        broken = {name for s in SABOTAGES if s.design == design for name in s.fails}
        for wrong in BROKEN.get(design, ()):
            broken |= {n for n, verdict in expectations(FOLDER / f"broken/{wrong}.ilk") if verdict == "violated"}
        if promised - broken:
            missing[design] = promised - broken
    assert missing == {}
