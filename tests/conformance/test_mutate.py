"""Mutants: what is changed, and what notices it."""

import importlib
import inspect
import json
from dataclasses import replace

import pytest
from tests.conformance.subjects import AT_ALLOCATION, FOLDER, LIST_LRU, shipped

from interlock_cli.main import main
from interlock_conformance.conform import Options, conform
from interlock_conformance.judging.judges import Judges
from interlock_conformance.mutation import mutate
from interlock_conformance.mutation.mutants import EQUIVALENT, mutants
from interlock_conformance.mutation.mutate import Fate, Judged, fates, noticed, rate
from interlock_conformance.mutation.reachable import lines_of
from interlock_conformance.schedule import parse_workload
from interlock_conformance.strategies.priorities import Priorities
from interlock_conformance.strategies.reduced import Reduced
from interlock_conformance.verdict import Breaks, Conforms, report
from list_lru import rw_semaphore
from list_lru.bindings.base import ListLruBinding
from list_lru.broken import unlocked_init

TEXT = """
class Thing:
    def __init__(self):
        self.untouched = 1

    def operation(self, cell, lock, rows):
        "Says something."
        with lock, rows.write():
            cell.store(1)
            rows[0] = 2
        old = cell.xchg(5)
        if old is None or old == 7:
            return None
        rows.free(old)
        for row in range(len(rows)):
            if row > 3:
                continue
            rows[row + 1] = old
        assert old is not None
        self.rcu.assign(cell, old)
        with self.rcu.read():
            cell.count += 1
            self.rcu.dereference(cell)
            return False
        return old
        return cell.cmpxchg(None, old) is None and old < 3
"""


def bind(made):
    return ListLruBinding("mutant", made)


def changed():
    return [(mutant.line, mutant.kind) for mutant in mutants(TEXT)]


def test_every_kind_of_change_has_its_place():
    assert changed() == [
        (8, "without `with lock`"),
        (8, "without `with rows.write()`"),
        (8, "held together with others"),
        (8, "after the next statement"),
        (9, "before the lock is taken"),
        (9, "left out"),
        (9, "after the next statement"),
        (9, "one more"),
        (10, "after the lock is released"),
        (10, "left out"),
        (11, "plain store for xchg"),
        (12, "failure not looked at"),
        (12, "condition the other way round"),
        (12, "`and` instead"),
        (12, "compared the other way round"),
        (12, "compared the other way round"),
        (14, "left out"),
        (15, "left out"),
        (15, "ends after the first"),
        (15, "one round too few"),
        (16, "failure not looked at"),
        (16, "condition the other way round"),
        (16, "bound off by one"),
        (17, "ends the loop"),
        (18, "left out"),
        (18, "without the 1"),
        (20, "left out"),
        (20, "plain store for a pointer"),
        (21, "without `with self.rcu.read()`"),
        (22, "before the lock is taken"),
        (22, "left out"),
        (22, "after the next statement"),
        (23, "after the lock is released"),
        (23, "left out"),
        (23, "plain load of a pointer"),
        (24, "says the opposite"),
        (25, "not told"),
        (26, "`or` instead"),
        (26, "compared the other way round"),
        (26, "plain store for cmpxchg"),
        (26, "bound off by one"),
    ]


def test_mutants_differ_from_the_text_and_from_each_other():
    import ast

    texts = [ast.unparse(mutant.tree) for mutant in mutants(TEXT)]
    assert len({*texts, ast.unparse(ast.parse(TEXT))}) == len(texts) + 1
    assert all("self.untouched = 1" in text for text in texts)
    for text in texts:
        compile(text, "mutant", "exec")


def test_a_plain_store_stores_and_gives_what_was_hoped_for():
    (mutant,) = (m for m in mutants("def f(cell):\n    return cell.cmpxchg(None, 5)\n") if "cmpxchg" in m.kind)
    names = {}
    exec(compile(mutant.tree, "mutant", "exec"), names)

    class Cell:
        value = 1

        def store(self, value):
            self.value = value

    cell = Cell()
    assert names["f"](cell) is None
    assert cell.value == 5


def fates_of(base, name, *workloads):
    module = importlib.import_module(f"list_lru.{name}")
    asked = [parse_workload(workload) for workload in workloads]
    return list(fates(module, Judged("ListLrus", bind, base, asked, (Reduced(100),))))


