"""Whatever the bytes, the front end answers with diagnostics: no exception, no hang."""

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interlock.core.source import Source
from interlock.lang.loader import decode
from interlock.lang.parse import parse
from interlock.lang.words import RESERVED, SOFT

EXAMPLES = [p.read_text(encoding="utf-8") for p in sorted((Path(__file__).parents[1] / "examples").glob("*.ilk"))]
SIGNS = [
    ":=",
    "::",
    "=>",
    "...",
    "..",
    "!=",
    "<=",
    "=",
    "<",
    "+",
    "-",
    "*",
    "(",
    ")",
    "{",
    "}",
    ":",
    ";",
    ",",
    ".",
    "!",
    "?",
    "'",
]
SOUP = [
    *sorted(RESERVED | SOFT),
    *SIGNS,
    "x",
    "y",
    "Lru",
    "12",
    "0",
    "==",
    "&&",
    "$",
    "\n",
    "\n",
    "-- c\n",
    "--- d\n",
    "//",
]

relaxed = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def answer(text: str) -> None:
    """Parse, and check what must hold of any answer."""
    source = Source("fuzz.ilk", text)
    module, diagnostics = parse(source)
    assert (module is None) == bool(diagnostics)
    for diagnostic in diagnostics:
        assert diagnostic.span is not None
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(text)
        assert diagnostic.message


@relaxed
@given(st.binary(max_size=200))
def test_bytes(data: bytes):
    source, problem = decode("fuzz.ilk", data)
    if problem is None:
        answer(source.text)


@relaxed
@given(st.text(max_size=200))
def test_any_text(text: str):
    answer(text)


@relaxed
@given(st.lists(st.sampled_from(SOUP), max_size=80), st.booleans())
def test_token_soup(tokens: list[str], header: bool):
    answer(("module m\n" if header else "") + " ".join(tokens))


@relaxed
@given(st.sampled_from(EXAMPLES), st.integers(0, 2**32), st.integers(1, 6))
def test_mutated_specifications(text: str, seed: int, cuts: int):
    rng = random.Random(seed)
    for _ in range(cuts):
        at = rng.randrange(len(text) + 1)
        size = rng.choice([0, 1, 1, 3, 12])
        text = text[:at] + rng.choice(["", rng.choice(SOUP), f" {rng.choice(SOUP)} "]) + text[at + size :]
    answer(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\0",
        "\ufeff",
        "module",
        "module m\nvar x: Bool = " + "(" * 10_000,
        "module m\nvar x: Bool = " + "(" * 10_000 + "x" + ")" * 10_000,
        "module m\naxiom a: " + "{" * 10_000,
        "module m\naxiom a: " + ")" * 10_000,
        "module m\naxiom a: " + "not " * 20_000 + "x",
        "module m\naxiom a: x" + " and x" * 20_000,
        "module m\naxiom a: x" + "!" * 20_000,
        "module m\naxiom a: x" + ".x" * 20_000,
        "module m\naxiom a: " + "forall x: S :: " * 20_000 + "x",
        "module m\naxiom a: " + "if x then y else " * 20_000 + "x",
        "module m\nvar x: S" + "?" * 100_000,
        "module m\nvar x: 0.." + "9" * 100_000,
        "module m -- " + "x" * 900_000,
        "module m\nsort " + "x" * 900_000,
        "module m\naxiom a: " + "x + " * 25_000,
        "module m\naxiom a: " + "x + " * 250_000,
        "module m" + " " * 900_000 + "$",
        "$" * 100_000,
        "module m\nprocess p { " + "if x { } else " * 5_000 + "{ } }",
    ],
    ids=lambda text: f"{text[:24]!r}...{len(text)}",
)
def test_extremes(text: str):
    answer(text)
