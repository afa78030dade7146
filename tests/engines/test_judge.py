"""Which engine is asked what, and what several verdicts add up to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import pytest

from interlock.core.system import Expect, Property, Scope, TransitionSystem
from interlock.core.trace import State, Trace
from interlock.core.types import SortType
from interlock.core.verdict import Holds, NoneUpTo, NotInductive, Proved, Unknown, Verdict, Violated
from interlock.engines.judge import Engines, Finding, ask, conclude, finite_scope, fits, meets, merge, search
from interlock.engines.protocol import Limits

EMPTY = Trace(State({}, {}), ())
PROVED = Proved("induction")
HOLDS = Holds("explore", "A=2 (10 states)")
NONE = NoneUpTo("bmc", "depth 12")
VIOLATED = Violated("explore", "A=2", EMPTY)
CTI = NotInductive("induction", "A=1", EMPTY)
UNKNOWN = Unknown("induction", "time limit")


def system(*properties: Property, expects: tuple[Expect, ...] = (), scopes: tuple[Scope, ...] = ()) -> TransitionSystem:
    sorts = (SortType("A"), SortType("B"))
    return TransitionSystem("m", sorts, (), (), (), (), (), (), (), properties, scopes=scopes, expects=expects)


@dataclass
class Told:
    """An engine that says what it is told to say and remembers what it was asked."""

    name: str
    says: dict[str, Verdict] = field(default_factory=dict)
    asked: list[tuple[tuple[str, ...], Limits]] = field(default_factory=list)

    def judge(
        self, system: TransitionSystem, properties: Sequence[str], limits: Limits
    ) -> Iterator[tuple[str, Verdict]]:
        self.asked.append((tuple(properties), limits))
        for name in properties:
            yield name, self.says.get(name, Unknown(self.name, "cannot say"))


def crew(
    proves: dict[str, Verdict] | None = None,
    bounds: dict[str, Verdict] | None = None,
    explores: dict[str, Verdict] | None = None,
) -> tuple[Engines, Told, Told, Told]:
    prover, bounded, explorer = (
        Told("induction", proves or {}),
        Told("bmc", bounds or {}),
        Told("explore", explores or {}),
    )
    return Engines(prover, bounded, explorer), prover, bounded, explorer


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([UNKNOWN, HOLDS], HOLDS),
        ([CTI, HOLDS], HOLDS),
        ([CTI, NONE], CTI),
        ([UNKNOWN, NONE], NONE),
        ([CTI, NONE, VIOLATED], VIOLATED),
        ([HOLDS, PROVED], PROVED),
        ([UNKNOWN], UNKNOWN),
    ],
)
def test_the_strongest_honest_claim_wins(found, expected):
    assert merge(found) is expected


def test_proved_and_violated_together_are_an_internal_error_and_meet_nothing():
    verdict = merge([PROVED, VIOLATED])
    assert isinstance(verdict, Unknown)
    assert verdict.reason.startswith("internal error")
    assert "induction" in verdict.reason
    assert "explore" in verdict.reason
    assert not any(meets(verdict, e) for e in (None, "proved", "holds", "violated", "unknown"))


def test_the_shortest_counterexample_is_kept():
    assert merge([Violated("bmc", "depth 3", None), VIOLATED]) is VIOLATED


@pytest.mark.parametrize(
    ("verdict", "met"),
    [
        (PROVED, {"proved", "holds", None}),
        (HOLDS, {"holds", None}),
        (NONE, set()),
        (VIOLATED, {"violated"}),
        (CTI, set()),
        (UNKNOWN, {"unknown"}),
    ],
)
def test_what_meets_what(verdict, met):
    assert {e for e in ("proved", "holds", "violated", "unknown", None) if meets(verdict, e)} == met


def test_a_proved_property_is_not_searched_further():
    engines, prover, bounded, explorer = crew(proves={"p": PROVED})
    found = list(search(system(Property("p", "invariant")), ["p"], engines, Limits()))
    assert found == [Finding("p", PROVED)]
    assert len(prover.asked) == 1
    assert not bounded.asked
    assert not explorer.asked


def test_a_failed_induction_is_confirmed_by_search_and_its_cti_kept_as_a_note():
    engines, _, bounded, explorer = crew(proves={"p": CTI}, bounds={"p": NONE}, explores={"p": HOLDS})
    sys = system(Property("p", "invariant"))
    (judgement,) = conclude(sys, ["p"], search(sys, ["p"], engines, Limits()))
    assert judgement.verdict == HOLDS
    assert judgement.ok
    assert judgement.cti is EMPTY
    assert any("not inductive" in note for note in judgement.notes)
    assert len(bounded.asked) == 1, "an exhausted scope needs no deeper bounded search"
    assert len(explorer.asked) == 1


def test_an_expected_violation_is_searched_before_any_proof_is_tried():
    engines, prover, bounded, _ = crew(explores={"p": VIOLATED})
    sys = system(Property("p", "invariant"), expects=(Expect("p", "violated"),))
    (judgement,) = conclude(sys, ["p"], search(sys, ["p"], engines, Limits()))
    assert judgement.ok
    assert not prover.asked
    assert not bounded.asked


@pytest.mark.parametrize(("others", "seconds"), [((), 15.0), ((Expect("also", "proved"),), 120.0)])
def test_proofs_about_a_design_that_is_there_to_be_refuted_get_little_time(others, seconds):
    engines, prover, _, _ = crew(explores={"bad": VIOLATED, "also": HOLDS})
    properties = Property("bad", "invariant"), Property("also", "invariant")
    one = system(*properties, expects=(Expect("bad", "violated"), *others))
    list(search(one, ["bad", "also"], engines, Limits(total_seconds=120.0)))
    assert [(names, limits.total_seconds) for names, limits in prover.asked] == [(("also",), seconds)]


def test_an_expected_violation_that_is_none_may_still_be_proved_and_is_not_ok():
    engines, prover, _, _ = crew(proves={"p": PROVED}, explores={"p": HOLDS}, bounds={"p": NONE})
    sys = system(Property("p", "invariant"), expects=(Expect("p", "violated"),))
    (judgement,) = conclude(sys, ["p"], search(sys, ["p"], engines, Limits()))
    assert judgement.verdict == PROVED
    assert not judgement.ok
    assert len(prover.asked) == 1


def test_liveness_goes_to_the_explorer_alone():
    engines, prover, bounded, explorer = crew(explores={"q": HOLDS})
    list(search(system(Property("q", "liveness")), ["q"], engines, Limits()))
    assert not prover.asked
    assert not bounded.asked
    assert explorer.asked[0][0] == ("q",)


def test_the_prover_is_unbounded_and_the_others_use_the_first_scope_and_two_of_the_rest():
    engines, prover, bounded, explorer = crew()
    sys = system(Property("p", "invariant"), scopes=(Scope("small", (("A", 3),)), Scope("big", (("A", 9),))))
    list(search(sys, ["p"], engines, Limits()))
    assert prover.asked[0][1].sizes == {}
    assert bounded.asked[0][1].sizes == explorer.asked[0][1].sizes == {"A": 3, "B": 2}
    assert finite_scope(sys) == {"A": 3, "B": 2}


class Broken(Told):
    """An engine with a bug."""

    def judge(
        self, system: TransitionSystem, properties: Sequence[str], limits: Limits
    ) -> Iterator[tuple[str, Verdict]]:
        yield properties[0], PROVED
        raise KeyError("oops")


def test_a_crash_of_an_engine_keeps_its_verdicts_and_is_never_taken_for_one():
    sys = system(Property("p", "invariant"), Property("q", "invariant"), expects=(Expect("q", "unknown"),))
    p, q = conclude(sys, ["p", "q"], ask(Broken("induction"), sys, ["p", "q"], Limits()))
    assert p.verdict == PROVED
    assert isinstance(q.verdict, Unknown)
    assert "KeyError" in q.verdict.reason
    assert not q.ok


def test_an_engine_that_forgets_a_property_is_reported():
    class Silent(Told):
        def judge(
            self, system: TransitionSystem, properties: Sequence[str], limits: Limits
        ) -> Iterator[tuple[str, Verdict]]:
            yield from ()

    sys = system(Property("p", "invariant"))
    (found,) = ask(Silent("bmc"), sys, ["p"], Limits())
    assert isinstance(found.verdict, Unknown)
    assert "no verdict" in found.verdict.reason


def test_a_crash_of_one_engine_is_noted_beside_the_verdict_of_another():
    sys = system(Property("p", "invariant"))
    engines, *_ = crew(explores={"p": HOLDS})
    engines = replace(engines, prover=Broken("induction"))
    engines.prover.judge = lambda *_: (_ for _ in ()).throw(ZeroDivisionError("no"))  # type: ignore[method-assign]
    (judgement,) = conclude(sys, ["p"], search(sys, ["p"], engines, Limits()))
    assert judgement.verdict == HOLDS
    assert any("ZeroDivisionError" in note for note in judgement.notes)


def test_what_was_never_found_is_unknown_with_the_reason_given():
    (judgement,) = conclude(system(Property("p", "invariant")), ["p"], [], missing="interrupted")
    assert judgement.verdict == Unknown("none", "interrupted")
    assert not judgement.ok


@pytest.mark.parametrize(
    ("verdict", "fit"),
    [
        (PROVED, {"proved", "holds", "unknown", None}),
        (HOLDS, {"proved", "holds", "unknown", None}),
        (NONE, {"proved", "holds", "unknown", "violated", None}),
        (VIOLATED, {"violated"}),
        (CTI, {"violated", "unknown"}),
        (UNKNOWN, {"violated", "unknown"}),
        (Unknown("bmc", "internal error: x"), set()),
    ],
)
def test_one_engine_alone_can_only_contradict(verdict, fit):
    assert {
        e for e in ("proved", "holds", "violated", "unknown", None) if fits(verdict, e, Property("p", "invariant"))
    } == fit


def test_a_witness_that_is_not_found_is_no_success():
    assert not fits(NONE, None, Property("p", "reachable"))
    assert not fits(NONE, None, Property("p", "scenario", possible=True))
    assert fits(NONE, None, Property("p", "scenario", possible=False))


def test_an_inferred_lemma_is_tried_by_proof_only_and_fails_nothing():
    engines, prover, bounded, explorer = crew(proves={"guess": CTI})
    sys = system(Property("guess", "inferred"))
    (judgement,) = conclude(sys, ["guess"], search(sys, ["guess"], engines, Limits()))
    assert judgement.ok
    assert judgement.verdict == CTI
    assert prover.asked
    assert not bounded.asked
    assert not explorer.asked


def test_no_engine_gets_more_time_than_the_file_has_left():
    engines, prover, bounded, explorer = crew(proves={"a": CTI})
    of = system(Property("a", "invariant"))
    list(search(of, ["a"], engines, Limits(total_seconds=50.0), iter((70.0, 5.0, 3.0, 2.0)).__next__))
    given = [limits.total_seconds for engine in (prover, bounded, explorer) for _, limits in engine.asked]
    assert given == [50.0, 5.0, 2.0, 3.0]


def test_what_is_open_when_no_time_is_left_is_unknown_for_that_reason():
    engines, prover, bounded, explorer = crew(proves={"a": CTI})
    times = iter((7.0, 0.0, 0.0, -1.0))  # the proof takes it all
    properties = (Property("a", "invariant"), Property("waits", "liveness"))
    of = system(*properties)
    found = list(search(of, ["a", "waits"], engines, Limits(), times.__next__))
    assert prover.asked
    assert not bounded.asked
    assert not explorer.asked
    a, waits = conclude(of, ["a", "waits"], found)
    assert a.verdict is CTI
    assert any("no time left" in note for note in a.notes)
    assert isinstance(waits.verdict, Unknown)
    assert waits.verdict.reason == "no time left for this file"
