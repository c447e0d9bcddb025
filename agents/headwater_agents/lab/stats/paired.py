"""The mean of differences between two arms that share their seeds, with an interval that survives skew and zeros.

Two intervals of the mean invert the same studentised statistic, with d the n differences and T = √n·(mean − μ)/s:

    Student's     |T| ≤ t                                  t: quantile (1 + level)/2 of Student's t, n − 1 degrees
    Hall's        |g(T)| ≤ t                               g(T) = T + γ(2T² + 1)/(6√n) + γ²T³/(27n),  γ = skewness of d

(Hall, "On the removal of skewness by transformation", JRSS B 54, 1992.) Where differences are skewed, as those of an
attack that wins often and loses much at once, Student's interval errs on the side that has no tail; where most
differences are zero or their tails are heavy on both sides, the sample's skewness is noise and Hall's interval is too
short. Neither fault has the other's company: ours is the hull of the two, and its p-value the larger one. It needs no
random draws, so the same differences give the same bounds anywhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from headwater.report.errors import StatsError
from headwater.report.stats import Interval

Floats = npt.NDArray[np.float64]

LEVEL: Final = 0.95
"""Of every interval, unless another is asked for."""

RESOLUTION: Final = 1e-12
"""Per unit staked: what is smaller is rounding of floats, and counts as nothing."""


@dataclass(frozen=True, slots=True)
class PairedResult:
    """How much more one arm came to than the other, seed by seed, in the unit of the differences.

    Attributes:
        interval: the mean, between bounds that hold it with probability `level`; infinite from a single seed, unless
            that one shows no difference.
        standard_error: s/√n; NaN from a single seed.
        n: seeds.
        nonzero: seeds that show a difference at all.
        p_value: of a mean as far from 0 on either side, were the true one 0. At most 1 − level exactly where the
            interval does not hold 0.
        level: of the interval.
    """

    interval: Interval
    standard_error: float
    n: int
    nonzero: int
    p_value: float
    level: float = LEVEL

    @property
    def mean(self) -> float:
        """The mean difference."""
        return self.interval.mean

    @property
    def low(self) -> float:
        """Lower bound of its interval."""
        return self.interval.low

    @property
    def high(self) -> float:
        """Upper bound of its interval."""
        return self.interval.high

    def to_dict(self) -> dict[str, float | int | None]:
        """Plain numbers for JSON, with None for what is infinite or not known."""
        numbers: dict[str, float | int | None] = {
            name: value if math.isfinite(value) else None
            for name, value in {**self.interval.to_dict(), "standard_error": self.standard_error}.items()
        }
        return numbers | {"n": self.n, "nonzero": self.nonzero, "p_value": self.p_value, "level": self.level}


def paired(differences: npt.ArrayLike, level: float = LEVEL, resolution: float = RESOLUTION) -> PairedResult:
    """What the differences attack − honest of independent seeds say of their mean.

    No test can reject with few signs: were gains and losses as likely as each other, m differences would all lie on
    one side with probability 2^(1−m). So the p-value is never less than that, m being the seeds that show a
    difference, and the interval then reaches to 0: five wins out of five are no proof at 95%, six are.

    Args:
        differences: shape (n,), one a seed.
        level: of the interval.
        resolution: a difference no larger than this, in their unit, counts as 0, and a spread no wider as none.

    Raises:
        StatsError: no differences, or some that are not finite; a level outside (0, 1); a resolution below 0.
    """
    array = _checked(differences, level)
    if not (resolution >= 0 and math.isfinite(resolution)):
        raise StatsError(f"resolution {resolution}: expected a finite number of at least 0")
    array = np.where(np.abs(array) <= resolution, 0.0, array)
    n, nonzero = array.size, int(np.count_nonzero(array))
    mean = float(array.mean())
    if nonzero == 0:
        return PairedResult(Interval(0.0, 0.0, 0.0), 0.0 if n > 1 else math.nan, n, 0, 1.0, level)
    if n == 1:
        return PairedResult(Interval(mean, -math.inf, math.inf), math.nan, 1, 1, 1.0, level)
    floor = 2.0 ** (1 - nonzero)
    if float(np.ptp(array)) <= resolution:
        low, high, p_value, error = mean, mean, floor, 0.0
    else:
        lows, highs, p_values = hull(array[None, :], level)
        low, high = float(lows[0]), float(highs[0])
        p_value = max(float(p_values[0]), floor)
        error = float(array.std(ddof=1)) / math.sqrt(n)
    if floor > 1 - level:
        low, high = min(low, 0.0), max(high, 0.0)
    return PairedResult(Interval(mean, low, high), error, n, nonzero, p_value, level)


def robust_interval(values: npt.ArrayLike, level: float = LEVEL) -> Interval:
    """The mean of independent values in the hull of Student's and Hall's interval; infinite around a single value.

    Raises:
        StatsError: no values, or some that are not finite; a level outside (0, 1).
    """
    array = _checked(values, level)
    mean = float(array.mean())
    if array.size == 1:
        return Interval(mean, -math.inf, math.inf)
    if not array.std():
        return Interval(mean, mean, mean)
    low, high, _ = hull(array[None, :], level)
    return Interval(mean, float(low[0]), float(high[0]))


def hull(rows: Floats, level: float = LEVEL) -> tuple[Floats, Floats, Floats]:
    """Bounds and p-values of many samples at once, each (runs,): (low, high, p) of rows of shape (runs, n), n ≥ 2.

    A row that does not vary has bounds at its mean, and p-value 0, or 1 if it is 0.
    """
    n = rows.shape[1]
    root = math.sqrt(n)
    mean = rows.mean(axis=1)
    centred = rows - mean[:, None]
    variance = (centred**2).mean(axis=1)
    still = variance <= 0
    safe = np.where(still, 1.0, variance)
    skew = np.where(still, 0.0, (centred**3).mean(axis=1) / safe**1.5)
    error = np.where(still, 0.0, np.sqrt(safe / (n - 1)))
    t = float(stats.t.ppf((1 + level) / 2, n - 1))
    low = mean - error * np.maximum(t, _untransformed(t, skew, root))
    high = mean - error * np.minimum(-t, _untransformed(-t, skew, root))
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(error > 0, mean / error, np.where(mean == 0, 0.0, np.copysign(np.inf, mean)))
    with np.errstate(invalid="ignore"):  # infinite statistics, whose p-value is 0 either way
        transformed = np.nan_to_num(_transformed(statistic, skew, root), nan=np.inf)
    p = np.maximum(_two_sided(statistic, n), _two_sided(transformed, n))
    return low, high, p


def _transformed(statistic: Floats, skew: Floats, root: float) -> Floats:
    a = skew / root
    result: Floats = statistic + a * (2 * statistic**2 + 1) / 6 + a**2 * statistic**3 / 27
    return result


def _untransformed(quantile: float, skew: Floats, root: float) -> Floats:
    """The T for which g(T) is a quantile: g(T) = ((1 + aT/3)³ − 1)/a + a/6, a = γ/√n."""
    a = skew / root
    flat = np.abs(a) < 1e-9  # where the quotient would lose its digits, and the correction is less than that
    divisor = np.where(flat, 1.0, a)
    exact = 3 * (np.cbrt(1 + divisor * (quantile - divisor / 6)) - 1) / divisor
    return np.where(flat, quantile, exact)


def _two_sided(statistic: Floats, n: int) -> Floats:
    result: Floats = 2 * stats.t.sf(np.abs(statistic), n - 1)
    return result


def _checked(values: npt.ArrayLike, level: float) -> Floats:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise StatsError(f"expected numbers: {error}") from error
    if array.ndim != 1 or array.size == 0:
        raise StatsError(f"expected at least one value in one dimension, not an array of shape {array.shape}")
    if not np.isfinite(array).all():
        raise StatsError(f"value {int(np.flatnonzero(~np.isfinite(array))[0])} is not finite")
    if not 0 < level < 1:
        raise StatsError(f"level {level}: expected a number between 0 and 1, such as 0.95")
    return array
