"""What a run says of candidates: each way to be wrong, each way to be skipped."""

import unittest

import pytest

from interlock_conformance.spec_candidate import SpecCandidate, model_of
from interlock_conformance.stepwise import CannotSteer, Refused, begin

START = {"on": False, "slot": {(0, 1): None, ...: 2}}


class Light:
    """A light with a memory, for two variables of a specification."""

    def __init__(self, seen=None, raises=None):
        self.seen = {"on": False} if seen is None else seen
        self.raises = raises

    def step(self, name, /, **args):
        if self.raises is not None:
            raise self.raises
        if "on" in self.seen:
            self.seen = {**self.seen, "on": not self.seen["on"]}

    def state(self):
        return self.seen


def test_what_is_as_expected_passes():
    run = begin(Light(), START)
    run.step("press", by=1).gives({"on": True})
    run.step("press", by=1).gives({"on": False})


@pytest.mark.parametrize(
    ("candidate", "says"),
    [
        (Light({"on": True}), "skip: the candidate begins elsewhere, and has no start(): on is True, expected False"),
        (Light({"on": 0}), "skip: the candidate begins elsewhere, and has no start(): on is 0, expected False"),
        (Light({"slot": {(0, 1): 1}}), "skip: the candidate begins elsewhere, and has no start(): slot(0, 1) is 1, expected None"),
        (Light({"slot": {(0, 7): 1}}), "skip: the candidate begins elsewhere, and has no start(): slot(0, 7) is 1, expected 2"),
        (Light({}), "the candidate's state() observes nothing that the case speaks of"),
        (Light({"onn": True}), "the candidate's state() has onn, which the case does not know; did you mean on?"),
        (Light({"zzz": True}), "the candidate's state() has zzz, which the case does not know; there are on, slot"),
        (Light(raises=Refused()), "press(by=1) is refused, and the specification has it here"),
        (Light(raises=Refused("busy")), "press(by=1) is refused, and the specification has it here: busy"),
        (Light(raises=CannotSteer("no memory")), "skip: the candidate cannot be made to take press(by=1) in this way: no memory"),
        (Light({"on": False, "slot": {(0, 1): None}}), "press(by=1) leads to another state than the specification's"),
    ],
)  # fmt: skip
def test_what_is_not(candidate, says):
    with pytest.raises((AssertionError, unittest.SkipTest)) as caught:
        begin(candidate, START).step("press", by=1).gives({"slot": {(0, 1): 3}})
    said = str(caught.value).splitlines()[0]
    assert ("skip: " if isinstance(caught.value, unittest.SkipTest) else "") + said == says


def test_what_should_not_change_is_looked_at_too():
    light = Light({"on": False, "slot": {(0, 2): 2}})
    run = begin(light, START)
    light.seen["slot"][0, 2] = 9
    outcome = run.step("press")
    with pytest.raises(AssertionError, match="slot\\(0, 2\\) is 9, expected 2"):
        outcome.gives({"on": True})


def test_a_start_that_leads_elsewhere_is_a_failure():
    class Starting(Light):
        def start(self, state):
            self.seen = {"on": True}

    with pytest.raises(AssertionError, match="the candidate's start\\(\\) leads to another state"):
        begin(Starting(), START)


def test_a_step_that_should_be_refused():
    begin(Light(raises=Refused()), START).refuses("press")
    with pytest.raises(AssertionError, match="press\\(\\) is taken, and the specification does not have it here"):
        begin(Light(), START).refuses("press")
    with pytest.raises(unittest.SkipTest):
        begin(Light(raises=CannotSteer()), START).refuses("press")


def test_a_refusal_that_changes_something_is_noticed():
    class Sloppy(Light):
        def step(self, name, /):
            super().step(name)
            raise Refused

    with pytest.raises(AssertionError, match="on is True, expected False"):
        begin(Sloppy(), START).refuses("press")


def test_a_candidate_that_raises_is_not_taken_for_anything_else():
    with pytest.raises(ZeroDivisionError):
        begin(Light(raises=ZeroDivisionError()), START).step("press")


# The specification as a candidate


def test_the_specification_has_no_other_steps():
    candidate = SpecCandidate(model_of("spec/gallery/lock_server.ilk"))
    with pytest.raises(LookupError, match="no step gran"):
        candidate.step("gran", c=0)
    with pytest.raises(Refused):
        candidate.step("grant", c=0)
    candidate.step("ask", c=0)
    candidate.step("grant")
    assert candidate.state()["grants"] == {0: True, 1: False}
    with pytest.raises(ValueError, match="no initial state is like this"):
        candidate.start({"here": False})


def test_a_model_that_there_is_not():
    with pytest.raises(ValueError, match="no scope"):
        model_of("spec/gallery/lock_server.ilk", "big")
    with pytest.raises(ValueError, match="absent"):
        model_of("absent.ilk")
