"""Where along a parameter an attack begins, or ceases, to pay."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from headwater.report.errors import StatsError
from headwater_agents.lab.stats.paired import PairedResult


@dataclass(frozen=True, slots=True)
class Border:
    """Where a gain changes sign along a parameter.

    Attributes:
        at: where the mean gain is 0, or None if it is 0 nowhere between the grid points in question; if it is so more
            than once, the middle between first and last.
        low, high: between them no sign is established. −∞ or +∞ if none is up to that end of the grid, which is then
            too short to say whether there is a border at all.
        rising: True if the attack pays above the border, False if it pays below it.
    """

    at: float | None
    low: float
    high: float
    rising: bool

    def to_dict(self) -> dict[str, float | bool | None]:
        """Plain values for JSON, with None for an open end."""
        low, high = (bound if math.isfinite(bound) else None for bound in (self.low, self.high))
        return {"at": self.at, "low": low, "high": high, "rising": self.rising}


def borders(x: npt.ArrayLike, results: Sequence[PairedResult]) -> tuple[Border, ...]:
    """Every place between points of a grid where the gain's sign changes, in the parameter's order.

    The interval of a border is where the interval of the gain holds 0, bounds being drawn straight between grid points
    (Fieller's inversion): as at the true border the gain is 0, it lies there with the probability of the gain's own
    interval, so long as the gain is about straight between neighbouring points. Points whose gain holds 0 between two
    of the same sign are no border. Points whose gain holds 0 up to an end of the grid make an open one.

    Args:
        x: shape (k,), finite and rising.
        results: of the gain at each x, length k.

    Raises:
        StatsError: lengths that do not fit, or x that does not rise.
    """
    axis = np.asarray(x, dtype=np.float64)
    if axis.ndim != 1 or axis.size != len(results) or axis.size == 0:
        raise StatsError(f"expected one result for each x, not {len(results)} for an array of shape {axis.shape}")
    if not np.isfinite(axis).all() or (np.diff(axis) <= 0).any():
        raise StatsError("x must be finite and rise from each point to the next")
    signs = [_sign(result) for result in results]
    known = [index for index, sign in enumerate(signs) if sign]
    if not known:
        return ()
    found = []
    if known[0] > 0:
        found.append(_open(axis, results, known[0], before=True))
    for left, right in pairwise(known):
        if signs[left] != signs[right]:
            low, high = _leaves(axis, results, left, left + 1), _leaves(axis, results, right, right - 1)
            found.append(Border(_root(axis, results, left, right), low, high, signs[right] > 0))
    if known[-1] < axis.size - 1:
        found.append(_open(axis, results, known[-1], before=False))
    return tuple(found)


def _sign(result: PairedResult) -> int:
    return int(result.low > 0) - int(result.high < 0)


def _open(axis: npt.NDArray[np.float64], results: Sequence[PairedResult], known: int, *, before: bool) -> Border:
    """A border between a known sign and an end of the grid up to which none is known."""
    edge = _leaves(axis, results, known, known - 1 if before else known + 1)
    pays = _sign(results[known]) > 0
    if before:
        return Border(_root(axis, results, 0, known), -math.inf, edge, pays)
    return Border(_root(axis, results, known, len(results) - 1), edge, math.inf, not pays)


def _leaves(axis: npt.NDArray[np.float64], results: Sequence[PairedResult], known: int, other: int) -> float:
    """Where, on the way from a point of known sign to its neighbour, the bound that is nearer to 0 reaches it."""
    pays = _sign(results[known]) > 0
    here, there = (results[i].low if pays else results[i].high for i in (known, other))
    share = 0.0 if math.isinf(there) else here / (here - there)
    return float(axis[known] + share * (axis[other] - axis[known]))


def _root(axis: npt.NDArray[np.float64], results: Sequence[PairedResult], left: int, right: int) -> float | None:
    """Middle between the first and the last zero of the mean from one point to another, if there is one."""
    zeros = []
    for i in range(left, right + 1):
        here = results[i].mean
        if here == 0:
            zeros.append(float(axis[i]))
        if i < right and here * results[i + 1].mean < 0:
            share = here / (here - results[i + 1].mean)
            zeros.append(float(axis[i] + share * (axis[i + 1] - axis[i])))
    return (zeros[0] + zeros[-1]) / 2 if zeros else None
