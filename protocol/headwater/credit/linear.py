"""A stand-in for a game of many players, learned from all of its differences: what each player adds, by size.

Ridge regression with a column for each player and function of the size s, entries f_b(s) · (1[i ∈ S] − s/n) · 2/√n.
f_b is 1 first, then e^(−5 s/n) and e^(−25 s/n): players differ most in small coalitions. Each f_b(s) alone has a column
too. With H = Φ (ΦᵀΦ + λ)⁻¹ Φᵀ and e what the fit misses, the fit without unit i misses it by
r_i = e_i / (1 − H_ii), and has the coefficients w − (ΦᵀΦ + λ)⁻¹ Φ_i r_i.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from headwater.credit.coalitions import Bools, Floats
from headwater.credit.pairs import Ints

COLUMNS: Final = 2_100
"""Most columns: the fit's cost grows with their square times the units, and with their cube."""

FREEDOM: Final = 0.6
"""Columns at most, as a part of the units."""

NOISES: Final = (1e-3, 0.1, 3.0, 30.0)
"""λ, for differences of mean square one."""

DECAYS: Final = (0.0, 5.0, 25.0)


def functions(n: int, units: int) -> int:
    """How many basis functions there is room for; 0 for none."""
    room = min(COLUMNS, int(FREEDOM * units))
    return next((count for count in range(len(DECAYS), 0, -1) if count * (n + 1) <= room), 0)


def basis(count: int, n: int, sizes: Floats) -> Floats:
    """f_b(s), (sizes, count)."""
    return np.asarray(np.exp(-np.outer(sizes / n, DECAYS[:count])))


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Missed by the fit, and by the fits without each unit, (m,) each; what turns Φᵀ r into coefficients."""

    count: int
    columns: Floats
    missed: Floats
    left_out: Floats
    coefficients: Floats
    vectors: Floats
    shrink: Floats
    freedom: float
    rounding: float

    def without(self, units: Ints, weights: Floats) -> Floats:
        """(ΦᵀΦ + λ)⁻¹ Φᵀ_units weights."""
        return np.asarray(self.vectors @ (self.shrink * (self.vectors.T @ (self.columns[units].T @ weights))))


def fit(count: int, members: Bools, y: Floats, importance: Floats) -> Fit:
    """The fit of y, (m,), whose λ leaves the smallest left-out residuals, squared and weighted."""
    n = members.shape[1]
    sizes = members.sum(axis=1).astype(np.float64)
    f = basis(count, n, sizes)
    centred = (members - (sizes / n)[:, None]) * (2.0 / np.sqrt(n))
    columns = np.concatenate([f, *(f[:, b, None] * centred for b in range(count))], axis=1)
    values, vectors = np.linalg.eigh(columns.T @ columns)
    values = np.maximum(values, 0.0)
    rotated = columns @ vectors
    moment, squared = rotated.T @ y, rotated**2
    tried = []
    for noise in NOISES:
        shrink = 1.0 / (values + noise)
        missed = y - rotated @ (shrink * moment)
        left_out = missed / (1.0 - squared @ shrink)
        tried.append((float(importance @ left_out**2), noise, shrink, missed, left_out))
    _, noise, shrink, missed, left_out = min(tried, key=lambda each: each[0])
    return Fit(
        count,
        columns,
        missed,
        left_out,
        vectors @ (shrink * moment),
        vectors,
        shrink,
        float(values @ shrink),
        float(np.finfo(np.float64).eps * values.sum() / noise),
    )


def part(fitted: Fit, coefficients: Floats, n: int, size: int) -> Floats:
    """Mean of the function with these coefficients over coalitions of a size with a player, less without it: (n,)."""
    f = basis(fitted.count, n, np.array([float(size)]))[0]
    adds = f @ coefficients[fitted.count :].reshape(fitted.count, n)
    return np.asarray((n * adds - adds.sum()) / (n - 1) * 2.0 / np.sqrt(n))
