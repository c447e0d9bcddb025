"""Dividing a reward to the wei."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm
from numbers import Rational, Real
from typing import TypeAlias

import numpy as np

from headwater.credit.coalitions import Floats
from headwater.credit.errors import NoCreditError, WeightsError
from headwater.credit.result import Credit
from headwater.credit.weights import GRAIN
from headwater.units import MAX_WEI

Shares: TypeAlias = Sequence[int] | Sequence[float] | Sequence[Fraction] | Floats | Credit


def divide(amount_wei: int, shares: Shares, *, signed: bool = False) -> list[int]:
    """Whole wei for everybody in proportion to their credits c_i, the sum exactly `amount_wei`.

        real share_i = amount · c_i / Σ c,      floored; what the floors leave goes one wei each to the largest
                                                remainders, the lowest index first on ties

    So a payment misses its real share by less than one wei, whoever has more credit is paid no less, and equal credits
    differ by at most one wei.

    Ints, fractions and floats count as exactly the numbers they are. A `Credit` carries the rounding noise of the
    method that made it, so its values are first rounded to 2**-40 of the largest magnitude: noise divides no equals,
    and the real share is that of the rounded values.

    Not signed, which is what a contract can pay: a credit below zero counts as zero.
    Signed: a credit below zero pays into the pot, and the others between them receive more than the amount. The sum of
    the credits must have the sign of the amount, or a larger credit would be paid less. Where the credits are a task's
    own (Σ c = amount) everybody's payment is its credit, rounded. Where Σ c is small beside the credits the payments
    are many times the amount: nothing here limits that.

    Args:
        amount_wei: 0 to 2**96 - 1; signed, from -(2**96 - 1).
        shares: n credits, finite, in any unit, n at least 1.
        signed: whether a credit below zero pays.

    Raises:
        NoCreditError: nobody's credit is above zero; signed, the credits sum to zero and the amount is another.
        WeightsError: an amount or credits outside these, or signs that differ.
    """
    least = -MAX_WEI if signed else 0
    if isinstance(amount_wei, bool) or not isinstance(amount_wei, int) or not least <= amount_wei <= MAX_WEI:
        raise WeightsError(
            f"an amount is an int of wei, {'-(2**96 - 1)' if signed else '0'} to 2**96 - 1; got {amount_wei!r}"
        )
    parts = _parts(shares)
    if not signed:
        parts = [max(part, 0) for part in parts]
        if not any(parts):
            raise NoCreditError("no credit is above zero, so there is nothing to divide by")
    if amount_wei == 0:
        return [0] * len(parts)
    whole = sum(parts)
    if whole == 0:
        raise NoCreditError(f"the credits sum to zero, so {amount_wei} wei cannot be divided in proportion to them")
    if (whole > 0) != (amount_wei > 0):
        raise WeightsError(
            f"the amount is {amount_wei} wei and the credits sum to the other sign: a larger credit would be paid less"
        )
    products = [amount_wei * part for part in parts]
    if whole < 0:
        products, whole = [-product for product in products], -whole
    payments = [product // whole for product in products]
    by_remainder = sorted(range(len(products)), key=lambda index: (-(products[index] % whole), index))
    for index in by_remainder[: amount_wei - sum(payments)]:
        payments[index] += 1
    return payments


def _parts(shares: Shares) -> list[int]:
    """Ints in the exact proportions of the credits."""
    if isinstance(shares, Credit):
        largest = float(np.abs(shares.values).max())
        return [round(float(value) / largest * GRAIN) if largest else 0 for value in shares.values]
    if np.ndim(np.asarray(shares, dtype=object)) != 1 or not len(shares):
        raise WeightsError(f"credits have shape (n,), n at least 1; got {shares!r}")
    credits = [_fraction(share) for share in shares]
    scale = lcm(*(credit.denominator for credit in credits))
    return [credit.numerator * (scale // credit.denominator) for credit in credits]


def _fraction(share: object) -> Fraction:
    if isinstance(share, Rational) and not isinstance(share, bool):
        return Fraction(int(share.numerator), int(share.denominator))
    if isinstance(share, Real) and not isinstance(share, bool) and np.isfinite(float(share)):
        return Fraction(float(share))
    raise WeightsError(f"credits are finite numbers; got {share!r}")
