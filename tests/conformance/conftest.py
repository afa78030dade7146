"""The specification that the candidates are judged by, from its own file."""

from pathlib import Path

import pytest
from interlock.pipeline import lower_file, read_bytes

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def v13_spec():
    path = ROOT / "spec/list_lru/v13.ilk"
    system, diagnostics = lower_file(str(path if path.exists() else ROOT / "tests/examples/v13.ilk"), read_bytes)
    assert system is not None, diagnostics
    return system
