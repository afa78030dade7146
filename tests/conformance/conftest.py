"""The specification that the candidates are judged by, from its own file."""

from pathlib import Path

import pytest

from interlock_conformance.specification import load_specification

BASE = Path(__file__).parents[2] / "spec/list_lru/base.ilk"


@pytest.fixture(scope="session")
def base():
    system, diagnostics = load_specification(str(BASE), lambda path: Path(path).read_bytes())
    assert system is not None, diagnostics
    return system


@pytest.fixture(scope="session")
def abstract():
    """What the candidates refine."""
    path = BASE.with_name("abstract.ilk")
    system, diagnostics = load_specification(str(path), lambda path: Path(path).read_bytes(), runs=True)
    assert system is not None, diagnostics
    return system
