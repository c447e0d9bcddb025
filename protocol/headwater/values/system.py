"""A value system, and the bounds within which its agent signs an agreement.

An agent weighs m values (a point on the simplex) and judges a actions: entry (action, value) in [−1, 1] says how far
the action promotes the value (negative: demotes it). Written as one vector it is the m weights, then the judgements row
by row, d = m + a·m entries: the order in which the registry contract takes it, too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import ArrayLike

from headwater.values.errors import BoundsError, ValueSystemError
from headwater.values.norms import Floats, Norm, distance

SUM_TOLERANCE: Final = 1e-9  # the registry's fixed point has nine digits


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How far an agreement may be from an agent's own weights and from its own judgements before the agent refuses.

    A bound is closed: an agreement exactly as far away is accepted. 0 accepts only one's own system, inf accepts all.
    Under squared-l2 a bound is a squared distance.

    Raises:
        BoundsError: a negative bound, NaN, or no norm.
    """

    weights: float
    judgements: float
    norm: Norm

    def __post_init__(self) -> None:
        for field in ("weights", "judgements"):
            object.__setattr__(self, field, checked_bound(getattr(self, field), f"the bound on {field}"))
        object.__setattr__(self, "norm", Norm.parse(self.norm))

    def capped(self, threshold: float | None) -> Bounds:
        """These bounds, neither above the threshold; None caps nothing."""
        if threshold is None:
            return self
        cap = checked_bound(threshold, "the threshold")
        return Bounds(weights=min(self.weights, cap), judgements=min(self.judgements, cap), norm=self.norm)

    def accept(self, own: ValueSystem, other: ValueSystem) -> bool:
        """Whether the agent that declared `own` with these bounds accepts `other`."""
        own.must_match(other)
        return (
            distance(self.norm, own.weights, other.weights) <= self.weights
            and distance(self.norm, own.judgements, other.judgements) <= self.judgements
        )


@dataclass(frozen=True, eq=False)
class ValueSystem:
    """Weights over m values and judgements of a actions; the arrays become read-only float64 copies.

    Args:
        weights: (m,), m ≥ 1, not negative, summing to 1 within 1e-9; kept as given, never rescaled.
        judgements: (a, m), a ≥ 0, each in [−1, 1].

    Raises:
        ValueSystemError: anything else.
    """

    weights: Floats
    judgements: Floats

    def __post_init__(self) -> None:
        weights = frozen(self.weights, "weights")
        judgements = frozen(self.judgements, "judgements")
        if weights.ndim != 1 or not len(weights):
            raise ValueSystemError(f"weights have the shape (values,), at least one value; got {weights.shape}")
        if judgements.ndim != 2 or judgements.shape[1] != len(weights):
            raise ValueSystemError(
                f"judgements have the shape (actions, values), here (…, {len(weights)}); got {judgements.shape}"
            )
        fault = first_fault(weights[None], judgements[None])
        if fault is not None:
            raise ValueSystemError(fault[1])
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "judgements", judgements)

    @classmethod
    def from_vector(cls, vector: ArrayLike, m: int) -> Self:
        """The system of a vector of m weights and then the judgements row by row."""
        flat = np.asarray(vector, dtype=np.float64)
        if flat.ndim != 1 or m < 1 or len(flat) < m or len(flat) % m:
            raise ValueSystemError(f"a vector over {m} values has m + a·m entries; got the shape {flat.shape}")
        return cls(flat[:m], flat[m:].reshape(-1, m))

    @property
    def m(self) -> int:
        """Number of values."""
        return len(self.weights)

    @property
    def a(self) -> int:
        """Number of actions."""
        return len(self.judgements)

    @property
    def vector(self) -> Floats:
        """(m + a·m,), a copy."""
        return np.concatenate([self.weights, self.judgements.ravel()])

    def scores(self) -> Floats:
        """(a,), each action's score s_a = Σ_v w_v · M[a, v] in [−1, 1]."""
        return self.judgements @ self.weights

    def must_match(self, other: ValueSystem) -> None:
        """Raises ValueSystemError unless both speak of as many values and actions."""
        if self.judgements.shape != other.judgements.shape:
            raise ValueSystemError(
                f"systems over {self.m} values and {self.a} actions cannot meet one over {other.m} and {other.a}"
            )


def frozen(given: ArrayLike, what: str) -> Floats:
    """A read-only float64 copy. Raises ValueSystemError for what is not an array of numbers."""
    try:
        array = np.array(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueSystemError(f"{what} are an array of numbers; got {type(given).__name__}") from None
    array.setflags(write=False)
    return array


def first_fault(weights: Floats, judgements: Floats) -> tuple[int, str] | None:
    """The first row that is no value system and why, or None.

    Args:
        weights: (n, m).
        judgements: (n, a, m).
    """
    flat = judgements.reshape(len(weights), -1)
    checks: tuple[tuple[Any, str], ...] = (
        (~(np.isfinite(weights).all(axis=1) & np.isfinite(flat).all(axis=1)), "weights and judgements are finite"),
        ((weights < 0).any(axis=1), "weights are not negative"),
        (np.abs(weights.sum(axis=1) - 1) > SUM_TOLERANCE, "weights sum to 1"),
        ((np.abs(flat) > 1).any(axis=1), "judgements lie in [-1, 1]"),
    )
    for bad, rule in checks:
        if bad.any():
            row = int(bad.argmax())
            shown = judgements[row].tolist() if rule.startswith("judgements") else weights[row].tolist()
            return row, f"{rule}; got {shown}" + (f" (sum {weights[row].sum():.12g})" if "sum" in rule else "")
    return None


def checked_bound(bound: float, what: str) -> float:
    """The bound as a float. Raises BoundsError unless it is a number from 0 to inf."""
    if isinstance(bound, bool) or not isinstance(bound, int | float | np.integer | np.floating):
        raise BoundsError(f"{what} is a number; got {bound!r}")
    value = float(bound)
    if math.isnan(value) or value < 0:
        raise BoundsError(f"{what} is from 0 to inf; got {value}")
    return value
