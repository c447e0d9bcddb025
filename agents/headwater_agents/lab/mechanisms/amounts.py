"""Shares of an amount in integer wei: floored, so that they never add up to more than there is. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def apportion(amount: int, weights: Mapping[Key, int]) -> dict[Key, int]:
    """floor(amount · weight / Σ weight) for each key; the dust stays out. All zero without positive weights.

    Raises:
        ValueError: for a negative amount or weight.
    """
    if amount < 0 or any(weight < 0 for weight in weights.values()):
        raise ValueError(f"amounts and weights must not be negative: {amount}, {dict(weights)}")
    total = sum(weights.values())
    if total == 0:
        return dict.fromkeys(weights, 0)
    return {key: amount * weight // total for key, weight in weights.items()}


def close_to_zero_sum(nets: Sequence[int], wagers: Sequence[int]) -> list[int]:
    """Floored nets whose exact values sum to zero: the largest wager, the first on ties, gets the dust (wei)."""
    if not nets:
        return []
    dust = -sum(nets)
    if not 0 <= dust < len(nets):
        raise ValueError(f"floored nets of a zero-sum rule miss 0 to {len(nets) - 1} wei, not {dust}")
    closed = list(nets)
    closed[wagers.index(max(wagers))] += dust
    return closed
