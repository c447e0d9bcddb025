"""The exact optimum of a group: the system at the least weighted l_p distance from all its members' systems.

    minimise (Σ_i s_i Σ_c |x_c − b_ic|^p)^(1/p)        p = ∞: max_i,c |x_c − b_ic|

over the simplex for weights and, entry by entry, over [−1, 1] for judgements; s are sizes (at p = ∞ everybody counts
alike, which is the limit). It is the ℓ_p-regression of Lera-Leri et al., "Aggregating value systems for decision
support", Knowledge-Based Systems 2024, solved through the one multiplier of Σ x = 1 instead of a general solver. At
p = 1 and p = ∞ many systems may be optimal: the one of least Σ_i s_i ‖x − b_i‖² among them is returned; it is unique.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from headwater.values.between import between
from headwater.values.norms import Floats, Ints
from headwater.values.simplex import project_sliced_box

_TIE: Final = 1e-12  # sums of shares nearer than this count as equal


def optimum(vectors: Floats, m: int, sizes: Floats, p: float) -> Floats:
    """The group's optimum (the module says which).

    Args:
        vectors: (n, d), n ≥ 1, weights (m) then judgements.
        m: number of values; 0 where there are only judgements.
        sizes: (n,), above zero.
        p: from 1 to inf.

    Returns:
        (d,). Identical members get exactly their own.
    """
    first: Floats = vectors[0]
    if (vectors == first).all():
        return first.copy()
    mean: Floats = group_means(vectors, m, sizes, np.zeros(len(vectors), dtype=np.int64), 1)[0]
    if p == 2:
        return mean
    shares = sizes / sizes.sum()
    if 1 < p < math.inf:
        return between(vectors, m, shares, p)
    if p == 1:
        low, high = _quantiles(*_ranked(vectors, shares), 0.5)
        if m:
            low[:m], high[:m] = _median_slice(vectors[:, :m], shares)
    else:
        top, bottom = vectors.max(axis=0), vectors.min(axis=0)
        radius = np.empty_like(top)
        radius[:m] = _simplex_radius(top[:m], bottom[:m]) if m else 0.0
        # The part's worst case decides, not each entry's own: an entry of small spread may move about.
        radius[m:] = ((top[m:] - bottom[m:]) / 2).max(initial=0.0)
        low, high = top - radius, np.maximum(bottom + radius, top - radius)
        np.maximum(low[:m], 0.0, out=low[:m])
    result: Floats = np.clip(mean, low, high)
    if m:
        result[:m] = project_sliced_box(mean[:m], low[:m], high[:m])
    return result


def group_means(vectors: Floats, m: int, sizes: Floats, labels: Ints, groups: int) -> Floats:
    """(groups, d), each group's weighted mean: its optimum at p = 2.

    Counted from each group's first member, so that identical members get exactly their own.

    Args:
        vectors: (n, d).
        m: number of values.
        sizes: (n,), above zero.
        labels: (n,), from 0 to groups − 1, each at least once.
        groups: how many.
    """
    first = np.full(groups, len(vectors), dtype=np.int64)
    np.minimum.at(first, labels, np.arange(len(vectors)))
    start = vectors[first]
    # Relative to the group's first, so that sizes of any scale neither overflow nor vanish.
    share = sizes / sizes[first][labels]
    total = np.bincount(labels, share, minlength=groups)
    means = np.empty_like(start)
    for column in range(vectors.shape[1]):
        gaps = vectors[:, column] - start[labels, column]
        means[:, column] = start[:, column] + np.bincount(labels, share * gaps, minlength=groups) / total
    np.maximum(means[:, :m], 0.0, out=means[:, :m])
    np.clip(means[:, m:], -1.0, 1.0, out=means[:, m:])
    return means


def _ranked(vectors: Floats, shares: Floats) -> tuple[Floats, Floats]:
    order = np.argsort(vectors, axis=0, kind="stable")
    return np.take_along_axis(vectors, order, axis=0), np.cumsum(shares[order], axis=0)


def _quantiles(ordered: Floats, below: Floats, level: float) -> tuple[Floats, Floats]:
    n, m = ordered.shape
    columns = np.arange(m)
    low, high = (below < level - _TIE).sum(axis=0), (below <= level + _TIE).sum(axis=0)
    # Past the last agent the slope is 1 for ever; no weight goes beyond 1.
    return (
        np.where(low < n, ordered[np.minimum(low, n - 1), columns], 1.0),
        np.where(high < n, ordered[np.minimum(high, n - 1), columns], 1.0),
    )


def _median_slice(weights: Floats, shares: Floats) -> tuple[Floats, Floats]:
    """(m,), (m,): the box whose cut by Σ x = 1 is the set of optimal weights at p = 1.

    |x − b| has the slope 1 above b and −1 below, so with a multiplier λ of Σ x = 1 every entry lies at its weighted
    quantile of the level (1 + λ)/2, anywhere between the lower and the upper one where they differ. Their sums rise
    with the level; at one level they straddle 1. Level 0 is never it: the least weights sum to less than 1.
    """
    ordered, below = _ranked(weights, shares)
    levels = np.unique(below)
    left, right = 0, len(levels) - 1
    while left < right:
        middle = (left + right) // 2
        if _quantiles(ordered, below, float(levels[middle]))[1].sum() >= 1:
            right = middle
        else:
            left = middle + 1
    return _quantiles(ordered, below, float(levels[left]))


def _simplex_radius(top: Floats, bottom: Floats) -> float:
    """The least r for which the box [max(top − r, 0), bottom + r] is not empty and is cut by Σ x = 1."""
    m = len(top)
    half = float((top - bottom).max()) / 2
    up = (1 - float(bottom.sum())) / m
    ordered = -np.sort(-top)
    tails = (np.cumsum(ordered) - 1) / np.arange(1, m + 1)
    down = float(tails[(ordered > tails).sum() - 1])
    return max(half, up, down, 0.0)
