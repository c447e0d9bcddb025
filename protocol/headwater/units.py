"""Units and widths that every part of Headwater shares with the contracts."""

from __future__ import annotations

from typing import Final

WAD: Final = 10**18
"""One, in the contracts' fixed-point notation: probabilities, logarithms and growth are integers times 1e-18."""

BPS: Final = 10_000
"""Basis points in one: shares and rents are integers out of 10,000."""

GWEI: Final = 10**9
"""The grain of an escrow's buffer."""

MAX_WEI: Final = 2**96 - 1
"""Largest amount of money the contracts store: supply, stake, wager, weight and capacity stay at or below it."""
