"""Whatever is done to a good file, the whole front end answers: a system, or diagnostics; never an exception.

INTERLOCK_FUZZ=1 raises the number of examples.
"""

import os
import random
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interlock.lang.words import RESERVED, SOFT
from interlock.pipeline import lower_file

ROOT = Path(__file__).parents[1]
GOOD = [p.read_text(encoding="utf-8") for p in sorted((ROOT / "examples").glob("*.ilk"))]
GOOD += [p.read_text(encoding="utf-8") for p in sorted((ROOT.parent / "spec").rglob("*.ilk"))]
WRONG = [p.read_text(encoding="utf-8", errors="replace") for p in sorted((ROOT / "diagnostics").glob("*.ilk"))]
KITCHEN_SINK = """module sink(sort P, const first: P)
ordered sort T
sort S
enum E { A, B }
const size: 1..3
var n: 0..size = 0
var f(x: S): S?
var set: {S}
var held(p: Process): Bool = false
ghost g(x: S): E = A
define ok(x: S): Bool = x in set or f(x) = x
axiom some: exists p: P :: p = first
initially start: forall x: S :: x in set
operation take(x: S): S? { if x in set { set(x) := false; return x } else { return none } }
section lock {
  enter { assert once: not held(self); await forall p: Process :: not held(p); held(self) := true }
  exit { held(self) := false }
}
action tick(t: T) { await next(t, T.first) or n = 0; n := 1 }
fair process work(s: S): E {
  local a: S? = none
  local c: walk set
  local mine: {S}
  local got: S
  local tries: Int
  step begin: c.start(); got := s
  with lock as region {
    for x in set as scan {
      step look: let y = take(x); a := y; if y = none { goto out }; g(x) := B
      step more: either { pick z: S where z != got; mine(z) := true } or { havoc n such that n' >= 0 }
    }
    while tries < 2 { step again: tries := tries + 1; f(z: S) := got where z in mine }
  }
  step advance: a := c.next(); if a != none { await f(a!) = none }
  step out: await count(x: S where x in set) >= 0; return A
}
invariant i: forall s: S :: inside(work(s), region) implies held(work(s))
step invariant j: forall x: S :: f(x)' = f(x) or f(x)' != none
lemma k: forall s: S, x: S :: owed(work(s), scan, x) implies not visited(work(s), scan, x)
reachable r: exists s: S :: result(work(s)) = A
liveness l: forall s: S :: at(work(s), begin) leads to done(work(s))
deadlock free
scope small { S = 2, T = 1, P = 1 }
scenario one(s: S) possible { work(s): begin, region.enter, scan... then held(work(s)) }
expect i proved
"""
GOOD.append(KITCHEN_SINK)
EXAMPLES = settings(
    max_examples=3000 if os.environ.get("INTERLOCK_FUZZ") else 120,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TOKEN = re.compile(r"--[^\n]*|\w+|:=|::|=>|\.\.\.|\.\.|!=|<=|>=|\s+|.")
WORDS = [
    *sorted(RESERVED | SOFT),
    "Process",
    "Bool",
    "Int",
    "first",
    "next",
    "at",
    "done",
    "0",
    "7",
    ":=",
    "::",
    "!",
    "'",
    "?",
    "(",
    ")",
    "{",
    "}",
    ";",
]


def answer(text: str) -> None:
    """Run the front end and check what must hold of any answer."""

    def read(path: str) -> bytes:
        if path == "fuzz.ilk":
            return text.encode("utf-8", errors="replace")
        return Path(path).read_bytes()

    system, diagnostics = lower_file("fuzz.ilk", read)
    assert (system is None) == any(d.is_error for d in diagnostics)


@pytest.mark.parametrize("text", [KITCHEN_SINK])
def test_the_file_that_has_everything_is_good(text: str):
    answer(text)
    assert lower_file("sink.ilk", lambda _: text.encode())[1] == ()


@EXAMPLES
@given(st.sampled_from(GOOD + WRONG), st.integers(0, 2**32), st.integers(1, 4))
def test_fuzz_words_replaced_by_words_of_the_file(text: str, seed: int, changes: int):
    """Most such files still parse, so that the checker and the lowering meet what nobody would write."""
    rng = random.Random(seed)
    tokens = TOKEN.findall(text)
    names = [t for t in tokens if t.isidentifier()]
    for _ in range(changes):
        at = rng.randrange(len(tokens))
        while not tokens[at].strip():
            at = rng.randrange(len(tokens))
        tokens[at] = rng.choice(names) if tokens[at].isidentifier() and rng.random() < 0.8 else rng.choice(WORDS)
    answer("".join(tokens))


@EXAMPLES
@given(st.sampled_from(GOOD), st.integers(0, 2**32), st.integers(1, 3))
def test_fuzz_lines_dropped_doubled_and_moved(text: str, seed: int, changes: int):
    rng = random.Random(seed)
    lines = text.splitlines()
    for _ in range(changes):
        at, to = rng.randrange(len(lines)), rng.randrange(len(lines))
        match rng.randrange(3):
            case 0:
                lines[at] = ""
            case 1:
                lines.insert(to, lines[at])
            case _:
                lines[at], lines[to] = lines[to], lines[at]
    answer("\n".join(lines))


@EXAMPLES
@given(st.sampled_from(GOOD), st.sampled_from(GOOD), st.integers(0, 2**32))
def test_fuzz_two_files_spliced(one: str, other: str, seed: int):
    rng = random.Random(seed)
    left, right = one.splitlines(), other.splitlines()
    answer("\n".join(left[: rng.randrange(len(left) + 1)] + right[rng.randrange(len(right) + 1) :]))
