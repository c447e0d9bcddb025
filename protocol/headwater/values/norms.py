"""How far two value systems are apart: three norms, each over all coordinates of one part."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headwater.values.errors import BoundsError, ValueSystemError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Norm(StrEnum):
    """The norms a bound may be declared in; they are those that the registry contract checks."""

    L1 = "l1"
    SQUARED_L2 = "squared-l2"
    LINF = "linf"

    @classmethod
    def parse(cls, name: str) -> Norm:
        """The norm of that name. Raises BoundsError for any other."""
        try:
            return cls(name)
        except ValueError:
            raise BoundsError(f"a norm is one of {', '.join(cls)}; got {name!r}") from None


def distances(norm: Norm, a: Floats, b: Floats) -> Floats:
    """Distances along the last axis.

        l1: Σ |a − b|      squared-l2: Σ (a − b)²      linf: max |a − b|

    Args:
        norm: which.
        a: (…, d).
        b: (…, d), broadcast against a; nothing is checked.

    Returns:
        (…); zero where d is zero.
    """
    # In C order whatever comes in, so that a row's sum is rounded alike alone and among others.
    gap = np.subtract(a, b, order="C")
    match norm:
        case Norm.L1:
            result: Any = np.abs(gap, out=gap).sum(axis=-1)
        case Norm.SQUARED_L2:
            result = np.einsum("...d,...d->...", gap, gap)
        case Norm.LINF:
            result = np.abs(gap, out=gap).max(axis=-1, initial=0.0)
    return np.asarray(result, dtype=np.float64)


def diameter(norm: Norm, m: int, a: int) -> tuple[float, float]:
    """The largest distance there can be between two systems' weights, and between their judgements.

    Args:
        norm: which.
        m: values.
        a: actions.
    """
    entries = a * m
    weights = 0.0 if m == 1 else 1.0 if norm is Norm.LINF else 2.0
    match norm:
        case Norm.L1:
            judgements = 2.0 * entries
        case Norm.SQUARED_L2:
            judgements = 4.0 * entries
        case Norm.LINF:
            judgements = 2.0 if entries else 0.0
    return weights, judgements


def distance(norm: Norm, a: ArrayLike, b: ArrayLike) -> float:
    """The distance of two arrays of one shape over all their entries (`distances` gives the formulas).

    Raises:
        ValueSystemError: different shapes, or an entry that is not finite.
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape:
        raise ValueSystemError(f"a distance needs two arrays of one shape; got {first.shape} and {second.shape}")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueSystemError("a distance needs finite numbers")
    return float(distances(norm, first.reshape(1, -1), second.reshape(1, -1))[0])
