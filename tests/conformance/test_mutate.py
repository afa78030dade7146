"""Mutants: what is changed, and what notices it."""

import importlib
import json

import pytest

from interlock_conformance.bindings.list_lru import ListLruBinding
from interlock_conformance.mutate import Fate, Judged, fates, mutants, rate
from interlock_conformance.schedule import parse_workload
from interlock_conformance.strategies.reduced import Reduced

TEXT = """
class Thing:
    def __init__(self):
        self.untouched = 1

    def operation(self, cell, lock, rows):
        "Says something."
        with lock, rows.lock:
            cell.store(1)
            rows[0] = 2
        old = cell.load()
        if old is None:
            return None
        rows.free(old)
        for row in range(len(rows)):
            rows[row + 1] = old
        return cell.cmpxchg(None, old) is None and old < 3
"""


def changed():
    return [(mutant.line, mutant.kind) for mutant in mutants(TEXT)]


def test_every_kind_of_change_has_its_place():
    assert changed() == [
        (8, "without `with lock`"),
        (8, "without `with rows.lock`"),
        (8, "after the next statement"),
        (9, "left out"),
        (9, "after the next statement"),
        (10, "left out"),
        (12, "failure not looked at"),
        (12, "condition the other way round"),
        (14, "left out"),
        (14, "after the next statement"),
        (15, "one round too few"),
        (16, "left out"),
        (16, "without the 1"),
        (17, "bound off by one"),
        (17, "plain store for cmpxchg"),
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
    return list(fates(module, Judged("ListLrus", ListLruBinding, base, asked, Reduced(100))))


def test_what_matters_is_noticed(base):
    found = fates_of(base, "publish_first", "init(0) | activate(0)", "init(0) | activate(0) ! 1")
    by_kind = {(fate.mutant.text, fate.mutant.kind): fate for fate in found}
    cmpxchg = "if array.slot.cmpxchg(index, None, new) is not None:"
    assert by_kind[cmpxchg, "plain store for cmpxchg"].killed_by == "no_leak"
    assert by_kind["self.publish(lru)", "left out"].killed_by == "coverage"
    assert by_kind["self.registered.add(lru)", "left out"].killed_by == "result"
    assert by_kind["if array is None:", "condition the other way round"].killed_by == "fails_for_memory"
    assert rate(found) > 0.6
    assert [fate for fate in found if fate.survived], "two workloads do not unmount anything"


def test_an_excuse_is_for_what_survives():
    lines = "def f(cell):\n    cell.store(1)  # equivalent: nobody looks\n"
    (mutant,) = mutants(lines)
    assert Fate(mutant).excuse == "nobody looks"
    assert not Fate(mutant).survived
    assert Fate(mutant, "coverage").excuse == ""
    assert rate([Fate(mutant), Fate(mutant, "coverage")]) == 1.0


@pytest.mark.parametrize(("threshold", "code"), [(30, 0), (100, 1)])
def test_the_command_says_what_survives(threshold, code, capsys):
    from interlock_cli.main import main

    options = ["-w", "init(0) | activate(0)", "--executions", "50", "--threshold", str(threshold)]
    assert main(["mutate", "spec/list_lru", "list_lru.rw_semaphore:ListLrus", *options]) == code
    said = capsys.readouterr().out
    assert "SURVIVED" in said
    assert "mutants killed" in said.splitlines()[-1]


def test_the_command_as_json(capsys):
    from interlock_cli.main import main

    options = ["-w", "init(0) | activate(0)", "--executions", "50", "--format", "json", "--threshold", "0"]
    assert main(["mutate", "spec/list_lru", "list_lru.rw_semaphore:ListLrus", *options]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "interlock-mutation/1"
    killed = [mutant for mutant in document["mutants"] if mutant["killed_by"]]
    assert document["rate"] == round(len(killed) / len(document["mutants"]), 4)


@pytest.mark.parametrize("wrong", [["spec/gallery", "list_lru.v13:ListLrus"], ["spec/list_lru", "no.such:Thing"]])
def test_what_cannot_be_used(wrong, capsys):
    from interlock_cli.main import main

    assert main(["mutate", *wrong]) == 2
    assert "error[E094" in capsys.readouterr().err
