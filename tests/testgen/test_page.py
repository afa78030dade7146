"""docs/testgen.md: its commands print what it shows, its adapter passes, and under pytest failures and skips are such."""

import re

import pytest
from tests.testgen.running import ROOT

pytest_plugins = ["pytester"]

PAGE = (ROOT / "docs/testgen.md").read_text(encoding="utf-8")


def test_what_the_commands_print(interlock, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec").symlink_to(ROOT / "spec")
    block = re.search(r"```console\n(.*?)```", PAGE, re.DOTALL)[1]
    printed = ""
    for line in block.splitlines():
        if line.startswith("$ interlock "):
            printed += f"{line}\n{interlock(*line.split()[2:]).out}"
    assert printed == block
    written = (tmp_path / "test_lock_server.py").read_text()
    shown = re.search(r"```python\n(def .*?)```", PAGE, re.DOTALL)[1]
    lines = [line for line in written.splitlines() if line.strip()]
    assert all(line in lines for line in shown.splitlines())


@pytest.fixture
def project(pytester, interlock, monkeypatch):
    """A folder with the page's adapter and the cases that its command writes."""
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}/conformance:{ROOT}/tools")
    pytester.makeconftest(re.search(r"```python file=conftest.py\n(.*?)```", PAGE, re.DOTALL)[1])
    spec, written = ROOT / "spec/gallery/lock_server.ilk", pytester.path / "test_written.py"
    assert interlock("testgen", spec, "--refusals", "--output", written).code == 0
    return pytester


def test_the_adapter_of_the_page_passes(project):
    project.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_a_broken_candidate_fails_with_the_step_and_the_variable(project):
    conftest = project.path / "conftest.py"
    conftest.write_text(conftest.read_text().replace("        self.at_home = False\n", ""))
    done = project.runpytest_subprocess("-p", "no:cacheprovider")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(
        ["*grant(c=0) leads to another state than the specification's", "*here is True, expected False"]
    )


def test_a_case_that_cannot_go_on_is_skipped(project):
    conftest = project.path / "conftest.py"
    conftest.write_text(
        conftest.read_text()
        .replace("import Refused", "import CannotSteer, Refused")
        .replace("            raise Refused", "            raise CannotSteer")
    )
    project.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(skipped=1)


def test_the_specification_stands_in_for_a_candidate(project):
    block = re.search(
        r"```python\n(import pytest\n\nfrom interlock_conformance.spec_candidate.*?)```", PAGE, re.DOTALL
    )[1]
    assert '"spec/' in block
    (project.path / "conftest.py").write_text(block.replace('"spec/', f'"{ROOT}/spec/'))
    project.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)
