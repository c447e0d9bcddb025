"""From credits to the integer weights that a cascade announces."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from headwater.credit.errors import NoCreditError, WeightsError
from headwater.units import MAX_WEI

GRAIN: Final = 2**40
"""Credits count in 2**-40 of the largest: rounding noise must not decide who gets the last unit."""


def weights_from_credit(values: npt.ArrayLike, total: int = 10_000_000, *, negligible: float = 1e-12) -> list[int]:
    """Non-negative integer weights in proportion to credits, their sum exactly `total`.

    A credit at or below `negligible` counts as zero. The others are rounded to 2**-40 of the largest, divided with
    integers, floored, and what the floors leave goes one each to the largest remainders, the lowest index first on
    ties. Players with equal credits differ by at most one, and last-bit differences between machines change nothing
    short of a rounding boundary.

    Nobody above zero raises NoCreditError, and no weights are made up: a buyer who meets it lets the weights that it
    has announced stand (they remain valid, and an announcement costs gas), or chooses equal ones in its own words.

    Args:
        values: (n,), finite, in any unit, such as nats.
        total: what the weights sum to, 1 to 2**96 - 1. Proportions are kept to about 1e-12 of the largest, however
            large it is.
        negligible: in the unit of `values`, at least 0; above the rounding noise of the method that made them.

    Raises:
        NoCreditError: no credit above `negligible`.
        WeightsError: values of another shape or not finite, or a total or a `negligible` outside its range.
    """
    credits = np.asarray(values, dtype=np.float64)
    if credits.ndim != 1 or not credits.size:
        raise WeightsError(f"credits have shape (n,), n at least 1; got shape {credits.shape}")
    if not bool(np.isfinite(credits).all()):
        raise WeightsError(f"credits must be finite; got {credits.tolist()}")
    if isinstance(total, bool) or not isinstance(total, int) or not 1 <= total <= MAX_WEI:
        raise WeightsError(f"total is an int from 1 to 2**96 - 1; got {total!r}")
    if not 0 <= negligible < np.inf:
        raise WeightsError(f"negligible is a finite number of at least 0; got {negligible}")
    largest = float(credits.max())
    if largest <= negligible:
        raise NoCreditError(
            f"no credit is above {negligible} (the largest is {largest}); keep the announced weights, or choose some"
        )
    parts = [round(float(c) / largest * GRAIN) if c > negligible else 0 for c in credits]
    whole = sum(parts)
    weights = [total * part // whole for part in parts]
    by_remainder = sorted(range(len(parts)), key=lambda index: (-(total * parts[index] % whole), index))
    for index in by_remainder[: total - sum(weights)]:
        weights[index] += 1
    return weights
