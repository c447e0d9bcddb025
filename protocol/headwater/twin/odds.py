"""Twin of the public odds a series keeps on-chain: exponentially forgotten, smoothed outcome frequencies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from headwater.units import WAD

COUNT_GRAIN: Final = 10**12
"""One observation in the counters."""

MAX_COUNT: Final = 2**64 - 1
"""Where a counter stops growing."""


def count_outcome(counts: Sequence[int], outcome: int, forgetting: int) -> list[int]:
    """Counters (1e-12 observations) after one more outcome; forgetting is a WAD factor, 0.98 to 1."""
    if not 0 <= outcome < len(counts):
        raise ValueError(f"outcome must be 0 to {len(counts) - 1}, got {outcome}")
    after = [count * forgetting // WAD for count in counts]
    after[outcome] = min(after[outcome] + COUNT_GRAIN, MAX_COUNT)
    return after


def frequency_odds(counts: Sequence[int], smoothing: int, p_min: int) -> list[int]:
    """Public odds (WAD) from counters: q_o = P_MIN + (1 - k P_MIN) f_o, floored; the rest goes to the largest.

    Args:
        counts: one counter per outcome, in 1e-12 observations.
        smoothing: pseudo-count of each outcome, same unit, positive.
        p_min: WAD.
    """
    k = len(counts)
    total = sum(counts) + k * smoothing
    odds = [p_min + (WAD - k * p_min) * (count + smoothing) // total for count in counts]
    odds[odds.index(max(odds))] += WAD - sum(odds)
    return odds
