"""`mutate`: it judges changes of a candidate that conforms, and says where there is nothing to judge."""

import json

import pytest

COUNTER = """
module tally
var total: 0..8 = 0
action add(n: 0..8) { await total + n <= 8; total := total + n }
action read(n: 0..8) { await n = total }
"""

CANDIDATES = """
from interlock_conformance.calls import Calls

WORKLOADS = ("add(1); read() | add(2); read()",)


class Locked:
    def __init__(self, runtime):
        self.lock = runtime.mutex("lock")
        self.total = runtime.memory("tally").cell("total", 0)

    def add(self, n):
        with self.lock:
            self.total.store(self.total.load() + n)

    def read(self):
        return self.total.load()


class Unlocked(Locked):
    def add(self, n):
        self.total.store(self.total.load() + n)


class Bound(Calls):
    def misuse(self, workload):
        return "nothing suits it"
"""


@pytest.fixture
def tally(monkeypatch, tmp_path):
    """A specification and two candidates, one of them broken, in the folder from which the command is called."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "tallies", raising=False)
    (tmp_path / "tally.ilk").write_text(COUNTER)
    (tmp_path / "tallies.py").write_text(CANDIDATES)


@pytest.mark.usefixtures("tally")
def test_mutants_of_a_candidate_that_conforms(interlock):
    done = interlock("mutate", "tally.ilk", "tallies:Locked", "--lines", "14-16", "--format", "json")
    assert (done.code, done.err) == (0, "")
    document = json.loads(done.out)
    assert document["rate"] == 1
    assert {mutant["killed_by"] for mutant in document["mutants"]} >= {"linearizable"}


@pytest.mark.usefixtures("tally")
@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (("tallies:Unlocked",), "E0944", "fails on `add(1); read() | add(2); read()`: linearizable"),
        (("tallies:Locked", "--binding", "tallies:Bound"), "E0944", "undecided: nothing suits it"),
        (("tallies:Locked", "--lines", "900-901"), "E0945", "nothing to change in `tallies` on lines 900 to 901"),
    ],
)
def test_where_there_is_nothing_to_judge_no_rate_is_told(interlock, options, code, says):
    done = interlock("mutate", "tally.ilk", *options)
    assert (done.code, done.out) == (2, "")
    assert f"error[{code}]" in done.err
    assert says in done.err


def test_no_more_than_all_mutants_can_be_asked_for(interlock):
    done = interlock("mutate", "tally.ilk", "tallies:Locked", "--threshold", "101")
    assert done.code == 2
    assert "`101` is more than all of them" in done.err


@pytest.mark.usefixtures("tally")
def test_an_interrupt_leaves_what_is_known(interlock, monkeypatch):
    from interlock_conformance.mutation import mutate

    def interrupted(*arguments):
        judged = fates(*arguments)
        yield next(judged)
        yield next(judged)
        raise KeyboardInterrupt

    fates = mutate.fates
    monkeypatch.setattr(mutate, "fates", interrupted)
    done = interlock("mutate", "tally.ilk", "tallies:Locked", "-v")
    assert done.code == 130
    assert done.out.splitlines()[-1].endswith(" of 2 mutants killed (100.0%), 0 survived")
    assert "interrupted before all mutants were judged" in done.err
    done = interlock("mutate", "tally.ilk", "tallies:Locked", "--format", "json")
    document = json.loads(done.out)
    assert (done.code, document["interrupted"], len(document["mutants"])) == (130, True, 2)