def test_what_matters_is_noticed(base):
    found = fates_of(base, "publish_first", "init(0) | activate(0)", "init(0) | activate(0) ! 1")
    by_kind = {(fate.mutant.text, fate.mutant.kind): fate for fate in found}
    cmpxchg = "if array.slot.cmpxchg(index, None, new) is not None:"
    assert by_kind[cmpxchg, "plain store for cmpxchg"].killed_by == "no_leak"
    assert by_kind["self.publish(lru)", "left out"].killed_by == "coverage"
    assert by_kind["self.registered.add(lru)", "left out"].killed_by == "result"
    assert by_kind["if array is None:", "condition the other way round"].killed_by == "fails_for_memory"
    assert rate(found) > 0.5
    assert [fate for fate in found if fate.survived], "two workloads do not unmount anything"


CHANGES = """
def f(lock, cell, rows, rcu):
    with lock:
        rows.free(1)
        cell.store(2)
        return None
    for row in rows:
        rows.add(row)
    rcu.assign(cell, 3)
    return cell.xchg(4)
"""


@pytest.mark.parametrize(
    ("line", "kind", "becomes"),
    [
        (4, "before the lock is taken", "rows.free(1)\n    with lock:\n        cell.store(2)\n        return None"),
        (5, "after the lock is released", "with lock:\n        rows.free(1)\n    cell.store(2)\n    return None"),
        (7, "ends after the first", "for row in rows:\n        rows.add(row)\n        break"),
        (9, "plain store for a pointer", "cell.store(3)"),
        (10, "plain store for xchg", "return (lambda both: both[0])((cell.load(), cell.store(4)))"),
    ],
)
def test_what_a_change_makes_of_the_text(line, kind, becomes):
    import ast

    (tree,) = (mutant.tree for mutant in mutants(CHANGES) if (mutant.line, mutant.kind) == (line, kind))
    assert becomes in ast.unparse(tree)


def test_an_exchange_is_excused_on_either_line():
    text = "def f(cell, rows):\n    cell.store(1)\n    rows.free(2)  # equivalent: nobody looks\n"
    excused = {(mutant.line, mutant.kind) for mutant in mutants(text) if mutant.excuse}
    assert excused == {(2, "after the next statement"), (3, "left out"), (3, "one more")}


def test_an_excuse_is_for_what_survives():
    lines = "def f(cell):\n    cell.store(1)  # equivalent: nobody looks\n"
    (mutant,) = (mutant for mutant in mutants(lines) if mutant.kind == "left out")
    assert Fate(mutant).excuse == "nobody looks"
    assert not Fate(mutant).survived
    assert Fate(mutant, "coverage").excuse == ""
    assert rate([Fate(mutant), Fate(mutant, "coverage")]) == 1.0


@pytest.mark.parametrize(("threshold", "code"), [(30, 0), (100, 1)])
def test_the_command_says_what_survives(threshold, code, capsys):
    options = ["-w", "init(0) | activate(0)", "--executions", "50", "--threshold", str(threshold)]
    assert main(["mutate", "spec/list_lru", "list_lru.rw_semaphore:ListLrus", *options]) == code
    said = capsys.readouterr().out
    assert "SURVIVED" in said
    assert "mutants killed" in said.splitlines()[-1]


