"""How many seeds it takes to see a gain of a given size through a given spread."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

from headwater.report.errors import StatsError
from headwater_agents.lab.stats.paired import LEVEL, hull

MOST_SEEDS: Final = 10**9
"""More than anybody will run."""


def power(gain: float, spread: float, n: int, level: float = LEVEL) -> float:
    """Probability that n paired seeds show a gain as profitable: 1 − F(t), F noncentral t with δ = √n·gain/spread.

    Of Student's interval and normal differences. Rare large losses cost power: where 200 seeds find 0.5% of stake
    nine times in ten through a normal spread of 2.17%, lognormal ones (σ = 0.5) allow 1.9%. `planted_power` says it
    for the differences one has.

    Args:
        gain: true mean of the differences, above 0, e.g. per unit staked.
        spread: their standard deviation, in the same unit.
        n: seeds, at least 2.
        level: of the interval.

    Raises:
        StatsError: numbers outside these ranges.
    """
    _check(gain, spread, level)
    if n < 2:
        raise StatsError(f"{n} seeds: expected at least 2")
    if spread == 0:
        return 1.0
    return _chance(math.sqrt(n) * gain / spread, n, level)


def seeds_needed(gain: float, spread: float, chance: float = 0.9, level: float = LEVEL) -> int:
    """The least number of paired seeds for which `power` is at least `chance`.

    Args:
        gain, spread, level: as `power`; the spread is that of a pilot run, whose own error is not allowed for.
        chance: probability with which the gain shall be found.

    Raises:
        StatsError: numbers outside their ranges, or more than a thousand million seeds.
    """
    _check(gain, spread, level, chance)
    if power(gain, spread, 2, level) >= chance:
        return 2
    below, enough = 2, 4
    while power(gain, spread, enough, level) < chance:
        below, enough = enough, 2 * enough
        if enough > MOST_SEEDS:
            raise StatsError(
                f"a gain of {gain:g} is lost in a spread of {spread:g}: it needs over {MOST_SEEDS:,} seeds"
            )
    while enough - below > 1:
        middle = (below + enough) // 2
        below, enough = (below, middle) if power(gain, spread, middle, level) >= chance else (middle, enough)
    return enough


def detectable_gain(spread: float, n: int, chance: float = 0.9, level: float = LEVEL) -> float:
    """The smallest gain that n seeds find with probability `chance`, in the unit of the spread.

    Raises:
        StatsError: numbers outside their ranges.
    """
    _check(1.0, spread, level, chance)
    if n < 2:
        raise StatsError(f"{n} seeds: expected at least 2")
    top = 1.0
    while _chance(top, n, level) < chance:
        top *= 2
    delta = optimize.brentq(lambda value: _chance(value, n, level) - chance, 0.0, top, xtol=1e-10)
    return float(delta) * spread / math.sqrt(n)


def planted_power(
    differences: npt.ArrayLike,
    gain: float,
    n: int,
    rng: np.random.Generator,
    runs: int = 1_000,
    level: float = LEVEL,
) -> float:
    """Share of samples of n seeds in which a planted gain is found profitable, on the noise the lab really shows.

    A sample is n of the given differences, drawn with replacement, less their mean and plus the gain. The verdict is
    ours (see `paired`), whose bound of 2^(1−n) for few seeds needs n ≥ 6 here.

    Args:
        differences: shape (pilot,), attack − honest of a pilot; 100 or more, or their tail is not in them.
        gain: to be planted; 0 gives the rate of false alarms on one side.
        n: seeds a sample, at least 6.
        rng: draws the samples; the same state gives the same share.
        runs: samples.
        level: of the interval.

    Raises:
        StatsError: fewer than two differences, or some that are not finite; n below 6; no runs.
    """
    pilot = np.asarray(differences, dtype=np.float64)
    if pilot.ndim != 1 or pilot.size < 2 or not np.isfinite(pilot).all():
        raise StatsError(f"expected at least two finite differences, not an array of shape {pilot.shape}")
    if n < 6 or runs < 1:
        raise StatsError(f"{n} seeds in {runs} runs: expected at least 6 seeds and one run")
    _check(1.0, 0.0, level)
    noise = pilot - pilot.mean() + gain
    found = 0
    for start in range(0, runs, 200):
        rows = noise[rng.integers(0, noise.size, size=(min(200, runs - start), n))]
        low, _, _ = hull(rows, level)
        found += int((low > 0).sum())
    return found / runs


def _chance(delta: float, n: int, level: float) -> float:
    t = float(stats.t.ppf((1 + level) / 2, n - 1))
    return float(stats.nct.sf(t, n - 1, delta))


def _check(gain: float, spread: float, level: float, chance: float = 0.9) -> None:
    if not (gain > 0 and math.isfinite(gain)):
        raise StatsError(f"gain {gain}: expected a number above 0")
    if not (spread >= 0 and math.isfinite(spread)):
        raise StatsError(f"spread {spread}: expected a number of at least 0")
    for name, value in (("level", level), ("chance", chance)):
        if not 0 < value < 1:
            raise StatsError(f"{name} {value}: expected a number between 0 and 1")
