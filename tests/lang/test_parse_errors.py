"""Each syntax mistake has its code, place and remedy, and does not hide the next one."""

import pytest

from interlock.core.codes import REGISTRY
from interlock.core.source import Source
from interlock.lang.parse import parse

CASES: list[tuple[str, str, str, str]] = [
    # text after the header, code, the place as text, a part of the fix or message
    ("var x: Bool := false", "E0118", ":=", "write `=`"),
    ("var x = 1", "E0125", "=", "NAME: TYPE"),
    ("procces p { step a: x := 1 }", "E0115", "procces", "did you mean `process`?"),
    ("action a { awiat x }", "E0115", "awiat", "did you mean `await`?"),
    ("action a { x = 1 }", "E0117", "=", "write `:=`"),
    ("axiom a: x == y", "E0113", "==", "write `=`"),
    ("axiom a: x && y", "E0113", "&&", "write `and`"),
    ("axiom a: x || y", "E0113", "||", "write `or`"),
    ("axiom a: !x", "E0113", "!", "write `not`"),
    ("axiom a: x => y", "E0113", "=>", "write `implies`"),
    ("axiom a: x -> y", "E0113", "->", "write `implies`"),
    ("process p { step a: x := 1; step b: y := 2 }", "E0116", ";", "joins statements within one step"),
    ("sort A; sort B", "E0116", ";", "between declarations"),
    ("axiom a: forall x: S : x = y", "E0122", ":", "write `forall x: S :: P`"),
    ("axiom a: x!= y", "E0106", "!=", "`x != y` for a comparison, or `x! = y`"),
    ("axiom a: x < y < z", "E0107", "<", "a < b and b < c"),
    ("axiom a: x iff y iff z", "E0107", "iff", "(a iff b) iff c"),
    ("axiom a: x = forall y: S :: z", "E0110", "forall y: S ::", "parentheses"),
    ("axiom a: x = not y", "E0110", "not", "parentheses"),
    ("action a { require x > 0 }", "E0121", "require", "`await P` to wait"),
    ("action a { assume x }", "E0121", "assume", "`assert NAME: P`"),
    ("var step: Bool", "E0108", "step", "`step_`"),
    ("process p { step if: x := 1 }", "E0108", "if", "`if_`"),
    ("process p {\n  step a: x := 1\nvar y: Bool", "E0120", "1", "add `}`"),
    ("axiom a: (x and y\naxiom b: z", "E0120", "y", "add `)`"),
    ("action a { x := y) }", "E0119", ")", "remove it"),
    ("axiom a: x $ y", "E0103", "$", "remove it"),
    ("axiom a: x // why", "E0114", "// why", "comments start with `--`"),
    ("invariant forall x: S :: y", "E0124", "invariant", "invariant NAME"),
    ("action a { assert x > 0 }", "E0124", "assert", "assert NAME"),
    ("action a { x := 1 y := 2 }", "E0123", "1", "add `;`"),
    ("process p { step a x := 1 }", "E0126", "x", "add `:`"),
    ("process p { step a: x := 1 local y: Bool }", "E0127", "local", "start of the process"),
    ("step a: x := 1", "E0128", "step", "outside of a process"),
    ("process p { await x }", "E0128", "await", "step LABEL"),
    ("var x: A??", "E0111", "?", "remove one `?`"),
    ("axiom a: x = 1234567890123456789", "E0112", "1234567890123456789", "18 digits"),
    ("sort A,", "E0102", ",", "a name"),
    ("axiom a: x + * y", "E0101", "*", "expected an expression"),
]


def errors(text: str) -> list[tuple[str, str, str]]:
    module, diagnostics = parse(Source("test.ilk", text))
    assert (module is None) == bool(diagnostics)
    return [(d.code.name, d.span.text if d.span else "", f"{d.message}; {d.fix}") for d in diagnostics]


@pytest.mark.parametrize(("text", "code", "place", "fix"), CASES, ids=[case[0][:40] for case in CASES])
def test_each_mistake_alone(text: str, code: str, place: str, fix: str):
    found = errors(f"module m\n{text}\nsort Z\n" if code != "E0102" else f"module m\n{text}")
    assert [(c, p) for c, p, _ in found] == [(code, place)]
    assert fix in found[0][2]


def test_at_least_twenty_kinds():
    assert len({code for _, code, _, _ in CASES}) >= 20
    assert all(code in REGISTRY for _, code, _, _ in CASES)


def test_every_mistake_of_a_file_is_found_in_one_run():
    """Three declarations, four mistakes, one of them behind another in the same process."""
    text = "module m\nvar x = 1\nprocess p {\n  step a: x := := 2\n  step b: await\n  step c: y := 3\n}\ninvariant i: (a = = b)\n"
    assert [code for code, _, _ in errors(text)] == ["E0125", "E0101", "E0101", "E0101"]


def test_a_missing_brace_points_at_the_opening_one_of_its_block():
    text = "module m\nprocess p {\n  with l {\n    step a: x := 1\n  step b: y := 2\n}\naction q { z := 3 }\n"
    _, diagnostics = parse(Source("test.ilk", text))
    assert [d.code.name for d in diagnostics] == ["E0120"]
    assert [repr(label.span) for label in diagnostics[0].labels] == ["test.ilk:3:10"]


@pytest.mark.parametrize("text", ["", "   \n", "-- only a comment\n", "sort A\n", "process p { }"])
def test_a_file_without_a_header(text: str):
    assert [code for code, _, _ in errors(text)] == ["E0109"]


def test_a_file_of_another_kind_is_told_to_be_no_specification():
    text = '"""A module of `$another` language."""\nimport sys\n'
    _, diagnostics = parse(Source("other.py", text))
    assert [(d.code.name, d.message) for d in diagnostics] == [
        ("E0109", "this is no specification: it does not begin with `module NAME`")
    ]
    _, diagnostics = parse(Source("other.ilk", text))
    assert [d.code.name for d in diagnostics] == ["E0103", "E0109", *["E0103"] * 4]
    assert diagnostics[0].message == '`"""` has no meaning here'


def test_deep_nesting_points_at_the_first_bracket_too_many():
    text = "module m\naxiom a: " + "(" * 10_000
    found = errors(text)
    assert [(code, place) for code, place, _ in found] == [("E0105", "(")]


def test_a_file_of_more_than_a_million_characters_is_not_read():
    assert [code for code, _, _ in errors("module m --" + "x" * 1_000_001)] == ["E0129"]


def test_known_gap_a_quantifier_with_a_dot_reads_the_body_as_a_part_of_the_sort():
    """`forall x: S. P` is `S.P` to the grammar, so the mistake is seen only behind it."""
    found = errors("module m\naxiom a: forall x: S. p(x)\n")
    assert [(code, place) for code, place, _ in found] == [("E0122", "(")]
