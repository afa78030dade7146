"""The specifications that users start from: all is as they expect, and each falls when its key line is taken away."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from interlock.core.verdict import Proved, Violated
from interlock.engines.judge import INTERNAL, Judgement
from interlock.pipeline import Request, check, read_bytes
from interlock.report import FileReport

ROOT = Path(__file__).parents[2]
STD = sorted(ROOT.glob("spec/std/*.ilk"))
CLIENTS = sorted(ROOT.glob("tests/specs/std/*.ilk"))
GALLERY = sorted(ROOT.glob("spec/gallery/*.ilk"))
BROKEN = sorted(ROOT.glob("spec/gallery/broken/*.ilk"))

FINITE_ONLY = {("two_lock_queue", "counted"), ("filter_lock", "exclusive"), ("token_ring", "stays_legal")}
"""Claims that count, which induction does not do: the filter lock is right because there are fewer levels than threads."""


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def surprises(report: FileReport) -> list[str]:
    """What a reader must see when a file is not as it expects."""
    found = [f"{d.code} {d.message}" for d in report.diagnostics]
    found += [f"{j.name}: {j.verdict}, expected {j.expected}" for j in report.judgements if not j.ok]
    found += [f"{j.name}: {note}" for j in report.judgements for note in j.notes if INTERNAL in note]
    return found


@pytest.mark.parametrize("path", [*STD, *CLIENTS, *GALLERY, *BROKEN], ids=name_of)
def test_all_is_as_the_file_expects(path):
    report = check(str(path))
    assert surprises(report) == []
    assert report.ok
    assert report.judgements, "a specification that claims nothing"

    for judgement in report.judgements:
        if isinstance(judgement.verdict, Violated):
            assert judgement.verdict.trace is not None, f"{judgement.name} is violated without a run that shows it"
    if path in GALLERY or path in STD:
        assert [j.name for j in report.judgements if isinstance(j.verdict, Violated)] == []
        claims = [j for j in report.judgements if j.kind in ("invariant", "lemma", "step_invariant")]
        unproved = {j.name for j in claims if not isinstance(j.verdict, Proved)}
        assert unproved == {claim for file, claim in FINITE_ONLY if file == path.stem}
    if path in GALLERY:
        assert any(j.kind == "reachable" for j in report.judgements), "nothing shows that anything ever happens"
    if path in BROKEN:
        assert any(isinstance(j.verdict, Violated) for j in report.judgements)


def test_every_gallery_specification_has_a_refuted_twin():
    assert [p.stem for p in BROKEN] == [p.stem for p in GALLERY]


def test_every_standard_module_has_a_client():
    used = "\n".join(p.read_text() for p in CLIENTS)
    assert [p.stem for p in STD if f"use std.{p.stem}" not in used] == []


def test_every_specification_says_what_it_is():
    assert [name_of(p) for p in (*STD, *CLIENTS, *GALLERY, *BROKEN) if not p.read_text().startswith("--- ")] == []


@dataclass(frozen=True)
class Sabotage:
    """One edit of one file, and the property of `judged` that must not survive it."""

    edited: str
    old: str
    new: str
    falls: str
    judged: str = ""
    only_lost: bool = False
    """No run refutes it, or none that is short enough: what is lost is the proof or the witness."""

    def __str__(self) -> str:
        return f"{Path(self.judged or self.edited).stem}-{self.falls}"

    def judgement(self) -> Judgement:
        edited = str(ROOT / self.edited)

        def read(path: str) -> bytes:
            data = read_bytes(path)
            if Path(path).resolve() != Path(edited).resolve():
                return data
            text = data.decode()
            assert text.count(self.old) == 1, f"{text.count(self.old)} times in {path}: {self.old}"
            return text.replace(self.old, self.new).encode()

        report = check(str(ROOT / (self.judged or self.edited)), Request(properties=(self.falls,)), read)
        assert [d.message for d in report.diagnostics if d.is_error] == []
        return report.judgements[0]


SABOTAGES = [
    Sabotage("spec/std/mutex.ilk", "    await forall p: Process :: not held(p);\n", "", "exclusive"),
    Sabotage("spec/std/spinlock.ilk", "    await forall p: Process :: not held(p);\n", "", "exclusive"),
    Sabotage(
        "spec/std/rwsem.ilk",
        "not reading(p) and not writing(p);\n    waiting",
        "not writing(p);\n    waiting",
        "exclusive",
    ),
    Sabotage("spec/std/rwsem.ilk", " and not waiting(p)", "", "writers_first"),
    Sabotage("spec/std/rcu.ilk", "  delays(t, r: Process) := reading(r)\n", "", "seen_delays"),
    Sabotage("spec/std/rcu.ilk", " and (forall r: Process :: not delays(t, r))", "", "reaped_late"),
    Sabotage("spec/std/heap.ilk", "where life(b) = UNUSED", "where life(b) != LIVE", "freed_for_good"),
    Sabotage("spec/std/heap_reuse.ilk", "  freed(b) := true\n", "  freed(b) := false\n", "comes_back", only_lost=True),
    Sabotage("spec/std/fair_lock.ilk", "    ahead(p: Process, self) := asked(p);\n", "", "exclusive"),
    Sabotage("spec/std/refcount.ilk", "if refs > 0 {", "if true {", "dead_has_none"),
    Sabotage("spec/std/pins.ilk", "  if held {", "  if true {", "dead_for_good"),
    Sabotage("spec/std/completion.ilk", "complete := true", "complete := not complete", "stays"),
    Sabotage(
        "spec/std/workqueue.ilk",
        "running(w) := false;\n  beside(p: Process, w) := false\n",
        "running(w) := false\n",
        "beside_running",
    ),
    Sabotage("spec/std/cell.ilk", "if value = none {", "if true {", "right_once", "tests/specs/std/cell_client.ilk"),
    Sabotage(
        "spec/std/rcu.ilk",
        "forall r: Process :: not owes(w, r)",
        "true",
        "objs.no_use_after_free",
        "tests/specs/std/rcu_client.ilk",
    ),
    Sabotage(
        "spec/std/workqueue.ilk",
        "beside(self, w) := running(w) and not queued(w)",
        "beside(self, w) := false",
        "worker.no_use_after_free",
        "tests/specs/std/workqueue_client.ilk",
    ),
    Sabotage("spec/gallery/lock_server.ilk", " and here;", ";", "exclusive"),
    Sabotage("spec/gallery/lock_server.ilk", "await returns(c); returns(c) := false;", "await holds(c);", "exclusive"),
    Sabotage("spec/gallery/peterson.ilk", "turn := other(s)", "turn := s", "exclusive"),
    Sabotage("spec/gallery/peterson.ilk", " or turn = s", "", "enters"),
    Sabotage("spec/gallery/two_phase_commit.ilk", "await undecided; abort_sent", "abort_sent", "consistent"),
    Sabotage(
        "spec/gallery/two_phase_commit.ilk",
        "await state(m) = WORKING; state(m) := ABORTED",
        "state(m) := ABORTED",
        "consistent",
    ),
    Sabotage("spec/gallery/ring_leader.ilk", " and n < name;", ";", "one_leader"),
    Sabotage(
        "spec/gallery/ring_leader.ilk",
        "axiom transitive: forall a, b, c, d: Node :: between(a, b, c) and between(a, c, d) implies between(a, b, d)\n",
        "",
        "one_leader",
        only_lost=True,
    ),
    Sabotage("spec/gallery/ticket_lock.ilk", "await called = mine", "await called <= mine", "exclusive"),
    Sabotage("spec/gallery/sharded_store.ilk", "  owner(giver, k) := false;\n", "", "one_place"),
    Sabotage("spec/gallery/sharded_store.ilk", "  moving(n, k, v) := false;\n", "", "one_place"),
    Sabotage(
        "spec/gallery/paxos.ilk",
        "axiom quorums_meet: forall p, q: Quorum :: exists n: Node :: member(n, p) and member(n, q)\n",
        "",
        "agreement",
    ),
    Sabotage(
        "spec/gallery/paxos.ilk", "await proposal(r) = v and not left(n, r);", "await proposal(r) = v;", "agreement"
    ),
    Sabotage("spec/gallery/paxos.ilk", "implies low <= top", "implies true", "agreement"),
    Sabotage(
        "spec/gallery/condvar_queue.ilk",
        "step again: empty := not something",
        "step again: empty := false",
        "consume.not_empty",
    ),
    Sabotage(
        "spec/gallery/condvar_queue.ilk",
        "pick p: Process where sleeping(p); sleeping(p) := false",
        "await true",
        "all_taken",
    ),
    Sabotage("spec/gallery/alternating_bit.ilk", "if data_bit = wanted {", "if true {", "deliver.in_order"),
    Sabotage("spec/gallery/alternating_bit.ilk", "ack = current_bit and not sent_all", "not sent_all", "arrives"),
    Sabotage("spec/gallery/alternating_bit.ilk", "strongly fair action deliver", "fair action deliver", "arrives"),
    Sabotage("spec/gallery/chain_replication.ilk", "m < k implies n <= k)", "true implies true)", "durable"),
    Sabotage("spec/gallery/chain_replication.ilk", "  if tail(n) { committed := has(m) }\n", "", "read.is_committed"),
    Sabotage("spec/gallery/token_ring.ilk", "if number(0) = TOP then 0 else number(0) + 1", "1", "goes_round"),
    Sabotage("spec/gallery/token_ring.ilk", "fair action copy", "action copy", "stabilises"),
    Sabotage(
        "spec/gallery/two_lock_queue.ilk", "step wait: await length < CAP\n", "step wait: await true\n", "produce.range"
    ),
]


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=str)
def test_without_its_key_line_it_falls(sabotage):
    verdict = sabotage.judgement().verdict
    if sabotage.only_lost:
        assert not isinstance(verdict, Proved)
    else:
        assert isinstance(verdict, Violated)
        assert verdict.trace is not None
