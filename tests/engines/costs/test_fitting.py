"""What is claimed of growth, and what is not for want of points."""

from interlock.engines.costs.fitting import fit, grows_with


def grid(value, largest=3):
    return [({"L": a, "M": b}, value(a, b)) for a in range(1, largest + 1) for b in range(1, largest + 1)]


def test_the_simplest_polynomial_is_found():
    assert str(fit(grid(lambda a, b: 7))) == "7"
    assert str(fit(grid(lambda a, b: 3 + 4 * b))) == "3 + 4·M"
    assert str(fit(grid(lambda a, b: a * b))) == "L·M"
    assert fit(grid(lambda a, b: 2 * a + b)).growth == "linear in L, M"
    assert fit(grid(lambda a, b: a * b + a)).growth == "product L·M"
    assert str(fit(grid(lambda a, b: 0))) == "0"


def test_what_no_polynomial_goes_through_is_not_claimed():
    assert fit(grid(lambda a, b: a * a * a)) is None
    assert fit(grid(max)) is None


def test_too_few_points_claim_nothing():
    assert fit([]) is None
    assert fit([({"L": 1}, 4)]) is None
    assert fit([({"L": 1}, 4), ({"L": 2}, 5)]) is None  # any two numbers lie on a line
    assert str(fit([({"L": 1}, 4), ({"L": 2}, 4)])) == "4"


def test_a_line_through_two_sizes_of_a_sort_claims_nothing():
    assert fit(grid(lambda a, b: 3 + 4 * b, largest=2)) is None
    assert str(fit(grid(lambda a, b: 3, largest=2))) == "3"


def test_a_sort_that_was_not_varied_is_not_claimed_to_make_no_difference():
    assert fit([({"L": 1, "M": 1}, 4), ({"L": 2, "M": 1}, 4)]) is None


def test_growth_is_told_even_where_no_polynomial_fits():
    values = grid(lambda a, b: 2**a)
    assert grows_with(values, values) == ("L",)
    apart = [({"L": 1, "M": 1}, 1), ({"L": 2, "M": 2}, 9)]
    assert grows_with(apart, apart) == ()


def test_growth_is_claimed_only_if_more_is_attained_than_fewer_can_cost():
    assert grows_with([({"L": 1}, 7)], [({"L": 2}, 8)]) == ("L",)
    assert grows_with([({"L": 1}, 9)], [({"L": 2}, 8)]) == ()
    assert grows_with([({"L": 2}, 3)], [({"L": 1}, 8)]) == ()


def test_without_sorts_one_point_is_all():
    assert str(fit([({}, 5)])) == "5"
