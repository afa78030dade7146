"""What runs exercise is told, and changes no verdict."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from interlock.core.show import show_term
from interlock_conformance.conform import Options, conform
from interlock_conformance.json_report import text_of_rows
from interlock_conformance.judging.coverage import Coverage, Covered, antecedents_of, names_of_steps, together
from interlock_conformance.matrix import Row, lines_of_coverage, lines_of_matrix
from interlock_conformance.schedule import parse_workload
from interlock_conformance.specification import load_specification
from interlock_conformance.strategies.exhaustive import Exhaustive
from interlock_conformance.strategies.reduced import Reduced
from interlock_conformance.strategies.uniform import Uniform
from interlock_conformance.verdict import Breaks, Conforms
from list_lru import v13
from list_lru.bindings.base import ListLruBinding
from list_lru.broken import unlocked_init

V13 = ListLruBinding("v13", v13.ListLrus)


def measured(base, abstract, *workloads, binding=V13):
    options = Options(refined=abstract, measure=True, shrink_executions=0)
    return [conform(binding, base, parse_workload(text), Reduced(50), options) for text in workloads]


def test_a_mount_alone_exercises_little(base, abstract):
    (verdict,) = measured(base, abstract, "init(0)")
    assert isinstance(verdict, Conforms)
    coverage = verdict.coverage
    assert coverage.steps.exercised == {"init"}
    assert "destroy" in coverage.steps.missed
    assert coverage.outcomes.exercised == {"init: done"}
    assert coverage.outcomes.missed == ("init: ENOMEM",)
    assert {"coverage", "install_once"} <= set(coverage.antecedents.missed)


def test_workloads_add_up(base, abstract):
    verdicts = measured(base, abstract, "init(0)", "activate(0); init(0) ! 1", "activate(0); init(0); destroy(0)")
    coverage = together([verdict.coverage for verdict in verdicts])
    assert coverage.steps.exercised == {"init", "activate", "destroy", "release_lru", "reclaim"}
    assert {"init: ENOMEM", "destroy: done"} <= coverage.outcomes.exercised
    assert "coverage" in coverage.antecedents.exercised
    assert set(verdicts[0].coverage.steps.everything) == set(coverage.steps.everything)


def test_an_antecedent_counts_only_where_it_was_true_in_a_state_that_was_judged(base, abstract):
    alone, met = measured(base, abstract, "init(0)", "activate(0); init(0)")
    assert "coverage" not in alone.coverage.antecedents.exercised
    assert "coverage" in met.coverage.antecedents.exercised


def test_a_run_that_breaks_tells_what_it_exercised_until_then(base, abstract):
    binding = ListLruBinding("unlocked_init", unlocked_init.ListLrus)
    (verdict,) = measured(base, abstract, "init(0) | activate(0)", binding=binding)
    assert isinstance(verdict, Breaks)
    assert "coverage" in verdict.coverage.antecedents.exercised


@pytest.mark.parametrize("binding", [V13, ListLruBinding("unlocked_init", unlocked_init.ListLrus)])
def test_measuring_changes_no_verdict(base, abstract, binding):
    workload = parse_workload("init(0) | activate(0)")
    found = [
        conform(binding, base, workload, Reduced(), Options(refined=abstract, measure=measure, shrink_executions=0))
        for measure in (False, True)
    ]
    assert found[0].coverage is None
    assert replace(found[1], coverage=None) == found[0]


def test_reports_tell_it(base, abstract):
    (verdict,) = measured(base, abstract, "init(0)")
    row = Row("list_lru.v13:ListLrus", None, (("init(0)", verdict),))
    lines = lines_of_coverage(row.coverage)
    assert lines[0] == "exercised"
    assert "  outcomes: 1 of 2; not: init: ENOMEM" in lines
    told = lines_of_matrix([row])
    assert told[-len(lines)] == "exercised by those that must conform"
    document = json.loads(text_of_rows([row], "test"))
    assert document["candidates"][0]["coverage"]["outcomes"] == {
        "exercised": ["init: done"],
        "missed": ["init: ENOMEM"],
    }
    assert "init" in document["candidates"][0]["coverage"]["steps"]["exercised"]


def test_nothing_measured_is_nothing_told(base):
    verdict = conform(V13, base, parse_workload("init(0)"), Reduced(), Options())
    row = Row("v13", None, (("init(0)", verdict),))
    assert lines_of_coverage(row.coverage) == []
    assert not [line for line in lines_of_matrix([row]) if "exercised" in line]


# -- parts

TEXT = """
module parts
sort S
var p(x: S): Bool = false
var q(x: S): Bool = false
var n: 0..2 = 0
action a(x: S) { p(x) := true; either { n := 1 } or { n := 2 } }
action b(x: S) { q(x) := true }
invariant one: forall x: S :: p(x) implies q(x)
invariant nested: forall x: S :: p(x) implies forall y: S :: q(y) implies n = 1
invariant both: (n = 1 implies exists x: S :: p(x)) and (n = 2 implies exists x: S :: q(x))
invariant plain: forall x: S :: p(x) or not q(x)
"""


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    path = tmp_path_factory.mktemp("parts") / "parts.ilk"
    path.write_text(TEXT)
    system, diagnostics = load_specification(str(path), lambda name: Path(name).read_bytes(), runs=True)
    assert system is not None, diagnostics
    return system


def test_antecedents_are_those_that_something_hangs_on(parts):
    found = {p.name: [(name, show_term(t)) for name, t in antecedents_of(p)] for p in parts.properties}
    assert found["one"] == [("one", "exists x: S :: p(x)")]
    assert found["nested"] == [
        ("nested (p(x))", "exists x: S :: p(x)"),
        ("nested (q(y))", "exists x, y: S :: p(x) and q(y)"),
    ]
    assert [name for name, _ in found["both"]] == ["both (n = 1)", "both (n = 2)"]
    assert found["plain"] == []


def test_branches_are_told_apart(parts):
    assert names_of_steps(parts) == ("a (1 of 2)", "a (2 of 2)", "b")


def test_what_is_missed_keeps_its_order():
    first = Covered("steps", ("a", "b", "c"), frozenset({"b"}))
    second = Covered("steps", ("a", "b", "d"), frozenset({"d"}))
    assert str(first | second) == "steps: 2 of 4; not: a, c"
    assert Coverage().parts == ()


@pytest.mark.parametrize(
    ("strategy", "says"),
    [
        (Reduced(), "+ kept in all interleavings of all workloads, (+)"),
        (Exhaustive(1), "+ kept in all schedules with at most 1 preemption of all workloads, (+)"),
        (Uniform(0, 1), "(+) kept in those that were run"),
    ],
)
def test_the_table_says_what_was_covered(base, strategy, says):
    verdict = conform(V13, base, parse_workload("init(0) | activate(0)"), strategy, Options())
    assert lines_of_matrix([Row("v13", None, (("init(0) | activate(0)", verdict),))])[-1].startswith(says)