def test_the_command_as_json(capsys):
    options = ["-w", "init(0) | activate(0)", "--executions", "50", "--format", "json", "--threshold", "0"]
    assert main(["mutate", "spec/list_lru", "list_lru.rw_semaphore:ListLrus", *options]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "interlock-mutation/1"
    killed = [mutant for mutant in document["mutants"] if mutant["killed_by"]]
    assert document["rate"] == round(len(killed) / len(document["mutants"]), 4)


@pytest.mark.parametrize("wrong", [["spec/gallery", "list_lru.v13:ListLrus"], ["spec/list_lru", "no.such:Thing"]])
def test_what_cannot_be_used(wrong, capsys):
    assert main(["mutate", *wrong]) == 2
    assert "error[E094" in capsys.readouterr().err


def test_what_judges_is_kept_from_mutant_to_mutant_and_says_the_same(base, abstract):
    workload = parse_workload("init(0) | activate(0) ! *")
    options = Options(refined=abstract, shrink_executions=0)
    shared = replace(options, judges=Judges())
    said = []
    for candidate in (rw_semaphore.ListLrus, unlocked_init.ListLrus, rw_semaphore.ListLrus):
        binding = ListLruBinding("some", candidate)
        alone, after = (conform(binding, base, workload, Reduced(50), given) for given in (options, shared))
        assert report(alone) == report(after)
        said.append(type(after))
    assert said == [Conforms, Breaks, Conforms]


def test_a_workload_of_which_all_is_known_is_not_tried_again(base, monkeypatch):
    tried = []

    def noting(binding, system, workload, strategy, options):
        tried.append((str(workload), strategy))
        return conform(binding, system, workload, strategy, options)

    monkeypatch.setattr(mutate, "conform", noting)
    alone, together = "init(0); activate(0)", "init(0) | activate(0) | use(0, 0)"
    strategies = (Reduced(2), Priorities(0, 3), Reduced(4))
    judged = Judged("ListLrus", bind, base, [parse_workload(alone), parse_workload(together)], strategies)
    assert noticed(rw_semaphore.ListLrus, judged) == ("", "")
    assert tried == [(alone, Reduced(2)), *((together, strategy) for strategy in strategies)]


# -- the candidates that come with Interlock

FOUND = {
    "v13": (119, 13),
    "rw_semaphore": (25, 0),
    "publish_first": (46, 1),
    "handshake": (80, 10),
    "handshake_cursor": (74, 13),
    "handshake_segments": (23, 2),
    "slots_owned": (61, 3),
    "xarray": (97, 7),
    "list_locks": (47, 4),
}
"""How many mutants are killed, and how many are equivalent; none survives without an excuse."""

EXCUSES = {
    "v13": 11,
    "rw_semaphore": 0,
    "publish_first": 1,
    "handshake": 7,
    "handshake_cursor": 10,
    "handshake_segments": 2,
    "slots_owned": 4,
    "xarray": 7,
    "list_locks": 4,
}
"""How many comments say `# equivalent:`."""


def source(name):
    return inspect.getsource(importlib.import_module(f"list_lru.{name}"))


@pytest.mark.slow
@pytest.mark.parametrize("name", FOUND)
def test_all_are_killed_but_those_that_are_equivalent(capsys, name):
    command = ["mutate", str(FOLDER), f"list_lru.{name}:ListLrus", "--threshold", "100", "--format", "json"]
    assert main(command) == 0
    found = json.loads(capsys.readouterr().out)["mutants"]
    assert [mutant for mutant in found if not mutant["killed_by"] and not mutant["equivalent"]] == []
    assert (sum(bool(m["killed_by"]) for m in found), sum(bool(m["equivalent"]) for m in found)) == FOUND[name]


def test_every_candidate_that_holds_is_judged():
    right = [named for kind in (LIST_LRU, AT_ALLOCATION) for named in shipped(kind) if named.breaks is None]
    assert {named.reference for named in right} == {f"list_lru.{name}:ListLrus" for name in FOUND}


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_is_of_the_candidate_as_it_is(name):
    """To find it again takes long; that there is something else to change is seen at once."""
    assert sum(FOUND[name]) == len(list(mutants(source(name))))


@pytest.mark.parametrize("name", FOUND)
def test_the_documents_say_what_was_found(name):
    killed, excused = FOUND[name]
    rows = (FOLDER.parents[1] / "docs/conformance.md").read_text(encoding="utf-8").splitlines()
    assert f"| `{name}` | {killed} of {killed} | {excused} |" in rows


@pytest.mark.parametrize("name", EXCUSES)
def test_excuses_are_few(name):
    assert source(name).count(EQUIVALENT) == EXCUSES[name]


SEVERAL = """
LIMIT = 3

class Node:
    def work(self):
        self.shared()

class Base:
    def make(self) -> "Kept":
        return Node()

class Mine(Base):
    def work(self):
        helper()

class Other(Base):
    def work(self):
        self.shared()

class Kept: pass

def helper():
    Mine()

def unused():
    helper()
"""


def test_another_candidate_in_the_module_is_left_alone():
    lines = SEVERAL.splitlines()
    left_out = {n for n, line in enumerate(lines, 1)} - lines_of(SEVERAL, "Mine")
    assert [lines[n - 1] for n in sorted(left_out)] == [
        "class Other(Base):",
        "    def work(self):",
        "        self.shared()",
        "def unused():",
        "    helper()",
    ]
    assert lines_of(SEVERAL, "Assigned") >= {2}  # a candidate that is no class of the module's own


def test_no_mutant_is_made_of_another_candidate_in_the_module(tmp_path, monkeypatch, capsys):
    (tmp_path / "one.ilk").write_text("module one\nvar n: 0..4 = 0\naction add { await n < 4; n := n + 1 }\n")
    text = """
class One:
    def __init__(self, runtime):
        self.n = runtime.memory("m").cell("n", 0)

    def add(self):
        self.n.store(self.n.load() + 1)

    def symbols(self):
        return {"n": self.n.peek}


class Two(One):
    def add(self):
        if self.n.load() == 0:
            self.n.store(1)
"""
    (tmp_path / "one_and_two.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    main(["mutate", "one.ilk", "one_and_two:One", "-w", "add()", "--format", "json"])
    found = json.loads(capsys.readouterr().out)
    assert found["mutants"]
    assert max(mutant["line"] for mutant in found["mutants"]) < text.splitlines().index("class Two(One):")
