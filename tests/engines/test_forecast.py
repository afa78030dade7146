"""The estimate of what a search has still to find: of the right size once growth slows down, silent before."""

from math import comb

import pytest

from interlock.engines.forecast import remaining

BELL = [comb(40, n) for n in range(41)]
LOPSIDED = [1, 5, 11, 19, 33, 52, 82, 122, 172, 236, 314, 374, 440, 512, 554, 578, 590, 528, 516, 420, 336, 216, 120]


@pytest.mark.parametrize("known", range(20, 36))
def test_a_bell_is_foreseen_from_its_middle_on(known):
    truth = sum(BELL[known:])
    assert truth / 2 < remaining(BELL[:known]) < truth * 2


@pytest.mark.parametrize("known", range(12, 23))
def test_a_real_space_is_foreseen_to_a_factor_of_three(known):
    truth = sum(LOPSIDED[known:]) + 120  # of the two last levels
    assert truth / 3 < remaining(LOPSIDED[:known]) < truth * 3


def test_what_still_grows_fast_is_not_foreseen():
    assert remaining(BELL[:12]) is None
    assert remaining([2**n for n in range(30)]) is None


def test_too_few_levels_and_levels_that_stay_the_same_tell_nothing():
    assert remaining([]) is None
    assert remaining([1, 2, 3, 2, 1]) is None
    assert remaining([7] * 50) is None


def test_at_the_end_nothing_is_left():
    assert remaining([1, 30, 200, 300, 200, 30, 1]) == 0


def test_known_gap_a_second_hill_is_not_foreseen():
    levels = [1, 6, 15, 20, 15, 6, 1, 6, 15, 20, 15, 6, 1]
    assert remaining(levels[:7]) == 0
