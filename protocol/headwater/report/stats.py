"""Statistics of forecasts and of series of results. Floats, for reading only: nothing here settles anything."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from headwater.report.errors import StatsError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its interval, in the unit of the values; the bounds are infinite where there is but one value."""

    mean: float
    low: float
    high: float

    def scaled(self, factor: float) -> Interval:
        """All three times a factor, e.g. a mean's interval times n for the total's; a negative one turns it round."""
        low, high = sorted((self.low * factor, self.high * factor)) if factor else (0.0, 0.0)
        return Interval(self.mean * factor, low, high)

    def to_dict(self) -> dict[str, float]:
        """As a summary keeps it: {"mean", "low", "high"}."""
        return {"mean": self.mean, "low": self.low, "high": self.high}


def _series(values: npt.ArrayLike) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        raise StatsError(f"expected at least one value in one dimension, not an array of shape {array.shape}")
    if not np.isfinite(array).all():
        raise StatsError(f"value {int(np.flatnonzero(~np.isfinite(array))[0])} is not finite")
    return array


def _z(level: float) -> float:
    if not 0 < level < 1:
        raise StatsError(f"level {level}: expected a number between 0 and 1, such as 0.95")
    return NormalDist().inv_cdf((1 + level) / 2)


def mean_interval(values: npt.ArrayLike, level: float = 0.95) -> Interval:
    """Mean with its normal interval, mean ± z·s/√n, s² = Σ(x − mean)² / (n − 1).

    By the central limit theorem, for independent values; for autocorrelated ones see `bootstrap_interval`. With a
    single value the interval is infinite.

    Raises:
        StatsError: no values, values that are not finite, or a level outside (0, 1).
    """
    array, z = _series(values), _z(level)
    mean = float(array.mean())
    if array.size == 1:
        return Interval(mean, -math.inf, math.inf)
    half = z * float(array.std(ddof=1)) / math.sqrt(array.size)
    return Interval(mean, mean - half, mean + half)


def bootstrap_interval(
    values: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    block: int | None = None,
    resamples: int = 2_000,
    level: float = 0.95,
) -> Interval:
    """Mean of an autocorrelated series with its moving-block bootstrap interval.

    Every resample is made of blocks of consecutive values drawn with replacement from the n − block + 1 overlapping
    ones, cut to n values; the interval lies between the (1 ± level)/2 quantiles of the resampled means, moved so that
    their centre is the sample's mean. (Künsch, "The jackknife and the bootstrap for general stationary observations",
    Annals of Statistics 17, 1989. Values at the ends stand in fewer blocks, so resamples centre beside the sample mean;
    the shift is Lahiri's, "Edgeworth correction by moving block bootstrap", 1992.)

    Args:
        values: shape (n,), in order of time.
        rng: draws the blocks; the same state gives the same interval.
        block: values a block; by default ⌈n^(1/3)⌉, the rate that minimises the variance's mean squared error.
        resamples: how many; 2,000 place a 95% bound within about a fortieth of the interval's width.
        level: of the interval.

    Raises:
        StatsError: as `mean_interval`; a block that is not 1 to n; fewer than 100 resamples.
    """
    array = _series(values)
    _z(level)
    n = array.size
    length = math.ceil(n ** (1 / 3)) if block is None else block
    if not 1 <= length <= n:
        raise StatsError(f"block {length}: expected 1 to {n}, the number of values")
    if resamples < 100:
        raise StatsError(f"{resamples} resamples are too few for a quantile; expected at least 100")
    mean = float(array.mean())
    if length == n:  # one block, so every resample is the sample itself: it says nothing of the spread
        return Interval(mean, -math.inf, math.inf)
    sums = np.concatenate([[0.0], np.cumsum(array - mean)])
    full, rest = divmod(n, length)
    starts = n - length + 1
    # A resample's sum is a sum of block sums, so no resample is ever written out.
    drawn = rng.integers(0, starts, size=(resamples, full + (rest > 0)))
    ends = np.full(drawn.shape[1], length)
    if rest:
        ends[-1] = rest
    means = (sums[drawn + ends] - sums[drawn]).sum(axis=1) / n
    centre = float((full * (sums[length:] - sums[:-length]).mean() + _part(sums, rest, starts)) / n)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2]) - centre
    return Interval(mean, mean + float(low), mean + float(high))


def _part(sums: Floats, rest: int, starts: int) -> float:
    return float((sums[rest : rest + starts] - sums[:starts]).mean()) if rest else 0.0


