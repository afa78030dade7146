"""The formatter: idempotent, keeps the meaning, keeps all comments; and what its layout looks like."""

import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.lang.trees import shape

from interlock.core.source import Source
from interlock.lang.format import WIDTH, format_module
from interlock.lang.parse import parse
from interlock.lang.scan import scan
from interlock.lang.syntax import Module

EXAMPLES = {
    p.name: p.read_text(encoding="utf-8") for p in sorted((Path(__file__).parents[1] / "examples").glob("*.ilk"))
}
EXAMPLES["everything"] = """
module all.forms(sort T, ordered sort U, const c: T, define ok(x: T): Bool, var v(x: T): Bool)
use a.b(T, ok) as n(x, y: T, z: U)
ordered sort W
sort A, B
enum E { P, Q }
const k: 0..c = 3
var s: {A}
var w: walk snapshot s
axiom some: true
initially forall a: A :: not s(a)
define f(a: A): Int = if a = c then - -1 else (2 + 3) * k - count(x: A where s(x))
define g = {} = {a, b} or c in {x: A where s(x)} or c not in s
reachable r: f(c) <= 3 iff g
liveness l: forall x: A :: s(x) leads to not s(x)
deadlock free
strongly fair action t(a: A) { if s(a) { s(a) := false } else if g { v(a) := x } else { havoc s such that s' = s; break } }
action u { either { await g } or {} ; release m; acquire m }
section q { request { x := 1 } enter { y := 2; z := 3 } exit {} }
process p: E {
  local i: Int = 0
  step long { if g { x := 1 } y := 2 }
  step short: if g { x := 1 }; let y = 2
  if g { break } else if f(a) { goto short } else { return P }
  for x: A where snapshot s(x) as r { with m.read, n as s { loop { while g { step z: v := 1 } } } }
  return
}
refines a.b { x(a) = y(a); p.long => q(a) }
scope small { A = 2, B = 3 }
expect deadlock unknown
expect first, deadlock, p.unwrap proved
scenario n(x: A) impossible { p: long, short... p: ... then g then x }
"""


def parsed(text: str) -> Module:
    module, diagnostics = parse(Source("test.ilk", text))
    assert module is not None, ([(d.message, d.span) for d in diagnostics], text)
    return module


def check_properties(text: str) -> None:
    module = parsed(text)
    once = format_module(module)
    again = parsed(once)
    assert shape(again) == shape(module)
    assert format_module(again) == once
    texts = [Counter(c.text.lstrip("-").strip() for c in m.comments) for m in (module, again)]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_keep_their_meaning_and_format_once(name: str):
    check_properties(EXAMPLES[name])


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(sorted(EXAMPLES)), st.integers(0, 2**32), st.sampled_from([0.02, 0.2, 0.7]))
def test_any_layout_of_the_same_tokens(name: str, seed: int, density: float):
    """The tokens of an example with line breaks and comments thrown between them."""
    rng = random.Random(seed)
    pieces: list[str] = []
    text = EXAMPLES[name]
    tokens = scan(Source("x", text), lambda _: None)
    last = 0
    for token in tokens[:-1]:
        gap = text[last : token.start]
        if rng.random() < density:
            gap += rng.choice(
                ["\n", "\n\n\n", " -- c\n", "\n--- d\n", "\n-- e\n\n", " --- f\n", "\n---- g\n", "--h\n", " "]
            )
        pieces += [gap, text[token.start : token.end]]
        last = token.end
    check_properties("".join(pieces) + rng.choice(["", "\n-- end", " -- end\n\n", "\n--- end"]))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(EXAMPLES)), st.booleans())
def test_everything_on_few_lines(name: str, lines: bool):
    tokens = scan(Source("x", EXAMPLES[name]), lambda _: None)
    check_properties(("\n" if lines else " ").join(t.text for t in tokens[:-1]))


def formatted(text: str) -> str:
    return format_module(parsed(text))


def test_spacing_and_trailing_comments():
    text = "module m\nsort   A,B\n\n\n\nvar x(a:A):Bool=false--one\nvar yy:Int=-1 -- two\n"
    assert formatted(text) == (
        "module m\nsort A, B\n\nvar x(a: A): Bool = false  -- one\nvar yy: Int = -1           -- two\n"
    ).replace("-- one", "--one")


def test_expectations_that_are_listed_together_stay_together_and_fill_lines():
    names = [f"property_{number}" for number in range(20)]
    lines = formatted(
        f"module m\nexpect a,b proved expect c holds -- see\nexpect {','.join(names)} proved"
    ).splitlines()
    assert lines[1:3] == ["expect a, b proved", "expect c holds  -- see"]
    assert all(len(line) <= WIDTH for line in lines)
    assert all(len(line) + len(" property_10,") > WIDTH for line in lines[3:-1])
    assert lines[-1].startswith("  property_")
    assert [d.property.text for d in parsed("\n".join(lines)).declarations] == ["a", "b", "c", *names]


def test_a_block_on_one_line_stays_there_and_a_broken_one_stays_broken():
    text = "module m\naction a{x:=1;y:=2}\naction b {\nx := 1; y := 2;\nz := 3 }\n"
    assert formatted(text) == "module m\naction a { x := 1; y := 2 }\naction b {\n  x := 1; y := 2;\n  z := 3\n}\n"


def test_a_block_that_is_too_long_is_broken():
    statements = "; ".join(f"value_{n} := value_{n + 1}" for n in range(12))
    lines = formatted(f"module m\naction a {{ {statements} }}").splitlines()
    assert lines[1] == "action a {"
    assert lines[-1] == "}"
    assert all(line.startswith("  value_") and len(line) <= WIDTH for line in lines[2:-1])
    assert len(lines) == 6


def test_branches():
    text = "module m\nprocess p {\nif a { step x: b\n} else if c { step y: d } else {\nstep z: e }\n}\n"
    assert formatted(text) == (
        "module m\nprocess p {\n  if a {\n    step x: b\n  } else if c { step y: d }\n  else {\n    step z: e\n  }\n}\n"
    )


def test_long_formulas_break_at_their_loosest_operator():
    names = [
        "some_rather_long_condition(a, b)",
        "another_quite_long_condition(b, c)",
        "a_third_condition_of_them(c, d)",
    ]
    text = f"module m\ninvariant i: forall a, b, c, d: S :: {' and '.join(names)} implies {names[0]} or {names[1]}"
    assert formatted(text) == (
        "module m\n"
        "invariant i: forall a, b, c, d: S ::\n"
        f"  {' and '.join(names)}\n"
        f"    implies {names[0]} or {names[1]}\n"
    )


def test_parentheses_stay_as_written():
    text = "module m\naxiom a: (a and b) or (c and (d)) and not (e iff f)\n"
    assert formatted(text) == text


def test_a_comment_inside_a_formula_moves_in_front_of_it():
    text = "module m\naxiom a: x and -- why\n  y -- what\n"
    assert formatted(text) == "module m\n-- why\naxiom a: x and y  -- what\n"


def test_double_minus_never_becomes_a_comment():
    assert formatted("module m\naxiom a: x = - - 1\n") == "module m\naxiom a: x = - -1\n"
