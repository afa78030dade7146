"""The pytest plugin, in runs of its own."""

import os
import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

GOOD = """
module good
var phase: 0..3 = 0
action climb { await phase < 3; phase := phase + 1 }
--- It never falls.
invariant low: phase <= 3
reachable top: phase = 3
"""

BAD = """
module bad
var phase: 0..3 = 0
action climb { await phase < 3; phase := phase + 1 }
--- It stays below two.
invariant below: phase < 2
reachable never: phase > 3
invariant known: phase < 3
expect known violated
"""

CANDIDATES = """
import pytest
from interlock_pytest import conforms

WORKLOADS = ["init(0) | activate(0)", "init(0); destroy(0)"]

@conforms("spec/list_lru", workloads=WORKLOADS)
def test_right():
    from list_lru import v13
    return v13.ListLrus

@conforms("spec/list_lru", workloads=WORKLOADS)
def test_wrong():
    "Makes its lists outside of the mutex."
    from list_lru.broken import unlocked_init
    return unlocked_init.ListLrus

@conforms("spec/list_lru", workloads=["init(0) | activate(0) | use(0, 0)"], executions=3, exhaust=True)
def test_cut_short():
    from list_lru import v13
    return v13.ListLrus

@conforms("spec/list_lru", workloads=["init(0"])
def test_misspelt():
    return object
"""


@pytest.fixture
def run(pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(str(Path(part).absolute()) for part in sys.path))

    def run(*arguments, **files):
        for name, text in files.items():
            (pytester.path / f"{name}.ilk").write_text(text)
        return pytester.runpytest_subprocess("-p", "interlock_pytest.plugin", *arguments)

    return run


def test_each_property_is_an_item(run):
    result = run("-v", good=GOOD)
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["*good.ilk::low PASSED*", "*good.ilk::top PASSED*"])


