"""Answers that need no engine load none."""

import subprocess
import sys

import pytest

HEAVY = {"z3", "llvmlite", "lark", "rich", "multiprocessing", "hypothesis", "greenlet"}


def modules_after(code: str) -> set[str]:
    script = f"import sys\ntry:\n    {code}\nexcept SystemExit:\n    pass\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stderr.split()}


HELP = [
    [command, "--help"]
    for command in (
        "check",
        "prove",
        "bmc",
        "explore",
        "show",
        "fmt",
        "simulate",
        "compare",
        "conform",
        "replay",
        "trace",
    )
]


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], *HELP])
def test_version_and_help_load_nothing_heavy(arguments):
    loaded = modules_after(f"import interlock_cli.main; interlock_cli.main.main({arguments!r})")
    assert "interlock_cli" in loaded
    assert not loaded & HEAVY


def test_import_interlock_loads_nothing_heavy():
    loaded = modules_after("import interlock")
    assert not loaded & HEAVY


def test_a_parse_loads_no_engine():
    assert "z3" not in modules_after("import interlock.lang.loader, interlock.engines.judge, interlock.pipeline")
