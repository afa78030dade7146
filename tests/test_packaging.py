"""The wheel: built from the checkout, installed alone, and run from another folder."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    script = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_packages_and_what_they_read(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "interlock/lang/grammar.lark" in names
    assert "interlock_cli/main.py" in names
    assert "interlock_pytest/plugin.py" in names
    assert "interlock_conformance/__init__.py" in names
    assert any(n.startswith("list_lru/") and n.endswith(".py") for n in names)
    assert any(n.startswith("interlock/spec/") and n.endswith(".ilk") for n in names)
    assert not [n for n in names if n.startswith(("tests/", "tools/", "conformance/", "impl/"))]


@pytest.mark.slow
def test_the_wheel_runs_from_another_folder(wheel, tmp_path):
    """Unpacked beside nothing of the checkout; its dependencies are those of this environment."""
    site, work = tmp_path / "site", tmp_path / "work"
    zipfile.ZipFile(wheel).extractall(site)
    work.mkdir()

    def interlock(*arguments: str) -> subprocess.CompletedProcess[str]:
        code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from interlock_cli.main import run; run()"
        command = [sys.executable, "-c", code, str(site), *arguments]
        return subprocess.run(
            command, cwd=work, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"}
        )

    assert interlock("--version").stdout.startswith("interlock ")
    assert interlock("new", "handoff").returncode == 0
    done = interlock("check", "handoff.ilk", "--no-time")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "mutual_exclusion   proved" in done.stdout
    (work / "locked.ilk").write_text("module locked\nuse std.mutex as m\n")
    found = interlock("show", "locked.ilk")
    assert found.returncode == 0, found.stderr
