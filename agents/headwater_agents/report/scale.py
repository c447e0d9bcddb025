"""An axis for gains, which run from hundredths of a percent to many times the stake: linear near 0, logarithmic beyond.

position = asinh(gain / 1%)
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

UNIT: Final = 0.01
"""Up to about this gain, 1% of stake, the axis is linear."""

_MARKS: Final = (0.0, *(sign * step * 10.0**power for power in range(-2, 3) for step in (1, 3) for sign in (1, -1)))


def place(gain: float) -> float:
    """Where a gain, per unit staked, stands on the axis."""
    return math.asinh(gain / UNIT)


def marks(gains: Iterable[float]) -> tuple[list[float], list[str]]:
    """Places and texts, in percent, of the marks within what the gains span."""
    listed = [0.0, *gains]
    low, high = min(listed), max(listed)
    shown = sorted(mark for mark in _MARKS if 1.5 * low - UNIT <= mark <= 1.5 * high + UNIT)
    if len(shown) > 9:  # every other one is enough, and 0 stays
        shown = [mark for mark in shown if not mark or f"{abs(mark):e}".startswith("1")]
    return [place(mark) for mark in shown], [_text(mark) for mark in shown]


def _text(mark: float) -> str:
    return f"{100 * mark:+,.0f}%".replace("-", "−") if mark else "0"
