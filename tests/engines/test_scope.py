"""Scopes, of a file and of the command line: sizes of sorts, and values of the constants that end ranges."""

import pytest

from interlock.pipeline import Request, check

BOUNDED = b"""module bounded
const TOP: Int
const OTHER: Int = 5
var n: 0..TOP = 0
action up { await n < TOP; n := n + 1 }
invariant low: n < 4
scope small { TOP = 3 }
"""


def explored(scope: str):
    return check("bounded.ilk", Request("explore", scope), lambda _: BOUNDED)


@pytest.mark.parametrize("scope", ["", "small", "TOP=3", "TOP=2"])
def test_a_scope_gives_values_of_constants_that_end_ranges(scope):
    report = explored(scope)
    assert report.ok
    assert report.stats is not None
    assert report.stats.states == 4 - (scope == "TOP=2")


def test_the_value_on_the_command_line_goes_before_that_of_the_file():
    assert not explored("TOP=4").ok


def test_a_constant_that_bounds_nothing_cannot_be_sized():
    assert [d.code.name for d in explored("OTHER=4").diagnostics] == ["E0922"]
