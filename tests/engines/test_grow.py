"""Growing scopes: which are explored in which order, where it ends, and what the rounds add up to."""

from interlock.core.trace import State, Trace
from interlock.core.verdict import ExploreStats, Holds, NoneUpTo, Proved, Unknown, Violated
from interlock.engines.grow import LARGEST, Round, grow, merged

RUN = Trace(State({}, {}), ())
SORTS = ("Lru", "Memcg")
ONES = {"Lru": 1, "Memcg": 1}


class World:
    """Explores by a rule, and spends a second on each scope."""

    def __init__(self, seconds, *, violated=None, cut=None, empty=None):
        self.seconds = seconds
        self.violated = violated or (lambda _: False)
        self.cut = cut or (lambda _: False)
        self.empty = empty or (lambda _: False)
        self.asked = []

    def left(self):
        return self.seconds

    def explore(self, sizes, within):
        assert within == self.seconds
        self.seconds -= 1
        self.asked.append(tuple(sizes.values()))
        wrong, cut, empty = self.violated(sizes), self.cut(sizes), self.empty(sizes)
        verdict = Violated("explore", "", RUN) if wrong else NoneUpTo("explore", "") if cut else Holds("explore", "")
        stats = ExploreStats(0 if empty else 10, 0, 0, complete=not (cut or empty))
        return Round(tuple(sizes.items()), stats, (("safe", verdict),))

    def rounds(self, first=ONES, sorts=SORTS):
        return list(grow(first, sorts, self.explore, self.left))


def test_sorts_grow_in_turn_until_the_time_is_spent():
    world = World(5)
    world.rounds()
    assert world.asked == [(1, 1), (2, 1), (2, 2), (3, 2), (3, 3)]


def test_the_first_violation_is_the_end():
    world = World(100, violated=lambda sizes: sizes["Memcg"] == 2)
    assert world.rounds()[-1].violated == ("safe",)
    assert world.asked == [(1, 1), (2, 1), (2, 2)]


def test_a_sort_that_makes_too_many_states_stays_as_it_was():
    world = World(6, cut=lambda sizes: sizes["Lru"] > 1)
    world.rounds()
    assert world.asked == [(1, 1), (2, 1), (1, 2), (1, 3), (1, 4), (1, 5)]


def test_a_first_scope_that_cannot_be_exhausted_is_the_last():
    world = World(100, cut=lambda _: True)
    world.rounds()
    assert world.asked == [(1, 1)]


def test_scopes_without_a_state_may_want_elements_but_not_for_ever():
    world = World(6, empty=lambda sizes: sizes["Lru"] < 3)
    world.rounds()
    assert world.asked == [(1, 1), (2, 1), (2, 2), (3, 2), (3, 3), (4, 3)]
    world = World(100, empty=lambda _: True)
    world.rounds()
    assert len(world.asked) == 8


def test_what_has_no_sorts_or_is_as_large_as_may_be_does_not_grow():
    world = World(100)
    world.rounds({}, ())
    assert world.asked == [()]
    world = World(100)
    world.rounds({"Lru": LARGEST, "Memcg": LARGEST})
    assert world.asked == [(LARGEST, LARGEST)]


def test_the_largest_exhausted_scope_counts_and_a_run_wherever_it_was_found():
    def one(size, complete, **verdicts):
        return Round((("Lru", size),), ExploreStats(size, 0, 0, complete=complete), tuple(verdicts.items()))

    holds, more, cut = Holds("explore", "1"), Holds("explore", "2"), NoneUpTo("explore", "3")
    seen, wrong = Proved("explore", "1", trace=RUN), Violated("explore", "3", RUN)
    rounds = (
        one(1, True, safe=holds, seen=seen, bad=holds),
        one(2, True, safe=more, seen=NoneUpTo("explore", "2"), bad=more),
        one(3, False, safe=cut, seen=Unknown("explore", ""), bad=wrong),
    )
    assert dict(merged(rounds)) == {"safe": more, "seen": seen, "bad": wrong}
    assert dict(merged(rounds[2:])) == dict(rounds[2].verdicts)
    assert merged(()) == ()
