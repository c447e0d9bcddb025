"""A stand-in for a game, learned from some of its differences, whose own Shapley value has a closed form.

Kernel ridge regression on pairs (S, N ∖ S). With a = |S ∩ T|, s = |S|, t = |T| and the centred overlap

    u(S, T) = 4 / n · (a − s t / n)

the kernel is a sum of a function of sizes, of u times functions of sizes (each player adds its own amount, which may
change with the size of the coalition it joins), and of u³ (players act on each other, by threes; what they do by twos
cancels in differences). Only a depends on who is in S, so the mean of k(·, T) over the coalitions of a size with and
without a player is a hypergeometric sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.stats import hypergeom

from headwater.credit.coalitions import Bools, Floats

CUBIC_PLAYERS: Final = 128
"""Most players for whom the kernel has its third power."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Weights of the kernel's parts; `length` is the distance in s / n at which sizes tell little of each other."""

    varying: float
    cubic: float
    length: float


SHAPES: Final = (
    Shape(0.0, 0.0, 0.25),
    Shape(1.0, 0.0, 0.25),
    Shape(1.0, 0.0, 0.06),
    Shape(0.0, 1.0, 0.25),
    Shape(1.0, 1.0, 0.25),
    Shape(1.0, 30.0, 0.25),
)
NOISES: Final = (1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0)
"""λ, for differences of mean square one."""

FREEDOM: Final = 0.6
"""Degrees of freedom a fit may have, as a part of its units: with more, one unit less changes everything, and residuals
of units left out one at a time say little of the whole."""


def parts(shape: Shape, n: int, s: Floats, t: Floats) -> tuple[Floats, Floats, Floats]:
    """What multiplies 1, u and u³, for sizes that broadcast."""
    near = np.exp(-0.5 * ((s - t) / (n * shape.length)) ** 2)
    inner = np.where((2 * s == n) | (2 * t == n), 0.0, 1.0)
    return (1.0 + near) * inner, 10.0 + shape.varying * near, shape.cubic * (1.0 + shape.varying * near)


def gram(shape: Shape, first: Bools, second: Bools) -> Floats:
    """The kernel between two sets of coalitions, (a, n) and (b, n)."""
    n = first.shape[1]
    s = first.sum(axis=1).astype(np.float64)[:, None]
    t = second.sum(axis=1).astype(np.float64)[None, :]
    u = 4.0 / n * (first.astype(np.float64) @ second.astype(np.float64).T - s * t / n)
    one, linear, cubic = parts(shape, n, s, t)
    return np.asarray(one + linear * u + cubic * u**3, dtype=np.float64)


def spreads(shape: Shape, n: int) -> Floats:
    """For coalition sizes s and anchors T of size t: mean of k over the S with a member of T less that without it.

    Shape (h, h) for s, t = 1 … h = ⌊n / 2⌋. For a player outside T it is −t / (n − t) times that.
    """
    sizes = np.arange(1, n // 2 + 1)
    s, t = sizes[:, None].astype(np.float64), sizes[None, :].astype(np.float64)
    _, linear, cubic = parts(shape, n, s, t)
    out = linear * 4.0 / n * (n - t) / (n - 1)
    if shape.cubic:
        a = np.arange(0, n // 2 + 1)[None, None, :]
        st = (s * t / n)[:, :, None]
        joined = hypergeom.pmf(a, n - 1, sizes[None, :, None] - 1, sizes[:, None, None] - 1)
        apart = hypergeom.pmf(a, n - 1, sizes[None, :, None] - 1, sizes[:, None, None])
        third = (joined * (a + 1 - st) ** 3 - apart * (a - st) ** 3).sum(axis=2)
        out = out + cubic * (4.0 / n) ** 3 * third
    return np.asarray(out, dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """G = (K + λ)⁻¹; α = G y; left-out residuals α_i / G_ii; degrees of freedom Σ (1 − λ G_ii); the trace of K + λ."""

    inverse: Floats
    weights: Floats
    left_out: Floats
    freedom: float
    trace: float


def fit(shape: Shape, noise: float, members: Bools, y: Floats) -> Fit:
    """Ridge regression of y, (m,), on the coalitions' kernel."""
    k = gram(shape, members, members)
    k[np.diag_indices_from(k)] += noise
    trace = float(k.trace())
    inverse = cho_solve(cho_factor(k, lower=True, overwrite_a=True), np.eye(len(k)))
    weights, own = inverse @ y, np.diag(inverse)
    return Fit(inverse, weights, weights / own, float((1.0 - noise * own).sum()), trace)


def choose(members: Bools, y: Floats, importance: Floats) -> tuple[Shape, float]:
    """The kernel and noise whose left-out residuals, squared and weighted, are smallest."""
    best, chosen = np.inf, (SHAPES[0], NOISES[-1])
    for shape in SHAPES:
        if shape.cubic and members.shape[1] > CUBIC_PLAYERS:
            continue
        values, vectors = np.linalg.eigh(gram(shape, members, members))
        rotated, squared = vectors.T @ y, vectors**2
        for noise in NOISES:
            shrink = 1.0 / (np.maximum(values, 0.0) + noise)
            if float(np.maximum(values, 0.0) @ shrink) > FREEDOM * len(y) and noise < NOISES[-1]:
                continue
            left_out = (vectors @ (rotated * shrink)) / (squared @ shrink)
            loss = float(importance @ left_out**2)
            if loss < best:
                best, chosen = loss, (shape, noise)
    return chosen
