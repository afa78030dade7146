"""Scopes, of a file and of the command line: sizes of sorts, and values of integer constants."""

import pytest

from interlock.core.verdict import Holds, NoneUpTo, Proved, Violated
from interlock.engines.exploring import Which
from interlock.pipeline import Command, Request, check

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


def test_a_constant_with_a_value_gets_no_other():
    assert [d.code.name for d in explored("OTHER=4").diagnostics] == ["E0922"]


ROOMY = b"""module roomy
sort Item
const ROOM: 1..8  -- no range ends here
const FEE: Int
var n: 0..99 = 0
action up { await n < ROOM; n := n + FEE }
invariant room: ROOM = 2
invariant fee: FEE = 5
invariant most: n <= 10
reachable more: ROOM = 3
scope small { ROOM = 2, FEE = 5, Item = 3 }
scope large { ROOM = 3, FEE = 5 }
"""


def roomy(command: Command, scope: str = "", engine: Which = "auto", text: bytes = ROOMY):
    return check("roomy.ilk", Request(command, scope, explorer=engine), lambda _: text)


@pytest.mark.parametrize("engine", ["reference", "native"])
def test_a_scope_gives_values_of_constants_that_end_no_range(engine):
    report = roomy("explore", engine=engine)
    verdicts = {j.name: j.verdict for j in report.judgements}
    assert isinstance(verdicts["room"], Holds)
    assert isinstance(verdicts["fee"], Holds)
    assert isinstance(verdicts["most"], Holds)
    assert isinstance(verdicts["more"], NoneUpTo)
    assert verdicts["room"].bound == "Item=3, ROOM=2, FEE=5 (2 states)"


def test_short_runs_are_of_the_scope_too():
    verdicts = {j.name: j.verdict for j in roomy("bmc").judgements}
    assert isinstance(verdicts["room"], NoneUpTo)
    assert isinstance(verdicts["fee"], NoneUpTo)
    assert isinstance(verdicts["more"], NoneUpTo)


def test_a_constant_on_the_command_line():
    verdicts = {j.name: j.verdict for j in roomy("explore", "ROOM=3").judgements}
    assert isinstance(verdicts["fee"], Holds)
    assert isinstance(verdicts["more"], Proved)


def test_a_named_scope_takes_nothing_from_the_first():
    report = roomy("explore", "large")
    assert report.scope == (("Item", 2), ("ROOM", 3), ("FEE", 5))


@pytest.mark.parametrize("scope", ["ROOM=9", "ROOM=0", "ROOM=x", "FEE=-1", "FEE=", "Item=65"])
def test_a_value_must_be_of_the_type(scope):
    assert [d.code.name for d in roomy("explore", scope).diagnostics] == ["E0923"]


def test_a_constant_without_a_value_is_any_of_its_type():
    text = ROOMY.replace(b"ROOM = 2, ", b"")
    verdicts = {j.name: j.verdict for j in roomy("explore", text=text).judgements}
    assert isinstance(verdicts["room"], Violated)
    assert isinstance(verdicts["more"], Proved)
