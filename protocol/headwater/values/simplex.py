"""Exact Euclidean projections: of rows on the simplex and the box, and of a point on a box cut by Σ x = 1."""

from __future__ import annotations

from typing import Final

import numpy as np

from headwater.values.norms import Floats

TOTAL_SLACK: Final = 1e-12


def project_rows(rows: Floats, m: int) -> Floats:
    """Rows projected on the value systems: the first m entries on the simplex, the others on [−1, 1].

    A row that is a value system already (its weights not negative, their sum within 1e-12 of 1) stays as it is.

    Args:
        rows: (n, m + a·m); overwritten.
        m: number of values.

    Returns:
        the same array.
    """
    np.clip(rows[:, m:], -1.0, 1.0, out=rows[:, m:])
    weights = rows[:, :m]
    # Products with ones, since sums and minima along short rows take several times as long.
    off = np.abs(weights @ np.ones(m) - 1) > TOTAL_SLACK
    if weights.min(initial=0.0) < 0:
        off |= weights.min(axis=1) < 0
    if off.any():
        rows[off, :m] = project_simplex(weights[off])
    return rows


def project_simplex(rows: Floats) -> Floats:
    """(n, m) rows projected on {x ≥ 0, Σ x = 1}.

    By sorting (Held, Wolfe & Crowder, "Validation of subgradient optimization", Mathematical Programming 6, 1974): with
    u descending and k the last with u_k > (Σ_{i≤k} u_i − 1) / k, that quotient is taken off every entry.
    """
    # Shifting a row moves its projection not at all, and keeps the sums small.
    shifted = rows - rows.max(axis=1, keepdims=True)
    ordered = -np.sort(-shifted, axis=1)
    quotients = (np.cumsum(ordered, axis=1) - 1) / np.arange(1, rows.shape[1] + 1)
    last = (ordered > quotients).sum(axis=1) - 1
    projected: Floats = np.maximum(shifted - quotients[np.arange(len(rows)), last][:, None], 0.0)
    return projected


def project_sliced_box(target: Floats, low: Floats, high: Floats) -> Floats:
    """The point of {low ≤ x ≤ high, Σ x = 1} nearest to the target in l2.

    It is clip(target − θ, low, high) for the θ at which the sum is 1; the sum falls piecewise linearly in θ, with kinks
    at target − high and target − low. Σ low ≤ 1 ≤ Σ high up to rounding is the caller's promise; beyond it the nearer
    end of the box comes back.

    Args:
        target: (m,).
        low: (m,).
        high: (m,), none below low.
    """
    kinks = np.unique(np.concatenate([target - high, target - low]))
    sums = np.clip(target - kinks[:, None], low, high).sum(axis=1)
    after = int(np.searchsorted(-sums, -1.0))  # the first kink whose sum is at most 1
    if after == 0 or after == len(kinks):
        theta = kinks[min(after, len(kinks) - 1)]
    else:
        drop = sums[after - 1] - sums[after]
        theta = kinks[after - 1] + (kinks[after] - kinks[after - 1]) * (sums[after - 1] - 1.0) / drop
    point: Floats = np.clip(target - theta, low, high)
    return point
