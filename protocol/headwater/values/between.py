"""The optimum of a group for 1 < p < ∞: roots of monotone functions, one for each entry, and one multiplier.

Entry c of the weights lies where the derivative g_c(x) = Σ_i s_i sgn(x − b_ic) |x − b_ic|^(p−1) equals the multiplier
of Σ x = 1, or at 0; a judgement lies where its own is 0. For p ≥ 2 the signed (p − 1)-th root of g is used in its
place, which is homogeneous of degree 1 in the deviations: neither over- nor underflows however large p is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from headwater.values.norms import Bools, Floats, Ints

_STEPS: Final = 200
_EPSILON: Final = float(np.finfo(np.float64).eps)

Function = Callable[[Floats, Ints], Floats]


def between(vectors: Floats, m: int, shares: Floats, p: float) -> Floats:
    """(d,), the optimum of (n, d) vectors with m weights at 1 < p < ∞; shares (n,) sum to 1."""
    low, high = vectors.min(axis=0), vectors.max(axis=0)

    def slope(x: Floats, columns: Ints) -> Floats:
        below, above, scale = _sides(vectors[:, columns], x, shares, p)
        total = below - above
        if p < 2:
            return np.asarray(total * scale ** (p - 1), dtype=np.float64)
        return np.asarray(np.sign(total) * np.abs(total) ** (1 / (p - 1)) * scale, dtype=np.float64)

    def balance(x: Floats, columns: Ints) -> Floats:
        # Where both sides weigh the same their roots do, too, and the difference of those is nearly straight.
        below, above, scale = _sides(vectors[:, columns], x, shares, p)
        return np.asarray((below ** (1 / (p - 1)) - above ** (1 / (p - 1))) * scale, dtype=np.float64)

    result: Floats = np.empty_like(low)
    result[m:] = _roots(slope if p < 2 else balance, low[m:], high[m:], np.arange(m, len(low)))
    if m:
        result[:m] = _sliced(slope, low[:m], high[:m])
    return result


def _sides(columns: Floats, x: Floats, shares: Floats, p: float) -> tuple[Floats, Floats, Floats]:
    """Each column's Σ s |x − b|^(p−1) over the b below x, over those above, both in scale^(p−1), and the scale."""
    gap = x - columns
    over = gap > 0
    size = np.abs(gap, out=gap)
    scale: Floats = size.max(axis=0)
    size /= np.where(scale > 0, scale, 1.0)
    with np.errstate(divide="ignore"):
        np.log(size, out=size)
    size *= p - 1
    # e**−80 is nothing beside the largest, which is 1; smaller numbers cost much time where they lose precision.
    powers = np.exp(np.maximum(size, -80.0, out=size), out=size)
    powers *= shares[:, None]
    below: Floats = np.where(over, powers, 0.0).sum(axis=0)
    powers[over] = 0.0
    above: Floats = powers.sum(axis=0)
    return below, above, scale


def _sliced(slope: Function, low: Floats, high: Floats) -> Floats:
    """The weights: a root of (their sum less 1) in the multiplier, then what lies between the two nearest it."""
    columns = np.arange(len(low))
    under, over = np.zeros_like(low), np.ones_like(high)
    ends = slope(under, columns), slope(over, columns)

    def excess(multiplier: Floats, _: Ints) -> Floats:
        nonlocal under, over

        def shifted(x: Floats, which: Ints) -> Floats:
            return np.asarray(slope(x, which) - multiplier[0], dtype=np.float64)

        x: Floats = np.where(ends[0] >= multiplier[0], 0.0, 1.0)
        inside = np.flatnonzero((ends[0] < multiplier[0]) & (ends[1] > multiplier[0]))
        # Entries rise with the multiplier: they lie between those at the multipliers around it.
        x[inside] = _roots(shifted, under[inside], over[inside], inside)
        total = float(x.sum()) - 1
        if total < 0:
            under = np.maximum(under, x)
        else:
            over = np.minimum(over, x)
        return np.array([total])

    # At the one every entry is at most its column's least, at the other at least its greatest.
    ends_of_search = slope(low, columns).min(keepdims=True), slope(high, columns).max(keepdims=True)
    _roots(excess, *ends_of_search, np.zeros(1, dtype=np.int64))
    below, above = 1 - float(under.sum()), float(over.sum()) - 1
    part = below / (below + above) if below > 0 and above > 0 else float(below > 0)
    return np.asarray(under + part * (over - under), dtype=np.float64)


def _roots(f: Function, low: Floats, high: Floats, columns: Ints) -> Floats:
    """Roots of rising functions, one a column, by Chandrupatla's method (Advances in Engineering Software 28, 1997).

    Where a function does not change sign between low and high, the end where it is nearer to zero comes back.
    """
    x1, x2 = low.copy(), high.copy()
    if not len(columns):
        return x1
    f1, f2 = f(x1, columns), f(x2, columns)
    best = np.where(np.abs(f1) <= np.abs(f2), x1, x2)
    open_: Ints = np.flatnonzero((f1 < 0) & (f2 > 0) & (x1 < x2))
    x1, x2, f1, f2 = x1[open_], x2[open_], f1[open_], f2[open_]
    t = np.full(len(open_), 0.5)
    for _ in range(_STEPS):
        if not len(open_):
            break
        x = x1 + t * (x2 - x1)
        value = f(x, columns[open_])
        same: Bools = np.sign(value) == np.sign(f1)
        x3, f3 = np.where(same, x1, x2), np.where(same, f1, f2)
        x2, f2 = np.where(same, x2, x1), np.where(same, f2, f1)
        x1, f1 = x, value
        nearer = np.where(np.abs(f1) < np.abs(f2), x1, x2)
        best[open_] = nearer
        least = (2 * _EPSILON * np.abs(nearer) + 1e-300) / np.abs(x2 - x1)
        go = (least <= 0.5) & (f1 != 0) & (f2 != 0)
        x1, x2, x3, f1, f2, f3, least, open_ = (each[go] for each in (x1, x2, x3, f1, f2, f3, least, open_))
        t = np.clip(_guess(x1, x2, x3, f1, f2, f3), least, 1 - least)
    return best


def _guess(x1: Floats, x2: Floats, x3: Floats, f1: Floats, f2: Floats, f3: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        xi, phi = (x1 - x2) / (x3 - x2), (f1 - f2) / (f3 - f2)
        inverse = (phi**2 < xi) & ((1 - phi) ** 2 < 1 - xi)
        quadratic = f1 / (f2 - f1) * f3 / (f2 - f3) + (x3 - x1) / (x2 - x1) * f1 / (f3 - f1) * f2 / (f3 - f2)
    return np.where(inverse & np.isfinite(quadratic), quadratic, 0.5)
