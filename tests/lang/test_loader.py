"""The loader finds modules, in the documented order, and says what it did not find."""

from pathlib import Path

import pytest

from interlock.core.diagnostic import Diagnostic
from interlock.lang.loader import collect, find_spec_root, load
from interlock.lang.program import Program


class Files(dict[str, bytes]):
    """A file system in memory."""

    def read(self, path: str) -> bytes:
        data = self.get(path)
        if data is None:
            raise FileNotFoundError(2, "No such file or directory", path)
        if data == b"!":
            raise PermissionError(13, "Permission denied", path)
        return data


def loaded(path: str, files: dict[str, str]) -> tuple[Program | None, tuple[Diagnostic, ...]]:
    return load(path, Files({k: v.encode() for k, v in files.items()}).read, spec_root="/spec")


def codes(diagnostics: tuple[Diagnostic, ...]) -> list[str]:
    return [d.code.name for d in diagnostics]


def test_modules_come_after_what_they_use():
    files = {
        "p/a/top.ilk": "module a.top\nuse a.left\nuse a.right",
        "p/a/left.ilk": "module a.left\nuse base",
        "p/a/right.ilk": "module a.right\nuse base",
        "p/base.ilk": "module base",
    }
    program, diagnostics = loaded("p/a/top.ilk", files)
    assert diagnostics == ()
    assert program is not None
    assert list(program.modules) == ["base", "a.left", "a.right", "a.top"]
    assert program.root is program.modules["a.top"]


@pytest.mark.parametrize(
    "place", ["p/list_lru/base.ilk", "p/x/base.ilk", "p/x/list_lru_base.ilk", "/spec/list_lru/base.ilk"]
)
def test_a_module_is_found_at_each_documented_place(place):
    files = {"p/x/top.ilk": "module x.top\nuse list_lru.base", place: "module list_lru.base"}
    program, diagnostics = loaded("p/x/top.ilk", files)
    assert diagnostics == ()
    assert program is not None
    assert program.modules["list_lru.base"].source.path == place


def test_the_implied_root_comes_before_the_installed_one():
    files = {
        "p/x/top.ilk": "module x.top\nuse std.m",
        "p/std/m.ilk": "module std.m -- ours",
        "/spec/std/m.ilk": "module std.m",
    }
    program, _ = loaded("p/x/top.ilk", files)
    assert program is not None
    assert program.modules["std.m"].source.path == "p/std/m.ilk"


def test_a_file_with_another_header_is_passed_over():
    files = {"top.ilk": "module top\nuse a.m", "m.ilk": "module b.m", "/spec/a/m.ilk": "-- hi\n\nmodule a.m"}
    program, diagnostics = loaded("top.ilk", files)
    assert diagnostics == ()
    assert program is not None
    assert "a.m" in program.modules


def test_a_header_that_does_not_match_is_named():
    program, diagnostics = loaded("top.ilk", {"top.ilk": "module top\nuse a.m", "m.ilk": "module b.m"})
    assert codes(diagnostics) == ["E0906"]
    assert "m.ilk is module `b.m`" in diagnostics[0].message
    assert program is not None
    assert "a.m" not in program.modules


def test_a_cycle_is_shown_in_full():
    files = {"a.ilk": "module a\nuse b", "b.ilk": "module b\nuse c", "c.ilk": "module c\nuse a"}
    _, diagnostics = loaded("a.ilk", files)
    assert codes(diagnostics) == ["E0905"]
    assert diagnostics[0].message == "modules use each other: `a` uses `b` uses `c` uses `a`"
    assert [label.text for label in diagnostics[0].labels] == ["`b` is used here", "`c` is used here"]


def test_a_module_may_not_use_itself():
    _, diagnostics = loaded("a.ilk", {"a.ilk": "module a\nuse a"})
    assert codes(diagnostics) == ["E0905"]


def test_refinement_targets_are_loaded_too():
    files = {"a.ilk": "module a\nrefines b { x = y }", "b.ilk": "module b"}
    program, diagnostics = loaded("a.ilk", files)
    assert diagnostics == ()
    assert program is not None
    assert list(program.modules) == ["b", "a"]


def test_every_missing_module_is_reported_once(tmp_path):
    std = tmp_path / "std"
    std.mkdir()
    (std / "mutex.ilk").write_text("module std.mutex")
    text = b"module a\nuse std.mutx as m\nuse std.mutx as n\nuse nowhere"
    _, diagnostics = load("a.ilk", Files({"a.ilk": text}).read, spec_root=str(tmp_path))
    assert codes(diagnostics) == ["E0904", "E0904"]
    assert diagnostics[0].fix == "did you mean `std.mutex`?"
    assert "std_mutx.ilk" in diagnostics[0].message


def test_syntax_errors_of_used_modules_are_reported_with_their_own_place():
    _, diagnostics = loaded("a.ilk", {"a.ilk": "module a\nuse b", "b.ilk": "module b\nsort"})
    assert [d.span.source.path for d in diagnostics if d.span] == ["b.ilk"]


def test_files_that_cannot_be_read():
    assert codes(loaded("gone.ilk", {})[1]) == ["E0901"]
    assert codes(loaded("locked.ilk", {"locked.ilk": "!"})[1]) == ["E0903"]
    assert codes(loaded("a.ilk", {"a.ilk": "module a\nuse b", "b.ilk": "!"})[1]) == ["E0903"]
    assert codes(load("nul\0byte.ilk", lambda path: Path(path).read_bytes())[1]) == ["E0903"]


def test_a_file_that_is_not_utf8_points_at_the_byte():
    program, diagnostics = load("a.ilk", Files({"a.ilk": b"module a\n-- caf\xe9\n"}).read)
    assert program is None
    assert codes(diagnostics) == ["E0104"]
    assert repr(diagnostics[0].span) == "a.ilk:2:7"
    assert "0xe9" in diagnostics[0].message


def test_collect_sorts_and_reports(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "empty").mkdir()
    for name in ("b/z.ilk", "b/a.ilk", "mutex.ilk"):
        (tmp_path / name).write_text("module m")
    (tmp_path / "note.txt").write_text("")
    paths, diagnostics = collect([str(tmp_path), str(tmp_path / "mutex.ilk")])
    assert [Path(p).relative_to(tmp_path).as_posix() for p in paths] == ["b/a.ilk", "b/z.ilk", "mutex.ilk"]
    assert diagnostics == ()
    _, diagnostics = collect(
        [str(tmp_path / "empty"), str(tmp_path / "mutx.ilk"), str(tmp_path / "c.ilk"), "nul\0byte"]
    )
    assert codes(diagnostics) == ["E0902", "E0901", "E0901", "E0901"]
    assert [d.fix for d in diagnostics[1:3]] == ["did you mean `mutex.ilk`?", ""]


def test_the_spec_root_is_a_folder_of_this_installation():
    assert Path(find_spec_root()).name == "spec"
