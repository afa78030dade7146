"""`new`, `fmt`, `show`, and what the README shows of them: all of it is run."""

import re
from pathlib import Path

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
SPEC = next(block for block in BLOCKS if block.startswith("---"))
SHOWN = [b.split("$ interlock check handoff.ilk --no-time\n")[1] for b in BLOCKS if "--no-time\n" in b]


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def test_the_readme_shows_what_new_writes_and_check_finds(interlock):
    assert interlock("new", "handoff").code == 0
    assert Path("handoff.ilk").read_text() == SPEC
    done = interlock("check", "handoff.ilk", "--no-time")
    assert (done.code, done.out.rstrip()) == (0, SHOWN[0].rstrip())


def test_the_readme_shows_what_the_sabotaged_example_gives(interlock):
    sabotaged = SPEC.replace("await owner = none; ", "")
    assert sabotaged != SPEC
    Path("handoff.ilk").write_text(sabotaged)
    done = interlock("check", "handoff.ilk", "--no-time")
    assert done.code == 1
    # Which of two equal processes z3 takes first is its own affair.
    assert re.sub(r"thread\d", "thread", done.out.rstrip()) == re.sub(r"thread\d", "thread", SHOWN[1].rstrip())


def test_new_never_overwrites(interlock):
    Path("handoff.ilk").write_text("mine")
    done = interlock("new", "handoff")
    assert done.code == 2
    assert "error[E0925]" in done.err
    assert Path("handoff.ilk").read_text() == "mine"


@pytest.mark.parametrize("name", ["9lives", "a-b", "", "ü", "sub/9"])
def test_new_refuses_what_is_no_name(interlock, name):
    done = interlock("new", name)
    assert done.code == 2
    assert "error[E0926]" in done.err
    assert not list(Path().glob("*.ilk"))


def test_new_in_a_folder_that_is_not_there(interlock):
    done = interlock("new", "nowhere/handoff")
    assert done.code == 2
    assert "error[E0927]" in done.err


def test_what_new_writes_is_formatted(interlock):
    interlock("new", "handoff")
    assert interlock("fmt", "--check", "handoff.ilk").code == 0


def test_fmt_rewrites_and_check_only_tells(interlock):
    Path("m.ilk").write_text("module m\n\n\n\nsort    A\n")
    assert interlock("fmt", "--check", "m.ilk").code == 1
    assert "sort    A" in Path("m.ilk").read_text()
    assert interlock("fmt", "m.ilk").code == 0
    assert "sort A\n" in Path("m.ilk").read_text()
    assert interlock("fmt", "--check", "m.ilk").code == 0


@pytest.mark.parametrize("content", [b"\xff\xfe", b"module", b"\x00" * 10])
def test_fmt_leaves_a_broken_file_alone(interlock, content):
    Path("m.ilk").write_bytes(content)
    done = interlock("fmt", "m.ilk")
    assert done.code == 2
    assert "error[" in done.err
    assert Path("m.ilk").read_bytes() == content


def test_show_tells_declarations_and_lowered_transitions(interlock):
    interlock("new", "handoff")
    summary = interlock("show", "handoff.ilk")
    assert summary.code == 0
    assert "var            owner: Thread?\n" in summary.out
    assert "process        turn(t: Thread): enter, work, leave\n" in summary.out
    assert "invariant      mutual_exclusion  (expected proved)\n" in summary.out
    assert "turn.pc" not in summary.out
    lowered = interlock("show", "handoff.ilk", "--lowered")
    assert "var owner: Thread?" in lowered.out
    assert "then owner' = " in lowered.out
    assert "invariant mutual_exclusion: forall t, u: Thread :: " in lowered.out


@pytest.mark.parametrize("command", ["check", "prove", "bmc", "explore", "simulate", "show", "fmt"])
def test_a_missing_file_is_one_diagnostic(interlock, command):
    done = interlock(command, "nowhere.ilk")
    assert done.code == 2
    assert (done.out + done.err).count("error[") == 1
    assert "Traceback" not in done.err


@pytest.mark.parametrize("command", ["check", "explore", "show", "fmt"])
def test_an_unreadable_text_is_a_diagnostic(interlock, command):
    Path("m.ilk").write_bytes(b"module m\nsort \xff\n")
    done = interlock(command, "m.ilk")
    assert done.code == 2
    assert "error[E0104]" in done.out + done.err


def test_a_folder_without_specifications_is_a_diagnostic(interlock, tmp_path):
    done = interlock("check", tmp_path)
    assert done.code == 2
    assert "error[E0902]" in done.err


@pytest.mark.parametrize("command", ["check", "prove", "bmc", "explore", "simulate", "show"])
def test_a_file_that_may_not_be_read_is_one_diagnostic(interlock, monkeypatch, command):
    def refuse(path):
        raise PermissionError(13, "Permission denied", path)

    Path("m.ilk").write_text("module m\n")
    monkeypatch.setattr("interlock.pipeline.read_bytes", refuse)
    done = interlock(command, "m.ilk")
    assert done.code == 2
    assert (done.out + done.err).count("error[") == 1
    assert "error[E0903]: cannot read it: Permission denied" in done.out + done.err
    assert "Traceback" not in done.out + done.err


def test_a_used_module_that_may_not_be_read_is_one_diagnostic(interlock, monkeypatch):
    def refuse(path):
        if Path(path).name == "secret.ilk":
            raise PermissionError(13, "Permission denied", path)
        return Path(path).read_bytes()

    Path("m.ilk").write_text("module m\nuse secret\n")
    Path("secret.ilk").write_text("module secret\n")
    monkeypatch.setattr("interlock.pipeline.read_bytes", refuse)
    done = interlock("check", "m.ilk")
    assert done.code == 2
    assert done.out.count("error[") == 1
    assert "cannot be read from secret.ilk: Permission denied" in done.out


@pytest.mark.parametrize("path", ["a\0b.ilk", "x" * 5000 + ".ilk", "m.ilk/deeper.ilk"])
def test_a_path_that_cannot_be_is_one_diagnostic(interlock, path):
    Path("m.ilk").write_text("module m\n")
    done = interlock("check", path)
    assert done.code == 2
    assert done.err.count("error[") == 1
    assert "Traceback" not in done.err


def test_modules_that_use_each_other_are_one_diagnostic(interlock):
    for name, other in (("a", "b"), ("b", "c"), ("c", "a")):
        Path(f"{name}.ilk").write_text(f"module {name}\nuse {other}\n")
    done = interlock("check", "a.ilk")
    assert done.code == 2
    assert done.out.count("error[") == 1
    assert "`a` uses `b` uses `c` uses `a`" in done.out


def test_an_unknown_property_is_one_diagnostic(interlock):
    interlock("new", "handoff")
    done = interlock("check", "handoff.ilk", "--property", "mutual_exclusoin")
    assert done.code == 2
    assert done.out.count("error[") == 1
    assert "did you mean `mutual_exclusion`?" in done.out
