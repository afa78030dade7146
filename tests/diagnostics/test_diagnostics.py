"""Every diagnostic as its user sees it: the source beside what is printed.

A case is `CODE_slug.ilk`, or a folder `CODE_slug` whose `main.ilk` is checked, with what is printed in `.expected`.
INTERLOCK_UPDATE=1 rewrites what is expected; read the difference before you believe it.
"""

import os
from pathlib import Path

import pytest

from interlock.core.codes import REGISTRY
from interlock.lang.check import check
from interlock.lang.loader import load
from interlock.model.lower import lower
from interlock.render.diagnostics import lines_of_diagnostic

HERE = Path(__file__).parent
CASES = sorted([*HERE.glob("*.ilk"), *HERE.glob("*/main.ilk")])
ELSEWHERE = {
    "E0129": "a file of more than a million characters: tests/lang",
    "E0901": "a file that is not there: tests/lang/test_loader.py",
    "E0902": "a folder without specifications: tests/lang/test_loader.py",
    "E0903": "an unreadable file: tests/lang/test_loader.py",
    "E0921": "an option of the command: tests/cli",
    "E0922": "an option of the command: tests/cli",
    "E0923": "an option of the command: tests/cli",
    "E0924": "an option of the command: tests/cli",
    "E0925": "`interlock new`: tests/cli",
    "E0926": "`interlock new`: tests/cli",
    "E0927": "a full disk: tests/cli",
    "E0928": "an option of the command: tests/cli",
    "E0929": "a fault of ours: tests/cli",
    "E0930": "a picture that cannot be drawn: tests/cli",
    "E0931": "an option of the command: tests/native/test_checkpoint.py",
    "E0932": "an option of the command: tests/native/test_checkpoint.py",
    "E0933": "a folder that was damaged: tests/native/test_checkpoint.py",
    "E0934": "an option of the command: tests/native/test_checkpoint.py",
    "E0935": "files without designs: tests/cli/golden/compare.txt",
    "E0936": "a file beside specifications: tests/render/test_compare.py",
    "E0937": "`interlock testgen`: tests/testgen",
    "E0938": "`interlock testgen`: tests/testgen",
    "E0940": "an option of the command: tests/cli/test_conform.py",
    "E0941": "an option of the command: tests/cli/test_conform.py",
    "E0942": "an option of the command: tests/cli/test_conform.py",
    "W0943": "the source of a candidate: tests/conformance/test_lint.py",
    "E0944": "a candidate: tests/cli/test_mutate.py",
    "E0945": "an option of the command: tests/cli/test_mutate.py",
    "E0946": "of another file: tests/conformance/test_kinds.py",
    "E0950": "a log of events: tests/trace",
    "E0951": "a log of events: tests/trace",
    "E0952": "a log of events: tests/trace",
    "E0953": "a log of events: tests/trace",
    "E0954": "a log of events: tests/trace",
    "E0955": "a log of events: tests/trace",
    "E0956": "a log of events: tests/trace",
    "E0957": "a log of events: tests/trace",
    "E0958": "a log of events: tests/trace",
    "E0959": "a log of events: tests/trace",
    "E0970": "a candidate that is a program: tests/processes",
    "E0971": "a candidate that is a program: tests/processes",
    "E0972": "a candidate that is a program: tests/processes",
    "E0973": "a candidate that is a program: tests/processes",
    "E0974": "a candidate that is a program: tests/processes",
    "E0975": "a candidate that is a program: tests/processes",
    "E0976": "a candidate that is a program: tests/processes",
}


def name_of(case: Path) -> str:
    return case.parent.name if case.name == "main.ilk" else case.stem


def printed(case: Path) -> str:
    """What the command prints for the file, without colour."""

    def read(path: str) -> bytes:
        return (HERE / path).read_bytes()

    program, problems = load(str(case.relative_to(HERE)), read, spec_root="spec")
    found = list(problems)
    if program is not None and not any(p.is_error for p in problems):
        typed, more = check(program)
        found.extend(more)
        if typed is not None:
            found.extend(lower(typed)[1])
    blocks = ("\n".join(line.plain.rstrip() for line in lines_of_diagnostic(d)) for d in found)
    return "\n\n".join(blocks) + "\n"


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_diagnostic(case: Path):
    expected = (case.parent if case.name == "main.ilk" else case).with_suffix(".expected")
    text = printed(case)
    if os.environ.get("INTERLOCK_UPDATE"):
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")
    code = name_of(case).split("_")[0]
    if code in REGISTRY:
        assert f"[{code}]" in text.splitlines()[0]


def test_every_code_is_shown():
    shown = {name_of(case).split("_")[0] for case in CASES}
    assert set(REGISTRY) - shown - set(ELSEWHERE) == set()
    assert set(ELSEWHERE) <= set(REGISTRY)
    assert not shown & set(ELSEWHERE)


def test_what_is_expected_has_a_source():
    cases = {name_of(case) for case in CASES}
    assert {path.stem for path in HERE.glob("*.expected")} == cases


def test_all_errors_of_a_file_are_reported_in_one_run():
    text = printed(HERE / "many_errors_in_one_run.ilk")
    assert text.count("error[") >= 8
