"""Shared state outside of the runtime is found in a candidate's source."""

import importlib
import sys
from pathlib import Path

import pytest
from tests.conformance.subjects import LIST_LRU, shipped

from interlock_conformance.lint import unwatched

HEAD = """
class Thing:
    def __init__(self, runtime):
        self.word = runtime.memory("thing").cell("word", 0)
        self.row = runtime.memory("thing").cells("row", 4, None)
        self.count = 0
        self.names = []
        self.by_name: dict[str, int] = {}
        self.grid = [[0] * 2] * 2

NUMBER = 0
SEEN = set()
"""


@pytest.fixture
def lint(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))

    def lint(body, name="subject"):
        (tmp_path / f"{name}.py").write_text(HEAD + body)
        monkeypatch.delitem(sys.modules, name, raising=False)
        importlib.invalidate_caches()
        return unwatched(importlib.import_module(name).Thing)

    return lint


def method(*lines):
    return "\ndef operation(thing, other):\n" + "".join(f"    {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("thing.count = 1", "the attribute `count` is assigned"),
        ("thing.count += 1", "the attribute `count` is assigned"),
        ("thing.fresh, x = 1, 2", "the attribute `fresh` is assigned"),
        ("del thing.count", "the attribute `count` is assigned"),
        ("thing.names.append(1)", "`append` changes `names`"),
        ("thing.by_name['a'] = 1", "an element of `by_name` is assigned"),
        ("del thing.by_name['a']", "an element of `by_name` is assigned"),
        ("thing.grid[0][1] = 1", "an element of `grid` is assigned"),
        ("SEEN.add(other)", "`add` changes `SEEN`"),
        ("global NUMBER; NUMBER = 1", "the module's `NUMBER` is assigned"),
        ("[thing.names.pop() for _ in range(2)]", "`pop` changes `names`"),
    ],
)
def test_what_is_shared_and_not_watched_is_reported(lint, line, says):
    (warning,) = lint(method(line))
    assert warning.code.name == "W0943"
    assert says in warning.message
    assert warning.span.text in line
    assert warning.span.source.line(warning.span.source.position(warning.span.start)[0]).strip() == line


@pytest.mark.parametrize(
    "line",
    [
        "thing.word.store(1)",
        "thing.row[0] = other",
        "mine = []; mine.append(thing.count)",
        "mine = {}; mine['a'] = thing.names[0]",
        "names = list(thing.names); names.sort()",
        "SEEN = set(); SEEN.add(1)",
        "thing.registry.add(other)",
        "thing.count = 1  # not shared",
    ],
)
def test_what_is_watched_or_ones_own_is_not(lint, line):
    assert lint(method(line)) == ()


def test_the_candidates_that_come_with_interlock_share_nothing_else():
    assert [warning for named in shipped(LIST_LRU) for warning in unwatched(named.made)] == []


def test_modules_of_the_package_that_a_candidate_is_made_of_are_read_too(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    package = tmp_path / "kit"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "base.py").write_text(HEAD + method("thing.count = 1"))
    (package / "mine.py").write_text("from kit.base import Thing\n\nclass Mine(Thing):\n    pass\n")
    (warning,) = unwatched(importlib.import_module("kit.mine").Mine)
    assert Path(warning.span.source.path).name == "base.py"


def test_what_has_no_source_is_passed_over():
    assert unwatched(object()) == ()
    assert unwatched(len) == ()


def test_known_gap_another_name(lint):
    assert lint(method("mine = thing.names", "mine.append(1)")) == ()
