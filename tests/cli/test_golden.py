"""Everything the command prints, as documents: files, commands and what came of them, one story in each of golden/.

A story is a sequence of sections: `== file NAME` makes a file, `== run COMMAND` runs one and is followed by what it
printed, then `== err` with what it complained of, if anything, and `== exit CODE` where that is not 0.  To accept what
is printed now: INTERLOCK_UPDATE=1 python -m pytest tests/cli/test_golden.py, and read the difference.
"""

import os
import re
import shlex
from pathlib import Path

import pytest

from interlock.lang.loader import find_spec_root

STORIES = sorted((Path(__file__).parent / "golden").glob("*.txt"))
UPDATE = bool(os.environ.get("INTERLOCK_UPDATE"))
COMMANDS = {"check", "prove", "bmc", "explore", "compare", "simulate", "show", "fmt", "new", "trace"}


def sections(text: str) -> list[tuple[str, str, str]]:
    """(kind, argument, body) of every section."""
    _, *pieces = re.split(r"^== (\w+) ?([^\n]*)\n", text, flags=re.MULTILINE)
    return list(zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True))


def retold(text: str, interlock) -> str:
    """The story as it goes now."""
    head = text[: text.index("== ")]
    told = [head]
    for kind, argument, body in sections(text):
        if kind == "file":
            path = Path(argument)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(body, encoding="utf-8")
            told.append(f"== file {argument}\n{body}")
        elif kind == "run":
            program, *arguments = shlex.split(argument)
            told.append(f"== run {argument}\n{outcome(program, arguments, interlock)}")
    return "".join(told)


def outcome(program: str, arguments: list[str], interlock) -> str:
    if program == "cat":
        return Path(arguments[0]).read_text(encoding="utf-8")
    assert program == "interlock"
    done = interlock(*arguments)
    complaint = f"== err\n{done.err}" if done.err else ""
    code = f"== exit {done.code}\n" if done.code else ""
    return f"{done.out}{complaint}{code}".replace(find_spec_root(), "INSTALLED")


@pytest.mark.parametrize("story", STORIES, ids=[s.stem for s in STORIES])
def test_the_story_goes_as_it_is_told(story, interlock, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    text = story.read_text(encoding="utf-8")
    now = retold(text, interlock)
    if UPDATE:
        story.write_text(now, encoding="utf-8")
    assert now == text or UPDATE


def test_every_command_has_a_story():
    runs = [argument for s in STORIES for kind, argument, _ in sections(s.read_text()) if kind == "run"]
    assert {shlex.split(run)[1] for run in runs if run.startswith("interlock ")} >= COMMANDS


@pytest.mark.parametrize("story", STORIES, ids=[s.stem for s in STORIES])
def test_no_story_tells_times(story):
    shown = [body for kind, _, body in sections(story.read_text(encoding="utf-8")) if kind == "run"]
    assert not [line for body in shown for line in body.splitlines() if re.search(r"\b\d+\.\d+s\b", line)]


def test_a_changed_output_is_noticed(interlock, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    story = "A story.\n\n== file m.ilk\nmodule m\n== run interlock show m.ilk\nmodule n\n"
    assert retold(story, interlock) == story.replace("module n", "module m\n\nsorts          none")
