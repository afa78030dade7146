"""docs/pytest.md: its files pass, and what it says of a failure is so."""

import os
import re
import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

PAGE = Path(__file__).parents[2].joinpath("docs/pytest.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^```\w+ file=(\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


@pytest.fixture
def page(pytester, monkeypatch):
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    for name, text in FILES.items():
        pytester.path.joinpath(name).write_text(text)
    parts = [str(Path(part).absolute()) for part in (pytester.path, *sys.path)]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(parts))
    return pytester


def run(page):
    return page.runpytest_subprocess("-p", "interlock_pytest.plugin")


def test_all_of_its_files_pass(page):
    assert set(FILES) == {"tally.ilk", "tallies.py", "test_tallies.py", "test_chance.py"}
    run(page).assert_outcomes(passed=4)  # with the range of `total`


def test_all_of_its_tests_notice_a_lost_update(page):
    text = FILES["tallies.py"]
    page.path.joinpath("tallies.py").write_text(text.replace("with self.lock:", "if True:"))
    chance = FILES["test_chance.py"]  # but not here: a test either finds it or does not
    page.path.joinpath("test_chance.py").write_text(chance.replace("deadline=None", "deadline=None, derandomize=True"))
    result = run(page)
    result.assert_outcomes(failed=3, passed=1)
    result.stdout.fnmatch_lines(["  interlock replay 'tally.ilk tallies:Tally add(1) | add(2); read() @ *'"])
    result.stdout.fnmatch_lines(["*tally breaks linearizable*", "*test_any_workload(*"])
