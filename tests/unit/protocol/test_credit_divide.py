"""Dividing a reward to the wei."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from headwater.credit import (
    AdditiveGame,
    Credit,
    NoCreditError,
    TableGame,
    WeightsError,
    divide,
    shapley,
)
from headwater.units import MAX_WEI

RULES = settings(deadline=None, derandomize=True, max_examples=40)
CREDITS = st.lists(
    st.one_of(st.integers(-(10**30), 10**30), st.floats(-1e9, 1e9), st.fractions(-100, 100)), min_size=1, max_size=16
)
AMOUNTS = st.integers(0, MAX_WEI)


def shares(amount, credits):
    exact = [Fraction(credit) for credit in credits]
    return [amount * credit / sum(exact) for credit in exact]


@RULES
@given(CREDITS, AMOUNTS)
def test_payments_sum_to_the_amount_and_miss_their_real_share_by_less_than_a_wei(credits, amount):
    assume(max(credits) > 0)
    payments = divide(amount, credits)
    assert sum(payments) == amount
    assert all(type(payment) is int and payment >= 0 for payment in payments)
    real = shares(amount, [max(credit, 0) for credit in credits])
    assert all(abs(payment - share) < 1 for payment, share in zip(payments, real, strict=True))


@RULES
@given(CREDITS, AMOUNTS)
def test_signed_payments_keep_the_sum_and_the_wei_too(credits, amount):
    whole = sum(Fraction(credit) for credit in credits)
    assume(whole != 0)
    amount = amount if whole > 0 else -amount
    payments = divide(amount, credits, signed=True)
    assert sum(payments) == amount
    real = shares(amount, credits)
    assert all(abs(payment - share) < 1 for payment, share in zip(payments, real, strict=True))


@RULES
@given(CREDITS, AMOUNTS, st.booleans())
def test_who_has_more_credit_is_paid_no_less_and_equals_differ_by_a_wei_at_most(credits, amount, signed):
    whole = sum(Fraction(credit) for credit in credits)
    assume(whole != 0 if signed else max(credits) > 0)
    payments = divide(amount if whole > 0 or not signed else -amount, credits + credits, signed=signed)
    ranked = sorted(zip((Fraction(credit) for credit in credits + credits), payments, strict=True))
    for (low, less), (high, more) in pairwise(ranked):
        assert less <= more + (low == high)


@RULES
@given(CREDITS, AMOUNTS)
def test_where_no_credit_is_negative_both_variants_pay_alike(credits, amount):
    credits = [abs(credit) for credit in credits]
    assume(max(credits) > 0)
    assert divide(amount, credits) == divide(amount, credits, signed=True)


@pytest.mark.parametrize(
    ("amount", "credits", "payments"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (101, [1, 1, 1], [34, 34, 33]),
        (0, [1, 2], [0, 0]),
        (1, [1, 1], [1, 0]),
        (10, [3, -5, 2], [6, 0, 4]),
        (MAX_WEI, [1], [MAX_WEI]),
        (9 * 10**18, [Fraction(1, 3), Fraction(2, 3)], [3 * 10**18, 6 * 10**18]),
        (9 * 10**18, np.array([4.5, 4.5]), [45 * 10**17, 45 * 10**17]),
        (7, np.array([1, 2, 4], dtype=np.int64), [1, 2, 4]),
    ],
)
def test_the_rest_goes_to_the_largest_remainder_then_the_lowest_index(amount, credits, payments):
    assert divide(amount, credits) == payments


@pytest.mark.parametrize(
    ("amount", "credits", "payments"),
    [
        (10, [15, -5], [15, -5]),
        (-100, [-50, -75, 25], [-50, -75, 25]),
        (-7, [-1, -1, -1], [-2, -2, -3]),
        (5, [3, -2], [15, -10]),
        (0, [5, -5], [0, 0]),
        (0, [-1, -2], [0, 0]),
    ],
)
def test_a_credit_below_zero_pays_where_signs_are_wanted(amount, credits, payments):
    assert divide(amount, credits, signed=True) == payments


def test_rounding_noise_of_a_credit_divides_no_equals():
    # Twins in a game of random values: equal by definition, not to the last bit.
    values = np.random.default_rng(3).normal(size=1 << 10)
    masks = np.arange(1 << 10)
    swapped = masks & ~0b11 | (masks & 1) << 1 | (masks >> 1 & 1)
    credit = shapley(TableGame(values + values[swapped]))
    noisy = Credit(
        values=credit.values + np.array([0, 3e-16, *[0] * 8]),
        method="shapley",
        exact=True,
        standard_error=np.zeros(10),
        evaluations=1024,
        efficiency_residual=0.0,
    )
    amount = 10**24 if credit.values.sum() > 0 else -(10**24)
    payments = divide(amount, noisy, signed=True)
    assert sum(payments) == amount
    assert abs(payments[0] - payments[1]) <= 1


def test_a_credit_is_divided_as_its_values_rounded():
    payments = divide(10**18, shapley(AdditiveGame([1.0, 3.0, 0.0])))
    assert sum(payments) == 10**18
    assert payments == pytest.approx([25 * 10**16, 75 * 10**16, 0], rel=2**-39)
    assert divide(10**18, shapley(AdditiveGame([4.5, 4.5]))) == [5 * 10**17, 5 * 10**17]


@pytest.mark.parametrize(
    ("amount", "credits", "signed", "error", "says"),
    [
        (-1, [1], False, WeightsError, "0 to 2\\*\\*96 - 1"),
        (MAX_WEI + 1, [1], False, WeightsError, "got 79228162514264337593543950336"),
        (-MAX_WEI - 1, [-1], True, WeightsError, "-\\(2\\*\\*96 - 1\\)"),
        (1.0, [1], False, WeightsError, "int of wei"),
        (True, [1], False, WeightsError, "int of wei"),
        (1, [], False, WeightsError, "shape"),
        (1, [[1]], False, WeightsError, "shape"),
        (1, [float("nan"), 1], False, WeightsError, "finite"),
        (1, [True], False, WeightsError, "finite numbers"),
        (1, ["1"], False, WeightsError, "finite numbers"),
        (1, [0, -1], False, NoCreditError, "above zero"),
        (1, [0.0], True, NoCreditError, "sum to zero"),
        (1, [2, -2], True, NoCreditError, "sum to zero"),
        (1, [1, -2], True, WeightsError, "other sign"),
        (-1, [1], True, WeightsError, "other sign"),
    ],
)
def test_amounts_and_credits_that_cannot_be_divided_are_refused(amount, credits, signed, error, says):
    with pytest.raises(error, match=says):
        divide(amount, credits, signed=signed)
