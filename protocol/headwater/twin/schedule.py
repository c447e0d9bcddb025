"""Twin of the treasury: what an epoch may mint, how it is shared, and what a question may set aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from headwater.units import BPS, WAD

MAX_CATCH_UP: Final = 64
"""Epochs that one call of roll catches up at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """State of the emission schedule.

    Attributes:
        start: time of epoch 0, seconds.
        epoch: length of an epoch, seconds.
        rate: most that the next epoch to be minted may mint, wei.
        decay: factor from one epoch's emission to the next, WAD.
        next_epoch: the next epoch to be minted.
    """

    start: int
    epoch: int
    rate: int
    decay: int
    next_epoch: int = 0

    def roll(self, now: int, room: int) -> tuple[Schedule, int]:
        """Schedule after a roll at ``now`` (seconds), and the wei minted; ``room`` is what the cap leaves, wei."""
        current = (now - self.start) // self.epoch
        rate, allowed = self.rate, 0
        epochs = max(0, min(current + 1 - self.next_epoch, MAX_CATCH_UP))
        for _ in range(epochs):
            allowed += rate
            rate = rate * self.decay // WAD
        after = Schedule(
            start=self.start,
            epoch=self.epoch,
            rate=rate,
            decay=self.decay,
            next_epoch=self.next_epoch + epochs,
        )
        return after, min(allowed, room)


def share_out(pool: int, weights: Sequence[int]) -> list[int]:
    """Wei that each governed series gets of a pool, by weight, floored; the dust stays unallocated."""
    total = sum(weights)
    return [pool * weight // total for weight in weights]


def set_aside(bankroll: int, share_bps: int, cap: int, used: int) -> int:
    """Reserve of a question, wei: a share of the free bankroll, within what the epoch's cap leaves."""
    return min(bankroll * share_bps // BPS, cap - min(used, cap))
