"""Written files cover what they say, the specification itself passes them, and a candidate with a mistake does not."""

import shutil
import subprocess
import sys

import pytest
from tests.testgen.running import GALLERY, ROOT, from_text, lowered, possible, replayed, without, write

from interlock.engines.evaluate import instantiate
from interlock_conformance.spec_candidate import SpecCandidate
from interlock_conformance.stepwise import Refused

SPECIFICATIONS = {
    **{path.stem: (path, "") for path in sorted(GALLERY.glob("*.ilk")) if path.stem != "paxos"},
    "paxos": (GALLERY / "paxos.ilk", "Node=2,Quorum=1,Round=2,Value=1"),
    "v13": (ROOT / "spec/list_lru/v13.ilk", "Lru=1,Memcg=1,Id=1,Array=1,List=1,Reader=1"),
    "handshake": (ROOT / "spec/list_lru/handshake.ilk", ""),
    "broken peterson": (GALLERY / "broken/peterson.ilk", ""),
}


@pytest.fixture(scope="module", params=SPECIFICATIONS, ids=str)
def written(request):
    path, scope = SPECIFICATIONS[request.param]
    return write(lowered(path), scope, refusals=True)


def test_the_specification_passes_its_own_cases(written):
    outcomes = written.outcomes(written.candidate)
    assert outcomes
    assert set(outcomes.values()) == {""}


def test_all_that_can_be_covered_is_covered(written):
    assert written.cases.cut == ""
    assert replayed(written) == possible(written.cases.system, written.sizes)


def test_what_is_said_to_be_covered_is(written):
    assert (set(written.cases.steps), set(written.cases.pairs)) == replayed(written)


def test_the_same_specification_gives_the_same_text(written):
    again = write(written.cases.system, ",".join(f"{sort}={n}" for sort, n in written.sizes.items()), refusals=True)
    assert again.text == written.text


def test_the_text_is_laid_out_as_formatters_do(written, tmp_path):
    ruff = shutil.which("ruff", path=f"{sys.exec_prefix}/bin") or shutil.which("ruff")
    if ruff is None:
        pytest.skip("ruff is not installed")
    file = tmp_path / "test_written.py"
    file.write_text(written.text)
    done = subprocess.run([ruff, "format", "--isolated", "--diff", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    done = subprocess.run([ruff, "check", "--isolated", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_v13_in_its_own_scope():
    written = write(lowered(ROOT / "spec/list_lru/v13.ilk"))
    assert set(written.outcomes(written.candidate).values()) == {""}
    assert replayed(written) == possible(written.cases.system, written.sizes)
    assert [line for line in written.text.splitlines() if line.startswith("not taken")] == [
        "not taken: activate.free_list#1, never enabled in this scope"
    ]


@pytest.mark.parametrize("name", ["lock_server", "two_phase_commit", "peterson", "sharded_store", "atomic_commit"])
def test_a_lost_assignment_is_noticed(name):
    """Every assignment to shared state; a lost change of place is noticed where the thread then goes on wrongly."""
    written = write(lowered(GALLERY / f"{name}.ilk"))
    survivors = [what for what, system in without(written.cases.system) if not written.notices(system)]
    assert survivors == []


@pytest.mark.slow
def test_a_lost_assignment_of_v13_is_noticed():
    """A mutex that nobody takes, a list that nobody installs, an id that nobody gives back..."""
    path, scope = SPECIFICATIONS["v13"]
    written = write(lowered(path), scope)
    mutants = without(written.cases.system, written.cases.steps)
    survivors = {what for what, system in mutants if not written.notices(system)}
    # Who stays at the last place of all can do nothing there any more: nobody can tell.
    assert survivors == {"init.create_mutex.exit without init.pc", "activate.create_mutex.exit without activate.pc"}


def test_a_failure_names_the_step_and_what_was_seen():
    written = write(lowered(GALLERY / "lock_server.ilk"))
    system = dict(without(written.cases.system))["grant without here"]
    (failure,) = written.outcomes(lambda: SpecCandidate(instantiate(system, written.sizes))).values()
    assert failure.splitlines() == [
        "grant(c=0) leads to another state than the specification's",
        "  here is True, expected False",
        "the run:",
        "    1 ask(c=0)",
        "    2 ask(c=0)",
        "    3 grant(c=0)",
    ]


def test_a_file_needs_nothing_but_pytest_and_one_module(tmp_path):
    (tmp_path / "written.py").write_text(write(lowered(GALLERY / "lock_server.ilk")).text)
    code = "import sys, written; print(sorted(m for m in sys.modules if m.startswith(('interlock', 'z3', 'llvm', 'lark'))))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT / "conformance")},
    )
    assert done.stdout.strip() == "['interlock_conformance', 'interlock_conformance.stepwise']"


COIN = """
module coin
var face: 0..2 = 0
action toss { either { face := 1 } or { face := 2 } }
action hide { await face > 0; face := 0 }
"""


def test_a_step_with_two_outcomes():
    written = write(from_text(COIN))
    assert "run.steer({" in written.text
    assert set(written.outcomes(written.candidate).values()) == {""}
    assert replayed_possible(written)


def replayed_possible(written) -> bool:
    return set(written.cases.pairs) == possible(written.cases.system, written.sizes)[1]


class Heads:
    """A coin that always falls on the same side, and cannot be steered."""

    def __init__(self, side=1):
        self.face, self.side = 0, side

    def step(self, name, /):
        self.face = self.side if name == "toss" else 0

    def state(self):
        return {"face": self.face}


def test_another_outcome_that_is_allowed_is_no_failure():
    outcomes = write(from_text(COIN)).outcomes(Heads).values()
    assert all(not why or why.startswith("skipped: toss() has another outcome here") for why in outcomes)
    assert any(outcomes)


def test_an_outcome_that_is_not_allowed_is_one():
    outcomes = write(from_text(COIN)).outcomes(lambda: Heads(side=0)).values()
    assert all("face is 0, expected" in why for why in outcomes)


# Refusals


def test_a_candidate_that_refuses_nothing_is_noticed():
    written = write(lowered(GALLERY / "lock_server.ilk"), refusals=True)

    class Careless(SpecCandidate):
        def step(self, name, /, **args):
            try:
                super().step(name, **args)
            except Refused:
                return

    (why,) = written.outcomes(lambda: Careless(written.model)).values()
    assert why.startswith("grant(c=1) is taken, and the specification does not have it here")


def test_a_thread_is_refused_only_where_it_waits():
    written = write(lowered(GALLERY / "peterson.ilk"), refusals=True)
    refused = {line.strip() for line in written.text.splitlines() if "refuses" in line}
    assert refused
    assert all('"thread.wait"' in line for line in refused)


# Bounds


def test_a_scope_that_is_not_exhausted_is_told():
    written = write(from_text("module up\nvar n: Int = 0\naction inc { n := n + 1 }"), states=5)
    assert written.cases.cut == "more than 5 states"
    assert "bounded: more than 5 states, so more steps and pairs may be possible in this scope" in written.text
    assert set(written.outcomes(written.candidate).values()) == {""}


def test_a_case_is_not_longer_than_asked_unless_it_must_be():
    written = write(lowered(GALLERY / "peterson.ilk"), length=6)
    longer = [case for case in written.cases.cases if len(case.steps) > 6]
    assert all(case.first[-1] == case.goal for case in longer)
    assert len(written.cases.cases) > len(write(lowered(GALLERY / "peterson.ilk")).cases.cases)
