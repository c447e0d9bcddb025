"""From credits to the integer weights of an announcement."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from headwater.credit import NoCreditError, WeightsError, weights_from_credit
from headwater.units import MAX_WEI

RULES = settings(deadline=None, derandomize=True, max_examples=200)
CREDITS = st.lists(st.floats(-10, 10), min_size=1, max_size=32)


@RULES
@given(CREDITS, st.integers(1, MAX_WEI))
def test_weights_are_whole_not_negative_and_sum_to_the_total(credits, total):
    assume(max(credits) > 1e-12)
    weights = weights_from_credit(credits, total)
    assert sum(weights) == total
    assert all(type(weight) is int and weight >= 0 for weight in weights)
    assert all(weight == 0 for weight, credit in zip(weights, credits, strict=True) if credit <= 1e-12)


@RULES
@given(CREDITS)
def test_a_weight_misses_its_exact_share_by_less_than_one(credits):
    assume(max(credits) > 1e-3)
    total = 10_000_000
    whole = sum(Fraction(credit) for credit in credits if credit > 1e-12)
    for weight, credit in zip(weights_from_credit(credits), credits, strict=True):
        share = total * Fraction(credit) / whole if credit > 1e-12 else 0
        # The grain adds at most (n + 1) · 2**-41 of the total to the largest remainder's own error.
        assert abs(weight - share) < 1 + Fraction(33 * total, 2**41)


@RULES
@given(CREDITS, st.integers(1, 10**7))
def test_who_earned_more_weighs_no_less(credits, total):
    assume(max(credits) > 1e-12)
    ordered = sorted(credits, reverse=True)
    weights = weights_from_credit(ordered, total)
    assert weights == sorted(weights, reverse=True)


@RULES
@given(CREDITS, st.integers(0, 2**32 - 1))
def test_rounding_noise_moves_no_unit_between_equals(credits, seed):
    # Every credit twice, with noise in the last bits: each pair differs by one unit at most, in favour of the first.
    assume(max(credits) > 1e-3)
    credits = [credit for credit in credits if credit > 1e-3]
    twice = np.array([credit for credit in credits for _ in range(2)])
    noisy = twice * (1 + np.random.default_rng(seed).uniform(-1, 1, size=len(twice)) * 1e-15)
    exact = np.array(weights_from_credit(twice, 1_000))
    assert np.abs(np.array(weights_from_credit(noisy, 1_000)) - exact).max() <= 1
    assert set((exact[0::2] - exact[1::2]).tolist()) <= {0, 1}


@pytest.mark.parametrize(
    ("credits", "total", "weights"),
    [
        ([1, 1, 1], 10, [4, 3, 3]),
        ([1, 1, 1], 11, [4, 4, 3]),
        ([1, 3], 100, [25, 75]),
        ([0.1 + 0.2, 0.3], 3, [2, 1]),
        ([0.3, 0.1 + 0.2], 3, [2, 1]),
        ([-5, 2, 0, 2], 10, [0, 5, 0, 5]),
        ([7], 10_000_000, [10_000_000]),
        ([5e-324, 1.0], 7, [0, 7]),
        ([1, 1, 1, 1], 2, [1, 1, 0, 0]),
    ],
)
def test_the_rest_goes_to_the_largest_remainder_then_to_the_lowest_index(credits, total, weights):
    assert weights_from_credit(credits, total) == weights


@pytest.mark.parametrize("credits", [[0.0], [0.0, 0.0], [-1.0, -2.0], [-1.0, 0.0], [1e-13, -1e-17]])
def test_where_nobody_earned_nothing_is_made_up(credits):
    with pytest.raises(NoCreditError, match="keep the announced weights"):
        weights_from_credit(credits)


def test_what_is_negligible_is_the_callers_to_say():
    assert weights_from_credit([1e-13, 3e-13], 4, negligible=0.0) == [1, 3]
    assert weights_from_credit([1.0, 99.0], 1_000) == [10, 990]
    assert weights_from_credit([1.0, 99.0], 1_000, negligible=2.0) == [0, 1_000]


@pytest.mark.parametrize(
    ("values", "changes", "says"),
    [
        ([], {}, "shape"),
        ([[1.0]], {}, "shape"),
        ([1.0, float("nan")], {}, "finite"),
        ([1.0, float("inf")], {}, "finite"),
        ([1.0], {"total": 0}, "1 to 2\\*\\*96 - 1"),
        ([1.0], {"total": MAX_WEI + 1}, "1 to 2\\*\\*96 - 1"),
        ([1.0], {"total": 1.5}, "total is an int"),
        ([1.0], {"total": True}, "total is an int"),
        ([1.0], {"negligible": -1.0}, "negligible"),
    ],
)
def test_wrong_credits_and_totals_are_refused(values, changes, says):
    with pytest.raises(WeightsError, match=says):
        weights_from_credit(values, **changes)