def log_loss(probabilities: npt.ArrayLike, outcomes: npt.ArrayLike) -> float:
    """Mean of −ln p of what happened, in nats (Good, "Rational decisions", 1952).

    Args:
        probabilities: shape (n, k), rows that sum to 1 within 1e-6.
        outcomes: shape (n,), integers below k.

    Raises:
        StatsError: shapes, rows or outcomes that do not fit, or what happened was given probability 0.
    """
    rows, happened = _forecasts(probabilities, outcomes)
    chosen = rows[np.arange(happened.size), happened]
    if (chosen <= 0).any():
        raise StatsError(f"forecast {int(np.flatnonzero(chosen <= 0)[0])} gave what happened probability 0")
    return float(-np.log(chosen).mean())


def _forecasts(probabilities: npt.ArrayLike, outcomes: npt.ArrayLike) -> tuple[Floats, npt.NDArray[np.int64]]:
    rows = np.asarray(probabilities, dtype=np.float64)
    happened = np.asarray(outcomes)
    if rows.ndim != 2 or rows.shape[0] == 0 or happened.shape != rows.shape[:1]:
        raise StatsError(f"expected shapes (n, k) and (n,), not {rows.shape} and {happened.shape}")
    if not np.issubdtype(happened.dtype, np.integer) or (happened < 0).any() or (happened >= rows.shape[1]).any():
        raise StatsError(f"outcomes must be integers from 0 to {rows.shape[1] - 1}")
    if not ((rows >= 0).all() and np.allclose(rows.sum(axis=1), 1, rtol=0, atol=1e-6)):
        raise StatsError("every row of probabilities must be at least 0 and sum to 1")
    return rows, happened.astype(np.int64)


def wilson(successes: int, count: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a proportion.

        (p + z²/2n ± z·√(p(1 − p)/n + z²/4n²)) / (1 + z²/n),  p = successes / n

    (Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927.)

    Raises:
        StatsError: unless 0 ≤ successes ≤ count and count > 0.
    """
    if not (count > 0 and 0 <= successes <= count):
        raise StatsError(f"{successes} of {count}: expected 0 to count of at least one")
    z = _z(level)
    p, spread = successes / count, z * z / count
    centre = (p + spread / 2) / (1 + spread)
    half = z * math.sqrt(p * (1 - p) / count + spread / (4 * count)) / (1 + spread)
    # At the ends the bound is 0 or 1 exactly; floats miss it by an ulp.
    return 0.0 if successes == 0 else centre - half, 1.0 if successes == count else centre + half


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Forecasts between two probabilities: how often what they forecast happened.

    Attributes:
        low, high: bounds of the bin; the last one includes its upper bound.
        count: forecasts in it.
        forecast: their mean.
        frequency, frequency_low, frequency_high: share that happened, with Wilson's 95% interval.
    """

    low: float
    high: float
    count: int
    forecast: float
    frequency: float
    frequency_low: float
    frequency_high: float


def reliability(probabilities: npt.ArrayLike, happened: npt.ArrayLike, bins: int = 10) -> list[ReliabilityBin]:
    """Bins of a reliability diagram, equally wide; empty ones are left out.

    (Murphy & Winkler, "Reliability of subjective probability forecasts", Applied Statistics 26, 1977. For more than two
    outcomes pass every outcome's probability beside whether it happened.)

    Args:
        probabilities: shape (n,), 0 to 1.
        happened: shape (n,), truth values.
        bins: how many.

    Raises:
        StatsError: shapes or probabilities that do not fit, or no bin.
    """
    p = np.asarray(probabilities, dtype=np.float64)
    hit = np.asarray(happened, dtype=bool)
    if p.ndim != 1 or p.shape != hit.shape:
        raise StatsError(f"expected two arrays of one length, not shapes {p.shape} and {hit.shape}")
    if not ((p >= 0) & (p <= 1)).all():
        raise StatsError("probabilities must lie between 0 and 1")
    if bins < 1:
        raise StatsError(f"{bins} bins: expected at least one")
    which = np.minimum((p * bins).astype(np.int64), bins - 1)
    result = []
    for index in range(bins):
        inside = which == index
        count = int(inside.sum())
        if count:
            hits = int(hit[inside].sum())
            low, high = wilson(hits, count)
            mean = float(p[inside].mean())
            result.append(ReliabilityBin(index / bins, (index + 1) / bins, count, mean, hits / count, low, high))
    return result


def cumulative(amounts: Iterable[int]) -> list[int]:
    """Running totals of amounts in wei, exact."""
    return list(accumulate(amounts))
