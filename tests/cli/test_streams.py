"""Streams that are closed or know few characters, and names of files that are no text: in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = f'exec {sys.executable} -m interlock_cli "$@"'
SPEC = """
--- Größe
module narrow
var x: Bool = true
--- naïve ✓
invariant i: not x
"""


@pytest.fixture
def run(tmp_path):
    """Runs the command by a shell, which can close streams before it."""
    parts = [str(ROOT / folder) for folder in ("tools", "conformance", "impl")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(parts)}

    def run(*arguments, streams="", **more):
        return subprocess.run(
            ["sh", "-c", f"{COMMAND} {streams}", "sh", *arguments],
            cwd=tmp_path, env=environment | more, capture_output=True, check=False,
        )  # fmt: skip

    (tmp_path / "narrow.ilk").write_text(SPEC, encoding="utf-8")
    return run


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
@pytest.mark.parametrize("path", ["narrow.ilk", "nowhere.ilk"])
def test_a_closed_stream_changes_no_exit_code(run, closed, path):
    done = run("check", path, streams=closed)
    assert b"Traceback" not in done.stderr
    assert done.returncode == (1 if path == "narrow.ilk" else 2)


def test_characters_that_the_terminal_does_not_have_are_escaped(run):
    done = run("check", "narrow.ilk", "--no-time", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"  na\\xefve \\u2713\n" in done.stdout


def test_a_name_that_is_no_text_can_be_in_a_report(run, tmp_path):
    name = os.fsdecode(b"\xff.ilk")
    try:
        (tmp_path / name).write_text(SPEC, encoding="utf-8")
    except OSError:
        pytest.skip("this file system has names of text alone")
    done = run("check", name, "--report", "page.html")
    assert (done.returncode, done.stderr) == (1, b"")
    assert "\\udcff.ilk" in (tmp_path / "page.html").read_text(encoding="utf-8")