def test_a_failure_is_the_run_that_refutes(run):
    result = run(bad=BAD)
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(["*bad.ilk: below*", "*below is violated after 2 steps:*", "*It stays below two.*"])
    result.stdout.fnmatch_lines(["*never*must be reached*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_one_property_is_named_as_other_tests_are(run):
    run("good.ilk::top", good=GOOD).assert_outcomes(passed=1)
    run("-k", "known", bad=BAD).assert_outcomes(passed=1, deselected=6)


def test_a_file_with_errors_is_an_error_with_its_place(run):
    result = run(broken="module broken\nvar x: Boool = false\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*error[[]E*Boool*", "*broken.ilk:2:*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_time_that_does_not_suffice_is_no_pass(run):
    result = run("--interlock-limit", "0.000001", good=GOOD)
    result.assert_outcomes(failed=3)


def test_files_that_are_not_asked_for_are_left_alone(run, pytester):
    pytester.makeini("[pytest]\ninterlock_files = other*.ilk\n")
    result = run(good=GOOD)
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_items_of_a_file_stay_together_under_xdist(run):
    pytest.importorskip("xdist")
    result = run("-p", "xdist.plugin", "-n", "2", "--dist", "loadfile", "-v", good=GOOD, bad=BAD)
    result.assert_outcomes(passed=5, failed=2)
    workers = {
        file: {line.split("]")[0] for line in result.outlines if line.startswith("[gw") and f"{file}.ilk::" in line}
        for file in ("good", "bad")
    }
    assert {len(found) for found in workers.values()} == {1}


def test_candidates_are_tests(run, pytester):
    pytester.makepyfile(CANDIDATES)
    (pytester.path / "spec").symlink_to(Path(__file__).parents[2] / "spec")
    result = run("-v", "test_candidates_are_tests.py")
    result.assert_outcomes(passed=3, failed=3)
    result.stdout.fnmatch_lines(
        ["*test_right[[]init(0) | activate(0)[]] PASSED*", "*test_wrong[[]init(0) | a* FAILED*"]
    )
    result.stdout.fnmatch_lines(
        ["*unlocked_init breaks coverage:*", "*interlock replay 'spec/list_lru list_lru.broken*"]
    )
    result.stdout.fnmatch_lines(["*not every interleaving was tried*"])
    result.stdout.fnmatch_lines(["*`init(0` is no workload*"])


COUNTER = """
module counter
var total: 0..8 = 0
action add(n: 0..8) { await total + n <= 8; total := total + n }
action read(n: 0..8) { await n = total }
"""


def test_a_class_whose_methods_are_actions_needs_no_binding(run, pytester):
    pytester.path.joinpath("counter.ilk").write_text(COUNTER)
    pytester.makepyfile(
        test_counter="""
        from interlock_pytest import conforms

        class Locked:
            def __init__(self, runtime):
                self.lock = runtime.mutex("lock")
                self.total = runtime.memory("counter").cell("total", 0)
            def add(self, n):
                with self.lock:
                    self.total.store(self.total.load() + n)
            def read(self):
                return self.total.load()

        class Unlocked(Locked):
            def add(self, n):
                self.total.store(self.total.load() + n)

        @conforms("counter.ilk", workloads=["add(1); read() | add(2); read()"])
        def test_locked():
            return Locked

        @conforms("counter.ilk", workloads=["add(1); read() | add(2); read()"])
        def test_unlocked():
            return Unlocked
        """
    )
    result = run("test_counter.py")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*breaks linearizable: there is no order of these calls in which counter has them*"])
    result.stdout.fnmatch_lines(
        ["  interlock replay 'counter.ilk test_counter:Unlocked add(1); read() | add(2); read() @ *'"]
    )
    result.stdout.no_fnmatch_line("*All traceback entries are hidden*")


def test_what_the_module_of_a_candidate_says_counts_as_it_does_for_the_command(run, pytester):
    pytester.path.joinpath("counter.ilk").write_text(COUNTER)
    pytester.makepyfile(
        mine="""
        from interlock_conformance.calls import Calls

        WORKLOADS = ("add(1)", "bump() | bump()")

        class Counter:
            def __init__(self, runtime):
                self.total = runtime.memory("counter").cell("total", 0)
            def add(self, n):
                self.total.store(self.total.load() + n)

        class BINDING(Calls):
            def misuse(self, workload):
                names = {operation.name for operation in workload.operations}
                return "the module's own binding knows no bumps" if "bump" in names else None
        """,
        test_mine="""
        from interlock_pytest import conforms
        from interlock_conformance.calls import Calls

        @conforms("counter.ilk")
        def test_its_workloads():
            from mine import Counter
            return Counter

        @conforms("counter.ilk", workloads=["add(1)"])
        def test_of_these():
            from mine import Counter
            return Counter

        @conforms("counter.ilk", workloads=["bump()"], bind=Calls)
        def test_another_binding():
            from mine import Counter
            return Counter

        @conforms("counter.ilk")
        def test_without_workloads():
            class Local: ...
            return Local
        """,
    )
    result = run("-v", "test_mine.py")
    result.assert_outcomes(passed=1, failed=3)
    result.stdout.fnmatch_lines(
        ["*test_its_workloads[[]WORKLOADS[]] FAILED*", "*the module's own binding knows no bumps*"]
    )
    result.stdout.fnmatch_lines(["mine: undecided, `bump()` calls no method of mine: it has add"])
    result.stdout.fnmatch_lines(["there are no workloads: give some, or as WORKLOADS in `test_mine`"])


def test_what_passes_nothing_is_no_pass(run, pytester):
    pytester.path.joinpath("counter.ilk").write_text(COUNTER)
    pytester.makepyfile(
        test_nothing="""
        from interlock_pytest import conforms

        @conforms("counter.ilk", workloads=["add(1)"])
        def test_forgot_to_return():
            pass
        """,
        test_no_executions="""
        from interlock_pytest import conforms

        @conforms("counter.ilk", workloads=["add(1)"], executions=0)
        def test_never_run():
            return object
        """,
    )
    result = run("test_nothing.py")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["`test_forgot_to_return` returns None, which is no candidate"])
    result = run("test_no_executions.py")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*`executions=0` runs nothing, and would pass*"])
