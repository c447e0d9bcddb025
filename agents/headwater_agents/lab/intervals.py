"""Intervals for means of dependent series: the circular block bootstrap."""

from __future__ import annotations

import numpy as np

from headwater_agents.policies.forecast import Floats

BLOCK = 20
"""Questions a block: 60 days of rain, well past the reach of weather's memory."""


def bootstrap_means(values: Floats, rng: np.random.Generator, *, block: int = BLOCK, resamples: int = 2_000) -> Floats:
    """Means of circular-block resamples of `values` (T, ...) along its first axis, shape (resamples, ...).

    Politis and Romano (1992). Columns of one call are resampled together, so their differences and ratios keep their
    dependence. Raises ValueError for an empty series or a block below 1.
    """
    values = np.asarray(values, dtype=np.float64)
    total = len(values)
    if total == 0 or block < 1 or resamples < 1:
        raise ValueError(f"need at least one value, block and resample; got {total}, {block}, {resamples}")
    block = min(block, total)
    full, rest = divmod(total, block)
    # Sums of blocks from prefix sums of the series laid twice end to end.
    prefix = np.concatenate([np.zeros_like(values[:1]), np.cumsum(np.concatenate([values, values]), axis=0)])
    starts = rng.integers(0, total, size=(resamples, full + 1))
    sums = (prefix[starts[:, :full] + block] - prefix[starts[:, :full]]).sum(axis=1)
    sums = sums + prefix[starts[:, full] + rest] - prefix[starts[:, full]]
    result: Floats = sums / total
    return result


def interval(samples: Floats, level: float = 0.95) -> tuple[float, float]:
    """Percentile interval of bootstrap samples, shape (resamples,)."""
    low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
