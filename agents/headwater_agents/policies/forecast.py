"""Forecasts as the contracts read them: WAD integers that sum to one exactly, none below P_MIN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from headwater.units import WAD

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Forecast: TypeAlias = tuple[int, ...]
"""One probability an outcome, WAD; sums to WAD."""

GRAIN: Final = 10**12
"""Forecasts are multiples of 1e-6. Two machines whose floats differ in the last bit then report the same integers."""


class ForecastError(ValueError):
    """Numbers that are no forecast: the wrong length, not finite, negative, or not summing to one."""


def clip(p: Floats, p_min: float) -> Floats:
    """Raise every probability to at least `p_min` and scale the others down, so that the sum stays one.

    `p` is (k,), non-negative with a positive sum; the result is the closest such forecast in Kullback-Leibler
    divergence from `p`: entries at the bound stay there, the rest keep their ratios.
    """
    p = np.asarray(p, dtype=np.float64)
    if p.ndim != 1 or not 2 <= len(p) <= 8:
        raise ForecastError(f"a forecast has 2 to 8 outcomes in one row, not shape {p.shape}")
    if not np.isfinite(p).all() or (p < 0).any() or p.sum() <= 0:
        raise ForecastError(f"probabilities {p.tolist()} must be finite, non-negative and not all zero")
    k = len(p)
    if not 0 < p_min * k <= 1:
        raise ForecastError(f"p_min is {p_min}; with {k} outcomes it must be above 0 and at most {1 / k}")
    out = p / p.sum()
    low = np.zeros(k, dtype=bool)
    while ((out < p_min) & ~low).any():
        low |= out < p_min
        if low.all():
            return np.full(k, 1.0 / k)
        scale = (1.0 - p_min * float(low.sum())) / float(p[~low].sum())
        out = np.where(low, p_min, p * scale)
    return np.asarray(out, dtype=np.float64)


def to_wad(p: Floats, p_min: int) -> Forecast:
    """Round a forecast to the grain, none below `p_min` (WAD), the sum exactly WAD.

    What rounding leaves over goes to the largest entry, the lowest index on ties. Raises ForecastError as `clip`.
    """
    floor = -(-p_min // GRAIN) * GRAIN
    clipped = clip(p, floor / WAD)
    parts = [max(floor, round(float(value) * (WAD // GRAIN)) * GRAIN) for value in clipped]
    largest = max(range(len(parts)), key=lambda index: (parts[index], -index))
    parts[largest] += WAD - sum(parts)
    if parts[largest] < floor:
        raise ForecastError(f"p_min {p_min} leaves no room for {len(parts)} outcomes at a grain of {GRAIN}")
    return tuple(parts)


def to_floats(forecast: Sequence[int]) -> Floats:
    """A WAD forecast as floats, shape (k,). Raises ForecastError unless it is positive and sums to WAD exactly."""
    if not 2 <= len(forecast) <= 8 or min(forecast) <= 0 or sum(forecast) != WAD:
        raise ForecastError(
            f"forecast {tuple(forecast)} must have 2 to 8 positive entries whose sum is {WAD}, not {sum(forecast)}"
        )
    return np.array([value / WAD for value in forecast], dtype=np.float64)
